//! The log lines and metrics of a run.

use rightful_domain::base::code::Code;
use rightful_domain::metric;
use rightful_domain::operations::reconcile::run::Run;
use rightful_domain::operations::reconcile::unreceived::Compared;

/// How many tickets the log names.
const MOST_NAMED: usize = 100;

/// A ticket's number identifies nobody, and nothing more of a ticket is read.
pub fn tickets(found: Option<&Compared>) {
    let Some(found) = found else {
        tracing::info!("no ticketing system is set up, or no tag: tickets are not looked for");
        return;
    };
    for ticket in found.unreceived.iter().take(MOST_NAMED) {
        tracing::warn!(
            code = Code::TicketUnreceived.as_str(),
            ticket = ticket.as_str(),
            "tagged and never received"
        );
    }
    let (tagged, unreceived) = (found.tagged, found.unreceived.len());
    tracing::info!(tagged, unreceived, whole = found.whole, "tickets compared");
    rightful_lambda::metrics::write(&metric::of_tickets(unreceived));
}

pub fn run(run: &Run) {
    for (request, failure) in &run.failures {
        tracing::warn!(request_id = %request, code = failure.code.as_str(), "not brought forward");
    }
    for (request, error) in &run.broken {
        tracing::error!(request_id = %request, event = error.at, code = Code::EventChainBroken.as_str(), why = error.why, "events do not verify");
    }
    if let Some(error) = &run.journal_broken {
        tracing::error!(
            entry = error.at,
            code = Code::JournalBroken.as_str(),
            why = error.why,
            "the journal does not verify"
        );
    }
    for (failure, what) in [
        (run.cursor_failure, "the place to go on from could not be used"),
        (run.journal_failure, "the journal could not be read"),
        (run.gauge_failure, "what stands open could not be counted"),
    ] {
        if let Some(failure) = failure {
            tracing::warn!(code = failure.code.as_str(), "{what}");
        }
    }
    if let Some(gauges) = &run.gauges {
        tracing::info!(
            open = gauges.open,
            oldest_open_seconds = gauges.oldest_open_seconds,
            nearest_deadline_seconds = gauges.nearest_deadline_seconds,
            at_risk = gauges.at_risk,
            pressing = gauges.pressing,
            overdue = gauges.overdue,
            unknown = gauges.unknown,
            oldest_unknown_seconds = gauges.oldest_unknown_seconds,
            awaiting_review = gauges.awaiting_review,
            oldest_review_seconds = gauges.oldest_review_seconds,
            missing_identifier = gauges.missing_identifier,
            forgetting_overdue = gauges.forgetting_overdue,
            "open work"
        );
    }
    tracing::info!(
        examined = run.examined,
        checked = run.checked,
        started = run.started,
        with_workflow = run.with_workflow,
        with_vendor = run.with_vendor,
        with_reconcile = run.with_reconcile,
        with_person = run.with_person,
        unsigned = run.unsigned,
        chains_broken = run.chains_broken,
        failed = run.failed,
        more = run.more,
        "reconciled"
    );
    rightful_lambda::metrics::write(&metric::of_run(run));
}
