//! Faults to order: what can go wrong between a client and the vendor, each by its own name, so
//! that a test can ask for exactly one of them on exactly one call.

use serde::{Deserialize, Serialize};

/// The call a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// `GET /v1/gdpr/profiles`
    Search,
    /// `POST /v1/gdpr/rules/…`
    Submit,
    /// `GET /v1/gdpr/rules/{id}`
    Status,
    /// `PUT /api/v2/tickets/{id}.json`
    TicketUpdate,
    /// `GET /api/v2/tickets/{id}/comments.json`
    TicketComments,
    /// `GET /api/v2/search/export.json`
    TicketSearch,
    /// `POST /rightful/search`
    InhouseSearch,
    /// `POST /rightful/erasures`
    InhouseSubmit,
    /// `GET /rightful/erasures/{id}`
    InhouseStatus,
}

impl On {
    /// Whether it is a call to the in-house system.
    fn is_inhouse(self) -> bool {
        matches!(self, Self::InhouseSearch | Self::InhouseSubmit | Self::InhouseStatus)
    }
}

/// The fault. "Effect" means that the rule is created, or the ticket updated (calls that only ask have none).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs)] // the parameters; their meaning stands at the variant
pub enum FaultKind {
    /// 401, no effect.
    Unauthorized {},
    /// 403, no effect.
    Forbidden {},
    /// 404, no effect.
    NotFound {},
    /// 400, no effect.
    BadRequest {},
    /// 429 with `Retry-After` exactly as given (seconds or an HTTP date), no effect.
    Throttled {
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// A 5xx; `apply` says whether the effect happened anyway.
    ServerError {
        #[serde(default = "internal_server_error")]
        status: u16,
        #[serde(default)]
        apply: bool,
    },
    /// The effect at once, the answer after `ms`.
    Slow { ms: u64 },
    /// Never answers, no effect; the connection is held for `hold_ms`, or until the client closes.
    TimeoutBefore {
        #[serde(default = "two_minutes")]
        hold_ms: u64,
    },
    /// The effect, then as `timeout_before`.
    TimeoutAfter {
        #[serde(default = "two_minutes")]
        hold_ms: u64,
    },
    /// The connection is reset instead of an answer, no effect.
    ResetBefore {},
    /// The effect, then the connection is reset.
    ResetAfter {},
    /// The answer carries `value` as the rule's status; the rule itself proceeds as usual.
    UnknownStatus { value: String },
    /// 200 with JSON that breaks off.
    Malformed {
        #[serde(default = "yes")]
        apply: bool,
    },
    /// The true answer behind `bytes` blanks, in chunks: valid JSON for a reader without a cap.
    Huge {
        bytes: u64,
        #[serde(default = "yes")]
        apply: bool,
    },
    /// 200 with a login page.
    Html {
        #[serde(default)]
        apply: bool,
    },
    /// A redirect (302 unless `status` says otherwise), no effect.
    Redirect {
        location: String,
        #[serde(default = "found")]
        status: u16,
    },
    /// The status answers with another rule's id.
    WrongRule {},
    /// The create answer has no `_id`.
    EmptyId {},
    /// The search lists its first profile twice.
    DuplicateId {},
    /// The search gives ids as strings.
    StringIds {},
    /// The search lists only its first `n`. The in-house system says that there are more, Qualifio gives no
    /// sign.
    Pages { n: usize },
    /// The search lists nobody.
    Blind {},
    /// The search lists only exact matches, letter case included.
    Exact {},
    /// The first one that the search lists shows a second address in the same field.
    TwoAddresses {},
    /// The first one that the search lists has no e-mail.
    NoEmail {},
    /// The finished rule leaves out the last `n` ids, although it anonymised their profiles.
    MissingCrmIds { n: usize },
    /// A dry run becomes a real rule, and every answer says so.
    IgnoresTest {},
    /// A dry run says that it is one, and still erases.
    ErasesInTest {},
    /// The rule stays APPROVED.
    NeverFinishes {},
    /// The rule says FINISHED and lists the ids, but the profiles stay.
    Lies {},
    /// When the rule finishes, a new profile with the same e-mail and a new id appears.
    Reappears {},
    /// The finished rule lists another person's record that was never submitted; with `erases` it erases that
    /// too.
    ListsStranger {
        #[serde(default)]
        erases: bool,
    },
    /// When the rule is created, `n` copies of its first record appear under new ids.
    Appears { n: usize },
    /// For `ms` after the rule finished, the search still shows the erased profiles.
    StaleSearch { ms: u64 },
}

fn internal_server_error() -> u16 {
    500
}
fn found() -> u16 {
    302
}
fn two_minutes() -> u64 {
    120_000
}
fn yes() -> bool {
    true
}

impl FaultKind {
    /// The kind's name, in orders and in the journal.
    pub fn name(&self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value["kind"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Whether it belongs to a rule's whole life instead of one call. Such a fault attaches to a new rule,
    /// whatever call it was ordered `on`.
    pub fn is_bound_to_a_rule(&self) -> bool {
        matches!(
            self,
            Self::IgnoresTest {}
                | Self::MissingCrmIds { .. }
                | Self::ErasesInTest {}
                | Self::NeverFinishes {}
                | Self::ListsStranger { .. }
                | Self::Appears { .. }
                | Self::Lies {}
                | Self::Reappears {}
                | Self::StaleSearch { .. }
        )
    }

    /// Whether its call can show it at all. A fault that can't fire makes a test that can't fail, so it is
    /// refused.
    fn fits(&self, on: On) -> bool {
        let about_tickets = matches!(on, On::TicketUpdate | On::TicketComments | On::TicketSearch);
        match self {
            Self::Reappears {} | Self::StaleSearch { .. } if on.is_inhouse() => false,
            kind if kind.is_bound_to_a_rule() => !about_tickets,
            Self::WrongRule {} => matches!(on, On::Status | On::InhouseStatus),
            Self::EmptyId {} => matches!(on, On::Submit | On::InhouseSubmit),
            Self::DuplicateId {}
            | Self::Pages { .. }
            | Self::Blind {}
            | Self::Exact {}
            | Self::TwoAddresses {}
            | Self::NoEmail {} => matches!(on, On::Search | On::InhouseSearch),
            Self::StringIds {} => on == On::Search,
            Self::UnknownStatus { .. } => !matches!(on, On::Search | On::InhouseSearch) && !about_tickets,
            _ => true,
        }
    }
}

/// An order: which fault, on which call, how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The call it is for.
    pub on: On,
    /// How often it happens; `None` means always.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many calls pass first.
    #[serde(default)]
    pub skip: u64,
    /// Only calls about this e-mail: the search's own, or that of a submitted profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The fault.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl Fault {
    /// For every such call.
    pub fn new(on: On, kind: FaultKind) -> Self {
        Self { on, times: None, skip: 0, email: None, kind }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Lets this many calls pass first.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Only calls about this e-mail.
    #[must_use]
    pub fn about(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }
}

/// An ordered fault, and how often it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// Its number, in the order of ordering.
    pub id: u64,
    /// The calls that it applied to, skipped ones included.
    pub seen: u64,
    /// How often it happened.
    pub fired: u64,
    /// The order itself.
    #[serde(flatten)]
    pub fault: Fault,
}

/// All ordered faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    ordered: Vec<Ordered>,
}

impl Faults {
    pub(crate) fn order(&mut self, fault: Fault) -> Result<u64, String> {
        if !fault.kind.fits(fault.on) {
            return Err(format!("{} can't happen on that call", fault.kind.name()));
        }
        let id = self.ordered.len() as u64 + 1;
        self.ordered.push(Ordered { id, seen: 0, fired: 0, fault });
        Ok(id)
    }

