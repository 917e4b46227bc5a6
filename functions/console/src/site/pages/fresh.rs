//! A new request.

use crate::handlers::links::secret;
use crate::ports::Outside;
use crate::site::fields::Fields;
use crate::site::form::{Choice, Field, FormPage, Input};
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, Trouble, capital};
use crate::site::show::task::kind;
use crate::site::visit::{Refused, Visit};
use crate::site::words::Value;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::view::acts::AcceptedView;
use rightful_domain::view::page::Page;
use rightful_domain::view::source::SourceView;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The form of a new request.
pub(crate) async fn form<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    visit.must("POST", "/api/requests")?;
    ask(visit, visit.query, 200, None).await
}

/// Makes the request, and goes to its page.
pub(crate) async fn send<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    match visit.send::<AcceptedView>("POST", "/api/requests", &body(visit.form)).await {
        Ok(accepted) => {
            let done = if accepted.new { "new" } else { "new-before" };
            Ok(Reply::to(format!("/console/requests/{}?done={done}", accepted.request.id)))
        }
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => {
            let trouble = Trouble::of(visit.words, &refused);
            ask(visit, visit.form, refused.status, Some(trouble)).await
        }
        Err(refused) => Err(refused),
    }
}

fn body(form: &Fields) -> Json {
    let identifiers: Vec<Json> = form
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("identifier.")?, value.trim())))
        .filter(|(_, value)| !value.is_empty())
        .map(|(kind, value)| json!({"kind": kind, "value": value}))
        .collect();
    let sources: Vec<&str> = form.all("source").collect();
    let mut body = json!({
        "right": form.one("right"),
        "identifiers": identifiers,
        "dry_run": form.one("dry_run") == "true",
    });
    if let Json::Object(body) = &mut body {
        for member in ["key", "reference", "received_at"] {
            body.extend(form.some(member).map(|value| (member.to_owned(), json!(value))));
        }
        if !sources.is_empty() {
            body.insert("sources".to_owned(), json!(sources));
        }
    }
    body
}

async fn ask<O: Outside>(
    visit: &Visit<'_, O>,
    typed: &Fields,
    status: u16,
    trouble: Option<Trouble>,
) -> Result<Reply, Refused> {
    let w = visit.words;
    let sources: Page<SourceView> = visit.read("/api/sources", &[("limit", "100")]).await?;
    let enabled: Vec<&SourceView> = sources.items.iter().filter(|source| source.enabled).collect();
    let rights = ["erasure", "access"].map(|right| {
        let hint = w.t(&format!("new-{right}-about"));
        Choice { hint, ..Choice::new(right, w.t(&format!("right-{right}")), typed.one("right") == right) }
    });
    let mut fields = vec![Field::new("right", w.t("new-right"), "", Input::One(rights.into()))];
    let mut kinds: BTreeMap<&IdentifierKind, &AskedKind> = BTreeMap::new();
    for one in enabled.iter().flat_map(|source| &source.identifiers) {
        kinds.entry(&one.kind).or_insert(one);
    }
    let mut kinds: Vec<&AskedKind> = kinds.into_values().collect();
    kinds.sort_by_key(|one| one.kind != IdentifierKind::email());
    for one in kinds {
        let name = format!("identifier.{}", one.kind.as_str());
        let hint = w.a("identify-example", &[("x", Value::Text(&one.example))]);
        fields.push(
            Field::new(&name, capital(&kind(w, &one.kind)), typed.one(&name), Input::Line("text"))
                .hinted(hint),
        );
    }
    let chosen: Vec<&str> = typed.all("source").collect();
    let choices = enabled.iter().map(|source| {
        Choice::new(source.id.as_str(), source.id.to_string(), chosen.contains(&source.id.as_str()))
    });
    let sources = Field::new("source", w.t("sources-title"), "", Input::Any(choices.collect()));
    fields.push(sources.hinted(w.t("new-sources-about")));
    let received =
        Field::new("received_at", w.t("new-received"), typed.one("received_at"), Input::Line("date"));
    fields.push(received.hinted(w.t("new-received-about")));
    let reference =
        Field::new("reference", w.t("new-reference"), typed.one("reference"), Input::Line("text"));
    fields.push(reference.hinted(w.t("new-reference-about")));
    let dry_run = Field::new("dry_run", w.t("new-dry-run"), typed.one("dry_run"), Input::Check);
    fields.push(dry_run.hinted(w.t("new-dry-run-about")));
    let key = match typed.some("key") {
        Some(key) => key.to_owned(),
        None => secret().map_err(failed)?,
    };
    let page = FormPage {
        s: Shell::of(visit, "new", w.t("nav-new")).map_err(failed)?,
        about: if enabled.is_empty() { vec![w.t("new-no-sources")] } else { Vec::new() },
        items: Vec::new(),
        action: "/console/new".to_owned(),
        // The same form makes one request, however often it is sent.
        hidden: vec![("key".to_owned(), key)],
        fields,
        button: w.t("new-go"),
        class: "primary",
        back: "/console/requests".to_owned(),
        trouble,
    };
    rendered(status, &page)
}
