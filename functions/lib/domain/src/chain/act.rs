//! What an operator did to the deployment, as its journal tells it.

use crate::base::ids::SourceId;
use crate::base::stored::is_default;
use crate::model::policy::OwnPolicies;
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};

/// One thing that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        description = "What an operator did; `kind` says which members there are. None is secret or personal."
    )
)]
pub enum Act {
    /// A data source was connected.
    SourceAdded {
        /// Which.
        source: SourceId,
        /// Its connector.
        connector: String,
        /// The system and account that it points at; entries of earlier versions name none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        /// Whether it has a control.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        control: bool,
    },
    /// A data source was changed.
    SourceChanged {
        /// Which.
        source: SourceId,
        /// The names of the parameters that have another value now.
        params: Vec<String>,
        /// Who decides on what is found there, as it is now.
        review: OwnPolicies,
        /// Whether its secret was replaced.
        secret: bool,
        /// The system and account that it points at now; entries of earlier versions name none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        /// Whether its control was named, replaced or taken away.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        control: bool,
        /// Whether it was changed although open tasks could not go on as they did.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        forced: bool,
        /// How many such tasks were seen.
        #[serde(default, skip_serializing_if = "is_default")]
        standing: u32,
    },
    /// It was set who decides on what is found at a data source.
    SourceReviewSet {
        /// Which.
        source: SourceId,
        /// Its own policies from then on, whole.
        review: OwnPolicies,
    },
    /// A data source was enabled: new requests go to it.
    SourceEnabled {
        /// Which.
        source: SourceId,
    },
    /// A data source was disabled: no new request goes to it.
    SourceDisabled {
        /// Which.
        source: SourceId,
    },
    /// A data source was tried out.
    SourceTested {
        /// Which.
        source: SourceId,
        /// Why it doesn't work; `None` when it does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A data source was removed, and its secret with it.
    SourceRemoved {
        /// Which.
        source: SourceId,
    },
    /// How the tickets of a ticketing system are answered was set up or changed.
    TicketingSet {
        /// The channel.
        channel: String,
    },
}
