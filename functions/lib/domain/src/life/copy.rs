//! The copy that the person has a right to.

use crate::base::code::Code;
use crate::chain::fact::Fact;
use crate::law::right::Right;
use crate::life::look::SECOND_LOOK_SECONDS;
use crate::life::moving::{Moving, is_copying, is_late};
use crate::life::search::SEARCH_WAITS;
use crate::model::task::{Outcome, TaskState};
use crate::vendor::fault::Fault;

/// How often a copy may turn out lost or unusable and be made again.
const MOST_LOST_COPIES: u32 = 3;

impl Moving<'_> {
    // ---- the copy

    /// Whether the records are to be copied now.
    pub(super) fn is_copying(&self) -> bool {
        is_copying(&self.life.task, self.terms)
    }

    pub(super) fn copied(&mut self, records: u32, appeared: u32) {
        if appeared > 0 {
            // The copy lacks records of the person: those there now need a new decision.
            self.life.task.appeared = appeared;
            return self.go_back(appeared);
        }
        let task = &mut self.life.task;
        let records = records.min(task.counts.found);
        let gone = task.counts.found - records;
        if gone > 0 && task.clear_looks == 0 {
            // A vendor whose search fails once shows too few records too.
            (task.state, task.clear_looks) = (TaskState::Copying, 1);
            return self.waits(Code::SecondLook, SECOND_LOOK_SECONDS);
        }
        task.counts.submitted = records;
        task.counts.confirmed = records;
        task.appeared = appeared;
        task.finished_at = Some(self.now);
        let always = task.policy == crate::model::policy::Policy::Always;
        self.record(|source| Fact::Copied { source, records, gone });
        match (records, gone) {
            (0, _) if always => self.confirm_the_zero(),
            (0, _) => self.settle(Outcome::NothingFound, Some(Code::RecordsGone)),
            (_, 0) => self.settle(Outcome::Copied, None),
            _ => self.settle(Outcome::Copied, Some(Code::RecordsGone)),
        }
    }

    pub(super) fn copy_failed(&mut self, fault: &Fault) {
        match self.failed_try(fault) {
            Some(wait) => self.waits(fault.code(), wait),
            None => self.settle(Outcome::Failed, Some(fault.code())),
        }
    }

    pub(super) fn is_copied(&self) -> bool {
        self.life.task.state == TaskState::Settled && self.life.task.outcome == Some(Outcome::Copied)
    }

    /// The same records are copied again. After several losses the task fails with the reason, for a person to
    /// act on.
    pub(super) fn copy_lost(&mut self, code: Code) {
        self.record(|source| Fact::CopyLost { source, reason: code.to_string() });
        let task = &mut self.life.task;
        task.state = TaskState::Copying;
        (task.outcome, task.settled_at) = (None, None);
        (task.counts.submitted, task.counts.confirmed) = (0, 0);
        (task.tries, task.refusals, task.clear_looks) = (0, 0, 0);
        task.copies_lost += 1;
        if task.copies_lost > MOST_LOST_COPIES {
            return self.settle(Outcome::Failed, Some(code));
        }
        let wait = SEARCH_WAITS.after(task.copies_lost);
        self.waits(code, wait);
    }

    /// The next batch must wait, but a copy doesn't wait past its time for the vendor's export.
    pub(super) fn held_back(&mut self, code: Code, wait: u64) {
        if self.terms.right == Right::Access && is_late(&self.life.task, self.terms, self.now) {
            return self.copy_now(Some(code));
        }
        self.waits(code, wait);
    }

    /// The vendor's own export is over, or abandoned: it is only an addition to our copy.
    pub(super) fn copy_now(&mut self, gave_up: Option<Code>) {
        let task = &mut self.life.task;
        task.state = TaskState::Copying;
        task.gave_up = gave_up.map(|code| code.to_string()).or(task.gave_up.take());
        task.reason = None;
        task.handed_over_at = None;
        // The copy restarts the counts of the export.
        (task.counts.submitted, task.counts.confirmed) = (0, 0);
        (task.tries, task.refusals, task.clear_looks) = (0, 0, 0);
        self.due(0);
    }
}
