//! What is measured: the catalogue of all metrics, and the readings that are made of what happened.
//!
//! Pure: who writes readings down, and in which format, is no matter of the domain's.
//!
//! Architecture Invariant: a reading's dimension is a name from a closed list of ours (a right, an
//! outcome, a connector), never an id.

use crate::event::Fact;
use crate::gauge::Gauges;
use crate::ids::SourceId;
use crate::operations::reconcile::Run;
use crate::ports::{Change, Row};
use crate::request::{Request, RequestOutcome};
use crate::task::{Outcome, Task};
use std::borrow::Cow;
use std::fmt;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Rightful";

/// The dimension that every metric has: the deployment's stage.
pub const STAGE: &str = "Stage";

/// What a value counts, by CloudWatch's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// CloudWatch's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// A dimension beside the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// What is demanded: `erasure`, `access`.
    Right,
    /// How a request or a task ended.
    Outcome,
    /// How the answer to a ticket ended.
    Result,
    /// A connector's name, or a ticketing system's.
    Connector,
}

impl Dimension {
    /// Its name in CloudWatch.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "Right",
            Self::Outcome => "Outcome",
            Self::Result => "Result",
            Self::Connector => "Connector",
        }
    }
}

/// Under which sets of dimensions a metric is kept. Each of them is a metric of its own to CloudWatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sets {
    /// The stage alone.
    Stage,
    /// The stage alone, and the stage with this.
    Both(Dimension),
    /// The stage with this, and nothing else.
    Only(Dimension),
}

impl Sets {
    /// The sets, each by the names of its dimensions.
    #[must_use]
    pub fn names(self) -> Vec<Vec<&'static str>> {
        match self {
            Self::Stage => vec![vec![STAGE]],
            Self::Both(dimension) => vec![vec![STAGE], vec![STAGE, dimension.as_str()]],
            Self::Only(dimension) => vec![vec![STAGE, dimension.as_str()]],
        }
    }

    /// The dimension beside the stage.
    #[must_use]
    pub fn further(self) -> Option<Dimension> {
        match self {
            Self::Stage => None,
            Self::Both(dimension) | Self::Only(dimension) => Some(dimension),
        }
    }
}

/// A metric of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Its sets of dimensions.
    pub sets: Sets,
    /// Who writes it.
    pub by: &'static str,
    /// What it is.
    pub what: &'static str,
}

macro_rules! catalogue {
    ($($name:ident | $unit:ident | $sets:expr, $by:literal, $what:literal;)*) => {
        /// A metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Metric {
            $(#[doc = $what] $name,)*
        }

        impl Metric {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What the catalogue says of it.
            #[must_use]
            pub fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        name: stringify!($name), unit: Unit::$unit, sets: $sets, by: $by, what: $what,
                    },)*
                }
            }
        }
    };
}

use Dimension as D;
use Sets::{Both, Only, Stage};

