//! Personal data, on demand: which records, who they are about, why it was decided, the copy, the receipt. The page
//! that asks says that the showing is an event; nothing is shown by following a link.

use crate::ports::Outside;
use crate::site::form::FormPage;
use crate::site::pages::detail::{not_now, shown};
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, minute};
use crate::site::show::names::Names;
use crate::site::show::task::{kind, slug, verdict};
use crate::site::visit::{Refused, Visit};
use crate::site::words::Value;
use askama::Template;
use rightful_domain::base::time::Time;
use rightful_domain::documents::comparison::{ComparisonView, RecordStanding};
use rightful_domain::duty::acts::May;
use rightful_domain::view::acts::{IdentifiersView, LinkView, ReasonsView, RecordsView};
use serde_json::json;

/// The showings that a person asks for.
const SHOWINGS: [May; 5] = [May::Records, May::Compare, May::Reasons, May::Identifiers, May::Copy];

/// The showing of a path's end.
pub(crate) fn showing_of(path: &str) -> Option<May> {
    SHOWINGS.into_iter().find(|showing| slug(*showing) == path)
}

#[derive(Template)]
#[template(path = "shown.html")]
struct ShownPage<'a> {
    s: Shell<'a>,
    about: String,
    /// How many there are in all.
    all: String,
    items: Vec<Item>,
    /// Where the next ones begin.
    next: Option<u32>,
    action: String,
    source: String,
    back: String,
}

/// One record, or one reason.
struct Item {
    name: String,
    tags: Vec<String>,
    fields: Vec<(String, String)>,
    at: Option<Time>,
}

#[derive(Template)]
#[template(path = "copy.html")]
struct CopyPage<'a> {
    s: Shell<'a>,
    about: String,
    link: LinkView,
    back: String,
}

/// Asks whether to show it.
pub(crate) async fn ask<O: Outside>(visit: &Visit<'_, O>, id: &str, showing: May) -> Result<Reply, Refused> {
    visit.must_for(showing)?;
    let w = visit.words;
    let detail = shown(visit, id).await?;
    let source = visit.query.one("source");
    if !detail.may.contains(&showing) {
        return Err(not_now());
    }
    let page = FormPage {
        s: Shell::of(visit, "requests", w.t(&format!("{}-title", slug(showing)))).map_err(failed)?,
        about: vec![w.t("show-about")],
        items: Some(source.to_owned()).filter(|source| !source.is_empty()).into_iter().collect(),
        action: format!("/console/requests/{id}/{}", slug(showing)),
        hidden: vec![("source".to_owned(), source.to_owned())],
        fields: Vec::new(),
        button: w.t("show"),
        class: "primary",
        back: format!("/console/requests/{id}"),
        trouble: None,
    };
    rendered(200, &page)
}

/// Shows it.
pub(crate) async fn show<O: Outside>(visit: &Visit<'_, O>, id: &str, showing: May) -> Result<Reply, Refused> {
    match showing {
        May::Copy => return copy(visit, id).await,
        May::Reasons => return reasons(visit, id).await,
        May::Identifiers => return identifiers(visit, id).await,
        _ => {}
    }
    let (w, source) = (visit.words, visit.form.one("source"));
    let from: u32 = visit.form.one("from").parse().unwrap_or_default();
    let body = json!({"source": source, "from": from});
    let path = format!("/api/requests/{id}/{}", slug(showing));
    let about = w.a(&format!("{}-about", slug(showing)), &[("x", Value::Text(source))]);
    let (items, all, next) = if showing == May::Compare {
        let read: ComparisonView = visit.send("POST", &path, &body).await?;
        let items = read.records.into_iter().map(|record| {
            let kinds: Vec<String> = record.found_by.iter().map(|one| kind(w, one)).collect();
            let mut tags = vec![w.t(match record.standing {
                RecordStanding::Covered => "compare-covered",
                RecordStanding::New => "compare-new",
                RecordStanding::Gone => "compare-gone",
                RecordStanding::SetAside => "compare-set-aside",
            })];
            if !kinds.is_empty() {
                tags.push(w.a("compare-found-by", &[("x", Value::Text(&kinds.join(", ")))]));
            }
            tags.extend(record.marked.then(|| w.t("compare-marked")));
            tags.extend(record.doubtful.then(|| w.t("compare-doubtful")));
            let name = record.id.map_or_else(|| "–".to_owned(), |id| id.expose().to_owned());
            let fields = record.fields.into_iter().map(|field| (field.name, field.text)).collect();
            Item { name, tags, fields, at: None }
        });
        (items.collect(), read.all, read.next)
    } else {
        let read: RecordsView = visit.send("POST", &path, &body).await?;
        let items = read.records.into_iter();
        let items = items.map(|id| Item {
            name: id.expose().to_owned(),
            tags: Vec::new(),
            fields: Vec::new(),
            at: None,
        });
        (items.collect(), read.all, read.next)
    };
    let items: Vec<Item> = items;
    let page = ShownPage {
        s: Shell::of(visit, "requests", w.t(&format!("{}-title", slug(showing)))).map_err(failed)?,
        about,
        all: if items.is_empty() { w.t("records-none") } else { w.n("records-of", all) },
        items,
        next,
        action: format!("/console/requests/{id}/{}", slug(showing)),
        source: source.to_owned(),
        back: format!("/console/requests/{id}"),
    };
    rendered(200, &page)
}

async fn reasons<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let w = visit.words;
    let read: ReasonsView = visit.send("POST", &format!("/api/requests/{id}/reasons"), &json!({})).await?;
    let names = Names::of(visit, read.items.iter().map(|one| one.by.clone())).await?;
    let items = read.items.into_iter().map(|one| Item {
        name: one.source.to_string(),
        tags: vec![verdict(w, one.verdict), names.actor(&one.by)],
        fields: vec![(w.t("reason"), one.reason)],
        at: Some(one.at),
    });
    let page = ShownPage {
        s: Shell::of(visit, "requests", w.t("reasons-title")).map_err(failed)?,
        about: w.t("reasons-about"),
        all: String::new(),
        items: items.collect(),
        next: None,
        action: String::new(),
        source: String::new(),
        back: format!("/console/requests/{id}"),
    };
    rendered(200, &page)
}

async fn identifiers<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let w = visit.words;
    let path = format!("/api/requests/{id}/identifiers");
    let read: IdentifiersView = visit.send("POST", &path, &json!({})).await?;
    let items = read.items.into_iter().map(|one| {
        let only = one.source.map(|source| w.a("identifiers-only", &[("x", Value::Text(source.as_str()))]));
        Item {
            name: one.value,
            tags: [Some(kind(w, &one.kind)), only].into_iter().flatten().collect(),
            fields: Vec::new(),
            at: None,
        }
    });
    let page = ShownPage {
        s: Shell::of(visit, "requests", w.t("identifiers-title")).map_err(failed)?,
        about: w.t("identifiers-about"),
        all: String::new(),
        items: items.collect(),
        next: None,
        action: String::new(),
        source: String::new(),
        back: format!("/console/requests/{id}"),
    };
    rendered(200, &page)
}

async fn copy<O: Outside>(visit: &Visit<'_, O>, id: &str) -> Result<Reply, Refused> {
    let w = visit.words;
    let link: LinkView = visit.send("POST", &format!("/api/requests/{id}/copy"), &json!({})).await?;
    let page = CopyPage {
        s: Shell::of(visit, "requests", w.t("copy-title")).map_err(failed)?,
        about: w.a("copy-about", &[("x", Value::Text(&minute(link.until)))]),
        link,
        back: format!("/console/requests/{id}"),
    };
    rendered(200, &page)
}
