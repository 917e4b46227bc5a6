//! What an operator sends: who they are, the query, the body. What is wrong is named, never repeated.

use crate::answer::{Refusal, objection};
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::ids::{RequestId, SourceId};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// More than any body needs.
const MOST_BYTES: usize = 256 * 1024;
/// How many items a page has at most.
const MOST_ITEMS: u32 = 100;
/// How many items a page has unless asked otherwise.
const ITEMS: u32 = 50;

/// A call that was routed.
pub(crate) struct Call<'a> {
    request: &'a ApiGatewayV2httpRequest,
    /// What stands in the path in the place of the template's name.
    named: Option<&'a str>,
    pub actor: Actor,
}

/// Who signed the call.
///
/// # Errors
/// 403 when API Gateway names nobody.
pub(crate) fn actor(request: &ApiGatewayV2httpRequest) -> Result<Actor, Refusal> {
    let iam = request.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    let arn = iam.and_then(|iam| iam.user_arn.as_deref());
    arn.and_then(|arn| Actor::parse(arn).ok()).ok_or_else(|| {
        Refusal::new(
            403,
            "identity_missing",
            "nobody is known to have signed this call: sign it with AWS Signature Version 4 as an IAM identity",
        )
    })
}

impl<'a> Call<'a> {
    pub fn new(request: &'a ApiGatewayV2httpRequest, named: Option<&'a str>, actor: Actor) -> Self {
        Self { request, named, actor }
    }

    /// The request's id in the path.
    pub fn request_id(&self) -> Result<RequestId, Refusal> {
        RequestId::parse(self.named.unwrap_or_default())
            .map_err(|error| Refusal::new(400, "id_malformed", error))
    }

    /// The data source's id in the path.
    pub fn source_id(&self) -> Result<SourceId, Refusal> {
        SourceId::parse(self.named.unwrap_or_default())
            .map_err(|error| Refusal::new(400, "id_malformed", error))
    }

    /// The channel in the path.
    pub fn channel(&self) -> &'a str {
        self.named.unwrap_or_default()
    }

    /// The query's parameters, of which only these may be there. Nothing personal belongs into a URL, so
    /// that whatever is unknown is refused.
    pub fn query(&self, known: &[&str]) -> Result<Query<'_>, Refusal> {
        let all: Vec<(&str, &str)> = self.request.query_string_parameters.iter().collect();
        let unknown = all.iter().any(|(name, _)| !known.contains(name));
        let twice =
            all.iter().enumerate().any(|(n, (name, _))| all[..n].iter().any(|(other, _)| other == name));
        let takes = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        if unknown {
            return Err(parameter(
                "",
                format!("the query has a parameter that is not known here; it takes: {takes}"),
            ));
        }
        if twice {
            return Err(parameter(
                "",
                format!("the query has a parameter twice; give each of these once: {takes}"),
            ));
        }
        Ok(Query(all))
    }

    /// The body: JSON of this shape; an empty one is an empty object.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        self.query(&[])?;
        let bytes = self.bytes()?;
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let read = serde_path_to_error::deserialize(&mut json);
        read.map_err(malformed).and_then(|read| json.end().map_err(not_json).map(|()| read))
    }

    fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let too_large =
            || Refusal::new(413, "body_too_large", "the body is larger than 256 KiB: send less at once");
        let text = self.request.body.as_deref().unwrap_or_default();
        if text.len() > MOST_BYTES / 3 * 4 + 4 {
            return Err(too_large());
        }
        let body = if self.request.is_base64_encoded {
            let unreadable =
                |_| Refusal::new(400, "body_unreadable", "the body is not readable: send JSON as it is");
            BASE64.decode(text).map_err(unreadable)?
        } else {
            text.as_bytes().to_vec()
        };
        if body.len() > MOST_BYTES { Err(too_large()) } else { Ok(Zeroizing::new(body)) }
    }
}

/// The query's parameters.
pub(crate) struct Query<'a>(Vec<(&'a str, &'a str)>);

impl Query<'_> {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A whole number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Refusal> {
        let wrong = |_| parameter(name, format!("`{name}` is a whole number from 0 on"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match self.text(name) {
            None => Ok(None),
            Some(text) if digits(text) => text.parse().map(Some).map_err(|_| wrong(())),
            Some(_) => Err(wrong(())),
        }
    }

    /// How many items are asked for.
    pub fn limit(&self) -> Result<u32, Refusal> {
        limit(self.number("limit")?)
            .ok_or_else(|| parameter("limit", format!("`limit` is a whole number from 1 to {MOST_ITEMS}")))
    }

    /// Where a list goes on.
    pub fn cursor(&self) -> Result<Option<String>, Refusal> {
        let Some(cursor) = self.text("cursor") else { return Ok(None) };
        let read = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        read.map(Some).ok_or_else(wrong_cursor)
    }
}

/// The number of items that was asked for, if it can be.
pub(crate) fn limit(asked: Option<u32>) -> Option<u32> {
    let asked = asked.unwrap_or(ITEMS);
    (1..=MOST_ITEMS).contains(&asked).then_some(asked)
}

/// A cursor as it is handed out: of characters that a URL takes as they are.
pub(crate) fn cursor(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

pub(crate) fn wrong_cursor() -> Refusal {
    parameter(
        "cursor",
        "`cursor` is the `next` of an earlier page of the same list, as it was given".to_owned(),
    )
}

pub(crate) fn parameter(name: &str, what: String) -> Refusal {
    let refusal = Refusal::new(400, "parameter_malformed", &what);
    if name.is_empty() { refusal } else { refusal.with(objection(name, what)) }
}

fn not_json(error: serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::new(
        400,
        "body_not_json",
        format!("the body is not one JSON object: see line {line}, column {column}"),
    )
}

/// serde's own words quote values; what is told is made of names that are ours, and of what it expected.
fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let unknown = error.inner().to_string().starts_with("unknown field");
    let path = place(error.path(), unknown);
    let error = error.into_inner();
    if !error.is_data() {
        return not_json(error);
    }
    let what = in_our_words(&error.to_string());
    let name = if path.is_empty() { "the body".to_owned() } else { format!("`{path}`") };
    Refusal::new(400, "body_malformed", format!("{name}: {what}"))
        .with(objection(if path.is_empty() { "body" } else { path.as_str() }, what))
}

/// The place of a member. Names that are no plain words are somebody's values, and not told; one that is not
/// known may be written as other systems write theirs, such as `dryRun`.
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

/// What serde says, without what was sent.
fn in_our_words(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    // What is expected comes last, and is ours.
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
    // The sentences of our own types: they say what to give, and repeat nothing.
    text.to_owned()
}
