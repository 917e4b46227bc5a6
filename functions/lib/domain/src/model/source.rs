//! A data source: a connector set up for use.

use crate::base::identifier::IdentifierKind;
use crate::model::policy::OwnPolicies;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The invented person at a data source whose record every search finds as long as searches work. No data
/// subject, so it is stored in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(
        description = "An invented person's identifier. Every search finds their record as long as searches work."
    )
)]
pub struct Control {
    /// The kind of its identifier.
    pub kind: IdentifierKind,
    /// The identifier's value.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 320), extend("examples" = ["control@example.com"]))
    )]
    pub value: String,
}

/// A connector set up for use: the row `SOURCE#<id>`. Its secret is kept elsewhere, under its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// Schema version of the row.
    pub schema: u8,
    /// Its id.
    pub id: crate::base::ids::SourceId,
    /// The connector's name, such as `qualifio`.
    pub connector: String,
    /// The connector's parameters, none of them secret.
    pub params: BTreeMap<String, String>,
    /// Whether new requests include it.
    pub enabled: bool,
    /// Who decides on the records found there, if it differs from the deployment's policies.
    #[serde(default, skip_serializing_if = "OwnPolicies::is_empty")]
    pub review: OwnPolicies,
    /// The person whose record a search must find for a look to count. Without one, two looks in a row are
    /// needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// Counts every change of the row.
    pub revision: u64,
    /// When it was added.
    pub created_at: crate::base::time::Time,
}
