//! The escalation recorded for a request.

use crate::base::time::Time;
use crate::law::level::Level;
use serde::{Deserialize, Serialize};

/// The role that must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// Fixes obstacles: the set-up, access rights, checks in the vendor's console.
    PlatformEngineer,
    /// Decides, extends the deadline, writes to the vendor or to the data subject.
    PrivacyOfficer,
}

impl Role {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::PlatformEngineer => "platform_engineer",
            Role::PrivacyOfficer => "privacy_officer",
        }
    }
}

/// A level of escalation, who must act, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Escalation {
    /// The distance to the deadline.
    pub level: Level,
    /// Who must act; empty at level `none`.
    pub who: Vec<Role>,
    /// The reason, as a code.
    pub reason: String,
    /// When this level began; the time of the reading if no escalation is recorded.
    pub at: Time,
}
