//! A step under way: the events that each state accepts, and the transitions that all parts share.

use crate::base::code::Code;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::chain::fact::Fact;
use crate::law::level::is_pressing;
use crate::law::right::Right;
use crate::life::event::Effect;
use crate::life::event::{LifeEvent, Ruling};
use crate::life::plan::{Plan, plan};
use crate::life::rows::Life;
use crate::life::terms::Terms;
use crate::model::rule::Rule;
use crate::model::task::{Asked, Counts, Outcome, Task, TaskState};
use crate::vendor::report::Claim;

/// Waits after a batch that was not sent, and for another request to end.
pub(crate) const NOT_SENT_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 3600 };

/// Waits between tries that a vendor, or a gateway before it, refuses: a few tries over some minutes.
pub(crate) const REFUSED_WAITS: Waits = Waits { first_seconds: 30, longest_seconds: 300 };

/// Seconds between looks at a task that is with a person.
pub(crate) const HANDED_OVER_SECONDS: u64 = 3600;

/// Whether a task's records are to be copied now. For access: as soon as they are decided on, or, if the vendor
/// makes its own export, once that is over.
#[must_use]
pub fn is_copying(task: &Task, terms: &Terms<'_>) -> bool {
    let exports = terms.vendor.is_some_and(|vendor| vendor.export.is_some());
    match task.state {
        TaskState::Copying => true,
        TaskState::Decided => terms.right == Right::Access && !exports,
        _ => false,
    }
}

/// Whether an unfinished task goes to a person: past the connector's own deadline, or near the legal one. The
/// legal deadline also applies to a data source that can't be opened any more.
pub(crate) fn is_late(task: &Task, terms: &Terms<'_>, now: Time) -> bool {
    let own = match (terms.vendor, &task.decision) {
        (Some(vendor), Some(decision)) => decision.at.plus_seconds(vendor.deadline_seconds),
        _ => terms.due_at,
    };
    own < now || is_pressing(terms.due_at, now)
}

/// A count in the store's type.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) struct Moving<'a> {
    pub(super) life: Life,
    pub(super) effects: Vec<Effect>,
    pub(super) now: Time,
    pub(super) terms: &'a Terms<'a>,
}

