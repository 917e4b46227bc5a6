//! Acts on a request: each asks on a page of its own, then sends what it was told to the API.

use crate::ports::Outside;
use crate::site::fields::Fields;
use crate::site::form::{Choice, Field, FormPage, Input};
use crate::site::pages::detail::{not_now, shown};
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, Trouble, capital};
use crate::site::show::task::{kind, slug};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use rightful_domain::duty::acts::May;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::TaskView;
use serde_json::{Map, Value as Json, json};

/// The acts that have a form.
const ACTS: [May; 9] = [
    May::Identify,
    May::Proceed,
    May::Refuse,
    May::LeaveOut,
    May::Run,
    May::State,
    May::Cancel,
    May::Extend,
    May::Reopen,
];

/// The act of a path's end.
pub(crate) fn act_of(path: &str) -> Option<May> {
    ACTS.into_iter().find(|act| slug(*act) == path)
}

/// The form of an act.
pub(crate) async fn form<O: Outside>(visit: &Visit<'_, O>, id: &str, act: May) -> Result<Reply, Refused> {
    visit.must_for(act)?;
    let detail = shown(visit, id).await?;
    ask(visit, &detail, act, visit.query, 200, None)
}

/// Sends an act's form; one that is not accepted is shown again, with what was typed.
pub(crate) async fn send<O: Outside>(visit: &Visit<'_, O>, id: &str, act: May) -> Result<Reply, Refused> {
    let (path, body) = call(act, id, visit.form);
    match visit.send::<Json>("POST", &path, &body).await {
        Ok(_) => Ok(Reply::to(format!("/console/requests/{id}?done={}", slug(act)))),
        Err(refused) if matches!(refused.status, 400 | 409 | 422) => {
            let trouble = Trouble::of(visit.words, &refused);
            let detail = shown(visit, id).await?;
            ask(visit, &detail, act, visit.form, refused.status, Some(trouble))
        }
        Err(refused) => Err(refused),
    }
}

/// The API's call for a form.
fn call(act: May, id: &str, form: &Fields) -> (String, Json) {
    let source = form.one("source");
    let (path, body) = match act {
        May::Identify => (
            "identify",
            json!({"source": source, "identifier": {"kind": form.one("kind"), "value": form.one("value")}}),
        ),
        May::Proceed => ("review", decision(form, "seen", "proceed")),
        May::Refuse => ("review", decision(form, "seen", "refuse")),
        May::LeaveOut => ("review", decision(form, "seen", "leave_out")),
        May::Run => ("run", json!({"source": source})),
        May::State => (
            "state",
            json!({"source": source, "erased": form.one("erased") == "true", "reason": form.one("reason")}),
        ),
        May::Extend => {
            let months: u64 = form.one("months").parse().unwrap_or_default();
            ("extend", json!({"months": months, "ground": form.one("ground")}))
        }
        May::Reopen => ("reopen", json!({"sources": form.all("source").collect::<Vec<_>>()})),
        _ => ("cancel", json!({})),
    };
    (format!("/api/requests/{id}/{path}"), body)
}

/// A decision on the data sources as the form showed them, in the fields of this name.
pub(crate) fn decision(form: &Fields, name: &str, verdict: &str) -> Json {
    let seen = form.all(name).filter_map(|text| serde_json::from_str::<Map<String, Json>>(text).ok());
    let sources: Vec<Json> = seen
        .map(|mut seen| {
            let source = seen.get("source").and_then(Json::as_str).unwrap_or_default().to_owned();
            for (field, member) in [("marked", "confirm_marked"), ("set_aside", "confirm_set_aside")] {
                let number = form.one(&format!("{field}.{source}")).trim().parse::<u32>();
                seen.extend(number.ok().map(|number| (member.to_owned(), json!(number))));
            }
            Json::Object(seen)
        })
        .collect();
    let mut body = json!({"sources": sources, "verdict": verdict, "reason": form.one("reason")});
    if let (Some(ground), Json::Object(body)) = (form.some("ground"), &mut body) {
        body.insert("ground".to_owned(), json!(ground));
    }
    body
}

/// What a reviewer sees of a data source, as the API takes it.
pub(crate) fn seen(task: &TaskView) -> String {
    json!({"source": task.source, "digest": task.found_digest, "searched_at": task.searched_at}).to_string()
}

