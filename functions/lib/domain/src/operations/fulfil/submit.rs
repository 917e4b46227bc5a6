//! Has one data source erase the decided records: first the intent, then one POST, then its answer. For a
//! request for access, copies the records.
//!
//! Architecture Invariant: a POST goes out only under a stored intent that names its records, and under the
//! lease on the person at this data source. While an intent has no answer, no other POST goes out for the task.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::Identifier;
use crate::base::ids::TaskRef;
use crate::base::seal::{DataKey, Tag};
use crate::base::time::Time;
use crate::documents::copy::Export;
use crate::documents::part::{Header, PartError, PartWriter};
use crate::law::right::Right;
use crate::life::{Effect, Life, LifeEvent, Plan, Sending, is_copying, plan, step, wait_left};
use crate::model::lease::Lease;
use crate::model::request::Request;
use crate::model::rule::RuleState;
use crate::model::task::{Outcome, Task, TaskState};
use crate::operations::asking::in_every_spelling;
use crate::operations::fulfil::search::{Search, usable};
use crate::operations::fulfil::status::at_places;
use crate::operations::load::{
    CONTENTION, Loaded, STALE_TRIES, Settings, count, is_closed, load, retry_stale, terms,
};
use crate::operations::metered::{Metered, Permit};
use crate::operations::open::{AROUND_A_CALL, Opened, ends_the_task, open_vendor};
use crate::operations::save::{store_learned, store_step};
use crate::operations::sealing::{digest_records, key_of, open_identifiers, open_records, part_context};
use crate::operations::step::{Step, goes_back};
use crate::ports::clock::Clock;
use crate::ports::copies::CopyParts;
use crate::ports::copies::Upload;
use crate::ports::keys::{Keys, Tags};
use crate::ports::store::{CommitError, Limits, Reads, Writes};
use crate::ports::vendors::Vendors;
use crate::ports::workflow::Next;
use crate::vendor::fault::Fault;
use crate::vendor::port::{Batch, Capabilities};
use crate::vendor::record::RecordId;
use crate::vendor::report::Submitted;
use std::collections::BTreeSet;

/// The ports of a submission.
#[derive(Debug)]
pub struct Submit<'a, S, K, T, V, P, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Keyed digests.
    pub tags: &'a T,
    /// Opens data sources.
    pub vendors: &'a V,
    /// Stores copied records.
    pub copies: &'a P,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

/// Extra seconds around a POST, for the store and the way back.
const MARGIN_SECONDS: u64 = 10;

/// The decided records as this call read them, and the digest of the decision.
#[derive(Default)]
struct Decided {
    records: Vec<RecordId>,
    by: Option<Tag>,
}

/// A stored intent, which may be sent once.
struct Intent {
    /// Its rule's fence.
    fence: u64,
    /// The task with the intent.
    life: Life,
    /// The permit that came before the intent.
    permit: Permit,
}

/// Whether this request may submit the person at this data source now.
enum Turn {
    /// Another request holds the lease.
    Busy,
    /// The lease is free, but another request released it after our search.
    SearchAgain(u64),
    /// The lease is ours under this fence; `None` when it already was.
    Ours(Option<u64>),
}

