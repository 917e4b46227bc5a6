//! Reads for operators beyond the handlers' ports: lists, and look-ups by index.

use super::reads::{IndexQuery, Key};
use super::rows::{
    Item, LISTED_CLOSED, LISTED_OPEN, REQUEST_SK, due_of, list_place, listed_at, read, request_of,
    request_pk, rule_of, rule_ref,
};
use super::tables::Store;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::store::{Begins as _, DUE_SHARDS, Page, Received, UsesOf};
use std::collections::BTreeSet;

/// Which requests a list contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// The open ones.
    Open,
    /// The closed ones.
    Closed,
    /// All.
    All,
}

impl Listed {
    fn partitions(self) -> &'static [&'static str] {
        match self {
            Listed::Open => &[LISTED_OPEN],
            Listed::Closed => &[LISTED_CLOSED],
            Listed::All => &[LISTED_OPEN, LISTED_CLOSED],
        }
    }

    fn takes(self, state: RequestState) -> bool {
        match self {
            Listed::Open => state == RequestState::Open,
            Listed::Closed => state == RequestState::Closed,
            Listed::All => true,
        }
    }
}

impl Store {
    /// Requests, newest first, at most `limit` of them; `before` is the `next` of the previous page, and
    /// `next` is `None` on the last page. The index lags by a second or so: a request that has just arrived
    /// or changed its state may be missing, which makes a page shorter. The rows of a page are read
    /// consistently.
    ///
    /// # Errors
    /// When the store fails, or `Misconfigured` (`cursor_unreadable`) when `before` is no `next` of a page.
    pub async fn list_requests(
        &self,
        which: Listed,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Page<Request>, Failure> {
        let before = before.map(list_place).transpose()?;
        let limit = limit.max(1);
        let mut found: Vec<Item> = Vec::new();
        let mut more = false;
        for partition in which.partitions() {
            let page =
                self.index_page(&IndexQuery::list(partition).newest_first(before, limit), None).await?;
            more |= page.next.is_some();
            found.extend(page.rows);
        }
        found.sort_by(|a, b| listed_at(b).cmp(&listed_at(a)));
        // A request that is changing its state may be in both.
        found.dedup_by(|a, b| listed_at(a) == listed_at(b));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        more |= found.len() > limit;
        found.truncate(limit);
        let next = found.last().and_then(listed_at).filter(|_| more).map(str::to_owned);
        let ids: Vec<RequestId> = found.iter().filter_map(request_of).collect();
        let rows = self.requests(&ids).await?.into_iter().filter(|it| which.takes(it.state)).collect();
        Ok(Page { rows, next })
    }

    /// The existing ones of these requests, in this order; strongly consistent. No id may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn requests(&self, ids: &[RequestId]) -> Result<Vec<Request>, Failure> {
        let keys: Vec<Key> = ids.iter().map(|id| (request_pk(*id), REQUEST_SK.to_owned())).collect();
        let mut rows = self.rows_at(&keys).await?;
        keys.iter().filter_map(|key| rows.remove(key)).map(|row| read(row, Request::SCHEMA)).collect()
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

    /// The requests of one data subject that are not forgotten, the oldest first. The index lags by a second or
    /// so: a request that has just arrived may be missing. The rows are read consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn by_subject(&self, subject: &Tag) -> Result<Vec<Request>, Failure> {
        let rows = self.index_rows(IndexQuery::subject(&subject.mac)).await?;
        let ids: Vec<RequestId> = rows.iter().filter_map(request_of).collect();
        let mut rows = self.requests(&ids).await?;
        rows.retain(|request| request.subject.as_ref() == Some(subject));
        Ok(rows)
    }
}

/// How many requests are read for one page of references.
const REFERENCES_PAGE: u32 = 100;

impl Received for Store {
    async fn delivered(&self, channel: &str, key: &Tag) -> Result<bool, Failure> {
        Ok(self.delivery(channel, key).await?.is_some())
    }

    async fn references_since(&self, since: Time, most: u32) -> Result<Vec<Reference>, Failure> {
        let (mut found, mut before) = (Vec::new(), None);
        for _ in 0..most.div_ceil(REFERENCES_PAGE) {
            let page = self.list_requests(Listed::All, before.as_deref(), REFERENCES_PAGE).await?;
            let past = page.rows.iter().any(|request| request.received_at < since);
            let late = page.rows.into_iter().filter(|request| request.received_at >= since);
            found.extend(late.filter_map(|request| request.reference));
            before = page.next;
            if past || before.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

impl UsesOf for Store {
    /// Reads the whole due index, which holds open work only. The request's own row decides, even if its task
    /// there has an outcome: the task can run again until the request closes.
    async fn open_requests_at(&self, source: &SourceId, most: u32) -> Result<Vec<RequestId>, Failure> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut open, mut seen) = (Vec::new(), BTreeSet::new());
        for shard in 0..DUE_SHARDS {
            let mut after: Option<String> = None;
            loop {
                if open.len() >= most {
                    break;
                }
                let page = self.index_page(&IndexQuery::open(shard), after.as_deref()).await?;
                let due = page.rows.iter().filter_map(due_of).map(|due| due.request);
                let new: Vec<RequestId> = due.filter(|request| seen.insert(*request)).collect();
                // Read the rows: the index lags behind.
                let goes_there = |it: &Request| it.state == RequestState::Open && it.sources.contains(source);
                let rows = self.requests(&new).await?;
                open.extend(rows.into_iter().filter(goes_there).map(|request| request.id));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        open.truncate(most);
        Ok(open)
    }
}
