//! Stores a state change: its rows, its events and the head of the chain, together or not at all.
//!
//! Each call draws a name and writes it into every row and event, so that it recognises its own change: two
//! handlers with the same decision in the same millisecond write the same bytes, and only one of them may go
//! on to the vendor.

use super::rows::{
    HEAD_SK, LEASE_SK, REQUEST_SK, SCHEMA, event_sk, head_row, is_by, lease_pk, lease_row, link_row, read,
    records_row, records_sk, request_pk, request_row, row_key, rule_row, rule_sk, task_row, task_sk,
};
use super::tables::Store;
use super::writes::{BUSY, Guard, Refusal, TRIES, Write, check_limits, pause, refusal};
use crate::failures::{STORE, cause};
use crate::random::random_name;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::event;
use rightful_domain::chain::links::Head;
use rightful_domain::metric::Committed;
use rightful_domain::model::lease::Lease;
use rightful_domain::ports::store::{Change, CommitError, Row, Writes};

impl Writes for Store {
    async fn commit(&self, change: Change) -> Result<(), CommitError> {
        let writer = random_name()?;
        let rows: Vec<Write> =
            change.rows.iter().map(|row| self.write_of(&change, row, &writer)).collect::<Result<_, _>>()?;
        if change.facts.is_empty() {
            let witness = change.rows.iter().find_map(witness).map(|sk| (request_pk(change.request), sk));
            return self.commit_quietly(&rows, witness, &writer).await;
        }
        self.commit_with_events(&change, &rows, &writer).await?;
        self.tell(&Committed::of(&change));
        Ok(())
    }
}

/// A chain that a change adds links to: the events of a request, or the deployment's journal.
pub(super) struct Chain<L> {
    /// The partition it is in.
    pub pk: String,
    /// The sort key of a link.
    pub sk: fn(u64) -> String,
    /// The links that follow a head: the exact bytes of each, and the head with it.
    pub links: L,
}

impl Store {
    async fn commit_with_events(
        &self,
        change: &Change,
        rows: &[Write],
        writer: &str,
    ) -> Result<(), CommitError> {
        let links = |head: &Head| {
            let mut head = head.clone();
            let mut links = Vec::with_capacity(change.facts.len());
            for fact in &change.facts {
                let event = event::write(&head, change.request, change.at, fact)
                    .map_err(|_| Failure::of(Code::EventUnwritable))?;
                head = event.head.clone();
                links.push((event.bytes, event.head));
            }
            Ok(links)
        };
        let chain = Chain { pk: request_pk(change.request), sk: event_sk, links };
        self.commit_to_chain(&chain, rows, writer).await
    }

    /// Stores rows with the next links of a chain and its head. If only another link came first, the change
    /// is tried again after it.
    pub(super) async fn commit_to_chain<L>(
        &self,
        chain: &Chain<L>,
        rows: &[Write],
        writer: &str,
    ) -> Result<(), CommitError>
    where
        L: Fn(&Head) -> Result<Vec<(Vec<u8>, Head)>, Failure>,
    {
        let mut tried: Option<u64> = None;
        for attempt in 0..TRIES {
            pause(attempt).await;
            let head = match self.known(&chain.pk) {
                Some(head) => Some(head),
                None => self.head(&chain.pk).await?,
            };
            let seq = head.as_ref().map_or(0, |head| head.seq) + 1;
            // An earlier try that was told to come back may have been stored.
            if let Some(before) = tried.replace(seq).filter(|before| *before < seq)
                && self.is_ours(chain.pk.clone(), (chain.sk)(before), writer).await?
            {
                return Ok(());
            }
            let mut writes = rows.to_vec();
            let last = self.append_links(&mut writes, chain, head, writer)?;
            check_limits(&writes)?;
            let ours = || self.is_ours(chain.pk.clone(), (chain.sk)(seq), writer);
            match self.transact(&writes).await {
                Ok(()) => {
                    self.know(&chain.pk, last);
                    return Ok(());
                }
                Err(Refusal::Busy) => {}
                Err(Refusal::Failed(failure)) => return Err(failure.into()),
                Err(Refusal::Guards(failed)) => {
                    if ours().await? {
                        return Ok(());
                    }
                    if failed.iter().any(|&index| index < rows.len()) {
                        return Err(CommitError::Stale);
                    }
                    // Only the chain has grown: try the same rows after its new head.
                }
                Err(Refusal::Ambiguous(failure)) => {
                    return if ours().await? { Ok(()) } else { Err(failure.into()) };
                }
            }
        }
        Err(BUSY.into())
    }

