//! The sandbox's journal, for tests to assert on: every call to the vendor's API, and every profile that a
//! finishing rule treated.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call to the vendor's API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Its number, growing for as long as the sandbox runs, resets or not.
    pub seq: u64,
    /// When it arrived.
    pub at: String,
    /// `search`, `submit`, `status`, `ticket_update`, `ticket_comments`, or `other` for a route that
    /// does not exist.
    pub op: String,
    /// The HTTP method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// `clientId` of the query.
    pub client_id: Option<u64>,
    /// The e-mail searched for.
    pub email: Option<String>,
    /// The profile ids submitted.
    pub ids: Vec<u64>,
    /// `test` of the submitted body.
    pub test: Option<bool>,
    /// `direct` of the query.
    pub direct: Option<bool>,
    /// The rule that was created or read.
    pub rule_id: Option<String>,
    /// The ticket that was updated or read.
    #[serde(default)]
    pub ticket_id: Option<u64>,
    /// The identifier kind searched by at the in-house system.
    #[serde(default)]
    pub identifier_kind: Option<String>,
    /// The identifier's value searched for at the in-house system.
    #[serde(default)]
    pub identifier_value: Option<String>,
    /// The record ids submitted to the in-house system.
    #[serde(default)]
    pub records: Vec<String>,
    /// The submitted body, when it was JSON.
    pub body: Option<Value>,
    /// The HTTP status of the answer; `None` without one.
    pub status: Option<u16>,
    /// The fault that happened to it.
    pub fault: Option<String>,
    /// Whether it had an effect: a rule was created, or a ticket updated.
    pub applied: bool,
}

/// One profile that a finishing rule treated. A profile erased by two rules occurs twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The profile.
    pub profile_id: u64,
    /// The rule.
    pub rule_id: String,
    /// When the rule finished.
    pub at: String,
    /// Whether another rule had erased it before.
    pub already: bool,
}

/// One record that a finishing erasure of the in-house system treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InhouseErasure {
    /// The record.
    pub record: String,
    /// The erasure.
    pub erasure_id: String,
    /// When it finished.
    pub at: String,
    /// Whether the record was gone before.
    pub already: bool,
}

/// Everything since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The calls, in the order of arrival.
    pub calls: Vec<Call>,
    /// The erasures, in the order in which the rules finished.
    pub erasures: Vec<Erasure>,
    /// The erasures of the in-house system.
    #[serde(default)]
    pub inhouse_erasures: Vec<InhouseErasure>,
}

impl Journal {
    /// The calls of one kind (`search`, `submit`, `status`, `ticket_update`, `ticket_comments`, `other`).
    pub fn calls_of(&self, op: &str) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.op == op).collect()
    }

    /// The ids that were erased, ascending, each once.
    pub fn erased_ids(&self) -> Vec<u64> {
        let ids: std::collections::BTreeSet<u64> = self.erasures.iter().map(|one| one.profile_id).collect();
        ids.into_iter().collect()
    }

    pub(crate) fn call_mut(&mut self, seq: u64) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.seq == seq)
    }
}