catalogue! {
    RequestsReceived | Count | Both(D::Right), "intake, console",
        "new requests; synthetic ones left out";
    RequestsClosed | Count | Both(D::Outcome), "close",
        "closed requests by outcome; synthetic ones left out";
    RequestDurationSeconds | Seconds | Stage, "close",
        "from the day on which the person asked to the closing; synthetic requests left out";
    TasksSettled | Count | Both(D::Outcome), "whoever settles the task",
        "settled tasks by outcome";
    OperationsUnknown | Count | Stage, "search, submit, status-check, reconcile",
        "operations that became unknown";
    VerificationFound | Count | Stage, "search, reconcile",
        "submitted records that were found again when a task ended after its verification: 0 for `verified_erased`, the number of them for `still_present`; must be 0";
    StrangersListed | Count | Stage, "status-check, reconcile",
        "records that a finished rule lists although its submission never named them: somebody else's may be erased; written when it happens; must be 0";
    RecordsAppeared | Count | Stage, "search, submit, reconcile",
        "records of the person that a look or a copy found beyond the decision, which get a decision of their own; written when it happens";
    TicketAnswers | Count | Both(D::Result), "close",
        "answers to tickets by how they ended";
    DeliveriesRefused | Count | Stage, "intake",
        "webhook deliveries answered with 4xx";
    DeliveriesRepeated | Count | Stage, "intake, console",
        "demands that came again under the delivery or key of a closed request, more than a day after the last time; nothing runs for them";
    DeliveriesAccepted | Count | Stage, "intake",
        "1 for a webhook delivery answered with 202, 0 for any other one that the function answered";
    TicketsUnreceived | Count | Stage, "reconcile",
        "tickets that carry the tag and were never received; written once a day, where a ticketing system is set up";
    VendorCalls | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "HTTP calls to vendors and ticketing systems, one for each try";
    VendorErrors | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "of these: failed through the vendor or the way there (connect, TLS, time-out, reset, 5xx, unreadable, 401, 403); 0 for each other one";
    VendorThrottles | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "of these: answered with 429; 0 for each other one";
    VendorLatency | Milliseconds | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "how long each of these took";
    ReconcileRuns | Count | Stage, "reconcile",
        "runs that came to their end";
    RequestsNotBroughtForward | Count | Stage, "reconcile",
        "requests that one run could not bring forward";
    RequestsOpen | Count | Stage, "reconcile",
        "open requests";
    OldestOpenSeconds | Seconds | Stage, "reconcile",
        "age of the oldest open request; 0 when there is none";
    NearestDeadlineSeconds | Seconds | Stage, "reconcile",
        "until the nearest legal deadline of an open request, negative when it is past; not written when none is open";
    RequestsAtRisk | Count | Stage, "reconcile",
        "open requests whose legal deadline is at most seven days away, or past";
    RequestsOverdue | Count | Stage, "reconcile",
        "open requests whose legal deadline is past";
    UnknownOperations | Count | Stage, "reconcile",
        "tasks in state `unknown`";
    OldestUnknownSeconds | Seconds | Stage, "reconcile",
        "since when the oldest of them has not moved; 0 when there is none";
    AwaitingReview | Count | Stage, "reconcile",
        "tasks that wait for a person's decision on what was found";
    OldestReviewSeconds | Seconds | Stage, "reconcile",
        "how long the oldest of them waits; 0 when there is none";
    MissingIdentifier | Count | Stage, "reconcile",
        "tasks that wait for an identifier";
    ForgettingOverdue | Count | Stage, "reconcile",
        "closed requests whose person should have been forgotten more than a day ago";
    EventChainsBroken | Count | Stage, "reconcile",
        "event chains that do not verify, of the requests that a run examined and of the deployment's journal; must be 0";
    ReceiptsDiffering | Count | Stage, "close",
        "closings for which another receipt is kept than the one that the rows make; written when it happens; must be 0";
    SyntheticSucceeded | Count | Stage, "close",
        "1 when a synthetic request ended as it must (`dry_run` at every data source), else 0";
    SyntheticFailed | Count | Stage, "close, intake",
        "1 when a synthetic request ended otherwise, or could not be started and no repetition helps; else 0";
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().name)
    }
}

/// One value of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The metric.
    pub metric: Metric,
    /// Its value, in the metric's unit.
    pub value: i64,
    /// The value of the metric's dimension beside the stage, where it has one.
    pub dimension: Option<Cow<'static, str>>,
}

impl Reading {
    /// A value of a metric that has the stage alone.
    #[must_use]
    pub fn new(metric: Metric, value: i64) -> Self {
        Self { metric, value, dimension: None }
    }

    /// A value of a metric that has a further dimension.
    #[must_use]
    pub fn by(metric: Metric, value: i64, dimension: impl Into<Cow<'static, str>>) -> Self {
        Self { metric, value, dimension: Some(dimension.into()) }
    }
}

/// What was committed: facts, with the rows that were stored with them.
#[derive(Clone, Debug)]
pub struct Committed<'a> {
    /// The request's row, where it was stored too.
    pub request: Option<&'a Request>,
    /// The rows of tasks that were stored.
    pub tasks: Vec<&'a Task>,
    /// What happened, in order.
    pub facts: &'a [Fact],
}

impl<'a> Committed<'a> {
    /// What a change tells once it is stored.
    #[must_use]
    pub fn of(change: &'a Change) -> Self {
        let mut request = None;
        let mut tasks = Vec::new();
        for row in &change.rows {
            match row {
                Row::Request(row) => request = Some(row),
                Row::Task(row) => tasks.push(row),
                _ => {}
            }
        }
        Self { request, tasks, facts: &change.facts }
    }

    fn task(&self, source: &SourceId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.source == *source).copied()
    }
}

/// Hears of facts once they are committed: of each commit once, also where the store's answer got lost
/// and the change was found there. A crash right after a commit loses what it would have heard.
pub trait CommitObserver: fmt::Debug + Send + Sync {
    /// This is stored now.
    fn committed(&self, committed: &Committed<'_>);
}

/// How an HTTP call to a vendor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The vendor answered, be it with a refusal.
    Answered,
    /// The vendor asked to wait (429).
    Throttled,
    /// It failed through the vendor or the way there, or the vendor did not take our token.
    Failed,
}

