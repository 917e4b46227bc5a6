//! The catalogue of all metrics.
//!
//! Architecture Invariant: a reading's dimension is a name from a closed list of ours (a right, an
//! outcome, a connector), never an id.

use Dimension as D;
use Sets::{Both, Only, Stage};
use std::fmt;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Rightful";

/// The dimension that every metric has: the deployment's stage.
pub const STAGE: &str = "Stage";

/// The unit of a value, by CloudWatch's name.
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
    /// The right: `erasure` or `access`.
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

/// The sets of dimensions under which a metric is recorded. CloudWatch treats each set as a metric of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sets {
    /// The stage alone.
    Stage,
    /// The stage alone, and the stage with this dimension.
    Both(Dimension),
    /// Only the stage with this dimension.
    Only(Dimension),
}

impl Sets {
    /// The names of each set's dimensions.
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
    /// The functions that write it.
    pub by: &'static str,
    /// The description.
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
            /// All metrics.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The metric's entry in the catalogue.
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

catalogue! {
    RequestsReceived | Count | Both(D::Right), "intake, console",
        "new requests, without synthetic ones";
    RequestsClosed | Count | Both(D::Outcome), "close",
        "closed requests by outcome, without synthetic ones";
    RequestDurationSeconds | Seconds | Stage, "close",
        "from the day on which the person asked to the closing, without synthetic requests";
    TasksSettled | Count | Both(D::Outcome), "the function that settles the task",
        "settled tasks by outcome";
    OperationsUnknown | Count | Stage, "search, submit, status-check, reconcile",
        "operations that became unknown";
    VerificationFound | Count | Stage, "search, reconcile",
        "submitted records that were found again when a task ended after its verification: 0 for `verified_erased`, their number for `still_present`; must be 0";
    StrangersListed | Count | Stage, "status-check, reconcile",
        "records that a finished rule lists although its submission never named them: somebody else's may be erased; written when it happens; must be 0";
    RecordsAppeared | Count | Stage, "search, submit, reconcile",
        "records of the person that a look or a copy found beyond the decision, and that need a decision of their own; written when it happens";
    TicketAnswers | Count | Both(D::Result), "close",
        "answers to tickets by how they ended";
    DeliveriesRefused | Count | Stage, "intake",
        "webhook deliveries answered with 4xx";
    DeliveriesRepeated | Count | Stage, "intake, console",
        "demands repeated under the delivery or key of a closed request, more than a day after the last time; nothing runs for them";
    DeliveriesAccepted | Count | Stage, "intake",
        "1 for a webhook delivery answered with 202, 0 for any other one that the function answered";
    TicketsUnreceived | Count | Stage, "reconcile",
        "tickets that carry the tag and were never received; written once a day, where a ticketing system is set up";
    VendorCalls | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "HTTP calls to vendors and ticketing systems, one for each try";
    VendorErrors | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "of these: failed through the vendor or the network (connect, TLS, time-out, reset, 5xx, unreadable, 401, 403); 0 for each other one";
    VendorThrottles | Count | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "of these: answered with 429; 0 for each other one";
    VendorLatency | Milliseconds | Only(D::Connector), "search, submit, status-check, reconcile, close",
        "the duration of each of these";
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
        "time since the oldest of them last moved; 0 when there is none";
    AwaitingReview | Count | Stage, "reconcile",
        "tasks that wait for a person's decision on what was found";
    OldestReviewSeconds | Seconds | Stage, "reconcile",
        "how long the oldest of them has waited; 0 when there is none";
    MissingIdentifier | Count | Stage, "reconcile",
        "tasks that wait for an identifier";
    ForgettingOverdue | Count | Stage, "reconcile",
        "closed requests whose person should have been forgotten more than a day ago";
    EventChainsBroken | Count | Stage, "reconcile",
        "event chains that do not verify, of the requests that a run examined and of the deployment's journal; must be 0";
    ReceiptsDiffering | Count | Stage, "close",
        "closings whose kept receipt differs from the one that the rows make; written when it happens; must be 0";
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
