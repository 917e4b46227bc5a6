//! The escalation that is recorded of a request.

use crate::base::time::Time;
use crate::law::level::Level;
use serde::{Deserialize, Serialize};

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Role {
    /// Mends what stands in the way: a set-up, an access, a look into the vendor's console.
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

/// A level, who must act at it, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Escalation {
    /// How near the deadline is.
    pub level: Level,
    /// Who must act; nobody where the level is `none`.
    pub who: Vec<Role>,
    /// Why: a code of ours.
    pub reason: String,
    /// Since when; the time of the look where it is not recorded.
    pub at: Time,
}
