//! A connector's definition after the check.

use crate::matching::Form;
use crate::params::{Param, ParamKind, ParamValue, Params};
use crate::record_id::IdKind;
use crate::template::{Place, Template, Tree};
use reqwest::Method;
use reqwest::header::HeaderName;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::waits::Waits;
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::vendor::report::RuleStatus;
use std::collections::BTreeMap;

/// A connector: what a vendor's API looks like and how to call it.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name and its folder's, such as `qualifio`.
    pub name: String,
    /// Raised when the same parameters would mean another system.
    pub version: u32,
    /// The vendor's own name.
    pub title: String,
    /// Where the vendor describes its API.
    pub docs: String,
    /// The only hosts that it may call, exactly as written. `${param.NAME}` stands for the host that the data
    /// source names in this parameter of type `host`.
    pub hosts: Vec<String>,
    /// The parameters of a data source.
    pub params: Vec<Param>,
    /// The fields of a data source's secret.
    pub secret: Vec<SecretField>,
    /// The identifier kinds it searches by.
    pub identifiers: Vec<IdentifierKind>,
    /// How often and how long to ask about a rule, and to look after it has finished.
    pub plan: VerifyPlan,
    pub(crate) base_url: Template,
    pub(crate) auth: Auth,
    pub(crate) record_id: IdKind,
    pub(crate) shows: Vec<Shows>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) searches: Vec<Search>,
    pub(crate) erase: Submission,
    pub(crate) export: Option<Export>,
    pub(crate) status: Status,
    pub(crate) statuses: BTreeMap<String, RuleStatus>,
    pub(crate) test: Request,
    pub(crate) limits: Limits,
    /// How many looks to take before a record counts as still present.
    pub(crate) verify_looks: Amount,
    pub(crate) unknown: Unanswered,
}

/// A field of a data source's secret.
#[derive(Clone, Debug)]
pub struct SecretField {
    /// Its name in the secret's JSON object.
    pub name: String,
    /// A description that completes "it is …".
    pub description: String,
}

/// Waits, the deadline, and the number of tries.
#[derive(Clone, Copy, Debug)]
pub struct VerifyPlan {
    /// Waits between checks of a rule.
    pub status_waits: Waits,
    /// Waits between looks after the rule has finished.
    pub verify_waits: Waits,
    /// How long until an unfinished task is handed to a person, in seconds.
    pub deadline_seconds: u64,
    /// How many failed searches in a row end the task.
    pub search_tries: u32,
}

/// How a call authenticates. Bearer is the header `authorization` with the prefix `Bearer `.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    Header { name: HeaderName, prefix: String, secret: String },
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: Method,
    pub path: Template,
    pub query: Vec<(String, Template)>,
    pub body: Option<Tree>,
    pub success: Vec<u16>,
}

/// How to find records by one kind of identifier. `records` points into the answer, `id` and `matches`
/// into each record.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub by: IdentifierKind,
    pub form: Form,
    pub request: Request,
    pub records: String,
    pub id: String,
    pub matches: String,
    pub complete: Complete,
    /// Whether the vendor compares without regard to case.
    pub ignores_case: bool,
}

/// How an answer to a search shows that it is whole. The texts point into the answer.
#[derive(Clone, Debug)]
pub(crate) enum Complete {
    /// Nothing is at this place, or null, or something empty, like the link to a next page on the last page.
    Empty(String),
    /// This boolean is at this place.
    Says(String, bool),
    /// The number at this place equals the number of records in the answer.
    Total(String),
    /// The answer has fewer records than a page holds.
    FewerThan(usize),
    /// Nothing shows it. An answer with one of these numbers of records may be cut off, and is refused.
    NotStated { round: Vec<usize> },
}

/// A field that tells a person whose record it is, and its place in the record.
#[derive(Clone, Debug)]
pub(crate) struct Shows {
    pub name: String,
    pub at: String,
}

/// An identifier kind as operators are asked for it, and the form of its values.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub kind: AskedKind,
    pub form: Form,
}

/// A call that opens a rule for some records.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub request: Request,
    pub dry_run: Option<Tree>,
    /// The place where the answer says whether the rule is a dry run.
    pub dry_run_echo: Option<String>,
    pub rule_id: String,
    pub status: String,
}

/// The vendor's own export, beside our copy.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// The call that asks for it; never a dry run.
    pub submission: Submission,
    /// Where a person fetches the result, as a sentence.
    pub fetched_from: String,
    /// Whether a data source wants it: always a boolean parameter.
    pub wanted: Switch,
}

