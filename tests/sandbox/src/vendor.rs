//! The vendor's API: reads a call, notes it in the journal, applies the fault ordered for it, and answers as
//! the walkthrough does.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request, State as Shared};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::{Padded, Reply};
use crate::app::{App, Connection, connection_of};
use crate::fault::{FaultKind, On};
use crate::inhouse::{identifier, record_ids};
use crate::journal::Call;
use crate::profile::stamp;
use crate::rule::{RuleType, Submission, profile_ids};
use crate::state::State;
use crate::ticket;

const BODY_CAP: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone)]
enum Op {
    Search,
    Submit(RuleType),
    Status(String),
    InhouseSearch,
    InhouseSubmit,
    InhouseStatus(String),
    TicketUpdate(u64),
    TicketComments(u64),
    TicketSearch,
    Other,
}

impl Op {
    fn of(method: &str, path: &str) -> Self {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, segments.as_slice()) {
            ("GET", ["v1", "gdpr", "profiles"]) => Self::Search,
            ("POST", ["v1", "gdpr", "rules", "forgottenRight"]) => Self::Submit(RuleType::ForgottenRight),
            ("POST", ["v1", "gdpr", "rules", "exportData"]) => Self::Submit(RuleType::ExportData),
            ("GET", ["v1", "gdpr", "rules", id]) => Self::Status((*id).to_owned()),
            ("POST", ["rightful", "search"]) => Self::InhouseSearch,
            ("POST", ["rightful", "erasures"]) => Self::InhouseSubmit,
            ("GET", ["rightful", "erasures", id]) => Self::InhouseStatus((*id).to_owned()),
            ("PUT", ["api", "v2", "tickets", file]) => number(file).map_or(Self::Other, Self::TicketUpdate),
            ("GET", ["api", "v2", "tickets", id, "comments.json"]) => {
                id.parse().map_or(Self::Other, Self::TicketComments)
            }
            ("GET", ["api", "v2", "search", "export.json"]) => Self::TicketSearch,
            _ => Self::Other,
        }
    }

    fn on(&self) -> Option<On> {
        match self {
            Self::Search => Some(On::Search),
            Self::Submit(_) => Some(On::Submit),
            Self::Status(_) => Some(On::Status),
            Self::InhouseSearch => Some(On::InhouseSearch),
            Self::InhouseSubmit => Some(On::InhouseSubmit),
            Self::InhouseStatus(_) => Some(On::InhouseStatus),
            Self::TicketUpdate(_) => Some(On::TicketUpdate),
            Self::TicketComments(_) => Some(On::TicketComments),
            Self::TicketSearch => Some(On::TicketSearch),
            Self::Other => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Submit(_) => "submit",
            Self::Status(_) => "status",
            Self::InhouseSearch => "inhouse_search",
            Self::InhouseSubmit => "inhouse_submit",
            Self::InhouseStatus(_) => "inhouse_status",
            Self::TicketUpdate(_) => "ticket_update",
            Self::TicketComments(_) => "ticket_comments",
            Self::TicketSearch => "ticket_search",
            Self::Other => "other",
        }
    }
}

/// The number in `35436.json`.
fn number(file: &str) -> Option<u64> {
    file.strip_suffix(".json")?.parse().ok()
}

/// A parsed call.
struct Asked {
    op: Op,
    token: Option<String>,
    /// The decoded credentials of basic authentication.
    basic: Option<String>,
    bearer: Option<String>,
    page_size: Option<usize>,
    page_after: Option<String>,
    /// The query of a search for tickets.
    query: Option<String>,
    client_id: Option<u64>,
    email: Option<String>,
    direct: Option<String>,
    body: Option<Value>,
}

