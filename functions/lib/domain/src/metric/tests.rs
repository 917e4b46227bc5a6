//! Readings of what happened.

use crate::base::ids::SourceId;
use crate::chain::fact::Fact;
use crate::duty::gauge::Gauges;
use crate::metric::Metric;
use crate::metric::catalogue::Entry;
use crate::metric::observer::{CallEnd, Committed};
use crate::metric::reading::{Reading, of_call, of_commit, of_delivery, of_run, of_synthetic, of_tickets};
use crate::model::request::{Request, RequestOutcome};
use crate::model::task::{Outcome, Task};
use crate::operations::reconcile::run::Run;
use crate::ports::store::{Change, Row};

use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::law::right::Right;
use crate::model::answer::{AnswerState, TicketAnswer};
use crate::model::policy::Policy;
use crate::model::request::RequestState;
use crate::model::task::TaskState;

fn now() -> Time {
    Time::parse("2026-11-21T09:30:00Z").unwrap()
}

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
}

fn source() -> SourceId {
    SourceId::parse("crm").unwrap()
}

fn request(synthetic: bool) -> Request {
    let row = serde_json::json!({
        "schema": 1, "id": id(), "right": "erasure", "state": "closed", "revision": 3,
        "policy": Policy::Auto, "dry_run": synthetic, "synthetic": synthetic, "origin": "operator",
        "sources": [source()], "identifier_kinds": [], "received_at": now(),
        "due_at": crate::law::deadline::LegalZone::default().months_after(now(), 1), "attempt": 1,
        "closed_at": now().plus_seconds(90),
    });
    serde_json::from_value(row).unwrap()
}

fn received() -> Fact {
    Fact::Received {
        right: Right::Access,
        origin: "zendesk".to_owned(),
        by: None,
        policy: Policy::Auto,
        dry_run: false,
        synthetic: false,
        identifier_kinds: vec![],
        sources: vec![source()],
        not_asked: vec![],
        received_at: None,
        due_at: now(),
    }
}

fn settled(outcome: Outcome) -> Fact {
    Fact::Settled { source: source(), outcome, reason: None, appeared: 0 }
}

fn task(left: u32) -> Task {
    let planned = Task::planned(id(), source(), "qualifio".to_owned(), now());
    Task { state: TaskState::Settled, left, ..planned }
}

fn readings(rows: Vec<Row>, facts: Vec<Fact>) -> Vec<Reading> {
    of_commit(&Committed::of(&Change { request: id(), at: now(), rows, facts }))
}

#[test]
fn a_demand_that_came_again_is_counted_once_it_is_recorded() {
    let fact = Fact::DeliveryRepeated { channel: "zendesk".to_owned(), by: None };
    let told = readings(vec![Row::Request(request(false))], vec![fact]);
    assert_eq!(told, [Reading::new(Metric::DeliveriesRepeated, 1)]);
}

#[test]
fn a_request_is_counted_by_its_right_when_it_comes_in_and_by_its_outcome_when_it_closes() {
    let row = || Row::Request(request(false));
    let came = readings(vec![row()], vec![received()]);
    assert_eq!(came, [Reading::by(Metric::RequestsReceived, 1, "access")]);
    let closed = readings(vec![row()], vec![Fact::Closed { outcome: RequestOutcome::Fulfilled }]);
    assert_eq!(
        closed,
        [
            Reading::by(Metric::RequestsClosed, 1, "fulfilled"),
            Reading::new(Metric::RequestDurationSeconds, 90)
        ]
    );
    assert_eq!(readings(vec![row()], vec![Fact::Forgotten]), []);
}

#[test]
fn a_synthetic_request_counts_in_no_legal_figure_and_tells_whether_it_ended_as_it_must() {
    let row = || Row::Request(request(true));
    assert_eq!(readings(vec![row()], vec![received()]), []);
    let closed = |outcome| {
        let told = readings(vec![row()], vec![Fact::Closed { outcome }]);
        told.into_iter().map(|reading| (reading.metric, reading.value)).collect::<Vec<_>>()
    };
    let told =
        |succeeded, failed| vec![(Metric::SyntheticSucceeded, succeeded), (Metric::SyntheticFailed, failed)];
    assert_eq!(closed(RequestOutcome::DryRun), told(1, 0));
    for other in [RequestOutcome::NothingFound, RequestOutcome::Failed, RequestOutcome::Fulfilled] {
        assert_eq!(closed(other), told(0, 1));
    }
    let with = |outcome| Row::Task(Task { outcome: Some(outcome), ..task(0) });
    for (second, succeeded) in [(Outcome::DryRun, 1), (Outcome::NothingFound, 0)] {
        let rows = vec![row(), with(Outcome::DryRun), with(second)];
        let told = readings(rows, vec![Fact::Closed { outcome: RequestOutcome::DryRun }]);
        assert_eq!(told.iter().map(|reading| reading.value).collect::<Vec<_>>(), [succeeded, 1 - succeeded]);
    }
    assert_eq!(of_synthetic(None).map(|reading| reading.value), [0, 1], "could not be started");
}

