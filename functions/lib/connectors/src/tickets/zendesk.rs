//! Zendesk's Ticketing API: the answer is an internal note on the ticket, with a status.
//!
//! Its documentation (<https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/>,
//! `…/ticket_comments/` and `…/ticket-management/search/`) says:
//!
//! - A comment is made by updating the ticket (`PUT /api/v2/tickets/{id}`). It is internal when `public` is false.
//! - Comments are listed in pages with a cursor.
//! - `GET /api/v2/search/export` finds tickets some minutes after they were changed. Its pages have a cursor that
//!   lives for an hour.
//! - An API token is sent by basic authentication as `{user}/token:{token}`.
//! - A closed ticket, or a missing field that solving requires, makes an update a 422. Of two updates at once, one
//!   may become a 409.

use crate::net::{CONNECT_SECONDS, Call, Operation, Trouble, VendorClient, base_url, is_host_name};
use crate::secret::{Masked, ticketing_secret_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Url};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::kind::Kind;
use rightful_domain::base::time::Time;
use rightful_domain::documents::note::Note;
use rightful_domain::model::answer::Answered;
use rightful_domain::ports::set_up::Secrets;
use rightful_domain::ports::store::Page;
use rightful_domain::ports::tickets::Tagged;
use rightful_domain::vendor::fault::Fault;
use serde::Deserialize;
use serde_json::json;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The channel of its tickets.
pub(super) const CHANNEL: &str = "zendesk";
/// How long one call of the port takes at most, in seconds, each of its HTTP calls included.
pub(super) const CALL_SECONDS: u64 = 20;
/// The host of every account: one label, then this.
const DOMAIN: &str = ".zendesk.com";
/// The size of a page: the largest that Zendesk gives.
const PAGE_SIZE: &str = "100";
/// The most pages of comments: a ticket holds at most 5,000 comments.
const MOST_PAGES: usize = 50;
const MOST_BODY_BYTES: usize = 16 * 1024 * 1024;
/// No wait is longer than this. Zendesk asks for less, since its limits count by the minute.
const LONGEST_RETRY_AFTER_SECONDS: u64 = 6 * 3600;
/// The longest id of a ticket, which is a number.
const MOST_DIGITS: usize = 18;

const UNREADABLE: Code = Code::VendorAnswerUnreadable;
const SECRET_UNREADABLE: Failure = Failure::of(Code::TicketingSecretUnreadable);
const NOT_SET_UP: Code = Code::TicketingNotSetUp;
const REFERENCE_UNUSABLE: Code = Code::TicketReferenceUnusable;
const TOO_LONG: Code = Code::TicketTooLong;

/// Checks the address of a Zendesk account: `https://{account}.zendesk.com`, or this machine if the deployment
/// allows it.
///
/// # Errors
/// Says what is wrong, and never repeats the address.
pub fn check_base_url(text: &str, allow_loopback: bool) -> Result<(), String> {
    read_base_url(text, allow_loopback).map(drop)
}

fn read_base_url(text: &str, allow_loopback: bool) -> Result<(Url, String), String> {
    let host = Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let account = host.strip_suffix(DOMAIN).unwrap_or_default();
    let good = !account.is_empty() && !account.contains('.') && is_host_name(&host);
    // The given host is the only one that may be called, and only when it is Zendesk's.
    let listed = if good { host } else { format!("ACCOUNT{DOMAIN}") };
    base_url(text, std::slice::from_ref(&listed), allow_loopback).map(|url| (url, listed))
}

/// Checks the user whose API token is used: an agent's e-mail address.
///
/// # Errors
/// Says what is wrong, and never repeats the address.
pub fn check_user(text: &str) -> Result<(), String> {
    let good = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if good && !text.ends_with("/token") {
        Ok(())
    } else {
        Err("it is not an agent's e-mail address without `/token`".to_owned())
    }
}

/// The secret as it is stored.
#[derive(Deserialize)]
struct Secret {
    base_url: String,
    user: Masked,
    token: Masked,
}

