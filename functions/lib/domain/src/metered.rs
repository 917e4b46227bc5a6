//! A vendor that is called no oftener than its limits allow: the permit before a call, the report
//! after it. Nothing sleeps here: what may not go out now is [`Fault::Paused`], and the workflow waits.

use crate::copy::RecordCopy;
use crate::failure::Code;
use crate::identifier::Identifier;
use crate::ids::SourceId;
use crate::limit::{CONTROL_SECONDS, ControlSeen, Limit, Report, Verdict};
use crate::ports::{Clock, CommitError, Limits};
use crate::vendor::{
    ANSWER_INCOMPLETE, Batch, Capabilities, Fault, Found, RATE_LIMITED, RecordId, RuleReport, ShownRecord,
    Submitted, Vendor,
};
use std::sync::{Mutex, PoisonError};

/// How often a permit or a report is tried when other callers were faster.
const STALE_TRIES: u32 = 5;

/// Seconds around a call for the store and the way back: how much longer than the call itself a
/// probe's answer may take to be reported.
const AROUND_A_CALL_SECONDS: u64 = 10;

/// A vendor behind the limits of its data source.
///
/// One call has one permit; a second try with the token's other version, after a 401, has none of
/// its own. A permit whose call is never made is lost, no more.
#[derive(Debug)]
pub struct Metered<'a, S, V, C> {
    vendor: V,
    limits: &'a S,
    clock: &'a C,
    source: SourceId,
    /// The row as this caller last knew it, so that a report of no news costs nothing.
    seen: Mutex<Option<Limit>>,
    /// Searches that have their permit already.
    reserved: Mutex<u32>,
}

impl<'a, S: Limits, V: Vendor, C: Clock> Metered<'a, S, V, C> {
    /// Puts `vendor` behind the limits of `source`.
    #[must_use]
    pub fn new(vendor: V, limits: &'a S, clock: &'a C, source: SourceId) -> Self {
        Self { vendor, limits, clock, source, seen: Mutex::new(None), reserved: Mutex::new(0) }
    }

    /// The data source.
    #[must_use]
    pub fn source(&self) -> &SourceId {
        &self.source
    }

    /// Takes the permit for one call. [`Vendor::search`] and [`Vendor::status`] take theirs
    /// themselves. [`Vendor::submit`] does not: its caller takes it before it stores the intent, so
    /// that no intent waits for a permit.
    ///
    /// # Errors
    /// [`Fault::Paused`] with the code and the seconds to wait, or [`Fault::Unavailable`] with the
    /// store's code when the store fails. Nothing was sent then.
    pub async fn admit(&self) -> Result<(), Fault> {
        self.admit_all(|_| 1).await.map(drop)
    }

    /// Takes the permits for so many searches that are one piece of work: all of them or none.
    ///
    /// # Errors
    /// As [`Metered::admit`].
    pub async fn reserve_searches(&self, searches: u32) -> Result<(), Fault> {
        self.reserve(searches, false).await.map(drop)
    }

    /// The same with one search for the control, unless a search found it at this target within the last
    /// minutes. Gives whether it did. All of them are one piece of work: a tight rate would else never let
    /// the control's follow.
    ///
    /// # Errors
    /// As [`Metered::admit`].
    pub async fn reserve_with_control(&self, searches: u32) -> Result<bool, Fault> {
        self.reserve(searches, true).await
    }

