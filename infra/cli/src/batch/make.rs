//! `rightful request new --file`.

use super::file::read;
use super::progress::BatchProgress;
use super::result::BatchSummary;
use super::row::{Defaults, rows};
use super::send::send;
use crate::api::client::Api;
use crate::api::deployment::Deployment;
use crate::api::error::ApiError;
use crate::api::reads;
use crate::args::request::RequestNew;
use crate::terminal::error::command_error;
use crate::terminal::output::Out;
use crate::values::request::received_at;
use crate::values::source::source_ids;
use anyhow::Result;
use rightful_domain::base::identifier::IdentifierKind;
use std::collections::BTreeSet;
use std::path::Path;

/// Makes the requests of a file.
pub async fn make_requests(out: Out, deployment: &Deployment, new: &RequestNew, file: &Path) -> Result<u8> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let defaults = Defaults {
        right: new.right,
        sources: source_ids(&new.source)?,
        dry_run: new.dry_run,
        received_at: received_at(new.received_at.as_deref())?,
        batch: new.batch.clone().unwrap_or(name),
    };
    let text = read(file)?;
    let kinds = kinds(&deployment.api).await?;
    let rows = rows(&text, &kinds, &defaults)?;
    drop(text);
    if rows.is_empty() {
        return Err(command_error(
            "the file has a header and no row",
            "add a row for each person whose request is to be made",
        ));
    }
    let mut progress = BatchProgress::new(out, rows.len());
    let mut summary = BatchSummary::default();
    let stopped = send(&deployment.api, rows, &mut summary, |line, result, removed| {
        progress.show(line, result, removed)
    })
    .await;
    progress.finish();
    let stopped = stopped?;
    if !out.json {
        out.line(summary.text())?;
    }
    match stopped {
        None => Ok(summary.exit_code()),
        Some(stopped) => Err(stopped.into_error()),
    }
}

/// The kinds of identifiers that can be a column: those that this deployment's connectors search by.
async fn kinds(api: &Api) -> Result<BTreeSet<IdentifierKind>, ApiError> {
    let connectors = reads::connectors(api).await?;
    let asked = connectors.into_iter().flat_map(|connector| connector.identifiers);
    Ok(asked.map(|asked| asked.kind).chain([IdentifierKind::email()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::client::for_tests;
    use serde_json::json;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    #[tokio::test]
    async fn the_columns_that_are_known_are_those_of_the_deployed_connectors() {
        let server = MockServer::start().await;
        let asked = |kind: &str| json!({"kind": kind, "description": kind, "example": kind});
        let connectors = json!({"items": [{
            "name": "plain", "title": "Plain", "docs": "", "params": [], "secret": [],
            "identifiers": [asked("email"), asked("phone")], "rights": ["erasure"], "sources": []
        }], "next": null});
        let answer = ResponseTemplate::new(200).set_body_json(connectors);
        Mock::given(path("/api/connectors")).respond_with(answer).mount(&server).await;
        let known = ["email", "phone"].map(|kind| IdentifierKind::parse(kind).unwrap());
        assert_eq!(kinds(&for_tests(&server.uri())).await.unwrap(), BTreeSet::from(known));
    }
}