#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub request: Request,
    pub rule_id: String,
    pub status: String,
    pub treated_records: String,
    pub treated_id: String,
    pub claim: Option<Claimed>,
}

/// The place where a treated record says what became of it, and the texts that mean anonymised or deleted.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub at: String,
    pub anonymised: Option<String>,
    pub deleted: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub batch_size: Amount,
    pub max_records: usize,
    pub call_timeout_seconds: u64,
    pub max_body_bytes: usize,
    pub longest_retry_after_seconds: u64,
    pub rate: Option<CallRate>,
    pub daily_calls: Option<Amount>,
}

/// When to look for the effect of an erasure without an answer.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    pub first_seconds: Amount,
    pub longest_seconds: u64,
    pub looks: Amount,
    pub repeats: Switch,
}

/// Yes or no, fixed by the definition or left to a data source's parameter.
#[derive(Clone, Debug)]
pub(crate) enum Switch {
    Fixed(bool),
    Param(String),
}

impl Switch {
    /// Whether it is on for a data source with these parameters.
    pub(crate) fn of(&self, params: &Params) -> bool {
        match self {
            Self::Fixed(on) => *on,
            Self::Param(name) => matches!(params.get(name), Some(ParamValue::Boolean(true))),
        }
    }
}

impl Unanswered {
    /// The waits for a data source with these parameters.
    pub(crate) fn waits(&self, params: &Params) -> Waits {
        let first_seconds = u64::from(self.first_seconds.of(params));
        Waits { first_seconds, longest_seconds: self.longest_seconds.max(first_seconds) }
    }
}

/// How often the vendor may be called.
#[derive(Clone, Debug)]
pub(crate) struct CallRate {
    pub calls: Amount,
    pub per_seconds: u32,
    pub burst: u32,
}

/// A number that the definition fixes or leaves to a data source's parameter.
#[derive(Clone, Debug)]
pub(crate) enum Amount {
    Fixed(u32),
    Param(String),
}

impl Amount {
    /// The number for a data source with these parameters, at least 1.
    pub(crate) fn of(&self, params: &Params) -> u32 {
        self.limit_of(params).unwrap_or(1)
    }

    /// The limit for a data source with these parameters; `None` when the parameter is 0.
    pub(crate) fn limit_of(&self, params: &Params) -> Option<u32> {
        let number = match self {
            Self::Fixed(number) => *number,
            // Loading checked the type and bounds of the parameter, and check_params its value.
            Self::Param(name) => {
                params.integer(name).and_then(|number| u32::try_from(number).ok()).unwrap_or(1)
            }
        };
        (number > 0).then_some(number)
    }

    /// The greatest number that any data source can have.
    pub(crate) fn most(&self, params: &[Param]) -> u32 {
        match self {
            Self::Fixed(number) => *number,
            Self::Param(name) => params
                .iter()
                .find(|param| param.name == *name)
                .and_then(|param| match param.kind {
                    ParamKind::Integer { max, .. } => u32::try_from(max).ok(),
                    _ => None,
                })
                .unwrap_or(1),
        }
    }
}

impl Definition {
    /// The identifier kinds that it searches by, as operators are asked for them.
    pub fn kinds(&self) -> impl Iterator<Item = &AskedKind> {
        self.asked.iter().map(|asked| &asked.kind)
    }

    /// The names of the fields that tell a person whose record it is.
    pub fn shown_fields(&self) -> impl Iterator<Item = &str> {
        self.shows.iter().map(|field| field.name.as_str())
    }

    /// Whether every answer to a search shows that it is whole. Otherwise round numbers of records are refused.
    #[must_use]
    pub fn states_whole(&self) -> bool {
        self.searches.iter().all(|search| !matches!(search.complete, Complete::NotStated { .. }))
    }

    /// The first parameter in the base URL, if there is one.
    pub(crate) fn base_url_param(&self) -> Option<&str> {
        self.base_url.places().find_map(|place| match place {
            Place::Param(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Request {
    /// Whether a placeholder stands anywhere in it.
    pub(crate) fn mentions(&self, place: &Place) -> bool {
        fn holds(tree: &Tree, place: &Place) -> bool {
            match tree {
                Tree::Text(template) => template.places().any(|found| found == place),
                Tree::List(items) => items.iter().any(|item| holds(item, place)),
                Tree::Object(fields) => fields.iter().any(|(_, tree)| holds(tree, place)),
                Tree::Null | Tree::Bool(_) | Tree::Integer(_) => false,
            }
        }
        self.path.places().any(|found| found == place)
            || self.query.iter().any(|(_, text)| text.places().any(|found| found == place))
            || self.body.as_ref().is_some_and(|body| holds(body, place))
    }
}
