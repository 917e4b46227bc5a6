//! The next step for a task's batches.

use crate::base::time::Time;
use crate::life::rows::{Life, batches, first_places};
use crate::model::rule::RuleState;
use crate::model::task::TaskState;

/// How often records may be submitted: once, and three times more after looks that still found them. Then a
/// person must decide.
pub const MAX_ATTEMPTS: u32 = 4;

/// The next step for a task's batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Store the intent for this batch and submit it.
    Send(Sending),
    /// A submission may still be under way: wait this number of seconds.
    Wait(u64),
    /// A submission's answer never came.
    Missing,
    /// A look must show the effect of a submission.
    Look,
    /// Records are left that were submitted as often as allowed.
    UsedUp,
    /// Records are left that the vendor refused as often as allowed; with its refusal.
    Refused(String),
    /// Nothing is left to send.
    Done,
}

/// A batch to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub batch: u32,
    /// The number of this try at its records, from 1.
    pub attempt: u32,
    /// The batch that it repeats.
    pub repeats: Option<u32>,
    /// The places of its records in the decided set.
    pub places: Vec<u32>,
    /// Whether it was tried before, so that its wait applies.
    pub again: bool,
}

/// Decides about the batches from the stored rows: one submission in flight, and a missing answer comes before
/// everything else.
#[must_use]
pub fn plan(life: &Life, now: Time) -> Plan {
    let Life { task, rules } = life;
    if let Some(rule) = rules.iter().find(|rule| rule.state == RuleState::Intent) {
        let left = now.seconds_until(rule.intent_until);
        return if now < rule.intent_until { Plan::Wait(left.max(1)) } else { Plan::Missing };
    }
    if rules.iter().any(|rule| matches!(rule.state, RuleState::Unknown | RuleState::NotTaken)) {
        return Plan::Look;
    }
    if task.gave_up.is_some() {
        return Plan::Done;
    }
    for batch in task.first_batch..task.first_batch + batches(task) {
        if !rules.iter().any(|rule| rule.batch == batch) {
            let places = first_places(task, batch);
            return Plan::Send(Sending { batch, attempt: 1, repeats: None, places, again: false });
        }
    }
    for rule in rules {
        match rule.state {
            RuleState::NotSent => {
                return Plan::Send(Sending {
                    batch: rule.batch,
                    attempt: rule.attempt,
                    repeats: rule.repeats,
                    places: life.places(rule),
                    again: true,
                });
            }
            // The vendor has this submission, however it understands it.
            RuleState::Left if life.repeats_doubted(rule) => return Plan::UsedUp,
            // A late answer showed that the vendor accepted the records in an earlier batch.
            RuleState::Left if rule.refused.is_some() && life.repeats_accepted(rule) => {}
            RuleState::Left if rule.attempt >= MAX_ATTEMPTS => {
                return match &rule.refused {
                    Some(refusal) => Plan::Refused(refusal.clone()),
                    None => Plan::UsedUp,
                };
            }
            RuleState::Left => {
                let first = task.first_batch + batches(task);
                let next = rules.iter().map(|rule| rule.batch + 1).max().unwrap_or(0).max(first);
                return Plan::Send(Sending {
                    batch: next,
                    attempt: rule.attempt + 1,
                    repeats: Some(rule.batch),
                    places: rule.left.clone(),
                    again: false,
                });
            }
            _ => {}
        }
    }
    Plan::Done
}

impl Life {
    /// Whether a look can show anything about the task.
    #[must_use]
    pub fn wants_look(&self, now: Time) -> bool {
        match self.task.state {
            TaskState::Verifying => true,
            TaskState::Unknown => match plan(self, now) {
                Plan::Look | Plan::UsedUp | Plan::Refused(_) => true,
                Plan::Done => self.task.finished_at.is_some() && self.task.gave_up.is_none(),
                _ => false,
            },
            _ => false,
        }
    }
}
