//! From a webhook's bytes to an accepted demand.

use crate::answer::Response;
use crate::channel::{self, Channel, DeliveryKey};
use crate::signature::{self, Delivery, SignatureError};
use crate::synthetic::{self, Made, Synthetic};
use crate::ticket::{self, Ticket, names};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::kind::Kind;
use rightful_domain::metric;
use rightful_domain::operations::accept::{Accept, AcceptError, Accepted, Arrival, Ended};
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::keys::{NewKeys, Tags};
use rightful_domain::ports::set_up::{Catalogue, Secrets};
use rightful_domain::ports::store::{Begins, Reads, Writes};
use rightful_domain::ports::workflow::Workflow;
use std::cell::RefCell;
use std::collections::HashMap;
use uuid::Uuid;

/// More than any ticket needs.
const MOST_BYTES: usize = 256 * 1024;

/// How long after such a read, in seconds, a wrong signature may make us read the secret again.
const SECRET_LOOK_SECONDS: i64 = 30;

/// Everything a webhook needs.
pub struct Intake<'a, S, K, T, W, L, C, X> {
    accept: Accept<'a, S, K, T, W, L, C>,
    secrets: &'a X,
    channels: Vec<Channel>,
    /// When a wrong signature last made us read each channel's secret again.
    looked: RefCell<HashMap<String, i64>>,
}

