//! The distance of an open request to its legal deadline, and who must act because of it.
//!
//! Pure: from the rows and the time. Reconcile records each level once, as a fact. A view computes the level
//! anew, so it is current.

use crate::base::code::Code;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::law::level::Level;
use crate::model::escalation::{Escalation, Role};
use crate::model::request::{Request, RequestState};
use crate::model::task::{Task, TaskState};

/// Obstacles that only a decision or a letter can remove, although everything technical works.
const FOR_THE_PRIVACY_OFFICER: [Code; 4] =
    [Code::VendorAtWork, Code::NotAllConfirmed, Code::StillPresent, Code::VendorDeadlinePassed];

/// The request's current escalation. Pure.
#[must_use]
pub fn of(request: &Request, tasks: &[Task], now: Time) -> Escalation {
    let level = Level::of(request, now);
    if level == Level::None {
        return Escalation { level, who: Vec::new(), reason: Code::InTime.to_string(), at: now };
    }
    let open: Vec<(Role, &str)> =
        tasks.iter().filter(|task| task.state != TaskState::Settled).map(in_the_way).collect();
    // Broken parts are fixed first: until then nobody knows what is left to decide.
    let first = open.iter().find(|(role, _)| *role == Role::PlatformEngineer).or(open.first());
    let (role, reason) = first.copied().unwrap_or((Role::PlatformEngineer, Code::RequestNotClosed.as_str()));
    let who = match level {
        Level::Overdue => vec![Role::PlatformEngineer, Role::PrivacyOfficer],
        Level::None | Level::AtRisk | Level::Pressing => vec![role],
    };
    Escalation { level, who, reason: reason.to_owned(), at: now }
}

/// Updates the recorded escalation, and returns the fact when its level changed. Levels that passed unobserved
/// are skipped; only the one reached is recorded.
#[must_use]
pub fn record(request: &mut Request, tasks: &[Task], now: Time) -> Option<Fact> {
    let reached = of(request, tasks, now);
    let before = request.escalation.as_ref().map_or(Level::None, |known| known.level);
    if request.state == RequestState::Closed || reached.level == before {
        return None;
    }
    let fact =
        Fact::Escalated { level: reached.level, who: reached.who.clone(), reason: reached.reason.clone() };
    request.escalation = Some(reached);
    Some(fact)
}

/// The obstacle of an unsettled task, and the role that must remove it.
fn in_the_way(task: &Task) -> (Role, &str) {
    let known = match task.state {
        TaskState::Submitted => Code::VendorAtWork,
        TaskState::Unknown => Code::OutcomeUnknown,
        TaskState::AwaitingReview => Code::AwaitingReview,
        TaskState::Planned
        | TaskState::Decided
        | TaskState::Submitting
        | TaskState::Verifying
        | TaskState::Copying
        | TaskState::Settled => Code::TaskNotMoved,
    };
    let code = task.reason.as_deref().unwrap_or(known.as_str());
    let decides = match task.state {
        TaskState::AwaitingReview => true,
        TaskState::Unknown => false,
        _ => Code::parse(code).is_some_and(|code| FOR_THE_PRIVACY_OFFICER.contains(&code)),
    };
    (if decides { Role::PrivacyOfficer } else { Role::PlatformEngineer }, code)
}

impl Level {
    /// The level of a request. A closed one has none, nor does a synthetic one, for which the law requires no
    /// answer.
    #[must_use]
    pub fn of(request: &Request, now: Time) -> Self {
        match request.state {
            RequestState::Open if !request.synthetic => Self::at(request.due_at, now),
            RequestState::Open | RequestState::Closed => Self::None,
        }
    }
}
