//! The list of requests: what a person must do comes first.

use crate::answer::Refusal;
use crate::ports::Outside;
use crate::site::pages::bulk;
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, Trouble};
use crate::site::show::request::Row;
use crate::site::show::task::kind;
use crate::site::visit::{Refused, Visit};
use crate::site::words::Words;
use askama::Template;
use rightful_domain::base::ids::RequestId;
use rightful_domain::view::page::Page;
use rightful_domain::view::request::{FoundView, RequestView};
use rightful_domain::view::source::SourceView;
use rightful_domain::view::work::WorkView;
use serde_json::json;
use std::collections::BTreeSet;

/// How many requests a page shows.
const ROWS: &str = "25";

/// The choices of the filter, by the names that they have in the address.
const CHOICES: [&str; 6] = ["state", "person", "due", "right", "source", "q"];

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    s: Shell<'a>,
    /// How many wait and how many are overdue, in words; empty for a list that isn't of open requests.
    summary: String,
    rows: Vec<Row>,
    /// Why there are no rows.
    empty: String,
    filters: Filters,
    next: Option<(String, String)>,
    first: Option<String>,
    /// The acts on several requests: the path's end, and the words.
    bulk: Vec<(&'static str, String)>,
    finds: bool,
    kinds: Vec<(String, String)>,
    trouble: Option<Trouble>,
}

/// The filter as it stands.
struct Filters {
    state: Vec<Choice>,
    due: Vec<Choice>,
    right: Vec<Choice>,
    source: Vec<Choice>,
    person: bool,
    text: String,
    /// Whether the filter leaves anything out.
    is_set: bool,
    /// Whether the list is of open requests, so that its own filters apply.
    is_open: bool,
}

/// A choice of a select.
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

fn choices(chosen: &str, all: &[(&str, String)]) -> Vec<Choice> {
    all.iter()
        .map(|(value, words)| Choice {
            value: (*value).to_owned(),
            words: words.clone(),
            chosen: *value == chosen,
        })
        .collect()
}

/// The list of requests that the address asks for.
pub(crate) async fn list<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let (w, query) = (visit.words, visit.query);
    let text = query.some("q").unwrap_or_default();
    if let Ok(id) = RequestId::parse(text) {
        return Ok(Reply::to(format!("/console/requests/{id}")));
    }
    // A ticket is looked for wherever its request stands.
    let state = if text.is_empty() { query.some("state").unwrap_or("open") } else { "all" };
    let sources: Page<SourceView> = visit.read("/api/sources", &[("limit", "100")]).await?;
    let is_set = CHOICES.iter().any(|name| query.some(name).is_some());
    let (found, trouble, status) = match found(visit, state, text).await {
        // A choice that the API doesn't take came with the address; the form below has those it takes.
        Err(refused) if refused.status == 400 => (Found::default(), Some(Trouble::of(w, &refused)), 400),
        found => (found?, None, 200),
    };
    let empty = match (found.items.is_empty() && trouble.is_none(), is_set, found.next.is_some()) {
        (false, ..) => String::new(),
        (true, _, true) => w.t("requests-none-yet"),
        (true, true, _) => w.t("requests-none"),
        (true, false, _) => w.t("requests-none-at-all"),
    };
    let kept = query.query(|name| CHOICES.contains(&name));
    let next = found.next.map(|next| {
        let words = w.t(if found.items.is_empty() { "requests-further" } else { "requests-next" });
        (format!("/console/requests?{kept}&cursor={next}"), words)
    });
    let page = ListPage {
        s: Shell::of(visit, "requests", w.t("requests")).map_err(failed)?,
        summary: found.summary,
        rows: found.items.iter().map(|request| Row::of(w, request, visit.now)).collect(),
        empty,
        filters: filters(visit, state, text, &sources.items, is_set),
        next,
        first: query.some("cursor").map(|_| format!("/console/requests?{kept}")),
        bulk: if state == "open" { bulk::offered(visit, w) } else { Vec::new() },
        finds: visit.may_call("POST", "/api/requests/find"),
        kinds: kinds(w, &sources.items),
        trouble,
    };
    rendered(status, &page)
}

/// A page of requests.
#[derive(Default)]
struct Found {
    summary: String,
    items: Vec<RequestView>,
    next: Option<String>,
}

