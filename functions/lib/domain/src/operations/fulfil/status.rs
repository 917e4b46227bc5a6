//! Asks the vendor how the rules of a task stand.
//!
//! Architecture Invariant: only a status that the connector names as finished moves a task on. Any other answer
//! means waiting, and in the end a person.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::TaskRef;
use crate::base::kind::Kind;
use crate::base::time::Time;
use crate::life::{Life, LifeEvent, step, wait_left};
use crate::model::limit::Slot;
use crate::model::request::Request;
use crate::model::rule::{Rule, RuleState};
use crate::model::task::TaskState;
use crate::operations::load::{Loaded, STALE_TRIES, Settings, is_closed, load, retry_stale, terms};
use crate::operations::metered::Metered;
use crate::operations::open::{Opened, open_vendor};
use crate::operations::save::{after_waits, store_step};
use crate::operations::sealing::{key_of, open_records};
use crate::operations::step::Step;
use crate::ports::clock::Clock;
use crate::ports::keys::Keys;
use crate::ports::store::{CommitError, Limits, Reads, Writes};
use crate::ports::vendors::Vendors;
use crate::vendor::fault::Fault;
use crate::vendor::record::RecordId;
use crate::vendor::report::{RuleReport, RuleStatus};

/// The ports of a status check.
#[derive(Debug)]
pub struct StatusCheck<'a, S, K, V, C> {
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

/// The most rules in one change, beside the task's row.
const RULES_A_CHANGE: usize = 60;

/// The result of one round of asking.
#[derive(Default)]
struct Round {
    reports: Vec<(u32, RuleReport)>,
    fault: Option<Fault>,
    strange: bool,
    /// The last batch that was asked about.
    asked_to: Option<u32>,
}

impl Round {
    /// The event after the round: it continues later if a question was put off.
    fn ends_with(&self, slot: Option<Slot>) -> LifeEvent {
        match &self.fault {
            Some(fault) if fault.is_put_off() => {
                LifeEvent::HeldBack { fault: fault.clone(), slot, asked_to: self.asked_to }
            }
            fault => {
                LifeEvent::Asked { fault: fault.clone(), strange: self.strange, asked_to: self.asked_to }
            }
        }
    }
}

