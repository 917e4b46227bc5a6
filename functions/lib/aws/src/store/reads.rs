//! Strongly consistent reads of one request's rows, and queries of the indexes, which lag behind.

use super::rows::{
    EVENT_PREFIX, HEAD_SK, Item, LEASE_SK, REQUEST_SK, RULE_PREFIX, RecordsRow, SCHEMA, SOURCE_SK,
    TASK_PREFIX, cursor, due_of, due_shard, key_of, lease_pk, link_bytes, read, records_prefix, request_pk,
    row_key, rule_prefix, source_pk, start_key, task_sk,
};
use super::tables::Store;
use super::writes::{BUSY, TRIES, pause};
use crate::failures::STORE;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::base::time::Time;
use rightful_domain::model::lease::Lease;
use rightful_domain::model::request::Request;
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Assignment, Due, DueIndex, Page, Reads};
use std::collections::HashMap;

/// How many due rows are read at once.
const DUE_PAGE: i32 = 25;

/// How many rows one call can name.
const BATCH_ROWS: usize = 100;

/// The partition key and the sort key of a row.
pub(super) type Key = (String, String);

impl Reads for Store {
    async fn request(&self, id: RequestId) -> Result<Option<Request>, Failure> {
        // Others may have added to the chain since it was last seen.
        drop(self.known(&request_pk(id)));
        let row = self.row(request_pk(id), REQUEST_SK.to_owned()).await?;
        row.map(|item| read(item, Request::SCHEMA)).transpose()
    }

    async fn tasks(&self, id: RequestId) -> Result<Vec<Task>, Failure> {
        let rows = self.rows(request_pk(id), TASK_PREFIX.to_owned()).await?;
        rows.into_iter().map(|item| read(item, Task::SCHEMA)).collect()
    }

    async fn tasks_of(&self, requests: &[Request]) -> Result<Vec<Task>, Failure> {
        let of = |request: &Request| {
            let pk = request_pk(request.id);
            request.sources.iter().map(move |source| (pk.clone(), task_sk(source))).collect::<Vec<Key>>()
        };
        let keys: Vec<Key> = requests.iter().flat_map(of).collect();
        let mut rows = self.rows_at(&keys).await?;
        keys.iter().filter_map(|key| rows.remove(key)).map(|row| read(row, Task::SCHEMA)).collect()
    }

    async fn task(&self, id: RequestId, source: &SourceId) -> Result<Option<Task>, Failure> {
        let row = self.row(request_pk(id), task_sk(source)).await?;
        row.map(|item| read(item, Task::SCHEMA)).transpose()
    }

    async fn assignment(&self, at: &TaskRef) -> Result<Assignment, Failure> {
        let pk = request_pk(at.request_id);
        let key = |sk: &str| (pk.clone(), sk.to_owned());
        let (request, task, head) = (key(REQUEST_SK), key(&task_sk(&at.source_id)), key(HEAD_SK));
        let source = (source_pk(&at.source_id), SOURCE_SK.to_owned());
        let keys = [request.clone(), task.clone(), head.clone(), source.clone()];
        let mut rows = self.rows_at(&keys).await?;
        let task: Option<Task> = rows.remove(&task).map(|row| read(row, Task::SCHEMA)).transpose()?;
        let mut request: Option<Request> =
            rows.remove(&request).map(|row| read(row, Request::SCHEMA)).transpose()?;
        // A batch is no snapshot: a change may have come in between.
        if task
            .as_ref()
            .is_some_and(|task| request.as_ref().is_none_or(|request| !request.is_as_new_as(task)))
        {
            request = self.request(at.request_id).await?;
        }
        // With several data sources, the request's chain may grow meanwhile.
        if request.as_ref().is_some_and(|request| request.sources.len() == 1)
            && let Some(Ok(head)) = rows.remove(&head).map(|row| read(row, SCHEMA))
        {
            self.know(&pk, head);
        }
        let source = rows.remove(&source).map(|row| read(row, SCHEMA)).transpose();
        Ok(Assignment { request, task, source })
    }

    async fn rules(&self, id: RequestId, source: &SourceId) -> Result<Vec<Rule>, Failure> {
        let rows = self.rows(request_pk(id), rule_prefix(source)).await?;
        rows.into_iter().map(|item| read(item, Rule::SCHEMA)).collect()
    }

    async fn all_rules(&self, id: RequestId) -> Result<Vec<Rule>, Failure> {
        let rows = self.rows(request_pk(id), RULE_PREFIX.to_owned()).await?;
        rows.into_iter().map(|item| read(item, Rule::SCHEMA)).collect()
    }

    async fn lease(&self, source: &SourceId, subject: &Tag) -> Result<Option<Lease>, Failure> {
        let row = self.row(lease_pk(source, subject), LEASE_SK.to_owned()).await?;
        row.map(|item| read(item, Lease::SCHEMA)).transpose()
    }

    async fn records(&self, id: RequestId, source: &SourceId) -> Result<Vec<Sealed>, Failure> {
        let rows = self.rows(request_pk(id), records_prefix(source)).await?;
        rows.into_iter().map(|item| read::<RecordsRow>(item, SCHEMA).map(|row| row.sealed)).collect()
    }

    async fn events(&self, id: RequestId) -> Result<Vec<Vec<u8>>, Failure> {
        let rows = self.rows(request_pk(id), EVENT_PREFIX.to_owned()).await?;
        rows.into_iter().map(link_bytes).collect()
    }

