//! A person decides. An execution waits for the decision under a token, and a reviewer rules on exactly the
//! records that they were shown.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::{DataKey, Tag};
use crate::base::time::Time;
use crate::duty::acts::{self, WhyNot};
use crate::life::{Life, LifeEvent, Ruling, step};
use crate::model::request::Request;
use crate::model::task::{Task, TaskState, Verdict};
use crate::operations::load::{CONTENTION, STALE_TRIES, Settings, rules_of_run, terms};
use crate::operations::moves::{Moved, Moves, begin, fitting, rows_and_facts};

use crate::operations::save::facts_of;
use crate::operations::sealing::reason_context;
use crate::ports::clock::Clock;
use crate::ports::keys::Keys;
use crate::ports::store::{Change, CommitError, Reads, Writes};
use crate::ports::workflow::{Next, Tokens, Workflow};
use serde::{Deserialize, Serialize};

/// A reviewer's statement of what they saw at one data source, and rule on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The data source.
    pub source: SourceId,
    /// The digest of the exact records shown; `None` if there are none.
    pub records: Option<Tag>,
    /// When the search began whose result they were shown; if given, a later search doesn't match. Required to
    /// proceed where no digest binds the whole ruling: on nothing found, and on doubtful records.
    pub searched_at: Option<Time>,
    /// How many of these records they confirm although the records show another value than the request's;
    /// required to proceed if there are any.
    pub marked: Option<u32>,
    /// How many doubtful records they confirm to be none of the person's; required to proceed if some were set
    /// aside.
    pub set_aside: Option<u32>,
}

impl Seen {
    /// The task as it stands now, with all of it confirmed.
    #[must_use]
    pub fn all_of(task: &Task) -> Self {
        Self {
            source: task.source.clone(),
            records: task.found_digest.clone(),
            searched_at: task.searched_at,
            marked: Some(task.asked.marked),
            set_aside: Some(task.asked.doubtful),
        }
    }
}

/// A review: one ruling on some data sources.
#[derive(Clone, Debug)]
pub struct Reviewing {
    /// The data sources, and what the reviewer saw of each: at least one.
    pub sources: Vec<Seen>,
    /// The ruling.
    pub ruling: Ruling,
    /// The reason in the reviewer's own words: 1 to [`LONGEST_REASON`] characters. It may name the person, and
    /// is sealed.
    pub reason: String,
}

/// The most characters in a reason.
pub const LONGEST_REASON: usize = 1000;

/// The result of a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The data sources ruled on, with their tasks' states now.
    pub sources: Vec<(SourceId, TaskState)>,
    /// Whether the executions continue at once; if not, reconciliation continues them.
    pub released: bool,
}

/// Why a review is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// A ruling is not possible now.
    #[error(transparent)]
    Not(#[from] WhyNot),
    /// No data source is named, or one of them twice.
    #[error("name each data source that you decide on, once")]
    Sources,
    /// The request doesn't go to this data source.
    #[error("the request doesn't go to the data source {0}")]
    UnknownSource(SourceId),
    /// The data source was searched again since.
    #[error("{0} was searched again since you looked: look at it again, then decide")]
    Changed(SourceId),
    /// Nothing shows which search they saw: neither a time nor a digest.
    #[error(
        "only the time of the search identifies what you saw of {0}: give its `searched_at` as it is shown now, \
         if that is the search that you decide on"
    )]
    SearchedAt(SourceId),
    /// Some records show another value than the request's, and the reviewer did not confirm them.
    #[error(
        "{1} of the records at {0} show another value of a kind that the request names: look at them with \
         their fields, then confirm the number {1}, or refuse"
    )]
    Marked(SourceId, u32),
    /// Some records set aside may be the person's, and the reviewer did not confirm that they are not.
    #[error(
        "{1} of the records that {0} gave were set aside although they contain the identifier: look at them \
         with their fields, then confirm the number {1}, or give another identifier"
    )]
    Doubtful(SourceId, u32),
    /// No reason.
    #[error("give a reason of 1 to {LONGEST_REASON} characters")]
    Reason,
    /// The ground is valid only against another right.
    #[error("Art. 17(3) is about erasure: access is refused under art_12_5 alone")]
    Ground,
    /// A port failed: the review may be tried again.
    #[error("the decision could not be stored: try again")]
    Failed(#[from] Failure),
}

