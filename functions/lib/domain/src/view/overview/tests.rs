//! Figures add up, whatever the rows are.

use crate::base::code::Code;
use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::duty::gauge::{OpenRequest, OpenTask, Work};
use crate::duty::work_list::{WorkCounts, WorkList};
use crate::law::deadline::LegalZone;
use crate::model::answer::{AnswerState, TicketAnswer};
use crate::model::request::{Request, RequestOutcome, RequestState};
use crate::model::task::{Counts, Outcome, Rounds, Task, TaskState};
use crate::view::overview::closed::{ClosedCount, ClosedFigures, MOST_READ, SyntheticEnd, TimeToClose};
use crate::view::overview::health::{HealthCount, HealthFigures};
use crate::view::overview::open::{OpenFigures, TurnCounts};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

const ZONES: [&str; 4] = ["UTC", "Europe/Brussels", "America/New_York", "Pacific/Auckland"];
const DAY: u64 = 24 * 3600;

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn zone(name: &str) -> LegalZone {
    LegalZone::parse(name).unwrap()
}

fn id(n: usize) -> RequestId {
    RequestId::parse(&format!("019aa6e0-5c1f-7000-8000-{n:012}")).unwrap()
}

fn source(n: usize) -> SourceId {
    SourceId::parse(&format!("s{n}")).unwrap()
}

/// A request that closed, at two data sources.
fn closed(n: usize, received: Time, closed: Time, outcome: RequestOutcome) -> Request {
    let mut request: Request = serde_json::from_value(json!({
        "schema": 1, "id": id(n), "right": "erasure", "state": "closed", "revision": 1, "policy": "auto",
        "dry_run": outcome == RequestOutcome::DryRun, "origin": "operator", "sources": ["s0", "s1"],
        "identifier_kinds": ["email"], "received_at": received, "due_at": received, "attempt": 1,
    }))
    .unwrap();
    request.outcome = Some(outcome);
    request.closed_at = Some(closed);
    request
}

fn task(request: &Request, place: usize, outcome: Outcome, found: u32, confirmed: u32) -> Task {
    Task {
        state: TaskState::Settled,
        outcome: Some(outcome),
        counts: Counts { found, submitted: confirmed, confirmed },
        ..Task::planned(request.id, source(place), "plain".to_owned(), request.received_at)
    }
}

/// Counts as the API does: the tasks are read for the requests that need them.
fn counted(
    requests: &[(Request, Vec<Task>)],
    now: Time,
    zone: &LegalZone,
    all: bool,
) -> (ClosedFigures, Option<SyntheticEnd>) {
    let mut count = ClosedCount::new(now, zone);
    for (request, tasks) in requests {
        let tasks = if count.needs_tasks(request) { &tasks[..] } else { &[] };
        count.take(request, tasks);
    }
    count.end(all)
}

fn open_row(received_at: Time, due_at: Time) -> OpenRequest {
    OpenRequest {
        state: RequestState::Open,
        synthetic: false,
        received_at,
        due_at,
        forget_at: None,
        forgotten_at: None,
        next_due: None,
    }
}

fn task_row(state: TaskState) -> OpenTask {
    OpenTask { state, reason: None, searched_at: None, unknown_since: None, next_due: None }
}

fn open(rows: &[Work], now: Time, zone: &LegalZone) -> OpenFigures {
    let mut list = WorkList::default();
    rows.iter().for_each(|row| list.take(row));
    OpenFigures::of(&list, now, zone)
}

#[test]
fn open_requests_are_grouped_by_whole_days_and_by_what_they_wait_for() {
    let now = at("2026-11-25T09:30:00Z");
    let aged = |n: usize, seconds: u64| {
        let received = now.minus_seconds(seconds);
        Work::Request(id(n), open_row(received, now.plus_seconds(DAY)))
    };
    let rows = [
        aged(1, 7 * DAY - 1),
        aged(2, 7 * DAY),
        aged(3, 14 * DAY - 1),
        aged(4, 30 * DAY),
        Work::Task(id(1), task_row(TaskState::Submitted)),
        Work::Task(id(1), task_row(TaskState::AwaitingReview)),
        Work::Task(id(2), task_row(TaskState::Submitted)),
        Work::Task(id(3), task_row(TaskState::Unknown)),
        Work::Task(id(3), task_row(TaskState::Submitted)),
        Work::Task(id(4), task_row(TaskState::Verifying)),
    ];
    let figures = open(&rows, now, &zone("UTC"));
    let none = TurnCounts::default();
    let ages: Vec<(u32, Option<u32>, TurnCounts)> =
        figures.ages.iter().map(|group| (group.from_days, group.before_days, group.requests)).collect();
    assert_eq!(
        ages,
        [
            (0, Some(7), TurnCounts { person: 1, ..none }),
            (7, Some(14), TurnCounts { vendor: 1, unknown: 1, ..none }),
            (14, Some(21), none),
            (21, Some(30), none),
            (30, None, TurnCounts { goes_on: 1, ..none }),
        ]
    );
    assert_eq!(figures.turns, TurnCounts { person: 1, unknown: 1, vendor: 1, goes_on: 1 });
    assert_eq!(figures.oldest_received_at, Some(now.minus_seconds(30 * DAY)));
}

