//! Ticketing webhook to request to workflow started; and once a day the deployment's own request.
//!
//! The raw bytes are verified before anything is parsed; what is wrong is said to the sender in a
//! 4xx without personal data; what is right is answered with 202 and the request's id.
//!
//! Architecture Invariant: only a direct invocation makes a synthetic request. What comes over HTTP is a
//! webhook, whatever stands in it.

mod channel;
mod secret;
mod signature;
mod ticket;
mod answer;
mod synthetic;
mod intake;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use intake::Intake;
use rightful_aws::{
    Aws, DataKeys, SecretStore, Settings, StateMachine, Store, SystemClock, TagKey, tls_config,
};
use rightful_connectors::{Connectors, KnownConnectors};
use rightful_domain::base::failure::{Failure, Kind};
use rightful_domain::metric::of_synthetic;
use rightful_lambda::{Correlated, Environment, Error};
use serde::{Deserialize, Serialize};
use synthetic::{Made, Synthetic};

/// What the function is called with, told by its shape.
#[derive(Deserialize)]
#[serde(untagged)]
enum Event {
    /// The schedule, or `rightful synthetic --now`.
    Synthetic(Order),
    /// API Gateway.
    Webhook(Box<ApiGatewayV2httpRequest>),
}

/// `{"synthetic": true}` and nothing beside it: no event of API Gateway's has this shape.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    synthetic: bool,
}

impl Correlated for Event {}

/// What the function answers.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Webhook(Box<ApiGatewayV2httpResponse>),
    Made(Made),
}

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
        SecretStore::new(&aws, env.require("SECRET_PREFIX")?)
            .with_previous_for(env.number("PREVIOUS_SECRET_HOURS")?),
        StateMachine::new(&aws, env.require("FULFIL_REQUEST_ARN")?),
        // Only what identifiers look like is asked of it here: no vendor is called, on this machine or another.
        KnownConnectors::new(Connectors::on_demand(), false),
        SystemClock,
        env.settings()?,
        env.policies()?,
        env.legal_zone()?,
    )?;
    let set =
        Synthetic { email: env.optional("SYNTHETIC_EMAIL"), sources: env.optional("SYNTHETIC_SOURCES") };
    rightful_lambda::serve(async |event: Event, _| match event {
        Event::Webhook(webhook) => Ok(Answer::Webhook(Box::new(intake.receive(&webhook).await))),
        Event::Synthetic(Order { synthetic: false }) => Err(Failure::misconfigured("payload_malformed")),
        Event::Synthetic(Order { synthetic: true }) => {
            intake.synthetic(&set).await.map(Answer::Made).inspect_err(not_made)
        }
    })
    .await
}

/// There is no request whose end would tell of it. What may pass is tried again: if it does not pass, what
/// was to be made is undelivered, and no request ends well.
fn not_made(failure: &Failure) {
    tracing::error!(code = failure.code, "the synthetic request could not be made");
    if matches!(failure.kind, Kind::Misconfigured | Kind::Refused) {
        rightful_lambda::metrics::write(&of_synthetic(None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn webhook(body: &str) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "POST /webhooks/{channel}",
            "rawPath": "/webhooks/standard",
            "rawQueryString": "synthetic=true",
            "headers": {"content-type": "application/json", "synthetic": "true", "webhook-id": "d-1"},
            "queryStringParameters": {"synthetic": "true"},
            "pathParameters": {"channel": "standard"},
            "requestContext": {
                "accountId": "111122223333", "apiId": "a", "domainName": "a.execute-api.eu-central-1.amazonaws.com",
                "http": {
                    "method": "POST", "path": "/webhooks/standard", "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "desk"
                },
                "requestId": "r", "routeKey": "POST /webhooks/{channel}", "stage": "$default",
                "time": "21/Nov/2026:09:30:00 +0000", "timeEpoch": 1_795_253_400_000_i64
            },
            "body": body,
            "isBase64Encoded": false
        })
    }

    #[test]
    fn whatever_comes_over_http_is_a_webhook_and_never_a_synthetic_request() {
        for body in [
            r#"{"synthetic": true}"#,
            r#"{"right": "erasure", "synthetic": true, "dry_run": true}"#,
            r#"{"synthetic": true}{"synthetic": true}"#,
            "true",
            "",
        ] {
            let Event::Webhook(read) = serde_json::from_value(webhook(body)).unwrap() else {
                panic!("{body} is taken for an order");
            };
            assert_eq!(read.body.as_deref(), Some(body));
            assert_eq!(read.headers["webhook-id"], "d-1");
            assert_eq!(read.path_parameters["channel"], "standard");
        }
        // Not even one that names it where no client can.
        let mut event = webhook("{}");
        event["synthetic"] = true.into();
        assert!(matches!(serde_json::from_value(event).unwrap(), Event::Webhook(_)));
    }

    #[test]
    fn an_order_is_its_one_member_and_nothing_beside_it() {
        for (event, expected) in [(json!({"synthetic": true}), true), (json!({"synthetic": false}), false)] {
            let Event::Synthetic(Order { synthetic }) = serde_json::from_value(event).unwrap() else {
                panic!("taken for a webhook");
            };
            assert_eq!(synthetic, expected);
        }
        for other in [json!({"synthetic": true, "email": "canary@example.com"}), json!({"synthetic": "true"})]
        {
            assert!(!matches!(serde_json::from_value(other), Ok(Event::Synthetic(_))));
        }
    }
}
