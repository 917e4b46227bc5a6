//! What the store knows of the deployment's health.

use crate::base::time::Time;
use crate::duty::gauge::{Counting, Gauges, Work};
use crate::model::request::RequestState;
use crate::view::overview::closed::SyntheticEnd;
use serde::{Deserialize, Serialize};

/// What the alarms watch, as far as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthFigures {
    /// Requests and tasks that are due for the reconciliation. The time of its last run is not stored. If one of these
    /// waits for much longer than its schedule, it doesn't run, has too much to do, or can't bring that one forward.
    pub reconcile_due: u32,
    /// Since when the first of them waits; null if none does.
    pub reconcile_due_since: Option<Time>,
    /// The last synthetic request, if the deployment makes any and one is among the requests that were read.
    pub synthetic: Option<SyntheticEnd>,
    /// Tasks of which nobody knows yet whether the vendor did it.
    pub unknown: u32,
    /// How long the oldest of these has been unknown, in seconds; 0 if there is none.
    pub oldest_unknown_seconds: u64,
    /// Tasks that wait for a person's decision.
    pub awaiting_review: u32,
    /// How long the oldest of these has waited, in seconds; 0 if there is none.
    pub oldest_review_seconds: u64,
    /// Tasks that wait for an identifier.
    pub missing_identifier: u32,
    /// Closed requests whose person should have been forgotten more than a day ago.
    pub forgetting_overdue: u32,
}

/// Collects it from the rows of the due index, in any order.
#[derive(Debug)]
pub struct HealthCount {
    now: Time,
    gauges: Counting,
    due: u32,
    due_since: Option<Time>,
    synthetic: Option<SyntheticEnd>,
}

impl HealthCount {
    /// An empty count; ages are as of `now`.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self { now, gauges: Counting::new(now), due: 0, due_since: None, synthetic: None }
    }

    /// Counts a row.
    pub fn take(&mut self, work: Work) {
        if let Some(due) = work.next_due().filter(|due| *due <= self.now) {
            self.due += 1;
            self.due_since = Some(self.due_since.map_or(due, |since| since.min(due)));
        }
        if let Work::Request(id, request) = &work
            && request.synthetic
            && request.state == RequestState::Open
        {
            let open = SyntheticEnd::open(*id, request.received_at);
            self.synthetic = later(self.synthetic.take(), Some(open));
        }
        self.gauges.take(work);
    }

    /// The result, with the last synthetic request that closed.
    #[must_use]
    pub fn end(self, closed: Option<SyntheticEnd>) -> HealthFigures {
        let Gauges {
            unknown,
            oldest_unknown_seconds,
            awaiting_review,
            oldest_review_seconds,
            missing_identifier,
            forgetting_overdue,
            ..
        } = self.gauges.end();
        HealthFigures {
            reconcile_due: self.due,
            reconcile_due_since: self.due_since,
            synthetic: later(self.synthetic, closed),
            unknown,
            oldest_unknown_seconds,
            awaiting_review,
            oldest_review_seconds,
            missing_identifier,
            forgetting_overdue,
        }
    }
}

fn later(one: Option<SyntheticEnd>, other: Option<SyntheticEnd>) -> Option<SyntheticEnd> {
    one.into_iter().chain(other).max_by_key(|end| end.received_at)
}
