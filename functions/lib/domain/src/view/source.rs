//! Data sources and connectors, as an operator sees them.

use crate::base::ids::SourceId;
use crate::base::time::Time;
use crate::law::right::Right;
use crate::model::policy::{OwnPolicies, Policies};
use crate::model::source::{Control, DataSource};
use crate::operations::set_up::Standing;
use crate::ports::set_up::{AskedKind, Catalogue};
use crate::vendor::target::Target;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A data source. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Source"))]
pub struct SourceView {
    /// The id of the data source.
    pub id: SourceId,
    /// The name of its connector.
    pub connector: String,
    /// Whether this version includes the connector.
    pub known: bool,
    /// Whether new requests include the data source.
    pub enabled: bool,
    /// The connector's parameters; none of them is secret.
    pub params: BTreeMap<String, String>,
    /// The system and account that the data source points at; null while its parameters are wrong in this
    /// version.
    pub target: Option<Target>,
    /// The identifier whose record a search must find for a look to count.
    pub control: Option<Control>,
    /// The data source's own review policies.
    pub review: OwnPolicies,
    /// The review policies in force at the data source.
    pub policies: Policies,
    /// The identifier kinds that the data source takes; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
    /// Counts every change of the data source.
    pub revision: u64,
    /// When the data source was added.
    pub created_at: Time,
    /// The open tasks that could not continue as before. Only in the answer to a forced change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// How many data sources are enabled, if that is more than one request may have. Only in the answer to
    /// adding or enabling one. A request that names no data sources is then refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 41)))]
    pub too_many_enabled: Option<u32>,
}

impl SourceView {
    /// Shows a data source. `prefix` comes before the names of the deployment's secrets.
    #[must_use]
    pub fn of(source: &DataSource, deployment: &Policies, catalogue: &impl Catalogue, prefix: &str) -> Self {
        Self {
            id: source.id.clone(),
            connector: source.connector.clone(),
            known: catalogue.knows(&source.connector),
            enabled: source.enabled,
            params: source.params.clone(),
            target: catalogue.target(&source.connector, &source.params).ok(),
            control: source.control.clone(),
            review: source.review,
            policies: Policies {
                erasure: source.review.of(Right::Erasure, deployment),
                access: source.review.of(Right::Access, deployment),
            },
            identifiers: catalogue.kinds(&source.connector),
            secret_name: format!("{prefix}{}", catalogue.secret_name(&source.id)),
            revision: source.revision,
            created_at: source.created_at,
            standing: None,
            too_many_enabled: None,
        }
    }
}

/// A parameter of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Param"))]
pub struct ParamView {
    /// The name.
    pub name: String,
    /// The values that the parameter takes, in words such as `a whole number from 1 to 10`.
    pub takes: String,
    /// The description.
    pub description: String,
    /// A value as an operator would write it.
    pub example: String,
    /// The value when none is given; null if the parameter is required.
    pub default: Option<String>,
}

/// A field of a connector's secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SecretField"))]
pub struct SecretFieldView {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
}

/// A connector of this version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Connector"))]
pub struct ConnectorView {
    /// The name.
    pub name: String,
    /// The vendor's own name.
    pub title: String,
    /// Where the vendor describes its API.
    pub docs: String,
    /// The parameters of a data source.
    pub params: Vec<ParamView>,
    /// The fields of its secret.
    pub secret: Vec<SecretFieldView>,
    /// The identifier kinds by which it searches; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The rights that it can fulfil.
    pub rights: Vec<Right>,
    /// The data sources that use it; empty while there are none.
    pub sources: Vec<SourceId>,
}

impl ConnectorView {
    /// The same connector with those of `sources` that use it.
    #[must_use]
    pub fn used_by(self, sources: &[DataSource]) -> Self {
        let mine = sources.iter().filter(|source| source.connector == self.name);
        let mut sources: Vec<SourceId> = mine.map(|source| source.id.clone()).collect();
        sources.sort();
        Self { sources, ..self }
    }
}

/// The result of testing a data source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Tested"))]
pub struct TestView {
    /// The data source.
    pub id: SourceId,
    /// Whether the vendor answered and accepted the token.
    pub works: bool,
    /// The code of the failure; null if it works.
    pub reason: Option<String>,
}

/// The ticketing set-up of a channel. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Ticketing"))]
pub struct TicketingView {
    /// The channel.
    pub channel: String,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
}
