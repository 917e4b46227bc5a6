//! Looks again: the vendor says it is done; a search by every identifier shows whether it is.

use super::find::usable;
use super::{
    Next, STALE_TRIES, Settings, Step, TaskRef, count, due_after, is_closed, is_late, load, open_identifiers,
    open_records, open_vendor, search_by_each, settle, wait_left,
};
use crate::event::Fact;
use crate::failure::{Failure, Kind};
use crate::identifier::Identifier;
use crate::ports::{Change, Clock, CommitError, Keys, Reads, Row, Vendors, Writes};
use crate::request::Request;
use crate::task::{Outcome, Task, TaskState};
use crate::time::Time;
use crate::vendor::{Capabilities, RecordId, Vendor};
use std::collections::BTreeSet;

/// The ports of a look.
#[derive(Debug)]
pub struct Verify<'a, S, K, V, C> {
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

impl<S, K, V, C> Verify<'_, S, K, V, C>
where
    S: Reads + Writes,
    K: Keys,
    V: Vendors,
    C: Clock,
{
    /// Looks once. May be repeated; each look that finds submitted records counts, and a call before
    /// its wait is over is no look.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn run(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        for _ in 0..STALE_TRIES {
            let (request, task) = load(self.store, at).await?;
            if is_closed(&request) || task.state != TaskState::Verifying {
                return Ok(Step::passing(&task));
            }
            let wait = wait_left(&task, self.clock.now(), &self.settings);
            if wait > 0 {
                return Ok(Step::new(&task, Next::Verify, wait));
            }
            match self.look(&request, task, at, until).await {
                Ok(step) => return Ok(step),
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    async fn look(
        &self,
        request: &Request,
        task: Task,
        at: &TaskRef,
        until: Time,
    ) -> Result<Step, CommitError> {
        let vendor = match open_vendor(self.store, self.vendors, &at.source_id).await {
            Ok(vendor) => vendor,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                return self.cannot_look(request, task, None, failure.code, 900).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let capabilities = vendor.capabilities();
        let (identifiers, submitted) = match self.who_and_what(request, &task, capabilities, at).await {
            Ok(both) => both,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                return self.cannot_look(request, task, None, failure.code, 900).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        match search_by_each(&vendor, &identifiers, self.clock, until).await {
            Ok(found) => {
                let left = found.records.iter().filter(|record| submitted.contains(record)).count();
                let appeared = found.records.len() - left;
                self.looked(task, capabilities, count(left), count(appeared)).await
            }
            Err(fault) => {
                let wait = capabilities.verify_waits.after(task.tries).max(fault.asked_wait().unwrap_or(0));
                self.cannot_look(request, task, Some(capabilities), fault.code(), wait).await
            }
        }
    }

    /// By what to search, and for which records: a search for nobody, or one compared with a part of
    /// the records, would prove nothing.
    async fn who_and_what(
        &self,
        request: &Request,
        task: &Task,
        capabilities: &Capabilities,
        at: &TaskRef,
    ) -> Result<(Vec<Identifier>, BTreeSet<RecordId>), Failure> {
        let identifiers = usable(capabilities, open_identifiers(self.keys, request).await?);
        if identifiers.is_empty() {
            return Err(Failure::misconfigured("identifier_missing"));
        }
        let submitted = open_records(self.store, self.keys, at).await?;
        if count(submitted.len()) != task.counts.found {
            return Err(Failure::misconfigured("records_do_not_fit"));
        }
        Ok((identifiers, submitted.into_iter().collect()))
    }

    async fn looked(
        &self,
        mut task: Task,
        capabilities: &Capabilities,
        left: u32,
        appeared: u32,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let source = task.source.clone();
        task.left = left;
        task.appeared = appeared;
        task.tries = 0;
        if left == 0 {
            task.verified_at = Some(now);
            // The look is the proof; that the vendor's own list is shorter than ours is still told.
            let reason = (task.counts.confirmed < task.counts.submitted).then_some("not_all_confirmed");
            return self.settle(task, Outcome::VerifiedErased, reason, Vec::new()).await;
        }
        task.looks += 1;
        let fact = Fact::StillThere { source, look: task.looks, left, appeared };
        if task.looks >= capabilities.verify_looks {
            return self.settle(task, Outcome::StillPresent, None, vec![fact]).await;
        }
        let wait = capabilities.verify_waits.after(task.looks - 1);
        task.reason = Some("still_present".to_owned());
        task.next_due = due_after(now, wait, &self.settings);
        let step = Step::new(&task, Next::Verify, wait);
        self.store
            .commit(Change { request: task.request, at: now, rows: vec![Row::Task(task)], facts: vec![fact] })
            .await?;
        Ok(step)
    }

    /// The look itself failed: that proves nothing. Again later, and past the deadline a person's turn.
    async fn cannot_look(
        &self,
        request: &Request,
        mut task: Task,
        capabilities: Option<&Capabilities>,
        code: &'static str,
        wait: u64,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        let late = is_late(request, &task, capabilities, now);
        task.tries += 1;
        task.reason = Some(code.to_owned());
        task.next_due = due_after(now, wait, &self.settings);
        let mut facts = Vec::new();
        let mut next = Next::Verify;
        if late {
            task.state = TaskState::Unknown;
            task.handed_over_at = task.handed_over_at.or(Some(now));
            next = Next::Unknown;
            facts.push(Fact::BecameUnknown {
                source: task.source.clone(),
                batch: None,
                reason: code.to_owned(),
            });
        }
        let step = Step::new(&task, next, wait);
        self.store
            .commit(Change { request: task.request, at: now, rows: vec![Row::Task(task)], facts })
            .await?;
        Ok(step)
    }

    async fn settle(
        &self,
        task: Task,
        outcome: Outcome,
        reason: Option<&str>,
        facts: Vec<Fact>,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        settle(self.store, &self.settings, now, task, (outcome, reason), facts).await
    }
}
