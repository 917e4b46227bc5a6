//! The book of a run: the owners of records, the people behind identifiers, and the first violation.

use crate::history::Standing;
use crate::ledger::entries::{Demanded, Post, Run, Search, Violation};
use rightful_contract::keys::TagKey;
use rightful_contract::store::Store;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::{RequestId, SourceId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::policy::Policy;
use rightful_domain::vendor::record::RecordId;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// The book of a run.
pub(crate) struct Ledger {
    pub(super) store: Store,
    pub(super) tags: TagKey,
    /// The task of the worker whose turn it is.
    pub(crate) current: RefCell<Option<TaskRef>>,
    pub(crate) demanded: RefCell<BTreeMap<RequestId, Demanded>>,
    /// The worker whose turn it is, or was last.
    pub(crate) worker: Cell<u64>,
    /// How often each worker has opened a data source.
    pub(super) opened: RefCell<BTreeMap<u64, u32>>,
    /// Whose a record is, by vendor.
    pub(super) owners: RefCell<BTreeMap<(String, RecordId), usize>>,
    /// Whom an identifier points at.
    pub(super) known: RefCell<BTreeMap<String, BTreeSet<usize>>>,
    /// The people behind identifiers that an operator gave a data source, beside the person.
    pub(super) given: RefCell<BTreeSet<(RequestId, SourceId, usize)>>,
    /// Who decides at a data source, by right.
    pub(super) policies: RefCell<BTreeMap<(SourceId, Right), Policy>>,
    /// The standings, by request and data source.
    pub(super) standings: RefCell<BTreeMap<(RequestId, SourceId), Standing>>,
    pub(super) posts: RefCell<Vec<Post>>,
    pub(super) searches: RefCell<Vec<Search>>,
    pub(super) runs: RefCell<BTreeMap<(RequestId, SourceId), Run>>,
    /// Vendors with a control, and when each really showed it.
    pub(super) controls: RefCell<BTreeMap<String, Vec<Time>>>,
    /// Calls that were refused, and for which task.
    pub(super) refused: RefCell<Vec<(Option<TaskRef>, SourceId, Time)>>,
    /// Rules that the vendor called finished, and how many strangers each lists.
    pub(super) told_finished: RefCell<BTreeMap<(SourceId, String), usize>>,
    pub(super) violation: RefCell<Option<Violation>>,
    pub(super) erased: Cell<u64>,
}

impl Ledger {
    pub(crate) fn new(store: Store, tags: TagKey) -> Self {
        Self {
            store,
            tags,
            current: RefCell::default(),
            demanded: RefCell::default(),
            worker: Cell::new(0),
            opened: RefCell::default(),
            owners: RefCell::default(),
            known: RefCell::default(),
            given: RefCell::default(),
            policies: RefCell::default(),
            standings: RefCell::default(),
            posts: RefCell::default(),
            searches: RefCell::default(),
            runs: RefCell::default(),
            controls: RefCell::default(),
            refused: RefCell::default(),
            told_finished: RefCell::default(),
            violation: RefCell::default(),
            erased: Cell::new(0),
        }
    }

    /// Records a violation; the first one counts.
    pub(crate) fn breaks(&self, invariant: u8, what: impl Into<String>) {
        self.violation.borrow_mut().get_or_insert(Violation { invariant, what: what.into() });
    }

    pub(crate) fn holds(&self, invariant: u8, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.breaks(invariant, what());
        }
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.violation.borrow().clone()
    }

    /// At this vendor the record is this person's.
    pub(crate) fn owns(&self, vendor: &str, record: RecordId, person: usize) {
        self.owners.borrow_mut().insert((vendor.to_owned(), record), person);
    }

    /// An identifier points at this person.
    pub(crate) fn is_known_as(&self, identifier: &Identifier, person: usize) {
        self.known.borrow_mut().entry(identifier.comparable()).or_default().insert(person);
    }

    /// Whose task it is.
    pub(crate) fn person_of(&self, at: &TaskRef) -> Option<usize> {
        self.demanded.borrow().get(&at.request_id).map(|demanded| demanded.person)
    }

    /// Who decides on found records at a data source.
    pub(crate) fn decides(&self, source: &SourceId, right: Right, policy: Policy) {
        self.policies.borrow_mut().insert((source.clone(), right), policy);
    }

    /// An operator is about to give an identifier that points at this person.
    pub(crate) fn points_at(&self, at: &TaskRef, person: usize) {
        self.given.borrow_mut().insert((at.request_id, at.source_id.clone(), person));
    }

    /// Whether a record at this vendor belongs to the person of a task, or to one whom an operator pointed
    /// at.
    pub(crate) fn is_theirs(&self, at: &TaskRef, vendor: &str, record: &RecordId) -> bool {
        let owner = self.owners.borrow().get(&(vendor.to_owned(), record.clone())).copied();
        owner.is_some_and(|owner| self.is_about(at, owner))
    }

    /// The same at the vendor where the task's records were found.
    pub(crate) fn is_theirs_where_found(&self, at: &TaskRef, record: &RecordId) -> bool {
        self.found_at(at).is_some_and(|vendor| self.is_theirs(at, &vendor, record))
    }

    pub(super) fn is_about(&self, at: &TaskRef, person: usize) -> bool {
        self.person_of(at) == Some(person)
            || self.given.borrow().contains(&(at.request_id, at.source_id.clone(), person))
    }
}

pub(super) fn key(at: &TaskRef) -> (RequestId, SourceId) {
    (at.request_id, at.source_id.clone())
}
