//! The events of a task.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::identifier::IdentifierKind;
use crate::base::seal::{Sealed, Tag};
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::law::ground::RefusalGround;
use crate::model::limit::Slot;
use crate::model::task::{Asked, Outcome};
use crate::vendor::fault::Fault;
use crate::vendor::report::{RuleReport, Submitted};
use crate::vendor::target::Target;

/// An event of a task.
#[derive(Clone, Debug)]
pub enum LifeEvent {
    /// The search found records. The task's policy decides on exactly these, or has a person decide.
    Found {
        /// The number of records.
        records: u32,
        /// The number of chunks in which they are stored.
        chunks: u32,
        /// The keyed digest of the exact records.
        digest: Tag,
        /// When the search began: it may have missed later changes at the vendor.
        began: Time,
        /// The target that was searched.
        target: Target,
        /// The scope of the search, and the records it marked and set aside.
        asked: Asked,
        /// The doubtful records that were set aside, sealed; `None` when there are none.
        doubts: Option<Sealed>,
    },
    /// The data source no longer points at the run's target, and nothing of the run was submitted.
    TargetChanged,
    /// The request has no identifier that the data source searches by.
    IdentifierMissing {
        /// When that was established.
        began: Time,
    },
    /// An execution waits for the review under this token.
    Waits {
        /// The token.
        token: String,
    },
    /// A person decided on the records found.
    Reviewed {
        /// The person.
        by: Actor,
        /// The ruling.
        verdict: Ruling,
        /// The reason, sealed.
        reason: Sealed,
    },
    /// An identifier was given for this data source: it is searched again.
    Identified {
        /// The person who gave it.
        by: Actor,
        /// Its kind.
        kind: IdentifierKind,
    },
    /// A person has the data source run again.
    RunAgain {
        /// The person.
        by: Actor,
    },
    /// The request is cancelled.
    CalledOff,
    /// A person established the outcome, which no automatic step could.
    Stated {
        /// The person.
        by: Actor,
        /// Whether the records are erased.
        erased: bool,
    },
    /// The records were copied.
    Copied {
        /// The number of decided records that were copied.
        records: u32,
        /// The number of records found in addition to these; they are not in the copy.
        appeared: u32,
    },
    /// The copying failed and may be tried again.
    CopyFailed(Fault),
    /// The records can't be copied.
    CannotCopy(Code),
    /// The copied records can't be packed: they are missing, do not open, or differ from the task's row.
    CopyLost(Code),
    /// The search, or a missing condition for it, ended the task.
    SearchEnded {
        /// When it began.
        began: Time,
        /// The outcome.
        outcome: Outcome,
        /// The reason, if the outcome alone does not show it.
        reason: Option<Code>,
        /// The number of records found.
        found: u32,
        /// The target that was searched; `None` if none was.
        target: Option<Target>,
        /// The scope of the search, and the records it marked and set aside.
        asked: Asked,
        /// The doubtful records that were set aside, sealed; `None` when there are none.
        doubts: Option<Sealed>,
    },
    /// The search failed and may be tried again.
    SearchFailed(Fault),
    /// The data source can't be opened at present: the task waits, and shows the reason.
    CannotOpen(Code),
    /// Another request holds the lease on the person.
    LeaseBusy,
    /// The lease is ours, but another request ended since our search, so the search's result may be outdated.
    SearchAgain {
        /// The lease's fence.
        fence: u64,
    },
    /// Our own limiter or the vendor delayed a call: neither a failed try nor a status check.
    HeldBack {
        /// The cause.
        fault: Fault,
        /// The place in the data source's line, if any.
        slot: Option<Slot>,
        /// The last batch checked before that, in a round of status checks.
        asked_to: Option<u32>,
    },
    /// A batch is about to be submitted; only the one that [`plan`] names.
    Intend {
        /// The keyed digest of its records.
        digest: Tag,
        /// The time until which the submission can be under way.
        until: Time,
        /// The fence of the lease, if this intent takes it.
        lease: Option<u64>,
    },
    /// The submission of an intent was answered, or failed.
    Answered {
        /// The intent.
        fence: u64,
        /// The answer.
        answer: Submitted,
    },
    /// The time for an intent's submission is over, and no answer was stored.
    AnswerMissing,
    /// No further batch can be sent.
    CannotSend {
        /// The reason.
        code: Code,
        /// The outcome if nothing was submitted.
        outcome: Outcome,
    },
    /// Every batch has been submitted.
    AllSent,
    /// The vendor's answers about rules, by batch: any number of these events, then [`LifeEvent::Asked`].
    Told(Vec<(u32, RuleReport)>),
    /// The vendor was asked about its rules.
    Asked {
        /// The error, if any.
        fault: Option<Fault>,
        /// Whether the vendor gave a status that the connector does not know.
        strange: bool,
        /// The batch whose status check failed. The ones after it were not checked, so they come first next
        /// time.
        asked_to: Option<u32>,
    },
    /// The vendor can't be asked about its rules, because the set-up does not allow it.
    CannotAsk(Code),
    /// A look found the records at these places, and others that no decision covers.
    Looked {
        /// The places in the decided set, sorted, of the records that are still found.
        found: Vec<u32>,
        /// The number of other records found.
        appeared: u32,
        /// The scope of the look, and the records it set aside.
        asked: Asked,
        /// The number of doubtful records that this round's search did not show.
        unseen: u32,
        /// Whether the same search found the data source's control within the same minutes.
        controlled: bool,
    },
    /// The look failed and proves nothing.
    CannotLook {
        /// The reason.
        code: Code,
        /// The least wait before the next one, in seconds.
        wait: u64,
    },
}

/// A reviewer's ruling on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Act on exactly the records found.
    Proceed,
    /// Refuse on this ground.
    Refuse(RefusalGround),
    /// Go on without this data source, whose identifier stays missing or which can't be searched.
    LeaveOut,
}

/// The work that follows from a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Record the fact, in the same transaction as the life after the step.
    Record(Fact),
    /// Submit the batch of this intent, once the life after the step is stored, and never otherwise.
    Post {
        /// The batch.
        batch: u32,
        /// The intent.
        fence: u64,
    },
}
