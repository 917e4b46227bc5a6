//! Reads that several commands need.

use super::call::Call;
use super::client::Api;
use super::error::ApiError;
use super::pages::all_items;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::source::{ConnectorView, SourceView};

/// A request with its tasks.
pub async fn request(api: &Api, id: RequestId) -> Result<RequestDetail, ApiError> {
    api.call(Call::get(format!("/requests/{id}"))).await
}

/// A data source.
pub async fn source(api: &Api, id: &SourceId) -> Result<SourceView, ApiError> {
    api.call(Call::get(format!("/sources/{id}"))).await
}

/// The connectors of the deployed version.
pub async fn connectors(api: &Api) -> Result<Vec<ConnectorView>, ApiError> {
    all_items(api, || Call::get("/connectors")).await
}
