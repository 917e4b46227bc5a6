//! One request: a card for each data source, and beside them its dates, its ticket, its copy and its receipt.

use crate::answer::Refusal;
use crate::ports::Outside;
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::Shell;
use crate::site::show::event::{Moment, actor};
use crate::site::show::names::Names;
use crate::site::show::request::{self, Due, code, due};
use crate::site::show::task::{Card, kind};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use askama::Template;
use rightful_domain::base::code::Code;
use rightful_domain::base::time::Time;
use rightful_domain::duty::acts::May;
use rightful_domain::law::level::Level;
use rightful_domain::model::answer::TicketAnswer;
use rightful_domain::model::request::RequestState;
use rightful_domain::view::events::EventPage;
use rightful_domain::view::request::{RequestDetail, RequestView};

/// How many events the page shows; the last ones.
const EVENTS: u64 = 30;

/// How long the page waits before it looks again, in seconds: longer each time that nothing changed.
const WAITS: [u64; 7] = [2, 3, 5, 10, 20, 40, 60];

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage<'a> {
    s: Shell<'a>,
    live: Live<'a>,
}

/// The part that updates by itself.
#[derive(Template)]
#[template(path = "live.html")]
struct LivePart<'a> {
    s: &'a Shell<'a>,
    live: &'a Live<'a>,
}

/// Everything about a request that may change while somebody looks.
struct Live<'a> {
    id: String,
    request: &'a RequestView,
    state: String,
    turn: String,
    is_open: bool,
    alarm: Option<String>,
    due: Due,
    due_rests: String,
    extended: Option<String>,
    identifiers: String,
    cancel: String,
    answer: Option<Answer>,
    cards: Vec<Card>,
    /// Acts on selected data sources together.
    together: bool,
    is_erasure: bool,
    /// Acts on the request as a whole: the path's end, and the words.
    acts: Vec<(&'static str, String)>,
    copy: Option<&'a rightful_domain::model::package::Package>,
    gets_copy: bool,
    has_receipt: bool,
    shows_identifiers: bool,
    not_asked: String,
    moments: Vec<Moment>,
    earlier: u32,
    broken: Option<u32>,
    /// Where the part is read again, and after how many seconds.
    again: String,
    wait: u64,
}

/// The answer to the ticket.
struct Answer {
    words: String,
    why: String,
    next: Option<Time>,
}

/// A request's page.
pub(crate) async fn page<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let detail: RequestDetail = visit.read(&format!("/api/requests/{id}"), &[]).await?;
    let title = request::name(visit.words, &detail.request);
    let live = live(visit, &detail, 0).await?;
    rendered(200, &RequestPage { s: Shell::of(visit, "requests", title).map_err(failed)?, live })
}

/// The part of a request's page that may have changed.
pub(crate) async fn part<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let detail: RequestDetail = visit.read(&format!("/api/requests/{id}"), &[]).await?;
    let times: usize = visit.query.one("times").parse().unwrap_or_default();
    let unchanged = visit.query.one("seen") == seen(&detail);
    let live = live(visit, &detail, if unchanged { times + 1 } else { 0 }).await?;
    let s = Shell::of(visit, "requests", String::new()).map_err(failed)?;
    rendered(200, &LivePart { s: &s, live: &live })
}

/// What tells one state of a request from another.
fn seen(detail: &RequestDetail) -> String {
    let text = serde_json::to_vec(detail).unwrap_or_default();
    let digest = ring::digest::digest(&ring::digest::SHA256, &text);
    rightful_domain::base::canonical::hex(&digest.as_ref()[..8])
}

