//! What really happened at the vendors, who asked for it, and what of it must never happen.

use rightful_contract::keys::TagKey;
use rightful_contract::rows;
use rightful_contract::store::Store;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::operations::TaskRef;
use rightful_domain::request::{Request, RequestState};
use rightful_domain::seal::Tag;
use rightful_domain::task::{Rule, RuleState, Task};
use rightful_domain::time::Time;
use rightful_domain::vendor::{Batch, RecordId};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// An invariant of the design that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {invariant}: {what}")]
pub struct Violation {
    /// Its number in the design.
    pub invariant: u8,
    /// What happened.
    pub what: String,
}

/// What a request demands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demanded {
    pub(crate) person: usize,
    pub(crate) dry_run: bool,
}

/// A submission that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) at: TaskRef,
    person: usize,
    fence: u64,
    records: Vec<RecordId>,
    /// When its caller has the answer, or gives it up.
    pub(crate) ends_at: Time,
    /// Whether its answer says for certain that it had no effect.
    harmless: bool,
    rule_id: Option<String>,
}

/// A search that the vendor answered.
#[derive(Clone, Debug)]
struct Search {
    /// For which task; `None` when the reconciliation looked, which does so for every task that a
    /// person has.
    at: Option<TaskRef>,
    source: SourceId,
    began_at: Time,
    found: Vec<RecordId>,
}

impl Search {
    /// Whether it may have been for this task.
    fn is_for(&self, at: &TaskRef) -> bool {
        self.source == at.source_id && self.at.as_ref().is_none_or(|mine| mine == at)
    }
}

/// The book of a run.
pub(crate) struct Ledger {
    store: Store,
    tags: TagKey,
    /// The task that the worker is about whose turn it is.
    pub(crate) current: RefCell<Option<TaskRef>>,
    pub(crate) demanded: RefCell<BTreeMap<RequestId, Demanded>>,
    owners: RefCell<BTreeMap<RecordId, usize>>,
    posts: RefCell<Vec<Post>>,
    searches: RefCell<Vec<Search>>,
    /// Tasks for which a search did not show everything.
    blind: RefCell<BTreeSet<(Option<RequestId>, SourceId)>>,
    told_finished: RefCell<BTreeSet<(SourceId, String)>>,
    violation: RefCell<Option<Violation>>,
    erased: Cell<u64>,
}

impl Ledger {
    pub(crate) fn new(store: Store, tags: TagKey) -> Self {
        Self {
            store,
            tags,
            current: RefCell::default(),
            demanded: RefCell::default(),
            owners: RefCell::default(),
            posts: RefCell::default(),
            searches: RefCell::default(),
            blind: RefCell::default(),
            told_finished: RefCell::default(),
            violation: RefCell::default(),
            erased: Cell::new(0),
        }
    }

    /// Writes down that an invariant does not hold; the first one counts.
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

    pub(crate) fn owns(&self, record: RecordId, person: usize) {
        self.owners.borrow_mut().insert(record, person);
    }

    /// How many records the vendors have erased.
    pub(crate) fn erased(&self) -> u64 {
        self.erased.get()
    }

    fn read<T: serde::de::DeserializeOwned>(&self, id: RequestId, sk: &str) -> Option<T> {
        let item = self.store.table().row(&rows::request_pk(id), sk)?;
        rows::read(&item).ok()
    }

    /// The records that the stored decision of a task names.
    pub(crate) fn decided(&self, task: &Task) -> Option<BTreeSet<RecordId>> {
        let lists = self.lists(&task.decision.as_ref()?.records);
        lists.into_iter().next().map(|list| list.into_iter().collect())
    }

    /// The lists of record ids that a stored digest was made of.
    fn lists(&self, digest: &Tag) -> Vec<Vec<RecordId>> {
        let Some(content) = self.tags.content_of(digest) else { return Vec::new() };
        let mut lists = Vec::new();
        if let Ok(value) = serde_json::from_slice::<Value>(&content) {
            collect(&value, &mut lists);
        }
        lists
    }

    /// A submission reaches the network now.
    pub(crate) fn post(&self, source: &SourceId, batch: &Batch<'_>, now: Time) -> Option<Post> {
        let Some(at) = self.current.borrow().clone().filter(|at| at.source_id == *source) else {
            self.breaks(2, "a submission of a worker that has no task there");
            return None;
        };
        let demanded = self.demanded.borrow().get(&at.request_id).copied();
        let request: Option<Request> = self.read(at.request_id, "REQUEST");
        let task: Option<Task> = self.read(at.request_id, &rows::task_sk(source));
        let (Some(demanded), Some(request), Some(task)) = (demanded, request, task) else {
            self.breaks(2, "a submission for a task that is not there");
            return None;
        };
        self.holds(2, request.state == RequestState::Open, || "a submission for a closed request".to_owned());
        self.holds(2, batch.dry_run == demanded.dry_run, || "a dry run that is none".to_owned());
        self.holds(2, !batch.records.is_empty(), || "a submission of nothing".to_owned());
        let decided = self.decided(&task).unwrap_or_default();
        self.holds(2, batch.records.iter().all(|record| decided.contains(record)), || {
            format!("{} records submitted, outside of the {} decided on", batch.records.len(), decided.len())
        });
        let owners = self.owners.borrow();
        let foreign = batch.records.iter().any(|record| owners.get(record) != Some(&demanded.person));
        self.holds(2, !foreign, || "a record of another person submitted".to_owned());
        let rules = self.store.rules_now(at.request_id, source).unwrap_or_default();
        let intent = rules.iter().find(|rule| {
            rule.state == RuleState::Intent
                && self.lists(&rule.digest).iter().any(|list| list == batch.records)
        });
        self.holds(3, intent.is_some(), || {
            "a submission without a stored intent that names exactly its records".to_owned()
        });
        let post = Post {
            person: demanded.person,
            fence: intent.map_or(0, |rule: &Rule| rule.fence),
            at,
            records: batch.records.to_vec(),
            ends_at: now,
            harmless: false,
            rule_id: None,
        };
        self.follows_the_others(&post, now);
        Some(post)
    }

