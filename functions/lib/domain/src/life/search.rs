//! The search: the records found, the missing identifiers, and the end.

use crate::base::code::Code;
use crate::base::seal::{Sealed, Tag};
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::chain::fact::Fact;
use crate::law::right::Right;
use crate::life::moving::{Moving, REFUSED_WAITS, count, is_late};
use crate::model::task::{Asked, Counts, Decision, Outcome, Rounds, TaskState};
use crate::vendor::fault::Fault;
use crate::vendor::target::Target;

/// Waits between failed searches, in addition to the workflow's own retries.
pub(crate) const SEARCH_WAITS: Waits = Waits { first_seconds: 15, longest_seconds: 6 * 3600 };

/// How often in a row, over some minutes, a vendor may refuse a search or a copy before the refusal is final.
pub(crate) const REFUSED_TRIES: u32 = 5;

/// How many rounds may follow the first decision of a run.
pub const MOST_ROUNDS: u32 = 3;

impl Moving<'_> {
    // ---- the search

    pub(super) fn searched(
        &mut self,
        began: Time,
        target: Option<Target>,
        asked: Asked,
        doubts: Option<Sealed>,
    ) {
        let task = &mut self.life.task;
        task.searched_at = Some(began);
        (task.asked, task.doubts) = (asked, doubts);
        if let Some(target) = target
            && task.target.as_ref() != Some(&target)
        {
            task.target = Some(target.clone());
            self.record(|source| Fact::Targeted { source, target });
        }
    }

    /// Whether a person must decide whatever the policy: some of the records found show another person's
    /// identifier, or some of those set aside may be this person's. A dry run without a reviewer erases
    /// nothing, so it goes on.
    pub(super) fn is_doubtful(&self) -> bool {
        let task = &self.life.task;
        let unattended = self.terms.dry_run && task.policy == crate::model::policy::Policy::Auto;
        !unattended && (task.asked.marked > 0 || task.asked.doubtful > 0)
    }

    pub(super) fn found(&mut self, records: u32, chunks: u32, digest: Tag) {
        let task = &mut self.life.task;
        task.counts.found = records;
        task.chunks = chunks;
        // Fixed here: a later change of the parameter must not shift batches that were submitted.
        task.batch_size = self.terms.vendor.map_or(1, |vendor| count(vendor.batch_size)).max(1);
        (task.tries, task.refusals) = (0, 0);
        task.reason = None;
        task.found_digest = Some(digest.clone());
        let (policy, asked) = (task.policy, task.asked);
        self.record(|source| Fact::Found { source, records, asked });
        if policy.wants_review(records) || self.is_doubtful() {
            return self.await_review(records, Some(digest));
        }
        let by = format!("policy:{policy}");
        self.record(|source| Fact::Decided { source, by: by.clone(), records, digest: digest.clone() });
        self.decided(Decision { by, at: self.now, records: digest });
    }

    /// A copy must cover every data source of the request, so a person decides. If a person reviews the request
    /// anyway, or had the task run again, they decide here too.
    pub(super) fn identifier_missing(&mut self) {
        let attended = self.life.task.policy.involves_a_person() || self.life.task.run > 1;
        if self.terms.right == Right::Access || attended {
            self.life.task.counts.found = 0;
            self.life.task.found_digest = None;
            self.life.task.reason = Some(Code::IdentifierMissing.to_string());
            return self.await_review(0, None);
        }
        self.settle(Outcome::MissingIdentifier, Some(Code::IdentifierMissing));
    }

    /// Whether the task may be searched and decided on again at another target: nothing of its run was sent.
    pub(super) fn may_change_target(&self) -> bool {
        let task = &self.life.task;
        let open = matches!(
            task.state,
            TaskState::Planned
                | TaskState::AwaitingReview
                | TaskState::Decided
                | TaskState::Submitting
                | TaskState::Submitted
                | TaskState::Verifying
                | TaskState::Unknown
                | TaskState::Copying
        );
        open && !self.life.stands_on_its_target()
    }

    /// Returns to the search, for records that a look found beyond the decision, at the same target and under
    /// the same lease. The results of the earlier rounds are kept.
    pub(super) fn go_back(&mut self, appeared: u32) {
        let task = &self.life.task;
        let mut earlier: Rounds = task.earlier.clone().unwrap_or_default();
        if earlier.rounds >= MOST_ROUNDS {
            // A copy waits for nobody: an incomplete one fails, with its reason.
            return match self.terms.right {
                Right::Access => self.settle(Outcome::Failed, Some(Code::RecordsKeepAppearing)),
                Right::Erasure => self.hand_over(Code::RecordsKeepAppearing),
            };
        }
        earlier.rounds += 1;
        earlier.decision = task.decision.clone().map(Box::new).or(earlier.decision);
        // A copy starts again with all records, and counts them all again.
        if self.terms.right == Right::Erasure {
            earlier.counts = task.all_counts();
            earlier.claim = Some(self.claim());
            earlier.unreferenced |= self.life.rules.iter().any(|rule| self.life.lacks_reference(rule));
        }
        let round = earlier.rounds;
        let (target, strangers, run) = (task.target.clone(), task.strangers, task.run);
        let found = task.counts.found;
        self.record(|source| Fact::WentBack { source, round, appeared });
        self.search_anew();
        let task = &mut self.life.task;
        if self.terms.right == Right::Access {
            // The next search, if there is one, replaces this count.
            task.counts.found = found;
        }
        (task.earlier, task.target, task.strangers, task.run) = (Some(earlier), target, strangers, run);
    }

    /// Returns to the search. Earlier submissions stay as recorded: a new run has its own batches, numbered
    /// after those of the earlier ones.
    pub(super) fn search_anew(&mut self) {
        let behind = self.life.rules.iter().map(|rule| rule.batch + 1).max();
        let begun = self.life.run_has_submitted();
        let task = &mut self.life.task;
        task.run += u32::from(begun || task.state == TaskState::Settled);
        task.first_batch = behind.unwrap_or(task.first_batch);
        self.life.rules.clear();
        task.state = TaskState::Planned;
        task.counts = Counts::default();
        task.batch_size = 0;
        task.found_digest = None;
        task.token = None;
        task.put_review(None);
        task.decision = None;
        task.outcome = None;
        task.reason = None;
        task.gave_up = None;
        task.claim = None;
        (task.tries, task.refusals, task.polls) = (0, 0, 0);
        (task.looks, task.left, task.appeared) = (0, 0, 0);
        (task.target, task.looked, task.earlier) = (None, None, None);
        (task.asked, task.doubts) = (Asked::default(), None);
        (task.clear_looks, task.assurance, task.strangers) = (0, None, 0);
        task.copies_lost = 0;
        task.submitted_at = None;
        task.finished_at = None;
        task.verified_at = None;
        task.settled_at = None;
        task.handed_over_at = None;
        self.due(0);
    }

    pub(super) fn search_ended(&mut self, outcome: Outcome, reason: Option<Code>, found: u32) {
        self.life.task.found_digest = None;
        if matches!(outcome, Outcome::NothingFound | Outcome::DryRun) {
            // A failed search keeps the number that the one before it found.
            self.life.task.counts.found = found;
            let asked = self.life.task.asked;
            self.record(|source| Fact::Found { source, records: found, asked });
        }
        if self.life.task.earlier.is_some() && self.terms.right == Right::Erasure {
            return self.round_ended(outcome, reason);
        }
        let copies = self.terms.right == Right::Access && !self.terms.dry_run;
        if copies && outcome == Outcome::NothingFound && !self.life.task.inserted.is_empty() {
            // The person's identifier may be wrong: no copy goes out until somebody decides.
            self.life.task.reason = Some(Code::IdentifierFoundNothing.to_string());
            return self.await_review(0, None);
        }
        let always = self.life.task.policy == crate::model::policy::Policy::Always;
        if outcome == Outcome::NothingFound && (always || self.is_doubtful()) {
            return self.confirm_the_zero();
        }
        self.settle(outcome, reason);
    }

    /// A search that misses records looks like success, so a person sees the zero first.
    pub(super) fn confirm_the_zero(&mut self) {
        let task = &mut self.life.task;
        (task.found_digest, task.decision) = (None, None);
        task.reason = Some(Code::NothingFoundToConfirm.to_string());
        self.await_review(0, None);
    }

    /// The search of a later round led to no decision. A look shows whether the person's records are gone;
    /// otherwise a person must decide. The earlier rounds submitted something, so this ends nothing by itself.
    pub(super) fn round_ended(&mut self, outcome: Outcome, reason: Option<Code>) {
        self.life.task.finished_at = Some(self.now);
        if outcome != Outcome::NothingFound {
            return self.hand_over(reason.unwrap_or(Code::RecordsKeepAppearing));
        }
        self.life.task.claim = Some(self.claim());
        self.life.task.state = TaskState::Verifying;
        self.due(0);
    }

    pub(super) fn search_failed(&mut self, fault: &Fault) {
        match self.failed_try(fault) {
            Some(wait) => self.waits(fault.code(), wait),
            None if self.life.task.earlier.is_some() && self.terms.right == Right::Erasure => {
                self.life.task.finished_at = Some(self.now);
                self.hand_over(fault.code());
            }
            None => {
                self.life.task.searched_at = Some(self.now);
                self.settle(Outcome::Failed, Some(fault.code()));
            }
        }
    }

    /// A delayed call is made when its time has come. A task that is with a person stays there; a late one goes
    /// to a person.
    pub(super) fn put_off(&mut self, fault: &Fault) {
        let code = fault.code();
        let wait = fault.asked_wait().unwrap_or(2).max(1);
        let late = is_late(&self.life.task, self.terms, self.now);
        match self.life.task.state {
            TaskState::Planned | TaskState::Copying => self.waits(code, wait),
            TaskState::Decided if self.is_copying() => self.waits(code, wait),
            TaskState::Submitted | TaskState::Decided | TaskState::Submitting
                if late && self.terms.right == Right::Access =>
            {
                // A copy doesn't wait past its time for the vendor's export.
                self.copy_now(Some(code));
            }
            TaskState::Submitted | TaskState::Verifying | TaskState::Unknown
                if late && self.life.task.handed_over_at.is_none() =>
            {
                self.hand_over(code);
            }
            _ if self.life.task.handed_over_at.is_some() => self.due(wait),
            _ => self.waits(code, wait),
        }
    }

    /// The wait before the next try at a search or a copy; `None` when there were enough tries.
    pub(super) fn failed_try(&mut self, fault: &Fault) -> Option<u64> {
        let most = self.terms.vendor.map_or(u32::MAX, |vendor| vendor.search_tries);
        let (most, waits) = if fault.is_refusal() {
            // A gateway may refuse for a vendor that works again in some minutes.
            (most.min(REFUSED_TRIES), REFUSED_WAITS)
        } else {
            (most, SEARCH_WAITS)
        };
        let task = &mut self.life.task;
        task.tries += 1;
        task.refusals += u32::from(fault.is_refusal());
        // Earlier faults of other kinds are not refusals.
        let tries = if fault.is_refusal() { task.refusals } else { task.tries };
        (tries < most).then(|| waits.after(tries - u32::from(fault.is_refusal())))
    }
}
