//! Closes a request whose tasks are settled: outcome, signed receipt, and forgetting the person.
//!
//! Architecture Invariant: the outcome is a function of what is stored about the tasks; nothing that
//! a workflow passed along counts.

use super::{STALE_TRIES, Settings};
use crate::event::{Fact, read_chain};
use crate::failure::Failure;
use crate::ids::RequestId;
use crate::ports::{Change, Clock, CommitError, Forgets, Reads, Receipts, Row, Signer, Writes};
use crate::receipt::{self, Issuer, Unsigned};
use crate::request::{Request, RequestOutcome, RequestState};
use crate::task::{Rule, Task, TaskState};
use serde::{Deserialize, Serialize};

/// The ports of closing.
#[derive(Debug)]
pub struct Close<'a, S, F, G, R, C> {
    /// The store.
    pub store: &'a S,
    /// Forgets data keys.
    pub keys: &'a F,
    /// Signs receipts.
    pub signer: &'a G,
    /// Keeps receipts.
    pub receipts: &'a R,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
    /// How long the person of a request that was not fulfilled is remembered, in days.
    pub forget_after_days: u32,
    /// The deployment that answers for the receipt.
    pub issuer: Issuer,
}

/// What closing answers to the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// Whether the request is closed.
    pub state: RequestState,
    /// How it ended.
    pub outcome: Option<RequestOutcome>,
    /// How many tasks are not settled.
    pub open: u32,
    /// How many of these nobody knows the state of.
    pub unknown: u32,
}

impl<S, F, G, R, C> Close<'_, S, F, G, R, C>
where
    S: Reads + Writes,
    F: Forgets,
    G: Signer,
    R: Receipts,
    C: Clock,
{
    /// Closes the request if it can be closed, and does whatever of closing was left undone. May be
    /// repeated: the receipt of a closed request is the same each time.
    ///
    /// # Errors
    /// `Transient` when a port fails.
    pub async fn run(&self, id: RequestId) -> Result<Closing, Failure> {
        for _ in 0..STALE_TRIES {
            let request = self.store.request(id).await?.ok_or(Failure::misconfigured("request_not_found"))?;
            let tasks = self.store.tasks(id).await?;
            let open = tasks.iter().filter(|task| task.state != TaskState::Settled).count();
            let unknown = tasks.iter().filter(|task| task.state == TaskState::Unknown).count();
            let stored = if request.state == RequestState::Open {
                match Request::outcome_of(&tasks) {
                    None => {
                        return Ok(Closing {
                            state: RequestState::Open,
                            outcome: None,
                            open: super::count(open),
                            unknown: super::count(unknown),
                        });
                    }
                    Some(outcome) => self.close(request, tasks, outcome).await,
                }
            } else if request.receipt_sha256.is_none() {
                self.sign(request, tasks).await
            } else if forgets_now(&request, self.clock.now()) {
                self.forget(request, &tasks).await
            } else {
                return Ok(Closing { state: request.state, outcome: request.outcome, open: 0, unknown: 0 });
            };
            match stored {
                // Each step is stored for itself; the next round does the next one.
                Ok(()) | Err(CommitError::Stale) => {}
                Err(CommitError::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    /// The outcome, with all tasks leaving the due index, in one change.
    async fn close(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        outcome: RequestOutcome,
    ) -> Result<(), CommitError> {
        let now = self.clock.now();
        let days = u64::from(self.forget_after_days);
        let keep = if outcome.forgets_at_once() { 0 } else { days * 24 * 3600 };
        request.state = RequestState::Closed;
        request.outcome = Some(outcome);
        request.closed_at = Some(now);
        request.forget_at = Some(now.plus_seconds(keep));
        request.next_due = Some(now.plus_seconds(self.settings.grace_seconds));
        let change = Change {
            request: request.id,
            at: now,
            rows: std::iter::once(Row::Request(request))
                .chain(tasks.into_iter().map(|task| Row::Task(Task { next_due: None, ..task })))
                .collect(),
            facts: vec![Fact::Closed { outcome }],
        };
        self.store.commit(change).await
    }

    /// Signs and keeps the receipt. Everything in it is stored and final by now, and Ed25519 is
    /// deterministic, so that a repetition after a crash makes the same file.
    async fn sign(&self, mut request: Request, tasks: Vec<Task>) -> Result<(), CommitError> {
        let id = request.id;
        let mut with_rules: Vec<(Task, Vec<Rule>)> = Vec::with_capacity(tasks.len());
        for task in tasks {
            let rules = self.store.rules(id, &task.source).await?;
            with_rules.push((task, rules));
        }
        let events = self.store.events(id).await?;
        let (_, facts) =
            read_chain(id, &events).map_err(|_| Failure::misconfigured("events_do_not_verify"))?;
        // Up to the closing: what is recorded later must not change the receipt.
        let last = facts
            .iter()
            .position(|(_, fact)| matches!(fact, Fact::Closed { .. }))
            .ok_or(Failure::misconfigured("events_do_not_verify"))?;
        let (head, _) =
            read_chain(id, &events[..=last]).map_err(|_| Failure::misconfigured("events_do_not_verify"))?;
        let unwritable = |_| Failure::misconfigured("receipt_unwritable");
        let statement = receipt::state(&request, &with_rules, head.seq, head.hash, &self.issuer)
            .map_err(|_| Failure::misconfigured("receipt_unwritable"))?;
        let unsigned = Unsigned::new(&statement, self.signer.key_id()).map_err(unwritable)?;
        let signature = self.signer.sign(unsigned.signing_input()).await?;
        let receipt = unsigned.sign(&signature).map_err(unwritable)?;
        self.receipts.keep(id, &receipt).await?;

        request.receipt_sha256 = Some(receipt.sha256.clone());
        request.next_due = request.forget_at;
        let fact = Fact::ReceiptKept { sha256: receipt.sha256 };
        self.save(request, fact).await
    }

    /// The key first: from then on the person is forgotten, in every backup too. The rows after it.
    async fn forget(&self, mut request: Request, tasks: &[Task]) -> Result<(), CommitError> {
        self.keys.forget(request.id).await?;
        let chunks: Vec<Row> = tasks
            .iter()
            .flat_map(|task| {
                (0..task.chunks).map(|chunk| Row::ForgetRecords { source: task.source.clone(), chunk })
            })
            .collect();
        for rows in chunks.chunks(Change::MAX_ROWS) {
            let (id, at) = (request.id, self.clock.now());
            self.store.commit(Change { request: id, at, rows: rows.to_vec(), facts: Vec::new() }).await?;
        }
        request.identifiers = None;
        request.subject = None;
        request.forgotten_at = Some(self.clock.now());
        request.next_due = None;
        self.save(request, Fact::Forgotten).await
    }

    async fn save(&self, request: Request, fact: Fact) -> Result<(), CommitError> {
        let id = request.id;
        let rows = vec![Row::Request(request)];
        self.store.commit(Change { request: id, at: self.clock.now(), rows, facts: vec![fact] }).await
    }
}

fn forgets_now(request: &Request, now: crate::time::Time) -> bool {
    request.forgotten_at.is_none() && request.forget_at.is_some_and(|at| at <= now)
}
