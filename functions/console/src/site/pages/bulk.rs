//! One act on several requests: the page says beforehand how many it fits, and afterwards how many it reached.

use crate::ports::Outside;
use crate::site::fields::Fields;
use crate::site::form::FormPage;
use crate::site::pages::acts::{act_of, decision, extension_fields, ground_field, reason_field, seen};
use crate::site::pages::detail::not_now;
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, Trouble};
use crate::site::show::request::name;
use crate::site::show::task::slug;
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use askama::Template;
use rightful_domain::base::ids::RequestId;
use rightful_domain::duty::acts::May;
use rightful_domain::law::right::Right;
use rightful_domain::view::request::RequestDetail;
use serde_json::{Value as Json, json};

/// The most requests of one act; as many as a page of the list shows.
const MOST: usize = 25;

/// The acts that several requests can share.
pub(crate) const ACTS: [May; 3] = [May::Proceed, May::Refuse, May::Extend];

#[derive(Template)]
#[template(path = "bulk.html")]
struct ReachedPage<'a> {
    s: Shell<'a>,
    reached: String,
    /// Each request: its id, its name, and why it was not reached.
    rows: Vec<(String, String, Option<String>)>,
}

/// What the act would do to one request.
struct Fit {
    detail: RequestDetail,
    /// The data sources that a decision would name, as they are shown now.
    seen: Vec<String>,
    records: u32,
    fits: bool,
}

/// Asks for the act, and says what it fits.
pub(crate) async fn form<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let act = act_of(visit.query.one("act")).filter(|act| ACTS.contains(act)).ok_or_else(not_now)?;
    visit.must_for(act)?;
    let mut fits = Vec::new();
    for id in ids(visit.query) {
        let detail: RequestDetail = visit.read(&format!("/api/requests/{id}"), &[]).await?;
        fits.push(fit(act, detail));
    }
    ask(visit, act, &fits)
}

fn ids(fields: &Fields) -> Vec<RequestId> {
    let mut ids: Vec<RequestId> = fields.all("id").filter_map(|id| RequestId::parse(id).ok()).collect();
    ids.dedup();
    ids.truncate(MOST);
    ids
}

fn fit(act: May, detail: RequestDetail) -> Fit {
    // A record that only looking can judge is decided on its own page, where it is confirmed.
    let clear = |task: &&rightful_domain::view::task::TaskView| {
        task.may.contains(&act)
            && (act != May::Proceed || (task.asked.marked == 0 && task.asked.doubtful == 0))
    };
    let tasks: Vec<_> = detail.tasks.iter().filter(clear).collect();
    let records = tasks.iter().fold(0_u32, |sum, task| sum.saturating_add(task.counts.found));
    let seen: Vec<String> = tasks.iter().map(|task| seen(task)).collect();
    let fits = if act == May::Extend { detail.may.contains(&act) } else { !seen.is_empty() };
    Fit { detail, seen, records, fits }
}

fn ask<O: Outside>(visit: &Visit<'_, O>, act: May, all: &[Fit]) -> Result<Reply, Refused> {
    let w = visit.words;
    let fitting: Vec<&Fit> = all.iter().filter(|fit| fit.fits).collect();
    let n = u64::try_from(fitting.len()).unwrap_or_default();
    let of = u64::try_from(all.len()).unwrap_or_default();
    let records = fitting.iter().fold(0_u32, |sum, fit| sum.saturating_add(fit.records));
    let erases = fitting.iter().any(|fit| fit.detail.request.right == Right::Erasure);
    let mut hidden = vec![("act".to_owned(), slug(act).to_owned())];
    for fit in &fitting {
        let id = fit.detail.request.id.to_string();
        hidden.extend(fit.seen.iter().map(|seen| (format!("seen.{id}"), seen.clone())));
        hidden.push(("id".to_owned(), id));
    }
    let mut fields = match act {
        May::Extend => extension_fields(w, visit.query),
        May::Refuse => {
            let erasure = fitting.iter().all(|fit| fit.detail.request.right == Right::Erasure);
            vec![ground_field(w, if erasure { Right::Erasure } else { Right::Access }, visit.query)]
        }
        _ => Vec::new(),
    };
    if act != May::Extend {
        fields.push(reason_field(w, visit.query));
    }
    let items = all.iter().map(|fit| {
        let name = name(w, &fit.detail.request);
        let name = ("x", Value::Text(&name));
        match fit.fits {
            true => w.a("bulk-fits", &[name, ("n", Value::Number(fit.records.into()))]),
            false => w.a("bulk-does-not-fit", &[name]),
        }
    });
    let page = FormPage {
        s: Shell::of(visit, "requests", w.t(&format!("bulk-{}", slug(act)))).map_err(failed)?,
        about: vec![w.a("bulk-fit", &[("n", Value::Number(n)), ("of", Value::Number(of))])],
        items: items.collect(),
        action: "/console/bulk".to_owned(),
        hidden,
        fields: if n == 0 { Vec::new() } else { fields },
        button: match act {
            May::Proceed if records == 0 => w.t("act-confirm-nothing"),
            May::Proceed if erases => w.n("proceed-go-erasure", records),
            May::Proceed => w.n("proceed-go-access", records),
            _ => w.t(&format!("{}-go", slug(act))),
        },
        class: if act == May::Proceed && erases { "danger" } else { "primary" },
        back: "/console/requests".to_owned(),
        trouble: None,
    };
    rendered(200, &page)
}

/// Does it to each request, and says which it reached.
pub(crate) async fn send<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let (w, form) = (visit.words, visit.form);
    let act = act_of(form.one("act")).filter(|act| ACTS.contains(act)).ok_or_else(not_now)?;
    visit.must_for(act)?;
    let mut rows = Vec::new();
    let mut reached = 0_u64;
    for id in ids(form) {
        let (path, body) = call(act, id, form);
        let done = visit.send::<Json>("POST", &path, &body).await;
        let detail: RequestDetail = visit.read(&format!("/api/requests/{id}"), &[]).await?;
        reached += u64::from(done.is_ok());
        let why = done.err().map(|refused| Trouble::of(w, &refused).what);
        rows.push((id.to_string(), name(w, &detail.request), why));
    }
    let of = u64::try_from(rows.len()).unwrap_or_default();
    let page = ReachedPage {
        s: Shell::of(visit, "requests", w.t(&format!("bulk-{}", slug(act)))).map_err(failed)?,
        reached: w.a("bulk-reached", &[("n", Value::Number(reached)), ("of", Value::Number(of))]),
        rows,
    };
    rendered(200, &page)
}

fn call(act: May, id: RequestId, form: &Fields) -> (String, Json) {
    if act == May::Extend {
        let months: u64 = form.one("months").parse().unwrap_or_default();
        let body = json!({"months": months, "ground": form.one("ground")});
        return (format!("/api/requests/{id}/extend"), body);
    }
    let verdict = if act == May::Refuse { "refuse" } else { "proceed" };
    let name = format!("seen.{id}");
    (format!("/api/requests/{id}/review"), decision(form, &name, verdict))
}

/// The acts that a list offers, with their words.
pub(crate) fn offered<O: Outside>(visit: &Visit<'_, O>, w: &Words) -> Vec<(&'static str, String)> {
    let acts = ACTS.into_iter().filter(|act| visit.may(*act));
    acts.map(|act| (slug(act), w.t(&format!("bulk-{}", slug(act))))).collect()
}