/// An account to call. No `Debug`: it holds the token.
#[derive(Clone, PartialEq)]
struct Account {
    base: Url,
    host: String,
    /// Marked sensitive, so nothing prints it.
    auth: HeaderValue,
}

impl Account {
    fn read(text: &str, allow_loopback: bool) -> Result<Self, Failure> {
        let secret: Secret = serde_json::from_str(text).map_err(|_| SECRET_UNREADABLE)?;
        let (base, host) = read_base_url(&secret.base_url, allow_loopback).map_err(|_| SECRET_UNREADABLE)?;
        let (user, token) = (secret.user.0.trim(), secret.token.0.trim());
        if check_user(user).is_err() || token.is_empty() {
            return Err(SECRET_UNREADABLE);
        }
        let plain = Zeroizing::new(format!("{user}/token:{token}"));
        let text = Zeroizing::new(format!("Basic {}", BASE64.encode(plain.as_bytes())));
        let mut auth = HeaderValue::from_str(&text).map_err(|_| SECRET_UNREADABLE)?;
        auth.set_sensitive(true);
        Ok(Self { base, host, auth })
    }
}

/// Why a call has no answer to go on with.
enum Stop {
    /// There is no secret.
    NotSetUp,
    /// The call failed.
    Trouble(Trouble),
}

/// One call of the port. No `Debug`: it holds the token.
pub(super) struct Zendesk<'a, S> {
    client: &'a VendorClient,
    secrets: &'a S,
    ends: Instant,
}

/// A call without its account, which is added when it is sent.
struct ApiCall<'a> {
    operation: Operation,
    method: Method,
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<Bytes>,
}

impl<'a, S: Secrets> Zendesk<'a, S> {
    pub(super) fn new(client: &'a VendorClient, secrets: &'a S) -> Self {
        Self { client, secrets, ends: Instant::now() + Duration::from_secs(CALL_SECONDS) }
    }

    /// Puts the answer on the ticket. If the ticket can't be solved, because a field is missing that solving
    /// requires, it still gets the note and keeps its status.
    pub(super) async fn answer(&self, reference: &Reference, answer: &Note) -> Answered {
        let Some(id) = ticket_id(reference) else { return Answered::Refused(REFERENCE_UNUSABLE) };
        let came = self.update(id, answer, answer.solves).await;
        if answer.solves && matches!(came, Err(Stop::Trouble(Trouble::Refused(422)))) {
            // The whole update was refused, so the note is not there yet.
            return answered(self.update(id, answer, false).await);
        }
        answered(came)
    }

    async fn update(&self, id: &str, answer: &Note, solves: bool) -> Result<(), Stop> {
        let mut ticket = json!({"comment": {"body": answer.text, "public": false}});
        if solves {
            ticket["status"] = json!("solved");
        }
        let body = serde_json::to_vec(&json!({ "ticket": ticket }))
            .map_err(|_| Stop::Trouble(Trouble::NotSent(Code::VendorRequestUnusable)))?;
        let asked = ApiCall {
            operation: Operation::AnswerTicket,
            method: Method::PUT,
            path: &format!("/api/v2/tickets/{id}.json"),
            query: &[],
            body: Some(Bytes::from(body)),
        };
        let body = self.ask(&asked).await?;
        let updated = serde_json::from_slice(&body).ok();
        let ours = updated.is_some_and(|updated: Updated| updated.ticket.id.to_string() == id);
        if ours { Ok(()) } else { Err(Trouble::Lost(self.unreadable()).into()) }
    }

