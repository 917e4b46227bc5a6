//! Keeps calls to a vendor within its limits: takes a permit before each call and reports after it. A short
//! wait for a turn happens here. A longer one is [`Fault::Paused`], and the workflow waits: the caller retains
//! its place in the line ([`Metered::slot`]) and comes back with it.

use crate::base::code::{Arises, Code};
use crate::base::identifier::Identifier;
use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::model::limit::{
    Admission, Ask, CONTROL_SECONDS, ControlSeen, Limit, NAP_MILLIS, Report, Slot, away_seconds,
};
use crate::ports::clock::Clock;
use crate::ports::store::{CommitError, Limits};
use crate::vendor::fault::Fault;
use crate::vendor::port::{Batch, Capabilities, Vendor};
use crate::vendor::record::{Found, RecordCopy, RecordId, ShownRecord};
use crate::vendor::report::{RuleReport, Submitted};
use std::sync::{Mutex, PoisonError};

/// How often a permit or a report is tried again after other callers were faster.
const STALE_TRIES: u32 = 8;

/// The first wait between such tries, in milliseconds; it doubles each time. Other callers write in between.
const STALE_MILLIS: u64 = 10;

/// Seconds around a call for the store and the way back: a probe's answer may be reported this much later than
/// the call's own time-out.
const AROUND_A_CALL_SECONDS: u64 = 10;

/// The right to make one submission, counted in the vendor's limits.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub struct Permit(());

/// A vendor behind the limits of its data source.
///
/// One call has one permit. A second try after a 401, with the token's other version, has none of its own. A
/// permit whose call is never made is simply lost.
#[derive(Debug)]
pub struct Metered<'a, S, V, C> {
    vendor: V,
    limits: &'a S,
    clock: &'a C,
    source: SourceId,
    /// The row as this caller last knew it, so that a report without news costs nothing.
    seen: Mutex<Option<Limit>>,
    /// How many searches have their permit already.
    reserved: Mutex<u32>,
    /// The place in the line: first the one that the caller came with, then the one that it has to wait for.
    slot: Mutex<Option<Slot>>,
    /// Whether a person waits for the answer.
    beside: bool,
}

impl<'a, S: Limits, V: Vendor, C: Clock> Metered<'a, S, V, C> {
    /// Puts `vendor` behind the limits of `source`, for work that waits in line; `slot` is its place, if it has
    /// one.
    #[must_use]
    pub fn new(vendor: V, limits: &'a S, clock: &'a C, source: SourceId, slot: Option<Slot>) -> Self {
        let (seen, reserved, slot) = (Mutex::new(None), Mutex::new(0), Mutex::new(slot));
        Self { vendor, limits, clock, source, seen, reserved, slot, beside: false }
    }

    /// The same for a person who waits for the answer: it passes the line.
    #[must_use]
    pub fn beside(self) -> Self {
        Self { beside: true, slot: Mutex::new(None), ..self }
    }

    /// The place in the line to come back with, after [`Fault::Paused`].
    #[must_use]
    pub fn slot(&self) -> Option<Slot> {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The data source.
    #[must_use]
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// Takes the permit for one submission. All other calls take theirs themselves.
    ///
    /// # Errors
    /// [`Fault::Paused`] with the code and the seconds to wait, or [`Fault::Unavailable`] with the store's code
    /// when the store fails. Nothing was sent then.
    pub async fn permit(&self) -> Result<Permit, Fault> {
        self.see(None);
        self.take(|_| 1, self.beside).await.map(|_| Permit(()))
    }

    /// Takes the permits for several searches that are one piece of work: all of them or none. Returns whether
    /// a search found the control at this target within the last minutes.
    ///
    /// A caller that expects to find nothing will need the control: its search is included if nobody else is in
    /// line.
    ///
    /// # Errors
    /// As [`Metered::permit`].
    pub async fn reserve_searches(&self, searches: u32, expects_nothing: bool) -> Result<bool, Fault> {
        let limits = self.vendor.capabilities().call_limits;
        // If it waited for the control's search too, its place includes that search.
        let kept = searches.max(self.slot().map_or(0, |slot| slot.calls));
        let calls = |limit: &Limit| {
            let alone = !limit.is_queued(self.clock.now(), &limits);
            let more = expects_nothing && alone && kept == searches && !self.is_fresh(limit);
            kept.saturating_add(u32::from(more))
        };
        self.see(None);
        let (fresh, calls) = self.take(calls, self.beside).await?;
        self.hold(calls);
        Ok(fresh)
    }

    /// Takes the permit for a search for the control, after `searches` searches that found nothing. Without a
    /// permit at once, it takes a place in the line for all of them: they are then repeated together with the
    /// control's.
    ///
    /// # Errors
    /// As [`Metered::permit`].
    pub async fn reserve_control(&self, searches: u32) -> Result<(), Fault> {
        if *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) > 0 {
            return Ok(());
        }
        match self.take(|_| 1, true).await {
            Err(Fault::Paused(Code::RateLimited, _)) if !self.beside => {
                self.take(|_| searches.saturating_add(1), false).await?;
            }
            permit => drop(permit?),
        }
        self.hold(1);
        Ok(())
    }

