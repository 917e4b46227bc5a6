//! Has one data source erase what was decided on: intent first, then one POST, then its answer.
//!
//! Architecture Invariant: a POST goes out only under a stored intent that names its batch; while
//! the answer to an intent is missing, no other POST goes out for the task, ever.

use super::{
    Next, STALE_TRIES, Settings, Step, TaskRef, count, digest_records, due_after, ends_the_task, is_closed,
    load, open_records, open_vendor, wait_left,
};
use crate::event::Fact;
use crate::failure::Failure;
use crate::ports::{Change, Clock, CommitError, Keys, Reads, Row, Tags, Vendors, Writes};
use crate::request::Request;
use crate::task::{Outcome, Rule, RuleState, Task, TaskState};
use crate::time::Time;
use crate::vendor::{Batch, RecordId, Submitted, Vendor};
use crate::waits::Waits;

/// The ports of a submission.
#[derive(Debug)]
pub struct Submit<'a, S, K, T, V, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Keyed digests.
    pub tags: &'a T,
    /// Opens data sources.
    pub vendors: &'a V,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// Seconds that a call needs around its POST, for the store and the way back.
const MARGIN_SECONDS: u64 = 10;

/// Waits after a batch that was not sent.
const NOT_SENT_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 3600 };

/// What is to be done about a task's batches.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Send this batch; the rule row read for it, if there is one.
    Send(u32, Option<Rule>),
    /// Another call's POST may still be under way: wait so many seconds.
    Wait(u64),
    /// A POST's answer never came.
    Lost(Rule),
    /// Nothing is left to send.
    Done,
}

/// Decides from what is stored; pure.
fn plan(task: &Task, rules: &[Rule], now: Time) -> Plan {
    if task.gave_up.is_some() {
        return Plan::Done;
    }
    for batch in 0..batches(task) {
        let Some(rule) = rules.iter().find(|rule| rule.batch == batch) else {
            return Plan::Send(batch, None);
        };
        match rule.state {
            RuleState::Accepted | RuleState::Finished => {}
            RuleState::NotSent => return Plan::Send(batch, Some(rule.clone())),
            RuleState::Intent if now < rule.intent_until => {
                return Plan::Wait(now.seconds_until(rule.intent_until).max(1));
            }
            RuleState::Intent | RuleState::Unknown => return Plan::Lost(rule.clone()),
            // A rejected batch gives the task up in the same change.
            RuleState::Rejected => return Plan::Done,
        }
    }
    Plan::Done
}

fn batches(task: &Task) -> u32 {
    task.counts.found.div_ceil(task.batch_size.max(1))
}

