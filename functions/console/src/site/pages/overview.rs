//! The whole deployment at a glance: each figure in words first, then a picture, and a table behind it.

use crate::ports::Outside;
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, span};
use crate::site::show::chart::{self, Chart, Part};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use askama::Template;
use rightful_domain::base::time::Time;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::view::overview::OverviewView;
use rightful_domain::view::overview::closed::{ClosedFigures, SourceRecords, TimeToClose};
use rightful_domain::view::overview::health::HealthFigures;
use rightful_domain::view::overview::open::{OpenFigures, TurnCounts};
use std::time::Duration;

/// How many data sources the picture shows; the table has all.
const SOURCES: usize = 10;

/// How long an item may wait for the reconciliation before the page shows it as an alarm would: three turns of the default
/// schedule, in seconds.
const SILENT_SECONDS: u64 = 15 * 60;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    s: Shell<'a>,
    at: Time,
    zone: String,
    sections: Vec<Section>,
    /// How many closed requests were read, in words.
    read: String,
    complete_since: Option<Since>,
    facts: Vec<Fact>,
    dashboard: Option<String>,
}

/// A day in the legal zone, and its exact time.
struct Since {
    at: Time,
    day: String,
}

/// A figure: in words, in a picture, in a table.
struct Section {
    id: &'static str,
    title: String,
    lead: String,
    about: String,
    chart: Option<Chart>,
    keys: Vec<Key>,
    table: Option<Table>,
}

/// A colour of a picture, in words.
struct Key {
    class: &'static str,
    words: String,
}

struct Table {
    /// The names of the columns; the first one is that of the rows.
    head: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    cells: Vec<String>,
}

/// A fact about the deployment's health.
struct Fact {
    name: String,
    words: String,
    at: Option<Time>,
    link: Option<(String, String)>,
    is_bad: bool,
}

/// The overview.
pub(crate) async fn page<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let w = visit.words;
    let shown: OverviewView = visit.read("/api/overview", &[]).await?;
    let closed = &shown.closed;
    let page = OverviewPage {
        s: Shell::of(visit, "overview", w.t("overview")).map_err(failed)?,
        at: shown.at,
        zone: shown.legal_zone.name().to_owned(),
        sections: vec![
            open(w, &shown.open, shown.at),
            due(w, &shown.open),
            outcomes(w, closed),
            time(w, closed),
            sources(w, closed),
        ],
        read: w.n(
            if closed.complete_since.is_some() { "overview-read-some" } else { "overview-read-all" },
            closed.read,
        ),
        complete_since: closed.complete_since.map(|at| Since { at, day: shown.legal_zone.day(at) }),
        facts: facts(w, &shown.health, closed, shown.at),
        dashboard: shown.dashboard.filter(|address| address.starts_with("https://")),
    };
    rendered(200, &page)
}

/// Whose turn it is: the colour, the name of the words, and how many.
type Turn = (&'static str, &'static str, u32);

/// The turns of open requests, each with its colour and its name.
fn turns(counts: &TurnCounts) -> [Turn; 4] {
    [
        ("person", "turn-person", counts.person),
        ("bad", "overview-turn-unknown", counts.unknown),
        ("wait", "turn-vendor", counts.vendor),
        ("quiet", "turn-workflow", counts.goes_on),
    ]
}

fn open(w: &Words, open: &OpenFigures, now: Time) -> Section {
    let counts = open.counts;
    let mut lead = match counts.open {
        0 => w.n("requests-open", 0_u32),
        open => format!(
            "{}: {}, {}.",
            w.n("requests-open", open),
            w.n("requests-wait", counts.waiting_for_a_person),
            w.n("requests-overdue", counts.overdue)
        ),
    };
    if let Some(oldest) = open.oldest_received_at {
        let age = span(w, Duration::from_secs(oldest.seconds_until(now)));
        lead = format!("{lead} {}", w.a("overview-oldest", &[("x", Value::Text(&age))]));
    }
    let ages = open.ages.iter().map(|group| {
        let days = |days: u32| Value::Number(days.into());
        let name = match (group.from_days, group.before_days) {
            (0, Some(before)) => w.a("overview-age-under", &[("n", days(before))]),
            (from, Some(before)) => {
                w.a("overview-age", &[("from", days(from)), ("to", days(before.saturating_sub(1)))])
            }
            (from, None) => w.a("overview-age-over", &[("n", days(from))]),
        };
        (name, turns(&group.requests))
    });
    let ages: Vec<(String, [Turn; 4])> = ages.collect();
    let all = turns(&open.turns);
    let rows = ages.iter().map(|(name, turns)| Row {
        name: name.clone(),
        cells: numbers(turns.iter().map(|(.., n)| u64::from(*n))),
    });
    let bars: Vec<(String, Vec<Part>)> = ages
        .iter()
        .map(|(name, turns)| (name.clone(), turns.map(|(class, _, n)| (class, u64::from(n))).to_vec()))
        .collect();
    let head = [w.t("overview-age-name")].into_iter().chain(all.map(|(_, name, _)| w.t(name)));
    let any = counts.open > 0;
    Section {
        id: "open",
        title: w.t("overview-open-title"),
        chart: any.then(|| chart::bars(lead.clone(), &bars)),
        keys: all.iter().filter(|_| any).map(|(class, name, n)| key(class, &w.t(name), *n)).collect(),
        table: any.then(|| Table { head: head.chain([w.t("overview-all")]).collect(), rows: rows.collect() }),
        about: String::new(),
        lead,
    }
}

