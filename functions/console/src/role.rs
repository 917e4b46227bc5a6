//! The roles of operators. IAM limits a caller of the API by its policies; a role limits those who sign in on the
//! pages.

use serde::{Deserialize, Serialize};

/// The role of an operator. Each has everything that the one before it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "OperatorRole"))]
pub enum Role {
    /// Sees requests, their events and receipts, data sources and the journal, and nothing personal.
    Viewer,
    /// Makes requests and moves them on, finds a person's requests, and sees personal data on demand.
    Operator,
    /// Decides: proceeds, refuses, leaves out, and states how a task ended.
    Reviewer,
    /// Connects, changes and removes data sources, and sets up tickets.
    Administrator,
}

impl Role {
    /// All roles, the least one first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Reviewer, Self::Administrator];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Reviewer => "reviewer",
            Self::Administrator => "administrator",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}
