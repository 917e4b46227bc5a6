//! What the domain knows of a vendor: what it can do, what it answered. A vendor's own field names
//! and statuses never leave the connector.

use crate::copy::RecordCopy;
use crate::failure::{Code, Failure, Kind};
use crate::identifier::{Identifier, IdentifierKind};
use crate::limit::CallLimits;
use crate::policy::OwnPolicies;
use crate::request::Right;
use crate::seal::hex;
use crate::waits::Waits;
use ring::digest::{SHA256, digest};
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

/// The system and account that a data source points at: a decision on records holds here and nowhere
/// else. None of its values is secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The connector's name.
    pub connector: String,
    /// The version of its definition: another one means another system.
    pub version: u32,
    /// The parameters that steer where calls go and to which account, by name.
    pub params: BTreeMap<String, String>,
}

impl Target {
    /// What tells this target apart from every other, in hex: a secret's version carries it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let whole = serde_json::to_vec(self).unwrap_or_default();
        hex(digest(&SHA256, &whole).as_ref())
    }

    /// The target in one line, for people: `qualifio: client_id 2449, host api.qualif.io`.
    #[must_use]
    pub fn words(&self) -> String {
        let params: Vec<String> = self.params.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if params.is_empty() {
            self.connector.clone()
        } else {
            format!("{}: {}", self.connector, params.join(", "))
        }
    }
}

/// The person of a data source's own, whose record every search finds as long as searches work: nobody's,
/// so that it is kept in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// The kind of its identifier.
    pub kind: IdentifierKind,
    /// The identifier's value.
    pub value: String,
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
    /// Whose record a search must find for a look to count; without one, two looks in a row are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
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
    /// The system and account that it is opened at.
    pub target: Target,
    /// The identifier kinds it searches by; a request needs at least one of them.
    pub identifiers: Vec<IdentifierKind>,
    /// The kinds whose values the vendor compares without regard to case: one spelling of each will do.
    pub ignores_case: Vec<IdentifierKind>,
    /// Whether its answers say that they are whole. Where they don't, a guard stands in for it.
    pub states_whole: bool,
    /// The identifier of the data source's control, where it has one.
    pub control: Option<Identifier>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The ids of records whose identifier matches exactly, each once, sorted.
    pub records: Vec<RecordId>,
    /// Those of `records` that show another value of a kind that the request names: they were found by a
    /// phone number, say, and show another e-mail address. Each once, sorted.
    pub marked: Vec<RecordId>,
    /// What the vendor returned beside them, and is not this person's by an exact comparison.
    pub set_aside: Vec<SetAside>,
}

/// A record that a vendor returned and that was not taken for the person's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetAside {
    /// Its id; `None` when it has none that can be read.
    pub id: Option<RecordId>,
    /// Whether its value contains the identifier as a whole part, such as one address of two in one
    /// field: it may well be the person's.
    pub doubtful: bool,
}

/// A record as a reviewer is shown it, on demand: personal data, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownRecord {
    /// Its id; `None` when it has none that can be read.
    pub id: Option<RecordId>,
    /// The kind of the identifier that found it.
    pub found_by: IdentifierKind,
    /// The fields that its definition names as telling who it is, with their texts.
    pub fields: Vec<(String, String)>,
    /// Whether it shows another value of a kind that the request names.
    pub marked: bool,
    /// Whether it was set aside, and is no record of the person by an exact comparison.
    pub set_aside: bool,
    /// Whether it was set aside although its value contains the identifier as a whole part.
    pub doubtful: bool,
}

