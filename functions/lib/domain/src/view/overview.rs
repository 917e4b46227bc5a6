//! The whole deployment at a glance.
//!
//! Pure: rows go in one by one, figures come out. A synthetic request counts only where it is named.

pub mod open;
pub mod closed;
pub mod health;

use crate::base::time::Time;
use crate::law::deadline::LegalZone;
use crate::view::overview::closed::ClosedFigures;
use crate::view::overview::health::HealthFigures;
use crate::view::overview::open::OpenFigures;
use serde::{Deserialize, Serialize};

/// The whole deployment at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Overview"))]
pub struct OverviewView {
    /// When it was counted.
    pub at: Time,
    /// The time zone whose months and weeks are counted.
    pub legal_zone: LegalZone,
    /// The open requests.
    pub open: OpenFigures,
    /// The requests that closed in the last twelve months.
    pub closed: ClosedFigures,
    /// What the alarms watch, as far as the store knows it.
    pub health: HealthFigures,
    /// The address of the deployment's dashboard in AWS, which knows what is stored nowhere: refused deliveries of
    /// tickets, failing calls of vendors, failing functions. Null if the deployment has none.
    pub dashboard: Option<String>,
}

#[cfg(test)]
mod tests;
