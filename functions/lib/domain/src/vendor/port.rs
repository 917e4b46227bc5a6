//! The domain's view of a vendor: its capabilities and its answers. A vendor's own field names and statuses
//! never leave the connector.

use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::waits::Waits;
use crate::law::right::Right;
use crate::vendor::call_limits::CallLimits;
use crate::vendor::fault::Fault;
use crate::vendor::record::{Found, RecordCopy, RecordId, ShownRecord};
use crate::vendor::report::{RuleReport, Submitted};
use crate::vendor::target::Target;

/// The capabilities of a connected vendor, and how it must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The vendor's own name, for people.
    pub title: String,
    /// The system and account that the vendor was opened at.
    pub target: Target,
    /// The identifier kinds that the vendor searches by; a request needs at least one of them.
    pub identifiers: Vec<IdentifierKind>,
    /// The kinds whose values the vendor compares without regard to case: one spelling of each is enough.
    pub ignores_case: Vec<IdentifierKind>,
    /// Whether its answers say that they are complete. If they don't, a guard takes the place of the statement.
    pub states_whole: bool,
    /// The identifier of the data source's control, if it has one.
    pub control: Option<Identifier>,
    /// The rights it can fulfil.
    pub rights: Vec<Right>,
    /// Where a person fetches the output of the vendor's own export rule, as a sentence, when the data source
    /// opens such a rule for access; `None` when the records are only copied.
    pub export: Option<String>,
    /// Whether the vendor itself offers a dry run (the whole process, nothing deleted).
    pub dry_run: bool,
    /// How many records one submission may name; at least 1.
    pub batch_size: usize,
    /// The most records for one person. More stop the task: such a set is a mistake, not a person.
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
    /// How many looks must still find its records before a submission whose answer is missing counts as having
    /// had no effect on them, and they may be submitted again; at least 1.
    pub unknown_looks: u32,
    /// Whether records that all these looks still find may be submitted again. False if the vendor's own
    /// approval can take days: the records are then still there although the vendor has the submission.
    pub unknown_repeats: bool,
    /// How long after the decision an unfinished task goes to a person, in seconds.
    pub deadline_seconds: u64,
    /// How many failed searches in a row end the task as failed.
    pub search_tries: u32,
    /// How often the vendor may be called, by all functions together.
    pub call_limits: CallLimits,
}

/// One submission: some records of one task.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// Identifies the request in the vendor's log; holds no personal data.
    pub justification: &'a str,
    /// The records.
    pub records: &'a [RecordId],
    /// Whether to run the vendor's process without deleting.
    pub dry_run: bool,
    /// The right that the submission fulfils.
    pub right: Right,
}

/// A connected data source. The connectors implement it.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Vendor {
    /// Its capabilities.
    fn capabilities(&self) -> &Capabilities;

    /// Finds the records of the person by each of the identifiers in `by` that the vendor searches by; only
    /// exact matches count. `named` holds every identifier that the request names here: a record that shows
    /// another value of one of these kinds is marked. May be repeated.
    ///
    /// # Errors
    /// [`Fault`], also when the answer says that there is more, or may be incomplete.
    async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault>;

    /// The same search, for a person to see: every record that the vendor returned, including those set aside,
    /// with the fields that identify the person. May be repeated.
    ///
    /// # Errors
    /// As [`Vendor::search`].
    async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault>;

    /// Fetches the records of the person that the identifiers point at, as the vendor shows them. It finds and
    /// compares exactly as [`Vendor::search`] does; each record once, sorted by id. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault>;

    /// Has the vendor erase the batch, or export it when the right is access. Must NOT be repeated after
    /// [`Submitted::Unknown`]. Ends within [`Capabilities::call_timeout_seconds`].
    async fn submit(&self, batch: &Batch<'_>) -> Submitted;

    /// Asks how a rule stands, how many of `own` it lists, and how many records that are not in `batch`.
    /// `batch` holds every record that the rule's submission named. May be repeated.
    ///
    /// # Errors
    /// [`Fault`].
    async fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId]) -> Result<RuleReport, Fault>;

    /// Sends the vendor a harmless call, to prove that host, account and token work.
    ///
    /// # Errors
    /// [`Fault`].
    async fn test(&self) -> Result<(), Fault>;
}
