//! What the domain knows of a vendor: what it can do, what it answered. A vendor's own field names
//! and statuses never leave the connector.

use crate::copy::RecordCopy;
use crate::failure::{Code, Failure, Kind};
use crate::identifier::{Identifier, IdentifierKind};
use crate::limit::CallLimits;
use crate::policy::OwnPolicies;
use crate::request::Right;
use crate::waits::Waits;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The id of a record as the vendor names it. Personal data (it points at a person): masked in
/// `Debug`, encrypted in the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(String);

impl RecordId {
    /// Wraps a vendor's id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id: for the vendor's request and for encryption only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordId(***)")
    }
}

/// A connector set up for use: the row `SOURCE#<id>`. Its secret is kept elsewhere, under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// Schema version of the row.
    pub schema: u8,
    /// Its id.
    pub id: crate::ids::SourceId,
    /// The connector's name, such as `qualifio`.
    pub connector: String,
    /// The connector's parameters, none of them secret.
    pub params: BTreeMap<String, String>,
    /// Whether new requests go to it.
    pub enabled: bool,
    /// Who decides on what is found there, where it isn't as in the whole deployment.
    #[serde(default, skip_serializing_if = "OwnPolicies::is_empty")]
    pub review: OwnPolicies,
    /// Counts every change of the row.
    pub revision: u64,
    /// When it was added.
    pub created_at: crate::time::Time,
}

/// What a connected vendor can do and how it wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The vendor's own name, for people.
    pub title: String,
    /// The identifier kinds it searches by; a request needs at least one of them.
    pub identifiers: Vec<IdentifierKind>,
    /// The rights it can fulfil.
    pub rights: Vec<Right>,
    /// Where a person fetches what the vendor's own export rule makes, as a sentence, when the data
    /// source opens one for access; `None` where the records are copied and nothing else.
    pub export: Option<String>,
    /// Whether a dry run is the vendor's own (the whole process, nothing deleted).
    pub dry_run: bool,
    /// How many records one submission may name; at least 1.
    pub batch_size: usize,
    /// More records than this for one person stop the task: that is no person, but a mistake.
    pub max_records: usize,
    /// How long one call to the vendor may take, in seconds.
    pub call_timeout_seconds: u64,
    /// Waits between checks of a rule.
    pub status_waits: Waits,
    /// Waits between looks after the rule finished.
    pub verify_waits: Waits,
    /// How many looks may still find a submitted record before it counts as `still_present`.
    pub verify_looks: u32,
    /// Waits between looks for the effect of a submission whose answer is missing.
    pub unknown_waits: Waits,
    /// How many looks must find its records before a submission whose answer is missing counts as
    /// without effect on them, and they may be named again; at least 1.
    pub unknown_looks: u32,
    /// Whether records that are still found after all these looks may be named again. Not where the
    /// vendor's own approval can take days: they are then still there although it has the submission.
    pub unknown_repeats: bool,
    /// How long after the decision an unfinished task is handed to a person, in seconds.
    pub deadline_seconds: u64,
    /// How many failed searches in a row end the task as failed.
    pub search_tries: u32,
    /// How often it may be called, by all functions together.
    pub call_limits: CallLimits,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The ids of records whose identifier matches exactly, each once, sorted.
    pub records: Vec<RecordId>,
}

/// One submission: some records of one task.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// Names the request in the vendor's log; holds no personal data.
    pub justification: &'a str,
    /// The records.
    pub records: &'a [RecordId],
    /// Run the vendor's process without deleting.
    pub dry_run: bool,
    /// Which right the submission fulfils.
    pub right: Right,
}

/// What came of a submission.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Submitted {
    /// The vendor opened a rule.
    Accepted {
        /// The id to ask about.
        rule_id: String,
        /// Where the rule stands.
        status: RuleStatus,
    },
    /// It certainly did not reach the vendor, or the vendor put it off: it may be sent again.
    NotSent(Fault),
    /// The vendor said no: there is no effect, and asking again will not help.
    Rejected(Fault),
    /// Nobody can tell whether it had an effect: never sent again blindly.
    Unknown(Code),
}

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// It waits for the vendor's own approval.
    AwaitingApproval,
    /// The vendor works on it.
    Pending,
    /// The vendor says it is done.
    Finished,
    /// A status that the connector does not know; it never counts as success.
    Unknown,
}

