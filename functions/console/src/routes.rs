//! All routes of the API: the method and path of each, the parameters of its query, the handler that answers
//! it, and the words about it.

use crate::handlers::{acts, connectors, journal, people, requests, sources, ticketing, work};
use crate::ports::Outside;
use crate::query::{CURSOR, LIMIT, Parameter, Takes};
use crate::route::Route;

const STATE: Parameter =
    Parameter { name: "state", about: "Only requests in this state.", takes: Takes::RequestState };
const PERSON: Parameter =
    Parameter { name: "person", about: "Only requests that wait for a person.", takes: Takes::Flag };
const DUE_WITHIN: Parameter = Parameter {
    name: "due_within",
    about: "Only requests whose legal deadline is at most so many days away; 0: only overdue ones.",
    takes: Takes::Number { least: 0, most: None, default: None },
};
const RIGHT: Parameter =
    Parameter { name: "right", about: "Only requests for this right.", takes: Takes::Right };
const SOURCE: Parameter =
    Parameter { name: "source", about: "Only requests that ask this data source.", takes: Takes::Text };
const AFTER: Parameter = Parameter {
    name: "after",
    about: "Only events with a higher number.",
    takes: Takes::Number { least: 0, most: None, default: Some(0) },
};
const BEFORE: Parameter = Parameter {
    name: "before",
    about: "Only entries with a lower number.",
    takes: Takes::Number { least: 0, most: None, default: None },
};
const CLOSING: Parameter = Parameter {
    name: "closing",
    about: "Which closing, counted from 0; the last one if left out.",
    takes: Takes::Number { least: 0, most: None, default: None },
};

/// The parameters of the work list.
const WORK: &[Parameter] = &[PERSON, DUE_WITHIN, RIGHT, SOURCE, LIMIT, CURSOR];

/// The routes; the `allow` header names the methods of a path in this order.
pub(crate) fn routes<O: Outside>() -> Vec<Route<O>> {
    vec![
        Route::new("GET", "/api/connectors", &[LIMIT, CURSOR], connectors::list, &connectors::LIST),
        Route::new("GET", "/api/sources", &[LIMIT, CURSOR], sources::list, &sources::LIST),
        Route::with_body("POST", "/api/sources", sources::add, &sources::ADD),
        Route::new("GET", "/api/sources/{source}", &[], sources::show, &sources::SHOW),
        Route::with_body("PATCH", "/api/sources/{source}", sources::change, &sources::CHANGE),
        Route::with_body("PUT", "/api/sources/{source}/review", sources::review, &sources::REVIEW),
        Route::new("DELETE", "/api/sources/{source}", &[], sources::remove, &sources::REMOVE),
        Route::with_body("POST", "/api/sources/{source}/test", sources::test, &sources::TEST),
        Route::with_body("PUT", "/api/ticketing/{channel}", ticketing::set, &ticketing::SET),
        // Before `{id}`, which would match it too.
        Route::new("GET", "/api/requests/work", WORK, work::list, &work::LIST),
        Route::new("GET", "/api/requests", &[STATE, LIMIT, CURSOR], requests::list, &requests::LIST),
        Route::with_body("POST", "/api/requests/find", requests::find, &requests::FIND),
        Route::with_body("POST", "/api/requests", requests::new, &requests::NEW),
        Route::new("GET", "/api/requests/{id}", &[], requests::show, &requests::SHOW),
        Route::new("GET", "/api/requests/{id}/events", &[AFTER, LIMIT], requests::events, &requests::EVENTS),
        Route::with_body("POST", "/api/requests/{id}/records", people::records, &people::RECORDS),
        Route::with_body("POST", "/api/requests/{id}/compare", people::compare, &people::COMPARE),
        Route::with_body("POST", "/api/requests/{id}/reasons", people::reasons, &people::REASONS),
        Route::with_body("POST", "/api/requests/{id}/identify", acts::identify, &acts::IDENTIFY),
        Route::with_body("POST", "/api/requests/{id}/review", acts::review, &acts::REVIEW),
        Route::with_body("POST", "/api/requests/{id}/run", acts::run, &acts::RUN),
        Route::with_body("POST", "/api/requests/{id}/reopen", acts::reopen, &acts::REOPEN),
        Route::with_body("POST", "/api/requests/{id}/cancel", acts::cancel, &acts::CANCEL),
        Route::with_body("POST", "/api/requests/{id}/state", acts::state, &acts::STATE),
        Route::with_body("POST", "/api/requests/{id}/extend", acts::extend, &acts::EXTEND),
        Route::with_body("POST", "/api/requests/{id}/copy", people::copy, &people::COPY),
        Route::new("GET", "/api/requests/{id}/receipt", &[CLOSING], requests::receipt, &requests::RECEIPT),
        Route::new("GET", "/api/journal", &[LIMIT, CURSOR, BEFORE], journal::list, &journal::LIST),
    ]
}
