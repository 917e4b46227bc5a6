//! Closes a request whose tasks are settled: the person's copy, the outcome, the signed receipt, the forgetting
//! of the person, and the answer to the ticket.
//!
//! The answer comes last, because forgetting must not wait for a ticketing system, and the answer needs nothing
//! of the person.
//!
//! Architecture Invariant: the outcome depends only on what is stored about the tasks, never on what a workflow
//! passed along.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::base::time::Time;
use crate::chain::event::up_to_closing;
use crate::chain::fact::Fact;
use crate::documents::receipt::{self, Issuer, Receipt, Unsigned};
use crate::law::right::Right;
use crate::model::answer::TicketAnswer;
use crate::model::request::{Request, RequestOutcome, RequestState};
use crate::model::rule::with_rules;
use crate::model::task::{Outcome, Task, TaskState};
use crate::operations::load::{CONTENTION, STALE_TRIES, Settings};
use crate::ports::clock::Clock;
use crate::ports::copies::{CopyPackages, Kept, Packs, Receipts, Signer};
use crate::ports::keys::{Forgets, Keys};
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};
use crate::ports::tickets::Tickets;
use serde::{Deserialize, Serialize};

/// The ports of closing.
#[derive(Debug)]
pub struct Close<'a, S, K, F, G, R, P, Z, T, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Forgets data keys.
    pub forgets: &'a F,
    /// Signs receipts.
    pub signer: &'a G,
    /// Stores receipts.
    pub receipts: &'a R,
    /// Stores copies.
    pub copies: &'a P,
    /// Packs copies.
    pub packer: &'a Z,
    /// Answers tickets.
    pub tickets: &'a T,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
    /// How long the person is remembered if the request was not fulfilled, in days.
    pub forget_after_days: u32,
    /// How long a person's copy is available, in days; the person is remembered as long.
    pub copy_days: u32,
    /// The deployment that issues the receipt.
    pub issuer: Issuer,
}

/// The answer of closing to the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// The request's state.
    pub state: RequestState,
    /// How it ended.
    pub outcome: Option<RequestOutcome>,
    /// How many tasks are not settled.
    pub open: u32,
    /// How many of these are in state `unknown`.
    pub unknown: u32,
}

/// A duty after closing. One that fails doesn't stop the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    Receipt,
    Forgetting,
    Answer,
}

/// A request and its tasks as stored at that time, read or written.
pub(super) struct Known {
    request: Request,
    tasks: Vec<Task>,
    at: Time,
}

/// The request and its tasks after a step; `None` if they have to be read again.
pub(super) type After = Option<Known>;

/// A request's row as stored at that time.
pub(super) struct Stored {
    pub(super) request: Request,
    at: Time,
}

impl Stored {
    pub(super) fn with(self, tasks: Vec<Task>) -> Known {
        Known { request: self.request, tasks, at: self.at }
    }
}

/// How many steps a worker takes. Copy, closing, receipt, forgetting and answer are one step each; the others
/// are for stale reads.
const ROUNDS: u32 = STALE_TRIES + 5;

