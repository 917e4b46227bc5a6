//! Every error of the API: its status, its code, and what it means.

#![cfg_attr(not(feature = "schema"), expect(dead_code, reason = "only infra/openapi.yaml has these words"))]

/// An error, as clients tell it apart.
pub(crate) struct ErrorCode {
    pub status: u16,
    pub code: &'static str,
    pub means: &'static str,
}

const fn error(status: u16, code: &'static str, means: &'static str) -> ErrorCode {
    ErrorCode { status, code, means }
}

/// What a status means, whatever the error's code is.
pub(crate) fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The call can't be read as it was sent.",
        403 => "The call is not signed by a known identity.",
        404 => "It does not exist.",
        405 => "The path takes other methods, which the header `allow` names.",
        409 => "It conflicts with the current state: look again.",
        413 => "The body is too large.",
        422 => "It can't be accepted as it is.",
        500 => {
            "The deployment itself is at fault: its platform engineer finds the cause in the console's log."
        }
        503 => "It could not be done now. Try again after the seconds in the header `retry-after`.",
        _ => "Done.",
    }
}

// Errors of every route, and of all that have an id in their path or take a body.

pub(crate) const ROUTE_UNKNOWN: ErrorCode = error(404, "route_unknown", "The API has no such path.");
pub(crate) const METHOD_NOT_ALLOWED: ErrorCode =
    error(405, "method_not_allowed", "The path does not take this method.");
pub(crate) const IDENTITY_MISSING: ErrorCode =
    error(403, "identity_missing", "API Gateway names no IAM identity.");
pub(crate) const PARAMETER_MALFORMED: ErrorCode =
    error(400, "parameter_malformed", "A query parameter is unknown, given twice, or wrong.");
pub(crate) const MISCONFIGURED: ErrorCode =
    error(500, "misconfigured", "The deployment itself is at fault; `cause` says why.");
pub(crate) const UNAVAILABLE: ErrorCode = error(503, "unavailable", "A temporary failure: try again.");
pub(crate) const ID_MALFORMED: ErrorCode = error(400, "id_malformed", "The id in the path is malformed.");
pub(crate) const REQUEST_NOT_FOUND: ErrorCode = error(404, "request_not_found", "There is no such request.");
pub(crate) const SOURCE_NOT_FOUND: ErrorCode =
    error(404, "source_not_found", "There is no such data source.");
pub(crate) const BODY_MALFORMED: ErrorCode =
    error(400, "body_malformed", "A member of the body is unknown, missing or wrong; the message names it.");
pub(crate) const BODY_NOT_JSON: ErrorCode = error(400, "body_not_json", "The body is not one JSON object.");
pub(crate) const BODY_UNREADABLE: ErrorCode =
    error(400, "body_unreadable", "The body is marked as base64 and is not base64.");
pub(crate) const BODY_TOO_LARGE: ErrorCode = error(413, "body_too_large", "The body is larger than 256 KiB.");

// Data sources and tickets.

pub(crate) const CHANNEL_UNKNOWN: ErrorCode = error(404, "channel_unknown", "There is no such channel.");
pub(crate) const CONNECTOR_UNKNOWN: ErrorCode =
    error(422, "connector_unknown", "This version has no such connector.");
pub(crate) const NOTHING_TO_CHANGE: ErrorCode =
    error(422, "nothing_to_change", "The data source is set up like this already.");
pub(crate) const SET_UP_WRONG: ErrorCode = error(
    422,
    "set_up_wrong",
    "A parameter, a field of the secret or the control is wrong or missing; the details say which.",
);
pub(crate) const SOURCE_CHANGED: ErrorCode =
    error(409, "source_changed", "Somebody else changed the data source at the same time.");
pub(crate) const SOURCE_EXISTS: ErrorCode =
    error(409, "source_exists", "A data source with this id exists already.");
pub(crate) const SOURCE_IN_USE: ErrorCode =
    error(409, "source_in_use", "Open requests go to the data source.");
pub(crate) const TARGET_IN_USE: ErrorCode = error(
    409,
    "target_in_use",
    "Open tasks could not continue as they are; `standing` lists them and says what would become of each. \
     Let them end first, or make the change with `force`.",
);

// Requests.

pub(crate) const IDENTIFIER_KIND_UNKNOWN: ErrorCode =
    error(422, "identifier_kind_unknown", "No data source of the request is searched by this kind.");
pub(crate) const IDENTIFIER_MALFORMED: ErrorCode = error(
    422,
    "identifier_malformed",
    "The value is not valid for its kind, or could be read in two ways; the message says what to write.",
);
pub(crate) const IDENTIFIER_NONE: ErrorCode =
    error(422, "identifier_none", "No identifier is given, or none has a value.");
pub(crate) const KEY_CONFLICT: ErrorCode = error(
    409,
    "key_conflict",
    "The key was sent before with other content; the message names the request that it made.",
);
pub(crate) const KEY_MALFORMED: ErrorCode =
    error(422, "key_malformed", "The key is too long or contains a character that it may not.");
pub(crate) const PERSON_FORGOTTEN: ErrorCode =
    error(409, "person_forgotten", "The person has been forgotten.");
pub(crate) const RECEIPT_NOT_FOUND: ErrorCode =
    error(404, "receipt_not_found", "There is no receipt of this closing.");
