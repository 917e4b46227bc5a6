//! The operators who signed in on the pages.
//!
//! A session is a sealed cookie that no server stores. This row is what ends it everywhere: a session that began
//! before `signed_out_at` is over. It also gives an event's actor a name for people.

use crate::base::actor::Actor;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// The row `OPERATOR#<digest of the actor>` / `OPERATOR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Schema version of the row.
    pub schema: u8,
    /// Who it is, as events name them.
    pub actor: Actor,
    /// The name that people know them by.
    pub name: String,
    /// How often the row was written; 0 before the first time.
    pub revision: u64,
    /// When they last signed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_out_at: Option<Time>,
    /// The link by which they may sign in once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<SignInLink>,
}

/// A link by which an operator may sign in once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInLink {
    /// The SHA-256 digest of its secret, in hex.
    pub digest: String,
    /// The role of the session that it begins.
    pub role: String,
    /// When it expires.
    pub until: Time,
}

impl Operator {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// An operator whose row is not written yet.
    #[must_use]
    pub fn new(actor: Actor, name: String) -> Self {
        Self { schema: Self::SCHEMA, actor, name, revision: 0, signed_out_at: None, link: None }
    }

    /// Whether a session that began at `began` is not ended by a later sign-out.
    #[must_use]
    pub fn keeps(&self, began: Time) -> bool {
        self.signed_out_at.is_none_or(|out| out < began)
    }
}