    /// Whether a comment on any page of the ticket contains the marker.
    pub(super) async fn is_answered(&self, reference: &Reference, marker: &str) -> Result<bool, Fault> {
        let Some(id) = ticket_id(reference) else { return Err(Fault::Refused(REFERENCE_UNUSABLE)) };
        let path = format!("/api/v2/tickets/{id}/comments.json");
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut query = vec![("page[size]", PAGE_SIZE)];
            if let Some(cursor) = &after {
                query.push(("page[after]", cursor));
            }
            let asked = ApiCall {
                operation: Operation::LookAtTicket,
                method: Method::GET,
                path: &path,
                query: &query,
                body: None,
            };
            let body = self.ask(&asked).await.map_err(fault)?;
            let page: CommentPage = serde_json::from_slice(&body).map_err(|_| self.unreadable_page())?;
            if page.comments.iter().any(|comment| comment.holds(marker)) {
                return Ok(true);
            }
            match (page.meta.has_more, page.meta.after_cursor) {
                (false, _) => return Ok(false),
                // The pages end early or go in a circle, so nobody can tell.
                (true, None) => return Err(self.unreadable_page()),
                (true, cursor) if cursor == after => return Err(self.unreadable_page()),
                (true, cursor) => after = cursor,
            }
        }
        Err(Fault::Unavailable(TOO_LONG))
    }

    /// A page of the tickets that carry the tag and were last changed between `since` and `until`, the latter
    /// excluded. Only the number of each is read. `None` when there is no secret.
    pub(super) async fn tagged(
        &self,
        tag: &str,
        since: Time,
        until: Time,
        after: Option<&str>,
    ) -> Result<Option<Page<Tagged>>, Fault> {
        let wanted = format!("tags:{tag} updated>={} updated<{}", seconds(since), seconds(until));
        let mut query = vec![("filter[type]", "ticket"), ("page[size]", PAGE_SIZE), ("query", &wanted)];
        if let Some(cursor) = after {
            query.push(("page[after]", cursor));
        }
        let asked = ApiCall {
            operation: Operation::FindTickets,
            method: Method::GET,
            path: "/api/v2/search/export.json",
            query: &query,
            body: None,
        };
        let body = match self.ask(&asked).await {
            Ok(body) => body,
            Err(Stop::NotSetUp) => return Ok(None),
            Err(stop) => return Err(fault(stop)),
        };
        let page: TicketPage = serde_json::from_slice(&body).map_err(|_| self.unreadable_page())?;
        let rows: Option<Vec<Tagged>> = page.results.iter().map(|found| tagged(found.id)).collect();
        let rows = rows.ok_or_else(|| self.unreadable_page())?;
        match (page.meta.has_more, page.meta.after_cursor) {
            (false, _) => Ok(Some(Page { rows, next: None })),
            // The pages end early or go in a circle, so nobody can tell.
            (true, None) => Err(self.unreadable_page()),
            (true, Some(cursor)) if Some(cursor.as_str()) == after => Err(self.unreadable_page()),
            (true, next) => Ok(Some(Page { rows, next })),
        }
    }

    /// Tells the observer that an answer can't be read, and returns the code.
    fn unreadable(&self) -> Code {
        self.client.unreadable(CHANNEL);
        UNREADABLE
    }

    fn unreadable_page(&self) -> Fault {
        Fault::Unavailable(self.unreadable())
    }

    /// Asks, and asks again with the secret's other version when the first is not accepted: a 401 says that the
    /// call had no effect. Nothing else is ever sent again.
    async fn ask(&self, asked: &ApiCall<'_>) -> Result<Bytes, Stop> {
        let known = self.read(false).await.map_err(|failure| match failure {
            Failure { code: Code::SecretMissing, .. } => Stop::NotSetUp,
            failure => Stop::Trouble(Trouble::NotSent(failure.code)),
        })?;
        let loopback = self.client.allows_loopback();
        let first = known.first().ok_or(Stop::NotSetUp)?;
        let first = Account::read(first, loopback)
            .map_err(|failure| Stop::Trouble(Trouble::NotSent(failure.code)))?;
        let result = self.send(asked, &first).await;
        if result != Err(Trouble::Unauthorized) {
            return Ok(result?);
        }
        let fresh = match self.read(true).await {
            Ok(versions) => versions,
            Err(Failure { kind: Kind::Misconfigured, .. }) => return Err(Trouble::Unauthorized.into()),
            Err(failure) => return Err(Trouble::NotSent(failure.code).into()),
        };
        let mut tried = vec![first];
        for version in fresh.iter().take(2) {
            let Ok(account) = Account::read(version, loopback) else { continue };
            if tried.contains(&account) {
                continue;
            }
            let result = self.send(asked, &account).await;
            if result != Err(Trouble::Unauthorized) {
                return Ok(result?);
            }
            tried.push(account);
        }
        Err(Trouble::Unauthorized.into())
    }

    async fn read(&self, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure> {
        let left = self.ends.saturating_duration_since(Instant::now());
        let name = ticketing_secret_name(CHANNEL);
        match tokio::time::timeout(left, self.secrets.secret(&name, fresh)).await {
            Ok(read) => read,
            Err(_) => Err(Failure::of(Code::SecretUnavailable)),
        }
    }

    async fn send(&self, asked: &ApiCall<'_>, account: &Account) -> Result<Bytes, Trouble> {
        let timeout = self.ends.saturating_duration_since(Instant::now());
        // The time must not run out while the connection is still being made: that would look like a
        // call that was sent.
        if timeout <= Duration::from_secs(CONNECT_SECONDS) {
            return Err(Trouble::NotSent(Code::VendorOutOfTime));
        }
        let mut url = account.base.clone();
        url.set_path(asked.path);
        if !asked.query.is_empty() {
            url.query_pairs_mut().extend_pairs(asked.query);
        }
        self.client
            .send(Call {
                operation: asked.operation,
                connector: CHANNEL,
                source: CHANNEL,
                hosts: std::slice::from_ref(&account.host),
                method: asked.method.clone(),
                url,
                auth: (AUTHORIZATION, account.auth.clone()),
                body: asked.body.clone(),
                success: &[200],
                timeout,
                max_body_bytes: MOST_BODY_BYTES,
                longest_retry_after_seconds: LONGEST_RETRY_AFTER_SECONDS,
            })
            .await
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The number of a ticket: the digits of `35436`, `#35436` or `ZD-35436`. A second request from the same ticket
/// needs its own reference, `ZD-35436-2`, and is answered on that ticket.
pub(super) fn ticket_id(reference: &Reference) -> Option<&str> {
    let text = reference.as_str();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = match text.strip_prefix("ZD-") {
        Some(rest) => match rest.split_once('-') {
            Some((id, again)) if number(again) => id,
            Some(_) => return None,
            None => rest,
        },
        None => text.strip_prefix('#').unwrap_or(text),
    };
    (number(digits) && digits.len() <= MOST_DIGITS && !digits.starts_with('0')).then_some(digits)
}

/// A found ticket, with the references that triggers write for it and [`ticket_id`] reads.
fn tagged(id: u64) -> Option<Tagged> {
    let forms = [format!("ZD-{id}"), id.to_string(), format!("#{id}")];
    let references: Option<Vec<Reference>> = forms.iter().map(|text| Reference::parse(text).ok()).collect();
    Some(Tagged { number: id.to_string(), references: references? })
}

/// A time in whole seconds, as Zendesk's search reads it.
fn seconds(at: Time) -> String {
    let text = at.to_string();
    text.split_once('.').map_or_else(|| text.clone(), |(whole, _)| format!("{whole}Z"))
}

/// The result of an update.
fn answered(came: Result<(), Stop>) -> Answered {
    match came {
        Ok(()) => Answered::Sent,
        Err(Stop::NotSetUp) => Answered::NotSetUp,
        Err(Stop::Trouble(Trouble::Lost(code))) => Answered::Unknown(code),
        Err(Stop::Trouble(Trouble::TooLarge)) => Answered::Unknown(Code::VendorAnswerTooLarge),
        Err(Stop::Trouble(trouble)) => match fault_of(trouble) {
            Fault::Refused(code) => Answered::Refused(code),
            fault => Answered::NotSent(fault),
        },
    }
}

fn fault(stop: Stop) -> Fault {
    match stop {
        // It was set up when the answer was claimed, so someone has removed the secret since.
        Stop::NotSetUp => Fault::Unavailable(NOT_SET_UP),
        Stop::Trouble(trouble) => fault_of(trouble),
    }
}

/// The fault of a failed call that may be repeated. Only a lasting failure counts as refused.
fn fault_of(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::NotSent(code) | Trouble::Lost(code) => Fault::Unavailable(code),
        Trouble::TooLarge => Fault::Unavailable(Code::VendorAnswerTooLarge),
        Trouble::Throttled(wait) => Fault::Throttled(wait),
        Trouble::Unauthorized => Fault::Unauthorized,
        // An administrator can give the user the right, and another update at the same moment passes.
        Trouble::Refused(403) => Fault::Unavailable(Code::TicketForbidden),
        Trouble::Refused(409 | 423) => Fault::Unavailable(Code::TicketBusy),
        Trouble::Refused(404) => Fault::Refused(Code::TicketNotFound),
        Trouble::Refused(422) => Fault::Refused(Code::TicketNotUpdatable),
        Trouble::Refused(_) => Fault::Refused(Code::TicketRefused),
    }
}

#[derive(Deserialize)]
struct Updated {
    ticket: Ticket,
}

#[derive(Deserialize)]
struct Ticket {
    id: u64,
}

#[derive(Deserialize)]
struct CommentPage {
    comments: Vec<Comment>,
    meta: Meta,
}

/// A page of found tickets. Nothing but their ids is read.
#[derive(Deserialize)]
struct TicketPage {
    results: Vec<Ticket>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    has_more: bool,
    #[serde(default)]
    after_cursor: Option<String>,
}

/// A comment's text in the forms that Zendesk gives.
#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    plain_body: Option<String>,
}

