//! Changes of the set-up, each with its entry in the deployment's journal, and the journal read back.

use super::commit::Chain;
use super::rows::{
    JOURNAL_PK, LIMIT_SK, SOURCE_SK, entry_sk, limit_pk, link_bytes, row_key, source_pk, source_row,
};
use super::tables::Store;
use super::writes::{Guard, Write};
use crate::failures::STORE;
use crate::random::random_name;
use aws_sdk_dynamodb::types::AttributeValue;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::journal::{self, Entry};
use rightful_domain::chain::links::Head;
use rightful_domain::model::source::DataSource;
use rightful_domain::ports::set_up::{SetUp, SetsUp, SourceRow};
use rightful_domain::ports::store::{CommitError, Page};

const BROKEN: Failure = Failure::of(Code::JournalBroken);

impl SetsUp for Store {
    async fn set_up(&self, change: SetUp) -> Result<(), CommitError> {
        let writer = random_name()?;
        let rows = match &change.row {
            SourceRow::Untouched => Vec::new(),
            SourceRow::Put(source) => vec![self.put_request_row(
                source_row(source, source.revision + 1, &writer)?,
                Guard::read_at(source.revision),
            )],
            SourceRow::Remove(source) => self.removal(source),
        };
        let links = |head: &Head| {
            let written = journal::write(head, change.at, &change.by, &change.act)
                .map_err(|_| Failure::of(Code::EventUnwritable))?;
            Ok(vec![(written.bytes, written.head)])
        };
        let chain = Chain { pk: JOURNAL_PK.to_owned(), sk: entry_sk, links };
        self.commit_to_chain(&chain, &rows, &writer).await
    }
}

impl Store {
    fn removal(&self, source: &DataSource) -> Vec<Write> {
        let delete = |pk: String, sk: &str, guard| Write::Delete {
            table: self.requests.clone(),
            key: row_key(pk, sk),
            guard,
        };
        // Its limit changes with every call to the vendor, and has no use without the data source.
        vec![
            delete(source_pk(&source.id), SOURCE_SK, Guard::Revision(source.revision)),
            delete(limit_pk(&source.id), LIMIT_SK, Guard::Nothing),
        ]
    }

    /// Entries of the deployment's journal before the number `before`, newest first, at most `limit` of them;
    /// without `before`, or with a number past the newest entry, from the newest one on. They were verified:
    /// they follow each other and the entry before them, and the newest one matches the journal's head.
    /// `next` is the number for the next call.
    ///
    /// # Errors
    /// When the store fails, or `Misconfigured` (`journal_broken`) when an entry was changed or is missing.
    pub async fn journal(&self, before: Option<u64>, limit: u32) -> Result<Page<Entry>, Failure> {
        let newest = self.head(JOURNAL_PK).await?.unwrap_or_else(Head::start);
        let last = before.unwrap_or(u64::MAX).saturating_sub(1).min(newest.seq);
        if last == 0 {
            return Ok(Page { rows: Vec::new(), next: None });
        }
        let limit = limit.clamp(1, MAX_ENTRIES);
        // One more: it holds the hash that the oldest entry of the page follows.
        let links = self.newest_links(last, limit + 1).await?;
        if links.last().is_none_or(|(seq, _)| *seq != last) {
            return Err(BROKEN);
        }
        let (oldest, bytes) = links.first().ok_or(BROKEN)?;
        let head = Head { seq: oldest.saturating_sub(1), hash: followed_by(bytes)? };
        let bytes: Vec<Vec<u8>> = links.into_iter().map(|(_, bytes)| bytes).collect();
        let (read, mut entries) = journal::read(&head, &bytes).map_err(|_| BROKEN)?;
        if read.seq == newest.seq && read != newest {
            return Err(BROKEN);
        }
        entries.reverse();
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = entries.last().filter(|entry| entry.seq > 1).map(|entry| entry.seq.to_string());
        Ok(Page { rows: entries, next })
    }

    /// The links up to the number `last`, the newest `most` of them, in order.
    async fn newest_links(&self, last: u64, most: u32) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
        let found = self
            .client
            .query()
            .table_name(&self.requests)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(JOURNAL_PK.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(entry_sk(1)))
            .expression_attribute_values(":last", AttributeValue::S(entry_sk(last.min(LAST_ENTRY))))
            .scan_index_forward(false)
            .set_limit(i32::try_from(most).ok())
            .send()
            .await
            .map_err(|err| STORE.failure(&err))?;
        let links = found.items.unwrap_or_default().into_iter().rev();
        links.map(|item| Ok((number(&item).ok_or(BROKEN)?, link_bytes(item)?))).collect()
    }
}

/// One query reads a megabyte: this many entries fit, whatever they contain.
const MAX_ENTRIES: u32 = 100;
/// The largest number that the sort key's digits hold.
pub(super) const LAST_ENTRY: u64 = 9_999_999_999;

fn number(item: &super::rows::Item) -> Option<u64> {
    item.get("sk")?.as_s().ok()?.strip_prefix("ENTRY#")?.parse().ok()
}

/// The hash that this entry names as its predecessor's.
fn followed_by(bytes: &[u8]) -> Result<String, Failure> {
    let entry: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| BROKEN)?;
    entry.get("prev").and_then(|prev| prev.as_str()).map(str::to_owned).ok_or(BROKEN)
}