impl Asked {
    fn read(method: &str, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let query = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let query = query.map(|query| query.0).unwrap_or_default();
        let param = |name: &str| {
            let found = query.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        let token = headers.get("x-api-token");
        let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
        let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
        let basic = headers.get("authorization").and_then(|value| value.to_str().ok());
        let basic = basic.and_then(|value| BASE64.decode(value.strip_prefix("Basic ")?).ok());
        Self {
            op: Op::of(method, uri.path()),
            token: token.and_then(|t| t.to_str().ok()).map(str::to_owned),
            basic: basic.and_then(|bytes| String::from_utf8(bytes).ok()),
            bearer,
            page_size: param("page[size]").and_then(|size| size.parse().ok()),
            page_after: param("page[after]"),
            query: param("query").filter(|_| param("filter[type]").as_deref() == Some("ticket")),
            client_id: param("clientId").and_then(|id| id.parse().ok()),
            email: param("email"),
            direct: param("direct"),
            body: serde_json::from_slice(body).ok(),
        }
    }

    fn ids(&self) -> Vec<u64> {
        self.body.as_ref().and_then(profile_ids).unwrap_or_default()
    }

    fn records(&self) -> Vec<String> {
        self.body.as_ref().and_then(record_ids).unwrap_or_default()
    }

    /// The e-mails that the call is about, for faults about one of them.
    fn emails(&self, state: &State) -> Vec<String> {
        match &self.op {
            Op::Search => self.email.iter().cloned().collect(),
            Op::Submit(_) => state.emails_of(&self.ids()),
            Op::Status(id) => state.rule(id).map(|rule| rule.emails.clone()).unwrap_or_default(),
            Op::InhouseSearch => match identifier(self.body.as_ref()) {
                Some(("email", value)) => vec![value.to_owned()],
                _ => Vec::new(),
            },
            Op::InhouseSubmit => state.inhouse.emails_of(&self.records()),
            Op::InhouseStatus(id) => state.inhouse.emails_of_erasure(id),
            Op::TicketUpdate(_) | Op::TicketComments(_) | Op::TicketSearch | Op::Other => Vec::new(),
        }
    }

    fn noted(&self, seq: u64, now: Timestamp, method: &str, path: &str) -> Call {
        Call {
            seq,
            at: stamp(now),
            op: self.op.name().to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            client_id: self.client_id,
            email: self.email.clone(),
            ids: self.ids(),
            test: self.body.as_ref().and_then(|body| body["test"].as_bool()),
            direct: self.direct.as_ref().and_then(|direct| direct.parse().ok()),
            rule_id: match &self.op {
                Op::Status(id) | Op::InhouseStatus(id) => Some(id.clone()),
                _ => None,
            },
            identifier_kind: identifier(self.body.as_ref()).map(|(kind, _)| kind.to_owned()),
            identifier_value: identifier(self.body.as_ref()).map(|(_, value)| value.to_owned()),
            records: self.records(),
            ticket_id: match &self.op {
                Op::TicketUpdate(id) | Op::TicketComments(id) => Some(*id),
                _ => None,
            },
            body: self.body.clone(),
            ..Call::default()
        }
    }

    /// An error that repeats the call's values, as vendors do: copied into a log, it leaks them.
    fn refuse(&self, status: u16, message: &str) -> Reply {
        let error = json!({
            "statusCode": status,
            "message": message,
            "request": { "clientId": self.client_id, "email": self.email, "body": self.body },
        });
        Reply::json(status, error)
    }
}

/// Any call that is not for the control API.
pub(crate) async fn answer(Shared(app): Shared<App>, request: Request) -> Response {
    let connection = connection_of(&request);
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_CAP).await.unwrap_or_default();
    let method = parts.method.as_str();
    let asked = Asked::read(method, &parts.uri, &parts.headers, &bytes);

    let (seq, fault) = {
        let (mut state, now) = app.now();
        let seq = state.next_call();
        let mut call = asked.noted(seq, now, method, parts.uri.path());
        let emails = asked.emails(&state);
        let on = asked.op.on();
        let fault = on.and_then(|on| state.faults.take_for_call(on, &emails));
        call.fault = fault.as_ref().map(FaultKind::name);
        state.journal.calls.push(call);
        (seq, fault)
    };
    let reply = go_wrong(&app, &connection, &asked, seq, fault).await;
    if let Some(call) = app.now().0.journal.call_mut(seq) {
        call.status = Some(reply.status);
    }
    reply.into_response()
}

