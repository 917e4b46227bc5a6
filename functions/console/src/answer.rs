//! How the API answers: JSON, or an error with a code for machines and a sentence for people. An error
//! repeats nothing that was sent, except ids that were checked.

use crate::errors;
use crate::role::Role;
use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::kind::Kind;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::operations::accept::AcceptError;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::extend::ExtendError;
use rightful_domain::operations::person::review::ReviewError;
use rightful_domain::operations::person::see::ShowError;
use rightful_domain::operations::set_up::{SetUpError, Standing};
use rightful_domain::ports::set_up::Objection;
use rightful_domain::view::error::{ErrorBody, ErrorView};
use serde::Serialize;

/// An HTTP response, before it is written for API Gateway.
pub(crate) struct Response {
    pub status: u16,
    /// The error's code; a success has none.
    pub code: Option<Code>,
    /// For the log: the failure behind an error that is not the caller's fault.
    pub cause: Option<String>,
    pub body: Option<Vec<u8>>,
    /// The methods that a path takes, when another one was used.
    allow: Option<String>,
}

/// Why a call is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    details: Vec<Objection>,
    /// Boxed, so that the result of every other call stays small.
    standing: Option<Box<Standing>>,
    cause: Option<String>,
    allow: Option<Box<str>>,
}

impl Response {
    /// A view, as JSON.
    pub fn json(status: u16, view: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(view).map_err(|_| Failure::of(Code::AnswerUnwritable))?;
        Ok(Self::file(status, body))
    }

    /// A file that is JSON already, byte for byte.
    pub fn file(status: u16, body: Vec<u8>) -> Self {
        Self { status, code: None, cause: None, body: Some(body), allow: None }
    }

    /// Success, without a body.
    pub fn no_content() -> Self {
        Self { status: 204, code: None, cause: None, body: None, allow: None }
    }

    pub fn for_gateway(self) -> ApiGatewayV2httpResponse {
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status);
        let mut header = |name: &'static str, value: HeaderValue| {
            response.headers.insert(name, value);
        };
        // An answer may hold personal data, which no cache may keep.
        header("cache-control", HeaderValue::from_static("no-store"));
        if self.body.is_some() {
            header("content-type", HeaderValue::from_static("application/json"));
        }
        if self.status == 503 {
            header("retry-after", HeaderValue::from_static("5"));
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::from_str(&allow).ok()) {
            header("allow", allow);
        }
        // Every body is JSON that was written here or checked before, so it is text.
        response.body = self.body.and_then(|body| String::from_utf8(body).ok()).map(Body::Text);
        response
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, message, details, standing, cause, allow } = refusal;
        let view = ErrorBody {
            error: ErrorView { code: code.to_string(), message, details, standing: standing.map(|one| *one) },
        };
        Self {
            status: errors::status(code),
            code: Some(code),
            cause,
            body: serde_json::to_vec(&view).ok(),
            allow: allow.map(String::from),
        }
    }
}

impl Refusal {
    pub fn new(code: Code, message: impl ToString) -> Self {
        let message = message.to_string();
        Self { code, message, details: Vec::new(), standing: None, cause: None, allow: None }
    }

    pub fn with(self, details: Vec<Objection>) -> Self {
        Self { details, ..self }
    }

    /// For an error that is not the caller's fault: the cause is logged and told to the caller.
    fn caused_by(self, cause: impl ToString) -> Self {
        let cause = cause.to_string();
        Self { details: objection("cause", cause.as_str()), cause: Some(cause), ..self }
    }

    pub fn allowing(self, methods: &[&str]) -> Self {
        Self { allow: Some(methods.join(", ").into()), ..self }
    }

    pub fn role(needs: Role) -> Self {
        Self::new(
            Code::RoleMissing,
            format!("this needs the role `{}`, which you don't have", needs.as_str()),
        )
    }

    pub fn no_request() -> Self {
        Self::new(
            Code::RequestNotFound,
            "there is no such request: `GET /api/requests` lists those there are",
        )
    }
}

