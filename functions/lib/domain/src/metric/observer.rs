//! Who is told of each commit and each call.

use crate::base::ids::SourceId;
use crate::chain::fact::Fact;
use crate::model::request::Request;
use crate::model::task::Task;
use crate::ports::store::{Change, Row};
use std::fmt;

/// What was committed: facts, with the rows that were stored with them.
#[derive(Clone, Debug)]
pub struct Committed<'a> {
    /// The request's row, where it was stored too.
    pub request: Option<&'a Request>,
    /// The rows of tasks that were stored.
    pub tasks: Vec<&'a Task>,
    /// What happened, in order.
    pub facts: &'a [Fact],
}

impl<'a> Committed<'a> {
    /// What a change tells once it is stored.
    #[must_use]
    pub fn of(change: &'a Change) -> Self {
        let mut request = None;
        let mut tasks = Vec::new();
        for row in &change.rows {
            match row {
                Row::Request(row) => request = Some(row),
                Row::Task(row) => tasks.push(row),
                _ => {}
            }
        }
        Self { request, tasks, facts: &change.facts }
    }

    pub(super) fn task(&self, source: &SourceId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.source == *source).copied()
    }
}

/// Hears of facts once they are committed: of each commit once, also where the store's answer got lost
/// and the change was found there. A crash right after a commit loses what it would have heard.
pub trait CommitObserver: fmt::Debug + Send + Sync {
    /// This is stored now.
    fn committed(&self, committed: &Committed<'_>);
}

/// How an HTTP call to a vendor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The vendor answered, be it with a refusal.
    Answered,
    /// The vendor asked to wait (429).
    Throttled,
    /// It failed through the vendor or the way there, or the vendor did not take our token.
    Failed,
}

/// Hears of HTTP calls to vendors and ticketing systems.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// A call to the vendor behind this connector ended so, after so many milliseconds. A call that was
    /// never made, because it is not allowed or there is no time left for it, is none.
    fn called(&self, connector: &str, end: CallEnd, duration_ms: u64);
    /// The answer to a call that was told as [`CallEnd::Answered`] can't be read after all.
    fn unreadable(&self, connector: &str);
}