pub(crate) const RECEIVED_AT_MALFORMED: ErrorCode =
    error(422, "received_at_malformed", "The time is in the future, or more than 366 days ago.");
pub(crate) const REQUEST_CLOSED: ErrorCode = error(409, "request_closed", "The request is closed.");
pub(crate) const REQUEST_OPEN: ErrorCode = error(409, "request_open", "The request is open.");
pub(crate) const REQUEST_SYNTHETIC: ErrorCode = error(
    409,
    "request_synthetic",
    "The deployment made the request itself, to see that everything works: this can't be done to it.",
);
pub(crate) const SOURCE_DISABLED: ErrorCode = error(409, "source_disabled", "The data source is disabled.");
pub(crate) const SOURCE_NONE: ErrorCode =
    error(409, "source_none", "No data source is connected, or none is enabled.");
pub(crate) const SOURCE_NOT_IN_REQUEST: ErrorCode =
    error(422, "source_not_in_request", "The request does not go to this data source.");
pub(crate) const SOURCE_UNKNOWN: ErrorCode = error(422, "source_unknown", "There is no such data source.");
pub(crate) const TOO_MANY_IDENTIFIERS: ErrorCode =
    error(422, "too_many_identifiers", "There are more than 20 identifiers.");
pub(crate) const TOO_MANY_SOURCES: ErrorCode =
    error(422, "too_many_sources", "There are more than 40 data sources.");

// What is shown of a person.

pub(crate) const COPY_EXPIRED: ErrorCode = error(409, "copy_expired", "The copy has been deleted.");
pub(crate) const COPY_NOT_THERE: ErrorCode =
    error(409, "copy_not_there", "There is no copy; the message says why.");
pub(crate) const NOT_ACCESS: ErrorCode = error(409, "not_access", "An erasure makes no copy.");
pub(crate) const SOURCE_MOVED: ErrorCode =
    error(409, "source_moved", "The data source points elsewhere since it was searched: run it again.");
pub(crate) const TASK_OVER: ErrorCode =
    error(409, "task_over", "The task is settled: there is nothing left to decide.");

// Acts.

pub(crate) const GROUND_DOES_NOT_STAND: ErrorCode =
    error(422, "ground_does_not_stand", "Art. 17(3) is a ground against erasure only.");
pub(crate) const GROUND_MISSING: ErrorCode = error(422, "ground_missing", "A refusal needs a ground.");
pub(crate) const GROUND_OUT_OF_PLACE: ErrorCode =
    error(422, "ground_out_of_place", "Only a refusal has a ground.");
pub(crate) const IDENTIFIER_MISSING: ErrorCode = error(
    409,
    "identifier_missing",
    "The data source lacks its identifier: there is nothing to proceed with.",
);
pub(crate) const IDENTIFIER_NOT_MISSING: ErrorCode = error(
    409,
    "identifier_not_missing",
    "The data source does not lack its identifier and can be searched: it can't be left out.",
);
pub(crate) const IDENTIFIER_NOT_TAKEN: ErrorCode = error(
    422,
    "identifier_not_taken",
    "The data source is not searched by this kind, or does not take this value.",
);
pub(crate) const MARKED_NOT_CONFIRMED: ErrorCode = error(
    409,
    "marked_not_confirmed",
    "Some records show another value than the request's: confirm how many.",
);
pub(crate) const MONTHS_MALFORMED: ErrorCode =
    error(422, "months_malformed", "A deadline is extended by one or two months.");
pub(crate) const NOT_AWAITING_REVIEW: ErrorCode = error(
    409,
    "not_awaiting_review",
    "The task does not wait for a decision. If somebody decided already, the message says who.",
);
pub(crate) const NOT_ERASURE: ErrorCode =
    error(409, "not_erasure", "The request is for access: nothing is erased for it.");
pub(crate) const NOT_HANDED_OVER: ErrorCode = error(
    409,
    "not_handed_over",
    "Only the end of a task that was handed to a person, or that can't be searched, can be stated.",
);
pub(crate) const NOT_LONGER: ErrorCode =
    error(409, "not_longer", "The deadline is extended by as much already.");
pub(crate) const NOTHING_TO_DO: ErrorCode = error(409, "nothing_to_do", "Every data source was acted on.");
pub(crate) const REASON_MALFORMED: ErrorCode =
    error(422, "reason_malformed", "The reason is empty or longer than 1,000 characters.");
pub(crate) const RECORDS_CHANGED: ErrorCode =
    error(409, "records_changed", "The data source was searched again after you looked.");
pub(crate) const SEARCHED_AT_MISSING: ErrorCode = error(
    409,
    "searched_at_missing",
    "Nothing was found, or there are doubtful records, and the body does not say which search you saw: give \
     `searched_at` as it is shown.",
);
pub(crate) const SET_ASIDE_NOT_CONFIRMED: ErrorCode = error(
    409,
    "set_aside_not_confirmed",
    "Some records that were set aside may be the person's: confirm how many are not.",
);
pub(crate) const SOURCES_MALFORMED: ErrorCode =
    error(422, "sources_malformed", "No data source is named, or one is named twice.");
pub(crate) const SUBMITTED: ErrorCode = error(409, "submitted", "Something was submitted already.");
pub(crate) const TOO_LATE: ErrorCode = error(409, "too_late", "The first month is over.");
pub(crate) const UNDER_WAY: ErrorCode =
    error(409, "under_way", "A submission is under way, or nobody knows how it ended.");
