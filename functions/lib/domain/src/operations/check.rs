//! Asks the vendor how the rules of a task stand.
//!
//! Architecture Invariant: only a status that the connector names as finished moves a task on;
//! whatever else the vendor says is waited for, and in the end handed to a person.

use super::{
    Next, STALE_TRIES, Settings, Step, TaskRef, count, due_after, is_closed, is_late, load, open_records,
    open_vendor, settle,
};
use crate::event::Fact;
use crate::failure::{Failure, Kind};
use crate::ports::{Change, Clock, CommitError, Keys, Reads, Row, Vendors, Writes};
use crate::request::Request;
use crate::task::{Outcome, Rule, RuleState, Task, TaskState};
use crate::time::Time;
use crate::vendor::{Capabilities, Claim, Fault, RecordId, RuleStatus, Vendor};

/// The ports of a status check.
#[derive(Debug)]
pub struct Check<'a, S, K, V, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Opens data sources.
    pub vendors: &'a V,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// Rules in one change, beside the task's row.
const RULES_A_CHANGE: usize = 60;

/// The vendor says it is done, but its list is shorter than ours, and nothing can be searched.
const NOT_ALL_CONFIRMED: &str = "not_all_confirmed";

/// How the rules of a task stand, taken together.
#[derive(Debug, PartialEq, Eq)]
enum Outlook {
    /// Some POST's outcome is not known.
    Unknown,
    /// Some batch is not accepted yet, although none is given up.
    Unsent,
    /// Some rule is not finished.
    Waiting,
    /// Every accepted rule is finished.
    Finished,
}

/// Decides from what is stored; pure.
fn outlook(task: &Task, rules: &[Rule]) -> Outlook {
    if rules.iter().any(|rule| matches!(rule.state, RuleState::Intent | RuleState::Unknown)) {
        return Outlook::Unknown;
    }
    if rules.iter().any(|rule| rule.state == RuleState::Accepted) {
        return Outlook::Waiting;
    }
    let batches = task.counts.found.div_ceil(task.batch_size.max(1)) as usize;
    let finished = rules.iter().filter(|rule| rule.state == RuleState::Finished).count();
    if finished < batches && task.gave_up.is_none() {
        return Outlook::Unsent;
    }
    Outlook::Finished
}

/// What one round of asking brought.
#[derive(Default)]
struct Round {
    changed: Vec<Rule>,
    fault: Option<Fault>,
    strange: bool,
}