/// The requests in this state, or of this ticket, with the other choices of the address.
async fn found<O: Outside>(visit: &Visit<'_, O>, state: &str, text: &str) -> Result<Found, Refused> {
    let (w, query) = (visit.words, visit.query);
    let mut asked: Vec<(&str, &str)> = vec![("limit", ROWS)];
    for name in ["cursor", "right", "source"] {
        asked.extend(query.some(name).map(|value| (name, value)));
    }
    if state == "open" {
        asked.extend(query.some("due").map(|days| ("due_within", days)));
        asked.extend(query.some("person").map(|_| ("person", "true")));
        let read: WorkView = visit.read("/api/requests/work", &asked).await?;
        let summary = match read.counts.open {
            0 => w.n("requests-open", 0_u32),
            open => format!(
                "{}: {}, {}.",
                w.n("requests-open", open),
                w.n("requests-wait", read.counts.waiting_for_a_person),
                w.n("requests-overdue", read.counts.overdue)
            ),
        };
        return Ok(Found { summary, items: read.items, next: read.next });
    }
    asked.extend((state != "all").then_some(("state", state)));
    asked.extend(Some(("reference", text)).filter(|(_, text)| !text.is_empty()));
    let read: Page<RequestView> = visit.read("/api/requests", &asked).await?;
    Ok(Found { summary: String::new(), items: read.items, next: read.next })
}

fn filters<O: Outside>(
    visit: &Visit<'_, O>,
    state: &str,
    text: &str,
    sources: &[SourceView],
    is_set: bool,
) -> Filters {
    let (w, query) = (visit.words, visit.query);
    let any = ("", w.t("filter-any"));
    let states = ["open", "closed", "all"].map(|state| (state, w.t(&format!("filter-state-{state}"))));
    let mut due = vec![("", w.t("filter-due-any"))];
    due.extend(["0", "3", "7", "14"].map(|days| (days, w.t(&format!("filter-due-{days}")))));
    let mut rights = vec![any.clone()];
    rights.extend(["erasure", "access"].map(|right| (right, w.t(&format!("right-{right}")))));
    let mut all = vec![any];
    all.extend(sources.iter().map(|source| (source.id.as_str(), source.id.to_string())));
    Filters {
        state: choices(state, &states),
        due: choices(query.one("due"), &due),
        right: choices(query.one("right"), &rights),
        source: choices(query.one("source"), &all),
        person: query.some("person").is_some(),
        text: text.to_owned(),
        is_set,
        is_open: state == "open",
    }
}

/// The kinds of identifiers that any data source takes, with their names.
pub(crate) fn kinds(w: &Words, sources: &[SourceView]) -> Vec<(String, String)> {
    let all: BTreeSet<_> =
        sources.iter().flat_map(|source| &source.identifiers).map(|one| &one.kind).collect();
    let mut all: Vec<(String, String)> =
        all.into_iter().map(|one| (one.as_str().to_owned(), kind(w, one))).collect();
    // The one that most people have comes first.
    all.sort_by_key(|(name, _)| name != "email");
    all
}

/// The requests of the person whom a form names.
pub(crate) async fn find<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let (w, form) = (visit.words, visit.form);
    let sources: Page<SourceView> = visit.read("/api/sources", &[("limit", "100")]).await?;
    let body = json!({"identifier": {"kind": form.one("kind"), "value": form.one("value")}});
    let found: Result<FoundView, Refused> = visit.send("POST", "/api/requests/find", &body).await;
    let (rows, trouble, status) = match &found {
        Ok(found) => (found.items.iter().map(|request| Row::of(w, request, visit.now)).collect(), None, 200),
        Err(refused) if refused.status == 403 || refused.status >= 500 => {
            return Err(found.err().unwrap_or_else(|| Refusal::no_request().into()));
        }
        Err(refused) => (Vec::new(), Some(Trouble::of(w, refused)), refused.status),
    };
    let rows: Vec<Row> = rows;
    let empty = if rows.is_empty() && trouble.is_none() { w.t("find-none") } else { String::new() };
    let page = ListPage {
        s: Shell::of(visit, "requests", w.t("find-results")).map_err(failed)?,
        summary: String::new(),
        rows,
        empty,
        filters: filters(visit, "open", "", &sources.items, true),
        next: None,
        first: None,
        bulk: Vec::new(),
        finds: true,
        kinds: kinds(w, &sources.items),
        trouble,
    };
    rendered(status, &page)
}