    fn hold(&self, calls: u32) {
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = calls;
    }

    /// Whether a search found the control at this target within the last minutes.
    fn is_fresh(&self, limit: &Limit) -> bool {
        let now = self.clock.now();
        limit.control_seen.as_ref().is_some_and(|seen| {
            seen.target == self.vendor.capabilities().target.fingerprint()
                && seen.at <= now
                && now < seen.at.plus_seconds(CONTROL_SECONDS)
        })
    }

    /// Records that a search found the control just now. If this can't be stored, it is dropped: the next look
    /// searches for the control itself.
    pub async fn control_was_seen(&self) {
        let target = self.vendor.capabilities().target.fingerprint();
        self.change(|limit, at| {
            let control_seen = Some(ControlSeen { at, target: target.clone() });
            Limit { control_seen, ..limit.clone() }
        })
        .await;
    }

    fn is_reserved(&self) -> bool {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let any = *reserved > 0;
        *reserved = reserved.saturating_sub(1);
        any
    }

    /// Takes as many permits as `calls` wants for the row, in line or beside it. Begins with the row as it was
    /// last seen, if it was. Returns whether the control is fresh, and how many permits it took.
    async fn take(&self, calls: impl Fn(&Limit) -> u32, beside: bool) -> Result<(bool, u32), Fault> {
        let capabilities = self.vendor.capabilities();
        let lasts_seconds = capabilities.call_timeout_seconds.saturating_add(AROUND_A_CALL_SECONDS);
        let (mut stale, mut napped) = (0, 0);
        while stale < STALE_TRIES {
            let limit = match self.see(None) {
                Some(limit) => limit,
                None => {
                    let read = self.limits.limit(&self.source).await;
                    read.map_err(|failure| Fault::Unavailable(failure.code))?
                }
            };
            let calls = calls(&limit);
            let ask = Ask { calls, lasts_seconds, slot: self.slot(), beside };
            let (next, admission) = limit.ask(&ask, self.clock.now(), &capabilities.call_limits);
            let stored = if next == limit {
                next
            } else {
                match self.limits.save_limit(&next).await {
                    Ok(()) => Limit { revision: next.revision + 1, ..next },
                    Err(CommitError::Stale) => {
                        self.step_back(stale).await;
                        stale += 1;
                        continue;
                    }
                    Err(CommitError::Failed(failure)) => return Err(Fault::Unavailable(failure.code)),
                }
            };
            match admission {
                Admission::Go => {
                    let fresh = self.is_fresh(&stored);
                    self.see(Some(stored));
                    self.keep(None);
                    return Ok((fresh, calls));
                }
                Admission::Wait { code: Code::RateLimited, millis, slot }
                    if napped + millis <= NAP_MILLIS =>
                {
                    self.keep(slot);
                    self.clock.nap(millis).await;
                    napped += millis;
                }
                Admission::Wait { code, millis, slot } => {
                    self.keep(slot);
                    return Err(Fault::Paused(code, away_seconds(millis, slot)));
                }
            }
        }
        Err(Fault::Paused(Code::RateLimited, 1))
    }

    /// Lets others write first. Each caller waits for a different time.
    async fn step_back(&self, tries: u32) {
        let most = STALE_MILLIS << tries;
        let now = self.clock.now();
        let own = now.start_of_day().millis_until(now) % most;
        self.clock.nap(most / 2 + own / 2).await;
    }

    fn keep(&self, slot: Option<Slot>) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = slot;
    }

    /// Reports the result of a call to the limit. A report that can't be stored is dropped: it must never cost
    /// the answer that it is about.
    async fn report(&self, report: Option<Report>) {
        let Some(report) = report else { return };
        let limits = &self.vendor.capabilities().call_limits;
        self.change(|limit, now| limit.told(report, now, limits)).await;
    }

    /// Stores a change of the row. Begins with the row as it was last seen, if it was. An unchanged row costs
    /// nothing; a change that can't be stored is dropped.
    async fn change(&self, becomes: impl Fn(&Limit, Time) -> Limit) {
        let mut seen = self.see(None);
        for _ in 0..STALE_TRIES {
            let limit = match seen.take() {
                Some(limit) => limit,
                None => match self.limits.limit(&self.source).await {
                    Ok(limit) => limit,
                    Err(_) => return,
                },
            };
            let next = becomes(&limit, self.clock.now());
            if next == limit {
                self.see(Some(limit));
                return;
            }
            match self.limits.save_limit(&next).await {
                Err(CommitError::Stale) => {}
                Ok(()) => {
                    self.see(Some(Limit { revision: next.revision + 1, ..next }));
                    return;
                }
                Err(CommitError::Failed(_)) => return,
            }
        }
    }

    fn see(&self, limit: Option<Limit>) -> Option<Limit> {
        std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), limit)
    }
}