impl<S, K, T, V, C> Submit<'_, S, K, T, V, C>
where
    S: Reads + Writes,
    K: Keys,
    T: Tags,
    V: Vendors,
    C: Clock,
{
    /// Sends as many batches as fit before `until`, one after another. May be repeated: it reads
    /// its intents first, and an intent without an answer is never sent again.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn run(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        let mut stale = 0;
        loop {
            let (request, task) = load(self.store, at).await?;
            if is_closed(&request) || !matches!(task.state, TaskState::Decided | TaskState::Submitting) {
                return Ok(Step::passing(&task));
            }
            match self.advance(&request, task, at, until).await {
                Ok(Some(step)) => return Ok(step),
                Ok(None) => stale = 0,
                Err(CommitError::Stale) if stale < STALE_TRIES => stale += 1,
                Err(CommitError::Stale) => return Err(Failure::transient("too_much_contention")),
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
    }

    /// One batch, or the step that follows the last one.
    async fn advance(
        &self,
        request: &Request,
        mut task: Task,
        at: &TaskRef,
        until: Time,
    ) -> Result<Option<Step>, CommitError> {
        let vendor = match open_vendor(self.store, self.vendors, &at.source_id).await {
            Ok(vendor) => vendor,
            Err(failure) if ends_the_task(failure) => {
                return self.give_up(task, at, failure.code, Outcome::Failed).await.map(Some);
            }
            Err(failure) => return Err(failure.into()),
        };
        if task.batch_size == 0 {
            // Fixed with the first batch: a later change of the parameter must not shift batches
            // that are already out.
            task.batch_size = count(vendor.capabilities().batch_size).max(1);
        }
        let rules = self.store.rules(at.request_id, &at.source_id).await?;
        let now = self.clock.now();
        match plan(&task, &rules, now) {
            Plan::Done => self.submitted(task).await.map(Some),
            Plan::Wait(seconds) => Ok(Some(Step::new(&task, Next::Submit, seconds))),
            Plan::Lost(rule) => self.lost(task, rule, "answer_never_came").await.map(Some),
            Plan::Send(batch, rule) => {
                let wait = wait_left(&task, now, &self.settings);
                if rule.is_some() && wait > 0 {
                    return Ok(Some(Step::new(&task, Next::Submit, wait)));
                }
                let needed = vendor.capabilities().call_timeout_seconds + MARGIN_SECONDS;
                if now.plus_seconds(needed) > until {
                    return Ok(Some(Step::new(&task, Next::Submit, 1)));
                }
                self.send(request, task, at, &vendor, batch, rule).await
            }
        }
    }

    /// Intent, POST, answer.
    async fn send(
        &self,
        request: &Request,
        mut task: Task,
        at: &TaskRef,
        vendor: &V::Vendor,
        batch: u32,
        rule: Option<Rule>,
    ) -> Result<Option<Step>, CommitError> {
        let records = match open_records(self.store, self.keys, at).await {
            Ok(records) => records,
            Err(failure) if ends_the_task(failure) => {
                return self.give_up(task, at, failure.code, Outcome::Failed).await.map(Some);
            }
            Err(failure) => return Err(failure.into()),
        };
        if !self.is_decided(&task, at, &records).await? {
            return self.give_up(task, at, "decision_does_not_fit", Outcome::Failed).await.map(Some);
        }
        let size = task.batch_size as usize;
        let part: &[RecordId] = records.chunks(size).nth(batch as usize).unwrap_or(&[]);
        let digest = digest_records(self.tags, "batch", at, part).await?;
        let now = self.clock.now();
        task.state = TaskState::Submitting;
        task.fence += 1;
        let rule = Rule {
            schema: Rule::SCHEMA,
            request: at.request_id,
            source: at.source_id.clone(),
            batch,
            state: RuleState::Intent,
            revision: rule.map_or(0, |rule| rule.revision),
            fence: task.fence,
            records: count(part.len()),
            digest: digest.clone(),
            intent_at: now,
            intent_until: now.plus_seconds(vendor.capabilities().call_timeout_seconds + MARGIN_SECONDS),
            rule_id: None,
            status: None,
            reason: None,
            accepted_at: None,
            finished_at: None,
            confirmed: 0,
            claim: None,
        };
        task.next_due = due_after(rule.intent_until, 0, &self.settings);
        let fence = rule.fence;
        let fact =
            Fact::Intended { source: at.source_id.clone(), batch, fence, records: rule.records, digest };
        self.save(task, vec![rule], vec![fact]).await?;

        let justification = format!("Data subject request {}", request.id);
        let answer = vendor
            .submit(&Batch {
                justification: &justification,
                records: part,
                dry_run: request.dry_run,
                right: request.right,
            })
            .await;
        self.answered(at, batch, fence, answer, vendor.capabilities().deadline_seconds).await
    }

    /// Stores the answer to the intent `fence` of a batch, even if another call has meanwhile given
    /// the intent up for lost: knowledge is not thrown away.
    async fn answered(
        &self,
        at: &TaskRef,
        batch: u32,
        fence: u64,
        answer: Submitted,
        deadline_seconds: u64,
    ) -> Result<Option<Step>, CommitError> {
        for _ in 0..STALE_TRIES {
            let (_, task) = load(self.store, at).await?;
            let rules = self.store.rules(at.request_id, &at.source_id).await?;
            let mine = rules.into_iter().find(|rule| {
                rule.batch == batch
                    && rule.fence == fence
                    && matches!(rule.state, RuleState::Intent | RuleState::Unknown)
            });
            let Some(rule) = mine else {
                return Ok(Some(Step::passing(&task)));
            };
            match self.store_answer(task, rule, &answer, deadline_seconds).await {
                Err(CommitError::Stale) => {}
                other => return other,
            }
        }
        Err(Failure::transient("too_much_contention").into())
    }

    async fn store_answer(
        &self,
        mut task: Task,
        mut rule: Rule,
        answer: &Submitted,
        deadline_seconds: u64,
    ) -> Result<Option<Step>, CommitError> {
        let now = self.clock.now();
        let source = task.source.clone();
        let batch = rule.batch;
        match answer {
            Submitted::Accepted { rule_id, status } => {
                rule.state = RuleState::Accepted;
                rule.rule_id = Some(rule_id.clone());
                rule.status = Some(*status);
                rule.accepted_at = Some(now);
                rule.reason = None;
                task.state = TaskState::Submitting;
                task.counts.submitted += rule.records;
                task.tries = 0;
                task.reason = None;
                task.submitted_at = Some(now);
                task.next_due = due_after(now, 0, &self.settings);
                let fact = Fact::Accepted { source, batch, rule_id: rule_id.clone() };
                self.save(task, vec![rule], vec![fact]).await?;
                Ok(None)
            }
            Submitted::NotSent(fault) => {
                rule.state = RuleState::NotSent;
                rule.reason = Some(fault.code().to_owned());
                task.state = TaskState::Submitting;
                let wait = match fault.asked_wait() {
                    Some(seconds) => seconds.max(1),
                    None => NOT_SENT_WAITS.after(task.tries),
                };
                task.tries += 1;
                task.reason = rule.reason.clone();
                task.next_due = due_after(now, wait, &self.settings);
                let fact = Fact::NotSent { source, batch, reason: fault.code().to_owned() };
                let decided = task.decision.as_ref().map_or(now, |decision| decision.at);
                if decided.plus_seconds(deadline_seconds) < now {
                    return self.end(task, rule, fact, fault.code(), Outcome::Failed).await.map(Some);
                }
                let step = Step::new(&task, Next::Submit, wait);
                self.save(task, vec![rule], vec![fact]).await?;
                Ok(Some(step))
            }
            Submitted::Rejected(fault) => {
                rule.state = RuleState::Rejected;
                rule.reason = Some(fault.code().to_owned());
                let fact = Fact::Rejected { source, batch, reason: fault.code().to_owned() };
                // The connector's own objections are no refusal of the vendor's.
                let vendors = fault.code().starts_with("vendor_");
                let outcome = if vendors { Outcome::Refused } else { Outcome::Failed };
                self.end(task, rule, fact, fault.code(), outcome).await.map(Some)
            }
            Submitted::Unknown(code) => self.lost(task, rule, code).await.map(Some),
        }
    }

    /// No further batch goes out. With accepted ones under way the task follows them to their end;
    /// without, it ends here.
    async fn end(
        &self,
        mut task: Task,
        rule: Rule,
        fact: Fact,
        code: &str,
        outcome: Outcome,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let mut facts = vec![fact];
        let step = self.stop(&mut task, &mut facts, code, outcome, now);
        self.save(task, vec![rule], facts).await?;
        Ok(step)
    }

    async fn give_up(
        &self,
        mut task: Task,
        at: &TaskRef,
        code: &str,
        outcome: Outcome,
    ) -> Result<Step, CommitError> {
        let rules = self.store.rules(at.request_id, &at.source_id).await?;
        let now = self.clock.now();
        // A POST without an answer goes before everything else: it is not known to have failed.
        let open =
            rules.into_iter().find(|rule| matches!(rule.state, RuleState::Intent | RuleState::Unknown));
        if let Some(rule) = open {
            if rule.state == RuleState::Intent && now < rule.intent_until {
                return Ok(Step::new(&task, Next::Submit, now.seconds_until(rule.intent_until).max(1)));
            }
            return self.lost(task, rule, "answer_never_came").await;
        }
        let mut facts = Vec::new();
        let step = self.stop(&mut task, &mut facts, code, outcome, now);
        self.save(task, Vec::new(), facts).await?;
        Ok(step)
    }

    fn stop(&self, task: &mut Task, facts: &mut Vec<Fact>, code: &str, outcome: Outcome, now: Time) -> Step {
        task.next_due = due_after(now, 0, &self.settings);
        if task.counts.submitted == 0 {
            task.settle(outcome, Some(code), now);
            facts.push(Fact::Settled {
                source: task.source.clone(),
                outcome,
                reason: Some(code.to_owned()),
                appeared: 0,
            });
            return Step::new(task, Next::Settled, 0);
        }
        task.state = TaskState::Submitted;
        task.gave_up = Some(code.to_owned());
        Step::new(task, Next::Check, 1)
    }

    /// A POST whose outcome nobody knows.
    async fn lost(&self, mut task: Task, mut rule: Rule, code: &'static str) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let batch = rule.batch;
        rule.state = RuleState::Unknown;
        rule.reason = Some(code.to_owned());
        task.state = TaskState::Unknown;
        task.handed_over_at = task.handed_over_at.or(Some(now));
        task.reason = Some(code.to_owned());
        task.next_due = due_after(now, 0, &self.settings);
        let fact =
            Fact::BecameUnknown { source: task.source.clone(), batch: Some(batch), reason: code.to_owned() };
        let step = Step::new(&task, Next::Unknown, 0);
        self.save(task, vec![rule], vec![fact]).await?;
        Ok(step)
    }

    /// All batches are accepted.
    async fn submitted(&self, mut task: Task) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let wait = Waits { first_seconds: 2, longest_seconds: 2 }.after(0);
        task.state = TaskState::Submitted;
        task.next_due = due_after(now, wait, &self.settings);
        let step = Step::new(&task, Next::Check, wait);
        self.save(task, Vec::new(), Vec::new()).await?;
        Ok(step)
    }

    /// Whether these are exactly the records that the decision names.
    async fn is_decided(&self, task: &Task, at: &TaskRef, records: &[RecordId]) -> Result<bool, Failure> {
        let Some(decision) = &task.decision else { return Ok(false) };
        let digest = digest_records(self.tags, "records", at, records).await?;
        Ok(digest == decision.records && count(records.len()) == task.counts.found)
    }

    async fn save(&self, task: Task, rules: Vec<Rule>, facts: Vec<Fact>) -> Result<(), CommitError> {
        let request = task.request;
        let rows = std::iter::once(Row::Task(task)).chain(rules.into_iter().map(Row::Rule)).collect();
        self.store.commit(Change { request, at: self.clock.now(), rows, facts }).await
    }
}