    async fn reserve(&self, searches: u32, control: bool) -> Result<bool, Fault> {
        let calls = |fresh: bool| searches.saturating_add(u32::from(control && !fresh));
        let fresh = self.admit_all(|limit| calls(self.is_fresh(limit))).await?;
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = calls(fresh);
        Ok(fresh)
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

    /// Keeps that a search found the control just now. A sight that can't be stored is dropped: the next
    /// look searches for the control itself.
    pub async fn control_was_seen(&self) {
        self.see(None);
        for _ in 0..STALE_TRIES {
            let Ok(limit) = self.limits.limit(&self.source).await else { return };
            let target = self.vendor.capabilities().target.fingerprint();
            let control_seen = Some(ControlSeen { at: self.clock.now(), target });
            if self.limits.save_limit(&Limit { control_seen, ..limit }).await != Err(CommitError::Stale) {
                return;
            }
        }
    }

    fn is_reserved(&self) -> bool {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let any = *reserved > 0;
        *reserved = reserved.saturating_sub(1);
        any
    }

    /// Takes as many permits as `calls` says; gives whether the control is fresh.
    async fn admit_all(&self, calls: impl Fn(&Limit) -> u32) -> Result<bool, Fault> {
        let capabilities = self.vendor.capabilities();
        let lasts = capabilities.call_timeout_seconds.saturating_add(AROUND_A_CALL_SECONDS);
        for _ in 0..STALE_TRIES {
            let read = self.limits.limit(&self.source).await;
            let limit = read.map_err(|failure| Fault::Unavailable(failure.code))?;
            let (next, verdict) = limit.ask_for(calls(&limit), lasts, self.clock.now(), &capabilities.call_limits);
            let stored = if next == limit {
                next
            } else {
                match self.limits.save_limit(&next).await {
                    Ok(()) => Limit { revision: next.revision + 1, ..next },
                    Err(CommitError::Stale) => continue,
                    Err(CommitError::Failed(failure)) => return Err(Fault::Unavailable(failure.code)),
                }
            };
            return match verdict {
                Verdict::Go => {
                    let fresh = self.is_fresh(&stored);
                    self.see(Some(stored));
                    Ok(fresh)
                }
                Verdict::Wait(code, seconds) => Err(Fault::Paused(code, seconds)),
            };
        }
        Err(Fault::Paused(RATE_LIMITED, 1))
    }

    /// Has the limit know what a call came to. A report that can't be stored is dropped: it must
    /// never cost the answer that it is about.
    async fn report(&self, report: Option<Report>) {
        let Some(report) = report else { return };
        let mut seen = self.see(None);
        for _ in 0..STALE_TRIES {
            let limit = match seen.take() {
                Some(limit) => limit,
                None => match self.limits.limit(&self.source).await {
                    Ok(limit) => limit,
                    Err(_) => return,
                },
            };
            let next = limit.told(report, self.clock.now(), &self.vendor.capabilities().call_limits);
            if next == limit {
                return;
            }
            if self.limits.save_limit(&next).await != Err(CommitError::Stale) {
                return;
            }
        }
    }

    fn see(&self, limit: Option<Limit>) -> Option<Limit> {
        std::mem::replace(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner), limit)
    }
}

/// Codes of failed calls that say nothing of the vendor: we had no time left, or could not or may
/// not make the call.
const OURS: [Code; 4] =
    ["vendor_address_forbidden", "vendor_host_forbidden", "vendor_out_of_time", "vendor_request_unusable"];

/// Whether the vendor stands behind a code: those of the connector's own objections, and those of
/// our own services, have other names.
fn is_the_vendors(code: Code) -> bool {
    code.starts_with("vendor_") && !OURS.contains(&code)
}

/// What a fault says of the vendor, if anything.
fn of_fault(fault: &Fault) -> Option<Report> {
    match fault {
        // It answered; that there is more is about this person alone.
        Fault::Unavailable(ANSWER_INCOMPLETE) => Some(Report::Answered),
        Fault::Unavailable(code) => is_the_vendors(code).then_some(Report::Failed),
        Fault::Refused(code) => is_the_vendors(code).then_some(Report::Answered),
        Fault::Throttled(wait) => Some(Report::Throttled(*wait)),
        Fault::Unauthorized | Fault::TooManyRecords | Fault::RuleNotFound => Some(Report::Answered),
        Fault::Paused(..) => None,
    }
}

fn of_answer<T>(answer: &Result<T, Fault>) -> Option<Report> {
    answer.as_ref().map_or_else(of_fault, |_| Some(Report::Answered))
}

fn of_submission(answer: &Submitted) -> Option<Report> {
    match answer {
        // A doubtful answer is a readable one that does not say what was asked.
        Submitted::Accepted { .. } | Submitted::Doubtful { .. } => Some(Report::Answered),
        Submitted::NotSent(fault) | Submitted::Rejected(fault) => of_fault(fault),
        Submitted::Unknown(_) => Some(Report::Failed),
    }
}

impl<S: Limits, V: Vendor, C: Clock> Vendor for Metered<'_, S, V, C> {
    fn capabilities(&self) -> &Capabilities {
        self.vendor.capabilities()
    }

    async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault> {
        if !self.is_reserved() {
            self.admit().await?;
        }
        let answer = self.vendor.search(by, named).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault> {
        if !self.is_reserved() {
            self.admit().await?;
        }
        let answer = self.vendor.show(by, named).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault> {
        if !self.is_reserved() {
            self.admit().await?;
        }
        let answer = self.vendor.copy(identifiers).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// Reports only: see [`Metered::admit`].
    async fn submit(&self, batch: &Batch<'_>) -> Submitted {
        let answer = self.vendor.submit(batch).await;
        self.report(of_submission(&answer)).await;
        answer
    }

    async fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId]) -> Result<RuleReport, Fault> {
        self.admit().await?;
        let answer = self.vendor.status(rule_id, own, batch).await;
        self.report(of_answer(&answer)).await;
        answer
    }

    /// Not metered: an operator asks, and wants to see the vendor's own answer.
    async fn test(&self) -> Result<(), Fault> {
        self.vendor.test().await
    }
}
