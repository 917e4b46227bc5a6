//! What the domain knows of a vendor: what it can do, what it answered. A vendor's own field names
//! and statuses never leave the connector.

use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::waits::Waits;
use crate::law::right::Right;
use crate::vendor::call_limits::CallLimits;
use crate::vendor::fault::Fault;
use crate::vendor::record::{Found, RecordCopy, RecordId, ShownRecord};
use crate::vendor::report::{RuleReport, Submitted};
use crate::vendor::target::Target;

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
