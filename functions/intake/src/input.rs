//! The function's inputs and outputs.

use crate::synthetic::Made;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use rightful_lambda::Correlated;
use serde::{Deserialize, Serialize};

/// An event; its shape tells which.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// The schedule, or `rightful synthetic --now`.
    Synthetic(Order),
    /// API Gateway.
    Webhook(Box<ApiGatewayV2httpRequest>),
}

/// `{"synthetic": true}` and nothing else: no event of API Gateway has this shape.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub synthetic: bool,
}

impl Correlated for Input {}

/// An answer.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Output {
    Webhook(Box<ApiGatewayV2httpResponse>),
    Made(Made),
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
            let Input::Webhook(read) = serde_json::from_value(webhook(body)).unwrap() else {
                panic!("{body} is taken for an order");
            };
            assert_eq!(read.body.as_deref(), Some(body));
            assert_eq!(read.headers["webhook-id"], "d-1");
            assert_eq!(read.path_parameters["channel"], "standard");
        }
        // The same holds for a member where no client can put one.
        let mut event = webhook("{}");
        event["synthetic"] = true.into();
        assert!(matches!(serde_json::from_value(event).unwrap(), Input::Webhook(_)));
    }

    #[test]
    fn an_order_is_its_one_member_and_nothing_beside_it() {
        for (event, expected) in [(json!({"synthetic": true}), true), (json!({"synthetic": false}), false)] {
            let Input::Synthetic(Order { synthetic }) = serde_json::from_value(event).unwrap() else {
                panic!("taken for a webhook");
            };
            assert_eq!(synthetic, expected);
        }
        for other in [json!({"synthetic": true, "email": "canary@example.com"}), json!({"synthetic": "true"})]
        {
            assert!(!matches!(serde_json::from_value(other), Ok(Input::Synthetic(_))));
        }
    }
}