impl<'a, S, K, T, W, L, C, X> Intake<'a, S, K, T, W, L, C, X>
where
    S: Begins + Reads + Writes,
    K: NewKeys,
    T: Tags,
    W: Workflow,
    L: Catalogue,
    C: Clock,
    X: Secrets,
{
    pub fn new(accept: Accept<'a, S, K, T, W, L, C>, secrets: &'a X) -> Result<Self, Failure> {
        let channels = channel::embedded().map_err(|_| Failure::of(Code::ChannelUnreadable))?;
        Ok(Self { accept, secrets, channels, looked: RefCell::default() })
    }

    pub async fn receive(&self, webhook: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let answer = match self.handle(webhook).await {
            Ok(answer) | Err(answer) => answer,
        };
        if let Some(code) = answer.code {
            tracing::warn!(status = answer.status, code = code.as_str(), "webhook refused");
        }
        rightful_lambda::metrics::write(&metric::of_delivery(answer.status));
        rightful_lambda::correlate(answer.request.map(|id| id.to_string()), None);
        answer.into_response()
    }

    /// Makes the day's synthetic request, or finds it if it is already made.
    ///
    /// # Errors
    /// `Misconfigured` when it is set up wrong; the store's failure.
    pub async fn synthetic(&self, set: &Synthetic) -> Result<Made, Failure> {
        let (email, sources) = set.read()?;
        let accepted = self.accept.synthetic(new_id(), email, sources).await.map_err(synthetic::failure)?;
        let Accepted { request, new, not_started, ended: _ } = accepted;
        rightful_lambda::correlate(Some(request.to_string()), None);
        tracing::info!(new, "synthetic request accepted");
        if let Some(failure) = not_started {
            tracing::error!(code = failure.code.as_str(), "workflow not started: reconcile will");
        }
        Ok(Made { request_id: request, new, started: not_started.is_none() })
    }

    async fn handle(&self, webhook: &ApiGatewayV2httpRequest) -> Result<Response, Response> {
        let name = webhook.path_parameters.get("channel").map_or("", String::as_str);
        let channel = self.channels.iter().find(|channel| channel.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.channels.iter().map(|channel| channel.name.as_str()).collect();
            Response::refused(
                404,
                Code::ChannelUnknown,
                format!("there is no such channel; there are: {}", known.join(", ")),
            )
        })?;
        let body = raw_body(webhook)?;
        let header = |name: &str| webhook.headers.get(name).and_then(|value| value.to_str().ok());
        self.verify(channel, &Delivery { header: &header, body: &body }).await?;

        if !webhook.query_string_parameters.is_empty() {
            return Err(Response::refused(
                422,
                Code::QueryNotTaken,
                "this address takes no parameters behind a question mark: put them into the body",
            ));
        }
        let ticket = ticket::parse(&body)?;
        let owned = |name: &str| header(name).map(str::to_owned);
        let key = ticket::delivery_key(&channel.delivery, &owned, &ticket)?;
        let arrival = Arrival::Delivery { channel: &channel.name, key: key.as_bytes(), body: &body };
        match ticket::read(channel, self.accept.catalogue, &ticket) {
            Ok(ticket) => self.take_in(channel, ticket, arrival).await,
            Err(error) => match self.accept.unreadable(new_id(), arrival).await.map_err(failed)? {
                Some(first) => Err(conflict(channel, first)),
                None => Err(error.into()),
            },
        }
    }

    /// Verifies with the cached secrets, and with fresh ones if those don't fit, but not at every stranger's
    /// attempt.
    async fn verify(&self, channel: &Channel, delivery: &Delivery<'_>) -> Result<(), Response> {
        let name = format!("webhook/{}", channel.name);
        let now = self.accept.clock.now();
        let mut result = Err(SignatureError::Wrong);
        for fresh in [false, true] {
            if fresh {
                let last = self.looked.borrow().get(&name).copied().unwrap_or(i64::MIN);
                if now.unix_seconds() < last.saturating_add(SECRET_LOOK_SECONDS) {
                    break;
                }
                self.looked.borrow_mut().insert(name.clone(), now.unix_seconds());
            }
            let secrets = self.secrets.secret(&name, fresh).await.map_err(failed)?;
            result = signature::verify(channel, delivery, &secrets, now);
            if !matches!(result, Err(SignatureError::Wrong | SignatureError::SecretUnusable)) {
                break;
            }
        }
        if result == Err(SignatureError::SecretUnusable) {
            tracing::error!(
                code = Code::WebhookSecretUnusable.as_str(),
                "the channel's secret is not in its form"
            );
        }
        Ok(result?)
    }

    async fn take_in(
        &self,
        channel: &Channel,
        Ticket { demand, taken_off }: Ticket,
        arrival: Arrival<'_>,
    ) -> Result<Response, Response> {
        match self.accept.accept(new_id(), &demand, arrival).await {
            Ok(Accepted { request, new, not_started, ended }) => {
                for one in &taken_off {
                    tracing::info!(request_id = %request, taken_off = names(&one.what), "taken off an identifier");
                }
                tracing::info!(request_id = %request, new, "request accepted");
                if let Some(failure) = not_started {
                    tracing::error!(request_id = %request, code = failure.code.as_str(), "workflow not started: reconcile will");
                }
                if let Some(Ended { repeated: true, .. }) = ended {
                    tracing::warn!(request_id = %request, "the demand of a closed request came again: nothing runs");
                }
                let anew = anew(channel);
                Ok(Response {
                    ended: ended.map(|ended| Box::new((ended, anew))),
                    ..Response::accepted(request, taken_off)
                })
            }
            Err(AcceptError::Conflict(request)) => Err(conflict(channel, request)),
            Err(error @ AcceptError::TooManySources(_)) => {
                Err(Response::refused(422, Code::TooManySources, error))
            }
            Err(error @ AcceptError::NoSource) => Err(Response::refused(503, Code::NoDataSource, error)),
            Err(AcceptError::Failed(failure)) => Err(failed(failure)),
            Err(error) => Err(Response::refused(422, Code::TicketNotAcceptable, error)),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where a request of intake gets its id")]
fn new_id() -> RequestId {
    RequestId::new(Uuid::now_v7())
}

/// How the sender can make another request from the same ticket.
fn anew(channel: &Channel) -> String {
    match &channel.delivery {
        DeliveryKey::Header(name) => format!("send it under another {name}"),
        DeliveryKey::Body(pointer) => format!("send it with another value at {pointer}"),
    }
}

/// The delivery is known with different content.
fn conflict(channel: &Channel, request: RequestId) -> Response {
    let error = AcceptError::Conflict(request);
    Response {
        request: Some(request),
        ..Response::refused(channel.conflict_status, Code::DeliveryConflict, error)
    }
}

fn failed(failure: Failure) -> Response {
    if failure.kind == Kind::Misconfigured {
        tracing::error!(code = failure.code.as_str(), "intake is not set up");
    } else {
        tracing::warn!(code = failure.code.as_str(), "intake failed");
    }
    Response::try_again()
}

fn raw_body(webhook: &ApiGatewayV2httpRequest) -> Result<Vec<u8>, Response> {
    let too_large = || Response::refused(413, Code::BodyTooLarge, "the body is larger than 256 KiB");
    let text = webhook.body.as_deref().unwrap_or_default();
    let body = if webhook.is_base64_encoded {
        if text.len() > MOST_BYTES / 3 * 4 + 4 {
            return Err(too_large());
        }
        BASE64
            .decode(text)
            .map_err(|_| Response::refused(400, Code::BodyUnreadable, "the body is not readable"))?
    } else {
        text.as_bytes().to_vec()
    };
    if body.len() > MOST_BYTES { Err(too_large()) } else { Ok(body) }
}
