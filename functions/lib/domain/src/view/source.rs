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
    /// Its id.
    pub id: SourceId,
    /// Its connector.
    pub connector: String,
    /// Whether this version has its connector.
    pub known: bool,
    /// Whether new requests go to it.
    pub enabled: bool,
    /// Its parameters, none of them secret.
    pub params: BTreeMap<String, String>,
    /// The system and account that it points at; `None` while its parameters are wrong in this version.
    pub target: Option<Target>,
    /// Whose record a search must find for a look to count.
    pub control: Option<Control>,
    /// The review policies that it sets itself.
    pub review: OwnPolicies,
    /// The review policies that hold there.
    pub policies: Policies,
    /// The identifier kinds that it takes; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
    /// Counts every change of it.
    pub revision: u64,
    /// When it was added.
    pub created_at: Time,
    /// The open tasks that could not go on as they did: in the answer to a forced change alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// How many data sources are enabled, where that is more than one request goes to: in the answer to adding
    /// or enabling one alone. A request that names none is refused then.
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
    /// Its name.
    pub name: String,
    /// What it takes, in words such as `a whole number from 1 to 10`.
    pub takes: String,
    /// What it is.
    pub description: String,
    /// A value as an operator would write it.
    pub example: String,
    /// The value when none is given; without one, the parameter is required.
    pub default: Option<String>,
}

/// A field of a connector's secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SecretField"))]
pub struct SecretFieldView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
}

/// A connector of this version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Connector"))]
pub struct ConnectorView {
    /// Its name.
    pub name: String,
    /// The vendor's own name.
    pub title: String,
    /// Where the vendor describes its API.
    pub docs: String,
    /// The parameters of a data source.
    pub params: Vec<ParamView>,
    /// The fields of its secret.
    pub secret: Vec<SecretFieldView>,
    /// The identifier kinds that it searches by; any one of them will do.
    pub identifiers: Vec<AskedKind>,
    /// The rights that it can fulfil.
    pub rights: Vec<Right>,
    /// The data sources that use it; empty where it is not connected yet.
    pub sources: Vec<SourceId>,
}

impl ConnectorView {
    /// The same connector with those of these data sources that use it.
    #[must_use]
    pub fn used_by(self, sources: &[DataSource]) -> Self {
        let mine = sources.iter().filter(|source| source.connector == self.name);
        let mut sources: Vec<SourceId> = mine.map(|source| source.id.clone()).collect();
        sources.sort();
        Self { sources, ..self }
    }
}

/// What came of trying a data source out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Tested"))]
pub struct TestView {
    /// Which.
    pub id: SourceId,
    /// Whether the vendor answered, and takes the token.
    pub works: bool,
    /// Why not: a code.
    pub reason: Option<String>,
}

/// How the tickets of a channel are answered. Its secret is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Ticketing"))]
pub struct TicketingView {
    /// The channel.
    pub channel: String,
    /// The name of its secret at AWS Secrets Manager.
    pub secret_name: String,
}
