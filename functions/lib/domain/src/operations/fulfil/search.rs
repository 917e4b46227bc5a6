//! Finds the data subject's records in one data source. Decides on them if the task's policy does, or leaves
//! the decision to a person.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::Identifier;
use crate::base::ids::{SourceId, TaskRef};
use crate::base::seal::{DataKey, Sealed};
use crate::base::time::Time;
use crate::law::right::Right;
use crate::life::{Life, LifeEvent, wait_left};
use crate::model::request::Request;
use crate::model::task::{Asked, Outcome, Task, TaskState};
use crate::operations::asking::{Heard, search_by_each};
use crate::operations::load::{CONTENTION, Loaded, Settings, Turn, count, is_closed, load, retry_stale};
use crate::operations::metered::Metered;
use crate::operations::open::{Opened, ends_the_task, open_source, open_vendor};
use crate::operations::save::store_learned;
use crate::operations::sealing::{
    MAX_CHUNKS, digest_records, key_of, open_identifiers, seal_chunk, seal_doubts, seal_records,
};
use crate::operations::step::{Step, passing};
use crate::ports::clock::Clock;
use crate::ports::keys::{Keys, Tags};
use crate::ports::store::{CommitError, Limits, Reads, Row, Writes};
use crate::ports::vendors::Vendors;
use crate::ports::workflow::Next;
use crate::vendor::fault::Fault;
use crate::vendor::port::Capabilities;
use crate::vendor::record::RecordId;
use crate::vendor::target::Target;

/// The ports of a search.
#[derive(Debug)]
pub struct Search<'a, S, K, T, V, C> {
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

/// The result of a search, before it is stored.
enum Sought {
    /// Records to decide on.
    Records(Vec<RecordId>, Searched),
    /// An event for the task.
    Means(LifeEvent),
}

/// A search that found records.
struct Searched {
    began: Time,
    target: Target,
    asked: Asked,
    doubts: Option<Sealed>,
    key: DataKey,
}

