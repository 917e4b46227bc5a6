//! Brings every open task forward on a schedule, whatever happened to its workflow. When an execution ends
//! without success, it marks the tasks left behind; once a day it counts tagged tickets that were never
//! received.

mod input;
mod tell;

use input::{Input, Order, Output};
use rightful_deployed::Deployed;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::operations::reconcile::ended::{Ended, Ending, Marking};
use rightful_domain::operations::reconcile::run::Reconcile;
use rightful_domain::operations::reconcile::unreceived::Unreceived;
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::store::{Reads, Writes};
use rightful_lambda::Error;

/// The channel whose tickets are compared with the deliveries received.
const CHANNEL: &str = "zendesk";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("reconcile");
    let (store, clock, settings) = (deployed.store()?, deployed.clock(), deployed.env.settings()?);
    let (keys, vendors, workflow) = (deployed.keys()?, deployed.vendors()?, deployed.workflow()?);
    let tags = deployed.env.optional("TICKET_TAGS");
    let tags: Vec<String> = tags.iter().flat_map(|tags| tags.split(',')).map(str::to_owned).collect();
    let reconcile = Reconcile { store, keys, vendors, workflow, clock, settings };
    let unreceived = Unreceived { store, tickets: deployed.tickets()?, tags: deployed.tags()?, clock };
    let ended = Ended { store, clock, settings };
    deployed
        .serve(async |event: Input, invocation| match event {
            Input::Change { detail } => {
                let whole = workflow.is_of(&detail.state_machine_arn);
                let ending = Ending::read(&detail.name, whole, &detail.status);
                mark(&ended, ending).await.map(Output::Marking)
            }
            Input::Tickets(Order { tickets: false }) => Err(Failure::of(Code::PayloadMalformed)),
            Input::Tickets(Order { tickets: true }) => {
                let found = match tags.as_slice() {
                    [] => None,
                    tags => unreceived.tickets(CHANNEL, tags, invocation.until).await?,
                };
                tell::tickets(found.as_ref());
                Ok(Output::Tickets(found))
            }
            Input::Tick {} => {
                let run = reconcile.reconcile(invocation.until).await?;
                tell::run(&run);
                Ok(Output::Run(Box::new(run)))
            }
        })
        .await
}

/// Records an end. A foreign name stays out of the log: it may contain anything.
async fn mark(
    ended: &Ended<'_, impl Reads + Writes, impl Clock>,
    ending: Option<Ending>,
) -> Result<Marking, Failure> {
    let marking = match &ending {
        Some(ending) => {
            let source = ending.source.as_ref().map(ToString::to_string);
            rightful_lambda::correlate(Some(ending.request.to_string()), source);
            ended.mark(ending).await?
        }
        None => Marking::passed_over(Code::NotOurExecution),
    };
    let status = ending.as_ref().map_or("", |ending| ending.status.as_str());
    let attempt = ending.as_ref().map_or(0, |ending| ending.attempt);
    tracing::info!(
        status,
        attempt,
        marked = marking.marked,
        code = marking.passed_over.map_or("", Code::as_str),
        "execution ended"
    );
    Ok(marking)
}
