//! Requests: outcomes, legal dates, extensions, copies.

use super::name;
use crate::terminal::format::{count, duration, size, utc};
use rightful_domain::base::time::Time;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::law::extension::Extension;
use rightful_domain::law::ground::Ground;
use rightful_domain::model::package::Package;
use rightful_domain::model::request::{EndStatus, Repeats, RequestOutcome, RequestState};
use rightful_domain::view::request::RequestView;

/// A synthetic request explained in one line.
pub const SYNTHETIC: &str =
    "the deployment made it itself, for a test address: it concerns no data subject and has no legal date";

/// The words after a request's right, if it is synthetic or else a dry run.
pub fn trial(synthetic: bool, dry_run: bool) -> &'static str {
    match (synthetic, dry_run) {
        (true, _) => " (synthetic, dry run)",
        (false, true) => " (dry run)",
        (false, false) => "",
    }
}

/// The right, and whether the request is synthetic, or else a dry run.
pub fn right(request: &RequestView) -> String {
    let trial = match (request.synthetic, request.dry_run) {
        (true, _) => " (synthetic, and a dry run: nothing is erased or copied)",
        (false, true) => " (dry run: nothing is erased or copied)",
        (false, false) => "",
    };
    format!("{}{trial}", request.right.as_str())
}

/// The meaning of a request's outcome.
pub fn outcome(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Fulfilled => "everything that was found was acted on",
        RequestOutcome::PartlyFulfilled => "only some of what was found was acted on",
        RequestOutcome::NothingFound => "no data source holds a record of this person",
        RequestOutcome::Refused => "a reviewer or the vendor refused it",
        RequestOutcome::Failed => "it could not be done, or only in part",
        RequestOutcome::DryRun => "nothing was erased or copied",
        RequestOutcome::Cancelled => "cancelled before anything was submitted",
    }
}

/// The outcome of a closed request, or the state of an open one.
pub fn outcome_or_state(request: &RequestView) -> String {
    match (request.state, request.outcome) {
        (RequestState::Closed, Some(outcome)) => outcome.as_str().to_owned(),
        (state, _) => name::in_json(state),
    }
}

/// The meaning of the ground of an extension.
pub fn extension_ground(ground: Ground) -> &'static str {
    match ground {
        Ground::Complexity => "the request is complex",
        Ground::NumberOfRequests => "the data subject made many requests",
    }
}

/// An extension in one line.
pub fn extension(extension: &Extension) -> String {
    format!(
        "by {}, {} ({}), by {} at {}",
        count(extension.months, "month", "months"),
        extension.ground.as_str(),
        extension_ground(extension.ground),
        extension.by,
        utc(extension.at),
    )
}

/// The meaning of the end of an execution.
pub fn end_status(status: EndStatus) -> &'static str {
    match status {
        EndStatus::Failed => "it failed, or left something open",
        EndStatus::TimedOut => "it ran longer than it may",
        EndStatus::Aborted => "somebody stopped it",
    }
}

/// A legal date in UTC, and in its own time zone where that is another one.
pub fn legal_date(zone: &LegalZone, at: Time) -> String {
    if zone.is_utc() { utc(at) } else { format!("{}, {}", utc(at), zone.minute(at)) }
}

/// When a request arrived that the person had made earlier.
pub fn arrived(received_at: Time, arrived_at: Time) -> String {
    format!("{}, {} after the person asked", utc(arrived_at), duration(received_at.seconds_until(arrived_at)))
}

/// Demands that came again after the request had closed.
pub fn repeats(repeats: Repeats) -> String {
    let Repeats { times, last_at } = repeats;
    format!(
        "{} since it closed, the last one at {}; nothing ran for {}",
        count(times, "demand", "demands"),
        utc(last_at),
        if times == 1 { "it" } else { "them" }
    )
}

/// A kept copy in one line.
pub fn copy(copy: &Package) -> String {
    format!(
        "{}, {}, kept until {}; SHA-256 {}",
        count(copy.records, "record", "records"),
        size(copy.bytes),
        utc(copy.expires_at),
        copy.sha256
    )
}