    async fn source(&self, id: &SourceId) -> Result<Option<DataSource>, Failure> {
        let row = self.row(source_pk(id), SOURCE_SK.to_owned()).await?;
        row.map(|item| read(item, SCHEMA)).transpose()
    }
}

impl DueIndex for Store {
    async fn due(&self, shard: u8, now: Time, after: Option<String>) -> Result<Page<Due>, Failure> {
        let query = IndexQuery::due(shard, now);
        let page = self.index_page(&query, after.as_deref()).await?;
        let found = page.rows.len();
        let rows: Vec<Due> = page.rows.iter().filter_map(due_of).collect();
        if rows.len() < found {
            // One bad row must not block the others.
            tracing::error!(
                code = Code::RowUnreadable.as_str(),
                "the due index holds a row that is no request or task"
            );
        }
        Ok(Page { rows, next: page.next })
    }
}

/// A query of one index by its hash key, and its range key where it has a bound.
#[derive(Clone, Debug)]
pub(super) struct IndexQuery {
    index: &'static str,
    hash: (&'static str, String),
    range: Option<(&'static str, &'static str, String)>,
    descending: bool,
    limit: Option<i32>,
}

impl IndexQuery {
    fn of(index: &'static str, name: &'static str, value: impl Into<String>) -> Self {
        Self { index, hash: (name, value.into()), range: None, descending: false, limit: None }
    }

    fn due(shard: u8, now: Time) -> Self {
        let range = Some(("next_due", "<=", now.to_string()));
        Self { range, limit: Some(DUE_PAGE), ..Self::of("due", "due_shard", due_shard(shard)) }
    }

    /// All rows of a shard, due or not.
    pub(super) fn open(shard: u8) -> Self {
        Self::of("due", "due_shard", due_shard(shard))
    }

    /// All rows of a kind, such as `SOURCE`.
    pub(super) fn list(kind: &'static str) -> Self {
        Self::of("list", "list_key", kind)
    }

    /// The largest range key first, `limit` rows a page, after the place `before`.
    pub(super) fn newest_first(self, before: Option<&str>, limit: u32) -> Self {
        let range = before.map(|place| ("list_sort", "<", place.to_owned()));
        Self { range, descending: true, limit: i32::try_from(limit.max(1)).ok(), ..self }
    }

    pub(super) fn rule(rule_ref: String) -> Self {
        Self::of("rule", "rule_ref", rule_ref)
    }

    pub(super) fn subject(mac: &str) -> Self {
        Self::of("subject", "subject_tag", mac)
    }
}

impl Store {
    /// The existing rows of these keys, each strongly consistent; together they are no snapshot. No key may
    /// occur twice.
    pub(super) async fn rows_at(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, Failure> {
        let mut found = HashMap::new();
        for part in keys.chunks(BATCH_ROWS) {
            let mut left: Vec<Item> = part.iter().map(|(pk, sk)| row_key(pk, sk)).collect();
            for attempt in 0..TRIES {
                pause(attempt).await;
                let asked = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(left)).build();
                let asked = asked.map_err(|_| Failure::of(Code::RowUnreadable))?;
                let batch = self.client.batch_get_item().request_items(&self.requests, asked).send().await;
                let batch = batch.map_err(|err| STORE.failure(&err))?;
                let rows = batch.responses.unwrap_or_default().into_values().flatten();
                found.extend(rows.filter_map(|row| Some((key_of(&row)?, row))));
                // DynamoDB returns as many as fit into one answer.
                left =
                    batch.unprocessed_keys.unwrap_or_default().into_values().flat_map(|it| it.keys).collect();
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(BUSY);
            }
        }
        Ok(found)
    }

    /// All rows of `pk` whose sort key has this prefix, in order, strongly consistent.
    pub(super) async fn rows(&self, pk: String, prefix: String) -> Result<Vec<Item>, Failure> {
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.requests)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .expression_attribute_values(":sk", AttributeValue::S(prefix.clone()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|err| STORE.failure(&err))?;
            rows.extend(page.items.unwrap_or_default());
            match page.last_evaluated_key {
                Some(last) if !last.is_empty() => start = Some(last),
                _ => return Ok(rows),
            }
        }
    }

    /// One page of an index: the keys it holds.
    pub(super) async fn index_page(
        &self,
        query: &IndexQuery,
        after: Option<&str>,
    ) -> Result<Page<Item>, Failure> {
        let mut condition = "#hash = :hash".to_owned();
        let mut call = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name(query.index)
            .expression_attribute_names("#hash", query.hash.0)
            .expression_attribute_values(":hash", AttributeValue::S(query.hash.1.clone()));
        if let Some((name, comparison, value)) = &query.range {
            condition = format!("{condition} AND #range {comparison} :range");
            call = call
                .expression_attribute_names("#range", *name)
                .expression_attribute_values(":range", AttributeValue::S(value.clone()));
        }
        let page = call
            .key_condition_expression(condition)
            .scan_index_forward(!query.descending)
            .set_limit(query.limit)
            .set_exclusive_start_key(after.map(start_key).transpose()?)
            .send()
            .await
            .map_err(|err| STORE.failure(&err))?;
        let next = page.last_evaluated_key.filter(|last| !last.is_empty());
        Ok(Page { rows: page.items.unwrap_or_default(), next: next.as_ref().map(cursor).transpose()? })
    }

    /// All pages of an index.
    pub(super) async fn index_rows(&self, query: IndexQuery) -> Result<Vec<Item>, Failure> {
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.index_page(&query, after.as_deref()).await?;
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }
}
