//! Data sources: listed, added, changed, tried out, removed.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::{Call, Nothing};
use crate::docs::{DATA_SOURCES, Docs, Example};
use crate::handlers::paging::page_of;
use crate::handlers::secrets::{Hidden, fields};
use crate::ports::{Outside, SearchTester as _};
use crate::success::{Created, Json, NoContent};
use rightful_domain::base::code::Code;
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

/// A data source to be connected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct AddSource {
    /// Its id.
    id: SourceId,
    /// The name of its connector.
    connector: String,
    /// The connector's parameters, none of them secret.
    #[serde(default)]
    params: BTreeMap<String, String>,
    /// The fields of the connector's secret. They are written to AWS Secrets Manager and never shown again.
    #[serde(default)]
    secret: BTreeMap<String, Hidden>,
    /// The identifier of its control.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Control>"))]
    control: Option<ControlBody>,
}

/// The changes to a data source. A member that is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ChangeSource {
    /// Parameters that get another value.
    #[serde(default)]
    params: BTreeMap<String, String>,
    /// Parameters that get their default again.
    #[serde(default)]
    unset: Vec<String>,
    /// All fields of a new secret.
    secret: Option<BTreeMap<String, Hidden>>,
    /// `true` enables it for new requests, `false` disables it.
    enabled: Option<bool>,
    /// The identifier of its control; `null` removes the control.
    #[serde(default, deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Control>"))]
    control: Option<Option<ControlBody>>,
    /// `true` makes the change even if open tasks can't continue unchanged.
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

pub(crate) const LIST: Docs = Docs {
    id: "listSources",
    subject: &DATA_SOURCES,
    summary: "List the data sources",
    description: "By id. No secret is shown.",
    ..Docs::NONE
};

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

pub(crate) const SHOW: Docs = Docs {
    id: "showSource",
    subject: &DATA_SOURCES,
    summary: "Show a data source",
    description: "No secret is shown.",
    ..Docs::NONE
};

/// One data source.
pub(crate) async fn show<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<SourceView>, Refusal> {
    call.query()?;
    Ok(Json(app.source(&app.load(&call.source_id()?).await?)))
}

pub(crate) const ADD: Docs = Docs {
    id: "addSource",
    subject: &DATA_SOURCES,
    summary: "Connect a data source",
    description: "Its secret is written to AWS Secrets Manager and never shown again.",
    takes: Some(Example::Required(
        r#"{"id": "qualifio-main", "connector": "qualifio", "params": {"client_id": "1", "user_id": "2"},
            "secret": {"token": "…"}, "control": {"kind": "email", "value": "control@example.com"}}"#,
    )),
    success: &[(201, "Connected.")],
    errors: &[Code::SourceExists, Code::ConnectorUnknown, Code::SetUpWrong],
    ..Docs::NONE
};

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

pub(crate) const CHANGE: Docs = Docs {
    id: "changeSource",
    subject: &DATA_SOURCES,
    summary: "Change, enable or disable a data source",
    description: "A member that is left out stays as it is. Requests under way continue with the new \
        parameters and the new secret; a disabled data source gets no new requests.\n\n\
        A steering parameter (a host, an account, a region) gives the data source another target. Such a \
        change needs the secret too, even when it goes back to an earlier target, because a version of a \
        secret is sent only to the target it was given for. Nothing that was searched at the old target is \
        sent to the new one: while open tasks depend on the old target the change is refused with a list of \
        them (`target_in_use`), unless `force` is true. The answer to a forced change has the same list in \
        `standing`.",
    takes: Some(Example::Required(r#"{"enabled": false}"#)),
    errors: &[Code::SourceChanged, Code::TargetInUse, Code::NothingToChange, Code::SetUpWrong],
    ..Docs::NONE
};

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

pub(crate) const REVIEW: Docs = Docs {
    id: "setSourceReview",
    subject: &DATA_SOURCES,
    summary: "Set who decides on what is found at a data source",
    description: "Replaces the data source's own review policies as a whole. `{}` removes them, and the \
        deployment's policies hold. Requests under way keep the policy they came in with. Setting the same \
        policies again succeeds too. The policies determine whether anybody reviews a person's records before \
        they are erased. This call therefore has a permission of its own, apart from connecting and \
        changing data sources.",
    takes: Some(Example::Required(r#"{"erasure": "over:25"}"#)),
    errors: &[Code::SourceChanged],
    ..Docs::NONE
};

/// Sets who decides on what is found at a data source. It has a permission of its own.
pub(crate) async fn review<O: Outside>(
    app: &App<O>,
    call: &Call<'_, OwnPolicies>,
) -> Result<Json<SourceView>, Refusal> {
    let id = call.source_id()?;
    let review: OwnPolicies = call.body()?;
    Ok(Json(app.source(&app.setting_up().review(&id, review, &call.actor).await?)))
}

pub(crate) const REMOVE: Docs = Docs {
    id: "removeSource",
    subject: &DATA_SOURCES,
    summary: "Remove a data source",
    description: "Its secret is removed too. No open request may go to it: disable it first, and remove it \
        once its requests are closed.",
    success: &[(204, "Removed.")],
    errors: &[Code::SourceChanged, Code::SourceInUse],
    ..Docs::NONE
};

/// Removes a data source.
pub(crate) async fn remove<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<NoContent, Refusal> {
    let id = call.source_id()?;
    call.query()?;
    app.setting_up().remove(&id, &call.actor).await?;
    Ok(NoContent)
}

pub(crate) const TEST: Docs = Docs {
    id: "testSource",
    subject: &DATA_SOURCES,
    summary: "Try a data source out",
    description: "Asks the vendor something harmless, to see whether it answers and accepts the token. If \
        the data source has a control, its record is searched too: `control_not_found` means that the search \
        did not find it.",
    takes: Some(Example::Optional("{}")),
    shows: Some(r#"{"id": "qualifio-main", "works": false, "reason": "credentials_rejected"}"#),
    ..Docs::NONE
};

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
