//! Parks a data source of a request under a token until a person has decided.

use rightful_aws::{Aws, Settings, StateMachine, Store, SystemClock, tls_config};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::fulfil::park::Park;
use rightful_lambda::{Correlated, Environment, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(flatten)]
    at: TaskRef,
    task_token: String,
}

impl Correlated for Event {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        self.at.correlation()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("review");
    let env = Environment;
    let aws = Aws::new(Settings::from_env()?, tls_config()?)?;
    let metrics = env.metrics()?;
    let store =
        Store::new(&aws, env.require("REQUESTS_TABLE")?, env.require("KEYS_TABLE")?).observed_by(metrics);
    store.warm().await;
    let tokens = StateMachine::new(&aws, env.require("FULFIL_REQUEST_ARN")?);
    let (clock, settings) = (SystemClock, env.settings()?);
    let park = Park { store: &store, tokens: &tokens, clock: &clock, settings };
    rightful_lambda::serve(async |event: Event, _| park.run(&event.at, &event.task_token).await).await
}
