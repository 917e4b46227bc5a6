//! Observers of commits and calls.

use crate::base::ids::SourceId;
use crate::chain::fact::Fact;
use crate::model::request::Request;
use crate::model::task::Task;
use crate::ports::store::{Change, Row};
use std::fmt;

/// A commit: its facts, with the rows stored with them.
#[derive(Clone, Debug)]
pub struct Committed<'a> {
    /// The request's row, if it was stored too.
    pub request: Option<&'a Request>,
    /// The stored rows of tasks.
    pub tasks: Vec<&'a Task>,
    /// The facts, in order.
    pub facts: &'a [Fact],
}

impl<'a> Committed<'a> {
    /// The commit of a change that was stored.
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

/// Observes commits, each once, also when the store's answer was lost and the change was found stored. A crash
/// right after a commit loses the observation.
pub trait CommitObserver: fmt::Debug + Send + Sync {
    /// Observes a commit that is stored now.
    fn committed(&self, committed: &Committed<'_>);
}

/// How an HTTP call to a vendor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The vendor answered, even if with a refusal.
    Answered,
    /// The vendor asked to wait (429).
    Throttled,
    /// The vendor or the network failed, or the vendor did not accept our token.
    Failed,
}

/// Observes HTTP calls to vendors and ticketing systems.
pub trait CallObserver: fmt::Debug + Send + Sync {
    /// Observes the end of a call to this connector's vendor, and its duration in milliseconds. A call that was
    /// never made, because it is not allowed or no time is left for it, is not reported.
    fn called(&self, connector: &str, end: CallEnd, duration_ms: u64);
    /// Observes that the answer to a call reported as [`CallEnd::Answered`] can't be read after all.
    fn unreadable(&self, connector: &str);
}