#[test]
fn deadlines_are_counted_by_weeks_of_the_zone_and_what_is_overdue_in_none() {
    // A Wednesday. Sunday 23:30 in UTC is Monday in Brussels.
    let now = at("2026-11-25T09:30:00Z");
    let due = |n: usize, text: &str| Work::Request(id(n), open_row(now.minus_seconds(DAY), at(text)));
    let rows = [
        due(1, "2026-11-25T09:30:00Z"),
        due(2, "2026-11-25T09:30:01Z"),
        due(3, "2026-11-29T23:30:00Z"),
        due(4, "2027-01-03T22:59:59Z"),
        due(5, "2027-01-03T23:00:00Z"),
    ];
    let weeks = |name: &str| {
        let figures = open(&rows, now, &zone(name));
        let weeks: Vec<u32> = figures.due_weeks.iter().map(|week| week.requests).collect();
        (figures.due_weeks[0].begins.clone(), figures.counts.overdue, weeks, figures.due_later)
    };
    assert_eq!(weeks("UTC"), ("2026-11-23".to_owned(), 1, vec![2, 0, 0, 0, 0, 2], 0));
    assert_eq!(weeks("Europe/Brussels"), ("2026-11-23".to_owned(), 1, vec![1, 1, 0, 0, 0, 1], 1));
}

#[test]
fn a_request_counts_in_the_month_in_which_it_closed_there() {
    let (received, end) = (at("2026-10-01T00:00:00Z"), at("2026-10-31T23:30:00Z"));
    let request = closed(1, received, end, RequestOutcome::Refused);
    for (name, month) in [("UTC", "2026-10"), ("Europe/Brussels", "2026-11")] {
        let rows = [(request.clone(), vec![])];
        let (figures, _) = counted(&rows, at("2026-11-25T09:30:00Z"), &zone(name), true);
        let found: Vec<&str> = figures
            .months
            .iter()
            .filter(|month| month.outcomes.refused == 1)
            .map(|month| month.month.as_str())
            .collect();
        assert_eq!(found, [month], "{name}");
        assert_eq!(figures.months.len(), 12);
        assert_eq!(figures.time_to_close.unwrap().median_seconds, received.seconds_until(end));
    }
}

#[test]
fn percentiles_are_times_of_requests() {
    let of = |seconds: &[u64]| {
        TimeToClose::of(seconds.to_vec()).map(|it| (it.median_seconds, it.ninetieth_percentile_seconds))
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[7]), Some((7, 7)));
    assert_eq!(of(&[9, 1]), Some((1, 9)));
    assert_eq!(of(&[3, 1, 2]), Some((2, 3)));
    assert_eq!(of(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), Some((5, 9)));
    assert_eq!(of(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), Some((6, 10)));
}

#[test]
fn records_are_summed_over_all_rounds_without_dry_runs_and_synthetic_requests() {
    let now = at("2026-11-25T09:30:00Z");
    let at_two = |n: usize, outcome: RequestOutcome| {
        let request = closed(n, now.minus_seconds(DAY), now, outcome);
        let mut first = task(&request, 0, Outcome::VerifiedErased, 3, 3);
        first.earlier = Some(Rounds {
            rounds: 1,
            counts: Counts { found: 2, submitted: 2, confirmed: 1 },
            ..Rounds::default()
        });
        let second = task(&request, 1, Outcome::NothingFound, 0, 0);
        (request, vec![first, second])
    };
    let mut synthetic = at_two(3, RequestOutcome::DryRun);
    synthetic.0.synthetic = true;
    let rows = [
        synthetic,
        at_two(1, RequestOutcome::Fulfilled),
        at_two(2, RequestOutcome::DryRun),
        at_two(4, RequestOutcome::Failed),
    ];
    let (figures, _) = counted(&rows, now, &zone("UTC"), true);
    let sources: Vec<(String, u32, u64, u64)> = figures
        .sources
        .iter()
        .map(|one| (one.source.to_string(), one.requests, one.found, one.confirmed))
        .collect();
    assert_eq!(sources, [("s0".to_owned(), 2, 10, 8), ("s1".to_owned(), 2, 0, 0)]);
    assert_eq!((figures.read, figures.outcomes.all(), figures.outcomes.dry_run), (4, 3, 1));
}

