//! The status of each error of the API. Its code says the rest: see [`Code`].

use rightful_domain::base::code::Code;

/// The HTTP status with which the API gives a code; a code that it never gives by itself is a fault of the
/// deployment.
pub(crate) const fn status(code: Code) -> u16 {
    match code {
        Code::BodyMalformed
        | Code::BodyNotJson
        | Code::BodyUnreadable
        | Code::IdMalformed
        | Code::ParameterMalformed => 400,
        Code::IdentityMissing | Code::RoleMissing => 403,
        Code::ChannelUnknown
        | Code::ReceiptNotFound
        | Code::RequestNotFound
        | Code::RouteUnknown
        | Code::SourceNotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::CopyExpired
        | Code::CopyNotThere
        | Code::IdentifierMissing
        | Code::IdentifierNotMissing
        | Code::KeyConflict
        | Code::MarkedNotConfirmed
        | Code::NotAccess
        | Code::NotAwaitingReview
        | Code::NotErasure
        | Code::NotHandedOver
        | Code::NotLonger
        | Code::NothingToDo
        | Code::NothingToShow
        | Code::PersonForgotten
        | Code::RecordsChanged
        | Code::RequestClosed
        | Code::RequestOpen
        | Code::RequestSynthetic
        | Code::SearchedAtMissing
        | Code::SetAsideNotConfirmed
        | Code::SignInLinksOff
        | Code::SourceChanged
        | Code::SourceDisabled
        | Code::SourceExists
        | Code::SourceInUse
        | Code::SourceMoved
        | Code::SourceNone
        | Code::Submitted
        | Code::TargetInUse
        | Code::TaskOver
        | Code::TooLate
        | Code::UnderWay => 409,
        Code::BodyTooLarge => 413,
        Code::ConnectorUnknown
        | Code::GroundDoesNotStand
        | Code::GroundMissing
        | Code::GroundOutOfPlace
        | Code::IdentifierKindUnknown
        | Code::IdentifierMalformed
        | Code::IdentifierNone
        | Code::IdentifierNotTaken
        | Code::KeyMalformed
        | Code::MonthsMalformed
        | Code::NothingToChange
        | Code::ReasonMalformed
        | Code::ReceivedAtMalformed
        | Code::SetUpWrong
        | Code::SourceNotInRequest
        | Code::SourceUnknown
        | Code::SourcesMalformed
        | Code::TooManyIdentifiers
        | Code::TooManySources => 422,
        Code::Unavailable => 503,
        _ => 500,
    }
}

/// The meaning of a status, whatever the error's code is.
#[cfg(feature = "schema")]
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
