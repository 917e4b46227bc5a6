//! All routes of the API: the method and path of each, the parameters of its query, and the handler that answers it.

use crate::handlers::{acts, connectors, journal, people, requests, sources, ticketing};
use crate::ports::Outside;
use crate::query::{CURSOR, LIMIT, Parameter};
use crate::route::Route;

const STATE: Parameter = Parameter { name: "state" };
const AFTER: Parameter = Parameter { name: "after" };
const BEFORE: Parameter = Parameter { name: "before" };
const CLOSING: Parameter = Parameter { name: "closing" };

/// The routes; the `allow` header names the methods of a path in this order.
pub(crate) fn routes<O: Outside>() -> Vec<Route<O>> {
    vec![
        Route::new("GET", "/api/connectors", &[LIMIT, CURSOR], connectors::list),
        Route::new("GET", "/api/sources", &[LIMIT, CURSOR], sources::list),
        Route::with_body("POST", "/api/sources", sources::add),
        Route::new("GET", "/api/sources/{source}", &[], sources::show),
        Route::with_body("PATCH", "/api/sources/{source}", sources::change),
        Route::with_body("PUT", "/api/sources/{source}/review", sources::review),
        Route::new("DELETE", "/api/sources/{source}", &[], sources::remove),
        Route::with_body("POST", "/api/sources/{source}/test", sources::test),
        Route::with_body("PUT", "/api/ticketing/{channel}", ticketing::set),
        Route::new("GET", "/api/requests", &[STATE, LIMIT, CURSOR], requests::list),
        Route::with_body("POST", "/api/requests", requests::new),
        Route::new("GET", "/api/requests/{id}", &[], requests::show),
        Route::new("GET", "/api/requests/{id}/events", &[AFTER, LIMIT], requests::events),
        Route::with_body("POST", "/api/requests/{id}/records", people::records),
        Route::with_body("POST", "/api/requests/{id}/compare", people::compare),
        Route::with_body("POST", "/api/requests/{id}/reasons", people::reasons),
        Route::with_body("POST", "/api/requests/{id}/identify", acts::identify),
        Route::with_body("POST", "/api/requests/{id}/review", acts::review),
        Route::with_body("POST", "/api/requests/{id}/run", acts::run),
        Route::with_body("POST", "/api/requests/{id}/reopen", acts::reopen),
        Route::with_body("POST", "/api/requests/{id}/cancel", acts::cancel),
        Route::with_body("POST", "/api/requests/{id}/state", acts::state),
        Route::with_body("POST", "/api/requests/{id}/extend", acts::extend),
        Route::with_body("POST", "/api/requests/{id}/copy", people::copy),
        Route::new("GET", "/api/requests/{id}/receipt", &[CLOSING], requests::receipt),
        Route::new("GET", "/api/journal", &[LIMIT, CURSOR, BEFORE], journal::list),
    ]
}
