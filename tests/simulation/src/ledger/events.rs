//! The stored rows and events.

use crate::history::source_of;
use crate::ledger::book::{Ledger, key};
use crate::ledger::entries::Run;
use rightful_contract::rows;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::fact::Fact;
use rightful_domain::law::right::Right;
use rightful_domain::life::MOST_ROUNDS;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::Request;
use rightful_domain::model::task::{Task, Verdict};
use rightful_domain::vendor::record::RecordId;
use serde_json::Value;
use std::collections::BTreeSet;

impl Ledger {
    pub(super) fn found_at(&self, at: &TaskRef) -> Option<String> {
        self.runs.borrow().get(&key(at)).and_then(|run| run.vendor.clone())
    }

    /// How many records the searches of the task's run found: all its rounds together for an erasure, the
    /// last of them for a copy, which is made again of everything; and the number of its first batch.
    pub(crate) fn of_run(&self, at: &TaskRef, right: Right) -> (usize, u32) {
        let runs = self.runs.borrow();
        let found = |run: &Run| match right {
            Right::Erasure => run.found.iter().sum(),
            Right::Access => run.found.last().copied().unwrap_or_default(),
        };
        runs.get(&key(at)).map_or((0, 0), |run| (found(run), run.first_batch))
    }

    pub(super) fn number(&self, at: &TaskRef) -> u32 {
        self.runs.borrow().get(&key(at)).map_or(0, |run| run.number)
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
        let at = TaskRef { request_id: request.id, source_id: source.clone() };
        self.learn(&at, &fact, *policy, request.dry_run);
        let mut standings = self.standings.borrow_mut();
        let standing = standings.entry((request.id, source.clone())).or_default();
        if let Err(what) = standing.take(&fact, *policy) {
            self.breaks(2, what);
        }
        Some(fact)
    }

    /// Compares an event with the searches before it, and learns from it.
    pub(super) fn learn(&self, at: &TaskRef, fact: &Fact, policy: Policy, dry_run: bool) {
        let mut runs = self.runs.borrow_mut();
        let run = runs.entry(key(at)).or_default();
        match fact {
            Fact::Found { records, .. } => {
                let Some(look) = self.look_of_worker(at) else {
                    return self.breaks(4, "something was found without a search");
                };
                // A round that finds nothing doesn't end the task: the looks after it do.
                if *records == 0 && run.found.is_empty() {
                    self.found_nothing_rightly(&look);
                }
                run.found.push(look.found.len());
                run.vendor = Some(look.vendor.clone());
                run.doubts = look.marked + look.doubtful;
                run.shown = look.doubts;
                run.reviewed = false;
            }
            Fact::Decided { .. } => {
                let unattended = dry_run && policy == Policy::Auto;
                self.holds(2, run.doubts == 0 || unattended, || {
                    "a policy decided although some of what was found, or set aside, is doubtful".to_owned()
                });
            }
            Fact::Reviewed { .. } => run.reviewed = true,
            Fact::Intended { .. } => run.intended = Some(self.searches.borrow().len()),
            Fact::WentBack { round, .. } => {
                self.holds(5, *round <= MOST_ROUNDS && run.found.len() <= MOST_ROUNDS as usize, || {
                    format!("round {round} after {} searches", run.found.len())
                });
            }
            Fact::SearchesAgain { .. } => drop(run.found.pop()),
            Fact::RunsAgain { .. } | Fact::IdentifierGiven { .. } | Fact::TargetChanged { .. } => {
                let task: Option<Task> = self.read(at.request_id, &rows::task_sk(&at.source_id));
                let first_batch = task.map_or(0, |task| task.first_batch);
                *run = Run { number: run.number + 1, first_batch, ..Run::default() };
            }
            Fact::Accepted { .. } | Fact::Doubted { .. } | Fact::NotSent { .. } | Fact::Rejected { .. } => {
                let worker = self.worker.get();
                let mut posts = self.posts.borrow_mut();
                let mine = posts.iter_mut().rev().find(|post| post.at == *at && post.worker == worker);
                if let Some(post) = mine {
                    post.heard = true;
                }
            }
            _ => {}
        }
    }

    /// The records that this digest was made of.
    pub(crate) fn content(&self, digest: &Tag) -> BTreeSet<RecordId> {
        self.lists(digest).into_iter().next().unwrap_or_default().into_iter().collect()
    }

    /// Whether the decision on a task's row is the one that its events tell of.
    pub(super) fn stands(&self, task: &Task) -> bool {
        let standings = self.standings.borrow();
        let told = standings.get(&(task.request, task.source.clone())).and_then(|one| one.decided.clone());
        let Some((decision, (by, digest))) = task.decision.as_ref().zip(told) else { return false };
        let proceeds = task
            .review
            .as_ref()
            .is_some_and(|review| review.by == decision.by && review.verdict == Verdict::Proceed);
        decision.by == by && decision.records == digest && (by.starts_with("policy:") || proceeds)
    }

    pub(super) fn read<T: serde::de::DeserializeOwned>(&self, id: RequestId, sk: &str) -> Option<T> {
        let item = self.store.table().row(&rows::request_pk(id), sk)?;
        rows::read(&item).ok()
    }

    /// The records that the stored decision of a task names.
    pub(crate) fn decided(&self, task: &Task) -> Option<BTreeSet<RecordId>> {
        let lists = self.lists(&task.decision.as_ref()?.records);
        lists.into_iter().next().map(|list| list.into_iter().collect())
    }

    /// The lists of record ids that a stored digest was made of.
    pub(super) fn lists(&self, digest: &Tag) -> Vec<Vec<RecordId>> {
        let Some(content) = self.tags.content_of(digest) else { return Vec::new() };
        let mut lists = Vec::new();
        if let Ok(value) = serde_json::from_slice::<Value>(&content) {
            collect(&value, &mut lists);
        }
        lists
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
