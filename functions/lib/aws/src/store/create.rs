//! Begins a request: delivery, request, tasks, first event, head and wrapped key in one transaction over both
//! tables, so that none of them exists without the others.

use super::reads::{IndexQuery, Key};
use super::rows::{
    DELIVERY_SK, SCHEMA, SOURCE_SK, delivery_pk, delivery_row, event_sk, head_row, key_row, link_row, read,
    request_pk, request_row, source_of, source_pk, task_row,
};
use super::tables::Store;
use super::writes::{BUSY, Guard, Refusal, TRIES, Write, check_limits, pause};
use crate::random::random_name;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::event;
use rightful_domain::chain::fact::Fact;
use rightful_domain::chain::links::Head;
use rightful_domain::metric::Committed;
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::request::Request;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Begins, Created, Reads as _};
use std::collections::BTreeSet;

impl Begins for Store {
    async fn delivery(&self, channel: &str, key: &Tag) -> Result<Option<Delivery>, Failure> {
        let row = self.row(delivery_pk(channel, key), DELIVERY_SK.to_owned()).await?;
        row.map(|item| read(item, SCHEMA)).transpose()
    }

    async fn source_ids(&self) -> Result<Vec<SourceId>, Failure> {
        let rows = self.index_rows(IndexQuery::list("SOURCE")).await?;
        Ok(rows.iter().filter_map(source_of).collect())
    }

    async fn sources_named(&self, ids: &[SourceId]) -> Result<Vec<DataSource>, Failure> {
        let ids: BTreeSet<&SourceId> = ids.iter().collect();
        let keys: Vec<Key> = ids.iter().map(|id| (source_pk(id), SOURCE_SK.to_owned())).collect();
        let mut rows = self.rows_at(&keys).await?;
        // The index may still name a removed one.
        keys.iter().filter_map(|key| rows.remove(key)).map(|row| read(row, SCHEMA)).collect()
    }

    async fn create(
        &self,
        request: &Request,
        tasks: &[Task],
        delivery: Option<&Delivery>,
        wrapped_key: &[u8],
        fact: Fact,
    ) -> Result<Created, Failure> {
        let writes = self.beginning(request, tasks, delivery, wrapped_key, &fact)?;
        let created = self.begin(&writes, request, delivery).await?;
        if created == Created::New {
            let tasks = tasks.iter().collect();
            self.tell(&Committed { request: Some(request), tasks, facts: &[fact] });
        }
        Ok(created)
    }
}

impl Store {
    async fn begin(
        &self,
        writes: &[Write],
        request: &Request,
        delivery: Option<&Delivery>,
    ) -> Result<Created, Failure> {
        check_limits(writes)?;
        for attempt in 0..TRIES {
            pause(attempt).await;
            match self.transact(writes).await {
                Ok(()) => return Ok(Created::New),
                Err(Refusal::Busy) => {}
                Err(Refusal::Failed(failure)) => return Err(failure),
                Err(Refusal::Guards(_)) => {
                    if let Some(created) = self.already_created(request, delivery).await? {
                        return Ok(created);
                    }
                }
                Err(Refusal::Ambiguous(failure)) => {
                    return self.already_created(request, delivery).await?.ok_or(failure);
                }
            }
        }
        Err(BUSY)
    }

    fn beginning(
        &self,
        request: &Request,
        tasks: &[Task],
        delivery: Option<&Delivery>,
        wrapped_key: &[u8],
        fact: &Fact,
    ) -> Result<Vec<Write>, Failure> {
        let writer = random_name()?;
        let new = |item| self.put_request_row(item, Guard::Absent);
        let event = event::write(&Head::start(), request.id, request.arrived_at(), fact)
            .map_err(|_| Failure::of(Code::EventUnwritable))?;
        let mut writes = Vec::with_capacity(tasks.len() + 5);
        if let Some(delivery) = delivery {
            writes.push(new(delivery_row(delivery)?));
        }
        writes.push(new(request_row(request, 1, &writer)?));
        for task in tasks {
            writes.push(new(task_row(task, 1, &writer)?));
        }
        let pk = request_pk(request.id);
        writes.push(new(link_row(&pk, event_sk(event.head.seq), &event.bytes, &writer)));
        writes.push(new(head_row(&pk, &event.head)?));
        writes.push(Write::Put {
            table: self.keys.clone(),
            item: key_row(request.id, wrapped_key),
            guard: Guard::Absent,
        });
        Ok(writes)
    }

    /// The result of an earlier try, if any: an id is drawn for one call of [`Begins::create`], so a row that
    /// names this request is this call's own.
    async fn already_created(
        &self,
        request: &Request,
        delivery: Option<&Delivery>,
    ) -> Result<Option<Created>, Failure> {
        let Some(delivery) = delivery else {
            return Ok(self.request(request.id).await?.map(|_| Created::New));
        };
        let there = self.delivery(&delivery.channel, &delivery.key).await?;
        Ok(there.map(
            |there| {
                if there.request == request.id { Created::New } else { Created::Delivered(there) }
            },
        ))
    }
}