/// What the vendor says it did with the records of a finished rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// It says they are deleted.
    Deleted,
    /// It says they are anonymised.
    Anonymised,
    /// It does not say.
    NotStated,
}

/// What the vendor answered about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReport {
    /// Where it stands.
    pub status: RuleStatus,
    /// How many of the asked-about records the vendor lists as treated.
    pub confirmed: usize,
    /// What it says it did with them.
    pub claim: Claim,
}

/// Why a call to a vendor failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No connection, a time-out, a server error, an unreadable answer: it may pass.
    Unavailable(Code),
    /// The vendor asks to wait, in seconds (capped by the connector), when it says how long.
    Throttled(Option<u64>),
    /// We hold the call back ourselves, for so many seconds: it never left.
    Paused(Code, u64),
    /// The token was not accepted, also after it was read again.
    Unauthorized,
    /// The vendor refused the call for another reason.
    Refused(Code),
    /// The search found more than the connector allows for one person.
    TooManyRecords,
    /// The rule asked about is not there.
    RuleNotFound,
}

/// The code of a call that the vendor asks to put off.
const THROTTLED: Code = "vendor_throttled";
/// Our own limiter holds calls back, so that the vendor's limit is kept.
pub const RATE_LIMITED: Code = "rate_limited";
/// The vendor failed again and again: it is left alone for a while.
pub const CIRCUIT_OPEN: Code = "circuit_open";
/// The vendor's calls of the day are used up.
pub const QUOTA_SPENT: Code = "quota_spent";

impl Fault {
    /// Whether the call is only put off, by the vendor or by us: no failed try.
    #[must_use]
    pub fn is_put_off(&self) -> bool {
        matches!(self, Fault::Throttled(_) | Fault::Paused(..))
    }

    /// Whether a stored code says that a call was only put off.
    #[must_use]
    pub fn puts_off(code: &str) -> bool {
        [THROTTLED, RATE_LIMITED, CIRCUIT_OPEN, QUOTA_SPENT].contains(&code)
    }

    /// How long the vendor, or our own limiter, wants the next call to wait, in seconds.
    #[must_use]
    pub fn asked_wait(&self) -> Option<u64> {
        match self {
            Fault::Throttled(wait) => *wait,
            Fault::Paused(_, seconds) => Some(*seconds),
            _ => None,
        }
    }

    /// Its code, for the store, the log and the receipt.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Fault::Unavailable(code) | Fault::Refused(code) => code,
            Fault::Paused(code, _) => code,
            Fault::Throttled(_) => THROTTLED,
            Fault::Unauthorized => "credentials_rejected",
            Fault::TooManyRecords => "too_many_records",
            Fault::RuleNotFound => "rule_not_found",
        }
    }

    /// The failure that stands for it in the workflow.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let kind = match self {
            Fault::Unavailable(_) => Kind::Transient,
            Fault::Throttled(_) | Fault::Paused(..) => Kind::Throttled,
            Fault::Unauthorized => Kind::Misconfigured,
            Fault::Refused(_) | Fault::TooManyRecords => Kind::Refused,
            Fault::RuleNotFound => Kind::Unknown,
        };
        Failure::new(kind, self.code())
    }
}

/// A connected data source: what the connectors implement.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Vendor {
    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Finds the records of the person the identifiers point at, by every given identifier that
    /// the vendor searches by; only exact matches. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn search(&self, identifiers: &[Identifier]) -> Result<Found, Fault>;

    /// Fetches the records of the person the identifiers point at, as the vendor shows them: found and
    /// compared exactly as by [`Vendor::search`], each once, sorted by id. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault>;

    /// Has the vendor erase the batch, or export it where the right is access. Must NOT be repeated after [`Submitted::Unknown`]. Ends
    /// within [`Capabilities::call_timeout_seconds`].
    async fn submit(&self, batch: &Batch<'_>) -> Submitted;

    /// Asks how a rule stands, and how many of `records` it lists. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn status(&self, rule_id: &str, records: &[RecordId]) -> Result<RuleReport, Fault>;

    /// Asks the vendor something harmless, to prove that host, account and token work.
    ///
    /// # Errors
    /// [`Fault`].
    async fn test(&self) -> Result<(), Fault>;
}
