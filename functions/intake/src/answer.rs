//! The answer to the sender of a webhook.

use crate::signature::SignatureError;
use crate::ticket::TicketError;
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::TakenOffAt;
use rightful_domain::base::ids::RequestId;
use rightful_domain::operations::accept::Ended;
use serde_json::{Value, json};

/// An answer: a status, a code for machines, a sentence for people. It never repeats a value from the
/// webhook.
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Why the delivery was refused.
    pub code: Option<Code>,
    pub message: String,
    pub request: Option<RequestId>,
    /// Marks and prefixes removed from the identifiers.
    pub taken_off: Vec<TakenOffAt>,
    /// How the request of an earlier delivery ended, and how to ask again.
    pub ended: Option<Box<(Ended, String)>>,
}

impl Response {
    pub fn accepted(request: RequestId, taken_off: Vec<TakenOffAt>) -> Self {
        Self {
            status: 202,
            code: None,
            message: String::new(),
            request: Some(request),
            taken_off,
            ended: None,
        }
    }

    pub fn refused(status: u16, code: Code, message: impl ToString) -> Self {
        let message = message.to_string();
        Self { status, code: Some(code), message, request: None, taken_off: Vec::new(), ended: None }
    }

    /// The fault is ours, or nobody's; sending again may help.
    pub fn try_again() -> Self {
        Self::refused(503, Code::Unavailable, "the request could not be stored now: send the delivery again")
    }

    fn body(&self) -> Value {
        match (self.status, self.request) {
            (202, Some(request)) => {
                let mut body = json!({"request_id": request});
                if !self.taken_off.is_empty() {
                    body["taken_off"] = json!(self.taken_off);
                }
                if let Some((Ended { outcome, closed_at, repeated }, anew)) = self.ended.as_deref() {
                    body["closed"] = json!({
                        "outcome": outcome,
                        "closed_at": closed_at,
                        "repeated": repeated,
                        "message": format!("its request is closed, and nothing runs: if the person asks again, {anew}"),
                    });
                }
                body
            }
            (_, Some(request)) => {
                json!({"error": {"code": self.code, "message": self.message}, "request_id": request})
            }
            (_, None) => json!({"error": {"code": self.code, "message": self.message}}),
        }
    }

    pub fn into_response(self) -> ApiGatewayV2httpResponse {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status);
        response.body = Some(Body::Text(self.body().to_string()));
        let mut header = |name: &'static str, value: &'static str| {
            response.headers.insert(name, aws_lambda_events::http::HeaderValue::from_static(value));
        };
        header("content-type", "application/json");
        if self.status == 503 {
            header("retry-after", "5");
        }
        response
    }
}

impl From<SignatureError> for Response {
    fn from(error: SignatureError) -> Self {
        let code = match error {
            SignatureError::HeaderMissing => Code::SignatureMissing,
            SignatureError::TimestampMalformed => Code::TimestampMalformed,
            SignatureError::TimestampOutOfRange => Code::TimestampOutOfRange,
            SignatureError::Wrong => Code::SignatureWrong,
            SignatureError::SecretUnusable => return Self::refused(503, Code::WebhookSecretUnusable, error),
        };
        Self::refused(401, code, error)
    }
}

impl From<TicketError> for Response {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::NotJson => Self::refused(400, Code::BodyNotJson, error),
            _ => Self::refused(422, Code::TicketMalformed, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::identifier::TakenOff;
    use rightful_domain::base::time::Time;
    use rightful_domain::model::request::RequestOutcome;

    #[test]
    fn what_was_taken_off_is_told_by_its_place_and_only_where_something_was() {
        let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let taken_off = TakenOffAt::of("/identifiers/0/value", &[TakenOff::Quotes, TakenOff::FinalDot]);
        let told = Response::accepted(id, taken_off.into_iter().collect()).body();
        assert_eq!(
            told,
            json!({
                "request_id": id,
                "taken_off": [{"at": "/identifiers/0/value", "what": ["quotes", "final_dot"]}],
            })
        );
        assert_eq!(Response::accepted(id, Vec::new()).body(), json!({"request_id": id}));
    }

    #[test]
    fn a_delivery_of_a_closed_request_is_told_when_and_how_it_ended_and_how_to_ask_anew() {
        let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let closed_at = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let ended = Ended { outcome: RequestOutcome::Fulfilled, closed_at, repeated: true };
        let anew = "send it with another value at /reference".to_owned();
        let told =
            Response { ended: Some(Box::new((ended, anew))), ..Response::accepted(id, Vec::new()) }.body();
        assert_eq!(
            told,
            json!({
                "request_id": id,
                "closed": {
                    "outcome": "fulfilled", "closed_at": "2026-11-21T09:30:00.000Z", "repeated": true,
                    "message": "its request is closed, and nothing runs: if the person asks again, send it with another value at /reference",
                },
            })
        );
    }
}
