//! Closes a request whose tasks are settled: the person's copy, outcome, signed receipt, forgetting the
//! person, and the answer to the ticket.
//!
//! The answer comes last, because forgetting must not wait for a ticketing system, and it needs
//! nothing of the person. It is claimed before it is sent: whatever happens to the call, nobody sends
//! it again before the claim is over and a look at the ticket found that it isn't there.
//!
//! Architecture Invariant: the outcome is a function of what is stored about the tasks; nothing that
//! a workflow passed along counts.

use super::review::facts_of;
use super::{
    AROUND_A_CALL, STALE_TRIES, Settings, key_of, open_all_identifiers, part_context, rules_of_run, terms,
};
use crate::copy::{Contents, Package, SourceCopy};
use crate::event::{Fact, up_to_closing};
use crate::failure::{Code, Failure};
use crate::ids::{Reference, RequestId, SourceId};
use crate::life::{Event, Life, step};
use crate::part::{self, PartError, PartId, PartReader, Piece};
use crate::ports::{
    Change, Clock, CommitError, CopyPackages, Download, Forgets, Kept, Keys, Packing, Packs, Reads, Receipts,
    Row, Signer, Tickets, Upload, Writes,
};
use crate::receipt::{self, Issuer, Receipt, Unsigned};
use crate::request::{Request, RequestOutcome, RequestState, Right};
use crate::seal::{DataKey, hex};
use crate::task::{Outcome, Task, TaskState, with_rules};
use crate::ticket::{Answer, AnswerState, Answered, GIVE_UP_SECONDS, SETTLE_SECONDS, TicketAnswer, compose};
use crate::time::Time;
use crate::vendor::Fault;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Keeps receipts.
    pub receipts: &'a R,
    /// Keeps copies.
    pub copies: &'a P,
    /// Packs copies.
    pub packer: &'a Z,
    /// Answers tickets.
    pub tickets: &'a T,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
    /// How long the person of a request that was not fulfilled is remembered, in days.
    pub forget_after_days: u32,
    /// How long a person's copy is kept for them, in days; the person is remembered as long.
    pub copy_days: u32,
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

/// What follows closing. None that fails keeps another from being done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    Receipt,
    Forgetting,
    Answer,
}

/// A request and its tasks as they were stored at that time, read or written.
struct Known {
    request: Request,
    tasks: Vec<Task>,
    at: Time,
}

/// The request and its tasks after a step; `None` where they have to be read.
type After = Option<Known>;

/// A request's row as it was stored at that time.
struct Stored {
    request: Request,
    at: Time,
}

impl Stored {
    fn with(self, tasks: Vec<Task>) -> Known {
        Known { request: self.request, tasks, at: self.at }
    }
}

/// Why what a data source gave can't be packed.
const PART_MISSING: Code = "copy_part_missing";
const PART_UNREADABLE: Code = "copy_part_unreadable";

/// A part was there just now, and is not any more: the next try finds out what that means.
const PART_GONE: Failure = Failure::transient("copy_part_changed");

/// The copy can't be packed in the time that one call of the function has.
const OUT_OF_TIME: Failure = Failure::transient("copy_out_of_time");

/// Why the answer isn't given.
const GAVE_UP: Code = "ticket_answer_gave_up";
const NOT_SET_UP: Code = "ticketing_not_set_up";
const NO_REFERENCE: Code = "ticket_reference_missing";