/// The ports of a review.
#[derive(Debug)]
pub struct Review<'a, S, K, W, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Releases waiting executions, and starts one if none waits.
    pub workflow: &'a W,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
}

impl<S, K, W, C> Review<'_, S, K, W, C>
where
    S: Reads + Writes,
    K: Keys,
    W: Workflow + Tokens,
    C: Clock,
{
    /// Records the ruling for all named data sources, or for none of them, and releases the waiting executions.
    /// If it leaves out one that can't be searched, an attempt begins. Of two concurrent reviewers, one wins,
    /// and the other gets an error.
    ///
    /// A transaction has room for some thirty data sources. A larger review takes several, after all data
    /// sources were checked. If it stops in between, the same review by the same person continues there.
    ///
    /// # Errors
    /// [`ReviewError`]; nothing is stored then, or nothing more if the review takes several transactions.
    pub async fn review(
        &self,
        id: RequestId,
        reviewing: &Reviewing,
        by: &Actor,
    ) -> Result<Reviewed, ReviewError> {
        let reason = reviewing.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(ReviewError::Reason);
        }
        let mut named: Vec<&SourceId> = reviewing.sources.iter().map(|seen| &seen.source).collect();
        named.sort();
        named.dedup();
        if named.is_empty() || named.len() != reviewing.sources.len() {
            return Err(ReviewError::Sources);
        }
        let forgotten = Failure::of(Code::PersonForgotten);
        let mut key: Option<DataKey> = None;
        let mut done = Reviewed { sources: Vec::new(), released: true };
        let mut tries = 0;
        while tries < STALE_TRIES {
            tries += 1;
            let request = self.store.request(id).await?.ok_or(ReviewError::NotFound)?;
            acts::open(&request)?;
            if let Ruling::Refuse(ground) = reviewing.ruling
                && !ground.stands_against(request.right)
            {
                return Err(ReviewError::Ground);
            }
            let tasks = self.store.tasks(id).await?;
            let left = left_of(reviewing, &tasks, &done, by);
            let mut chosen = Vec::with_capacity(left.len());
            for seen in left {
                chosen.push(checked(&request, &tasks, seen, reviewing.ruling)?);
            }
            let key = match &key {
                Some(key) => key,
                None => key.insert(self.keys.key(id).await?.ok_or(forgotten)?),
            };
            match self.store_fitting(&request, &chosen, reviewing.ruling, reason, by, key).await {
                Ok(Reviewed { sources, released }) => {
                    let all = sources.len() == chosen.len();
                    done.sources.extend(sources);
                    done.released &= released;
                    if all {
                        return Ok(in_order(reviewing, &tasks, done));
                    }
                    tries = 0;
                }
                Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure.into()),
            }
        }
        Err(CONTENTION.into())
    }

    /// Stores as many of them as fit one transaction, and releases their executions.
    async fn store_fitting(
        &self,
        request: &Request,
        tasks: &[&Task],
        ruling: Ruling,
        reason: &str,
        by: &Actor,
        key: &DataKey,
    ) -> Result<Reviewed, CommitError> {
        let now = self.clock.now();
        let terms = terms(request, &self.settings, None);
        let mut moved = Vec::with_capacity(tasks.len());
        for task in tasks {
            let reason = key
                .seal(&reason_context(request.id, &task.source), reason.as_bytes())
                .map_err(|_| Failure::of(Code::SealingFailed))?;
            let rules = rules_of_run(self.store, task).await?;
            let life = Life { task: (*task).clone(), rules };
            let event = LifeEvent::Reviewed { by: by.clone(), verdict: ruling, reason };
            let (after, effects) = step(&life, event, now, &terms);
            let facts = facts_of(effects).collect();
            moved.push(Moved { before: (*task).clone(), after: after.task, facts });
        }
        moved.truncate(fitting(&moved));
        let sources = moved.iter().map(|moved| (moved.after.source.clone(), moved.after.state)).collect();
        if moved.iter().any(|moved| moved.before.cannot_be_searched()) {
            // No execution waits under a token, and the rest of the request has to close.
            let moves = Moves { request: request.clone(), tasks: moved };
            let begun =
                begin(self.store, self.workflow, self.clock, &self.settings, moves, Vec::new()).await?;
            return Ok(Reviewed { sources, released: begun.started });
        }
        let waiting: Vec<(Option<String>, Next)> = moved
            .iter()
            .map(|moved| (moved.before.token.clone(), crate::operations::step::passing(&moved.after).next))
            .collect();
        let (rows, facts) = rows_and_facts(request, moved, now)?;
        self.store.commit(Change { request: request.id, at: now, rows, facts }).await?;
        Ok(Reviewed { sources, released: self.release(&waiting).await })
    }

    /// The decision is stored, so reconciliation makes up for a failed release.
    async fn release(&self, waiting: &[(Option<String>, Next)]) -> bool {
        let mut released = true;
        for (token, next) in waiting {
            released &= match token {
                Some(token) => self.workflow.release(token, *next).await.is_ok(),
                None => false,
            };
        }
        released
    }
}

