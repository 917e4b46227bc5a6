//! Readings: what happened, in numbers.

use super::catalogue::Metric;
use crate::chain::fact::Fact;
use crate::duty::gauge::Gauges;
use crate::metric::observer::{CallEnd, Committed};
use crate::model::request::RequestOutcome;
use crate::model::task::Outcome;
use crate::operations::reconcile::run::Run;
use std::borrow::Cow;

/// One value of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The metric.
    pub metric: Metric,
    /// Its value, in the metric's unit.
    pub value: i64,
    /// The value of the metric's dimension beside the stage, if it has one.
    pub dimension: Option<Cow<'static, str>>,
}

impl Reading {
    /// A value of a metric that has the stage alone.
    #[must_use]
    pub fn new(metric: Metric, value: i64) -> Self {
        Self { metric, value, dimension: None }
    }

    /// A value of a metric that has a further dimension.
    #[must_use]
    pub fn by(metric: Metric, value: i64, dimension: impl Into<Cow<'static, str>>) -> Self {
        Self { metric, value, dimension: Some(dimension.into()) }
    }
}

fn number(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// The readings of a commit.
#[must_use]
pub fn of_commit(committed: &Committed<'_>) -> Vec<Reading> {
    committed.facts.iter().flat_map(|fact| of_fact(fact, committed)).collect()
}

fn of_fact(fact: &Fact, committed: &Committed<'_>) -> Vec<Reading> {
    let synthetic = committed.request.is_some_and(|request| request.synthetic);
    match fact {
        Fact::Received { right, .. } if !synthetic => {
            vec![Reading::by(Metric::RequestsReceived, 1, right.as_str())]
        }
        Fact::Closed { outcome } if synthetic => {
            // The request's outcome doesn't show a data source that found nobody if another had a dry run.
            let everywhere = committed.tasks.iter().all(|task| task.outcome == Some(Outcome::DryRun));
            of_synthetic(Some(*outcome).filter(|_| everywhere)).to_vec()
        }
        Fact::Closed { outcome } => {
            let mut readings = vec![Reading::by(Metric::RequestsClosed, 1, outcome.as_str())];
            if let Some(request) = committed.request
                && let Some(closed_at) = request.closed_at
            {
                let seconds = number(request.received_at.seconds_until(closed_at));
                readings.push(Reading::new(Metric::RequestDurationSeconds, seconds));
            }
            readings
        }
        Fact::Settled { source, outcome, .. } => {
            let mut readings = vec![Reading::by(Metric::TasksSettled, 1, outcome.as_str())];
            let found = match outcome {
                Outcome::VerifiedErased => Some(0),
                // It is still present because at least one record is.
                Outcome::StillPresent => Some(committed.task(source).map_or(1, |task| task.left).max(1)),
                _ => None,
            };
            readings.extend(found.map(|found| Reading::new(Metric::VerificationFound, number(found))));
            readings
        }
        Fact::DeliveryRepeated { .. } => vec![Reading::new(Metric::DeliveriesRepeated, 1)],
        Fact::BecameUnknown { .. } => vec![Reading::new(Metric::OperationsUnknown, 1)],
        // The evidence is in doubt, whoever the request is about.
        Fact::ReceiptDiffers { .. } => vec![Reading::new(Metric::ReceiptsDiffering, 1)],
        Fact::StrangersListed { strangers, .. } => {
            vec![Reading::new(Metric::StrangersListed, number(*strangers))]
        }
        Fact::WentBack { appeared, .. } => vec![Reading::new(Metric::RecordsAppeared, number(*appeared))],
        // One fact covers both failed ends; the row tells them apart.
        Fact::AnswerSent { .. } | Fact::AnswerUndeliverable { .. } => {
            let answer = committed.request.and_then(|request| request.answer.as_ref());
            let result = answer.map(|answer| answer.state.as_str());
            result.map(|result| Reading::by(Metric::TicketAnswers, 1, result)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The readings of a synthetic request that ended with this outcome, or could not be started (`None`).
#[must_use]
pub fn of_synthetic(outcome: Option<RequestOutcome>) -> [Reading; 2] {
    let succeeded = outcome == Some(RequestOutcome::DryRun);
    [
        Reading::new(Metric::SyntheticSucceeded, i64::from(succeeded)),
        Reading::new(Metric::SyntheticFailed, i64::from(!succeeded)),
    ]
}

/// The readings of a webhook delivery that was answered with this HTTP status.
#[must_use]
pub fn of_delivery(status: u16) -> Vec<Reading> {
    let accepted = Reading::new(Metric::DeliveriesAccepted, i64::from(status == 202));
    let refused = (400..500).contains(&status).then(|| Reading::new(Metric::DeliveriesRefused, 1));
    std::iter::once(accepted).chain(refused).collect()
}

/// The reading of the number of tickets that were tagged and never received.
#[must_use]
pub fn of_tickets(unreceived: usize) -> [Reading; 1] {
    [Reading::new(Metric::TicketsUnreceived, number(unreceived))]
}

/// The readings of an HTTP call to a vendor.
#[must_use]
pub fn of_call(connector: &str, end: CallEnd, duration_ms: u64) -> [Reading; 4] {
    let by = |metric, value| Reading::by(metric, value, connector.to_owned());
    [
        by(Metric::VendorCalls, 1),
        by(Metric::VendorErrors, i64::from(end == CallEnd::Failed)),
        by(Metric::VendorThrottles, i64::from(end == CallEnd::Throttled)),
        by(Metric::VendorLatency, number(duration_ms)),
    ]
}

/// The reading of an answer that turned out unreadable: its call was already counted as answered.
#[must_use]
pub fn of_unreadable(connector: &str) -> Reading {
    Reading::by(Metric::VendorErrors, 1, connector.to_owned())
}

/// The readings of a completed reconciliation run.
#[must_use]
pub fn of_run(run: &Run) -> Vec<Reading> {
    let mut readings = vec![
        Reading::new(Metric::ReconcileRuns, 1),
        Reading::new(Metric::RequestsNotBroughtForward, number(run.failed)),
        Reading::new(Metric::EventChainsBroken, number(run.chains_broken)),
    ];
    readings.extend(run.gauges.iter().flat_map(of_gauges));
    readings
}

fn of_gauges(gauges: &Gauges) -> Vec<Reading> {
    let Gauges {
        open,
        oldest_open_seconds,
        nearest_deadline_seconds,
        at_risk,
        // Not measured: three days before its deadline, a request has been at risk for four.
        pressing: _,
        overdue,
        unknown,
        oldest_unknown_seconds,
        awaiting_review,
        oldest_review_seconds,
        missing_identifier,
        forgetting_overdue,
    } = *gauges;
    let mut readings = vec![
        Reading::new(Metric::RequestsOpen, number(open)),
        Reading::new(Metric::OldestOpenSeconds, number(oldest_open_seconds)),
        Reading::new(Metric::RequestsAtRisk, number(at_risk)),
        Reading::new(Metric::RequestsOverdue, number(overdue)),
        Reading::new(Metric::UnknownOperations, number(unknown)),
        Reading::new(Metric::OldestUnknownSeconds, number(oldest_unknown_seconds)),
        Reading::new(Metric::AwaitingReview, number(awaiting_review)),
        Reading::new(Metric::OldestReviewSeconds, number(oldest_review_seconds)),
        Reading::new(Metric::MissingIdentifier, number(missing_identifier)),
        Reading::new(Metric::ForgettingOverdue, number(forgetting_overdue)),
    ];
    let nearest = nearest_deadline_seconds.map(|left| Reading::new(Metric::NearestDeadlineSeconds, left));
    readings.extend(nearest);
    readings
}