impl fmt::Debug for ShownRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownRecord").field("found_by", &self.found_by).finish_non_exhaustive()
    }
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
    /// The vendor opened a rule, and its answer doubts that it is the dry run that was asked for, or says
    /// that it is one that was not: never sent again, and a person's matter.
    Doubtful {
        /// The id to ask about.
        rule_id: String,
        /// Where the rule stands.
        status: RuleStatus,
        /// What is doubtful.
        code: Code,
    },
    /// It certainly did not reach the vendor, or the vendor put it off: it may be sent again.
    NotSent(Fault),
    /// The vendor did not take it: this call had no effect. A look says what that means.
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
    /// How many records it lists that the rule's batch never named: somebody else's, as far as anybody
    /// can tell.
    pub strangers: usize,
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
    /// The answer is larger than the connector allows: about this person alone, as long as others' are not.
    AnswerTooLarge,
    /// The rule asked about is not there.
    RuleNotFound,
}

/// The code of a call that the vendor asks to put off.
const THROTTLED: Code = "vendor_throttled";
/// What a vendor's 4xx is kept as, by its status; our own objections to a call have other codes.
pub const REFUSALS: [Code; 7] = [
    "vendor_bad_request",
    "vendor_conflict",
    "vendor_forbidden",
    "vendor_gone",
    "vendor_not_found",
    "vendor_refused",
    "vendor_unprocessable",
];
/// The vendor's answer says that there is more, or may not be whole.
pub const ANSWER_INCOMPLETE: Code = "vendor_answer_incomplete";
/// The vendor's answer is larger than the connector allows.
pub const ANSWER_TOO_LARGE: Code = "vendor_answer_too_large";
/// One of the person's records in a vendor's answer has no id that can be read.
pub const RECORD_UNREADABLE: Code = "vendor_record_unreadable";
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

    /// Whether the vendor, or a gateway before it, refused the call: some tries over some minutes tell
    /// which. Our own objections to a call are none.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Fault::Unauthorized => true,
            Fault::Refused(code) => REFUSALS.contains(code),
            _ => false,
        }
    }

    /// Whether asking again, now or in some minutes, may bring another answer.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.is_put_off() || self.is_refusal() || matches!(self, Fault::Unavailable(_))
    }

    /// Whether a stored code says that the vendor, or a gateway before it, refused a call.
    #[must_use]
    pub fn refuses(code: &str) -> bool {
        code == Fault::Unauthorized.code() || REFUSALS.contains(&code)
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
            Fault::AnswerTooLarge => ANSWER_TOO_LARGE,
            Fault::RuleNotFound => "rule_not_found",
        }
    }

    /// The failure that stands for it in the workflow.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let kind = match self {
            Fault::Throttled(_) | Fault::Paused(..) | Fault::Unavailable(_) => Kind::Transient,
            Fault::Unauthorized => Kind::Misconfigured,
            Fault::Refused(_) | Fault::TooManyRecords | Fault::AnswerTooLarge => Kind::Refused,
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

    /// Finds the records of the person by each of the identifiers in `by` that the vendor searches by;
    /// only exact matches count. `named` is all that the request names here: a record that shows another
    /// value of one of these kinds is marked. May be repeated.
    ///
    /// # Errors
    /// [`Fault`]; also where the answer says that there is more, or may not be whole.
    async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault>;

    /// The same search, for a person's eyes: every record that the vendor returned, those set aside too,
    /// with the fields that tell who it is. May be repeated.
    ///
    /// # Errors
    /// As [`Vendor::search`].
    async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault>;

    /// Fetches the records of the person the identifiers point at, as the vendor shows them: found and
    /// compared exactly as by [`Vendor::search`], each once, sorted by id. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault>;

    /// Has the vendor erase the batch, or export it where the right is access. Must NOT be repeated after [`Submitted::Unknown`]. Ends
    /// within [`Capabilities::call_timeout_seconds`].
    async fn submit(&self, batch: &Batch<'_>) -> Submitted;

    /// Asks how a rule stands, how many of `own` it lists, and how many that are not in `batch`: all that
    /// the rule's submission named. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId]) -> Result<RuleReport, Fault>;

    /// Asks the vendor something harmless, to prove that host, account and token work.
    ///
    /// # Errors
    /// [`Fault`].
    async fn test(&self) -> Result<(), Fault>;
}