fn due(w: &Words, open: &OpenFigures) -> Section {
    let first = open.due_weeks.first().map_or(0, |week| week.requests);
    let ahead: u32 = open.due_weeks.iter().skip(1).map(|week| week.requests).sum();
    let lead = w.a(
        "overview-due",
        &[
            ("overdue", Value::Number(open.counts.overdue.into())),
            ("week", Value::Number(first.into())),
            ("weeks", Value::Number(ahead.into())),
            ("later", Value::Number(open.due_later.into())),
        ],
    );
    let mut rows = vec![(w.t("overview-overdue"), vec![("bad", u64::from(open.counts.overdue))])];
    rows.extend(open.due_weeks.iter().enumerate().map(|(place, week)| {
        let name = if place == 0 { w.t("overview-this-week") } else { self::week(w, &week.begins) };
        (name, vec![(if place == 0 { "person" } else { "wait" }, u64::from(week.requests))])
    }));
    rows.push((w.t("overview-later"), vec![("quiet", u64::from(open.due_later))]));
    let any = open.counts.open > 0;
    let table = Table {
        head: vec![w.t("overview-due-name"), w.t("overview-all")],
        rows: rows
            .iter()
            .map(|(name, parts)| Row {
                name: name.clone(),
                cells: parts.iter().map(|(_, n)| n.to_string()).collect(),
            })
            .collect(),
    };
    Section {
        id: "due",
        title: w.t("overview-due-title"),
        chart: any.then(|| chart::bars(lead.clone(), &rows)),
        keys: Vec::new(),
        table: any.then_some(table),
        about: String::new(),
        lead: if any { lead } else { w.t("overview-due-none") },
    }
}

/// How requests end, in groups of one colour.
const ENDS: [(&str, &str, &[RequestOutcome]); 4] = [
    ("good", "overview-end-good", &[RequestOutcome::Fulfilled, RequestOutcome::NothingFound]),
    ("person", "overview-end-part", &[RequestOutcome::PartlyFulfilled, RequestOutcome::Refused]),
    ("bad", "overview-end-bad", &[RequestOutcome::Failed]),
    ("quiet", "overview-end-none", &[RequestOutcome::DryRun, RequestOutcome::Cancelled]),
];

fn outcomes(w: &Words, closed: &ClosedFigures) -> Section {
    let all = closed.outcomes.all();
    let named = |outcome: RequestOutcome| w.t(&format!("request-outcome-{}", outcome.as_str()));
    let mut lead = w.n("overview-closed", all);
    for outcome in RequestOutcome::ALL.into_iter().filter(|outcome| closed.outcomes.of(*outcome) > 0) {
        lead = format!("{lead} {}: {}.", named(outcome), closed.outcomes.of(outcome));
    }
    let parts = |of: &dyn Fn(RequestOutcome) -> u32| -> Vec<Part> {
        let sum = |outcomes: &[RequestOutcome]| outcomes.iter().map(|one| u64::from(of(*one))).sum();
        ENDS.iter().map(|(class, _, outcomes)| (*class, sum(outcomes))).collect()
    };
    let columns: Vec<(String, Vec<Part>)> = closed
        .months
        .iter()
        .map(|month| (chart::month(w, &month.month), parts(&|outcome| month.outcomes.of(outcome))))
        .collect();
    let rows = closed.months.iter().map(|month| {
        let each = RequestOutcome::ALL.iter().map(|outcome| month.outcomes.of(*outcome));
        Row { name: month_name(w, &month.month, month.partial), cells: numbers(each.map(u64::from)) }
    });
    let head = [w.t("overview-month-name")].into_iter().chain(RequestOutcome::ALL.map(named));
    let keys = ENDS.iter().zip(parts(&|outcome| closed.outcomes.of(outcome)));
    Section {
        id: "outcomes",
        title: w.t("overview-outcomes-title"),
        chart: (all > 0).then(|| chart::columns(lead.clone(), &columns)),
        keys: keys.filter(|_| all > 0).map(|((class, name, _), (_, n))| key(class, &w.t(name), n)).collect(),
        table: (all > 0)
            .then(|| Table { head: head.chain([w.t("overview-all")]).collect(), rows: rows.collect() }),
        about: String::new(),
        lead,
    }
}