async fn go_wrong(
    app: &App,
    connection: &Connection,
    asked: &Asked,
    seq: u64,
    fault: Option<FaultKind>,
) -> Reply {
    let act = || act(app, asked, seq);
    let act_if = |apply: bool| apply.then(act);
    let Some(fault) = fault else {
        return act();
    };
    match fault {
        FaultKind::Unauthorized {} => asked.refuse(401, "Unauthorized"),
        FaultKind::Forbidden {} => asked.refuse(403, "Forbidden"),
        FaultKind::NotFound {} => asked.refuse(404, "Not Found"),
        FaultKind::BadRequest {} => asked.refuse(400, "Bad Request"),
        FaultKind::Throttled { retry_after } => {
            let reply = asked.refuse(429, "Too Many Requests");
            match retry_after {
                Some(retry_after) => reply.with_header("retry-after", &retry_after),
                None => reply,
            }
        }
        FaultKind::ServerError { status, apply } => {
            act_if(apply);
            asked.refuse(status, "Internal Server Error")
        }
        FaultKind::Slow { ms } => {
            let reply = act();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            reply
        }
        FaultKind::TimeoutBefore { hold_ms } => hold(connection, hold_ms).await,
        FaultKind::TimeoutAfter { hold_ms } => {
            act();
            hold(connection, hold_ms).await
        }
        FaultKind::ResetBefore {} => match connection.reset().await {},
        FaultKind::ResetAfter {} => {
            act();
            match connection.reset().await {}
        }
        FaultKind::Malformed { apply } => {
            let whole = act_if(apply).map(Reply::text).unwrap_or_default();
            // Half of the true answer, which is never a valid document.
            let half: String = whole.chars().take(whole.chars().count() / 2).collect();
            Reply::raw(200, "application/json", Body::from(format!("{{\"a\":[{half}")))
        }
        FaultKind::Huge { bytes, apply } => {
            let end = act_if(apply).map_or_else(|| "[]".to_owned(), Reply::text);
            Reply::raw(200, "application/json", Body::new(Padded::new(bytes, end)))
        }
        FaultKind::Html { apply } => {
            act_if(apply);
            let page = "<!doctype html><title>Log in</title><form>E-mail <input></form>";
            Reply::raw(200, "text/html; charset=utf-8", Body::from(page))
        }
        FaultKind::Redirect { location, status } => {
            Reply::raw(status, "text/plain", Body::empty()).with_header("location", &location)
        }
        shaping => act().reshaped(|body| reshape(body, &shaping, asked)),
    }
}

/// Holds the connection without an answer, then resets it.
async fn hold(connection: &Connection, hold_ms: u64) -> Reply {
    tokio::time::sleep(Duration::from_millis(hold_ms)).await;
    match connection.reset().await {}
}

/// The faults that alter a good answer.
fn reshape(body: &mut Value, fault: &FaultKind, asked: &Asked) {
    let flat = body.is_object();
    let no_list = &mut Vec::new();
    let list = match body {
        Value::Array(list) => list,
        Value::Object(fields) => fields.get_mut("records").and_then(Value::as_array_mut).unwrap_or(no_list),
        _ => no_list,
    };
    match fault {
        FaultKind::DuplicateId {} => list.extend(list.first().cloned()),
        FaultKind::Pages { n } => {
            let cut = list.len() > *n;
            list.truncate(*n);
            if flat {
                body["has_more"] = json!(cut);
            }
        }
        FaultKind::Blind {} => list.clear(),
        FaultKind::Exact {} => {
            let (kind, value) = match &asked.email {
                Some(email) => ("email", email.as_str()),
                None => identifier(asked.body.as_ref()).unwrap_or_default(),
            };
            list.retain(|one| one[kind] == value);
        }
        FaultKind::TwoAddresses {} => {
            if let Some(email) = list.first_mut().and_then(|one| one.get_mut("email")) {
                *email = json!(format!("{}, second@example.com", email.as_str().unwrap_or_default()));
            }
        }
        FaultKind::NoEmail {} => {
            if let Some(one) = list.first_mut().and_then(Value::as_object_mut) {
                one.remove("email");
            }
        }
        // The in-house system has flat answers.
        FaultKind::UnknownStatus { value } if body["status"].is_string() => body["status"] = json!(value),
        FaultKind::UnknownStatus { value } => body["ruleStatus"]["status"] = json!(value),
        FaultKind::WrongRule {} if body["id"].is_string() => body["id"] = json!("erasure-0"),
        FaultKind::WrongRule {} => body["_id"] = json!("ffffffffffffffffffffffff"),
        FaultKind::EmptyId {} => {
            if let Some(rule) = body.as_object_mut() {
                rule.remove("_id");
                rule.remove("id");
            }
        }
        FaultKind::StringIds {} => {
            for profile in body.as_array_mut().into_iter().flatten() {
                profile["id"] = json!(profile["id"].to_string());
            }
        }
        _ => {}
    }
}