impl<S, K, V, C> StatusCheck<'_, S, K, V, C>
where
    S: Reads + Writes + Limits,
    K: Keys,
    V: Vendors,
    C: Clock,
{
    /// Asks about every unfinished rule, as far as limits and the time until `until` allow. The next call
    /// continues after the last rule that was asked about. May be repeated. Also asks about a task that was
    /// handed to a person: its rules continue.
    ///
    /// # Errors
    /// `Transient` when the store or the key service fails.
    pub async fn check(&self, at: &TaskRef, until: Time) -> Result<Step, Failure> {
        retry_stale(async || {
            let loaded = load(self.store, at).await?;
            let Loaded { request, life, .. } = &loaded;
            let asks = match life.task.state {
                TaskState::Submitted => true,
                // A look comes first, and the rules after it.
                TaskState::Unknown => {
                    life.task.handed_over_at.is_some() || !life.wants_look(self.clock.now())
                }
                _ => false,
            };
            let early = life.task.slot.is_some() && wait_left(&life.task, self.clock.now()) > 0;
            if is_closed(request) || !asks || early {
                return Ok(Step::of(&life.task, self.clock.now()));
            }
            let life = self.ask(loaded, at, until).await?;
            Ok(Step::of(&life.task, self.clock.now()))
        })
        .await
    }

    async fn ask(&self, loaded: Loaded, at: &TaskRef, until: Time) -> Result<Life, CommitError> {
        let opened = open_vendor(self.store, self.vendors, self.clock, &loaded).await;
        let Loaded { request, life, .. } = loaded;
        let opened = match opened {
            // The run has no rule at any vendor: it is searched anew at the present target.
            Ok(Opened::Moved) => {
                let now = self.clock.now();
                let moved =
                    step(&life, LifeEvent::TargetChanged, now, &terms(&request, &self.settings, None));
                return store_step(self.store, &request, &life, moved, Vec::new(), now).await;
            }
            Ok(Opened::There(vendor)) => self.records(at).await.map(|records| (vendor, records)),
            Err(failure) => Err(failure),
        };
        let (vendor, records) = match opened {
            Ok(both) => both,
            Err(failure) if failure.kind == Kind::Misconfigured => {
                // The vendor can't be asked about the submission now; the task stays open until somebody fixes
                // the set-up.
                let now = self.clock.now();
                let moved = step(
                    &life,
                    LifeEvent::CannotAsk(failure.code),
                    now,
                    &terms(&request, &self.settings, None),
                );
                return store_step(self.store, &request, &life, moved, Vec::new(), now).await;
            }
            Err(failure) => return Err(failure.into()),
        };
        let round = self.ask_all(&vendor, &life, &records, until).await;
        self.store_round(&request, at, life, &vendor, round).await
    }

    async fn records(&self, at: &TaskRef) -> Result<Vec<RecordId>, Failure> {
        open_records(self.store, &key_of(self.keys, at.request_id).await?, at).await
    }

    /// Stores the answers, many rules in one change, and the follow-up with the last of them.
    async fn store_round(
        &self,
        request: &Request,
        at: &TaskRef,
        mut life: Life,
        vendor: &Metered<'_, S, V::Vendor, C>,
        round: Round,
    ) -> Result<Life, CommitError> {
        let terms = terms(request, &self.settings, Some(vendor.capabilities()));
        let mut parts = round.reports.chunks(RULES_A_CHANGE).peekable();
        let mut stale = 0;
        let mut part = parts.next().unwrap_or_default();
        loop {
            let now = self.clock.now();
            let (mut after, mut effects) = step(&life, LifeEvent::Told(part.to_vec()), now, &terms);
            let last = parts.peek().is_none();
            if last {
                let (end, more) = step(&after, round.ends_with(vendor.slot()), now, &terms);
                after = end;
                effects.extend(more);
            }
            match store_step(self.store, request, &life, (after, effects), Vec::new(), now).await {
                Ok(stored) if last => return Ok(stored),
                Ok(stored) => life = stored,
                // A round without any answer is repeated.
                Err(CommitError::Stale) if stale < STALE_TRIES && !part.is_empty() => {
                    stale += 1;
                    life = after_waits(self.store, at, &life).await?.life;
                    continue;
                }
                Err(error) => return Err(error),
            }
            part = parts.next().unwrap_or_default();
        }
    }

    async fn ask_all(
        &self,
        vendor: &Metered<'_, S, V::Vendor, C>,
        life: &Life,
        records: &[RecordId],
        until: Time,
    ) -> Round {
        let mut round = Round { asked_to: life.task.asked_to, ..Round::default() };
        let open = || life.rules.iter().filter(|rule| rule.state == RuleState::Accepted);
        let behind = |rule: &&Rule| life.task.asked_to.is_none_or(|batch| batch < rule.batch);
        // Once every rule was asked about, the round begins with the first again.
        let from = if open().any(|rule| behind(&rule)) { life.task.asked_to } else { None };
        let open = open().filter(|rule| from.is_none_or(|batch| batch < rule.batch));
        let needed = vendor.capabilities().call_timeout_seconds + 5;
        for rule in open {
            let Some(rule_id) = &rule.rule_id else { continue };
            if self.clock.now().plus_seconds(needed) > until {
                round.fault = Some(Fault::Paused(Code::VendorOutOfTime, 1));
                return round;
            }
            let own: Vec<RecordId> = at_places(records, &life.own_places(rule));
            let batch: Vec<RecordId> = at_places(records, &life.places(rule));
            match vendor.status(rule_id, &own, &batch).await {
                Ok(report) => {
                    round.strange |= report.status == RuleStatus::Unknown;
                    round.reports.push((rule.batch, report));
                    round.asked_to = Some(rule.batch);
                }
                Err(fault) => {
                    let stop =
                        !matches!(fault, Fault::RuleNotFound | Fault::AnswerTooLarge | Fault::Refused(_));
                    let put_off = fault.is_put_off();
                    round.fault = Some(fault);
                    if !put_off {
                        round.asked_to = Some(rule.batch);
                    }
                    if stop {
                        return round;
                    }
                }
            }
        }
        round.asked_to = None;
        round
    }
}

/// The records at these places.
pub(crate) fn at_places(records: &[RecordId], places: &[u32]) -> Vec<RecordId> {
    places.iter().filter_map(|&place| records.get(place as usize)).cloned().collect()
}
