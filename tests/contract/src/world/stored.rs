//! The stored rows, read and tampered with.

use crate::rows;
use crate::table::Write;
use crate::world::deployment::World;
use crate::world::names::source;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::Request;
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;

impl World {
    /// Changes a data source's row by hand.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper_source(&self, name: &str, change: impl FnOnce(&mut DataSource)) {
        let key = rows::source_key(&source(name));
        let mut row: DataSource =
            rows::read(&self.store.table().row(&key.0, &key.1).expect("a source")).expect("a source's row");
        change(&mut row);
        let revision = row.revision;
        self.store.table().set(key, Some(rows::item(&row, revision, 0).expect("a row")));
    }

    /// The stored request.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Request {
        let item = self.store.table().row(&rows::request_pk(id), "REQUEST").expect("a request");
        rows::read(&item).expect("a request's row")
    }

    /// The stored task.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn task(&self, at: &TaskRef) -> Task {
        let item = self.store.table().row(&rows::request_pk(at.request_id), &rows::task_sk(&at.source_id));
        rows::read(&item.expect("a task")).expect("a task's row")
    }

    /// The stored tasks of a request.
    ///
    /// # Panics
    /// When one is unreadable.
    #[must_use]
    pub fn tasks(&self, id: RequestId) -> Vec<Task> {
        let rows = self.store.table().query(&rows::request_pk(id), "TASK#");
        rows.iter().map(|item| rows::read(item).expect("a task's row")).collect()
    }

    /// The stored rules of a task.
    ///
    /// # Panics
    /// When one is unreadable.
    #[must_use]
    pub fn rules(&self, at: &TaskRef) -> Vec<Rule> {
        self.store.rules_now(at.request_id, &at.source_id).expect("rules")
    }

    /// The request's events, after a check of their chain and of the stored head.
    ///
    /// # Panics
    /// When the chain is broken.
    #[must_use]
    pub fn facts(&self, id: RequestId) -> Vec<Fact> {
        let pk = rows::request_pk(id);
        let events: Vec<Vec<u8>> =
            self.store.table().query(&pk, "EVENT#").into_iter().map(|item| item.body).collect();
        let (head, facts) = read_chain(id, &events).expect("a whole chain");
        let stored = self.store.table().row(&pk, "HEAD").expect("a head");
        assert_eq!(head, rows::read(&stored).expect("a head's row"), "the head is that of the last event");
        facts.into_iter().map(|(_, fact)| fact).collect()
    }

    /// The earliest time in the due index.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.store.table().least("next_due").and_then(|at| Time::parse(&at).ok())
    }

    /// Changes a stored request by hand, to tamper with it.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper_request(&self, id: RequestId, change: impl FnOnce(&mut Request)) {
        let mut request = self.request(id);
        change(&mut request);
        let revision = request.revision;
        request.revision -= 1;
        let Write::Put(key, item, _) = rows::request(&request, 0).expect("a row") else { return };
        assert_eq!(item.revision, revision, "the same revision");
        self.store.table().set(key, Some(item));
    }

    /// Changes a stored task by hand, to tamper with it.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper(&self, at: &TaskRef, change: impl FnOnce(&mut Task)) {
        let mut task = self.task(at);
        change(&mut task);
        let revision = task.revision;
        task.revision -= 1;
        let Write::Put(key, item, _) = rows::task(&task, 0).expect("a row") else { return };
        assert_eq!(item.revision, revision, "the same revision");
        self.store.table().set(key, Some(item));
    }
}
