//! The decision on the records found, by a policy or a person.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::seal::{Sealed, Tag};
use crate::chain::fact::Fact;
use crate::life::event::Ruling;
use crate::life::moving::{HANDED_OVER_SECONDS, Moving};
use crate::model::task::{Decision, Outcome, Review, TaskState, Verdict};

impl Moving<'_> {
    pub(super) fn decided(&mut self, decision: Decision) {
        let task = &mut self.life.task;
        task.state = TaskState::Decided;
        task.decision = Some(decision);
        self.due(0);
    }

    // ---- the person's decision

    pub(super) fn await_review(&mut self, records: u32, digest: Option<Tag>) {
        let task = &mut self.life.task;
        task.state = TaskState::AwaitingReview;
        let policy = task.policy;
        self.record(|source| Fact::ReviewNeeded { source, policy, records, digest });
        self.due(HANDED_OVER_SECONDS);
    }

    pub(super) fn reviewed(&mut self, by: Actor, verdict: Ruling, reason: Sealed) {
        let missing = self.life.task.wants_identifier();
        let confirms = self.life.task.wants_confirmation();
        let found_nothing = confirms || self.life.task.found_nothing_by_given();
        let task = &mut self.life.task;
        let verdict = match verdict {
            Ruling::Proceed | Ruling::LeaveOut if missing != (verdict == Ruling::LeaveOut) => return,
            Ruling::Proceed | Ruling::LeaveOut => Verdict::Proceed,
            Ruling::Refuse(ground) => Verdict::Refuse(ground),
        };
        task.token = None;
        task.reason = None;
        task.put_review(Some(Review { by: by.as_str().to_owned(), at: self.now, verdict, reason }));
        let (records, digest) = (task.counts.found, task.found_digest.clone());
        let told = by.clone();
        self.record(|source| Fact::Reviewed { source, by: told, verdict, records, digest: digest.clone() });
        match (verdict, digest) {
            (Verdict::Proceed, Some(records)) => {
                self.decided(Decision { by: by.as_str().to_owned(), at: self.now, records });
            }
            (Verdict::Proceed, None) if found_nothing => self.settle(Outcome::NothingFound, None),
            (Verdict::Proceed, None) => {
                self.settle(Outcome::MissingIdentifier, Some(Code::IdentifierMissing))
            }
            (Verdict::Refuse(_), _) => self.settle(Outcome::Refused, Some(Code::RefusedByReviewer)),
            (Verdict::LeftOut | Verdict::Stated, _) => {}
        }
    }

    /// A person leaves out a data source that can't be searched: recorded as a failure.
    pub(super) fn left_out(&mut self, by: &Actor, reason: Sealed) {
        let review = Review { by: by.as_str().to_owned(), at: self.now, verdict: Verdict::LeftOut, reason };
        self.life.task.put_review(Some(review));
        let told = by.clone();
        self.record(|source| Fact::LeftOut { source, by: told });
        self.settle(Outcome::Failed, Some(Code::LeftOutByAPerson));
    }

    pub(super) fn may_be_called_off(&self) -> bool {
        let begun = matches!(
            self.life.task.state,
            TaskState::Planned | TaskState::AwaitingReview | TaskState::Decided | TaskState::Submitting
        );
        begun && !self.life.has_submitted()
    }
}