impl<S, K, T, V, P, C> Submit<'_, S, K, T, V, P, C>
where
    S: Reads + Writes + Limits,
    K: Keys,
    T: Tags,
    V: Vendors,
    P: CopyParts,
    C: Clock,
{
    /// Copies the records when it is time to. Sends as many batches as fit before `until`, one after another.
    /// May be repeated: it reads its intents first, and never sends an intent without an answer again.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn submit(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        let mut stale = 0;
        let mut decided = Decided::default();
        loop {
            let loaded = load(self.store, at).await?;
            let Loaded { request, life, .. } = &loaded;
            let now = self.clock.now();
            let sends = match life.task.state {
                TaskState::Decided | TaskState::Submitting | TaskState::Copying => true,
                // It has its turn, or returns for another round, and is searched again first.
                TaskState::Planned => goes_back(&life.task),
                _ => false,
            };
            if is_closed(request) || !sends {
                return Ok(Step::of(&life.task, now));
            }
            match self.advance(&loaded, at, until, &mut decided).await {
                Ok(Some(step)) => return Ok(step),
                Ok(None) => stale = 0,
                Err(CommitError::Stale) if stale < STALE_TRIES => stale += 1,
                Err(CommitError::Stale) => return Err(CONTENTION),
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
    }

    /// Sends one batch, or returns the step after the last one.
    async fn advance(
        &self,
        loaded: &Loaded,
        at: &TaskRef,
        until: Time,
        decided: &mut Decided,
    ) -> Result<Option<Step>, CommitError> {
        let Loaded { request, life, .. } = loaded;
        if life.task.state == TaskState::Planned {
            let step = self.search_again(at, until).await?;
            // The workflow returns here at its turn.
            let waits = step.next == Next::Search;
            return Ok(waits.then_some(Step { next: Next::Submit, ..step }));
        }
        let now = self.clock.now();
        if request.right == Right::Access
            && let Some(copied) = self.copy(loaded, at, until).await?
        {
            return Ok(Some(copied));
        }
        let sending = match plan(life, now) {
            Plan::Wait(seconds) => return Ok(Some(Step::new(&life.task, Next::Submit, seconds))),
            Plan::Missing => return self.take(loaded, LifeEvent::AnswerMissing).await,
            Plan::Done | Plan::UsedUp | Plan::Refused(_) | Plan::Look => {
                return self.take(loaded, LifeEvent::AllSent).await;
            }
            Plan::Send(sending) => sending,
        };
        if wait_left(&life.task, now) > 0 {
            return Ok(Some(Step::of(&life.task, now)));
        }
        let vendor = match open_vendor(self.store, self.vendors, self.clock, loaded).await {
            Ok(Opened::There(vendor)) => vendor,
            Ok(Opened::Moved) => return self.take(loaded, LifeEvent::TargetChanged).await,
            Err(failure) => return self.cannot(loaded, failure).await,
        };
        let needed = vendor.capabilities().call_timeout_seconds + MARGIN_SECONDS;
        if now.plus_seconds(needed) > until {
            return Ok(Some(Step::new(&life.task, Next::Submit, 1)));
        }
        self.send(loaded, at, &vendor, sending, decided).await
    }

    /// Searches again: its turn came after another request's, which may have left records.
    async fn search_again(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        let search = Search {
            store: self.store,
            keys: self.keys,
            tags: self.tags,
            vendors: self.vendors,
            clock: self.clock,
            settings: self.settings,
        };
        search.search(at, until).await
    }

    /// Copies the records when it is time to; `None` when the vendor's own export comes first. May be repeated:
    /// the part is written whole, and the task ends with it.
    async fn copy(&self, loaded: &Loaded, at: &TaskRef, until: Time) -> Result<Option<Step>, CommitError> {
        let Loaded { request, life, .. } = loaded;
        let vendor = match open_vendor(self.store, self.vendors, self.clock, loaded).await {
            Ok(Opened::There(vendor)) => vendor,
            Ok(Opened::Moved) => return self.take(loaded, LifeEvent::TargetChanged).await,
            // The vendor completes its own export first.
            Err(failure) if life.task.state == TaskState::Submitting && ends_the_task(failure) => {
                return Ok(None);
            }
            Err(failure) if ends_the_task(failure) => {
                return self.take(loaded, LifeEvent::CannotCopy(failure.code)).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let now = self.clock.now();
        if !is_copying(&life.task, &terms(request, &self.settings, Some(vendor.capabilities()))) {
            return Ok(None);
        }
        if wait_left(&life.task, now) > 0 {
            return Ok(Some(Step::of(&life.task, now)));
        }
        let event = match self.copy_records(request, life, at, &vendor, until).await {
            Ok(Ok((records, appeared))) => LifeEvent::Copied { records, appeared },
            Ok(Err(fault)) if fault.is_put_off() => {
                LifeEvent::HeldBack { fault, slot: vendor.slot(), asked_to: None }
            }
            Ok(Err(fault)) if fault.may_pass() => LifeEvent::CopyFailed(fault),
            Ok(Err(fault)) => LifeEvent::CannotCopy(fault.code()),
            Err(failure) if ends_the_task(failure) => LifeEvent::CannotCopy(failure.code),
            Err(failure) => return Err(failure.into()),
        };
        self.take(loaded, event).await
    }

    /// Fetches exactly the decided records and stores them sealed. Returns how many, and how many others exist.
    /// Holds one answer at a time, whatever the copy's size.
    async fn copy_records(
        &self,
        request: &Request,
        life: &Life,
        at: &TaskRef,
        vendor: &Metered<'_, S, V::Vendor, C>,
        until: Time,
    ) -> Result<Result<(u32, u32), Fault>, Failure> {
        let key = key_of(self.keys, request.id).await?;
        let decided = self.decided_records(&life.task, at, &key).await?;
        let identifiers = usable(vendor.capabilities(), open_identifiers(&key, request, &at.source_id)?);
        let identifiers = in_every_spelling(vendor.capabilities(), &identifiers);
        if let Err(fault) = vendor.reserve_searches(count(identifiers.len()), false).await {
            return Ok(Err(fault));
        }
        let mut upload = self.copies.part_to(request.id, &at.source_id);
        let fetched = self.fetch(life, vendor, &decided, &identifiers, &key, &mut upload, until).await;
        match fetched {
            // Records beyond the decision need a decision first: a copy without them is not whole.
            Ok(Ok((copied, 0))) if copied > 0 => upload.finish().await?,
            _ => upload.abort().await,
        }
        fetched
    }

    /// Searches by each identifier, and uploads the decided records that it finds, sealed.
    #[allow(clippy::too_many_arguments, reason = "each is one thing, and they are gathered nowhere else")]
    async fn fetch(
        &self,
        life: &Life,
        vendor: &Metered<'_, S, V::Vendor, C>,
        decided: &[RecordId],
        identifiers: &[Identifier],
        key: &DataKey,
        upload: &mut P::Upload,
        until: Time,
    ) -> Result<Result<(u32, u32), Fault>, Failure> {
        let sealing_failed = |_: PartError| Failure::of(Code::SealingFailed);
        let needed = vendor.capabilities().call_timeout_seconds + AROUND_A_CALL;
        let place = part_context(&life.task);
        let header = Header {
            title: vendor.capabilities().title.clone(),
            export: export(life, vendor.capabilities()),
        };
        let (mut part, ready) = PartWriter::begin(key, &place, &header).map_err(sealing_failed)?;
        upload.write(&ready).await?;
        let decided: BTreeSet<&RecordId> = decided.iter().collect();
        let (mut copied, mut others) = (BTreeSet::new(), BTreeSet::new());
        for identifier in identifiers {
            if self.clock.now().plus_seconds(needed) > until {
                return Ok(Err(Fault::Unavailable(Code::VendorOutOfTime)));
            }
            let records = match vendor.copy(std::slice::from_ref(identifier)).await {
                Ok(records) => records,
                Err(fault) => return Ok(Err(fault)),
            };
            for record in records {
                if !decided.contains(&record.id) {
                    others.insert(record.id);
                } else if !copied.contains(&record.id) {
                    upload.write(&part.take(&record).map_err(sealing_failed)?).await?;
                    copied.insert(record.id);
                }
            }
        }
        upload.write(&part.end().map_err(sealing_failed)?).await?;
        Ok(Ok((count(copied.len()), count(others.len()))))
    }

    /// Takes the turn, stores the intent, sends the POST, stores the answer.
    async fn send(
        &self,
        loaded: &Loaded,
        at: &TaskRef,
        vendor: &Metered<'_, S, V::Vendor, C>,
        sending: Sending,
        decided: &mut Decided,
    ) -> Result<Option<Step>, CommitError> {
        let Loaded { request, life, .. } = loaded;
        let records = match self.records(&life.task, at, decided).await {
            Ok(records) => records,
            Err(failure) => return self.cannot(loaded, failure).await,
        };
        let capabilities = vendor.capabilities();
        let lease = match self.turn(request, life).await? {
            Turn::Ours(lease) => lease,
            Turn::Busy => return self.take(loaded, LifeEvent::LeaseBusy).await,
            Turn::SearchAgain(fence) => {
                return self.take(loaded, LifeEvent::SearchAgain { fence }).await;
            }
        };
        let permit = match vendor.permit().await {
            Ok(permit) => permit,
            Err(fault) => {
                let event = LifeEvent::HeldBack { fault, slot: vendor.slot(), asked_to: None };
                return self.take(loaded, event).await;
            }
        };
        let part = at_places(records, &sending.places);
        let digest = digest_records(self.tags, "batch", at, &part).await?;
        let Some(Intent { fence, life, permit }) =
            self.intend(loaded, at, capabilities, digest, lease, permit).await?
        else {
            return Ok(None);
        };
        let justification = format!("Data subject request {}", request.id);
        let batch = Batch {
            justification: &justification,
            records: &part,
            dry_run: request.dry_run,
            right: request.right,
        };
        let answer = vendor.submit(permit, &batch).await;
        let sent = Loaded { request: request.clone(), life, source: loaded.source.clone() };
        self.answered(at, sent, fence, answer, capabilities).await
    }

    /// Stores the intent to submit a batch. Only a caller with a permit may intend; `None` when the task has
    /// moved on and nothing is to be sent.
    async fn intend(
        &self,
        loaded: &Loaded,
        at: &TaskRef,
        capabilities: &Capabilities,
        digest: Tag,
        lease: Option<u64>,
        permit: Permit,
    ) -> Result<Option<Intent>, CommitError> {
        let Loaded { request, life, .. } = loaded;
        let now = self.clock.now();
        let until = now.plus_seconds(capabilities.call_timeout_seconds + MARGIN_SECONDS);
        let event = LifeEvent::Intend { digest, until, lease };
        let moved = step(life, event.clone(), now, &terms(request, &self.settings, Some(capabilities)));
        let post = moved.1.iter().find_map(|effect| match effect {
            Effect::Post { fence, .. } => Some(*fence),
            Effect::Record(_) => None,
        });
        let life = self.store(loaded, at, Some(capabilities), &event).await?;
        Ok(post.map(|fence| Intent { fence, life, permit }))
    }

    /// The decided records, read once for all batches of a call.
    async fn records<'d>(
        &self,
        task: &Task,
        at: &TaskRef,
        decided: &'d mut Decided,
    ) -> Result<&'d [RecordId], Failure> {
        let by = task.decision.as_ref().map(|decision| decision.records.clone());
        if by.is_none() || by != decided.by {
            let key = key_of(self.keys, at.request_id).await?;
            *decided = Decided { records: self.decided_records(task, at, &key).await?, by };
        }
        Ok(&decided.records)
    }

    /// Exactly the records that the decision names; no other is ever sent.
    async fn decided_records(
        &self,
        task: &Task,
        at: &TaskRef,
        key: &DataKey,
    ) -> Result<Vec<RecordId>, Failure> {
        const DOES_NOT_FIT: Failure = Failure::of(Code::DecisionDoesNotFit);
        let records = open_records(self.store, key, at).await?;
        let decision = task.decision.as_ref().ok_or(DOES_NOT_FIT)?;
        let digest = digest_records(self.tags, "records", at, &records).await?;
        let fits = digest == decision.records && count(records.len()) == task.counts.found;
        if fits { Ok(records) } else { Err(DOES_NOT_FIT) }
    }

    /// Whether it is this request's turn: two requests about one person take turns at a data source.
    async fn turn(&self, request: &Request, life: &Life) -> Result<Turn, Failure> {
        let task = &life.task;
        if task.lease.is_some() {
            return Ok(Turn::Ours(None));
        }
        let subject = request.subject.as_ref().ok_or(Failure::of(Code::PersonForgotten))?;
        let lease = self.store.lease(&task.source, subject).await?;
        let next = Lease::taken(task.source.clone(), subject.clone(), lease.as_ref(), request.id).fence;
        Ok(match lease {
            Some(lease) if lease.holder.is_some() => Turn::Busy,
            // Part of this run was sent already; the rest of it goes out under the lease.
            _ if !life.rules.is_empty() => Turn::Ours(Some(next)),
            Some(Lease { released_at: Some(at), .. }) if task.searched_at.is_none_or(|mine| mine <= at) => {
                Turn::SearchAgain(next)
            }
            _ => Turn::Ours(Some(next)),
        })
    }

    /// Stores the answer to the intent `fence`, even if another call has meanwhile given the intent up for
    /// lost: no knowledge is thrown away. It applies the answer to the rows as sent, and reads them again if
    /// they have moved on.
    async fn answered(
        &self,
        at: &TaskRef,
        sent: Loaded,
        fence: u64,
        answer: Submitted,
        capabilities: &Capabilities,
    ) -> Result<Option<Step>, CommitError> {
        let mut known = Some(sent);
        retry_stale(async || {
            let Loaded { request, life, .. } = match known.take() {
                Some(sent) => sent,
                None => load(self.store, at).await?,
            };
            let now = self.clock.now();
            let event = LifeEvent::Answered { fence, answer: answer.clone() };
            let terms = terms(&request, &self.settings, Some(capabilities));
            let (mut after, mut effects) = step(&life, event, now, &terms);
            if is_all_sent(&after, now) {
                let (sent, more) = step(&after, LifeEvent::AllSent, now, &terms);
                after = sent;
                effects.extend(more);
            }
            if is_closed(&request) {
                // The receipt states the rows as they are; only the event records the answer.
                after = life.clone();
            }
            let life = store_step(self.store, &request, &life, (after, effects), Vec::new(), now).await?;
            Ok((!goes_on(&life.task, now)).then(|| Step::of(&life.task, now)))
        })
        .await
    }

    /// Something that the submission needs is missing: ends the task if for good, else fails for now.
    async fn cannot(&self, loaded: &Loaded, failure: Failure) -> Result<Option<Step>, CommitError> {
        if !ends_the_task(failure) {
            return Err(failure.into());
        }
        let event = LifeEvent::CannotSend { code: failure.code, outcome: Outcome::Failed };
        self.take(loaded, event).await
    }

    /// Stores a step that sends no POST. `None` when there is more to do at once.
    async fn take(&self, loaded: &Loaded, event: LifeEvent) -> Result<Option<Step>, CommitError> {
        let at = TaskRef { request_id: loaded.request.id, source_id: loaded.life.task.source.clone() };
        let vendor = match open_vendor(self.store, self.vendors, self.clock, loaded).await {
            Ok(Opened::There(vendor)) => Some(vendor),
            Ok(Opened::Moved) | Err(_) => None,
        };
        let vendor = vendor.as_ref().map(Metered::capabilities);
        let life = self.store(loaded, &at, vendor, &event).await?;
        let again = goes_back(&life.task);
        Ok(if again { None } else { Some(Step::of(&life.task, self.clock.now())) })
    }

    async fn store(
        &self,
        loaded: &Loaded,
        at: &TaskRef,
        vendor: Option<&Capabilities>,
        event: &LifeEvent,
    ) -> Result<Life, CommitError> {
        store_learned(self.store, self.clock, &self.settings, at, loaded, vendor, event, Vec::new()).await
    }
}

/// The known facts about the vendor's own export.
fn export(life: &Life, capabilities: &Capabilities) -> Option<Export> {
    let fetched_from = capabilities.export.clone()?;
    let done = |state: RuleState| state == RuleState::Finished;
    Some(Export {
        rule_ids: life.rules.iter().filter_map(|rule| rule.rule_id.clone()).collect(),
        finished: !life.rules.is_empty() && life.rules.iter().all(|rule| done(rule.state)),
        fetched_from,
    })
}

/// Whether every batch was sent, so that only the vendor's work remains.
fn is_all_sent(life: &Life, now: Time) -> bool {
    let over = || matches!(plan(life, now), Plan::Done | Plan::UsedUp | Plan::Refused(_));
    life.task.state == TaskState::Submitting && over()
}

/// Whether the next batch can go out at once.
fn goes_on(task: &Task, now: Time) -> bool {
    task.state == TaskState::Submitting && wait_left(task, now) == 0
}
