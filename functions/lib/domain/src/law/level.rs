//! The distance to a legal deadline.

use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// How long before its legal deadline an open request becomes a person's concern, in seconds: three days.
pub const NOTICE_SECONDS: u64 = 3 * 24 * 3600;

/// Whether the legal deadline is so near that a person must know.
#[must_use]
pub fn is_pressing(due_at: Time, now: Time) -> bool {
    due_at <= now.plus_seconds(NOTICE_SECONDS)
}

/// How long before its legal deadline an open request is at risk, in seconds: seven days.
pub const RISK_SECONDS: u64 = 7 * 24 * 3600;

/// The distance to the legal deadline, in ascending order of urgency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Level {
    /// More than seven days away, or nothing left to answer.
    #[default]
    None,
    /// Seven days away or less.
    AtRisk,
    /// Three days away or less.
    Pressing,
    /// Passed.
    Overdue,
}

impl Level {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::AtRisk => "at_risk",
            Level::Pressing => "pressing",
            Level::Overdue => "overdue",
        }
    }

    /// The level of a legal deadline.
    #[must_use]
    pub fn at(due_at: Time, now: Time) -> Self {
        if due_at <= now {
            Self::Overdue
        } else if due_at <= now.plus_seconds(NOTICE_SECONDS) {
            Self::Pressing
        } else if due_at <= now.plus_seconds(RISK_SECONDS) {
            Self::AtRisk
        } else {
            Self::None
        }
    }

    /// The time at which a request reaches its next level; `None` at the last one.
    #[must_use]
    pub fn next_at(due_at: Time, now: Time) -> Option<Time> {
        [due_at.minus_seconds(RISK_SECONDS), due_at.minus_seconds(NOTICE_SECONDS), due_at]
            .into_iter()
            .find(|at| *at > now)
    }
}