/// One objection.
pub(crate) fn objection(name: impl Into<String>, what: impl Into<String>) -> Vec<Objection> {
    vec![Objection { name: name.into(), what: what.into() }]
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match (failure.kind, failure.code) {
            (_, Code::PersonForgotten) => Self::new(Code::PersonForgotten,
                "the person of this request is forgotten, and with them what it would need: make a new request",
            ),
            (_, Code::CopyExpired) => {
                Self::new(Code::CopyExpired, "the copy is deleted: make a new request")
            }
            (Kind::Transient | Kind::Unknown, code) => {
                Self::new(Code::Unavailable, "it could not be done now: try again").caused_by(code)
            }
            (Kind::Misconfigured | Kind::Refused, code) => Self::new(Code::Misconfigured,
                "the deployment itself stands in the way: have its platform engineer look at the console's log",
            )
            .caused_by(code),
        }
    }
}

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        let code = match &error {
            AcceptError::NoIdentifier => Code::IdentifierNone,
            AcceptError::UnknownSource(_) => Code::SourceUnknown,
            AcceptError::DisabledSource(_) => Code::SourceDisabled,
            AcceptError::NoSource => Code::SourceNone,
            AcceptError::KindNotTaken { .. } => Code::IdentifierKindUnknown,
            AcceptError::Identifier { .. } => Code::IdentifierMalformed,
            AcceptError::ReceivedAt(_) => Code::ReceivedAtMalformed,
            AcceptError::TooManySources(_) => Code::TooManySources,
            AcceptError::Conflict(_) => Code::KeyConflict,
            AcceptError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}

impl From<WhyNot> for Refusal {
    fn from(why: WhyNot) -> Self {
        match why {
            WhyNot::ReceiptNotKept => Failure::of(why.code()).into(),
            _ => Self::new(why.code(), why),
        }
    }
}

impl From<ReviewError> for Refusal {
    fn from(error: ReviewError) -> Self {
        let code = match &error {
            ReviewError::NotFound => return Self::no_request(),
            ReviewError::Not(why) => return why.clone().into(),
            ReviewError::Sources => Code::SourcesMalformed,
            ReviewError::UnknownSource(_) => Code::SourceNotInRequest,
            ReviewError::Changed(_) => Code::RecordsChanged,
            ReviewError::SearchedAt(_) => Code::SearchedAtMissing,
            ReviewError::Marked(..) => Code::MarkedNotConfirmed,
            ReviewError::Doubtful(..) => Code::SetAsideNotConfirmed,
            ReviewError::Reason => Code::ReasonMalformed,
            ReviewError::Ground => Code::GroundDoesNotStand,
            ReviewError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}

impl From<ActError> for Refusal {
    fn from(error: ActError) -> Self {
        let code = match &error {
            ActError::NotFound => return Self::no_request(),
            ActError::Not(why) => return why.clone().into(),
            ActError::UnknownSource(_) => Code::SourceNotInRequest,
            ActError::Identifier(..) => Code::IdentifierNotTaken,
            ActError::NotErasure(_) => Code::NotErasure,
            ActError::NothingToDo => Code::NothingToDo,
            ActError::Reason => Code::ReasonMalformed,
            ActError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}

impl From<ExtendError> for Refusal {
    fn from(error: ExtendError) -> Self {
        let code = match &error {
            ExtendError::Months => Code::MonthsMalformed,
            ExtendError::NotFound => return Self::no_request(),
            ExtendError::Not(why) => return why.clone().into(),
            ExtendError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}

impl From<ShowError> for Refusal {
    fn from(error: ShowError) -> Self {
        let code = match &error {
            ShowError::NotFound => return Self::no_request(),
            ShowError::Not(why) => return why.clone().into(),
            ShowError::UnknownSource(_) => Code::SourceNotInRequest,
            ShowError::Moved(_) => Code::SourceMoved,
            ShowError::Unanswered(_, cause) => {
                return Self::new(Code::Unavailable, &error).caused_by(cause);
            }
            ShowError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}

impl From<SetUpError> for Refusal {
    fn from(error: SetUpError) -> Self {
        let code = match &error {
            SetUpError::UnknownConnector => Code::ConnectorUnknown,
            SetUpError::Exists(_) => Code::SourceExists,
            SetUpError::NotFound(_) => Code::SourceNotFound,
            SetUpError::Wrong(objections) => {
                return Self::new(
                    Code::SetUpWrong,
                    "the set-up can't be right: the details say what is wrong",
                )
                .with(objections.clone());
            }
            SetUpError::Nothing(_) => Code::NothingToChange,
            SetUpError::TargetInUse(_, standing) => {
                let standing = Some(Box::new(standing.clone()));
                return Self { standing, ..Self::new(Code::TargetInUse, error) };
            }
            SetUpError::InUse(..) => Code::SourceInUse,
            SetUpError::Conflict(_) => Code::SourceChanged,
            SetUpError::Failed(failure) => return (*failure).into(),
        };
        Self::new(code, error)
    }
}