impl<S, K, F, G, R, P, Z, T, C> Close<'_, S, K, F, G, R, P, Z, T, C>
where
    S: Reads + Writes,
    K: Keys,
    F: Forgets,
    G: Signer,
    R: Receipts,
    P: CopyPackages,
    Z: Packs,
    T: Tickets,
    C: Clock,
{
    /// Closes the request if it can be closed, and completes what an earlier closing left undone. Ends before
    /// `until`. May be repeated: the receipt of a closed request is the same each time, and its ticket is
    /// answered once. A failing ticketing system doesn't stop the closing. The person is forgotten on time,
    /// even if the receipt can't be made.
    ///
    /// # Errors
    /// `Transient` when a port fails.
    pub async fn close(&self, id: RequestId, until: Time) -> Result<Closing, Failure> {
        let mut stuck: Vec<(Duty, Failure)> = Vec::new();
        let mut known: After = None;
        for _ in 0..ROUNDS {
            let goes = |duty: Duty| stuck.iter().all(|(other, _)| *other != duty);
            let Known { request, tasks, at } = match known.take() {
                Some(known) => known,
                None => self.read(id).await?,
            };
            let open = tasks.iter().filter(|task| task.state != TaskState::Settled).count();
            let unknown = tasks.iter().filter(|task| task.state == TaskState::Unknown).count();
            let (duty, stored) = if request.state == RequestState::Open {
                let stored = match Request::outcome_of(&tasks) {
                    None => {
                        return Ok(Closing {
                            state: RequestState::Open,
                            outcome: None,
                            open: crate::operations::load::count(open),
                            unknown: crate::operations::load::count(unknown),
                        });
                    }
                    Some(_) if owes_a_copy(&request, &tasks) => self.pack(request, tasks, until).await,
                    Some(outcome) => self.close_as(request, tasks, outcome).await,
                };
                (None, stored)
            } else if request.receipt_sha256.is_none() && goes(Duty::Receipt) {
                (Some(Duty::Receipt), self.sign(request, tasks).await)
            } else if forgets_now(&request, self.clock.now()) && goes(Duty::Forgetting) {
                // Somebody may have reopened it before its time was over.
                if !forgets_now(&request, at) {
                    continue;
                }
                (Some(Duty::Forgetting), self.forget(request, tasks).await)
            } else if let Some(answer) = self.answers_now(&request, until)
                && goes(Duty::Answer)
            {
                (Some(Duty::Answer), self.answer(request, tasks, &answer).await)
            } else if let Some((_, failure)) = stuck.first() {
                return Err(*failure);
            } else {
                return Ok(Closing { state: request.state, outcome: request.outcome, open: 0, unknown: 0 });
            };
            match (duty, stored) {
                // Each step is stored on its own; the next round takes the next one.
                (_, Ok(after)) => known = after,
                (_, Err(CommitError::Stale)) => {}
                (Some(duty), Err(CommitError::Failed(failure))) => stuck.push((duty, failure)),
                (None, Err(CommitError::Failed(failure))) => return Err(failure),
            }
        }
        Err(CONTENTION)
    }

    async fn read(&self, id: RequestId) -> Result<Known, Failure> {
        let at = self.clock.now();
        Ok(Known { request: self.request(id).await?, tasks: self.store.tasks(id).await?, at })
    }

    pub(super) async fn request(&self, id: RequestId) -> Result<Request, Failure> {
        self.store.request(id).await?.ok_or(Failure::of(Code::RequestNotFound))
    }

    /// Stores the outcome and takes all tasks out of the due index, in one change.
    async fn close_as(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        outcome: RequestOutcome,
    ) -> Result<After, CommitError> {
        let now = self.clock.now();
        let nobody_left = outcome.forgets_at_once() && !tasks.iter().any(found_nobody_by_what_was_given);
        // A synthetic request is about nobody and is never reopened.
        let at_once = request.synthetic || nobody_left;
        let keep = if at_once { 0 } else { days(self.forget_after_days) };
        let copied = request.copy.as_ref().map_or(now, |copy| copy.expires_at);
        request.state = RequestState::Closed;
        request.outcome = Some(outcome);
        request.closed_at = Some(now);
        request.forget_at = Some(now.plus_seconds(keep).max(copied));
        request.next_due = Some(now.plus_seconds(self.settings.grace_seconds));
        let owed = !request.synthetic && request.reference.is_some() && self.tickets.takes(&request.origin);
        request.answer = owed.then(|| TicketAnswer::due(now));
        let mut tasks: Vec<Task> = tasks.into_iter().map(|task| Task { next_due: None, ..task }).collect();
        let rows = std::iter::once(Row::Request(request.clone()));
        let change = Change {
            request: request.id,
            at: now,
            rows: rows.chain(tasks.iter().cloned().map(Row::Task)).collect(),
            facts: vec![Fact::Closed { outcome }],
        };
        let beside = change.request_revision();
        self.store.commit(change).await?;
        request.revision += 1;
        for task in &mut tasks {
            *task = Task { revision: task.revision + 1, ..task.stored_with(beside) };
        }
        Ok(Some(Known { request, tasks, at: now }))
    }

    /// Signs and stores the receipt. Everything in it is stored and final by now, and Ed25519 is deterministic,
    /// so a repetition after a crash makes the same file.
    async fn sign(&self, mut request: Request, tasks: Vec<Task>) -> Result<After, CommitError> {
        let id = request.id;
        let with_rules = with_rules(tasks.clone(), &self.store.all_rules(id).await?);
        // Only the events up to the closing: later ones must not change the receipt. A broken chain is stated
        // and stops nothing.
        let events = up_to_closing(id, &self.store.events(id).await?);
        let unwritable = |_| Failure::of(Code::ReceiptUnwritable);
        let statement = receipt::state(&request, &with_rules, events, &self.issuer)
            .map_err(|_| Failure::of(Code::ReceiptUnwritable))?;
        let unsigned = Unsigned::new(&statement, self.signer.key_id()).map_err(unwritable)?;
        let signature = self.signer.sign(unsigned.signing_input()).await?;
        let receipt = unsigned.sign(&signature).map_err(unwritable)?;
        let (sha256, fact) = match self.receipts.keep(id, request.reopened, &receipt).await? {
            Kept::This => (receipt.sha256.clone(), Fact::ReceiptKept { sha256: receipt.sha256 }),
            Kept::Another(file) => {
                let kept = Receipt::sha256_of(&file);
                (kept.clone(), Fact::ReceiptDiffers { kept, made: receipt.sha256 })
            }
        };
        request.receipt_sha256 = Some(sha256);
        request.next_due = self.next_due(&request);
        Ok(Some(self.save(request, fact).await?.with(tasks)))
    }

    /// Deletes the key first: from then on the person is forgotten, in every backup too. The rows follow.
    async fn forget(&self, mut request: Request, tasks: Vec<Task>) -> Result<After, CommitError> {
        self.forgets.forget(request.id).await?;
        if request.right == Right::Access {
            let sources: Vec<SourceId> = tasks.iter().map(|task| task.source.clone()).collect();
            self.copies.delete_parts(request.id, &sources).await?;
            self.copies.delete_package(request.id).await?;
        }
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
        request.next_due = self.next_due(&request);
        Ok(Some(self.save(request, Fact::Forgotten).await?.with(tasks)))
    }

    /// When a closed request is looked at next: when its person is to be forgotten or its answer tried again,
    /// whichever comes first. The worker that closes it is about to make the first try.
    pub(super) fn next_due(&self, request: &Request) -> Option<Time> {
        let soon = self.clock.now().plus_seconds(self.settings.grace_seconds);
        let receipt = request.receipt_sha256.is_none().then_some(soon);
        let forget = request.forget_at.filter(|_| request.forgotten_at.is_none());
        let answer = request.answer.as_ref().filter(|answer| !answer.state.is_final());
        let answer = answer.and_then(|answer| match answer.tries {
            0 => Some(soon),
            _ => answer.next_try,
        });
        receipt.into_iter().chain(forget).chain(answer).min()
    }

    pub(super) async fn save(&self, request: Request, fact: Fact) -> Result<Stored, CommitError> {
        self.save_with(request, vec![fact]).await
    }

    pub(super) async fn save_with(
        &self,
        mut request: Request,
        facts: Vec<Fact>,
    ) -> Result<Stored, CommitError> {
        let (id, at) = (request.id, self.clock.now());
        let rows = vec![Row::Request(request.clone())];
        self.store.commit(Change { request: id, at, rows, facts }).await?;
        request.revision += 1;
        Ok(Stored { request, at })
    }
}

/// Whether nothing was found by an identifier that a person gave for this data source. The identifier may be
/// mistyped, and then somebody must be able to give another one.
fn found_nobody_by_what_was_given(task: &Task) -> bool {
    task.outcome == Some(Outcome::NothingFound) && !task.inserted.is_empty()
}

/// Whether records were copied that are not packed yet.
fn owes_a_copy(request: &Request, tasks: &[Task]) -> bool {
    request.copy.is_none() && tasks.iter().any(|task| task.outcome == Some(Outcome::Copied))
}

/// Days in seconds.
pub(crate) fn days(days: u32) -> u64 {
    u64::from(days) * 24 * 3600
}

fn forgets_now(request: &Request, now: Time) -> bool {
    request.forgotten_at.is_none() && request.forget_at.is_some_and(|at| at <= now)
}
