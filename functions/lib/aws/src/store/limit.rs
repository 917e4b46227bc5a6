//! The limits of data sources: one row for each, in a partition of its own.

use super::rows::{LIMIT_SK, limit_pk, limit_row, read};
use super::tables::Store;
use super::writes::Guard;
use crate::random::random_name;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::limit::Limit;
use rightful_domain::ports::store::{CommitError, Limits};

impl Limits for Store {
    async fn limit(&self, source: &SourceId) -> Result<Limit, Failure> {
        let row = self.row(limit_pk(source), LIMIT_SK.to_owned()).await?;
        row.map_or_else(|| Ok(Limit::fresh(source.clone())), |item| read(item, Limit::SCHEMA))
    }

    async fn save_limit(&self, limit: &Limit) -> Result<(), CommitError> {
        let writer = random_name()?;
        let row = self
            .put_request_row(limit_row(limit, limit.revision + 1, &writer)?, Guard::read_at(limit.revision));
        self.commit_quietly(&[row], Some((limit_pk(&limit.source), LIMIT_SK.to_owned())), &writer).await
    }
}
