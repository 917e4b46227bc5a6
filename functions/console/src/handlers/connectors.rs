//! Connectors.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::Call;
use crate::docs::{DATA_SOURCES, Docs};
use crate::handlers::paging::page_of;
use crate::ports::{Outside, SetUps as _};
use crate::success::Json;
use rightful_domain::ports::store::Begins as _;
use rightful_domain::view::page;
use rightful_domain::view::source::ConnectorView;

pub(crate) const LIST: Docs = Docs {
    id: "listConnectors",
    subject: &DATA_SOURCES,
    summary: "List the connectors",
    description: "The connectors of this version, whether or not a data source uses them: the parameters and \
        the secret of each, the identifiers it searches by, and the data sources that use it.",
    ..Docs::NONE
};

/// The connectors of this version, whether or not a data source uses them.
pub(crate) async fn list<O: Outside>(
    app: &App<O>,
    call: &Call<'_>,
) -> Result<Json<page::Page<ConnectorView>>, Refusal> {
    let query = call.query()?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let sources = app.outside.store().sources().await?;
    let all = app.outside.set_ups().connectors();
    let all: Vec<ConnectorView> = all.into_iter().map(|one| one.used_by(&sources)).collect();
    Ok(Json(page_of(all, |one| &one.name, after, limit)?))
}
