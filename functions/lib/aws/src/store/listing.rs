//! What operators ask for beyond the handlers' ports: lists, look-ups by index, data sources.

use super::Store;
use super::reads::IndexQuery;
use super::rows::{SOURCE_SK, request_of, row_key, rule_of, rule_ref, source_pk, source_row};
use super::writes::{Guard, random_name};
use crate::failures::STORE;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::ports::{CommitError, Page, Reads as _};
use rightful_domain::request::Request;
use rightful_domain::seal::Tag;
use rightful_domain::vendor::DataSource;

impl Store {
    /// Requests, the newest first, at most `limit` of them; `before` is the `next` of the page
    /// before this one. A request of the last second may be missing: the index lags behind.
    ///
    /// # Errors
    /// When the store fails, or `Misconfigured` when `before` is no `next` of a page.
    pub async fn list_requests(&self, before: Option<String>, limit: u32) -> Result<Page<Request>, Failure> {
        let query = IndexQuery::list("REQUEST").newest_first(limit);
        let page = self.index_page(&query, before.as_deref()).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for id in page.rows.iter().filter_map(request_of) {
            rows.extend(self.request(id).await?);
        }
        Ok(Page { rows, next: page.next })
    }

    /// Which request, data source and batch a vendor's rule belongs to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn by_rule(
        &self,
        source: &SourceId,
        rule_id: &str,
    ) -> Result<Option<(RequestId, SourceId, u32)>, Failure> {
        let rows = self.index_rows(IndexQuery::rule(rule_ref(source, rule_id))).await?;
        Ok(rows.iter().find_map(rule_of))
    }

    /// The requests of one data subject that are not forgotten, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn by_subject(&self, subject: &Tag) -> Result<Vec<RequestId>, Failure> {
        let rows = self.index_rows(IndexQuery::subject(&subject.mac)).await?;
        Ok(rows.iter().filter_map(request_of).collect())
    }

    /// Writes a data source that was read at its revision, with the next one; revision 0 is a new
    /// one, which must not exist.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when it is there already or has changed since, else the store's failure.
    pub async fn put_source(&self, source: &DataSource) -> Result<(), CommitError> {
        let writer = random_name()?;
        let row = self.put_request_row(
            source_row(source, source.revision + 1, &writer)?,
            Guard::read_at(source.revision),
        );
        self.commit_quietly(&[row], Some((source_pk(&source.id), SOURCE_SK.to_owned())), &writer).await
    }

    /// Removes a data source; one that is not there stays so. Its secret is deleted elsewhere.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete_source(&self, id: &SourceId) -> Result<(), Failure> {
        self.client
            .delete_item()
            .table_name(&self.requests)
            .set_key(Some(row_key(source_pk(id), SOURCE_SK)))
            .send()
            .await
            .map(drop)
            .map_err(|err| STORE.failure(&err))
    }
}