impl<S, K, T, V, C> Search<'_, S, K, T, V, C>
where
    S: Reads + Writes + Limits,
    K: Keys,
    T: Tags,
    V: Vendors,
    C: Clock,
{
    /// Searches, and stores the records found and the decision. May be repeated: a task that was searched
    /// already is skipped. Ends before `until`.
    ///
    /// # Errors
    /// `Transient` when the vendor can't be asked now and should be asked again. Waiting for a turn is not an
    /// error: the step says for how long.
    pub async fn search(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        retry_stale(async || {
            let loaded = load(self.store, at).await?;
            let Loaded { request, life, .. } = &loaded;
            let now = self.clock.now();
            if is_closed(request) || life.task.state != TaskState::Planned {
                return Ok(passing(&life.task));
            }
            if let Some(wait) = not_yet(&life.task, now) {
                return Ok(Step::new(&life.task, Next::Search, wait));
            }
            let began = self.clock.now();
            let (vendor, sought) = match open_vendor(self.store, self.vendors, self.clock, &loaded).await {
                Ok(Opened::There(vendor)) => {
                    let sought = self.search_now(request, &vendor, began, until).await?;
                    (Some(vendor), sought)
                }
                Ok(Opened::Moved) => (None, Sought::Means(LifeEvent::TargetChanged)),
                Err(failure) if ends_the_task(failure) => {
                    (None, Sought::Means(ended(began, Outcome::Failed, Some(failure.code), None)))
                }
                Err(failure) => {
                    // A person sees the reason, and may leave the data source out.
                    let told = life.task.reason.as_deref() == Some(failure.code.as_str());
                    let cannot = Sought::Means(LifeEvent::CannotOpen(failure.code));
                    if !told {
                        drop(self.store_sought(&loaded, at, None, cannot).await);
                    }
                    return Err(failure.into());
                }
            };
            let moved = matches!(sought, Sought::Means(LifeEvent::TargetChanged));
            let again = match &sought {
                Sought::Means(LifeEvent::SearchFailed(fault)) => Some(fault.failure()),
                _ => None,
            };
            let capabilities = vendor.as_ref().map(Metered::capabilities);
            let life = self.store_sought(&loaded, at, capabilities, sought).await?;
            if moved {
                // The next turn searches at the data source's present target.
                return Err(Turn::Stale);
            }
            if life.task.state == TaskState::Planned {
                // The search settled nothing, so it is repeated.
                return match not_yet(&life.task, self.clock.now()) {
                    Some(wait) => Ok(Step::new(&life.task, Next::Search, wait)),
                    None => Err(again.unwrap_or(CONTENTION).into()),
                };
            }
            Ok(passing(&life.task))
        })
        .await
    }

    /// Proves that a data source's host, account and token work from where it will be used, and that a search
    /// finds its control, if it has one. An earlier sight of the control proves nothing here. Ends before
    /// `until`.
    ///
    /// # Errors
    /// The defect of the set-up, or the vendor's fault; with the code [`Code::ControlNotFound`] when the
    /// control's record is not found.
    pub async fn test(&self, source: &SourceId, until: Time) -> Result<(), Failure> {
        let vendor = open_source(self.store, self.vendors, self.clock, source).await?;
        vendor.test().await.map_err(|fault| fault.failure())?;
        let Some(control) = vendor.capabilities().control.clone() else { return Ok(()) };
        let heard = search_by_each(&vendor, std::slice::from_ref(&control), self.clock, until, false).await;
        if heard.map_err(|fault| fault.failure())?.found.records.is_empty() {
            return Err(Fault::Unavailable(Code::ControlNotFound).failure());
        }
        vendor.control_was_seen().await;
        Ok(())
    }

    async fn search_now(
        &self,
        request: &Request,
        vendor: &Metered<'_, S, V::Vendor, C>,
        began: Time,
        until: Time,
    ) -> Result<Sought, Failure> {
        let capabilities = vendor.capabilities();
        let here = || Some(capabilities.target.clone());
        let fails = |code| Sought::Means(ended(began, Outcome::Failed, Some(code), None));
        if !capabilities.rights.contains(&request.right) {
            return Ok(fails(Code::RightNotSupported));
        }
        let who = async || {
            let key = key_of(self.keys, request.id).await?;
            let identifiers = open_identifiers(&key, request, vendor.source())?;
            Ok((key, usable(capabilities, identifiers)))
        };
        let (key, identifiers) = match who().await {
            Ok(who) => who,
            Err(failure) if ends_the_task(failure) => return Ok(fails(failure.code)),
            Err(failure) => return Err(failure),
        };
        if identifiers.is_empty() {
            return Ok(Sought::Means(LifeEvent::IdentifierMissing { began }));
        }
        let Heard { found, asked, .. } = match search_by_each(vendor, &identifiers, self.clock, until, false)
            .await
        {
            Ok(heard) => heard,
            Err(fault) if fault.is_put_off() => {
                return Ok(Sought::Means(LifeEvent::HeldBack { fault, slot: vendor.slot(), asked_to: None }));
            }
            Err(fault) if fault.may_pass() => return Ok(Sought::Means(LifeEvent::SearchFailed(fault))),
            Err(fault) => {
                return Ok(Sought::Means(ended(began, Outcome::Failed, Some(fault.code()), here())));
            }
        };
        let at = TaskRef { request_id: request.id, source_id: vendor.source().clone() };
        let doubts = seal_doubts(&key, &at, &found)?;
        let ends = |outcome, reason, found| {
            let (target, doubts) = (here(), doubts.clone());
            Sought::Means(LifeEvent::SearchEnded { began, outcome, reason, found, target, asked, doubts })
        };
        let searched_only = request.dry_run && (request.right == Right::Access || !capabilities.dry_run);
        Ok(if found.records.len() > capabilities.max_records {
            ends(Outcome::Failed, Some(Fault::TooManyRecords.code()), 0)
        } else if found.records.is_empty() {
            ends(Outcome::NothingFound, None, 0)
        } else if searched_only {
            ends(Outcome::DryRun, Some(Code::SearchedOnly), count(found.records.len()))
        } else {
            let target = capabilities.target.clone();
            Sought::Records(found.records, Searched { began, target, asked, doubts, key })
        })
    }

    /// Stores the search's event; records are sealed, with the decision on exactly these.
    async fn store_sought(
        &self,
        loaded: &Loaded,
        at: &TaskRef,
        vendor: Option<&Capabilities>,
        sought: Sought,
    ) -> Result<Life, CommitError> {
        let (event, rows) = match sought {
            Sought::Means(event) => (event, Vec::new()),
            Sought::Records(records, searched) => self.found(&loaded.life, at, &records, searched).await?,
        };
        store_learned(self.store, self.clock, &self.settings, at, loaded, vendor, &event, rows).await
    }

    /// The event for the records found, and their rows.
    async fn found(
        &self,
        life: &Life,
        at: &TaskRef,
        records: &[RecordId],
        Searched { began, target, asked, doubts, key }: Searched,
    ) -> Result<(LifeEvent, Vec<Row>), Failure> {
        let mut chunks = seal_records(&key, at, records)?;
        if chunks.len() > MAX_CHUNKS {
            let reason = Some(Fault::TooManyRecords.code());
            return Ok((ended(began, Outcome::Failed, reason, Some(target)), Vec::new()));
        }
        let digest = digest_records(self.tags, "records", at, records).await?;
        // An earlier search may have found more records: their chunks are overwritten.
        for n in count(chunks.len())..life.task.chunks {
            chunks.push(seal_chunk(&key, at, &[], n)?);
        }
        let stored = count(chunks.len());
        let rows = (0u32..)
            .zip(chunks)
            .map(|(chunk, sealed)| Row::Records { source: at.source_id.clone(), chunk, sealed })
            .collect();
        let records = count(records.len());
        Ok((LifeEvent::Found { records, chunks: stored, digest, began, target, asked, doubts }, rows))
    }
}

/// How long a search still waits, in seconds, if it was put off or refused; after a refusal, tries are some
/// minutes apart however often the workflow asks. `None` when the search can run now.
fn not_yet(task: &Task, now: Time) -> Option<u64> {
    let waits = |reason: &str| Fault::puts_off(reason) || Fault::refuses(reason);
    let wait = wait_left(task, now);
    (wait > 0 && task.reason.as_deref().is_some_and(waits)).then_some(wait)
}

/// A search that ended the task before anything was found.
fn ended(began: Time, outcome: Outcome, reason: Option<Code>, target: Option<Target>) -> LifeEvent {
    let (found, asked, doubts) = (0, Asked::default(), None);
    LifeEvent::SearchEnded { began, outcome, reason, found, target, asked, doubts }
}

/// The identifiers by whose kind the data source searches.
pub(crate) fn usable(capabilities: &Capabilities, identifiers: Vec<Identifier>) -> Vec<Identifier> {
    identifiers.into_iter().filter(|one| capabilities.identifiers.contains(one.kind())).collect()
}
