//! What can be connected.

use super::paged;
use crate::answer::{Answer, Refusal};
use crate::api::Api;
use crate::call::Call;
use crate::ports::{Outside, SetUps as _};
use rightful_domain::ports::store::Begins as _;
use rightful_domain::view::source::ConnectorView;

/// The connectors of this version, those that no data source uses included.
pub(crate) async fn list<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let query = call.query(&["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let sources = api.outside.store().sources().await?;
    let all = api.outside.set_ups().connectors();
    let all: Vec<ConnectorView> = all.into_iter().map(|one| one.used_by(&sources)).collect();
    Answer::ok(&paged(all, |one| &one.name, after, limit)?)
}
