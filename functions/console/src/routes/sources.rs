//! Data sources: listed, added, changed, tried out, removed.

use super::{Hidden, fields, paged};
use crate::answer::{Answer, Refusal};
use crate::api::Api;
use crate::call::Call;
use crate::ports::{Outside, SearchTester as _};
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::policy::OwnPolicies;
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::operations::accept::MAX_SOURCES;
use rightful_domain::operations::set_up::{Adding, Changing, SetUpError, SettingUp, Standing};
use rightful_domain::ports::store::{Begins as _, Reads as _};
use rightful_domain::view::source::{SourceView, TestView};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    id: SourceId,
    connector: String,
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    secret: BTreeMap<String, Hidden>,
    control: Option<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    unset: Vec<String>,
    secret: Option<BTreeMap<String, Hidden>>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    control: Option<Option<Named>>,
    #[serde(default)]
    force: bool,
}

/// The identifier of a control.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: IdentifierKind,
    value: String,
}

impl From<Named> for Control {
    fn from(Named { kind, value }: Named) -> Self {
        Self { kind, value }
    }
}

/// A member that is there, as `null` too.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<O: Outside> Api<O> {
    fn setting_up(&self) -> SettingUp<'_, O::Store, O::Secrets, O::SetUps, O::Clock> {
        SettingUp {
            store: self.outside.store(),
            secrets: self.outside.secrets(),
            catalogue: self.outside.set_ups(),
            clock: self.outside.clock(),
        }
    }

    fn source(&self, source: &DataSource) -> SourceView {
        SourceView::of(source, &self.settings.policies, self.outside.set_ups(), &self.settings.secret_prefix)
    }

    /// How many data sources are enabled together with this one, where that is more than one request goes to.
    async fn too_many_enabled(&self, source: &DataSource) -> Result<Option<u32>, Refusal> {
        if !source.enabled {
            return Ok(None);
        }
        let all = self.outside.store().sources().await?;
        // The list lags behind what was stored just now.
        let others = all.iter().filter(|one| one.enabled && one.id != source.id).count();
        let enabled = others + 1;
        Ok(u32::try_from(enabled).ok().filter(|_| enabled > MAX_SOURCES))
    }

    async fn load(&self, id: &SourceId) -> Result<DataSource, Refusal> {
        let source = self.outside.store().source(id).await?;
        source.ok_or_else(|| SetUpError::NotFound(id.clone()).into())
    }
}

/// The data sources, by id.
pub(crate) async fn list<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let query = call.query(&["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let all = api.outside.store().sources().await?;
    let all: Vec<SourceView> = all.iter().map(|source| api.source(source)).collect();
    Answer::ok(&paged(all, |one| one.id.as_str(), after, limit)?)
}

/// One data source.
pub(crate) async fn show<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    call.query(&[])?;
    Answer::ok(&api.source(&api.load(&call.source_id()?).await?))
}

/// Connects a data source.
pub(crate) async fn add<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let Add { id, connector, params, secret, control } = call.body()?;
    let control = control.map(Control::from);
    let adding = Adding { id, connector, params, secret: fields(secret), control };
    let source = api.setting_up().add(adding, &call.actor).await?;
    let too_many_enabled = api.too_many_enabled(&source).await?;
    Answer::of(201, &SourceView { too_many_enabled, ..api.source(&source) })
}

/// Changes a data source.
pub(crate) async fn change<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.source_id()?;
    let Change { params, unset, secret, enabled, control, force } = call.body()?;
    let control = control.map(|control| control.map(Control::from));
    let changing = Changing { params, unset, secret: secret.map(fields), control, force };
    let changes = !changing.params.is_empty()
        || !changing.unset.is_empty()
        || changing.secret.is_some()
        || changing.control.is_some();
    let setting_up = api.setting_up();
    let mut source = api.load(&id).await?;
    let mut standing = Standing::default();
    if changes || enabled.is_none() {
        let changed = setting_up.change(&id, changing, &call.actor).await?;
        (source, standing) = (changed.source, changed.standing);
    }
    let mut too_many_enabled = None;
    if let Some(enabled) = enabled {
        source = setting_up.enable(&id, enabled, &call.actor).await?;
        too_many_enabled = api.too_many_enabled(&source).await?;
    }
    let standing = Some(standing).filter(|standing| !standing.is_empty());
    Answer::ok(&SourceView { standing, too_many_enabled, ..api.source(&source) })
}

/// Sets who decides on what is found at a data source: a permission of its own.
pub(crate) async fn review<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.source_id()?;
    let review: OwnPolicies = call.body()?;
    Answer::ok(&api.source(&api.setting_up().review(&id, review, &call.actor).await?))
}

/// Removes a data source.
pub(crate) async fn remove<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.source_id()?;
    call.query(&[])?;
    api.setting_up().remove(&id, &call.actor).await?;
    Ok(Answer::done())
}

/// Tries a data source out.
pub(crate) async fn test<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.source_id()?;
    let Nothing {} = call.body()?;
    api.load(&id).await?;
    let reason = api.outside.tester().test(&id).await?;
    api.setting_up().tried(&id, reason.as_deref(), &call.actor).await?;
    Answer::ok(&TestView { id, works: reason.is_none(), reason })
}
