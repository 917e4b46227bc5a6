//! How the API answers: JSON, or an error with a code for machines and a sentence for people. An error
//! repeats nothing that was sent, except ids that were checked.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::HeaderValue;
use rightful_domain::base::failure::{Failure, Kind};
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
    /// For the log: the error's code, or `ok`.
    pub code: &'static str,
    /// For the log: the failure behind an error that is not the caller's fault.
    pub cause: Option<String>,
    body: Option<Vec<u8>>,
    /// The methods that a path takes, when another one was used.
    allow: Option<String>,
}

/// Why a call is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: &'static str,
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
        let body = serde_json::to_vec(view).map_err(|_| Failure::misconfigured("answer_unwritable"))?;
        Ok(Self::file(status, body))
    }

    /// A file that is JSON already, byte for byte.
    pub fn file(status: u16, body: Vec<u8>) -> Self {
        Self { status, code: "ok", cause: None, body: Some(body), allow: None }
    }

    /// Success, without a body.
    pub fn no_content() -> Self {
        Self { status: 204, code: "ok", cause: None, body: None, allow: None }
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
        let Refusal { status, code, message, details, standing, cause, allow } = refusal;
        let view = ErrorBody {
            error: ErrorView { code: code.to_owned(), message, details, standing: standing.map(|one| *one) },
        };
        Self { status, code, cause, body: serde_json::to_vec(&view).ok(), allow: allow.map(String::from) }
    }
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl ToString) -> Self {
        let message = message.to_string();
        Self { status, code, message, details: Vec::new(), standing: None, cause: None, allow: None }
    }

    pub fn with(self, details: Vec<Objection>) -> Self {
        Self { details, ..self }
    }

    /// For an error that is not the caller's fault: the cause is logged and told to the caller.
    fn caused_by(self, cause: &str) -> Self {
        Self { details: objection("cause", cause), cause: Some(cause.to_owned()), ..self }
    }

    pub fn allowing(self, methods: &[&str]) -> Self {
        Self { allow: Some(methods.join(", ").into()), ..self }
    }

    pub fn no_request() -> Self {
        Self::new(
            404,
            "request_not_found",
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
            (_, "person_forgotten") => Self::new(
                409,
                "person_forgotten",
                "the person of this request is forgotten, and with them what it would need: make a new request",
            ),
            (_, "copy_expired") => {
                Self::new(409, "copy_expired", "the copy is deleted: make a new request")
            }
            (Kind::Transient | Kind::Unknown, code) => {
                Self::new(503, "unavailable", "it could not be done now: try again").caused_by(code)
            }
            (Kind::Misconfigured | Kind::Refused, code) => Self::new(
                500,
                "misconfigured",
                "the deployment itself stands in the way: have its platform engineer look at the console's log",
            )
            .caused_by(code),
        }
    }
}

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        let (status, code) = match &error {
            AcceptError::NoIdentifier => (422, "identifier_none"),
            AcceptError::UnknownSource(_) => (422, "source_unknown"),
            AcceptError::DisabledSource(_) => (409, "source_disabled"),
            AcceptError::NoSource => (409, "source_none"),
            AcceptError::KindNotTaken { .. } => (422, "identifier_kind_unknown"),
            AcceptError::Identifier { .. } => (422, "identifier_malformed"),
            AcceptError::ReceivedAt(_) => (422, "received_at_malformed"),
            AcceptError::TooManySources(_) => (422, "too_many_sources"),
            AcceptError::Conflict(_) => (409, "key_conflict"),
            AcceptError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}

impl From<WhyNot> for Refusal {
    fn from(why: WhyNot) -> Self {
        match why {
            WhyNot::ReceiptNotKept => Failure::transient(why.code()).into(),
            WhyNot::NoReceipt => Self::new(404, why.code(), why),
            _ => Self::new(409, why.code(), why),
        }
    }
}

impl From<ReviewError> for Refusal {
    fn from(error: ReviewError) -> Self {
        let (status, code) = match &error {
            ReviewError::NotFound => return Self::no_request(),
            ReviewError::Not(why) => return why.clone().into(),
            ReviewError::Sources => (422, "sources_malformed"),
            ReviewError::UnknownSource(_) => (422, "source_not_in_request"),
            ReviewError::Changed(_) => (409, "records_changed"),
            ReviewError::SearchedAt(_) => (409, "searched_at_missing"),
            ReviewError::Marked(..) => (409, "marked_not_confirmed"),
            ReviewError::Doubtful(..) => (409, "set_aside_not_confirmed"),
            ReviewError::Reason => (422, "reason_malformed"),
            ReviewError::Ground => (422, "ground_does_not_stand"),
            ReviewError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}

impl From<ActError> for Refusal {
    fn from(error: ActError) -> Self {
        let (status, code) = match &error {
            ActError::NotFound => return Self::no_request(),
            ActError::Not(why) => return why.clone().into(),
            ActError::UnknownSource(_) => (422, "source_not_in_request"),
            ActError::Identifier(..) => (422, "identifier_not_taken"),
            ActError::NotErasure(_) => (409, "not_erasure"),
            ActError::NothingToDo => (409, "nothing_to_do"),
            ActError::Reason => (422, "reason_malformed"),
            ActError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}

impl From<ExtendError> for Refusal {
    fn from(error: ExtendError) -> Self {
        let (status, code) = match &error {
            ExtendError::Months => (422, "months_malformed"),
            ExtendError::NotFound => return Self::no_request(),
            ExtendError::Not(why) => return why.clone().into(),
            ExtendError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}

impl From<ShowError> for Refusal {
    fn from(error: ShowError) -> Self {
        let (status, code) = match &error {
            ShowError::NotFound => return Self::no_request(),
            ShowError::Not(why) => return why.clone().into(),
            ShowError::UnknownSource(_) => (422, "source_not_in_request"),
            ShowError::Moved(_) => (409, "source_moved"),
            ShowError::Unanswered(_, cause) => {
                return Self::new(503, "unavailable", &error).caused_by(cause);
            }
            ShowError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}

impl From<SetUpError> for Refusal {
    fn from(error: SetUpError) -> Self {
        let (status, code) = match &error {
            SetUpError::UnknownConnector => (422, "connector_unknown"),
            SetUpError::Exists(_) => (409, "source_exists"),
            SetUpError::NotFound(_) => (404, "source_not_found"),
            SetUpError::Wrong(objections) => {
                return Self::new(
                    422,
                    "set_up_wrong",
                    "the set-up can't be right: the details say what is wrong",
                )
                .with(objections.clone());
            }
            SetUpError::Nothing(_) => (422, "nothing_to_change"),
            SetUpError::TargetInUse(_, standing) => {
                let standing = Some(Box::new(standing.clone()));
                return Self { standing, ..Self::new(409, "target_in_use", error) };
            }
            SetUpError::InUse(..) => (409, "source_in_use"),
            SetUpError::Conflict(_) => (409, "source_changed"),
            SetUpError::Failed(failure) => return (*failure).into(),
        };
        Self::new(status, code, error)
    }
}
