//! What really happened at the vendors, who asked for it, and what of it must never happen.

use crate::history::{Standing, source_of};
use rightful_contract::keys::TagKey;
use rightful_contract::rows;
use rightful_contract::store::Store;
use rightful_domain::event::Fact;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::operations::TaskRef;
use rightful_domain::policy::Policy;
use rightful_domain::request::{Request, RequestState, Right};
use rightful_domain::seal::Tag;
use rightful_domain::task::{Rule, RuleState, Task, Verdict};
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
    pub(crate) right: Right,
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
    /// Whether it is there to erase; a dry run counts as if it were.
    erases: bool,
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
    /// Whom the identifiers point at that an operator gave a data source, beside the person.
    given: RefCell<BTreeSet<(RequestId, SourceId, usize)>>,
    /// Who decides at a data source, by right.
    policies: RefCell<BTreeMap<(SourceId, Right), Policy>>,
    /// What the events say, by request and data source.
    standings: RefCell<BTreeMap<(RequestId, SourceId), Standing>>,
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
            given: RefCell::default(),
            policies: RefCell::default(),
            standings: RefCell::default(),
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

    /// Who decides on what is found at a data source.
    pub(crate) fn decides(&self, source: &SourceId, right: Right, policy: Policy) {
        self.policies.borrow_mut().insert((source.clone(), right), policy);
    }

    /// An operator is about to give an identifier that points at this person.
    pub(crate) fn points_at(&self, at: &TaskRef, person: usize) {
        self.given.borrow_mut().insert((at.request_id, at.source_id.clone(), person));
    }

    /// Whether a record is of the person of a task, or of one whom an operator pointed at.
    pub(crate) fn is_theirs(&self, at: &TaskRef, record: &RecordId) -> bool {
        let demanded = self.demanded.borrow().get(&at.request_id).map(|demanded| demanded.person);
        self.owners.borrow().get(record).is_some_and(|owner| {
            Some(*owner) == demanded
                || self.given.borrow().contains(&(at.request_id, at.source_id.clone(), *owner))
        })
    }

    /// A stored request, if it is there.
    pub(crate) fn request(&self, id: RequestId) -> Option<Request> {
        self.read(id, "REQUEST")
    }

    /// The facts of a request's events, as far as they can be read.
    pub(crate) fn facts(&self, id: RequestId) -> Vec<Fact> {
        let events = self.store.table().query(&rows::request_pk(id), "EVENT#");
        events.iter().filter_map(|item| fact(&item.body)).collect()
    }

    /// Takes in an event that was stored now.
    pub(crate) fn recorded(&self, request: &Request, bytes: &[u8]) -> Option<Fact> {
        let fact = fact(bytes)?;
        let source = source_of(&fact)?;
        let policies = self.policies.borrow();
        let Some(policy) = policies.get(&(source.clone(), request.right)) else {
            self.breaks(2, "an event of a data source that is not there");
            return None;
        };
        let mut standings = self.standings.borrow_mut();
        let standing = standings.entry((request.id, source.clone())).or_default();
        if let Err(what) = standing.take(&fact, *policy) {
            self.breaks(2, what);
        }
        Some(fact)
    }

    /// The records that this digest was made of.
    pub(crate) fn content(&self, digest: &Tag) -> BTreeSet<RecordId> {
        self.lists(digest).into_iter().next().unwrap_or_default().into_iter().collect()
    }

    /// Whether the decision on a task's row is the one that its events tell of.
    fn stands(&self, task: &Task) -> bool {
        let standings = self.standings.borrow();
        let told = standings.get(&(task.request, task.source.clone())).and_then(|one| one.decided.clone());
        let Some((decision, (by, digest))) = task.decision.as_ref().zip(told) else { return false };
        let proceeds = task
            .review
            .as_ref()
            .is_some_and(|review| review.by == decision.by && review.verdict == Verdict::Proceed);
        decision.by == by && decision.records == digest && (by.starts_with("policy:") || proceeds)
    }

    /// The records of a task are about to be fetched.
    pub(crate) fn copies(&self, source: &SourceId) {
        let at = self.current.borrow().clone().filter(|at| at.source_id == *source);
        let task: Option<Task> = at.and_then(|at| self.read(at.request_id, &rows::task_sk(source)));
        let right =
            task.as_ref().and_then(|task| self.demanded.borrow().get(&task.request).map(|one| one.right));
        self.holds(2, right == Some(Right::Access), || "a copy for a request that is not for one".to_owned());
        // A worker may come late with what was decided before; what it fetched is not kept then.
        let standings = self.standings.borrow();
        let ever = |task: &Task| {
            standings.get(&(task.request, task.source.clone())).is_some_and(|one| one.was_decided)
        };
        self.holds(2, task.as_ref().is_some_and(ever), || "a copy of what nobody decided on".to_owned());
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
        self.holds(2, batch.right == demanded.right, || "a submission for another right".to_owned());
        self.holds(2, self.stands(&task), || {
            "a submission under a decision that no event tells of, or that was taken back".to_owned()
        });
        self.holds(2, !batch.records.is_empty(), || "a submission of nothing".to_owned());
        let decided = self.decided(&task).unwrap_or_default();
        self.holds(2, batch.records.iter().all(|record| decided.contains(record)), || {
            format!("{} records submitted, outside of the {} decided on", batch.records.len(), decided.len())
        });
        let foreign = batch.records.iter().any(|record| !self.is_theirs(&at, record));
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
            erases: batch.right == Right::Erasure,
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
            if other.harmless || !other.erases {
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
        let effective = || posts.iter().filter(|post| !post.harmless && post.at.source_id == at.source_id);
        // Where its own never left, another request's may have named the same: an identifier that an
        // operator gave may point at somebody who has a request of their own.
        let names = |post: &&Post| post.records.iter().any(|record| records.contains(record));
        let own = effective().filter(|post| post.at == *at).map(|post| post.ends_at).max();
        let last = own.or_else(|| effective().filter(names).map(|post| post.ends_at).max());
        let Some(last) = last else { return false };
        self.searches.borrow().iter().any(|search| {
            search.is_for(at)
                && search.began_at >= last
                && search.found.iter().all(|record| !records.contains(record))
        })
    }

    /// Whether a search of this task since then was answered with nothing, or a fetch with nothing of
    /// what was decided on.
    pub(crate) fn found_nothing(&self, task: &Task, since: Time) -> bool {
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        let decided = self.decided(task).unwrap_or_default();
        let none = |found: &[RecordId]| {
            found.is_empty()
                || task.decision.is_some() && !found.iter().any(|record| decided.contains(record))
        };
        self.searches
            .borrow()
            .iter()
            .any(|search| search.is_for(&at) && search.began_at >= since && none(&search.found))
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

fn fact(bytes: &[u8]) -> Option<Fact> {
    let mut event: Value = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(event.get_mut("fact")?.take()).ok()
}

fn collect(value: &Value, lists: &mut Vec<Vec<RecordId>>) {
    let Value::Array(items) = value else { return };
    let texts: Option<Vec<RecordId>> = items.iter().map(|item| item.as_str().map(RecordId::new)).collect();
    match texts {
        Some(list) => lists.push(list),
        None => items.iter().for_each(|item| collect(item, lists)),
    }
}