#[test]
fn an_answer_counts_as_owed_until_it_is_over() {
    let now = at("2026-11-25T09:30:00Z");
    let states = [
        AnswerState::Due,
        AnswerState::Claimed,
        AnswerState::Sent,
        AnswerState::NotSetUp,
        AnswerState::Undeliverable,
    ];
    let rows: Vec<(Request, Vec<Task>)> = states
        .into_iter()
        .enumerate()
        .map(|(n, state)| {
            let mut request = closed(n, now, now, RequestOutcome::Fulfilled);
            request.answer = Some(TicketAnswer { state, ..TicketAnswer::due(now) });
            (request, vec![])
        })
        .collect();
    let (figures, _) = counted(&rows, now, &zone("UTC"), true);
    assert_eq!((figures.answers_owed, figures.answers_undeliverable), (2, 1));
}

#[test]
fn reading_ends_where_nothing_older_can_have_closed_in_time_or_where_it_is_too_much() {
    let now = at("2026-11-25T09:30:00Z");
    let utc = zone("UTC");
    // The first month is December 2025; three months before it is September.
    for (arrived, goes_on) in [("2025-09-01T00:00:00Z", true), ("2025-08-31T23:59:59Z", false)] {
        let mut count = ClosedCount::new(now, &utc);
        assert!(count.wants_older());
        count.take(&closed(1, at(arrived), now, RequestOutcome::Fulfilled), &[]);
        assert_eq!(count.wants_older(), goes_on, "{arrived}");
    }
    let mut count = ClosedCount::new(now, &utc);
    let request =
        closed(1, at("2026-09-15T12:00:00Z"), at("2026-10-02T12:00:00Z"), RequestOutcome::Fulfilled);
    for _ in 0..MOST_READ {
        assert!(count.wants_older());
        count.take(&request, &[]);
    }
    assert!(!count.wants_older());
    let (figures, _) = count.end(false);
    assert_eq!(figures.complete_since, Some(request.received_at));
    let partial: Vec<bool> = figures.months.iter().map(|month| month.partial).collect();
    // From 15 October on, whatever arrived earlier had its month.
    assert_eq!(partial, [vec![true; 11], vec![false]].concat());
    let (figures, _) = ClosedCount::new(now, &utc).end(true);
    assert_eq!(figures.complete_since, None);
    assert!(figures.months.iter().all(|month| !month.partial));
}

#[test]
fn the_last_synthetic_request_is_the_newest_open_or_closed() {
    let now = at("2026-11-25T09:30:00Z");
    let ended = |n: usize, days: u64, second: Outcome| {
        let received = now.minus_seconds(days * DAY);
        let mut request = closed(n, received, received.plus_seconds(60), RequestOutcome::DryRun);
        request.synthetic = true;
        let tasks = vec![task(&request, 0, Outcome::DryRun, 1, 0), task(&request, 1, second, 0, 0)];
        (request, tasks)
    };
    let (_, last) =
        counted(&[ended(2, 1, Outcome::DryRun), ended(1, 2, Outcome::Failed)], now, &zone("UTC"), true);
    let last = last.unwrap();
    assert_eq!(
        (last.request, last.succeeded, last.outcome),
        (id(2), Some(true), Some(RequestOutcome::DryRun))
    );
    let (_, blind) = counted(&[ended(2, 1, Outcome::NothingFound)], now, &zone("UTC"), true);
    assert_eq!(blind.unwrap().succeeded, Some(false), "a data source found nobody");
    let health = |open_days: &[u64]| {
        let mut count = HealthCount::new(now);
        for (n, days) in open_days.iter().enumerate() {
            let row = open_row(now.minus_seconds(days * DAY), now);
            count.take(Work::Request(id(10 + n), OpenRequest { synthetic: true, ..row }));
        }
        count.end(Some(last.clone())).synthetic.unwrap()
    };
    assert_eq!(health(&[]), last);
    assert_eq!(health(&[3]), last);
    let open =
        SyntheticEnd { request: id(11), received_at: now, closed_at: None, outcome: None, succeeded: None };
    assert_eq!(health(&[3, 0]), open);
}

