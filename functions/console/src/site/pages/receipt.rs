//! A request's receipt: seen, verified in place, and downloaded.

use crate::answer::Refusal;
use crate::ports::{Outside, ReceiptKeys as _};
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, minute, sentence};
use crate::site::show::names::Names;
use crate::site::show::request::{code, right};
use crate::site::show::task::{kind, outcome};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use askama::Template;
use rightful_domain::documents::receipt::{Statement, TaskStatement, verify};
use rightful_domain::view::request::RequestDetail;

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage<'a> {
    s: Shell<'a>,
    id: String,
    /// Whether the signature holds, in words.
    verified: String,
    is_verified: bool,
    statement: Option<Statement>,
    asked: String,
    identifiers: String,
    outcome: String,
    not_asked: String,
    tasks: Vec<Stated>,
    /// The closing shown, and all that have a receipt: numbers from 1.
    closing: u32,
    closings: Vec<u32>,
}

/// What a receipt says of one data source.
struct Stated {
    source: String,
    title: String,
    outcome: String,
    lines: Vec<String>,
}

/// The receipt of a closing; the last one unless the address names another.
pub(crate) async fn page<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let w = visit.words;
    let detail: RequestDetail = visit.read(&format!("/api/requests/{id}"), &[]).await?;
    let file = file_of(visit, id).await?;
    let keys = visit.api.app().outside.receipt_keys().receipt_keys().await.map_err(Refusal::from)?;
    let statement = verify(&file, &keys).ok();
    let decided = statement.iter().flat_map(|all| &all.tasks).filter_map(|task| task.decided_by.clone());
    let names = Names::of(visit, decided).await?;
    let verified = match &statement {
        Some(statement) if statement.sandbox => "receipt-sandbox",
        Some(_) => "receipt-verified",
        None => "receipt-not-verified",
    };
    let last = statement.as_ref().map_or(0, |one| one.reopened);
    let kinds = statement.iter().flat_map(|one| &one.identifier_kinds).map(|one| kind(w, one));
    let not_asked = statement.iter().flat_map(|one| &one.not_asked).map(|one| one.as_str());
    let page = ReceiptPage {
        s: Shell::of(visit, "requests", w.t("receipt-title")).map_err(failed)?,
        id: id.to_owned(),
        verified: w.t(verified),
        is_verified: verified == "receipt-verified",
        asked: statement.as_ref().map_or_else(String::new, |one| right(w, one.right)),
        identifiers: kinds.collect::<Vec<_>>().join(", "),
        outcome: statement
            .as_ref()
            .map_or_else(String::new, |one| w.t(&format!("request-outcome-{}", one.outcome.as_str()))),
        not_asked: not_asked.collect::<Vec<_>>().join(", "),
        tasks: statement.iter().flat_map(|one| &one.tasks).map(|task| stated(w, &names, task)).collect(),
        closing: last + 1,
        closings: (1..=detail.request.reopened + 1).collect(),
        statement,
    };
    rendered(200, &page)
}

/// The receipt file, byte for byte.
pub(crate) async fn download<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let file = file_of(visit, id).await?;
    // The id was accepted by the API, so it is one.
    Ok(Reply::file(format!("receipt-{id}.json"), "application/json", file))
}

async fn file_of<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Vec<u8>, Refused> {
    let closing: Option<u32> = visit.query.one("closing").parse().ok();
    let closing = closing.map(|number| number.saturating_sub(1).to_string());
    let query: Vec<(&str, &str)> = closing.iter().map(|closing| ("closing", closing.as_str())).collect();
    visit.fetch(&format!("/api/requests/{id}/receipt"), &query).await
}

/// What was found, decided, claimed and seen, each apart from the others.
fn stated(w: &Words, names: &Names, task: &TaskStatement) -> Stated {
    let number = |n: u32| Value::Number(n.into());
    let mut lines = Vec::new();
    if let Some(reason) = &task.reason {
        lines.push(sentence(&code(w, reason)));
    }
    if let Some(ground) = task.ground {
        let ground = w.t(&format!("ground-{}", ground.as_str()));
        lines.push(w.a("receipt-ground", &[("x", Value::Text(&ground))]));
    }
    match task.searched_at {
        Some(at) => lines.push(
            w.a("receipt-found", &[("n", number(task.counts.found)), ("at", Value::Text(&minute(at)))]),
        ),
        None => lines.push(w.t("receipt-not-searched")),
    }
    if let Some(by) = &task.decided_by {
        lines.push(w.a("receipt-decided", &[("who", Value::Text(&names.actor(by)))]));
        let counts =
            [("submitted", number(task.counts.submitted)), ("confirmed", number(task.counts.confirmed))];
        lines.push(w.a("receipt-submitted", &counts));
    }
    if let Some(at) = task.verified_at {
        lines.push(w.a("receipt-verified-at", &[("at", Value::Text(&minute(at)))]));
    }
    if task.left > 0 {
        lines.push(w.n("receipt-left", task.left));
    }
    if task.appeared > 0 {
        lines.push(w.n("appeared", task.appeared));
    }
    if task.strangers > 0 {
        lines.push(w.n("strangers", task.strangers));
    }
    Stated {
        source: task.source.to_string(),
        title: names.title(&task.connector).to_owned(),
        outcome: sentence(&outcome(w, task.outcome)),
        lines,
    }
}