/// Performs the call as the vendor does when nothing goes wrong.
fn act(app: &App, asked: &Asked, seq: u64) -> Reply {
    let (mut state, now) = app.now();
    if let Op::TicketUpdate(id) | Op::TicketComments(id) = &asked.op {
        return ticketing(&mut state, asked, seq, *id);
    }
    if let Op::TicketSearch = &asked.op {
        return ticket_search(&state, asked, now);
    }
    if let Op::InhouseSearch | Op::InhouseSubmit | Op::InhouseStatus(_) = &asked.op {
        return inhouse(&mut state, asked, seq, now);
    }
    let clients = state.clients_of(asked.token.as_deref().unwrap_or_default());
    if clients.is_empty() {
        return asked.refuse(401, "Unauthorized");
    }
    let Some(client_id) = asked.client_id else {
        return asked.refuse(400, "clientId is required");
    };
    if !clients.contains(&client_id) {
        return asked.refuse(403, "this token is not for this client");
    }
    match &asked.op {
        Op::Search => match asked.email.as_deref() {
            Some(email) if !email.is_empty() => Reply::json(200, json!(state.search(client_id, email, now))),
            _ => asked.refuse(400, "email is required"),
        },
        Op::Submit(rule_type) => {
            let direct = match asked.direct.as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return asked.refuse(400, "direct must be true or false"),
            };
            let submission = match Submission::check(*rule_type, client_id, asked.body.as_ref()) {
                Ok(submission) => submission,
                Err(message) => return asked.refuse(400, message),
            };
            let rule = state.open_rule(submission, direct, now);
            let (shown, rule_id, faults) = (rule.show(), rule.id.clone(), rule.faults.clone());
            if let Some(call) = state.journal.call_mut(seq) {
                call.rule_id = Some(rule_id);
                call.applied = true;
                let names = call.fault.take().into_iter();
                let names: Vec<String> = names.chain(faults.iter().map(FaultKind::name)).collect();
                call.fault = (!names.is_empty()).then(|| names.join("+"));
            }
            Reply::json(200, shown)
        }
        Op::Status(id) => match state.rule(id) {
            Some(rule) if rule.submission.client_id == client_id => Reply::json(200, rule.show()),
            _ => asked.refuse(404, "no such rule"),
        },
        _ => asked.refuse(404, "no such route"),
    }
}

/// Performs a call to the in-house system.
fn inhouse(state: &mut State, asked: &Asked, seq: u64, now: Timestamp) -> Reply {
    if asked.bearer.as_deref() != Some(state.inhouse.token.as_str()) {
        return asked.refuse(401, "Unauthorized");
    }
    let answer = match &asked.op {
        Op::InhouseSearch => state.inhouse.search(asked.body.as_ref()),
        Op::InhouseStatus(id) => match state.inhouse.status(id) {
            Some(shown) => Ok(shown),
            None => return asked.refuse(404, "no such erasure"),
        },
        _ => {
            let faults = state.faults.take_for_rule(true, &asked.emails(state));
            let names: Vec<String> = faults.iter().map(FaultKind::name).collect();
            let finish_at = state.finish_at(now);
            let opened = state.inhouse.erase(asked.body.as_ref(), faults, finish_at);
            opened.map(|(id, shown)| {
                if let Some(call) = state.journal.call_mut(seq) {
                    call.rule_id = Some(id);
                    call.applied = true;
                    let all: Vec<String> = call.fault.take().into_iter().chain(names).collect();
                    call.fault = (!all.is_empty()).then(|| all.join("+"));
                }
                shown
            })
        }
    };
    match answer {
        Ok(shown) => Reply::json(200, shown),
        Err(message) => asked.refuse(400, message),
    }
}

/// Finds tickets.
fn ticket_search(state: &State, asked: &Asked, now: Timestamp) -> Reply {
    if !asked.basic.as_deref().is_some_and(|credentials| state.is_agent(credentials)) {
        return asked.refuse(401, "Couldn't authenticate you");
    }
    let (Some(query), Some(size)) = (&asked.query, asked.page_size) else {
        return asked.refuse(422, "filter[type], query and page[size] are required here");
    };
    match ticket::search(&state.tickets(), query, size, asked.page_after.as_deref(), now) {
        Ok(page) => Reply::json(200, page),
        Err(message) => asked.refuse(422, message),
    }
}

/// Performs a call to the ticketing system.
fn ticketing(state: &mut State, asked: &Asked, seq: u64, id: u64) -> Reply {
    if !asked.basic.as_deref().is_some_and(|credentials| state.is_agent(credentials)) {
        return asked.refuse(401, "Couldn't authenticate you");
    }
    if let Op::TicketComments(_) = asked.op {
        return match state.ticket(id) {
            // Without `page[size]` Zendesk pages in another way, which is not needed here.
            Some(_) if asked.page_size.is_none() => asked.refuse(400, "page[size] is required here"),
            Some(ticket) => {
                Reply::json(200, ticket.page(asked.page_size.unwrap_or(100), asked.page_after.as_deref()))
            }
            None => asked.refuse(404, "RecordNotFound"),
        };
    }
    let updated = match state.ticket_mut(id) {
        Some((ticket, comment_id)) => ticket.update(asked.body.as_ref(), comment_id),
        None => return asked.refuse(404, "RecordNotFound"),
    };
    match updated {
        Ok(shown) => {
            if let Some(call) = state.journal.call_mut(seq) {
                call.applied = true;
            }
            Reply::json(200, shown)
        }
        Err(message) => asked.refuse(422, message),
    }
}
