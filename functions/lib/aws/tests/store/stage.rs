//! A store over a script, and changes of one task.

use crate::fake::{Fake, Scripted, ok};
use rightful_aws::Store;
use rightful_contract::world::{self, a_task, request_id};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::task::Task;
use rightful_domain::ports::store::{Change, Row};
use serde_json::json;

pub fn id() -> RequestId {
    request_id(11)
}

pub fn source() -> SourceId {
    world::source("qualifio-main")
}

pub fn now() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

pub fn task(revision: u64) -> Task {
    Task { revision, ..a_task(11, "qualifio-main", now()) }
}

pub fn change(rows: Vec<Row>, facts: Vec<Fact>) -> Change {
    Change { request: id(), at: now(), rows, facts }
}

pub fn found() -> Change {
    change(
        vec![Row::Task(task(1))],
        vec![Fact::Found {
            source: source(),
            records: 2,
            asked: rightful_domain::model::task::Asked::default(),
        }],
    )
}

pub fn nothing() -> Scripted {
    ok(json!({}))
}

pub fn store(fake: &Fake) -> Store {
    Store::new(&fake.aws(), "requests", "keys")
}
