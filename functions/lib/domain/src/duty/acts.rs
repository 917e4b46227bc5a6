//! The acts that a request and its tasks allow now, and the reasons against the others: one answer for code
//! that offers an act and for code that performs it.
//!
//! Architecture Invariant: pure, from the rows and the time. An operation asks here before it acts, and a view
//! offers exactly the acts allowed here. Mistakes that only the caller can make (a malformed reason, an unknown
//! data source) are not checked here.

use crate::base::code::Code;
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::law::ground::RefusalGround;
use crate::law::right::Right;
use crate::life::{Life, Ruling};
use crate::model::request::{Request, RequestState};
use crate::model::task::{Outcome, Task, TaskState};
use serde::{Deserialize, Serialize};

/// An act that an operator may perform on a request now. It may be refused all the same if another operator
/// acts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum May {
    /// Give a data source an identifier.
    Identify,
    /// See the records found.
    Records,
    /// See the records that the vendor shows now, with the fields that identify the person.
    Compare,
    /// Read the reasons for decisions.
    Reasons,
    /// See the person's identifiers.
    Identifiers,
    /// Decide to act on the records found.
    Proceed,
    /// Decide to do nothing at a data source, on a legal ground.
    Refuse,
    /// Go on without a data source that lacks its identifier, or can't be searched.
    LeaveOut,
    /// Have a data source run again.
    Run,
    /// State the outcome of a task that no automatic step can determine.
    State,
    /// Cancel the request.
    Cancel,
    /// Extend the legal deadline.
    Extend,
    /// Reopen the closed request.
    Reopen,
    /// Fetch the person's copy.
    Copy,
    /// Fetch the receipt.
    Receipt,
}

/// The reason why an act is not possible now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// The request is closed, or cancelled and about to close.
    #[error("the request is closed, or about to close: reopen it then, while its person is not forgotten")]
    Closed,
    /// The request is open.
    #[error("the request is open: run a data source again instead")]
    Open,
    /// The deployment made the request itself.
    #[error(
        "the request is synthetic, made by the deployment itself for a test address: it isn't run again, \
         reopened, extended or given an identifier; the next one comes by its schedule"
    )]
    Synthetic,
    /// The person is forgotten.
    #[error("the person of this request is forgotten, and with them what it would need: make a new request")]
    Forgotten,
    /// Each closing has a receipt, and the last one's is not stored yet.
    #[error("the receipt of the last closing is not stored yet: try again")]
    ReceiptNotKept,
    /// No closing has a receipt yet.
    #[error("there is no such receipt: each closing of a request has one, counted from 0")]
    NoReceipt,
    /// The submission is under way, or its result is unknown.
    #[error("{0} is {state}: it can run again once that is over", state = .1.as_str())]
    UnderWay(SourceId, TaskState),
    /// Something was already submitted, so the request can't be cancelled.
    #[error("something was already submitted to {0}: a request can be cancelled only before that")]
    Submitted(SourceId),
    /// An automatic step still moves the task, or the task has its outcome.
    #[error(
        "{0} is {state}: only a task that was handed to a person, or can't be searched, can be stated",
        state = .1.as_str()
    )]
    NotHandedOver(SourceId, TaskState),
    /// No decision is awaited there, or another person has decided.
    #[error("nobody waits for a decision on {source_id}: it is {state}{by}", state = .state.as_str(), by = by_whom(.by.as_deref()))]
    NotAwaiting {
        /// The data source.
        source_id: SourceId,
        /// The task's state.
        state: TaskState,
        /// Who decided, if somebody has.
        by: Option<String>,
    },
    /// There is nothing to proceed with.
    #[error("{0} lacks its identifier: give it one, or leave the data source out")]
    MissingIdentifier(SourceId),
    /// The data source has been searched.
    #[error("{0} does not lack its identifier: proceed, or refuse")]
    NotMissing(SourceId),
    /// The first month is over.
    #[error("the first month ended at {0}: the law allows no extension after it")]
    TooLate(Time),
    /// The deadline is already extended by as much, or more.
    #[error("the deadline is already extended to {0}: an extension can only make it later")]
    NotLonger(Time),
    /// No search of the current run found records.
    #[error("no search found records at {0}: there are none to show")]
    NothingFound(SourceId),
    /// Nobody gave a reason.
    #[error("nobody has decided on this request: there is no reason to read")]
    NoReason,
    /// The vendor was not asked yet.
    #[error("{0} was not searched yet: there is nothing to compare with")]
    NotSearched(SourceId),
    /// Nothing is left to decide there.
    #[error("nothing is left to decide on {0}: its records are shown with their fields only until then")]
    Over(SourceId),
    /// Only a request for access makes a copy.
    #[error("this is a request for erasure: a copy is made for the right of access")]
    NotAccess,
    /// There is no copy, with the reason as a sentence.
    #[error("{0}")]
    NoCopy(String),
    /// The copy is deleted.
    #[error("the copy expired at {0} and is deleted: make a new request")]
    Expired(Time),
}