    /// Whether a submission may be sent after those that were.
    fn follows_the_others(&self, post: &Post, now: Time) {
        for other in self.posts.borrow().iter() {
            let same_task = other.at == post.at;
            let same_person = other.at.source_id == post.at.source_id && other.person == post.person;
            if !same_task && !same_person {
                continue;
            }
            self.holds(3, now >= other.ends_at, || {
                let whose = if same_task { "task" } else { "person at one data source" };
                format!("two submissions under way for one {whose}")
            });
            let named_again = post.records.iter().filter(|record| other.records.contains(record));
            if other.harmless {
                continue;
            }
            for record in named_again {
                let seen = self.searches.borrow().iter().any(|search| {
                    search.is_for(&post.at)
                        && search.began_at >= other.ends_at
                        && search.found.contains(record)
                });
                self.holds(3, seen, || {
                    format!(
                        "a record submitted again under intent {} after intent {}, which may have had an effect, \
                         with no search in between that found it",
                        post.fence, other.fence
                    )
                });
            }
        }
    }

    /// How a submission ends for its caller, at the latest.
    pub(crate) fn posted(&self, post: Post, ends_at: Time, harmless: bool, rule_id: Option<String>) {
        self.posts.borrow_mut().push(Post { ends_at, harmless, rule_id, ..post });
    }

    /// A search was answered; `blind` when not with everything.
    pub(crate) fn searched(&self, source: &SourceId, began_at: Time, found: &[RecordId], blind: bool) {
        let at = self.current.borrow().clone();
        if blind {
            self.blind.borrow_mut().insert((at.as_ref().map(|at| at.request_id), source.clone()));
        }
        let source = source.clone();
        self.searches.borrow_mut().push(Search { at, source, began_at, found: found.to_vec() });
    }

    /// The vendor has said that a rule is finished.
    pub(crate) fn told_finished(&self, source: &SourceId, rule_id: &str) {
        self.told_finished.borrow_mut().insert((source.clone(), rule_id.to_owned()));
    }

    /// A record is gone at the vendor.
    pub(crate) fn erased_one(&self) {
        self.erased.set(self.erased.get() + 1);
    }

    /// Whether the vendor has really said so.
    pub(crate) fn was_told_finished(&self, rule: &Rule) -> bool {
        rule.rule_id
            .as_ref()
            .is_some_and(|id| self.told_finished.borrow().contains(&(rule.source.clone(), id.clone())))
    }

    /// Whether the vendor gave this rule id to the submission of exactly this intent.
    pub(crate) fn was_answered(&self, rule: &Rule) -> bool {
        self.posts.borrow().iter().any(|post| {
            post.at.request_id == rule.request
                && post.at.source_id == rule.source
                && post.fence == rule.fence
                && post.rule_id.is_some()
                && post.rule_id == rule.rule_id
        })
    }

    /// Whether a search of this task, begun after its last submission that may have had an effect,
    /// found none of the records.
    pub(crate) fn was_looked_for(&self, at: &TaskRef, records: &BTreeSet<RecordId>) -> bool {
        let posts = self.posts.borrow();
        let last =
            posts.iter().filter(|post| post.at == *at && !post.harmless).map(|post| post.ends_at).max();
        let Some(last) = last else { return false };
        self.searches.borrow().iter().any(|search| {
            search.is_for(at)
                && search.began_at >= last
                && search.found.iter().all(|record| !records.contains(record))
        })
    }

    /// Whether a search of this task was answered with nothing.
    pub(crate) fn found_nothing(&self, at: &TaskRef) -> bool {
        self.searches.borrow().iter().any(|search| search.is_for(at) && search.found.is_empty())
    }

    /// Whether a search for this task did not show everything.
    pub(crate) fn was_blind(&self, at: &TaskRef) -> bool {
        let blind = self.blind.borrow();
        [Some(at.request_id), None].into_iter().any(|id| blind.contains(&(id, at.source_id.clone())))
    }

    /// How many submissions were sent.
    pub(crate) fn posts(&self) -> usize {
        self.posts.borrow().len()
    }
}

fn collect(value: &Value, lists: &mut Vec<Vec<RecordId>>) {
    let Value::Array(items) = value else { return };
    let texts: Option<Vec<RecordId>> = items.iter().map(|item| item.as_str().map(RecordId::new)).collect();
    match texts {
        Some(list) => lists.push(list),
        None => items.iter().for_each(|item| collect(item, lists)),
    }
}
