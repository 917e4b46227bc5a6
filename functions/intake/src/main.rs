//! Ticketing webhook to request to workflow started.
//!
//! The raw bytes are verified before anything is parsed; what is wrong is said to the sender in a
//! 4xx without personal data; what is right is answered with 202 and the request's id.

mod answer;
mod channel;
mod intake;
mod signature;
mod ticket;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use intake::Intake;
use rightful_aws::{
    Aws, DataKeys, SecretStore, Settings, StateMachine, Store, SystemClock, TagKey, tls_config,
};
use rightful_lambda::{Correlated, Environment, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(transparent)]
struct Webhook(ApiGatewayV2httpRequest);

impl Correlated for Webhook {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("intake");
    let env = Environment;
    let aws = Aws::new(Settings::from_env()?, tls_config()?)?;
    let keys_table = env.require("KEYS_TABLE")?;
    let metrics = env.metrics()?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table).observed_by(metrics);
    store.warm().await;
    let intake = Intake::new(
        store,
        DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?),
        TagKey::new(&aws, env.require("TAG_KEY_ID")?),
        SecretStore::new(&aws, env.require("SECRET_PREFIX")?),
        StateMachine::new(&aws, env.require("FULFIL_REQUEST_ARN")?),
        SystemClock,
        env.settings()?,
        env.policies()?,
    )?;
    rightful_lambda::serve(async |Webhook(webhook), _| Ok(intake.receive(&webhook).await)).await
}