/// The most months by which a legal deadline is extended.
pub const MOST_MONTHS: u8 = 2;

/// Whether a task may be refused does not depend on the ground.
const ANY_REFUSAL: Ruling = Ruling::Refuse(RefusalGround::UnfoundedOrExcessive);

fn by_whom(by: Option<&str>) -> String {
    by.map_or_else(String::new, |by| format!(", decided on by {by}"))
}

impl WhyNot {
    /// The code that the API answers with.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Closed => Code::RequestClosed,
            Self::Open => Code::RequestOpen,
            Self::Synthetic => Code::RequestSynthetic,
            Self::Forgotten => Code::PersonForgotten,
            Self::ReceiptNotKept => Code::ReceiptNotKeptYet,
            Self::NoReceipt => Code::ReceiptNotFound,
            Self::UnderWay(..) => Code::UnderWay,
            Self::Submitted(_) => Code::Submitted,
            Self::NotHandedOver(..) => Code::NotHandedOver,
            Self::NotAwaiting { .. } => Code::NotAwaitingReview,
            Self::MissingIdentifier(_) => Code::IdentifierMissing,
            Self::NotMissing(_) => Code::IdentifierNotMissing,
            Self::TooLate(_) => Code::TooLate,
            Self::NotLonger(_) => Code::NotLonger,
            Self::NothingFound(_) | Self::NoReason | Self::NotSearched(_) => Code::NothingToShow,
            Self::Over(_) => Code::TaskOver,
            Self::NotAccess => Code::NotAccess,
            Self::NoCopy(_) => Code::CopyNotThere,
            Self::Expired(_) => Code::CopyExpired,
        }
    }
}

/// The acts allowed on one task of a request, in order.
#[must_use]
pub fn on_task(request: &Request, tasks: &[Task], life: &Life) -> Vec<May> {
    let task = &life.task;
    offered([
        (May::Identify, identify(request, tasks, life)),
        (May::Records, records(request, task)),
        (May::Compare, compare(request, task)),
        (May::Reasons, reasons(request, std::slice::from_ref(task))),
        (May::Proceed, rule(request, task, Ruling::Proceed)),
        (May::Refuse, rule(request, task, ANY_REFUSAL)),
        (May::LeaveOut, rule(request, task, Ruling::LeaveOut)),
        (May::Run, run(request, tasks, life)),
        (May::State, state(request, task)),
    ])
}

/// The acts allowed on a request as a whole, in order.
#[must_use]
pub fn on_request(request: &Request, tasks: &[Task], lives: &[Life], now: Time) -> Vec<May> {
    offered([
        (May::Identifiers, identifiers(request)),
        (May::Cancel, cancel(request, lives)),
        (May::Extend, extend(request, MOST_MONTHS, now).map(|_| ())),
        (May::Reopen, reopen(request, now)),
        (May::Copy, copy(request, tasks, now)),
        (May::Receipt, receipt(request).map(|_| ())),
    ])
}

fn offered<const N: usize>(acts: [(May, Result<(), WhyNot>); N]) -> Vec<May> {
    acts.into_iter().filter(|(_, allowed)| allowed.is_ok()).map(|(may, _)| may).collect()
}

/// Whether the request is open, so that it may be changed.
///
/// # Errors
/// [`WhyNot`].
pub fn open(request: &Request) -> Result<(), WhyNot> {
    match request.state {
        RequestState::Open => Ok(()),
        RequestState::Closed => Err(WhyNot::Closed),
    }
}

/// Whether the data source may be given an identifier, which repeats the search there.
///
/// # Errors
/// [`WhyNot`].
pub fn identify(request: &Request, tasks: &[Task], life: &Life) -> Result<(), WhyNot> {
    run(request, tasks, life)
}

