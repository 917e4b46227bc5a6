//! The operators' JSON API and pages, behind API Gateway.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use rightful_console::deployed::Ports;
use rightful_console::{ApiSettings, Site, SiteSettings};
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
        sign_in_links: deployed.env.require("CONSOLE_SIGN_IN_LINKS")? == "true",
        dashboard: deployed.env.require("DASHBOARD_URL")?,
    };
    let minutes: u64 = deployed.env.number("CONSOLE_SESSION_MINUTES")?;
    let pages = SiteSettings {
        stage: deployed.env.require("RIGHTFUL_STAGE")?,
        host: deployed.env.optional("CONSOLE_HOST").unwrap_or_default(),
        session_seconds: minutes * 60,
    };
    let site = Site::new(Ports::of(&deployed)?, settings, pages);
    deployed.serve(async |Input(request), _| Ok(site.handle(&request).await)).await
}