async fn live<'a, O: Outside>(
    visit: &Visit<'_, O>,
    detail: &'a RequestDetail,
    times: usize,
) -> Result<Live<'a>, Refused> {
    let (w, request) = (visit.words, &detail.request);
    let id = request.id.to_string();
    let all = visit.query.some("events").is_some();
    let events = events(visit, &id, all).await?;
    let decided = detail.tasks.iter().flat_map(|task| {
        let review = task.review.as_ref().map(|review| review.by.clone());
        review.into_iter().chain(task.decision.as_ref().map(|decision| decision.by.clone()))
    });
    let acted = events.items.iter().filter_map(|event| actor(&event.fact)).map(str::to_owned);
    let names = Names::of(visit, decided.chain(acted)).await?;
    let cards: Vec<Card> = detail.tasks.iter().map(|task| Card::of(visit, &names, detail, task)).collect();
    let is_open = request.state == RequestState::Open;
    let possible = |may: May| detail.may.contains(&may) && visit.may(may);
    let acts = [May::Extend, May::Cancel, May::Reopen];
    let acts = acts.into_iter().filter(|may| possible(*may));
    let acts = acts.map(|may| {
        let slug = crate::site::show::task::slug(may);
        (slug, w.t(&format!("act-{slug}")))
    });
    let kinds: Vec<String> = request.identifier_kinds.iter().map(|one| kind(w, one)).collect();
    let shown = u32::try_from(events.items.len()).unwrap_or(u32::MAX);
    let earlier = u32::try_from(events.all).unwrap_or(u32::MAX).saturating_sub(shown);
    let more = if all { "&events=all" } else { "" };
    Ok(Live {
        state: request::state(w, request),
        turn: request.held.filter(|_| is_open).map_or_else(String::new, |held| request::turn(w, held.owner)),
        is_open,
        alarm: alarm(w, request),
        due: due(w, request, visit.now),
        due_rests: w.a(
            "request-due-rests",
            &[
                ("x", Value::Text(&request.legal_zone.day(request.received_at))),
                ("zone", Value::Text(request.legal_zone.name())),
            ],
        ),
        extended: request.extension.as_ref().map(|extension| {
            let ground = w.t(&format!("extension-{}", extension.ground.as_str()));
            w.a(
                "request-extended-words",
                &[("n", Value::Number(extension.months.into())), ("ground", Value::Text(&ground))],
            )
        }),
        identifiers: kinds.join(", "),
        cancel: w.t(match detail.may.contains(&May::Cancel) {
            true => "request-cancel-possible",
            false => "request-cancel-too-late",
        }),
        answer: request.answer.as_ref().map(|answer| self::answer(w, answer)),
        together: cards.iter().filter(|card| card.selectable).count() > 1,
        cards,
        is_erasure: request.right == rightful_domain::law::right::Right::Erasure,
        acts: acts.collect(),
        copy: request.copy.as_ref(),
        gets_copy: possible(May::Copy),
        has_receipt: possible(May::Receipt),
        shows_identifiers: possible(May::Identifiers),
        not_asked: request.not_asked.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
        moments: events.items.iter().rev().map(|event| Moment::of(w, &names, event)).collect(),
        earlier,
        broken: events.broken.as_ref().and_then(|broken| u32::try_from(broken.at).ok()),
        again: format!("/console/requests/{id}/live?times={times}&seen={}{more}", seen(detail)),
        wait: WAITS[times.min(WAITS.len() - 1)],
        request,
        id,
    })
}

/// The last events, or all of them.
async fn events<O: Outside>(visit: &Visit<'_, O>, id: &str, all: bool) -> Result<EventPage, Refused> {
    let path = format!("/api/requests/{id}/events");
    let mut page: EventPage = visit.read(&path, &[("limit", "1")]).await?;
    let first = if all { 0 } else { page.all.saturating_sub(EVENTS) };
    let mut items = Vec::new();
    let mut after = first;
    loop {
        let text = after.to_string();
        page = visit.read(&path, &[("after", text.as_str()), ("limit", "100")]).await?;
        items.append(&mut page.items);
        match page.next {
            Some(next) => after = next,
            None => return Ok(EventPage { items, ..page }),
        }
    }
}

/// Who must act because the legal date is near, and why.
fn alarm(w: &Words, request: &RequestView) -> Option<String> {
    let escalation = &request.escalation;
    if escalation.level == Level::None || request.state == RequestState::Closed || escalation.who.is_empty() {
        return None;
    }
    let who: Vec<String> =
        escalation.who.iter().map(|role| w.t(&format!("duty-{}", role.as_str()))).collect();
    let level = w.t(&format!("level-{}", escalation.level.as_str()));
    let reason = code(w, &escalation.reason);
    Some(w.a(
        "request-escalated",
        &[
            ("level", Value::Text(&level)),
            ("who", Value::Text(&who.join(", "))),
            ("reason", Value::Text(&reason)),
        ],
    ))
}

fn answer(w: &Words, answer: &TicketAnswer) -> Answer {
    Answer {
        words: w.t(&format!("answer-{}", answer.state.as_str())),
        why: answer.reason.as_ref().map_or_else(String::new, |reason| code(w, reason)),
        next: answer.next_try,
    }
}

/// The request of a page about one of its data sources.
pub(crate) async fn shown<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<RequestDetail, Refused> {
    visit.read(&format!("/api/requests/{id}"), &[]).await
}

/// Refuses an act that the request does not allow now.
pub(crate) fn not_now() -> Refused {
    Refusal::new(Code::NothingToDo, "this can't be done now: the request has moved on; look at it again")
        .into()
}