/// Whether the data source may be run again.
///
/// # Errors
/// [`WhyNot`].
pub fn run(request: &Request, tasks: &[Task], life: &Life) -> Result<(), WhyNot> {
    open(request)?;
    not_synthetic(request)?;
    if is_cancelled(&life.task, tasks) {
        return Err(WhyNot::Closed);
    }
    if !life.may_run_again() {
        return Err(WhyNot::UnderWay(life.task.source.clone(), life.task.state));
    }
    Ok(())
}

/// Whether a person may state how the task ended. A request for access erases nothing, so only the failure can
/// be stated.
///
/// # Errors
/// [`WhyNot`].
pub fn state(request: &Request, task: &Task) -> Result<(), WhyNot> {
    open(request)?;
    let handed_over = task.state == TaskState::Unknown && task.handed_over_at.is_some();
    if !handed_over && !task.cannot_be_searched() {
        return Err(WhyNot::NotHandedOver(task.source.clone(), task.state));
    }
    Ok(())
}

/// Whether a reviewer may make this ruling on the task.
///
/// # Errors
/// [`WhyNot`].
pub fn rule(request: &Request, task: &Task, ruling: Ruling) -> Result<(), WhyNot> {
    open(request)?;
    let source = || task.source.clone();
    if ruling == Ruling::LeaveOut && task.cannot_be_searched() {
        return Ok(());
    }
    if task.state != TaskState::AwaitingReview {
        let by = task.review.as_ref().map(|review| review.by.clone());
        let by = by.or_else(|| task.decision.as_ref().map(|decision| decision.by.clone()));
        return Err(WhyNot::NotAwaiting { source_id: source(), state: task.state, by });
    }
    match ruling {
        Ruling::Proceed if task.wants_identifier() => Err(WhyNot::MissingIdentifier(source())),
        Ruling::LeaveOut if !task.wants_identifier() => Err(WhyNot::NotMissing(source())),
        Ruling::Proceed | Ruling::LeaveOut | Ruling::Refuse(_) => Ok(()),
    }
}

/// Whether the request may be cancelled: nothing was submitted for it, and some task is still open.
///
/// # Errors
/// [`WhyNot`].
pub fn cancel(request: &Request, lives: &[Life]) -> Result<(), WhyNot> {
    open(request)?;
    for life in lives {
        let source = || life.task.source.clone();
        if life.has_submitted() {
            return Err(WhyNot::Submitted(source()));
        }
        match life.task.state {
            TaskState::Settled
            | TaskState::Planned
            | TaskState::AwaitingReview
            | TaskState::Decided
            | TaskState::Submitting => {}
            TaskState::Submitted | TaskState::Verifying | TaskState::Copying | TaskState::Unknown => {
                return Err(WhyNot::UnderWay(source(), life.task.state));
            }
        }
    }
    let settled = lives.iter().all(|life| life.task.state == TaskState::Settled);
    if settled { Err(WhyNot::Closed) } else { Ok(()) }
}

/// The new legal deadline, if the law allows this number of months beyond the first one.
///
/// # Errors
/// [`WhyNot`].
pub fn extend(request: &Request, months: u8, now: Time) -> Result<Time, WhyNot> {
    not_synthetic(request)?;
    open(request)?;
    let first_month = request.due_after(1);
    if now >= first_month {
        return Err(WhyNot::TooLate(first_month));
    }
    let due_at = request.due_after(1 + months);
    if due_at <= request.due_at { Err(WhyNot::NotLonger(request.due_at)) } else { Ok(due_at) }
}

/// Whether the closed request may be reopened: its last receipt is stored, and its person not forgotten.
///
/// # Errors
/// [`WhyNot`].
pub fn reopen(request: &Request, now: Time) -> Result<(), WhyNot> {
    not_synthetic(request)?;
    if request.state == RequestState::Open {
        return Err(WhyNot::Open);
    }
    // Each closing has a receipt of its own.
    if request.receipt_sha256.is_none() {
        return Err(WhyNot::ReceiptNotKept);
    }
    // After that time another process may be deleting the key at this moment.
    if request.forget_at.is_some_and(|at| at <= now) {
        return Err(WhyNot::Forgotten);
    }
    remembered(request)
}

/// Whether the records that the last search found may be shown, by their ids.
///
/// # Errors
/// [`WhyNot`].
pub fn records(request: &Request, task: &Task) -> Result<(), WhyNot> {
    remembered(request)?;
    if task.found_digest.is_none() { Err(WhyNot::NothingFound(task.source.clone())) } else { Ok(()) }
}