/// Codes of failed calls that are no fault of the vendor: we had no time left, or could not or may not make the
/// call.
const OURS: [Code; 4] = [
    Code::VendorAddressForbidden,
    Code::VendorHostForbidden,
    Code::VendorOutOfTime,
    Code::VendorRequestUnusable,
];

/// Whether the vendor stands behind a code, and not the connector's own objections or our own services.
fn is_the_vendors(code: Code) -> bool {
    code.arises() == Arises::Vendor && !OURS.contains(&code)
}

/// The report that a fault makes about the vendor, if any.
fn of_fault(fault: &Fault) -> Option<Report> {
    match fault {
        // It answered; the fault in the answer is about this person alone.
        Fault::Unavailable(Code::VendorAnswerIncomplete | Code::VendorRecordUnreadable) => {
            Some(Report::Answered)
        }
        Fault::Unavailable(code) => is_the_vendors(*code).then_some(Report::Failed),
        Fault::Refused(code) => is_the_vendors(*code).then_some(Report::Answered),
        Fault::Throttled(wait) => Some(Report::Throttled(*wait)),
        Fault::Unauthorized | Fault::TooManyRecords | Fault::AnswerTooLarge | Fault::RuleNotFound => {
            Some(Report::Answered)
        }
        Fault::Paused(..) => None,
    }
}

fn of_answer<T>(answer: &Result<T, Fault>) -> Option<Report> {
    answer.as_ref().map_or_else(of_fault, |_| Some(Report::Answered))
}

fn of_submission(answer: &Submitted) -> Option<Report> {
    match answer {
        // A doubtful answer is readable but doesn't say what was asked.
        Submitted::Accepted { .. } | Submitted::Doubtful { .. } => Some(Report::Answered),
        Submitted::NotSent(fault) | Submitted::Rejected(fault) => of_fault(fault),
        Submitted::Unknown(Code::VendorAnswerTooLarge) => Some(Report::Answered),
        Submitted::Unknown(_) => Some(Report::Failed),
    }
}

/// Calls to the vendor.
impl<S: Limits, V: Vendor, C: Clock> Metered<'_, S, V, C> {
    /// As [`Vendor::capabilities`].
    pub fn capabilities(&self) -> &Capabilities {
        self.vendor.capabilities()
    }

    /// As [`Vendor::search`].
    ///
    /// # Errors
    /// Those of the vendor, and those of [`Metered::permit`]; so with every call below.
    pub async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault> {
        self.may_search().await?;
        let answer = self.vendor.search(by, named).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// As [`Vendor::show`].
    ///
    /// # Errors
    /// As [`Metered::search`].
    pub async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault> {
        self.may_search().await?;
        let answer = self.vendor.show(by, named).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// As [`Vendor::copy`].
    ///
    /// # Errors
    /// As [`Metered::search`].
    pub async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault> {
        self.may_search().await?;
        let answer = self.vendor.copy(identifiers).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// As [`Vendor::submit`]. The permit comes before the intent, so that no intent waits for a permit.
    pub async fn submit(&self, _permit: Permit, batch: &Batch<'_>) -> Submitted {
        let answer = self.vendor.submit(batch).await;
        self.report(of_submission(&answer)).await;
        answer
    }

    /// As [`Vendor::status`].
    ///
    /// # Errors
    /// As [`Metered::search`].
    pub async fn status(
        &self,
        rule_id: &str,
        own: &[RecordId],
        batch: &[RecordId],
    ) -> Result<RuleReport, Fault> {
        let _permit = self.permit().await?;
        let answer = self.vendor.status(rule_id, own, batch).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// As [`Vendor::test`]. It needs no permit: an operator asks, and wants the vendor's own answer.
    ///
    /// # Errors
    /// Those of the vendor.
    pub async fn test(&self) -> Result<(), Fault> {
        self.vendor.test().await
    }

    /// Takes a permit unless one is reserved.
    async fn may_search(&self) -> Result<(), Fault> {
        if self.is_reserved() { Ok(()) } else { self.permit().await.map(drop) }
    }
}