impl<S, K, V, C> Check<'_, S, K, V, C>
where
    S: Reads + Writes,
    K: Keys,
    V: Vendors,
    C: Clock,
{
    /// Asks about every unfinished rule, as far as the time until `until` allows. May be repeated.
    /// A task whose POST is unknown is asked about too: its other rules go on.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn run(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        for _ in 0..STALE_TRIES {
            let (request, task) = load(self.store, at).await?;
            if is_closed(&request) || !matches!(task.state, TaskState::Submitted | TaskState::Unknown) {
                return Ok(Step::passing(&task));
            }
            match self.ask(&request, task, at, until).await {
                Ok(step) => return Ok(step),
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    async fn ask(
        &self,
        request: &Request,
        mut task: Task,
        at: &TaskRef,
        until: Time,
    ) -> Result<Step, CommitError> {
        let vendor = match open_vendor(self.store, self.vendors, &at.source_id).await {
            Ok(vendor) => vendor,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                // What was submitted can't be asked about now; it stays open until somebody mends it.
                return self.wait(request, task, None, Some(failure.code), 900).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let records = match open_records(self.store, self.keys, at).await {
            Ok(records) => records,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                return self.wait(request, task, None, Some(failure.code), 900).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut rules = self.store.rules(at.request_id, &at.source_id).await?;
        let round = self.ask_all(&vendor, &task, &rules, &records, until).await;
        for changed in &round.changed {
            if let Some(rule) = rules.iter_mut().find(|rule| rule.batch == changed.batch) {
                *rule = changed.clone();
            }
        }
        self.store_finished(&mut task, round.changed).await?;
        match outlook(&task, &rules) {
            Outlook::Finished => self.finished(request, task, &rules, vendor.capabilities()).await,
            Outlook::Unsent => {
                task.state = TaskState::Submitting;
                self.save(task, Next::Submit, 1).await
            }
            Outlook::Unknown => {
                task.polls += 1;
                let wait = vendor.capabilities().status_waits.after(task.polls);
                task.next_due = due_after(self.clock.now(), wait, &self.settings);
                self.save(task, Next::Unknown, 0).await
            }
            Outlook::Waiting => {
                let code = match (&round.fault, round.strange) {
                    (Some(fault), _) => Some(fault.code()),
                    (None, true) => Some("vendor_status_unknown"),
                    (None, false) => None,
                };
                let asked = round.fault.as_ref().and_then(Fault::asked_wait).unwrap_or(0);
                let wait = vendor.capabilities().status_waits.after(task.polls).max(asked);
                self.wait(request, task, Some(vendor.capabilities()), code, wait).await
            }
        }
    }

    async fn ask_all(
        &self,
        vendor: &V::Vendor,
        task: &Task,
        rules: &[Rule],
        records: &[RecordId],
        until: Time,
    ) -> Round {
        let mut round = Round::default();
        let mut open: Vec<&Rule> = rules.iter().filter(|rule| rule.state == RuleState::Accepted).collect();
        if !open.is_empty() {
            // Begin elsewhere each time, so that a slow vendor doesn't keep the last ones waiting.
            let first = (task.polls as usize * 7) % open.len();
            open.rotate_left(first);
        }
        let needed = vendor.capabilities().call_timeout_seconds + 5;
        for rule in open {
            let Some(rule_id) = &rule.rule_id else { continue };
            if self.clock.now().plus_seconds(needed) > until {
                break;
            }
            let size = task.batch_size.max(1) as usize;
            let part = records.chunks(size).nth(rule.batch as usize).unwrap_or(&[]);
            match vendor.status(rule_id, part).await {
                Ok(report) => {
                    round.strange |= report.status == RuleStatus::Unknown;
                    if report.status == RuleStatus::Finished {
                        let mut rule = rule.clone();
                        rule.state = RuleState::Finished;
                        rule.status = Some(report.status);
                        rule.finished_at = Some(self.clock.now());
                        rule.confirmed = count(report.confirmed).min(rule.records);
                        rule.claim = Some(report.claim);
                        round.changed.push(rule);
                    } else if rule.status != Some(report.status) {
                        let mut rule = rule.clone();
                        rule.status = Some(report.status);
                        round.changed.push(rule);
                    }
                }
                Err(fault) => {
                    let stop = !matches!(fault, Fault::RuleNotFound | Fault::Refused(_));
                    round.fault = Some(fault);
                    if stop {
                        break;
                    }
                }
            }
        }
        round
    }

    /// Stores rules that moved, many in one change; the task's row goes with each change.
    async fn store_finished(&self, task: &mut Task, changed: Vec<Rule>) -> Result<(), CommitError> {
        for part in changed.chunks(RULES_A_CHANGE) {
            let done: Vec<&Rule> = part.iter().filter(|rule| rule.state == RuleState::Finished).collect();
            let confirmed = done.iter().map(|rule| rule.confirmed).sum();
            task.counts.confirmed += confirmed;
            let facts = if done.is_empty() {
                Vec::new()
            } else {
                vec![Fact::Finished {
                    source: task.source.clone(),
                    batches: done.iter().map(|rule| rule.batch).collect(),
                    confirmed,
                }]
            };
            let rows =
                std::iter::once(Row::Task(task.clone())).chain(part.iter().cloned().map(Row::Rule)).collect();
            self.store.commit(Change { request: task.request, at: self.clock.now(), rows, facts }).await?;
            task.revision += 1;
        }
        Ok(())
    }

    /// Every accepted rule is finished.
    async fn finished(
        &self,
        request: &Request,
        mut task: Task,
        rules: &[Rule],
        capabilities: &Capabilities,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let told = task.state == TaskState::Unknown && task.reason.as_deref() == Some(NOT_ALL_CONFIRMED);
        task.finished_at = Some(now);
        task.claim = Some(claim(rules));
        task.reason = None;
        if let Some(code) = task.gave_up.clone() {
            return self.settle(task, Outcome::Failed, Some(&code)).await;
        }
        if request.dry_run {
            return self.settle(task, Outcome::DryRun, None).await;
        }
        if capabilities.identifiers.is_empty() {
            if task.counts.confirmed < task.counts.submitted {
                if told {
                    // A person has it already; only the vendor's own list could change that.
                    task.reason = Some(NOT_ALL_CONFIRMED.to_owned());
                    task.polls += 1;
                    task.next_due =
                        due_after(now, capabilities.status_waits.after(task.polls), &self.settings);
                    return self.save(task, Next::Unknown, 0).await;
                }
                return self.hand_over(task, NOT_ALL_CONFIRMED).await;
            }
            return self.settle(task, Outcome::ReportedErased, None).await;
        }
        task.state = TaskState::Verifying;
        task.next_due = due_after(now, 0, &self.settings);
        self.save(task, Next::Verify, 0).await
    }

    /// Some rule isn't finished: later again, or a person's turn.
    async fn wait(
        &self,
        request: &Request,
        mut task: Task,
        capabilities: Option<&Capabilities>,
        code: Option<&'static str>,
        wait: u64,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let late = is_late(request, &task, capabilities, now);
        if late && task.state != TaskState::Unknown {
            return self.hand_over(task, code.unwrap_or("vendor_deadline_passed")).await;
        }
        task.polls += 1;
        if task.state != TaskState::Unknown {
            task.reason = code.map(str::to_owned);
        }
        task.next_due = due_after(now, wait, &self.settings);
        let next = if task.state == TaskState::Unknown { Next::Unknown } else { Next::Check };
        self.save(task, next, wait).await
    }

    async fn hand_over(&self, mut task: Task, code: &str) -> Result<Step, CommitError> {
        let now = self.clock.now();
        task.state = TaskState::Unknown;
        task.handed_over_at = task.handed_over_at.or(Some(now));
        task.reason = Some(code.to_owned());
        task.next_due = due_after(now, 0, &self.settings);
        let fact = Fact::BecameUnknown { source: task.source.clone(), batch: None, reason: code.to_owned() };
        let step = Step::new(&task, Next::Unknown, 0);
        self.store
            .commit(Change { request: task.request, at: now, rows: vec![Row::Task(task)], facts: vec![fact] })
            .await?;
        Ok(step)
    }

    async fn settle(&self, task: Task, outcome: Outcome, reason: Option<&str>) -> Result<Step, CommitError> {
        let now = self.clock.now();
        settle(self.store, &self.settings, now, task, (outcome, reason), Vec::new()).await
    }

    async fn save(&self, task: Task, next: Next, wait: u64) -> Result<Step, CommitError> {
        let step = Step::new(&task, next, wait);
        self.store
            .commit(Change {
                request: task.request,
                at: self.clock.now(),
                rows: vec![Row::Task(task)],
                facts: Vec::new(),
            })
            .await?;
        Ok(step)
    }
}

/// What the vendor claims for all rules together: the weakest of its claims.
fn claim(rules: &[Rule]) -> Claim {
    rules.iter().filter_map(|rule| rule.claim).max().unwrap_or(Claim::NotStated)
}