impl Comment {
    fn holds(&self, marker: &str) -> bool {
        [&self.body, &self.plain_body].into_iter().flatten().any(|text| text.contains(marker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        ticket_id(&Reference::parse(text).unwrap()).map(str::to_owned)
    }

    #[test]
    fn a_tickets_number_is_read_in_every_spelling() {
        for text in ["35436", "#35436", "ZD-35436", "ZD-35436-2"] {
            assert_eq!(id(text).as_deref(), Some("35436"), "{text}");
        }
        for text in [
            "T-1",
            "ZD-",
            "#",
            "ZD-35436-",
            "ZD-35436-x",
            "ZD-35436-2-3",
            "35436-2",
            "35436/1",
            "0",
            "007",
            "1234567890123456789",
            "zd-1",
            "##1",
        ] {
            assert_eq!(id(text), None, "{text}");
        }
    }

    #[test]
    fn only_an_account_of_zendesk_is_called() {
        assert_eq!(check_base_url("https://example.zendesk.com", false), Ok(()));
        for bad in [
            "http://example.zendesk.com",
            "https://zendesk.com",
            "https://a.b.zendesk.com",
            "https://zendesk.com.example.com",
            "https://examplezendesk.com",
            "https://example.zendesk.com.",
            "https://example.zendesk.com:8443",
            "https://example.zendesk.com/api",
            "https://me@example.zendesk.com",
            "https://-a.zendesk.com",
            "http://127.0.0.1:1",
            "https://10.0.0.1",
            "nonsense",
        ] {
            let problem = check_base_url(bad, false).unwrap_err();
            assert!(!problem.contains("example.com") && !problem.contains("me@"), "{bad}: {problem}");
        }
        assert_eq!(check_base_url("http://127.0.0.1:8080", true), Ok(()));
    }

    #[test]
    fn a_user_is_an_agents_address() {
        assert_eq!(check_user("agent@example.com"), Ok(()));
        for bad in [
            "",
            "agent",
            "@example.com",
            "agent@",
            "agent@example.com/token",
            "a b@example.com",
            "a:b@example.com",
        ] {
            assert!(check_user(bad).is_err(), "{bad}");
        }
    }
}