/// Whether the vendor may be asked which records it shows for the person now: only while that helps a decision.
///
/// # Errors
/// [`WhyNot`].
pub fn compare(request: &Request, task: &Task) -> Result<(), WhyNot> {
    remembered(request)?;
    if request.state == RequestState::Closed || task.state == TaskState::Settled {
        return Err(WhyNot::Over(task.source.clone()));
    }
    if task.searched_at.is_none() { Err(WhyNot::NotSearched(task.source.clone())) } else { Ok(()) }
}

/// Whether the person's identifiers may be shown.
///
/// # Errors
/// [`WhyNot`].
pub fn identifiers(request: &Request) -> Result<(), WhyNot> {
    remembered(request)
}

/// Whether the reasons of decisions on these tasks may be read.
///
/// # Errors
/// [`WhyNot`].
pub fn reasons(request: &Request, tasks: &[Task]) -> Result<(), WhyNot> {
    remembered(request)?;
    let decided = |task: &Task| task.review.is_some() || !task.past_reviews.is_empty();
    if tasks.iter().any(decided) { Ok(()) } else { Err(WhyNot::NoReason) }
}

/// Whether the person's copy may be fetched.
///
/// # Errors
/// [`WhyNot`], with the obstacle to the copy.
pub fn copy(request: &Request, tasks: &[Task], now: Time) -> Result<(), WhyNot> {
    if request.right != Right::Access {
        return Err(WhyNot::NotAccess);
    }
    let Some(package) = &request.copy else {
        return Err(WhyNot::NoCopy(no_copy(request, tasks)));
    };
    if package.expires_at <= now || request.forgotten_at.is_some() {
        return Err(WhyNot::Expired(package.expires_at));
    }
    Ok(())
}

/// The number, from 0, of the closing whose receipt is the last one. A reopened request keeps those of its
/// earlier closings.
///
/// # Errors
/// [`WhyNot`].
pub fn receipt(request: &Request) -> Result<u32, WhyNot> {
    let last = if request.receipt_sha256.is_some() {
        Some(request.reopened)
    } else {
        request.reopened.checked_sub(1)
    };
    last.ok_or(WhyNot::NoReceipt)
}

fn not_synthetic(request: &Request) -> Result<(), WhyNot> {
    if request.synthetic { Err(WhyNot::Synthetic) } else { Ok(()) }
}

fn remembered(request: &Request) -> Result<(), WhyNot> {
    if request.forgotten_at.is_some() { Err(WhyNot::Forgotten) } else { Ok(()) }
}

/// Whether the task was cancelled, or its request was and only its closing is left: the operator who cancelled
/// it was told that nothing will be submitted.
fn is_cancelled(task: &Task, tasks: &[Task]) -> bool {
    let cancelled = |task: &Task| task.outcome == Some(Outcome::Cancelled);
    let ended = tasks.iter().all(|task| task.state == TaskState::Settled);
    cancelled(task) || ended && tasks.iter().any(cancelled)
}

/// Why there is no copy.
fn no_copy(request: &Request, tasks: &[Task]) -> String {
    let named = |of: fn(&Task) -> bool| -> Vec<&str> {
        tasks.iter().filter(|task| of(task)).map(|task| task.source.as_str()).collect()
    };
    let (missing, wrong) = (named(Task::lacks_identifier), named(Task::found_nothing_by_given));
    if !missing.is_empty() {
        return format!(
            "there is no copy yet: the identifier is missing for {}; give it (`request identify`), or leave \
             the data source out (`request review --leave-out`)",
            missing.join(", ")
        );
    }
    if !wrong.is_empty() {
        return format!(
            "there is no copy yet: the identifier that was given finds nothing at {}; give another one \
             (`request identify`), or leave the data source out (`request review --leave-out`)",
            wrong.join(", ")
        );
    }
    match (request.state, request.dry_run) {
        (RequestState::Open, _) => {
            "there is no copy yet: it is made when every data source is done".to_owned()
        }
        (RequestState::Closed, true) => "this was a dry run: nothing was copied".to_owned(),
        (RequestState::Closed, false) => {
            "no copy was made: no data source returned a record; check the identifiers that the person was \
             searched by"
                .to_owned()
        }
    }
}