    /// A change without an event, which leaves the head alone. `witness` is a row that names its writer.
    pub(super) async fn commit_quietly(
        &self,
        rows: &[Write],
        witness: Option<(String, String)>,
        writer: &str,
    ) -> Result<(), CommitError> {
        check_limits(rows)?;
        if rows.is_empty() {
            return Ok(());
        }
        let ours = || async {
            match witness.clone() {
                Some((pk, sk)) => self.is_ours(pk, sk, writer).await,
                None => Ok(false),
            }
        };
        for attempt in 0..TRIES {
            pause(attempt).await;
            let written = match rows {
                [row @ Write::Put { .. }] => self.put(row).await,
                _ => self.transact(rows).await,
            };
            match written {
                Ok(()) => return Ok(()),
                Err(Refusal::Busy) => {}
                Err(Refusal::Failed(failure)) => return Err(failure.into()),
                Err(Refusal::Guards(_)) => {
                    return if ours().await? { Ok(()) } else { Err(CommitError::Stale) };
                }
                Err(Refusal::Ambiguous(failure)) => {
                    return if ours().await? { Ok(()) } else { Err(failure.into()) };
                }
            }
        }
        Err(BUSY.into())
    }

    /// Writes one row without a transaction, at half its price.
    pub(super) async fn put(&self, write: &Write) -> Result<(), Refusal> {
        let Write::Put { table, item, guard } = write else {
            return self.transact(std::slice::from_ref(write)).await;
        };
        let (expression, names, values) = guard.condition();
        let sent = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(item.clone()))
            .set_condition_expression(expression)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(err)
                if err.as_service_error().is_some_and(|err| err.is_conditional_check_failed_exception()) =>
            {
                Err(Refusal::Guards(vec![0]))
            }
            Err(err) => Err(refusal(cause(&err), || STORE.failure(&err))),
        }
    }

    /// Whether `writer` wrote the row that is there now.
    pub(super) async fn is_ours(&self, pk: String, sk: String, writer: &str) -> Result<bool, Failure> {
        Ok(self.row(pk, sk).await?.is_some_and(|item| is_by(&item, writer)))
    }

    pub(super) async fn head(&self, pk: &str) -> Result<Option<Head>, Failure> {
        let row = self.row(pk.to_owned(), HEAD_SK.to_owned()).await?;
        row.map(|item| read(item, SCHEMA)).transpose()
    }

    fn append_links<L>(
        &self,
        writes: &mut Vec<Write>,
        chain: &Chain<L>,
        head: Option<Head>,
        writer: &str,
    ) -> Result<Head, Failure>
    where
        L: Fn(&Head) -> Result<Vec<(Vec<u8>, Head)>, Failure>,
    {
        let before = head.clone().unwrap_or_else(Head::start);
        let mut last = before.clone();
        for (bytes, head) in (chain.links)(&before)? {
            let row = link_row(&chain.pk, (chain.sk)(head.seq), &bytes, writer);
            writes.push(self.put_request_row(row, Guard::Absent));
            last = head;
        }
        let guard = head.map_or(Guard::Absent, Guard::Head);
        writes.push(self.put_request_row(head_row(&chain.pk, &last)?, guard));
        Ok(last)
    }

    fn write_of(&self, change: &Change, row: &Row, writer: &str) -> Result<Write, Failure> {
        let request = change.request;
        let put = |item, revision| self.put_request_row(item, Guard::read_at(revision));
        Ok(match row {
            Row::Request(row) => put(request_row(row, row.revision + 1, writer)?, row.revision),
            Row::Task(row) => {
                let stored = row.stored_with(change.request_revision());
                put(task_row(&stored, row.revision + 1, writer)?, row.revision)
            }
            Row::Rule(row) => put(rule_row(row, row.revision + 1, writer)?, row.revision),
            // Every such change writes the task's row too, and that guard covers them.
            Row::Records { source, chunk, sealed } => {
                self.put_request_row(records_row(request, source, *chunk, sealed)?, Guard::Nothing)
            }
            Row::Lease(lease) => {
                let before = Guard::read_at(lease.revision_before());
                self.put_request_row(lease_row(lease, writer)?, before)
            }
            Row::Held { source, subject, fence } => Write::Check {
                table: self.requests.clone(),
                key: row_key(lease_pk(source, subject), LEASE_SK),
                revision: Lease::revision_of(*fence),
            },
            Row::ForgetRecords { source, chunk } => Write::Delete {
                table: self.requests.clone(),
                key: row_key(request_pk(request), records_sk(source, *chunk)),
                guard: Guard::Nothing,
            },
        })
    }

    pub(super) fn put_request_row(&self, item: super::rows::Item, guard: Guard) -> Write {
        Write::Put { table: self.requests.clone(), item, guard }
    }
}

/// The sort key of a row that names its writer.
fn witness(row: &Row) -> Option<String> {
    match row {
        Row::Request(_) => Some(REQUEST_SK.to_owned()),
        Row::Task(task) => Some(task_sk(&task.source)),
        Row::Rule(rule) => Some(rule_sk(&rule.source, rule.batch)),
        Row::Lease(_) | Row::Held { .. } | Row::Records { .. } | Row::ForgetRecords { .. } => None,
    }
}
