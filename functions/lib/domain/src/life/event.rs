//! What can happen to a task.

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

/// What happened to a task.
#[derive(Clone, Debug)]
pub enum Event {
    /// The search found records: the task's policy decides on exactly these, or has a person decide.
    Found {
        /// How many.
        records: u32,
        /// In how many chunks they are stored.
        chunks: u32,
        /// The keyed digest of the exact records.
        digest: Tag,
        /// When the search began: what happened at the vendor since may have been missed.
        began: Time,
        /// The target that was searched.
        target: Target,
        /// What was asked, marked and set aside.
        asked: Asked,
        /// Which doubtful records were set aside, sealed; `None` where there are none.
        doubts: Option<Sealed>,
    },
    /// The data source points elsewhere than where the run was searched, and nothing of the run was sent.
    TargetChanged,
    /// The request has no identifier that the data source searches by.
    IdentifierMissing {
        /// When that was seen.
        began: Time,
    },
    /// An execution waits for the review under this token.
    Waits {
        /// The token.
        token: String,
    },
    /// A person decided on what was found.
    Reviewed {
        /// Who.
        by: Actor,
        /// What.
        verdict: Ruling,
        /// Their reason, sealed.
        reason: Sealed,
    },
    /// An identifier was given for this data source: it is searched again.
    Identified {
        /// Who gave it.
        by: Actor,
        /// Its kind.
        kind: IdentifierKind,
    },
    /// A person has the data source run again.
    RunAgain {
        /// Who.
        by: Actor,
    },
    /// The request is called off.
    CalledOff,
    /// A person found out what no machine can tell.
    Stated {
        /// Who.
        by: Actor,
        /// Whether the records are erased.
        erased: bool,
    },
    /// The records were copied.
    Copied {
        /// How many of those decided on.
        records: u32,
        /// How many were there beside these; they are not in the copy.
        appeared: u32,
    },
    /// The copying failed and may be tried again.
    CopyFailed(Fault),
    /// The records can't be copied.
    CannotCopy(Code),
    /// What was copied can't be packed: it is not there any more, does not open, or is not what is told.
    CopyLost(Code),
    /// The search, or what it needs, ended the task.
    SearchEnded {
        /// When it began.
        began: Time,
        /// How.
        outcome: Outcome,
        /// Why, where the outcome alone does not say.
        reason: Option<Code>,
        /// How many records were found.
        found: u32,
        /// The target that was searched; `None` where none was.
        target: Option<Target>,
        /// What was asked, marked and set aside.
        asked: Asked,
        /// Which doubtful records were set aside, sealed; `None` where there are none.
        doubts: Option<Sealed>,
    },
    /// The search failed and may be tried again.
    SearchFailed(Fault),
    /// The data source can't be opened as things are: it waits for that, and tells why.
    CannotOpen(Code),
    /// Another request holds the lease on the person.
    LeaseBusy,
    /// The lease is ours, but another request ended since our search: what it found is not sure.
    SearchAgain {
        /// The lease's fence.
        fence: u64,
    },
    /// A call was put off, by our own limiter or by the vendor: that is no try and no poll.
    HeldBack {
        /// By what.
        fault: Fault,
        /// The place in the data source's line, where it has one.
        slot: Option<Slot>,
        /// The last batch that was asked about before, in a round of questions.
        asked_to: Option<u32>,
    },
    /// A batch is about to be posted; only the one that [`plan`] names.
    Intend {
        /// The keyed digest of its records.
        digest: Tag,
        /// Until when the POST can be under way.
        until: Time,
        /// The fence of the lease, when it is taken with this intent.
        lease: Option<u64>,
    },
    /// The POST of an intent was answered, or failed.
    Answered {
        /// The intent.
        fence: u64,
        /// The answer.
        answer: Submitted,
    },
    /// The time of an intent's POST is over, and no answer was stored.
    AnswerMissing,
    /// No further batch can be sent.
    CannotSend {
        /// Why.
        code: Code,
        /// How the task ends if nothing was submitted.
        outcome: Outcome,
    },
    /// Every batch is out.
    AllSent,
    /// What the vendor says of rules, by batch: any number of rounds, then [`Event::Asked`].
    Told(Vec<(u32, RuleReport)>),
    /// The vendor was asked about its rules.
    Asked {
        /// What went wrong.
        fault: Option<Fault>,
        /// Whether it gave a status that the connector does not know.
        strange: bool,
        /// The batch whose question failed, so that the ones behind it were not asked about: they come first
        /// next time.
        asked_to: Option<u32>,
    },
    /// The vendor can't be asked about its rules: the set-up does not allow it.
    CannotAsk(Code),
    /// A look found the records at these places, sorted, and so many that nobody decided on.
    Looked {
        /// The places, among those decided on, of the records that are still found.
        found: Vec<u32>,
        /// How many other records were found.
        appeared: u32,
        /// What was asked and set aside.
        asked: Asked,
        /// How many of the doubtful records the search of this round did not show.
        unseen: u32,
        /// Whether the same search found the data source's control within the same minutes.
        controlled: bool,
    },
    /// The look failed: that proves nothing.
    CannotLook {
        /// Why.
        code: Code,
        /// How long the next one has to wait at least, in seconds.
        wait: u64,
    },
}

/// What a reviewer rules about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Act on exactly the records that were found.
    Proceed,
    /// Don't, on this ground.
    Refuse(RefusalGround),
    /// Its identifier is missing and stays so, or it can't be searched: the request goes on without this
    /// data source.
    LeaveOut,
}

/// What has to be done about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Record it, in the same transaction as the life after the step.
    Record(Fact),
    /// Post the batch of this intent, once the life after the step is stored, and never otherwise.
    Post {
        /// The batch.
        batch: u32,
        /// The intent.
        fence: u64,
    },
}
