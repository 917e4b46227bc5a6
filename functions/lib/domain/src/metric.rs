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
        "from received to closed; synthetic requests left out";
    TasksSettled | Count | Both(D::Outcome), "whoever settles the task",
        "settled tasks by outcome";
    OperationsUnknown | Count | Stage, "submit, status-check, reconcile",
        "operations that became unknown";
    VerificationFound | Count | Stage, "search, reconcile",
        "submitted records that were found again when a task ended after its verification: 0 for `verified_erased`, the number of them for `still_present`; must be 0";
    TicketAnswers | Count | Both(D::Result), "close",
        "answers to tickets by how they ended";
    DeliveriesRefused | Count | Stage, "intake",
        "webhook deliveries answered with 4xx";
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
    SyntheticSucceeded | Count | Stage, "close",
        "1 when a synthetic request ended as it must (`dry_run`), else 0";
    SyntheticFailed | Count | Stage, "close, intake",
        "1 when a synthetic request ended otherwise, or could not be started; else 0";
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
        Fact::Closed { outcome } if synthetic => of_synthetic(Some(*outcome)).to_vec(),
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
        Fact::BecameUnknown { .. } => vec![Reading::new(Metric::OperationsUnknown, 1)],
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
    let refused = (400..500).contains(&status);
    refused.then(|| Reading::new(Metric::DeliveriesRefused, 1)).into_iter().collect()
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