fn time(w: &Words, closed: &ClosedFigures) -> Section {
    let title = w.t("overview-time-title");
    let in_words = |seconds: u64| span(w, Duration::from_secs(seconds));
    let Some(time) = closed.time_to_close else {
        let lead = w.n("overview-closed", 0_u32);
        let (about, keys) = (String::new(), Vec::new());
        return Section { id: "time", title, lead, about, chart: None, keys, table: None };
    };
    let (median, ninetieth) = (in_words(time.median_seconds), in_words(time.ninetieth_percentile_seconds));
    let lead = w.a("overview-time", &[("half", Value::Text(&median)), ("most", Value::Text(&ninetieth))]);
    let columns: Vec<(String, Vec<Part>)> = closed
        .months
        .iter()
        .map(|month| {
            let own = month.time_to_close;
            let parts = [
                ("good", own.map(|it| it.median_seconds)),
                ("wait", own.map(|it| it.ninetieth_percentile_seconds)),
            ];
            (chart::month(w, &month.month), parts.map(|(class, n)| (class, n.unwrap_or_default())).to_vec())
        })
        .collect();
    let most = closed.months.iter().filter_map(|month| month.time_to_close);
    let most = most.map(|it| it.ninetieth_percentile_seconds).max().unwrap_or_default();
    let cells = |all: u32, own: Option<TimeToClose>| {
        let time = |of: Option<u64>| of.map_or_else(|| "–".to_owned(), in_words);
        let (half, most) = (own.map(|it| it.median_seconds), own.map(|it| it.ninetieth_percentile_seconds));
        vec![all.to_string(), time(half), time(most)]
    };
    let mut rows: Vec<Row> = closed
        .months
        .iter()
        .map(|month| Row {
            name: month_name(w, &month.month, month.partial),
            cells: cells(month.outcomes.all(), month.time_to_close),
        })
        .collect();
    rows.push(Row { name: w.t("overview-all"), cells: cells(closed.outcomes.all(), Some(time)) });
    let keys = [("good", "overview-median"), ("wait", "overview-ninetieth")];
    Section {
        id: "time",
        title,
        chart: Some(chart::pairs(lead.clone(), &columns, in_words(most))),
        keys: keys.map(|(class, name)| Key { class, words: w.t(name) }).into(),
        table: Some(Table {
            head: ["overview-month-name", "overview-requests", "overview-median", "overview-ninetieth"]
                .map(|name| w.t(name))
                .into(),
            rows,
        }),
        about: w.t("overview-time-about"),
        lead,
    }
}

fn sources(w: &Words, closed: &ClosedFigures) -> Section {
    let (found, confirmed) = closed
        .sources
        .iter()
        .fold((0, 0), |(found, confirmed), one| (found + one.found, confirmed + one.confirmed));
    let places = u64::try_from(closed.sources.len()).unwrap_or(u64::MAX);
    let lead = match places {
        0 => w.t("overview-sources-none"),
        places => w.a(
            "overview-sources",
            &[
                ("found", Value::Number(found)),
                ("sources", Value::Number(places)),
                ("confirmed", Value::Number(confirmed)),
            ],
        ),
    };
    let mut most: Vec<&SourceRecords> = closed.sources.iter().collect();
    most.sort_by_key(|one| (std::cmp::Reverse(one.found), one.source.clone()));
    let bars: Vec<(String, Vec<Part>)> = most
        .iter()
        .take(SOURCES)
        .map(|one| {
            let confirmed = one.confirmed.min(one.found);
            (one.source.to_string(), vec![("good", confirmed), ("quiet", one.found - confirmed)])
        })
        .collect();
    let left = places.saturating_sub(u64::try_from(SOURCES).unwrap_or(u64::MAX));
    let mut about = w.t("overview-sources-about");
    if left > 0 {
        about = format!("{about} {}", w.n("overview-sources-left", left));
    }
    let rows = closed.sources.iter().map(|one| Row {
        name: one.source.to_string(),
        cells: vec![one.requests.to_string(), one.found.to_string(), one.confirmed.to_string()],
    });
    let keys = [
        ("good", "confirmed", confirmed),
        ("quiet", "overview-unconfirmed", found.saturating_sub(confirmed)),
    ];
    Section {
        id: "sources",
        title: w.t("overview-sources-title"),
        chart: (found > 0).then(|| chart::bars(lead.clone(), &bars)),
        keys: keys.iter().filter(|_| found > 0).map(|(class, name, n)| key(class, &w.t(name), *n)).collect(),
        table: (places > 0).then(|| Table {
            head: ["filter-source", "overview-requests", "found", "confirmed"].map(|name| w.t(name)).into(),
            rows: rows.collect(),
        }),
        about: if places > 0 { about } else { String::new() },
        lead,
    }
}

