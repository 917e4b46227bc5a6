//! Scheduled: brings every open task forward, whatever happened to its workflow. Also called when an
//! execution ended without succeeding, to mark what it would have moved; and once a day for the tickets that were
//! tagged and never received.

use rightful_aws::{
    Aws, DataKeys, SecretStore, Settings, StateMachine, Store, SystemClock, TagKey, tls_config,
};
use rightful_connectors::{Connectors, Options, Sources, Ticketing, VendorClient};
use rightful_domain::base::failure::Failure;
use rightful_domain::metric;
use rightful_domain::operations::reconcile::ended::{Ended, Ending, Marking};
use rightful_domain::operations::reconcile::run::{Reconcile, Run};
use rightful_domain::operations::reconcile::unreceived::{Found, Unreceived};
use rightful_lambda::{Correlated, Environment, Error};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the function is called with, told by its shape.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// EventBridge: an execution's status changed.
    Change {
        /// Which execution, and how.
        detail: Change,
    },
    /// The day's schedule.
    Tickets(Order),
    /// The schedule, or `rightful reconcile --now`: nothing in it matters.
    Tick {},
}

/// `{"tickets": true}` and nothing beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    tickets: bool,
}

/// The end of an execution: all that is read of the event. Its input, output and cause are left alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    name: String,
    status: String,
    state_machine_arn: String,
}

/// The log names a request by an execution's name only once that is known to be ours.
impl Correlated for Event {}

/// What the function answers.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Run(Box<Run>),
    Marking(Marking),
    /// `null` where no ticketing system is set up, or no tag.
    Tickets(Option<Found>),
}

/// How many tickets the log names.
const MOST_NAMED: usize = 100;

/// The channel whose tickets are looked for.
const CHANNEL: &str = "zendesk";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("reconcile");
    let env = Environment;
    let tls = tls_config()?;
    let aws = Aws::new(Settings::from_env()?, tls.clone())?;
    let keys_table = env.require("KEYS_TABLE")?;
    let metrics = env.metrics()?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table).observed_by(metrics);
    store.warm().await;
    let keys = DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?);
    let workflow = StateMachine::new(&aws, env.require("FULFIL_REQUEST_ARN")?);
    let secrets = Arc::new(SecretStore::new(&aws, env.require("SECRET_PREFIX")?));
    let client = VendorClient::new(&Options { allow_loopback: env.allow_loopback_vendors()?, tls })?
        .observed_by(metrics);
    let ticketing = Ticketing::new(client.clone(), Arc::clone(&secrets));
    let vendors = Sources::new(Connectors::on_demand(), client, secrets);
    let tags = TagKey::new(&aws, env.require("TAG_KEY_ID")?);
    let ticket_tags: Vec<String> =
        env.optional("TICKET_TAGS").iter().flat_map(|tags| tags.split(',')).map(str::to_owned).collect();
    let (clock, settings) = (SystemClock, env.settings()?);
    let reconcile = Reconcile {
        store: &store,
        keys: &keys,
        vendors: &vendors,
        workflow: &workflow,
        clock: &clock,
        settings,
    };
    let unreceived = Unreceived { store: &store, tickets: &ticketing, tags: &tags, clock: &clock };
    let ended = Ended { store: &store, clock: &clock, settings };
    rightful_lambda::serve(async |event: Event, invocation| match event {
        Event::Change { detail } => {
            let whole = workflow.is_of(&detail.state_machine_arn);
            mark(&ended, Ending::read(&detail.name, whole, &detail.status)).await.map(Answer::Marking)
        }
        Event::Tickets(Order { tickets: false }) => Err(Failure::misconfigured("payload_malformed")),
        Event::Tickets(Order { tickets: true }) => {
            let found = match ticket_tags.as_slice() {
                [] => None,
                tags => unreceived.run(CHANNEL, tags, invocation.until).await?,
            };
            tell_tickets(found.as_ref());
            Ok(Answer::Tickets(found))
        }
        Event::Tick {} => {
            let run = reconcile.run(invocation.until).await?;
            tell(&run);
            rightful_lambda::metrics::write(&metric::of_run(&run));
            Ok(Answer::Run(Box::new(run)))
        }
    })
    .await
}

/// Records an end. A name that isn't ours stays out of the log: nobody knows what is in it.
async fn mark(ended: &Ended<'_, Store, SystemClock>, ending: Option<Ending>) -> Result<Marking, Failure> {
    let marking = match &ending {
        Some(ending) => {
            let source = ending.source.as_ref().map(ToString::to_string);
            rightful_lambda::correlate(Some(ending.request.to_string()), source);
            ended.run(ending).await?
        }
        None => Marking::passed_over("not_our_execution"),
    };
    let status = ending.as_ref().map_or("", |ending| ending.status.as_str());
    let attempt = ending.as_ref().map_or(0, |ending| ending.attempt);
    tracing::info!(
        status,
        attempt,
        marked = marking.marked,
        code = marking.passed_over.unwrap_or(""),
        "execution ended"
    );
    Ok(marking)
}

/// A ticket's number is nobody's; more of a ticket is not read.
fn tell_tickets(found: Option<&Found>) {
    let Some(found) = found else {
        tracing::info!("no ticketing system is set up, or no tag: tickets are not looked for");
        return;
    };
    for ticket in found.unreceived.iter().take(MOST_NAMED) {
        tracing::warn!(code = "ticket_unreceived", ticket = ticket.as_str(), "tagged and never received");
    }
    let (tagged, unreceived) = (found.tagged, found.unreceived.len());
    tracing::info!(tagged, unreceived, whole = found.whole, "tickets compared");
    rightful_lambda::metrics::write(&metric::of_tickets(unreceived));
}

fn tell(run: &Run) {
    for (request, failure) in &run.failures {
        tracing::warn!(request_id = %request, code = failure.code, "not brought forward");
    }
    for (request, error) in &run.broken {
        tracing::error!(request_id = %request, event = error.at, code = "event_chain_broken", why = error.why, "events do not verify");
    }
    if let Some(error) = &run.journal_broken {
        tracing::error!(
            entry = error.at,
            code = "journal_broken",
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
            tracing::warn!(code = failure.code, "{what}");
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: serde_json::Value) -> Event {
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn the_end_of_an_execution_is_told_from_a_tick_by_its_shape() {
        let event = json!({
            "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175",
            "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
            "account": "000000000000", "time": "2026-11-21T09:30:00Z", "region": "eu-west-1",
            "resources": ["arn:aws:states:eu-west-1:000000000000:execution:m:n"],
            "detail": {
                "executionArn": "arn:aws:states:eu-west-1:000000000000:execution:m:n",
                "stateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:m",
                "name": "n", "status": "TIMED_OUT", "startDate": 1, "stopDate": 2,
                "input": "{}", "output": null, "error": "e", "cause": "c"
            }
        });
        let Event::Change { detail } = read(event) else { panic!("taken for a tick") };
        assert_eq!((detail.name.as_str(), detail.status.as_str()), ("n", "TIMED_OUT"));
        assert!(detail.state_machine_arn.ends_with(":stateMachine:m"));
        for (event, expected) in [(json!({"tickets": true}), true), (json!({"tickets": false}), false)] {
            let Event::Tickets(Order { tickets }) = read(event) else { panic!("taken for a tick") };
            assert_eq!(tickets, expected);
        }
        for tick in [
            json!({}),
            json!({"detail-type": "Scheduled Event", "source": "aws.scheduler", "detail": {}}),
            json!({"detail": "{}"}),
        ] {
            assert!(matches!(read(tick), Event::Tick {}));
        }
    }
}