#[test]
fn rows_whose_time_has_come_wait_for_the_reconciliation() {
    let now = at("2026-11-25T09:30:00Z");
    let due = |seconds: u64| Some(now.minus_seconds(seconds));
    let request = OpenRequest { next_due: due(60), ..open_row(now, now) };
    let rows = [
        Work::Request(id(1), request),
        Work::Task(id(1), OpenTask { next_due: due(0), ..task_row(TaskState::Submitted) }),
        Work::Task(id(2), OpenTask { next_due: Some(now.plus_millis(1)), ..task_row(TaskState::Unknown) }),
        Work::Task(
            id(3),
            OpenTask {
                next_due: due(600),
                searched_at: due(900),
                reason: Some(Code::IdentifierMissing.to_string()),
                ..task_row(TaskState::AwaitingReview)
            },
        ),
        Work::Task(id(4), OpenTask { searched_at: due(900), ..task_row(TaskState::AwaitingReview) }),
    ];
    let mut count = HealthCount::new(now);
    rows.into_iter().for_each(|row| count.take(row));
    let expected = HealthFigures {
        reconcile_due: 3,
        reconcile_due_since: due(600),
        synthetic: None,
        unknown: 1,
        oldest_unknown_seconds: 0,
        awaiting_review: 1,
        oldest_review_seconds: 900,
        missing_identifier: 1,
        forgetting_overdue: 0,
    };
    assert_eq!(count.end(None), expected);
}

/// Closed requests as they may be: received at some time, closed some time later, in any way.
fn any_closed() -> impl Strategy<Value = Vec<(u64, u64, usize, bool, [u32; 4])>> {
    let one = (0..40_000_000_u64, 0..20_000_000_u64, 0..7_usize, any::<bool>(), any::<[u16; 4]>()).prop_map(
        |(back, took, outcome, synthetic, counts)| (back, took, outcome, synthetic, counts.map(u32::from)),
    );
    prop::collection::vec(one, 0..60)
}