/// What the store knows of the deployment's health.
fn facts(w: &Words, health: &HealthFigures, closed: &ClosedFigures, now: Time) -> Vec<Fact> {
    let fact = |name: &str, words: String, is_bad: bool| Fact {
        name: w.t(name),
        words,
        at: None,
        link: None,
        is_bad,
    };
    let waits = |n: u32, seconds: u64| match n {
        0 => w.n("overview-none-waits", 0_u32),
        n => w.a(
            "overview-waits",
            &[("n", Value::Number(n.into())), ("x", Value::Text(&span(w, Duration::from_secs(seconds))))],
        ),
    };
    let silent = health.reconcile_due_since.is_some_and(|since| since.seconds_until(now) > SILENT_SECONDS);
    let mut all = vec![Fact {
        at: health.reconcile_due_since,
        ..fact("overview-reconcile", w.n("overview-reconcile-due", health.reconcile_due), silent)
    }];
    all.push(match &health.synthetic {
        None => fact("overview-synthetic", w.t("overview-synthetic-none"), false),
        Some(last) => {
            let (words, is_bad) = match (last.succeeded, last.outcome) {
                (Some(true), _) => (w.t("overview-synthetic-good"), false),
                (Some(false), Some(outcome)) => {
                    let outcome = w.t(&format!("request-outcome-{}", outcome.as_str()));
                    (w.a("overview-synthetic-bad", &[("x", Value::Text(&outcome))]), true)
                }
                _ => (w.t("overview-synthetic-open"), false),
            };
            Fact {
                at: Some(last.closed_at.unwrap_or(last.received_at)),
                link: Some((format!("/console/requests/{}", last.request), w.t("overview-synthetic-see"))),
                ..fact("overview-synthetic", words, is_bad)
            }
        }
    });
    all.extend([
        fact("overview-unknown", waits(health.unknown, health.oldest_unknown_seconds), health.unknown > 0),
        fact("overview-review", waits(health.awaiting_review, health.oldest_review_seconds), false),
        fact("overview-identifiers", w.n("overview-none-waits", health.missing_identifier), false),
        fact(
            "overview-forgetting",
            w.n("overview-forgetting-late", health.forgetting_overdue),
            health.forgetting_overdue > 0,
        ),
        fact(
            "overview-answers",
            w.a(
                "overview-answers-words",
                &[
                    ("owed", Value::Number(closed.answers_owed.into())),
                    ("never", Value::Number(closed.answers_undeliverable.into())),
                ],
            ),
            closed.answers_undeliverable > 0,
        ),
    ]);
    all
}

fn key(class: &'static str, words: &str, n: impl Into<u64>) -> Key {
    Key { class, words: format!("{words}: {}", n.into()) }
}

/// The numbers, and their sum.
fn numbers(all: impl Iterator<Item = u64>) -> Vec<String> {
    let mut all: Vec<u64> = all.collect();
    all.push(all.iter().sum());
    all.iter().map(u64::to_string).collect()
}

/// A month such as `2026-11`, and whether it may lack requests.
fn month_name(w: &Words, month: &str, partial: bool) -> String {
    let (name, year) = (chart::month(w, month), month.get(..4).unwrap_or_default());
    let of = if partial { "overview-month-partial" } else { "overview-month" };
    w.a(of, &[("x", Value::Text(&name)), ("year", Value::Text(year))])
}

/// A week by its Monday, such as `2026-11-23`.
fn week(w: &Words, monday: &str) -> String {
    let month = chart::month(w, monday.get(..7).unwrap_or_default());
    let day = monday.get(8..10).map_or("", |day| day.trim_start_matches('0'));
    w.a("overview-week", &[("day", Value::Text(day)), ("x", Value::Text(&month))])
}