    pub(crate) fn clear(&mut self) {
        self.ordered.clear();
    }

    pub(crate) fn list(&self) -> &[Ordered] {
        &self.ordered
    }

    /// The one fault of this call. The oldest wins, and later ones don't count the call, so that orders play
    /// one after another.
    pub(crate) fn take_for_call(&mut self, on: On, emails: &[String]) -> Option<FaultKind> {
        self.ordered
            .iter_mut()
            .filter(|entry| !entry.fault.kind.is_bound_to_a_rule() && entry.fault.on == on)
            .find_map(|entry| entry.take(emails))
    }

    /// The faults that a new rule carries through its life.
    pub(crate) fn take_for_rule(&mut self, inhouse: bool, emails: &[String]) -> Vec<FaultKind> {
        self.ordered
            .iter_mut()
            .filter(|entry| entry.fault.kind.is_bound_to_a_rule() && entry.fault.on.is_inhouse() == inhouse)
            .filter_map(|entry| entry.take(emails))
            .collect()
    }
}

impl Ordered {
    fn take(&mut self, emails: &[String]) -> Option<FaultKind> {
        let about = self.fault.email.as_ref();
        if about.is_some_and(|wanted| !emails.iter().any(|one| one.eq_ignore_ascii_case(wanted))) {
            return None;
        }
        if self.fault.times.is_some_and(|times| self.fired >= times) {
            return None;
        }
        self.seen += 1;
        if self.seen <= self.fault.skip {
            return None;
        }
        self.fired += 1;
        Some(self.fault.kind.clone())
    }
}