#[test]
fn what_a_verification_found_is_told_only_of_a_task_that_ended_by_one() {
    let settles = |outcome, left| readings(vec![Row::Task(task(left))], vec![settled(outcome)]);
    let by = |outcome| Reading::by(Metric::TasksSettled, 1, outcome);
    let found = |n| Reading::new(Metric::VerificationFound, n);
    assert_eq!(settles(Outcome::VerifiedErased, 0), [by("verified_erased"), found(0)]);
    assert_eq!(settles(Outcome::StillPresent, 3), [by("still_present"), found(3)]);
    assert_eq!(settles(Outcome::ReportedErased, 0), [by("reported_erased")]);
    assert_eq!(settles(Outcome::NothingFound, 0), [by("nothing_found")]);
    let without_its_row = readings(vec![], vec![settled(Outcome::StillPresent)]);
    assert_eq!(without_its_row[1], found(1), "never less than what makes it still present");
}

#[test]
fn an_answer_is_counted_once_it_has_ended_by_how_the_row_says_it_did() {
    let answered = |state, fact| {
        let answer = TicketAnswer { state, ..TicketAnswer::due(now()) };
        readings(vec![Row::Request(Request { answer: Some(answer), ..request(false) })], vec![fact])
    };
    let undeliverable = || Fact::AnswerUndeliverable { reason: "vendor_not_found".to_owned() };
    let by = |result| vec![Reading::by(Metric::TicketAnswers, 1, result)];
    assert_eq!(answered(AnswerState::Sent, Fact::AnswerSent { attempt: 1 }), by("sent"));
    assert_eq!(answered(AnswerState::Undeliverable, undeliverable()), by("undeliverable"));
    assert_eq!(answered(AnswerState::NotSetUp, undeliverable()), by("not_set_up"));
    assert_eq!(answered(AnswerState::Claimed, Fact::AnswerClaimed { attempt: 1 }), []);
}

#[test]
fn an_operation_that_becomes_unknown_is_counted_when_it_does() {
    let fact = Fact::BecameUnknown { source: source(), batch: Some(1), reason: "timed_out".to_owned() };
    assert_eq!(readings(vec![], vec![fact]), [Reading::new(Metric::OperationsUnknown, 1)]);
}

#[test]
fn a_receipt_that_is_not_the_one_that_is_kept_is_counted_once_it_is_recorded() {
    let differs = || Fact::ReceiptDiffers { kept: "0".repeat(64), made: "1".repeat(64) };
    for synthetic in [false, true] {
        let told = readings(vec![Row::Request(request(synthetic))], vec![differs()]);
        assert_eq!(told, [Reading::new(Metric::ReceiptsDiffering, 1)], "{synthetic}");
    }
    let kept = Fact::ReceiptKept { sha256: "0".repeat(64) };
    assert_eq!(readings(vec![Row::Request(request(false))], vec![kept]), []);
}

#[test]
fn records_that_were_never_submitted_and_those_that_appeared_are_counted_by_their_number() {
    let strangers = |batch, strangers| Fact::StrangersListed { source: source(), batch, strangers };
    let listed = |n| Reading::new(Metric::StrangersListed, n);
    assert_eq!(
        readings(vec![Row::Task(task(0))], vec![strangers(0, 1), strangers(1, 2)]),
        [listed(1), listed(2)],
        "one for each batch"
    );
    // A synthetic request's rule can erase somebody else's record as well.
    assert_eq!(readings(vec![Row::Request(request(true))], vec![strangers(0, 3)]), [listed(3)]);
    let back = Fact::WentBack { source: source(), round: 2, appeared: 4 };
    assert_eq!(readings(vec![], vec![back]), [Reading::new(Metric::RecordsAppeared, 4)]);
    let finished = Fact::Finished { source: source(), batches: vec![0], confirmed: 2 };
    assert_eq!(readings(vec![], vec![finished]), [], "nothing is written of a rule that lists its own");
}

#[test]
fn a_call_is_counted_with_what_it_was_and_with_what_it_was_not() {
    let values = |end| of_call("qualifio", end, 120).map(|reading| reading.value);
    assert_eq!(values(CallEnd::Answered), [1, 0, 0, 120]);
    assert_eq!(values(CallEnd::Failed), [1, 1, 0, 120]);
    assert_eq!(values(CallEnd::Throttled), [1, 0, 1, 120]);
    for reading in of_call("qualifio", CallEnd::Answered, 1) {
        assert_eq!(reading.dimension.as_deref(), Some("qualifio"), "{}", reading.metric);
    }
}