/// The page that asks for an act.
fn ask<O: Outside>(
    visit: &Visit<'_, O>,
    detail: &RequestDetail,
    act: May,
    typed: &Fields,
    status: u16,
    trouble: Option<Trouble>,
) -> Result<Reply, Refused> {
    let (w, request) = (visit.words, &detail.request);
    let id = request.id.to_string();
    let sources: Vec<&str> = typed.all("source").collect();
    let asked = |task: &&TaskView| sources.is_empty() || sources.contains(&task.source.as_str());
    let possible: Vec<&TaskView> =
        detail.tasks.iter().filter(|task| task.may.contains(&act)).filter(asked).collect();
    let is_possible = match act {
        May::Cancel | May::Extend | May::Reopen => detail.may.contains(&act),
        _ => !possible.is_empty(),
    };
    // With a trouble to tell, the page says more than that the act isn't possible any more.
    if !is_possible && trouble.is_none() {
        return Err(not_now());
    }
    let mut page = FormPage {
        s: Shell::of(visit, "requests", String::new()).map_err(failed)?,
        about: Vec::new(),
        items: Vec::new(),
        action: format!("/console/requests/{id}/{}", slug(act)),
        hidden: possible.iter().map(|task| ("source".to_owned(), task.source.to_string())).collect(),
        fields: Vec::new(),
        button: w.t("save"),
        class: "primary",
        back: format!("/console/requests/{id}"),
        trouble,
    };
    let names: Vec<String> = possible.iter().map(|task| task.source.to_string()).collect();
    let names = names.join(", ");
    match act {
        May::Identify => {
            page.s.title = w.t("identify-title");
            page.about.push(w.a("identify-about", &[("x", Value::Text(&names))]));
            let kinds = possible.first().map_or(&[][..], |task| &task.needs.asked);
            page.fields = identifier_fields(w, kinds, typed, &mut page.hidden);
        }
        May::Proceed => proceed(w, request.right, &possible, typed, &mut page),
        May::Refuse => {
            page.s.title = w.t("refuse-title");
            page.about.push(w.t("refuse-about"));
            page.items = possible.iter().map(|task| found(w, task)).collect();
            page.fields.push(ground_field(w, request.right, typed));
            page.button = w.t("refuse-go");
        }
        May::LeaveOut => {
            page.s.title = w.t("leave-out-title");
            page.about.push(w.t("leave-out-about"));
            page.items = possible.iter().map(|task| task.source.to_string()).collect();
            page.button = w.t("leave-out-go");
        }
        May::Run => {
            page.s.title = w.t("run-title");
            page.about.push(w.a("run-about", &[("x", Value::Text(&names))]));
            page.button = w.t("run-go");
        }
        May::State => {
            page.s.title = w.t("state-title");
            page.about.push(w.a("state-about", &[("x", Value::Text(&names))]));
            let mut ends = vec![("false", "state-not-erased")];
            if request.right == Right::Erasure {
                ends.insert(0, ("true", "state-erased"));
            }
            let choices = ends.into_iter();
            let choices =
                choices.map(|(value, words)| Choice::new(value, w.t(words), typed.one("erased") == value));
            page.fields.push(Field::new("erased", w.t("state-title"), "", Input::One(choices.collect())));
            page.fields.push(reason_field(w, typed));
            page.button = w.t("state-go");
        }
        May::Cancel => {
            page.s.title = w.t("cancel-title");
            page.about.push(w.t("cancel-about"));
            page.button = w.t("cancel-go");
            page.class = "danger";
        }
        May::Extend => {
            page.s.title = w.t("extend-title");
            page.about.push(w.t("extend-about"));
            page.fields = extension_fields(w, typed);
            page.button = w.t("extend-go");
        }
        May::Reopen => {
            page.s.title = w.t("reopen-title");
            page.about.extend([w.t("reopen-about"), w.t("reopen-all")]);
            page.hidden.clear();
            let all = detail.tasks.iter();
            let all = all.map(|task| {
                Choice::new(
                    task.source.as_str(),
                    task.source.to_string(),
                    sources.contains(&task.source.as_str()),
                )
            });
            page.fields.push(Field::new("source", w.t("sources-title"), "", Input::Any(all.collect())));
            page.button = w.t("reopen-go");
        }
        _ => return Err(not_now()),
    }
    if matches!(act, May::Refuse | May::LeaveOut | May::Proceed) {
        page.hidden.extend(possible.iter().map(|task| ("seen".to_owned(), seen(task))));
        page.fields.push(reason_field(w, typed));
    }
    rendered(status, &page)
}

