//! A call of an operator: the identity, the path, the query, the body. An error names the wrong part and never
//! repeats its value.

use crate::answer::{Refusal, objection};
use crate::query::{Parameter, Query};
use crate::role::Role;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::actor::Actor;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::{RequestId, SourceId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use zeroize::Zeroizing;

/// More than any body needs.
const MOST_BYTES: usize = 256 * 1024;

/// A call of a route whose body is a `B`.
pub(crate) struct Call<'a, B = NoBody> {
    sent: &'a Sent<'a>,
    /// The part of the path that stands for the template's name.
    named: Option<&'a str>,
    /// The parameters that the route knows.
    known: &'static [Parameter],
    pub actor: Actor,
    body: PhantomData<fn() -> B>,
}

/// The query and the body of a call, as they came.
#[derive(Default)]
pub(crate) struct Sent<'a> {
    pub query: Vec<(&'a str, &'a str)>,
    pub body: &'a str,
    pub is_base64: bool,
}

impl<'a> Sent<'a> {
    pub fn of(request: &'a ApiGatewayV2httpRequest) -> Self {
        Self {
            query: request.query_string_parameters.iter().collect(),
            body: request.body.as_deref().unwrap_or_default(),
            is_base64: request.is_base64_encoded,
        }
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub actor: Actor,
    pub role: Role,
}

/// The body of a route that reads none.
pub(crate) enum NoBody {}

/// An empty object, or no body at all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Nothing {}

/// Who signed the call. IAM decided which routes they may take, so they have every role.
///
/// # Errors
/// 403 when API Gateway names nobody.
pub(crate) fn signer(request: &ApiGatewayV2httpRequest) -> Result<Caller, Refusal> {
    let iam = request.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    let arn = iam.and_then(|iam| iam.user_arn.as_deref());
    let actor = arn.and_then(|arn| Actor::parse(arn).ok());
    actor.map(|actor| Caller { actor, role: Role::Administrator }).ok_or_else(|| {
        Refusal::new(Code::IdentityMissing,
            "nobody is known to have signed this call: sign it with AWS Signature Version 4 as an IAM identity",
        )
    })
}

impl<'a> Call<'a> {
    pub fn new(
        sent: &'a Sent<'a>,
        named: Option<&'a str>,
        known: &'static [Parameter],
        actor: Actor,
    ) -> Self {
        Self { sent, named, known, actor, body: PhantomData }
    }

    /// The same call, with its body.
    pub fn with_body<B>(self) -> Call<'a, B> {
        let Self { sent, named, known, actor, body: _ } = self;
        Call { sent, named, known, actor, body: PhantomData }
    }
}

impl<'a, B> Call<'a, B> {
    /// The request's id in the path.
    pub fn request_id(&self) -> Result<RequestId, Refusal> {
        RequestId::parse(self.named.unwrap_or_default())
            .map_err(|error| Refusal::new(Code::IdMalformed, error))
    }

    /// The data source's id in the path.
    pub fn source_id(&self) -> Result<SourceId, Refusal> {
        SourceId::parse(self.named.unwrap_or_default())
            .map_err(|error| Refusal::new(Code::IdMalformed, error))
    }

    /// The channel in the path.
    pub fn channel(&self) -> &'a str {
        self.named.unwrap_or_default()
    }

    /// The query.
    pub fn query(&self) -> Result<Query<'_>, Refusal> {
        Query::read(self.sent.query.clone(), self.known)
    }
}

impl<B: DeserializeOwned> Call<'_, B> {
    /// The body; an empty one is read as an empty object.
    pub fn body(&self) -> Result<B, Refusal> {
        self.query()?;
        let bytes = self.bytes()?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let read = serde_path_to_error::deserialize(&mut json);
        read.map_err(malformed).and_then(|read| json.end().map_err(not_json).map(|()| read))
    }

    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let too_large =
            || Refusal::new(Code::BodyTooLarge, "the body is larger than 256 KiB: send less at once");
        let text = self.sent.body;
        if text.len() > MOST_BYTES / 3 * 4 + 4 {
            return Err(too_large());
        }
        let body = if self.sent.is_base64 {
            let unreadable =
                |_| Refusal::new(Code::BodyUnreadable, "the body can't be read: send JSON as it is");
            BASE64.decode(text).map_err(unreadable)?
        } else {
            text.as_bytes().to_vec()
        };
        if body.len() > MOST_BYTES { Err(too_large()) } else { Ok(Zeroizing::new(body)) }
    }
}

fn not_json(error: serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::new(
        Code::BodyNotJson,
        format!("the body is not one JSON object: see line {line}, column {column}"),
    )
}

/// serde's own message quotes values. This one is made of our names and of what serde expected.
fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let unknown = error.inner().to_string().starts_with("unknown field");
    let path = place(error.path(), unknown);
    let error = error.into_inner();
    if !error.is_data() {
        return not_json(error);
    }
    let what = in_our_words(&error.to_string());
    let name = if path.is_empty() { "the body".to_owned() } else { format!("`{path}`") };
    Refusal::new(Code::BodyMalformed, format!("{name}: {what}"))
        .with(objection(if path.is_empty() { "body" } else { path.as_str() }, what))
}

/// The place of a member. A name that is not a plain word may be somebody's value and is left out; an unknown
/// member may be written as other systems write theirs, such as `dryRun`.
fn place(path: &serde_path_to_error::Path, unknown: bool) -> String {
    use serde_path_to_error::Segment;
    let mut place = String::new();
    let last = path.iter().count().saturating_sub(1);
    for (n, segment) in path.iter().enumerate() {
        match segment {
            Segment::Seq { index } => place.push_str(&format!("[{index}]")),
            Segment::Map { key } if is_word(key) || (unknown && n == last && is_name(key)) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(key);
            }
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    place
}

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// serde's message, without anything that was sent.
fn in_our_words(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    // The expectation comes last, and is ours.
    let expected = || text.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
    if let Some(rest) = text.strip_prefix("missing field `") {
        return format!("give `{}`", rest.trim_end_matches('`'));
    }
    if text.starts_with("unknown field") {
        return match text.contains(", there are no fields") {
            true => "it takes no member at all".to_owned(),
            false => format!("it is not known here; known are: {}", expected().trim_start_matches("one of ")),
        };
    }
    if text.starts_with("unknown variant") {
        return format!("give one of: {}", expected().trim_start_matches("one of "));
    }
    if text.starts_with("duplicate field") {
        return "give it once".to_owned();
    }
    if text.starts_with("invalid ") {
        return format!("give {}", expected());
    }
    // A sentence of our own types: it says what to give and repeats nothing.
    text.to_owned()
}
