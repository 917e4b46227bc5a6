//! All routes of the API: the role that each needs on the pages, its method and path, the parameters of its query,
//! the handler that answers it, and the words about it.

use crate::handlers::{
    acts, connectors, journal, links, overview, people, requests, sources, ticketing, work,
};
use crate::ports::Outside;
use crate::query::{CURSOR, LIMIT, Parameter, Takes};
use crate::role::Role::{Administrator, Operator, Reviewer, Viewer};
use crate::route::Route;
use rightful_domain::duty::acts::May;

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

const REFERENCE: Parameter =
    Parameter { name: "reference", about: "Only requests of this ticket.", takes: Takes::Text };

/// The parameters of the list of all requests.
const ALL: &[Parameter] = &[STATE, RIGHT, SOURCE, REFERENCE, LIMIT, CURSOR];
/// The parameters of the work list.
const WORK: &[Parameter] = &[PERSON, DUE_WITHIN, RIGHT, SOURCE, REFERENCE, LIMIT, CURSOR];

/// The routes; the `allow` header names the methods of a path in this order.
pub(crate) fn routes<O: Outside>() -> Vec<Route<O>> {
    vec![
        Route::new(Viewer, "GET", "/api/connectors", &[LIMIT, CURSOR], connectors::list, &connectors::LIST),
        Route::new(Viewer, "GET", "/api/sources", &[LIMIT, CURSOR], sources::list, &sources::LIST),
        Route::with_body(Administrator, "POST", "/api/sources", sources::add, &sources::ADD),
        Route::new(Viewer, "GET", "/api/sources/{source}", &[], sources::show, &sources::SHOW),
        Route::with_body(Administrator, "PATCH", "/api/sources/{source}", sources::change, &sources::CHANGE),
        Route::with_body(
            Administrator,
            "PUT",
            "/api/sources/{source}/review",
            sources::review,
            &sources::REVIEW,
        ),
        Route::new(Administrator, "DELETE", "/api/sources/{source}", &[], sources::remove, &sources::REMOVE),
        Route::with_body(Operator, "POST", "/api/sources/{source}/test", sources::test, &sources::TEST),
        Route::with_body(Administrator, "PUT", "/api/ticketing/{channel}", ticketing::set, &ticketing::SET),
        Route::new(Viewer, "GET", "/api/overview", &[], overview::show, &overview::SHOW),
        // Before `{id}`, which would match it too.
        Route::new(Viewer, "GET", "/api/requests/work", WORK, work::list, &work::LIST),
        Route::new(Viewer, "GET", "/api/requests", ALL, requests::list, &requests::LIST),
        Route::with_body(Operator, "POST", "/api/requests/find", requests::find, &requests::FIND),
        Route::with_body(Operator, "POST", "/api/requests", requests::new, &requests::NEW),
        Route::new(Viewer, "GET", "/api/requests/{id}", &[], requests::show, &requests::SHOW),
        Route::new(
            Viewer,
            "GET",
            "/api/requests/{id}/events",
            &[AFTER, LIMIT],
            requests::events,
            &requests::EVENTS,
        ),
        Route::with_body(Operator, "POST", "/api/requests/{id}/records", people::records, &people::RECORDS),
        Route::with_body(Operator, "POST", "/api/requests/{id}/compare", people::compare, &people::COMPARE),
        Route::with_body(
            Operator,
            "POST",
            "/api/requests/{id}/identifiers",
            people::identifiers,
            &people::IDENTIFIERS,
        ),
        Route::with_body(Operator, "POST", "/api/requests/{id}/reasons", people::reasons, &people::REASONS),
        Route::with_body(Operator, "POST", "/api/requests/{id}/identify", acts::identify, &acts::IDENTIFY),
        Route::with_body(Reviewer, "POST", "/api/requests/{id}/review", acts::review, &acts::REVIEW),
        Route::with_body(Operator, "POST", "/api/requests/{id}/run", acts::run, &acts::RUN),
        Route::with_body(Operator, "POST", "/api/requests/{id}/reopen", acts::reopen, &acts::REOPEN),
        Route::with_body(Operator, "POST", "/api/requests/{id}/cancel", acts::cancel, &acts::CANCEL),
        Route::with_body(Reviewer, "POST", "/api/requests/{id}/state", acts::state, &acts::STATE),
        Route::with_body(Operator, "POST", "/api/requests/{id}/extend", acts::extend, &acts::EXTEND),
        Route::with_body(Operator, "POST", "/api/requests/{id}/copy", people::copy, &people::COPY),
        Route::new(
            Viewer,
            "GET",
            "/api/requests/{id}/receipt",
            &[CLOSING],
            requests::receipt,
            &requests::RECEIPT,
        ),
        Route::new(Viewer, "GET", "/api/journal", &[LIMIT, CURSOR, BEFORE], journal::list, &journal::LIST),
        Route::with_body(Viewer, "POST", "/api/console/link", links::new, &links::NEW),
    ]
}

/// The route of an act on a request.
pub(crate) fn route_of(may: May) -> (&'static str, &'static str) {
    match may {
        May::Identify => ("POST", "/api/requests/{id}/identify"),
        May::Records => ("POST", "/api/requests/{id}/records"),
        May::Compare => ("POST", "/api/requests/{id}/compare"),
        May::Identifiers => ("POST", "/api/requests/{id}/identifiers"),
        May::Reasons => ("POST", "/api/requests/{id}/reasons"),
        May::Proceed | May::Refuse | May::LeaveOut => ("POST", "/api/requests/{id}/review"),
        May::Run => ("POST", "/api/requests/{id}/run"),
        May::State => ("POST", "/api/requests/{id}/state"),
        May::Cancel => ("POST", "/api/requests/{id}/cancel"),
        May::Extend => ("POST", "/api/requests/{id}/extend"),
        May::Reopen => ("POST", "/api/requests/{id}/reopen"),
        May::Copy => ("POST", "/api/requests/{id}/copy"),
        May::Receipt => ("GET", "/api/requests/{id}/receipt"),
    }
}
