//! The closed requests of the last months: how they ended, how long they took, and what was found where.

use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::law::calendar::{Period, period_at};
use crate::law::deadline::LegalZone;
use crate::model::answer::AnswerState;
use crate::model::request::{Request, RequestOutcome, RequestState};
use crate::model::task::{Outcome, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many months are counted.
const MONTHS: u8 = 12;

/// The longest time that the law gives for an answer, in months: one, extended by two.
const LONGEST_MONTHS: u8 = 3;

/// The most closed requests that are read.
pub const MOST_READ: u32 = 2000;

/// Closed requests by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutcomeCounts {
    /// Every record found was handled.
    pub fulfilled: u32,
    /// Some of the records were handled, some were not.
    pub partly_fulfilled: u32,
    /// No data source held a record.
    pub nothing_found: u32,
    /// The request was refused.
    pub refused: u32,
    /// The request could not be fulfilled.
    pub failed: u32,
    /// The request was a dry run.
    pub dry_run: u32,
    /// The request was cancelled.
    pub cancelled: u32,
}

impl OutcomeCounts {
    fn at(&mut self, outcome: RequestOutcome) -> &mut u32 {
        match outcome {
            RequestOutcome::Fulfilled => &mut self.fulfilled,
            RequestOutcome::PartlyFulfilled => &mut self.partly_fulfilled,
            RequestOutcome::NothingFound => &mut self.nothing_found,
            RequestOutcome::Refused => &mut self.refused,
            RequestOutcome::Failed => &mut self.failed,
            RequestOutcome::DryRun => &mut self.dry_run,
            RequestOutcome::Cancelled => &mut self.cancelled,
        }
    }

    /// How many ended so.
    #[must_use]
    pub fn of(mut self, outcome: RequestOutcome) -> u32 {
        *self.at(outcome)
    }

    /// The sum.
    #[must_use]
    pub fn all(&self) -> u32 {
        RequestOutcome::ALL.into_iter().map(|outcome| self.of(outcome)).sum()
    }
}

/// How long requests took, from the day on which the person asked to the closing. Each figure is the time of one of
/// them (nearest rank).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeToClose {
    /// Half of them took at most so many seconds.
    pub median_seconds: u64,
    /// Nine in ten took at most so many seconds.
    pub ninetieth_percentile_seconds: u64,
}

impl TimeToClose {
    /// The figures of these times; `None` if there are none.
    #[must_use]
    pub fn of(mut seconds: Vec<u64>) -> Option<Self> {
        seconds.sort_unstable();
        let at = |percent: usize| {
            let rank = (seconds.len() * percent).div_ceil(100).max(1);
            seconds.get(rank - 1).copied()
        };
        Some(Self { median_seconds: at(50)?, ninetieth_percentile_seconds: at(90)? })
    }
}

/// The requests that closed in one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClosedMonth {
    /// The month, such as `2026-11`.
    pub month: String,
    /// Whether requests that closed in this month within a month of arriving may be missing, because they are too many
    /// to be read.
    pub partial: bool,
    /// How they ended.
    pub outcomes: OutcomeCounts,
    /// How long they took; null if none closed.
    pub time_to_close: Option<TimeToClose>,
}

/// The records that these requests found at one data source, dry runs apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceRecords {
    /// The data source.
    pub source: SourceId,
    /// Requests that asked it.
    pub requests: u32,
    /// Records that were found.
    pub found: u64,
    /// Records that the vendor states as treated, or that were copied.
    pub confirmed: u64,
}

/// The requests that closed in the last months, synthetic ones apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClosedFigures {
    /// How many closed requests were read for this, the newest first; synthetic ones and those that closed earlier
    /// are among them.
    pub read: u32,
    /// Requests that arrived since then are counted in full; older ones were too many to be read. Null if all were read.
    pub complete_since: Option<Time>,
    /// How they ended.
    pub outcomes: OutcomeCounts,
    /// How long they took; null if none closed.
    pub time_to_close: Option<TimeToClose>,
    /// The months, the oldest first; the last one is the present one.
    pub months: Vec<ClosedMonth>,
    /// The records, by data source.
    pub sources: Vec<SourceRecords>,
    /// Answers that are not on their ticket yet, or of which nobody knows.
    pub answers_owed: u32,
    /// Answers that can't be put on their ticket.
    pub answers_undeliverable: u32,
}

/// The last synthetic request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SyntheticEnd {
    /// Its id.
    pub request: RequestId,
    /// When the deployment made it.
    pub received_at: Time,
    /// When it closed; null while it is open.
    pub closed_at: Option<Time>,
    /// How it ended; null while it is open.
    pub outcome: Option<RequestOutcome>,
    /// Whether it ended as it must: as `dry_run` at every data source. Null while it is open.
    pub succeeded: Option<bool>,
}

/// Counts closed requests, which come from the newest arrival back.
#[derive(Debug)]
pub struct ClosedCount {
    now: Time,
    zone: LegalZone,
    periods: Vec<Period>,
    months: Vec<Month>,
    read: u32,
    oldest: Option<Time>,
    sources: BTreeMap<SourceId, (u32, u64, u64)>,
    answers_owed: u32,
    answers_undeliverable: u32,
    has_synthetic: bool,
    synthetic: Option<SyntheticEnd>,
}

