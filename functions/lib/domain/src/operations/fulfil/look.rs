//! Looks again. A search by every identifier shows whether the vendor's statement is true, and what became of a
//! submission that was never answered.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::Identifier;
use crate::base::ids::TaskRef;
use crate::base::kind::Kind;
use crate::base::seal::DataKey;
use crate::base::time::Time;
use crate::life::{Life, LifeEvent, wait_left};
use crate::model::request::Request;
use crate::operations::asking::{Heard, search_by_each};
use crate::operations::fulfil::search::usable;
use crate::operations::load::{Loaded, Settings, count, is_closed, load, retry_stale};
use crate::operations::metered::Metered;
use crate::operations::open::{Opened, open_vendor};
use crate::operations::save::store_learned;
use crate::operations::sealing::{key_of, open_identifiers, open_records, unseen_doubts};
use crate::operations::step::Step;
use crate::ports::clock::Clock;
use crate::ports::keys::Keys;
use crate::ports::store::{CommitError, Limits, Reads, Writes};
use crate::ports::vendors::Vendors;
use crate::ports::workflow::Next;
use crate::vendor::port::Capabilities;
use crate::vendor::record::RecordId;
use std::collections::BTreeSet;

/// The ports of a look.
#[derive(Debug)]
pub struct Look<'a, S, K, V, C> {
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

impl<S, K, V, C> Look<'_, S, K, V, C>
where
    S: Reads + Writes + Limits,
    K: Keys,
    V: Vendors,
    C: Clock,
{
    /// Looks once. May be repeated: each look that finds submitted records counts, and a call before its wait
    /// is over makes no look.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn look(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        retry_stale(async || {
            let loaded = load(self.store, at).await?;
            let Loaded { request, life, .. } = &loaded;
            let now = self.clock.now();
            if is_closed(request) || !life.wants_look(now) || wait_left(&life.task, now) > 0 {
                let mut step = Step::of(&life.task, now);
                if step.next == Next::Look && !life.wants_look(now) {
                    // A look can't tell anything; the rules can.
                    (step.next, step.wait_seconds) = (Next::CheckStatus, step.wait_seconds.max(1));
                }
                return Ok(step);
            }
            let life = self.look_now(&loaded, at, until).await?;
            Ok(Step::of(&life.task, self.clock.now()))
        })
        .await
    }

    async fn look_now(&self, loaded: &Loaded, at: &TaskRef, until: Time) -> Result<Life, CommitError> {
        let Loaded { request, life, .. } = loaded;
        let (vendor, heard) = match open_vendor(self.store, self.vendors, self.clock, loaded).await {
            // Nothing was sent, so there is nothing to look for; the task is decided anew.
            Ok(Opened::Moved) => (None, Ok(LifeEvent::TargetChanged)),
            Ok(Opened::There(vendor)) => {
                let heard = self.heard(&vendor, request, life, at, until).await;
                (Some(vendor), heard)
            }
            Err(failure) => (None, Err(failure)),
        };
        let event = match heard {
            Ok(event) => event,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                LifeEvent::CannotLook { code: failure.code, wait: 900 }
            }
            Err(failure) => return Err(failure.into()),
        };
        let vendor = vendor.as_ref().map(Metered::capabilities);
        let settings = &self.settings;
        store_learned(self.store, self.clock, settings, at, loaded, vendor, &event, Vec::new()).await
    }

    /// Searches, and interprets the result for the decided records.
    async fn heard(
        &self,
        vendor: &Metered<'_, S, V::Vendor, C>,
        request: &Request,
        life: &Life,
        at: &TaskRef,
        until: Time,
    ) -> Result<LifeEvent, Failure> {
        let capabilities = vendor.capabilities();
        let key = key_of(self.keys, request.id).await?;
        let (identifiers, records) = self.who_and_what(request, life, capabilities, at, &key).await?;
        Ok(match search_by_each(vendor, &identifiers, self.clock, until, true).await {
            Ok(heard) => {
                let unseen = unseen_doubts(&key, at, &life.task, &heard.found)?;
                compared(&records, &heard, unseen)
            }
            Err(fault) if fault.is_put_off() => {
                LifeEvent::HeldBack { fault, slot: vendor.slot(), asked_to: None }
            }
            Err(fault) => {
                let growing = capabilities.verify_waits.after(life.task.tries);
                LifeEvent::CannotLook { code: fault.code(), wait: growing }
            }
        })
    }

    /// The identifiers to search by, and the records to search for. A search for nobody, or one compared with
    /// only some of the records, would prove nothing.
    async fn who_and_what(
        &self,
        request: &Request,
        life: &Life,
        capabilities: &Capabilities,
        at: &TaskRef,
        key: &DataKey,
    ) -> Result<(Vec<Identifier>, Vec<RecordId>), Failure> {
        let identifiers = usable(capabilities, open_identifiers(key, request, &at.source_id)?);
        if identifiers.is_empty() {
            return Err(Failure::of(Code::IdentifierMissing));
        }
        if life.task.counts.found == 0 {
            // A later round whose search found nothing: the stored records are the previous round's.
            return Ok((identifiers, Vec::new()));
        }
        let records = open_records(self.store, key, at).await?;
        if count(records.len()) != life.task.counts.found {
            return Err(Failure::of(Code::RecordsDoNotFit));
        }
        Ok((identifiers, records))
    }
}

/// Compares what a search found with the decided records.
fn compared(records: &[RecordId], heard: &Heard, unseen: u32) -> LifeEvent {
    let seen: BTreeSet<&RecordId> = heard.found.records.iter().collect();
    let places: Vec<u32> =
        (0u32..).zip(records).filter(|(_, record)| seen.contains(record)).map(|(place, _)| place).collect();
    let appeared = count(seen.len().saturating_sub(places.len()));
    LifeEvent::Looked { found: places, appeared, asked: heard.asked, unseen, controlled: heard.controlled }
}
