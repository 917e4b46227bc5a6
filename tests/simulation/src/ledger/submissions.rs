//! The submissions, their intents, and their ends.

use crate::ledger::book::Ledger;
use crate::ledger::entries::{Heard, Post};
use rightful_contract::rows;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::Task;
use rightful_domain::vendor::port::Batch;
use rightful_domain::vendor::record::RecordId;
use std::collections::BTreeSet;

/// A vendor's refusal is final only after tries over this many seconds.
const REFUSED_SECONDS: u64 = 60;

impl Ledger {
    /// A call was refused, by the vendor or by its gateway.
    pub(crate) fn refused(&self, source: &SourceId, now: Time) {
        self.refused.borrow_mut().push((self.current.borrow().clone(), source.clone(), now));
    }

    /// Whether some submission of this task has no answer.
    pub(crate) fn has_unheard_of(&self, at: &TaskRef) -> bool {
        self.posts.borrow().iter().any(|post| post.at == *at && post.answer == Heard::None)
    }

    /// The submissions of a task's run with an unknown end: their vendor and records.
    pub(crate) fn without_an_end(&self, at: &TaskRef) -> Vec<(String, Vec<RecordId>)> {
        let run = self.number(at);
        let unended = |post: &&Post| {
            post.at == *at && post.run == run && post.erases && (post.answer == Heard::None || !post.heard)
        };
        self.posts
            .borrow()
            .iter()
            .filter(unended)
            .map(|post| (post.vendor.clone(), post.records.clone()))
            .collect()
    }

    /// Whether a task was refused over some time, not once.
    pub(crate) fn was_refused_for_long(&self, at: &TaskRef) -> bool {
        let refused = self.refused.borrow();
        let mine = refused.iter().filter(|(task, source, _)| {
            *source == at.source_id && task.as_ref().is_none_or(|task| task == at)
        });
        let times: Vec<Time> = mine.map(|(_, _, time)| *time).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        first.zip(last).is_some_and(|(first, last)| first.plus_seconds(REFUSED_SECONDS) <= *last)
    }

    /// How many strangers the vendor listed in a finished rule.
    pub(crate) fn strangers_in(&self, rule: &Rule) -> usize {
        let told = self.told_finished.borrow();
        let id = rule.rule_id.clone().filter(|_| rule.state == RuleState::Finished);
        id.and_then(|id| told.get(&(rule.source.clone(), id)).copied()).unwrap_or(0)
    }

    /// The records that the submissions of a task's run named.
    pub(crate) fn named(&self, at: &TaskRef) -> BTreeSet<RecordId> {
        let (posts, run) = (self.posts.borrow(), self.number(at));
        let mine = posts.iter().filter(|post| post.at == *at && post.run == run);
        mine.flat_map(|post| post.records.iter().cloned()).collect()
    }

    /// How many records the vendors have erased.
    pub(crate) fn erased_in_all(&self) -> u64 {
        self.erased.get()
    }

    /// A submission reaches the network now.
    pub(crate) fn post(&self, source: &SourceId, vendor: &str, batch: &Batch<'_>, now: Time) -> Option<Post> {
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
        let found_at = self.found_at(&at);
        self.holds(2, found_at.as_deref() == Some(vendor), || {
            "a submission to another target than the one where its records were found".to_owned()
        });
        let foreign = batch.records.iter().any(|record| !self.is_theirs(&at, vendor, record));
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
            run: self.number(&at),
            vendor: vendor.to_owned(),
            at,
            records: batch.records.to_vec(),
            ends_at: now,
            harmless: false,
            erases: batch.right == Right::Erasure,
            dry_run: batch.dry_run,
            rule_id: None,
            answer: Heard::None,
            worker: self.worker.get(),
            heard: false,
        };
        self.follows_the_others(&post, now);
        Some(post)
    }

    /// Whether a submission may follow the earlier ones.
    pub(super) fn follows_the_others(&self, post: &Post, now: Time) {
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
            if same_task && other.run == post.run && other.answer == Heard::Doubtful && other.heard {
                let again = post.dry_run || named_again.clone().next().is_some();
                self.holds(3, !again, || "sent again after a doubtful answer".to_owned());
            }
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
    pub(crate) fn posted(
        &self,
        post: Post,
        ends_at: Time,
        harmless: bool,
        (answer, rule_id): (Heard, Option<String>),
    ) {
        self.posts.borrow_mut().push(Post { ends_at, harmless, answer, rule_id, ..post });
    }

    /// The vendor has reported a rule as finished, with this many strangers in it.
    pub(crate) fn told_finished(&self, source: &SourceId, rule_id: &str, strangers: usize) {
        self.told_finished.borrow_mut().insert((source.clone(), rule_id.to_owned()), strangers);
    }

    /// A record is gone at a vendor, by a submission of this task that named it.
    pub(crate) fn erased(&self, vendor: &str, at: &TaskRef, record: &RecordId) {
        self.erased.set(self.erased.get() + 1);
        self.holds(2, self.is_theirs(at, vendor, record), || "a record of another person erased".to_owned());
    }

    /// Whether the vendor really reported it as finished.
    pub(crate) fn was_told_finished(&self, rule: &Rule) -> bool {
        rule.rule_id
            .as_ref()
            .is_some_and(|id| self.told_finished.borrow().contains_key(&(rule.source.clone(), id.clone())))
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

    /// How many submissions were sent.
    pub(crate) fn posts(&self) -> usize {
        self.posts.borrow().len()
    }
}
