//! The operators' JSON API, behind API Gateway.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use rightful_aws::{Aws, Settings, tls_config};
use rightful_console::deployed::{Deployed, Places};
use rightful_console::{Api, ApiSettings};
use rightful_lambda::{Correlated, Environment, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(transparent)]
struct Event(ApiGatewayV2httpRequest);

impl Correlated for Event {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("console");
    let env = Environment;
    let aws = Aws::new(Settings::from_env()?, tls_config()?)?;
    let secret_prefix = env.require("SECRET_PREFIX")?;
    let places = Places {
        requests_table: env.require("REQUESTS_TABLE")?,
        keys_table: env.require("KEYS_TABLE")?,
        data_key: env.require("DATA_KEY_ID")?,
        tag_key: env.require("TAG_KEY_ID")?,
        stage: env.require("RIGHTFUL_STAGE")?,
        state_machine: env.require("FULFIL_REQUEST_ARN")?,
        search_function: env.require("SEARCH_FUNCTION_NAME")?,
        copies_bucket: env.require("COPIES_BUCKET")?,
        receipts_bucket: env.require("RECEIPTS_BUCKET")?,
        secret_prefix: secret_prefix.clone(),
        secrets_key: env.optional("ENCRYPTION_KEY_ARN"),
        allow_loopback: env.allow_loopback_vendors()?,
    };
    let settings = ApiSettings {
        operations: env.settings()?,
        policies: env.policies()?,
        legal_zone: env.legal_zone()?,
        secret_prefix,
        link_seconds: env.number("COPY_LINK_SECONDS")?,
    };
    let outside = Deployed::new(&aws, &places, env.metrics()?);
    outside.warm().await;
    let api = Api::new(outside, settings);
    rightful_lambda::serve(async |Event(request), _| Ok(api.handle(&request).await)).await
}
