//! Why a call of the API gave no result, and what to do about it.
//!
//! Architecture Invariant: neither a body nor a link is ever part of an error.

use crate::terminal::error::CommandError;
use crate::terminal::exit_code::FAILED;
use crate::terminal::format::plain;
use crate::words::codes;
use rightful_domain::base::code::{AGAIN, Arises, Code, OUTPUTS};
use rightful_domain::ports::set_up::Objection;
use std::fmt;

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// The API refused it, in its own words.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its code.
        code: String,
        /// Its sentence.
        message: String,
        /// The objections, each with its place in the body.
        details: Vec<Objection>,
    },
    /// There are no AWS credentials to sign with.
    NotSignedIn,
    /// AWS doesn't know the caller, or doesn't let them make this call.
    Forbidden,
    /// API Gateway answered that it has no such route.
    NoRoute,
    /// Something else answered than this API.
    NotAnApi,
    /// Nothing answered, so nothing was sent.
    NotReached,
    /// The API can't answer now.
    Unavailable,
    /// The call was sent, and its result is unknown.
    Lost,
    /// The API's answer is in a form that this version doesn't know.
    Unreadable,
}

/// The name of the detail that is the code of what failed in the deployment.
const CAUSE: &str = "cause";

impl ApiError {
    /// Whether the failure concerns the deployment rather than this call: a batch then stops, and goes on after
    /// any other failure.
    pub fn concerns_the_deployment(&self) -> bool {
        match self {
            ApiError::Refused { status, code, .. } => {
                *status >= 500 || matches!(*status, 401 | 403 | 429) || code == Code::SourceNone.as_str()
            }
            _ => true,
        }
    }

    /// Whether a later call may succeed.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            ApiError::Refused { status, .. } => *status > 500 || *status == 429,
            ApiError::NotReached | ApiError::Unavailable | ApiError::Lost => true,
            _ => false,
        }
    }

    /// The code that the API gave.
    fn code(&self) -> Option<&str> {
        match self {
            ApiError::Refused { code, details, .. } => {
                let cause = details.iter().find(|detail| detail.name == CAUSE);
                Some(cause.map_or(code, |cause| &cause.what))
            }
            _ => None,
        }
    }

    /// Says what is wrong, in one sentence or a few lines.
    pub fn what(&self) -> String {
        self.words().0
    }

    /// Says what is wrong, and what to do.
    fn words(&self) -> (String, String) {
        let (what, todo) = match self {
            ApiError::Refused { status, code, message, details } => {
                return refused(*status, code, message, details);
            }
            ApiError::NotSignedIn => {
                let code = Code::AwsCredentialsMissing;
                (code.what(), code.todo())
            }
            ApiError::Forbidden => (
                "AWS doesn't let the caller use this deployment's API: the identity is unknown, or isn't allowed to",
                "sign in, use another --profile, or allow this one to call execute-api:Invoke on the API (the policy is in the deployment's outputs)",
            ),
            ApiError::NoRoute => (
                "the API doesn't know this call",
                "use the `rightful` of the version that is deployed, and compare `api_url` in the stack file with the deployment's outputs",
            ),
            ApiError::NotAnApi => {
                ("the server at `api_url` of the stack file is not a deployment's API", OUTPUTS)
            }
            ApiError::NotReached => (
                "the deployment's API can't be reached, so nothing was sent",
                "check that the deployment runs and that this machine can reach it, then try again",
            ),
            ApiError::Unavailable => ("the deployment's API can't answer now", AGAIN),
            ApiError::Lost => (
                "the deployment didn't answer in time, so it is not known whether this was done",
                "look first (`rightful request show ID`, `rightful source list`, `rightful journal`), then try again if it wasn't",
            ),
            ApiError::Unreadable => (
                "this version of `rightful` can't read the API's answer",
                "use the `rightful` of the version that is deployed",
            ),
        };
        (what.to_owned(), todo.to_owned())
    }
}

/// A refusal in words: those of the code if this version has them, else the API's own.
fn refused(status: u16, code: &str, message: &str, details: &[Objection]) -> (String, String) {
    // A failure of the deployment itself has a code of its own.
    let cause = details.iter().find(|detail| detail.name == CAUSE).map(|detail| detail.what.as_str());
    let known = Code::parse(cause.unwrap_or(code));
    let says_more = |code: &Code| code.arises() != Arises::Call;
    let mut what = known.filter(says_more).map_or_else(|| plain(message), |code| code.what().to_owned());
    for detail in details.iter().filter(|detail| detail.name != CAUSE) {
        let objection = plain(&detail.what);
        if what.contains(&objection) {
            continue;
        }
        what.push_str("\n  ");
        if !detail.name.is_empty() {
            what.push_str(&format!("`{}`: ", plain(&detail.name)));
        }
        what.push_str(&objection);
    }
    let todo = known.map_or(
        match status {
            404 => "`rightful request list` and `rightful source list` show what there is",
            409 => {
                "look at the current state, then decide: `rightful request show ID`, `rightful source list`"
            }
            400 | 422 => "correct it, then try again",
            _ => AGAIN,
        },
        |code| codes::for_a_command(code.as_str()),
    );
    (what, todo.to_owned())
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        let (what, todo) = error.words();
        CommandError { what, todo, code: error.code().map(ToOwned::to_owned), exit: FAILED }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        CommandError::from(self.clone()).fmt(f)
    }
}

impl std::error::Error for ApiError {}

/// The error that a command ended with, in its form for people.
pub fn command_error_of(error: &anyhow::Error) -> Option<CommandError> {
    let of_the_api = error.downcast_ref::<ApiError>().cloned();
    of_the_api.map(CommandError::from).or_else(|| error.downcast_ref::<CommandError>().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_says_can_not_steer_the_terminal() {
        let error = ApiError::Refused {
            status: 400,
            code: "x".to_owned(),
            message: "one\u{1b}[31mtwo".to_owned(),
            details: Vec::new(),
        };
        assert_eq!(error.what(), "one[31mtwo");
    }
}
