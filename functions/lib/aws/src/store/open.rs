//! Reads for monitoring: all open work by the due index, and the chains.

use super::journal::LAST_ENTRY;
use super::reads::IndexQuery;
use super::rows::{EVENT_PREFIX, Item, JOURNAL_PK, entry_sk, link_bytes, request_pk, work_of};
use super::tables::Store;
use crate::failures::STORE;
use aws_sdk_dynamodb::types::AttributeValue;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::links::Links;
use rightful_domain::duty::gauge::Work;
use rightful_domain::ports::store::{Chains, OpenWork, Page};

impl OpenWork for Store {
    async fn open_work(&self, shard: u8, after: Option<String>) -> Result<Page<Work>, Failure> {
        let page = self.index_page(&IndexQuery::open(shard), after.as_deref()).await?;
        let found = page.rows.len();
        let rows: Vec<Work> = page.rows.into_iter().filter_map(work_of).collect();
        if rows.len() < found {
            // A count without it is too low, and an alarm would stay silent.
            return Err(Failure::of(Code::RowUnreadable));
        }
        Ok(Page { rows, next: page.next })
    }
}

impl Chains for Store {
    async fn event_links(&self, request: RequestId) -> Result<Links, Failure> {
        let head = self.head(&request_pk(request)).await?;
        let links = self.rows(request_pk(request), EVENT_PREFIX.to_owned()).await?;
        Ok(Links { head, links: links.into_iter().map(bytes_or_none).collect() })
    }

    async fn journal_links(&self, after: u64, most: u32) -> Result<Links, Failure> {
        let head = self.head(JOURNAL_PK).await?;
        let found = self
            .client
            .query()
            .table_name(&self.requests)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(JOURNAL_PK.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(entry_sk(after.saturating_add(1))))
            .expression_attribute_values(":last", AttributeValue::S(entry_sk(LAST_ENTRY)))
            .set_limit(i32::try_from(most).ok())
            .send()
            .await
            .map_err(|err| STORE.failure(&err))?;
        let links = found.items.unwrap_or_default().into_iter().map(bytes_or_none).collect();
        Ok(Links { head, links })
    }
}

/// A link without its bytes breaks the chain; the other links are still checked.
fn bytes_or_none(item: Item) -> Vec<u8> {
    link_bytes(item).unwrap_or_default()
}
