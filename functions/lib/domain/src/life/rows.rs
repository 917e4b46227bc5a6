//! A task with its rules, and questions that they answer.

use crate::base::time::Time;
use crate::model::rule::{Rule, RuleState};
use crate::model::task::{Task, TaskState};

/// The stored rows of one task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    /// The task's row.
    pub task: Task,
    /// The rows of its rules, by batch.
    pub rules: Vec<Rule>,
}

impl Life {
    /// Whether `there`, which is newer, differs only by waits: another worker's call was delayed then, and
    /// learned nothing from the vendor.
    #[must_use]
    pub fn was_put_off_since(&self, there: &Self) -> bool {
        let but_for_waits = |task: &Task| Task {
            revision: 0,
            reason: None,
            slot: None,
            asked_to: None,
            not_before: None,
            next_due: None,
            ..task.clone()
        };
        self.task.revision < there.task.revision
            && self.rules == there.rules
            && but_for_waits(&self.task) == but_for_waits(&there.task)
    }

    /// The places of a rule's records in the decided set.
    #[must_use]
    pub fn places(&self, rule: &Rule) -> Vec<u32> {
        if rule.repeats.is_some() { rule.places.clone() } else { first_places(&self.task, rule.batch) }
    }

    /// The places that only this rule accounts for: without those that a later batch repeats.
    #[must_use]
    pub fn own_places(&self, rule: &Rule) -> Vec<u32> {
        let mut places = self.places(rule);
        let mut later = self.repeat_of(rule);
        // A repeat that the vendor did not accept accounts for nothing; the next one may.
        while let Some(one) = later {
            if one.refused.is_none() {
                places.retain(|place| !one.places.contains(place));
                break;
            }
            later = self.repeat_of(one);
        }
        places
    }

    fn repeat_of(&self, rule: &Rule) -> Option<&Rule> {
        self.rules.iter().find(|one| one.repeats == Some(rule.batch))
    }

    /// The rules that this one repeats, the last one first.
    pub(super) fn repeated_by<'a>(&'a self, rule: &Rule) -> impl Iterator<Item = &'a Rule> {
        let find = |batch: u32| self.rules.iter().find(move |one| one.batch == batch);
        std::iter::successors(rule.repeats.and_then(find), move |one| one.repeats.and_then(find))
    }

    /// Whether the vendor is known to have accepted a rule that this one repeats.
    pub(super) fn repeats_accepted(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| matches!(one.state, RuleState::Accepted | RuleState::Finished))
    }

    /// Whether the vendor's answer to a rule that this one repeats was doubtful.
    pub(super) fn repeats_doubted(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| one.rule_id.is_some() && one.reason.is_some())
    }

    /// Whether the rule repeats one that was never answered: records that are gone may be the effect of that
    /// one.
    pub(super) fn repeats_unanswered(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| one.refused.is_none() && one.rule_id.is_none())
    }

    /// Whether a person may have the task searched or run again: not while its submission is under way or its
    /// outcome unknown.
    #[must_use]
    pub fn may_run_again(&self) -> bool {
        match self.task.state {
            TaskState::Planned | TaskState::AwaitingReview | TaskState::Settled => true,
            TaskState::Decided => self.rules.is_empty(),
            // A person has the task, and the end of every submission is known.
            TaskState::Unknown => {
                let ended = |rule: &Rule| !matches!(rule.state, RuleState::Accepted | RuleState::NotTaken);
                self.task.handed_over_at.is_some()
                    && self.task.finished_at.is_some()
                    && !self.has_unknown_end()
                    && self.rules.iter().all(ended)
            }
            TaskState::Submitting | TaskState::Submitted | TaskState::Verifying | TaskState::Copying => false,
        }
    }

    /// Whether something was, or may have been, submitted for it.
    #[must_use]
    pub fn has_submitted(&self) -> bool {
        self.run_has_submitted() || self.task.run > 1 && self.task.first_batch > 0
    }

    /// The same for its present run only.
    #[must_use]
    pub fn run_has_submitted(&self) -> bool {
        self.task.earlier.is_some() || self.round_has_submitted()
    }

    /// Whether something of its present run was sent to the run's target, even if it was refused there: a look
    /// at that target comes first, whatever the data source points at now.
    #[must_use]
    pub fn stands_on_its_target(&self) -> bool {
        self.run_has_submitted() || self.rules.iter().any(|rule| rule.state == RuleState::NotTaken)
    }

    /// The same for its present round only.
    pub(super) fn round_has_submitted(&self) -> bool {
        let taken = |rule: &Rule| {
            !matches!(rule.state, RuleState::NotSent | RuleState::Rejected) && rule.refused.is_none()
        };
        self.task.counts.submitted > 0 || self.rules.iter().any(taken)
    }

    /// Whether the end of an intent is unknown: it was never answered, and its records were not seen to be
    /// gone.
    #[must_use]
    pub fn has_unknown_end(&self) -> bool {
        self.rules.iter().any(|rule| match rule.state {
            RuleState::Intent | RuleState::Unknown => true,
            RuleState::Left | RuleState::Repeated => rule.refused.is_none() && rule.rule_id.is_none(),
            _ => false,
        })
    }

    /// Whether the rule's effect was seen for records that no other rule accounts for, and the vendor's
    /// reference to it is missing.
    pub(super) fn lacks_reference(&self, rule: &Rule) -> bool {
        let seen = match rule.state {
            RuleState::Unreferenced => true,
            RuleState::Repeated => rule.refused.is_none() && !self.own_places(rule).is_empty(),
            _ => false,
        };
        seen && rule.rule_id.is_none()
    }

    /// Whether the result of a submission is unknown.
    #[must_use]
    pub fn has_unanswered(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.state, RuleState::Intent | RuleState::Unknown))
    }
}

pub(crate) fn first_places(task: &Task, batch: u32) -> Vec<u32> {
    let size = task.batch_size.max(1);
    let from = batch.saturating_sub(task.first_batch).saturating_mul(size);
    (from..from.saturating_add(size).min(task.counts.found)).collect()
}

pub(crate) fn batches(task: &Task) -> u32 {
    task.counts.found.div_ceil(task.batch_size.max(1))
}

/// The rest of a task's wait, in seconds: a repeated call does not start the wait again.
#[must_use]
pub fn wait_left(task: &Task, now: Time) -> u64 {
    task.not_before.map_or(0, |at| now.seconds_until(at))
}