/// The rest of a review that is still to be stored: all of it, except what this call stored, and what an
/// interrupted earlier call of the same person stored. If nothing is left, it is a new review, and all of it is
/// checked. Pure.
fn left_of<'a>(reviewing: &'a Reviewing, tasks: &[Task], done: &Reviewed, by: &Actor) -> Vec<&'a Seen> {
    let stored = |seen: &Seen| {
        done.sources.iter().any(|(source, _)| *source == seen.source)
            || tasks.iter().any(|task| is_ruled(task, seen, reviewing.ruling, by))
    };
    let left: Vec<&Seen> = reviewing.sources.iter().filter(|seen| !stored(seen)).collect();
    if left.is_empty() { reviewing.sources.iter().collect() } else { left }
}

/// Whether the task already has this ruling, by the same person and on what they saw. Pure.
fn is_ruled(task: &Task, seen: &Seen, ruling: Ruling, by: &Actor) -> bool {
    let same = |review: &crate::model::task::Review| {
        review.by == by.as_str()
            && match (ruling, review.verdict) {
                (Ruling::Proceed, Verdict::Proceed) | (Ruling::LeaveOut, Verdict::LeftOut) => true,
                (Ruling::Refuse(ground), Verdict::Refuse(other)) => ground == other,
                _ => false,
            }
    };
    task.source == seen.source
        && task.state != TaskState::AwaitingReview
        && task.found_digest == seen.records
        && seen.searched_at.is_none_or(|at| Some(at) == task.searched_at)
        && task.review.as_ref().is_some_and(same)
}

/// All data sources of a review in its order, with their states. Pure.
fn in_order(reviewing: &Reviewing, tasks: &[Task], done: Reviewed) -> Reviewed {
    let stands = |seen: &Seen| {
        let stored = done.sources.iter().find(|(source, _)| *source == seen.source).cloned();
        let before = tasks.iter().find(|task| task.source == seen.source);
        stored.or_else(|| before.map(|task| (task.source.clone(), task.state)))
    };
    Reviewed { sources: reviewing.sources.iter().filter_map(stands).collect(), ..done }
}

/// The task of a data source, if the reviewer may rule on it as they saw it. Pure.
fn checked<'a>(
    request: &Request,
    tasks: &'a [Task],
    seen: &Seen,
    ruling: Ruling,
) -> Result<&'a Task, ReviewError> {
    let source = || seen.source.clone();
    let task = tasks
        .iter()
        .find(|task| task.source == seen.source)
        .ok_or_else(|| ReviewError::UnknownSource(source()))?;
    // A reviewer with an outdated view hears that first, before how the task stands now.
    let allowed = acts::rule(request, task, ruling);
    if let Err(why @ WhyNot::NotAwaiting { .. }) = &allowed {
        return Err(why.clone().into());
    }
    // The digest covers the records alone: it binds neither a ruling on nothing found nor one on doubtful
    // records.
    let unbound = ruling == Ruling::Proceed && (task.wants_confirmation() || task.asked.doubtful > 0);
    let another = seen.searched_at != task.searched_at;
    if task.found_digest != seen.records || (another && seen.searched_at.is_some()) {
        return Err(ReviewError::Changed(source()));
    }
    if another && unbound {
        return Err(ReviewError::SearchedAt(source()));
    }
    allowed?;
    if let Ruling::Refuse(_) = ruling {
        return Ok(task);
    }
    for (given, number, error) in [
        (seen.marked, task.asked.marked, ReviewError::Marked as fn(SourceId, u32) -> ReviewError),
        (seen.set_aside, task.asked.doubtful, ReviewError::Doubtful),
    ] {
        match (given.unwrap_or(0), number) {
            (given, number) if given == number => {}
            (_, 0) => return Err(ReviewError::Changed(source())),
            (_, number) => return Err(error(source(), number)),
        }
    }
    Ok(task)
}
