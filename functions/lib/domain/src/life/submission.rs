//! The submission: intents, their answers, and what follows when one is missing.

use crate::base::code::Code;
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::law::right::Right;
use crate::life::event::Effect;
use crate::life::moving::{Moving, NOT_SENT_WAITS, REFUSED_WAITS, count};
use crate::life::plan::{Plan, plan};
use crate::life::search::REFUSED_TRIES;
use crate::model::rule::{Rule, RuleState};
use crate::model::task::{Outcome, TaskState};
use crate::vendor::fault::Fault;
use crate::vendor::report::Submitted;

impl Moving<'_> {
    // ---- the submission

    pub(super) fn intend(&mut self, digest: Tag, until: Time, lease: Option<u64>) {
        let Plan::Send(sending) = plan(&self.life, self.now) else { return };
        let task = &mut self.life.task;
        task.state = TaskState::Submitting;
        task.fence += 1;
        task.lease = lease.or(task.lease);
        // Waiting for a turn is not a failed try.
        task.tries = if sending.again { task.tries } else { 0 };
        let (batch, fence, attempt) = (sending.batch, task.fence, sending.attempt);
        let records = count(sending.places.len());
        let known = self.life.rules.iter().position(|rule| rule.batch == batch);
        let rule = Rule {
            schema: Rule::SCHEMA,
            request: task.request,
            source: task.source.clone(),
            batch,
            attempt,
            repeats: sending.repeats,
            places: if sending.repeats.is_some() { sending.places } else { Vec::new() },
            left: Vec::new(),
            gone: 0,
            looks: 0,
            state: RuleState::Intent,
            revision: known.map_or(0, |at| self.life.rules[at].revision),
            fence,
            records,
            digest: digest.clone(),
            intent_at: self.now,
            intent_until: until,
            rule_id: None,
            status: None,
            reason: None,
            accepted_at: None,
            finished_at: None,
            confirmed: 0,
            refused: None,
            strangers: 0,
            claim: None,
        };
        match known {
            Some(at) => self.life.rules[at] = rule,
            None => self.life.rules.push(rule),
        }
        if let Some(earlier) = sending.repeats.and_then(|earlier| self.rule(earlier))
            && earlier.state == RuleState::Left
        {
            earlier.state = RuleState::Repeated;
        }
        let repeats = sending.repeats;
        self.record(|source| Fact::Intended { source, batch, fence, attempt, repeats, records, digest });
        let wait = self.now.seconds_until(until);
        self.due(wait);
        self.effects.push(Effect::Post { batch, fence });
    }

    /// The answer to an intent counts whenever it comes: no knowledge is discarded.
    pub(super) fn answered(&mut self, fence: u64, answer: Submitted) {
        let now = self.now;
        // Once verification has begun or the task is settled, a late answer only adds the rule id.
        let over = [TaskState::Verifying, TaskState::Copying, TaskState::Settled];
        let refused = self.life.rules.iter().any(|rule| rule.state == RuleState::NotTaken);
        let settled = over.contains(&self.life.task.state) && !refused;
        let own = self.life.rules.iter().find(|rule| rule.fence == fence);
        let own = count(own.map(|rule| self.life.own_places(rule).len()).unwrap_or_default());
        // Records that looks saw gone after refused repeats are counted with the repeats.
        let repeats = |one: &&Rule| {
            one.refused.is_some() && self.life.repeated_by(one).any(|earlier| earlier.fence == fence)
        };
        let counted: u32 = self.life.rules.iter().filter(repeats).map(|one| one.gone).sum();
        let Some(rule) = self.life.rules.iter_mut().find(|rule| rule.fence == fence) else { return };
        let open = matches!(rule.state, RuleState::Intent | RuleState::Unknown) && !settled;
        let resolved = match rule.state {
            RuleState::Unreferenced | RuleState::Left | RuleState::Repeated => rule.refused.is_none(),
            RuleState::Intent | RuleState::Unknown => settled,
            _ => false,
        };
        let batch = rule.batch;
        match answer {
            Submitted::Accepted { rule_id, status } if open || resolved && rule.rule_id.is_none() => {
                rule.rule_id = Some(rule_id.clone());
                rule.status = Some(status);
                rule.accepted_at = Some(now);
                rule.reason = None;
                // Records seen to be gone are counted already. An accepted batch that repeats this one counts
                // the rest.
                let more = match rule.state {
                    RuleState::Unreferenced => 0,
                    RuleState::Repeated => own.saturating_sub(rule.gone).saturating_sub(counted),
                    _ => rule.records.saturating_sub(rule.gone),
                };
                if !settled {
                    rule.state = RuleState::Accepted;
                }
                self.record(|source| Fact::Accepted { source, batch, rule_id });
                if settled {
                    return;
                }
                let task = &mut self.life.task;
                task.counts.submitted += more;
                task.submitted_at = Some(now);
                task.tries = 0;
                task.reason = None;
                // One unknown batch less: the others, and the next steps, go on from here.
                if matches!(task.state, TaskState::Unknown | TaskState::Submitting) {
                    self.go_on();
                }
            }
            Submitted::Doubtful { rule_id, status, code } if open || resolved && rule.rule_id.is_none() => {
                // Batches that looks had found without effect so far, and their repeats, are not submitted
                // again either.
                let left = rule.state == RuleState::Left && !settled;
                let repeated = rule.state == RuleState::Repeated && !settled;
                (rule.rule_id, rule.status) = (Some(rule_id.clone()), Some(status));
                rule.accepted_at = Some(now);
                rule.reason = Some(code.to_string());
                let reason = code.to_string();
                self.record(|source| Fact::Doubted { source, batch, rule_id, reason });
                if (open || left)
                    && let Some(rule) = self.rule(batch)
                {
                    rule.state = RuleState::Unknown;
                }
                if open || left || repeated {
                    self.hand_over(code);
                }
            }
            Submitted::NotSent(fault) if open => self.not_sent(batch, &fault),
            // With a rejected token nothing was accepted, so there is nothing to look for.
            Submitted::Rejected(Fault::Unauthorized) if open => self.not_sent(batch, &Fault::Unauthorized),
            Submitted::Rejected(fault) if open => self.rejected(batch, &fault),
            Submitted::Unknown(code) if open => self.lost(batch, code),
            _ => {}
        }
    }

    /// The vendor, or a gateway before it, did not accept the batch. A look shows whether its records are there
    /// at all; if they are, a few more tries follow over some minutes.
    pub(super) fn rejected(&mut self, batch: u32, fault: &Fault) {
        let reason = fault.code().to_string();
        let looks = self.terms.right == Right::Erasure
            && fault.is_refusal()
            && self.terms.vendor.is_some_and(|vendor| !vendor.identifiers.is_empty());
        if let Some(rule) = self.rule(batch) {
            rule.state = if looks { RuleState::NotTaken } else { RuleState::Rejected };
            rule.refused = Some(reason.clone());
            rule.reason = Some(reason.clone());
        }
        let told = reason.clone();
        self.record(|source| Fact::Rejected { source, batch, reason: told.to_string() });
        if !looks {
            // The connector's own objections are not a refusal by the vendor.
            return self.stop(
                reason.to_string(),
                if fault.is_refusal() { Outcome::Refused } else { Outcome::Failed },
            );
        }
        self.life.task.state = TaskState::Verifying;
        self.life.task.tries = 0;
        self.waits(fault.code(), 0);
    }

    pub(super) fn not_sent(&mut self, batch: u32, fault: &Fault) {
        if let Some(rule) = self.rule(batch) {
            rule.state = RuleState::NotSent;
            rule.reason = Some(fault.code().to_string());
        }
        let reason = fault.code().to_string();
        self.record(|source| Fact::NotSent { source, batch, reason });
        let task = &self.life.task;
        let deadline = task.decision.as_ref().zip(self.terms.vendor);
        let over = deadline
            .is_some_and(|(decision, vendor)| decision.at.plus_seconds(vendor.deadline_seconds) < self.now);
        let refuses = *fault == Fault::Unauthorized;
        // A call that the vendor or our own limiter only delays never fails. A refusal ends the task after its
        // tries, however late it is.
        if over && !fault.is_put_off() && !refuses {
            return self.stop(fault.code().to_string(), Outcome::Failed);
        }
        if refuses && self.life.task.reason.as_deref() != Some(fault.code().as_str()) {
            // Waiting for a turn, and other faults, are not refusals.
            self.life.task.tries = 0;
        }
        let task = &self.life.task;
        if refuses && task.tries + 1 >= REFUSED_TRIES {
            return self.stop(fault.code().to_string(), Outcome::Failed);
        }
        let wait = match fault.asked_wait() {
            Some(seconds) => seconds.max(1),
            None if refuses => REFUSED_WAITS.after(task.tries),
            None => NOT_SENT_WAITS.after(task.tries),
        };
        self.life.task.state = TaskState::Submitting;
        self.life.task.handed_over_at = None;
        self.life.task.tries += u32::from(!fault.is_put_off());
        self.held_back(fault.code(), wait);
    }

    pub(super) fn answer_missing(&mut self) {
        let now = self.now;
        let missing =
            self.life.rules.iter().find(|rule| rule.state == RuleState::Intent && now >= rule.intent_until);
        if let Some(batch) = missing.map(|rule| rule.batch) {
            self.lost(batch, Code::AnswerNeverCame);
        }
    }

    /// Handles a submission with an unknown result: a look will show it, or a person must find out.
    pub(super) fn lost(&mut self, batch: u32, code: Code) {
        if let Some(rule) = self.rule(batch) {
            rule.state = RuleState::Unknown;
            rule.reason = Some(code.to_string());
        }
        self.life.task.state = TaskState::Unknown;
        self.life.task.tries = 0;
        let reason = code.to_string();
        self.record(|source| Fact::BecameUnknown { source, batch: Some(batch), reason });
        if self.terms.right == Right::Access {
            return self.copy_now(Some(code));
        }
        match self.terms.vendor {
            Some(vendor) if vendor.identifiers.is_empty() => self.hand_over(code),
            Some(vendor) => self.waits(code, vendor.unknown_waits.after(0)),
            None => self.waits(code, 60),
        }
    }

    /// Ends the submissions. A task with accepted batches follows them to their end; without any, it ends here.
    pub(super) fn stop(&mut self, code: String, outcome: Outcome) {
        if self.terms.right == Right::Access {
            self.life.task.gave_up = Some(code);
            return self.copy_now(None);
        }
        if self.life.has_unknown_end() {
            // A submission that was never answered may still have its effect.
            return self.hand_over_as(code);
        }
        if !self.life.run_has_submitted() {
            return self.settle_as(outcome, Some(code));
        }
        self.life.task.state = TaskState::Submitted;
        self.life.task.handed_over_at = None;
        self.life.task.gave_up = Some(code);
        self.due(1);
    }

    /// Returns to the batches, after an answer or a look.
    pub(super) fn go_on(&mut self) {
        let now = self.now;
        match plan(&self.life, now) {
            Plan::UsedUp => self.hand_over(Code::RepeatsUsedUp),
            Plan::Refused(refusal) => self.stop(refusal, Outcome::Refused),
            Plan::Look => {
                self.life.task.state = TaskState::Unknown;
                self.due(0);
            }
            Plan::Send(_) | Plan::Wait(_) | Plan::Missing | Plan::Done => {
                let gave_up = self.life.task.gave_up.is_some();
                let task = &mut self.life.task;
                task.state = if gave_up { TaskState::Submitted } else { TaskState::Submitting };
                task.reason = None;
                task.handed_over_at = None;
                task.tries = 0;
                self.due(0);
            }
        }
    }
}