impl Moving<'_> {
    pub(super) fn take(&mut self, event: LifeEvent) {
        let state = self.life.task.state;
        let searching = state == TaskState::Planned;
        let sending = matches!(state, TaskState::Decided | TaskState::Submitting);
        let asking = matches!(state, TaskState::Submitted | TaskState::Unknown);
        let looking = matches!(state, TaskState::Verifying | TaskState::Unknown);
        match event {
            LifeEvent::Found { records, chunks, digest, began, target, asked, doubts } if searching => {
                self.searched(began, Some(target), asked, doubts);
                self.found(records, chunks, digest);
            }
            LifeEvent::TargetChanged if self.may_change_target() => {
                self.record(|source| Fact::TargetChanged { source });
                self.search_anew();
            }
            LifeEvent::IdentifierMissing { began } if searching => {
                self.life.task.searched_at = Some(began);
                self.identifier_missing();
            }
            LifeEvent::Waits { token } if state == TaskState::AwaitingReview => {
                self.life.task.token = Some(token);
            }
            LifeEvent::Reviewed { by, verdict, reason } if state == TaskState::AwaitingReview => {
                self.reviewed(by, verdict, reason);
            }
            LifeEvent::Reviewed { by, verdict: Ruling::LeaveOut, reason }
                if self.life.task.cannot_be_searched() =>
            {
                self.left_out(&by, reason);
            }
            LifeEvent::Identified { by, kind } if self.life.may_run_again() => {
                self.record(|source| Fact::IdentifierGiven { source, identifier: kind.clone(), by });
                if !self.life.task.inserted.contains(&kind) {
                    self.life.task.inserted.push(kind);
                    self.life.task.inserted.sort();
                }
                self.search_anew();
            }
            LifeEvent::RunAgain { by } if self.life.may_run_again() => {
                self.search_anew();
                let run = self.life.task.run;
                self.record(|source| Fact::RunsAgain { source, run, by });
            }
            LifeEvent::CalledOff if self.may_be_called_off() => self.settle(Outcome::Cancelled, None),
            LifeEvent::Stated { by, erased }
                if state == TaskState::Unknown || self.life.task.cannot_be_searched() =>
            {
                let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
                self.record(|source| Fact::Stated { source, by, outcome });
                self.life.task.claim = Some(Claim::NotStated);
                self.settle(outcome, Some(Code::StatedByAPerson));
            }
            LifeEvent::Copied { records, appeared } if self.is_copying() => self.copied(records, appeared),
            LifeEvent::CopyFailed(fault) if self.is_copying() => self.copy_failed(&fault),
            LifeEvent::CannotCopy(code) if self.is_copying() => self.settle(Outcome::Failed, Some(code)),
            LifeEvent::CopyLost(code) if self.is_copied() => self.copy_lost(code),
            LifeEvent::SearchEnded { began, outcome, reason, found, target, asked, doubts } if searching => {
                self.searched(began, target, asked, doubts);
                self.search_ended(outcome, reason, found);
            }
            LifeEvent::SearchFailed(fault) if searching => self.search_failed(&fault),
            LifeEvent::CannotOpen(code) if searching => self.life.task.reason = Some(code.to_string()),
            LifeEvent::LeaseBusy if sending => {
                let wait = NOT_SENT_WAITS.after(self.life.task.tries);
                self.life.task.tries += 1;
                self.held_back(Code::OtherRequestInProgress, wait);
            }
            LifeEvent::SearchAgain { fence } if state == TaskState::Decided && self.life.rules.is_empty() => {
                let task = &mut self.life.task;
                (task.state, task.lease, task.tries, task.reason) =
                    (TaskState::Planned, Some(fence), 0, None);
                // The decided set may be outdated, and nobody has decided on the next result.
                (task.decision, task.found_digest) = (None, None);
                task.put_review(None);
                (task.counts, task.asked, task.doubts) = (Counts::default(), Asked::default(), None);
                self.record(|source| Fact::SearchesAgain { source });
                self.due(0);
            }
            LifeEvent::HeldBack { fault, .. }
                if searching || sending || asking || looking || self.is_copying() =>
            {
                self.put_off(&fault);
            }
            LifeEvent::Intend { digest, until, lease } if sending => self.intend(digest, until, lease),
            LifeEvent::Answered { fence, answer } => self.answered(fence, answer),
            LifeEvent::AnswerMissing if sending => self.answer_missing(),
            LifeEvent::CannotSend { code, outcome } if sending && !self.life.has_unanswered() => {
                self.stop(code.to_string(), outcome);
            }
            LifeEvent::AllSent if sending => match plan(&self.life, self.now) {
                Plan::UsedUp => self.hand_over(Code::RepeatsUsedUp),
                Plan::Refused(refusal) => self.stop(refusal, Outcome::Refused),
                Plan::Done => {
                    self.life.task.state = TaskState::Submitted;
                    self.due(self.terms.vendor.map_or(0, |vendor| vendor.status_waits.after(0)));
                }
                _ => {}
            },
            LifeEvent::Told(reports) if asking => self.told(reports),
            LifeEvent::Asked { fault, strange, .. } if asking => self.asked(fault.as_ref(), strange),
            LifeEvent::CannotAsk(Code::TargetLost) if asking => self.hand_over(Code::TargetLost),
            LifeEvent::CannotAsk(code) if asking => self.not_finished(Some(code), 900),
            LifeEvent::Looked { found, appeared, asked, unseen, controlled } if looking => {
                self.looked(&found, (appeared, unseen), asked, controlled);
            }
            // Neither error passes by itself.
            LifeEvent::CannotLook {
                code: code @ (Code::TargetLost | Code::VendorAnswerTooLarge), ..
            } if looking => {
                self.hand_over(code);
            }
            LifeEvent::CannotLook { code, wait } if looking => self.cannot_look(code, wait),
            _ => {}
        }
    }

    // ---- what every part uses

    pub(super) fn rule(&mut self, batch: u32) -> Option<&mut Rule> {
        self.life.rules.iter_mut().find(|rule| rule.batch == batch)
    }

    pub(super) fn record(&mut self, fact: impl FnOnce(crate::base::ids::SourceId) -> Fact) {
        self.effects.push(Effect::Record(fact(self.life.task.source.clone())));
    }

    /// The next step comes after `wait` seconds, and reconcile visits the task a grace period later.
    pub(super) fn due(&mut self, wait: u64) {
        let task = &mut self.life.task;
        task.not_before = (wait > 0).then(|| self.now.plus_seconds(wait));
        task.next_due = Some(self.now.plus_seconds(wait.saturating_add(self.terms.grace_seconds)));
    }

    pub(super) fn waits(&mut self, code: Code, wait: u64) {
        self.life.task.reason = Some(code.to_string());
        self.due(wait);
    }

    pub(super) fn hand_over(&mut self, code: Code) {
        self.hand_over_as(code.to_string());
    }

    pub(super) fn hand_over_as(&mut self, reason: String) {
        let task = &mut self.life.task;
        let was_unknown = task.state == TaskState::Unknown;
        let again = task.handed_over_at.is_some() && task.reason.as_ref() == Some(&reason);
        task.state = TaskState::Unknown;
        task.handed_over_at = task.handed_over_at.or(Some(self.now));
        task.reason = Some(reason.clone());
        if !was_unknown {
            let reason = reason.clone();
            self.record(|source| Fact::BecameUnknown { source, batch: None, reason });
        }
        if !again {
            self.record(|source| Fact::HandedOver { source, reason });
        }
        // A person has the task, so further checks and looks can wait.
        self.due(if again { HANDED_OVER_SECONDS } else { 0 });
    }

    pub(super) fn settle(&mut self, outcome: Outcome, reason: Option<Code>) {
        self.settle_as(outcome, reason.map(|code| code.to_string()));
    }

    /// Ends the task. It stays in the due index until its request is closed, so that the closing is not missed.
    pub(super) fn settle_as(&mut self, outcome: Outcome, reason: Option<String>) {
        let task = &mut self.life.task;
        task.state = TaskState::Settled;
        task.outcome = Some(outcome);
        task.reason = reason.clone();
        task.handed_over_at = None;
        task.token = None;
        task.lease = None;
        task.settled_at = Some(self.now);
        let appeared = task.appeared;
        self.record(|source| Fact::Settled { source, outcome, reason, appeared });
        self.due(0);
    }
}
