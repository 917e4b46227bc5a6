//! Finds the data subject's records in one data source, and decides on them by the request's policy.

use super::{
    MAX_CHUNKS, Next, STALE_TRIES, Settings, Step, TaskRef, count, digest_records, due_after, ends_the_task,
    is_closed, load, open_identifiers, open_vendor, seal_records, search_by_each, settle, wait_left,
};
use crate::event::Fact;
use crate::failure::Failure;
use crate::identifier::Identifier;
use crate::ports::{Change, Clock, CommitError, Keys, Reads, Row, Tags, Vendors, Writes};
use crate::request::{Policy, Request};
use crate::task::{Decision, Outcome, Task, TaskState};
use crate::time::Time;
use crate::vendor::{Capabilities, Fault, RecordId, Vendor};
use crate::waits::Waits;

/// The ports of a search.
#[derive(Debug)]
pub struct Find<'a, S, K, T, V, C> {
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

/// What the search gives, before it is stored.
enum Sought {
    Records(Vec<RecordId>),
    /// A dry run where the vendor has none.
    Only(u32),
    Ends(Outcome, &'static str),
    Failed(Fault, u32),
}

impl<S, K, T, V, C> Find<'_, S, K, T, V, C>
where
    S: Reads + Writes,
    K: Keys,
    T: Tags,
    V: Vendors,
    C: Clock,
{
    /// Searches, stores what was found and what was decided. May be repeated: a task that was
    /// searched is passed over. Ends before `until`.
    ///
    /// # Errors
    /// `Transient` and `Throttled` when the vendor can't be asked now and shall be asked again.
    pub async fn run(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        for _ in 0..STALE_TRIES {
            let (request, task) = load(self.store, at).await?;
            if is_closed(&request) || task.state != TaskState::Planned {
                return Ok(passing(&task));
            }
            if task.reason.as_deref().is_some_and(Fault::puts_off)
                && wait_left(&task, self.clock.now(), &self.settings) > 0
            {
                return Err(Fault::Throttled(None).failure());
            }
            let stored = match self.search(&request, at, until).await? {
                Sought::Ends(outcome, reason) => self.settle(task, outcome, Some(reason)).await,
                Sought::Only(found) => self.only_searched(task, found).await,
                Sought::Failed(fault, tries) => match self.put_off(task, &fault, tries).await {
                    Ok(None) => return Err(fault.failure()),
                    Ok(Some(step)) => Ok(step),
                    Err(error) => Err(error),
                },
                Sought::Records(records) if records.is_empty() => {
                    self.settle(task, Outcome::NothingFound, None).await
                }
                Sought::Records(records) => self.decide(&request, task, at, records).await,
            };
            match stored {
                Ok(step) => return Ok(step),
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    /// Proves that a data source's host, account and token work, from where it will be used.
    ///
    /// # Errors
    /// What is wrong with the set-up, or the vendor's fault.
    pub async fn test(&self, source: &crate::ids::SourceId) -> Result<(), Failure> {
        let vendor = open_vendor(self.store, self.vendors, source).await?;
        vendor.test().await.map_err(|fault| fault.failure())
    }

    async fn search(&self, request: &Request, at: &TaskRef, until: Time) -> Result<Sought, Failure> {
        let vendor = match open_vendor(self.store, self.vendors, &at.source_id).await {
            Ok(vendor) => vendor,
            Err(failure) if ends_the_task(failure) => {
                return Ok(Sought::Ends(Outcome::Failed, failure.code));
            }
            Err(failure) => return Err(failure),
        };
        let capabilities = vendor.capabilities();
        if !capabilities.rights.contains(&request.right) {
            return Ok(Sought::Ends(Outcome::Failed, "right_not_supported"));
        }
        let identifiers = match open_identifiers(self.keys, request).await {
            Ok(identifiers) => usable(capabilities, identifiers),
            Err(failure) if ends_the_task(failure) => {
                return Ok(Sought::Ends(Outcome::Failed, failure.code));
            }
            Err(failure) => return Err(failure),
        };
        if identifiers.is_empty() {
            return Ok(Sought::Ends(Outcome::MissingIdentifier, "identifier_missing"));
        }
        Ok(match search_by_each(&vendor, &identifiers, self.clock, until).await {
            Ok(found) if found.records.len() > capabilities.max_records => {
                Sought::Ends(Outcome::Failed, Fault::TooManyRecords.code())
            }
            Ok(found) if request.dry_run && !capabilities.dry_run && !found.records.is_empty() => {
                Sought::Only(count(found.records.len()))
            }
            Ok(found) => Sought::Records(found.records),
            Err(fault) if fault.is_put_off() || matches!(fault, Fault::Unavailable(_)) => {
                Sought::Failed(fault, capabilities.search_tries)
            }
            Err(fault) => Sought::Ends(Outcome::Failed, fault.code()),
        })
    }

    async fn settle(&self, task: Task, outcome: Outcome, reason: Option<&str>) -> Result<Step, CommitError> {
        self.settle_with(task, outcome, reason, Vec::new()).await
    }

    async fn only_searched(&self, mut task: Task, found: u32) -> Result<Step, CommitError> {
        task.counts.found = found;
        let fact = Fact::Found { source: task.source.clone(), records: found };
        self.settle_with(task, Outcome::DryRun, Some("searched_only"), vec![fact]).await
    }

    async fn settle_with(
        &self,
        mut task: Task,
        outcome: Outcome,
        reason: Option<&str>,
        facts: Vec<Fact>,
    ) -> Result<Step, CommitError> {
        let now = self.clock.now();
        task.searched_at = Some(now);
        let step = settle(self.store, &self.settings, now, task, (outcome, reason), facts).await?;
        Ok(Step { next: Next::None, ..step })
    }

    /// Counts a failed search. `None` when it shall be tried again, a step when it was one too many.
    async fn put_off(&self, mut task: Task, fault: &Fault, tries: u32) -> Result<Option<Step>, CommitError> {
        let now = self.clock.now();
        let wait = if fault.is_put_off() {
            // Somebody says when: that is no failed try.
            fault.asked_wait().unwrap_or(2).max(1)
        } else {
            task.tries += 1;
            if task.tries >= tries {
                return self.settle(task, Outcome::Failed, Some(fault.code())).await.map(Some);
            }
            // Seconds, minutes, then hours: the workflow's own retries come in between.
            Waits { first_seconds: 15, longest_seconds: 6 * 3600 }.after(task.tries)
        };
        task.reason = Some(fault.code().to_owned());
        task.next_due = due_after(now, wait, &self.settings);
        self.store
            .commit(Change { request: task.request, at: now, rows: vec![Row::Task(task)], facts: Vec::new() })
            .await?;
        Ok(None)
    }

    /// Stores the records, sealed, with the decision on exactly these.
    async fn decide(
        &self,
        request: &Request,
        mut task: Task,
        at: &TaskRef,
        records: Vec<RecordId>,
    ) -> Result<Step, CommitError> {
        let key = self.keys.key(at.request_id).await?.ok_or(Failure::misconfigured("person_forgotten"))?;
        let chunks = seal_records(&key, at, &records)?;
        if chunks.len() > MAX_CHUNKS {
            return self.settle(task, Outcome::Failed, Some(Fault::TooManyRecords.code())).await;
        }
        let digest = digest_records(self.tags, "records", at, &records).await?;
        let now = self.clock.now();
        let by = match request.policy {
            Policy::Auto => format!("policy:{}", request.policy.as_str()),
        };
        task.state = TaskState::Decided;
        task.counts.found = count(records.len());
        task.chunks = count(chunks.len());
        task.decision = Some(Decision { by: by.clone(), at: now, records: digest.clone() });
        task.searched_at = Some(now);
        task.tries = 0;
        task.reason = None;
        task.next_due = due_after(now, 0, &self.settings);
        let facts = vec![
            Fact::Found { source: at.source_id.clone(), records: task.counts.found },
            Fact::Decided { source: at.source_id.clone(), by, records: task.counts.found, digest },
        ];
        let step = passing(&task);
        let rows = std::iter::once(Row::Task(task))
            .chain(chunks.into_iter().zip(0u32..).map(|(sealed, chunk)| Row::Records {
                source: at.source_id.clone(),
                chunk,
                sealed,
            }))
            .collect();
        self.store.commit(Change { request: at.request_id, at: now, rows, facts }).await?;
        Ok(step)
    }
}

/// What a search answers about a task it has not to search.
fn passing(task: &Task) -> Step {
    let next = match task.state {
        TaskState::Decided | TaskState::Submitting | TaskState::Submitted | TaskState::Verifying => {
            Next::Fulfil
        }
        TaskState::Planned | TaskState::Unknown | TaskState::Settled => Next::None,
    };
    Step::new(task, next, 0)
}

/// The identifiers of a kind that the data source searches by.
pub(super) fn usable(capabilities: &Capabilities, identifiers: Vec<Identifier>) -> Vec<Identifier> {
    identifiers.into_iter().filter(|one| capabilities.identifiers.contains(one.kind())).collect()
}