/// How often a worker reads again: copy, closing, receipt, forgetting and answer are a step each.
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
    /// Closes the request if it can be closed, and does whatever of closing was left undone; ends
    /// before `until`. May be repeated: the receipt of a closed request is the same each time, and
    /// its ticket is answered once. A ticketing system that fails is no failure of closing. Whatever keeps the
    /// receipt from being made, the person is forgotten on time.
    ///
    /// # Errors
    /// `Transient` when a port fails.
    pub async fn run(&self, id: RequestId, until: Time) -> Result<Closing, Failure> {
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
                            open: super::count(open),
                            unknown: super::count(unknown),
                        });
                    }
                    Some(_) if owes_a_copy(&request, &tasks) => self.pack(request, tasks, until).await,
                    Some(outcome) => self.close(request, tasks, outcome).await,
                };
                (None, stored)
            } else if request.receipt_sha256.is_none() && goes(Duty::Receipt) {
                (Some(Duty::Receipt), self.sign(request, tasks).await)
            } else if forgets_now(&request, self.clock.now()) && goes(Duty::Forgetting) {
                // Somebody may have opened it again before its time was over.
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
                // Each step is stored for itself; the next round does the next one.
                (_, Ok(after)) => known = after,
                (_, Err(CommitError::Stale)) => {}
                (Some(duty), Err(CommitError::Failed(failure))) => stuck.push((duty, failure)),
                (None, Err(CommitError::Failed(failure))) => return Err(failure),
            }
        }
        Err(Failure::transient("too_much_contention"))
    }

    async fn read(&self, id: RequestId) -> Result<Known, Failure> {
        let at = self.clock.now();
        Ok(Known { request: self.request(id).await?, tasks: self.store.tasks(id).await?, at })
    }

    async fn request(&self, id: RequestId) -> Result<Request, Failure> {
        self.store.request(id).await?.ok_or(Failure::misconfigured("request_not_found"))
    }

    /// The person's copy, of all that the data sources gave: read, packed and kept piece by piece, so that no
    /// more than a few pieces are held, whatever its size. The same rows and parts make the same file, so that a
    /// repetition after a crash writes it again.
    async fn pack(&self, mut request: Request, tasks: Vec<Task>, until: Time) -> Result<After, CommitError> {
        let id = request.id;
        let key = key_of(self.keys, id).await?;
        let (mut sources, mut parts, mut lost) =
            (Vec::with_capacity(tasks.len()), BTreeMap::new(), Vec::new());
        for task in &tasks {
            match self.source_copy(task, &key, until).await? {
                Ok((copy, part)) => {
                    parts.extend(part.map(|part| (task.source.clone(), (part_context(task), part))));
                    sources.push(copy);
                }
                Err(code) => lost.push((task, code)),
            }
        }
        if !lost.is_empty() {
            self.copy_again(request, &lost).await?;
            return Ok(None);
        }
        let identifiers = open_all_identifiers(&key, &request)?;
        let now = self.clock.now();
        let made_at = tasks.iter().filter_map(|task| task.settled_at).max().unwrap_or(now);
        let records = sources.iter().map(|one| one.records).sum();
        let packing = self.packer.begin(Contents {
            request: id,
            stage: self.issuer.stage.clone(),
            sandbox: self.issuer.sandbox,
            received_at: request.received_at,
            made_at,
            identifiers: identifiers.into_iter().map(|one| one.identifier).collect(),
            sources,
        })?;
        let mut file = Counted::new(self.copies.package_to(id));
        let packed = self.pack_into(&mut file, packing, &parts, &key, id, until).await;
        let (bytes, sha256) = file.end(packed).await?;
        let package =
            Package { bytes, sha256, records, made_at, expires_at: now.plus_seconds(days(self.copy_days)) };
        let fact = Fact::CopyKept {
            sha256: package.sha256.clone(),
            bytes: package.bytes,
            records: package.records,
            expires_at: package.expires_at,
        };
        request.copy = Some(package);
        Ok(Some(self.save(request, fact).await?.with(tasks)))
    }

    /// Gives the packing the records that it wants, and hands on the bytes that it gives.
    async fn pack_into(
        &self,
        file: &mut Counted<P::Upload>,
        mut packing: Z::Packing,
        parts: &BTreeMap<SourceId, (String, PartId)>,
        key: &DataKey,
        id: RequestId,
        until: Time,
    ) -> Result<(), Failure> {
        while let Some(source) = packing.wants() {
            let (place, part) = parts.get(&source).ok_or(PART_GONE)?;
            let mut download = self.copies.part(id, &source).await?.ok_or(PART_GONE)?;
            let mut reader = PartReader::new(key, place);
            loop {
                match self.next_piece(&mut reader, &mut download, until).await?.map_err(|_| PART_GONE)? {
                    // Another worker may have kept another one meanwhile.
                    Piece::Header(_) if reader.id() != Some(*part) => return Err(PART_GONE),
                    Piece::Header(_) => {}
                    Piece::Records(text) => {
                        for record in part::records(&text) {
                            packing.take(&record.map_err(|_| PART_GONE)?)?;
                            file.write(&packing.ready()).await?;
                        }
                    }
                    Piece::End(_) => break,
                }
            }
            packing.end()?;
        }
        file.write(&packing.finish()?).await
    }

    /// The next piece of a part; `Err` within when it can't be read as one.
    async fn next_piece(
        &self,
        reader: &mut PartReader<'_>,
        download: &mut P::Download,
        until: Time,
    ) -> Result<Result<Piece, PartError>, Failure> {
        loop {
            match reader.next_piece() {
                Ok(Some(piece)) => return Ok(Ok(piece)),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
            // Whoever is ended from outside leaves half a file behind.
            if self.clock.now().plus_seconds(AROUND_A_CALL) > until {
                return Err(OUT_OF_TIME);
            }
            match download.read().await? {
                Some(bytes) => reader.feed(&bytes),
                None => return Ok(Err(PartError)),
            }
        }
    }

    /// Has the data sources whose part can't be packed copied again. On the request's revision, so that
    /// nobody packs or closes meanwhile.
    async fn copy_again(&self, request: Request, lost: &[(&Task, Code)]) -> Result<(), CommitError> {
        let (id, now) = (request.id, self.clock.now());
        let terms = terms(&request, &self.settings, None);
        let (mut rows, mut facts) = (Vec::new(), Vec::new());
        for (task, code) in lost {
            let life = Life { task: (*task).clone(), rules: rules_of_run(self.store, task).await? };
            let (after, effects) = step(&life, Event::CopyLost(code), now, &terms);
            rows.push(Row::Task(after.task));
            facts.extend(facts_of(effects));
        }
        rows.push(Row::Request(request));
        self.store.commit(Change { request: id, at: now, rows, facts }).await
    }

    /// What a data source gave, and in which part, or why it gave nothing; the code that says why what it gave
    /// can't be packed.
    async fn source_copy(
        &self,
        task: &Task,
        key: &DataKey,
        until: Time,
    ) -> Result<Result<(SourceCopy, Option<PartId>), Code>, Failure> {
        let empty = SourceCopy {
            source: task.source.clone(),
            title: task.connector.clone(),
            outcome: task.outcome.ok_or(Failure::misconfigured("copy_unwritable"))?,
            reason: task.reason.clone(),
            records: 0,
            decided: task.counts.found,
            appeared: task.appeared,
            may_be_part: task.asked.may_be_part,
            export: None,
        };
        if empty.outcome != Outcome::Copied {
            return Ok(Ok((empty, None)));
        }
        let Some(mut download) = self.copies.part(task.request, &task.source).await? else {
            return Ok(Err(PART_MISSING));
        };
        let place = part_context(task);
        let (mut reader, mut header) = (PartReader::new(key, &place), None);
        let records = loop {
            match self.next_piece(&mut reader, &mut download, until).await? {
                Ok(Piece::Header(read)) => header = Some(read),
                Ok(Piece::Records(_)) => {}
                Ok(Piece::End(records)) => break records,
                Err(_) => return Ok(Err(PART_UNREADABLE)),
            }
        };
        let (Some(header), Some(part)) = (header, reader.id()) else { return Ok(Err(PART_UNREADABLE)) };
        // Of two workers at once the one that is told of need not be the one whose part is kept.
        if records != task.counts.submitted {
            return Ok(Err(PART_MISSING));
        }
        let copy = SourceCopy { title: header.title, export: header.export, records, ..empty };
        Ok(Ok((copy, Some(part))))
    }

    /// The outcome, with all tasks leaving the due index, in one change.
    async fn close(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        outcome: RequestOutcome,
    ) -> Result<After, CommitError> {
        let now = self.clock.now();
        let nobody_left = outcome.forgets_at_once() && !tasks.iter().any(found_nobody_by_what_was_given);
        // A synthetic one is about nobody, and never reopened.
        let at_once = request.synthetic || nobody_left;
        let keep = if at_once { 0 } else { days(self.forget_after_days) };
        let copied = request.copy.as_ref().map_or(now, |copy| copy.expires_at);
        request.state = RequestState::Closed;
        request.outcome = Some(outcome);
        request.closed_at = Some(now);
        request.forget_at = Some(now.plus_seconds(keep).max(copied));
        request.next_due = Some(now.plus_seconds(self.settings.grace_seconds));
        let owed = !request.synthetic && request.reference.is_some() && self.tickets.takes(&request.origin);
        request.answer = owed.then(|| Answer::due(now));
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

    /// Signs and keeps the receipt. Everything in it is stored and final by now, and Ed25519 is
    /// deterministic, so that a repetition after a crash makes the same file.
    async fn sign(&self, mut request: Request, tasks: Vec<Task>) -> Result<After, CommitError> {
        let id = request.id;
        let with_rules = with_rules(tasks.clone(), &self.store.all_rules(id).await?);
        // Up to the closing: what is recorded later must not change the receipt. A chain that is broken is
        // told, and stops nothing.
        let events = up_to_closing(id, &self.store.events(id).await?);
        let unwritable = |_| Failure::misconfigured("receipt_unwritable");
        let statement = receipt::state(&request, &with_rules, events, &self.issuer)
            .map_err(|_| Failure::misconfigured("receipt_unwritable"))?;
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

    /// The key first: from then on the person is forgotten, in every backup too. The rows after it.
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

    /// The answer that it is time to do something about, when the time until `until` allows it.
    fn answers_now(&self, request: &Request, until: Time) -> Option<Answer> {
        let now = self.clock.now();
        let answer = request.answer.as_ref().filter(|answer| answer.is_due(now))?;
        // It names the receipt.
        request.receipt_sha256.as_ref()?;
        // In doubt it is looked for first.
        let calls = if answer.state == AnswerState::Claimed { 2 } else { 1 };
        let needed = calls * self.tickets.call_seconds() + AROUND_A_CALL;
        (now.plus_seconds(needed) <= until).then(|| answer.clone())
    }

    /// Gives the answer, or finds out what became of the last call. The look stands on the revision
    /// that was read before it, so that nobody claims after another one's claim on an old look.
    async fn answer(
        &self,
        request: Request,
        tasks: Vec<Task>,
        answer: &Answer,
    ) -> Result<After, CommitError> {
        let told = self.answered(&request, &tasks, answer).await?;
        Ok(told.map(|stored| stored.with(tasks)))
    }

    async fn answered(
        &self,
        request: &Request,
        tasks: &[Task],
        answer: &Answer,
    ) -> Result<Option<Stored>, CommitError> {
        let channel = request.origin.as_str();
        let Some(reference) = &request.reference else {
            return self.give_up(request, answer, AnswerState::Undeliverable, NO_REFERENCE).await;
        };
        let content =
            compose(request, tasks, &self.issuer).ok_or(Failure::misconfigured("answer_unwritable"))?;
        if answer.state == AnswerState::Claimed {
            match self.tickets.is_answered(channel, reference, &content.marker).await {
                Ok(true) => {
                    let fact = Fact::AnswerSent { attempt: answer.tries };
                    return self.keep(request, answer.sent(self.clock.now()), Some(fact)).await;
                }
                Ok(false) if self.is_too_late(request) => {
                    return self.give_up(request, answer, AnswerState::Undeliverable, GAVE_UP).await;
                }
                Ok(false) => {}
                Err(Fault::Refused(code)) => {
                    return self.give_up(request, answer, AnswerState::Undeliverable, code).await;
                }
                Err(_) if self.is_too_late(request) => {
                    return self.give_up(request, answer, AnswerState::Undeliverable, GAVE_UP).await;
                }
                Err(fault) => {
                    return self.keep(request, answer.unseen(&fault, self.clock.now()), None).await;
                }
            }
        }
        self.send(request, answer, reference, &content).await
    }

    /// Claims, sends, and keeps what came of it. A crash after the claim leaves it claimed.
    async fn send(
        &self,
        request: &Request,
        answer: &Answer,
        reference: &Reference,
        content: &TicketAnswer,
    ) -> Result<Option<Stored>, CommitError> {
        let until = self.clock.now().plus_seconds(self.tickets.call_seconds() + SETTLE_SECONDS);
        let claim = answer.claimed(until);
        let fact = Fact::AnswerClaimed { attempt: claim.tries };
        let mut known = self.keep(request, claim.clone(), Some(fact)).await?;
        let came = self.tickets.answer(&request.origin, reference, content).await;
        for _ in 0..STALE_TRIES {
            let there = match known.take() {
                Some(Stored { request, .. }) => request,
                None => self.request(request.id).await?,
            };
            match self.learn(there, &claim, &came).await {
                // The request moved on meanwhile; what came of the call counts all the same.
                Err(CommitError::Stale) => {}
                learned => return learned,
            }
        }
        Err(Failure::transient("too_much_contention").into())
    }

    /// Keeps what came of the call that `claim` was made for. When another worker has taken over
    /// since, only the certain knowledge that the answer is there still counts.
    async fn learn(
        &self,
        request: Request,
        claim: &Answer,
        came: &Answered,
    ) -> Result<Option<Stored>, CommitError> {
        let Some(stored) = request.answer.clone() else { return Ok(None) };
        let now = self.clock.now();
        let attempt = claim.tries;
        let ours = stored.state == AnswerState::Claimed && stored.tries == claim.tries;
        match came {
            Answered::Sent if stored.state != AnswerState::Sent => {
                self.keep(&request, stored.sent(now), Some(Fact::AnswerSent { attempt })).await
            }
            _ if !ours => Ok(None),
            Answered::Sent => Ok(None),
            Answered::NotSetUp => self.give_up(&request, &stored, AnswerState::NotSetUp, NOT_SET_UP).await,
            Answered::Refused(code) => {
                self.give_up(&request, &stored, AnswerState::Undeliverable, code).await
            }
            Answered::NotSent(_) if self.is_too_late(&request) => {
                self.give_up(&request, &stored, AnswerState::Undeliverable, GAVE_UP).await
            }
            Answered::NotSent(fault) => {
                let fact = Fact::AnswerNotSent { attempt, reason: fault.code().to_owned() };
                self.keep(&request, stored.put_off(fault, now), Some(fact)).await
            }
            Answered::Unknown(code) => {
                let fact = Fact::AnswerInDoubt { attempt, reason: (*code).to_owned() };
                self.keep(&request, stored.in_doubt(code, now), Some(fact)).await
            }
        }
    }

    fn is_too_late(&self, request: &Request) -> bool {
        request.closed_at.is_none_or(|at| at.plus_seconds(GIVE_UP_SECONDS) <= self.clock.now())
    }

    async fn give_up(
        &self,
        request: &Request,
        answer: &Answer,
        state: AnswerState,
        reason: Code,
    ) -> Result<Option<Stored>, CommitError> {
        let fact = Fact::AnswerUndeliverable { reason: reason.to_owned() };
        self.keep(request, answer.given_up(state, reason), Some(fact)).await
    }

    async fn keep(
        &self,
        request: &Request,
        answer: Answer,
        fact: Option<Fact>,
    ) -> Result<Option<Stored>, CommitError> {
        let mut request = Request { answer: Some(answer), ..request.clone() };
        request.next_due = self.next_due(&request);
        self.save_with(request, fact.into_iter().collect()).await.map(Some)
    }

    /// When a closed request is looked at: at the time of its forgetting or of its answer's next try,
    /// whichever comes first. The first try is about to be made by whoever closes it.
    fn next_due(&self, request: &Request) -> Option<Time> {
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

    async fn save(&self, request: Request, fact: Fact) -> Result<Stored, CommitError> {
        self.save_with(request, vec![fact]).await
    }

    async fn save_with(&self, mut request: Request, facts: Vec<Fact>) -> Result<Stored, CommitError> {
        let (id, at) = (request.id, self.clock.now());
        let rows = vec![Row::Request(request.clone())];
        self.store.commit(Change { request: id, at, rows, facts }).await?;
        request.revision += 1;
        Ok(Stored { request, at })
    }
}

/// A file on its way, with its size and its digest so far.
struct Counted<U> {
    upload: U,
    bytes: u64,
    digest: Context,
}

impl<U: Upload> Counted<U> {
    fn new(upload: U) -> Self {
        Self { upload, bytes: 0, digest: Context::new(&SHA256) }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.digest.update(bytes);
        self.upload.write(bytes).await
    }

    /// Finishes it where all was written; else nothing is left of it. Gives its size, and its SHA-256 in hex.
    async fn end(self, written: Result<(), Failure>) -> Result<(u64, String), Failure> {
        match written {
            Ok(()) => self.upload.finish().await?,
            Err(failure) => {
                self.upload.abort().await;
                return Err(failure);
            }
        }
        Ok((self.bytes, hex(self.digest.finish().as_ref())))
    }
}

/// Whether nothing was found by an identifier that a person gave for this data source: it may have been
/// mistyped, and then somebody has to be able to give another one.
fn found_nobody_by_what_was_given(task: &Task) -> bool {
    task.outcome == Some(Outcome::NothingFound) && !task.inserted.is_empty()
}

/// Whether something was copied that is not packed yet.
fn owes_a_copy(request: &Request, tasks: &[Task]) -> bool {
    request.copy.is_none() && tasks.iter().any(|task| task.outcome == Some(Outcome::Copied))
}

/// Days in seconds.
fn days(days: u32) -> u64 {
    u64::from(days) * 24 * 3600
}

fn forgets_now(request: &Request, now: Time) -> bool {
    request.forgotten_at.is_none() && request.forget_at.is_some_and(|at| at <= now)
}
