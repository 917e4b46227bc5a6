//! The operators' JSON API, behind API Gateway.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use rightful_console::deployed::Ports;
use rightful_console::{Api, ApiSettings};
use rightful_deployed::Deployed;
use rightful_lambda::{Correlated, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(transparent)]
struct Input(ApiGatewayV2httpRequest);

impl Correlated for Input {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("console");
    let settings = ApiSettings {
        operations: deployed.env.settings()?,
        policies: deployed.env.policies()?,
        legal_zone: deployed.env.legal_zone()?,
        secret_prefix: deployed.env.require("SECRET_PREFIX")?,
        link_seconds: deployed.env.number("COPY_LINK_SECONDS")?,
    };
    let api = Api::new(Ports::of(&deployed)?, settings);
    deployed.serve(async |Input(request), _| Ok(api.handle(&request).await)).await
}