/// The fields for an identifier: its kind where there are several, and its value.
fn identifier_fields(
    w: &Words,
    kinds: &[AskedKind],
    typed: &Fields,
    hidden: &mut Vec<(String, String)>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    let example = |one: &AskedKind| w.a("identify-example", &[("x", Value::Text(&one.example))]);
    match kinds {
        [only] => {
            hidden.push(("kind".to_owned(), only.kind.as_str().to_owned()));
            let hint = format!("{}, {}", only.description, example(only));
            fields.push(
                Field::new("value", capital(&kind(w, &only.kind)), typed.one("value"), Input::Line("text"))
                    .hinted(hint),
            );
        }
        several => {
            let choices = several.iter().map(|one| Choice {
                hint: format!("{}, {}", one.description, example(one)),
                ..Choice::new(
                    one.kind.as_str(),
                    capital(&kind(w, &one.kind)),
                    typed.one("kind") == one.kind.as_str(),
                )
            });
            fields.push(Field::new("kind", w.t("identify-kind"), "", Input::One(choices.collect())));
            fields.push(Field::new("value", w.t("identify-value"), typed.one("value"), Input::Line("text")));
        }
    }
    fields
}

/// The page that asks for a decision to act on what was found.
fn proceed(w: &Words, right: Right, possible: &[&TaskView], typed: &Fields, page: &mut FormPage<'_>) {
    let records = possible.iter().fold(0_u32, |sum, task| sum.saturating_add(task.counts.found));
    let which = match (records, right) {
        (0, _) => "nothing",
        (_, Right::Erasure) => "erasure",
        (_, Right::Access) => "access",
    };
    page.s.title = w.t(&format!("proceed-title-{which}"));
    page.about.push(w.t(&format!("proceed-about-{which}")));
    page.items = possible.iter().map(|task| found(w, task)).collect();
    for task in possible {
        for (n, field) in [(task.asked.marked, "marked"), (task.asked.doubtful, "set_aside")] {
            if n > 0 {
                let name = format!("{field}.{}", task.source);
                let values = [("n", Value::Number(n.into())), ("x", Value::Text(task.source.as_str()))];
                let label = w.a(&format!("confirm-{}", field.replace('_', "-")), &values);
                page.fields.push(Field::new(&name, label, typed.one(&name), Input::Line("number")));
            }
        }
    }
    page.button = match which {
        "nothing" => w.t("act-confirm-nothing"),
        _ => w.n(&format!("proceed-go-{which}"), records),
    };
    page.class = if which == "erasure" { "danger" } else { "primary" };
}

/// Why the person decides as they do.
pub(crate) fn reason_field(w: &Words, typed: &Fields) -> Field {
    Field::new("reason", w.t("reason"), typed.one("reason"), Input::Area).hinted(w.t("reason-about"))
}

/// The legal ground of a refusal: those that stand against the right.
pub(crate) fn ground_field(w: &Words, right: Right, typed: &Fields) -> Field {
    let grounds = RefusalGround::ALL.into_iter().filter(|ground| ground.stands_against(right));
    one_of(w, "ground", "refuse-ground", "ground", grounds.map(RefusalGround::as_str), typed)
}

/// By how much a deadline is extended, and why.
pub(crate) fn extension_fields(w: &Words, typed: &Fields) -> Vec<Field> {
    let months = [("1", "extend-one"), ("2", "extend-two")];
    let months = months.map(|(value, words)| Choice::new(value, w.t(words), typed.one("months") == value));
    let grounds = [Ground::Complexity, Ground::NumberOfRequests].map(Ground::as_str);
    vec![
        Field::new("months", w.t("extend-months"), "", Input::One(months.into())),
        one_of(w, "ground", "extend-ground", "extension", grounds.into_iter(), typed),
    ]
}

/// How many records were found where.
fn found(w: &Words, task: &TaskView) -> String {
    let values = [("n", Value::Number(task.counts.found.into())), ("x", Value::Text(task.source.as_str()))];
    w.a("proceed-at", &values)
}

fn one_of<'n>(
    w: &Words,
    name: &str,
    label: &str,
    words: &str,
    all: impl Iterator<Item = &'n str>,
    typed: &Fields,
) -> Field {
    let choice = |value: &str| Choice::new(value, w.t(&format!("{words}-{value}")), typed.one(name) == value);
    Field::new(name, w.t(label), "", Input::One(all.map(choice).collect()))
}
