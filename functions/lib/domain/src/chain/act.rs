//! An operator's acts on the deployment, as its journal records them.

use crate::base::ids::SourceId;
use crate::base::stored::is_default;
use crate::model::policy::OwnPolicies;
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};

/// An operator's act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        description = "An operator's act; its members depend on its `kind`. None is secret or personal."
    )
)]
pub enum Act {
    /// A data source was connected.
    SourceAdded {
        /// Its id.
        source: SourceId,
        /// Its connector.
        connector: String,
        /// The system and account that it points at; entries of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        /// Whether it has a control.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        control: bool,
    },
    /// A data source was changed.
    SourceChanged {
        /// Its id.
        source: SourceId,
        /// The names of the parameters that have a new value.
        params: Vec<String>,
        /// Its review policies after the change.
        review: OwnPolicies,
        /// Whether its secret was replaced.
        secret: bool,
        /// The system and account that it points at after the change; entries of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<Target>,
        /// Whether its control was set, replaced or removed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        control: bool,
        /// Whether the change was made although it kept open tasks from going on as before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        forced: bool,
        /// The number of such tasks.
        #[serde(default, skip_serializing_if = "is_default")]
        standing: u32,
    },
    /// The review policies of a data source were set.
    SourceReviewSet {
        /// Its id.
        source: SourceId,
        /// Its own policies after the change, in full.
        review: OwnPolicies,
    },
    /// A data source was enabled: new requests include it.
    SourceEnabled {
        /// Its id.
        source: SourceId,
    },
    /// A data source was disabled: new requests leave it out.
    SourceDisabled {
        /// Its id.
        source: SourceId,
    },
    /// A data source was tested.
    SourceTested {
        /// Its id.
        source: SourceId,
        /// Why it doesn't work, if it doesn't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A data source and its secret were removed.
    SourceRemoved {
        /// Its id.
        source: SourceId,
    },
    /// The answering of a ticketing system's tickets was set up or changed.
    TicketingSet {
        /// The channel.
        channel: String,
    },
}