#[test]
fn a_delivery_is_counted_when_it_is_refused_and_each_tells_whether_it_was_accepted() {
    for (status, refused) in [(202, 0), (400, 1), (401, 1), (413, 1), (422, 1), (500, 0), (503, 0)] {
        let readings = of_delivery(status);
        let of = |metric| readings.iter().filter(move |one| one.metric == metric).map(|one| one.value);
        assert_eq!(of(Metric::DeliveriesRefused).sum::<i64>(), refused, "{status}");
        let accepted: Vec<i64> = of(Metric::DeliveriesAccepted).collect();
        assert_eq!(accepted, [i64::from(status == 202)], "{status}");
    }
}

#[test]
fn a_run_tells_of_itself_also_when_open_work_could_not_be_counted() {
    let gauges = Gauges { unknown: 2, overdue: 1, ..Gauges::default() };
    let run = Run { failed: 3, chains_broken: 1, gauges: Some(gauges), ..Run::default() };
    let readings = of_run(&run);
    let value = |metric| readings.iter().find(|one| one.metric == metric).map(|one| one.value);
    assert_eq!(value(Metric::ReconcileRuns), Some(1));
    assert_eq!(value(Metric::RequestsNotBroughtForward), Some(3));
    assert_eq!(value(Metric::EventChainsBroken), Some(1));
    assert_eq!((value(Metric::UnknownOperations), value(Metric::RequestsOverdue)), (Some(2), Some(1)));
    assert_eq!(value(Metric::NearestDeadlineSeconds), None, "nothing is open");
    assert_eq!(of_run(&Run { gauges: None, ..run }).len(), 3);
    let open = Gauges { open: 1, nearest_deadline_seconds: Some(-5), ..Gauges::default() };
    let readings = of_run(&Run { gauges: Some(open), ..Run::default() });
    assert!(readings.contains(&Reading::new(Metric::NearestDeadlineSeconds, -5)));
}

#[test]
fn every_reading_has_the_dimension_that_the_catalogue_names() {
    let rows = || vec![Row::Request(request(false)), Row::Task(task(1))];
    let facts = vec![
        received(),
        Fact::Closed { outcome: RequestOutcome::Fulfilled },
        settled(Outcome::StillPresent),
        Fact::BecameUnknown { source: source(), batch: None, reason: "x".to_owned() },
        Fact::DeliveryRepeated { channel: "zendesk".to_owned(), by: None },
        Fact::StrangersListed { source: source(), batch: 0, strangers: 1 },
        Fact::WentBack { source: source(), round: 1, appeared: 1 },
        Fact::ReceiptDiffers { kept: "0".repeat(64), made: "1".repeat(64) },
    ];
    let mut all = readings(rows(), facts);
    all.extend(of_synthetic(None));
    all.extend(of_delivery(401));
    all.extend(of_tickets(2));
    all.extend(of_call("qualifio", CallEnd::Failed, 1));
    let gauges = Gauges { nearest_deadline_seconds: Some(1), ..Gauges::default() };
    all.extend(of_run(&Run { gauges: Some(gauges), ..Run::default() }));
    let answer = TicketAnswer { state: AnswerState::Sent, ..TicketAnswer::due(now()) };
    let row = Row::Request(Request { answer: Some(answer), state: RequestState::Closed, ..request(false) });
    all.extend(readings(vec![row], vec![Fact::AnswerSent { attempt: 1 }]));
    for reading in &all {
        let further = reading.metric.entry().sets.further();
        assert_eq!(reading.dimension.is_some(), further.is_some(), "{}", reading.metric);
    }
    for metric in Metric::ALL {
        assert!(all.iter().any(|reading| reading.metric == *metric), "nothing writes {metric}");
    }
}

#[test]
fn the_page_of_metrics_has_the_table_of_the_catalogue() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/METRICS.md"));
    let page = page.unwrap();
    let mut wanted = vec![
        "| metric | unit | dimensions | written by | what |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for metric in Metric::ALL {
        let Entry { name, unit, sets, by, what } = metric.entry();
        let sets: Vec<String> = sets.names().iter().map(|set| set.join(", ")).collect();
        wanted.push(format!("| {name} | {} | {} | {by} | {what} |", unit.as_str(), sets.join("; ")));
    }
    let told: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(told, wanted, "write this table:\n{}\n", wanted.join("\n"));
}