/// Hears of HTTP calls to vendors and ticketing systems.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// A call to the vendor behind this connector ended so, after so many milliseconds. A call that was
    /// never made, because it is not allowed or there is no time left for it, is none.
    fn called(&self, connector: &str, end: CallEnd, duration_ms: u64);
    /// The answer to a call that was told as [`CallEnd::Answered`] can't be read after all.
    fn unreadable(&self, connector: &str);
}

fn number(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// The readings of what was committed.
#[must_use]
pub fn of_commit(committed: &Committed<'_>) -> Vec<Reading> {
    committed.facts.iter().flat_map(|fact| of_fact(fact, committed)).collect()
}

fn of_fact(fact: &Fact, committed: &Committed<'_>) -> Vec<Reading> {
    let synthetic = committed.request.is_some_and(|request| request.synthetic);
    match fact {
        Fact::Received { right, .. } if !synthetic => {
            vec![Reading::by(Metric::RequestsReceived, 1, right.as_str())]
        }
        Fact::Closed { outcome } if synthetic => {
            // One data source that finds nobody hides behind another's dry run in the request's outcome.
            let everywhere = committed.tasks.iter().all(|task| task.outcome == Some(Outcome::DryRun));
            of_synthetic(Some(*outcome).filter(|_| everywhere)).to_vec()
        }
        Fact::Closed { outcome } => {
            let mut readings = vec![Reading::by(Metric::RequestsClosed, 1, outcome.as_str())];
            if let Some(request) = committed.request
                && let Some(closed_at) = request.closed_at
            {
                let seconds = number(request.received_at.seconds_until(closed_at));
                readings.push(Reading::new(Metric::RequestDurationSeconds, seconds));
            }
            readings
        }
        Fact::Settled { source, outcome, .. } => {
            let mut readings = vec![Reading::by(Metric::TasksSettled, 1, outcome.as_str())];
            let found = match outcome {
                Outcome::VerifiedErased => Some(0),
                // It is still present because at least one record is.
                Outcome::StillPresent => Some(committed.task(source).map_or(1, |task| task.left).max(1)),
                _ => None,
            };
            readings.extend(found.map(|found| Reading::new(Metric::VerificationFound, number(found))));
            readings
        }
        Fact::DeliveryRepeated { .. } => vec![Reading::new(Metric::DeliveriesRepeated, 1)],
        Fact::BecameUnknown { .. } => vec![Reading::new(Metric::OperationsUnknown, 1)],
        // Its evidence is in doubt, whoever the request is about.
        Fact::ReceiptDiffers { .. } => vec![Reading::new(Metric::ReceiptsDiffering, 1)],
        Fact::StrangersListed { strangers, .. } => {
            vec![Reading::new(Metric::StrangersListed, number(*strangers))]
        }
        Fact::WentBack { appeared, .. } => vec![Reading::new(Metric::RecordsAppeared, number(*appeared))],
        // One fact stands for both of the ends that are no success; the row tells which.
        Fact::AnswerSent { .. } | Fact::AnswerUndeliverable { .. } => {
            let answer = committed.request.and_then(|request| request.answer.as_ref());
            let result = answer.map(|answer| answer.state.as_str());
            result.map(|result| Reading::by(Metric::TicketAnswers, 1, result)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The readings of a synthetic request that ended so, or that could not be started (`None`).
#[must_use]
pub fn of_synthetic(outcome: Option<RequestOutcome>) -> [Reading; 2] {
    let succeeded = outcome == Some(RequestOutcome::DryRun);
    [
        Reading::new(Metric::SyntheticSucceeded, i64::from(succeeded)),
        Reading::new(Metric::SyntheticFailed, i64::from(!succeeded)),
    ]
}

/// The readings of a webhook delivery that was answered with this HTTP status.
#[must_use]
pub fn of_delivery(status: u16) -> Vec<Reading> {
    let accepted = Reading::new(Metric::DeliveriesAccepted, i64::from(status == 202));
    let refused = (400..500).contains(&status).then(|| Reading::new(Metric::DeliveriesRefused, 1));
    std::iter::once(accepted).chain(refused).collect()
}

/// The reading of so many tickets that were tagged and never received.
#[must_use]
pub fn of_tickets(unreceived: usize) -> [Reading; 1] {
    [Reading::new(Metric::TicketsUnreceived, number(unreceived))]
}

/// The readings of an HTTP call to a vendor.
#[must_use]
pub fn of_call(connector: &str, end: CallEnd, duration_ms: u64) -> [Reading; 4] {
    let by = |metric, value| Reading::by(metric, value, connector.to_owned());
    [
        by(Metric::VendorCalls, 1),
        by(Metric::VendorErrors, i64::from(end == CallEnd::Failed)),
        by(Metric::VendorThrottles, i64::from(end == CallEnd::Throttled)),
        by(Metric::VendorLatency, number(duration_ms)),
    ]
}

/// The reading of an answer that turned out unreadable: its call was counted as it came in.
#[must_use]
pub fn of_unreadable(connector: &str) -> Reading {
    Reading::by(Metric::VendorErrors, 1, connector.to_owned())
}

/// The readings of a run of the reconciliation that came to its end.
#[must_use]
pub fn of_run(run: &Run) -> Vec<Reading> {
    let mut readings = vec![
        Reading::new(Metric::ReconcileRuns, 1),
        Reading::new(Metric::RequestsNotBroughtForward, number(run.failed)),
        Reading::new(Metric::EventChainsBroken, number(run.chains_broken)),
    ];
    readings.extend(run.gauges.iter().flat_map(of_gauges));
    readings
}

fn of_gauges(gauges: &Gauges) -> Vec<Reading> {
    let Gauges {
        open,
        oldest_open_seconds,
        nearest_deadline_seconds,
        at_risk,
        // Three days before the deadline it has been at risk for four.
        pressing: _,
        overdue,
        unknown,
        oldest_unknown_seconds,
        awaiting_review,
        oldest_review_seconds,
        missing_identifier,
        forgetting_overdue,
    } = *gauges;
    let mut readings = vec![
        Reading::new(Metric::RequestsOpen, number(open)),
        Reading::new(Metric::OldestOpenSeconds, number(oldest_open_seconds)),
        Reading::new(Metric::RequestsAtRisk, number(at_risk)),
        Reading::new(Metric::RequestsOverdue, number(overdue)),
        Reading::new(Metric::UnknownOperations, number(unknown)),
        Reading::new(Metric::OldestUnknownSeconds, number(oldest_unknown_seconds)),
        Reading::new(Metric::AwaitingReview, number(awaiting_review)),
        Reading::new(Metric::OldestReviewSeconds, number(oldest_review_seconds)),
        Reading::new(Metric::MissingIdentifier, number(missing_identifier)),
        Reading::new(Metric::ForgettingOverdue, number(forgetting_overdue)),
    ];
    let nearest = nearest_deadline_seconds.map(|left| Reading::new(Metric::NearestDeadlineSeconds, left));
    readings.extend(nearest);
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RequestId;
    use crate::policy::Policy;
    use crate::request::{RequestState, Right};
    use crate::task::TaskState;
    use crate::ticket::{Answer, AnswerState};
    use crate::time::Time;

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
            "due_at": crate::legal::LegalZone::default().months_after(now(), 1), "attempt": 1,
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
        let told = |succeeded, failed| {
            vec![(Metric::SyntheticSucceeded, succeeded), (Metric::SyntheticFailed, failed)]
        };
        assert_eq!(closed(RequestOutcome::DryRun), told(1, 0));
        for other in [RequestOutcome::NothingFound, RequestOutcome::Failed, RequestOutcome::Fulfilled] {
            assert_eq!(closed(other), told(0, 1));
        }
        let with = |outcome| Row::Task(Task { outcome: Some(outcome), ..task(0) });
        for (second, succeeded) in [(Outcome::DryRun, 1), (Outcome::NothingFound, 0)] {
            let rows = vec![row(), with(Outcome::DryRun), with(second)];
            let told = readings(rows, vec![Fact::Closed { outcome: RequestOutcome::DryRun }]);
            assert_eq!(
                told.iter().map(|reading| reading.value).collect::<Vec<_>>(),
                [succeeded, 1 - succeeded]
            );
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
            let answer = Answer { state, ..Answer::due(now()) };
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
        // Somebody else's record is erased by a synthetic request's rule as well.
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
        let answer = Answer { state: AnswerState::Sent, ..Answer::due(now()) };
        let row =
            Row::Request(Request { answer: Some(answer), state: RequestState::Closed, ..request(false) });
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
}
