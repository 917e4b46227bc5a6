//! The control API under `/_sandbox/`: by it a test sets the stage and reads the journal. It is not part of
//! the vendor's API, needs no token, and is never in the journal.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Reply;
use crate::app::App;
use crate::fault::Fault;
use crate::inhouse::Person;
use crate::profile::Profile;
use crate::rule::Rule;
use crate::state::Reset;
use crate::ticket::Ticket;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/reset", post(reset))
        .route("/_sandbox/profiles", get(profiles).post(add_profiles))
        .route("/_sandbox/faults", get(faults).post(order_fault).delete(clear_faults))
        .route("/_sandbox/journal", get(journal))
        .route("/_sandbox/tickets", get(tickets).post(add_tickets))
        .route("/_sandbox/rules", get(rules))
        .route("/_sandbox/rules/{id}/approve", post(approve))
        .route("/_sandbox/people", get(people).post(add_people))
        .route("/_sandbox/erasures/{id}/approve", post(approve_erasure))
        .route("/_sandbox/{*unknown}", axum::routing::any(unknown))
}

fn ok(body: Value) -> Response {
    Reply::json(200, body).into_response()
}

fn refuse(status: u16, message: &str) -> Response {
    Reply::json(status, json!({ "error": message })).into_response()
}

fn read<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Box<Response>> {
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(text).map_err(|error| Box::new(refuse(400, &error.to_string())))
}

async fn health() -> Response {
    ok(json!({ "ok": true }))
}

async fn unknown() -> Response {
    refuse(404, "no such control route")
}

async fn reset(Shared(app): Shared<App>, body: Bytes) -> Response {
    let reset: Reset = match read(&body) {
        Ok(reset) => reset,
        Err(response) => return *response,
    };
    let (mut state, now) = app.now();
    state.reset(reset, now);
    ok(json!({ "ok": true }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddProfiles {
    profiles: Vec<Profile>,
}

async fn add_profiles(Shared(app): Shared<App>, body: Bytes) -> Response {
    let add: AddProfiles = match read(&body) {
        Ok(add) => add,
        Err(response) => return *response,
    };
    let (mut state, now) = app.now();
    let ids = state.add_profiles(add.profiles, now);
    ok(json!({ "ids": ids }))
}

#[derive(Deserialize)]
struct WhichProfiles {
    email: Option<String>,
    #[serde(default)]
    all: bool,
}

async fn profiles(Shared(app): Shared<App>, Query(which): Query<WhichProfiles>) -> Response {
    let (state, _) = app.now();
    ok(json!(state.remaining(which.email.as_deref(), which.all)))
}

async fn order_fault(Shared(app): Shared<App>, body: Bytes) -> Response {
    let fault: Fault = match read(&body) {
        Ok(fault) => fault,
        Err(response) => return *response,
    };
    match app.now().0.faults.order(fault) {
        Ok(id) => ok(json!({ "id": id })),
        Err(message) => refuse(400, &message),
    }
}

async fn faults(Shared(app): Shared<App>) -> Response {
    ok(json!(app.now().0.faults.list()))
}

async fn clear_faults(Shared(app): Shared<App>) -> Response {
    app.now().0.faults.clear();
    ok(json!({ "ok": true }))
}

async fn journal(Shared(app): Shared<App>) -> Response {
    ok(json!(app.now().0.journal))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddTickets {
    tickets: Vec<Ticket>,
}

async fn add_tickets(Shared(app): Shared<App>, body: Bytes) -> Response {
    let add: AddTickets = match read(&body) {
        Ok(add) => add,
        Err(response) => return *response,
    };
    app.now().0.add_tickets(add.tickets);
    ok(json!({ "ok": true }))
}

async fn tickets(Shared(app): Shared<App>) -> Response {
    ok(json!(app.now().0.tickets()))
}

async fn rules(Shared(app): Shared<App>) -> Response {
    let (state, _) = app.now();
    let shown: Vec<Value> = state.rules().iter().map(Rule::show).collect();
    ok(json!(shown))
}

async fn people(Shared(app): Shared<App>) -> Response {
    ok(json!(app.now().0.inhouse.people()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddPeople {
    people: Vec<Person>,
}

async fn add_people(Shared(app): Shared<App>, body: Bytes) -> Response {
    let add: AddPeople = match read(&body) {
        Ok(add) => add,
        Err(response) => return *response,
    };
    app.now().0.inhouse.add_people(add.people);
    ok(json!({ "ok": true }))
}

async fn approve_erasure(Shared(app): Shared<App>, Path(id): Path<String>) -> Response {
    let (mut state, now) = app.now();
    let finish_at = state.finish_at(now);
    match state.inhouse.approve(&id, finish_at) {
        Some(shown) => ok(shown),
        None => refuse(404, "no such erasure"),
    }
}

async fn approve(Shared(app): Shared<App>, Path(id): Path<String>) -> Response {
    let (mut state, now) = app.now();
    match state.approve(&id, now) {
        Some(rule) => ok(rule.show()),
        None => refuse(404, "no such rule"),
    }
}