proptest! {
    #[test]
    fn the_figures_of_closed_requests_add_up(
        rows in any_closed(), seconds in 1_577_836_800_i64..1_893_456_000, n in 0..ZONES.len(), all in any::<bool>(),
    ) {
        let (now, zone) = (Time::from_unix_seconds(seconds).unwrap(), zone(ZONES[n]));
        let requests: Vec<(Request, Vec<Task>)> = rows
            .iter()
            .enumerate()
            .map(|(n, (back, took, outcome, synthetic, counts))| {
                let received = now.minus_seconds(*back);
                let ended = received.plus_seconds((*took).min(*back));
                let mut request = closed(n, received, ended, RequestOutcome::ALL[*outcome]);
                request.synthetic = *synthetic;
                let [a, b, c, d] = *counts;
                let tasks = vec![
                    task(&request, n % 3, Outcome::VerifiedErased, a, b),
                    task(&request, 3, Outcome::Copied, c, d),
                ];
                (request, tasks)
            })
            .collect();
        let (figures, _) = counted(&requests, now, &zone, all);
        let read = usize::try_from(figures.read).unwrap();
        prop_assert_eq!(read, requests.len());
        prop_assert_eq!(figures.complete_since.is_some(), !all);
        // The months follow each other, and the last one is now's.
        prop_assert_eq!(figures.months.len(), 12);
        prop_assert_eq!(&figures.months[11].month, &zone.day(now)[..7]);
        for pair in figures.months.windows(2) {
            let number = |month: &str| {
                let (year, month) = month.split_once('-').unwrap();
                year.parse::<u32>().unwrap() * 12 + month.parse::<u32>().unwrap()
            };
            prop_assert_eq!(number(&pair[0].month) + 1, number(&pair[1].month));
        }
        // Each request counts once, in its month, or not at all.
        let known: Vec<&str> = figures.months.iter().map(|month| month.month.as_str()).collect();
        let mut expected: BTreeMap<(String, &str), u32> = BTreeMap::new();
        let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let (mut found, mut confirmed, mut asked) = (0_u64, 0_u64, 0_u32);
        for (request, tasks) in requests.iter().filter(|(request, _)| !request.synthetic) {
            let closed_at = request.closed_at.unwrap();
            let month = zone.day(closed_at)[..7].to_owned();
            if !known.contains(&month.as_str()) {
                continue;
            }
            *expected.entry((month.clone(), request.outcome.unwrap().as_str())).or_default() += 1;
            times.entry(month).or_default().push(request.received_at.seconds_until(closed_at));
            for task in tasks.iter().filter(|_| !request.dry_run) {
                asked += 1;
                found += u64::from(task.counts.found);
                confirmed += u64::from(task.counts.confirmed);
            }
        }
        for month in &figures.months {
            for outcome in RequestOutcome::ALL {
                let key = (month.month.clone(), outcome.as_str());
                prop_assert_eq!(month.outcomes.of(outcome), expected.get(&key).copied().unwrap_or_default());
            }
            let own = times.get(&month.month).cloned().unwrap_or_default();
            prop_assert_eq!(month.outcomes.all(), u32::try_from(own.len()).unwrap());
            prop_assert_eq!(month.time_to_close.is_some(), !own.is_empty());
            if let Some(time) = month.time_to_close {
                prop_assert!(own.contains(&time.median_seconds));
                prop_assert!(own.contains(&time.ninetieth_percentile_seconds));
                let within = |most: u64| own.iter().filter(|took| **took <= most).count();
                prop_assert!(within(time.median_seconds) * 2 >= own.len());
                prop_assert!(within(time.ninetieth_percentile_seconds) * 10 >= own.len() * 9);
                prop_assert!(time.median_seconds <= time.ninetieth_percentile_seconds);
            }
        }
        for outcome in RequestOutcome::ALL {
            let sum: u32 = figures.months.iter().map(|month| month.outcomes.of(outcome)).sum();
            prop_assert_eq!(figures.outcomes.of(outcome), sum);
        }
        prop_assert_eq!(figures.sources.iter().map(|one| one.requests).sum::<u32>(), asked);
        prop_assert_eq!(figures.sources.iter().map(|one| one.found).sum::<u64>(), found);
        prop_assert_eq!(figures.sources.iter().map(|one| one.confirmed).sum::<u64>(), confirmed);
    }

    #[test]
    fn the_figures_of_open_requests_add_up(
        rows in prop::collection::vec((0..10_000_000_u64, 0..16_000_000_u64, 0..9_usize, any::<bool>()), 0..60),
        seconds in 1_577_836_800_i64..1_893_456_000,
        n in 0..ZONES.len(),
    ) {
        let (now, zone) = (Time::from_unix_seconds(seconds).unwrap(), zone(ZONES[n]));
        let states = [
            TaskState::Planned,
            TaskState::AwaitingReview,
            TaskState::Decided,
            TaskState::Submitting,
            TaskState::Submitted,
            TaskState::Verifying,
            TaskState::Copying,
            TaskState::Unknown,
            TaskState::Settled,
        ];
        let works: Vec<Work> = rows
            .iter()
            .enumerate()
            .flat_map(|(n, (back, ahead, state, synthetic))| {
                let received = now.minus_seconds(*back);
                let row = open_row(received, received.plus_seconds(*ahead));
                let request = OpenRequest { synthetic: *synthetic, ..row };
                [Work::Task(id(n), task_row(states[*state])), Work::Request(id(n), request)]
            })
            .collect();
        let figures = open(&works, now, &zone);
        let theirs: Vec<_> = rows.iter().filter(|(.., synthetic)| !synthetic).collect();
        let all = u32::try_from(theirs.len()).unwrap();
        prop_assert_eq!(figures.counts.open, all);
        prop_assert_eq!(figures.turns.all(), all);
        prop_assert_eq!(figures.turns.person, figures.counts.waiting_for_a_person);
        let by_age = |of: fn(&TurnCounts) -> u32| figures.ages.iter().map(|group| of(&group.requests)).sum::<u32>();
        prop_assert_eq!(by_age(|counts| counts.person), figures.turns.person);
        prop_assert_eq!(by_age(|counts| counts.unknown), figures.turns.unknown);
        prop_assert_eq!(by_age(|counts| counts.vendor), figures.turns.vendor);
        prop_assert_eq!(by_age(|counts| counts.goes_on), figures.turns.goes_on);
        let WorkCounts { overdue, .. } = figures.counts;
        let ahead: u32 = figures.due_weeks.iter().map(|week| week.requests).sum();
        prop_assert_eq!(overdue + ahead + figures.due_later, all);
        prop_assert_eq!(figures.due_weeks.len(), 6);
        let oldest = theirs.iter().map(|(back, ..)| now.minus_seconds(*back)).min();
        prop_assert_eq!(figures.oldest_received_at, oldest);
    }
}