/// The requests that closed in a month, as far as they were read.
#[derive(Debug, Default)]
struct Month {
    outcomes: OutcomeCounts,
    seconds: Vec<u64>,
}

impl ClosedCount {
    /// An empty count, in months of this zone.
    #[must_use]
    pub fn new(now: Time, zone: &LegalZone) -> Self {
        let periods = zone.months_to(now, MONTHS);
        Self {
            now,
            zone: zone.clone(),
            months: periods.iter().map(|_| Month::default()).collect(),
            periods,
            read: 0,
            oldest: None,
            sources: BTreeMap::new(),
            answers_owed: 0,
            answers_undeliverable: 0,
            has_synthetic: false,
            synthetic: None,
        }
    }

    /// Whether older requests are to be read: those that may have closed within the months in their legal time, as long
    /// as they aren't too many.
    #[must_use]
    pub fn wants_older(&self) -> bool {
        let Some((oldest, first)) = self.oldest.zip(self.periods.first()) else { return true };
        self.read < MOST_READ && self.zone.months_after(oldest, LONGEST_MONTHS) >= first.begins
    }

    /// Whether [`ClosedCount::take`] needs the tasks of a request. Of the synthetic ones it needs those of the first.
    pub fn needs_tasks(&mut self, request: &Request) -> bool {
        if request.synthetic {
            return !std::mem::replace(&mut self.has_synthetic, true);
        }
        !request.dry_run && self.month_of(request).is_some()
    }

    /// Counts a request, with the tasks that it needs.
    pub fn take(&mut self, request: &Request, tasks: &[Task]) {
        self.read += 1;
        let arrived = request.arrived_at();
        self.oldest = Some(self.oldest.map_or(arrived, |oldest| oldest.min(arrived)));
        if request.synthetic {
            if self.synthetic.is_none() && !tasks.is_empty() {
                self.synthetic = Some(SyntheticEnd::of(request, tasks));
            }
            return;
        }
        if let Some(answer) = &request.answer {
            self.answers_owed += u32::from(!answer.state.is_final());
            self.answers_undeliverable += u32::from(answer.state == AnswerState::Undeliverable);
        }
        let place = self.month_of(request).and_then(|place| self.months.get_mut(place));
        let Some(((month, outcome), at)) = place.zip(request.outcome).zip(request.closed_at) else { return };
        *month.outcomes.at(outcome) += 1;
        month.seconds.push(request.received_at.seconds_until(at));
        for task in tasks.iter().filter(|_| !request.dry_run) {
            let (requests, found, confirmed) = self.sources.entry(task.source.clone()).or_default();
            let counts = task.all_counts();
            *requests += 1;
            *found += u64::from(counts.found);
            *confirmed += u64::from(counts.confirmed);
        }
    }

    /// The months' place of a closed request; `None` if it closed before them.
    fn month_of(&self, request: &Request) -> Option<usize> {
        let closed = request.closed_at.filter(|_| request.state == RequestState::Closed)?;
        period_at(&self.periods, closed)
    }

    /// The figures, and the last synthetic request; `all` if no older request was left unread.
    #[must_use]
    pub fn end(self, all: bool) -> (ClosedFigures, Option<SyntheticEnd>) {
        let complete_since = (!all).then(|| self.oldest.unwrap_or(self.now));
        // What was left unread may have closed until a month after its arrival.
        let whole_from = complete_since.map(|since| self.zone.months_after(since, 1));
        let all_seconds = self.months.iter().flat_map(|month| month.seconds.iter().copied()).collect();
        let mut outcomes = OutcomeCounts::default();
        for outcome in RequestOutcome::ALL {
            *outcomes.at(outcome) = self.months.iter().map(|month| month.outcomes.of(outcome)).sum();
        }
        let months = self.periods.iter().zip(self.months).map(|(period, month)| ClosedMonth {
            month: period.month(),
            partial: whole_from.is_some_and(|whole_from| period.begins < whole_from),
            outcomes: month.outcomes,
            time_to_close: TimeToClose::of(month.seconds),
        });
        let sources = self.sources.into_iter().map(|(source, (requests, found, confirmed))| SourceRecords {
            source,
            requests,
            found,
            confirmed,
        });
        let figures = ClosedFigures {
            read: self.read,
            complete_since,
            outcomes,
            time_to_close: TimeToClose::of(all_seconds),
            months: months.collect(),
            sources: sources.collect(),
            answers_owed: self.answers_owed,
            answers_undeliverable: self.answers_undeliverable,
        };
        (figures, self.synthetic)
    }
}

impl SyntheticEnd {
    fn of(request: &Request, tasks: &[Task]) -> Self {
        // The request's outcome doesn't show a data source that found nobody if another had a dry run.
        let everywhere = tasks.iter().all(|task| task.outcome == Some(Outcome::DryRun));
        Self {
            request: request.id,
            received_at: request.received_at,
            closed_at: request.closed_at,
            outcome: request.outcome,
            succeeded: Some(everywhere && request.outcome == Some(RequestOutcome::DryRun)),
        }
    }

    /// One that is still open.
    pub(super) fn open(request: RequestId, received_at: Time) -> Self {
        Self { request, received_at, closed_at: None, outcome: None, succeeded: None }
    }
}
