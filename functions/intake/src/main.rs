//! Turns a ticketing webhook into a stored request and a started workflow; once a day it makes the
//! deployment's own request.
//!
//! The raw bytes are verified before anything is parsed. A mistake is answered with a 4xx without personal
//! data, a good delivery with 202 and the request's id.
//!
//! Architecture Invariant: only a direct invocation makes a synthetic request. Everything over HTTP is a
//! webhook, whatever it contains.

mod channel;
mod secret;
mod signature;
mod ticket;
mod answer;
mod synthetic;
mod intake;
mod input;

use input::{Input, Order, Output};
use intake::Intake;
use rightful_deployed::Deployed;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use rightful_domain::metric::of_synthetic;
use rightful_domain::operations::accept::Accept;
use rightful_lambda::Error;
use synthetic::Synthetic;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("intake");
    let accept = Accept {
        store: deployed.store()?,
        keys: deployed.keys()?,
        tags: deployed.tags()?,
        workflow: deployed.workflow()?,
        catalogue: deployed.catalogue()?,
        clock: deployed.clock(),
        settings: deployed.env.settings()?,
        policies: deployed.env.policies()?,
        legal_zone: deployed.env.legal_zone()?,
    };
    let intake = Intake::new(accept, deployed.webhook_secrets()?)?;
    let (email, sources) =
        (deployed.env.optional("SYNTHETIC_EMAIL"), deployed.env.optional("SYNTHETIC_SOURCES"));
    let set = Synthetic { email, sources };
    deployed
        .serve(async |event: Input, _| match event {
            Input::Webhook(webhook) => Ok(Output::Webhook(Box::new(intake.receive(&webhook).await))),
            Input::Synthetic(Order { synthetic: false }) => Err(Failure::of(Code::PayloadMalformed)),
            Input::Synthetic(Order { synthetic: true }) => {
                intake.synthetic(&set).await.map(Output::Made).inspect_err(not_made)
            }
        })
        .await
}

/// No request exists whose end would report it. A transient failure is retried; if it persists, the event is
/// undelivered, and no synthetic request ends well.
fn not_made(failure: &Failure) {
    tracing::error!(code = failure.code.as_str(), "the synthetic request could not be made");
    if matches!(failure.kind, Kind::Misconfigured | Kind::Refused) {
        rightful_lambda::metrics::write(&of_synthetic(None));
    }
}
