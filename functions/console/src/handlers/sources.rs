//! Data sources: listed, added, changed, tried out, removed.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::{Call, Nothing};
use crate::handlers::paging::page_of;
use crate::handlers::secrets::{Hidden, fields};
use crate::ports::{Outside, SearchTester as _};
use crate::success::{Created, Json, NoContent};
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::policy::OwnPolicies;
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::operations::accept::MAX_SOURCES;
use rightful_domain::operations::set_up::{Adding, Changing, SetUpError, SettingUp, Standing};
use rightful_domain::ports::store::{Begins as _, Reads as _};
use rightful_domain::view::page;
use rightful_domain::view::source::{SourceView, TestView};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddSource {
    id: SourceId,
    connector: String,
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    secret: BTreeMap<String, Hidden>,
    control: Option<ControlBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSource {
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    unset: Vec<String>,
    secret: Option<BTreeMap<String, Hidden>>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    control: Option<Option<ControlBody>>,
    #[serde(default)]
    force: bool,
}

/// The identifier of a control.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlBody {
    kind: IdentifierKind,
    value: String,
}

impl From<ControlBody> for Control {
    fn from(ControlBody { kind, value }: ControlBody) -> Self {
        Self { kind, value }
    }
}

/// A member that is given, even as `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl<O: Outside> App<O> {
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

    /// How many data sources are enabled, this one included, when that is more than one request can go to.
    async fn too_many_enabled(&self, source: &DataSource) -> Result<Option<u32>, Refusal> {
        if !source.enabled {
            return Ok(None);
        }
        let all = self.outside.store().sources().await?;
        // The list lags behind the latest write.
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
pub(crate) async fn list<O: Outside>(
    app: &App<O>,
    call: &Call<'_>,
) -> Result<Json<page::Page<SourceView>>, Refusal> {
    let query = call.query()?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let all = app.outside.store().sources().await?;
    let all: Vec<SourceView> = all.iter().map(|source| app.source(source)).collect();
    Ok(Json(page_of(all, |one| one.id.as_str(), after, limit)?))
}

/// One data source.
pub(crate) async fn show<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<SourceView>, Refusal> {
    call.query()?;
    Ok(Json(app.source(&app.load(&call.source_id()?).await?)))
}

/// Connects a data source.
pub(crate) async fn add<O: Outside>(
    app: &App<O>,
    call: &Call<'_, AddSource>,
) -> Result<Created<SourceView>, Refusal> {
    let AddSource { id, connector, params, secret, control } = call.body()?;
    let control = control.map(Control::from);
    let adding = Adding { id, connector, params, secret: fields(secret), control };
    let source = app.setting_up().add(adding, &call.actor).await?;
    let too_many_enabled = app.too_many_enabled(&source).await?;
    Ok(Created(SourceView { too_many_enabled, ..app.source(&source) }))
}

/// Changes a data source.
pub(crate) async fn change<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ChangeSource>,
) -> Result<Json<SourceView>, Refusal> {
    let id = call.source_id()?;
    let ChangeSource { params, unset, secret, enabled, control, force } = call.body()?;
    let control = control.map(|control| control.map(Control::from));
    let changing = Changing { params, unset, secret: secret.map(fields), control, force };
    let changes = !changing.params.is_empty()
        || !changing.unset.is_empty()
        || changing.secret.is_some()
        || changing.control.is_some();
    let setting_up = app.setting_up();
    let mut source = app.load(&id).await?;
    let mut standing = Standing::default();
    if changes || enabled.is_none() {
        let changed = setting_up.change(&id, changing, &call.actor).await?;
        (source, standing) = (changed.source, changed.standing);
    }
    let mut too_many_enabled = None;
    if let Some(enabled) = enabled {
        source = setting_up.enable(&id, enabled, &call.actor).await?;
        too_many_enabled = app.too_many_enabled(&source).await?;
    }
    let standing = Some(standing).filter(|standing| !standing.is_empty());
    Ok(Json(SourceView { standing, too_many_enabled, ..app.source(&source) }))
}

/// Sets who decides on what is found at a data source. It has a permission of its own.
pub(crate) async fn review<O: Outside>(
    app: &App<O>,
    call: &Call<'_, OwnPolicies>,
) -> Result<Json<SourceView>, Refusal> {
    let id = call.source_id()?;
    let review: OwnPolicies = call.body()?;
    Ok(Json(app.source(&app.setting_up().review(&id, review, &call.actor).await?)))
}

/// Removes a data source.
pub(crate) async fn remove<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<NoContent, Refusal> {
    let id = call.source_id()?;
    call.query()?;
    app.setting_up().remove(&id, &call.actor).await?;
    Ok(NoContent)
}

/// Tries a data source out.
pub(crate) async fn test<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<TestView>, Refusal> {
    let id = call.source_id()?;
    let Nothing {} = call.body()?;
    app.load(&id).await?;
    let reason = app.outside.tester().test(&id).await?;
    app.setting_up().tried(&id, reason.as_deref(), &call.actor).await?;
    Ok(Json(TestView { id, works: reason.is_none(), reason }))
}
