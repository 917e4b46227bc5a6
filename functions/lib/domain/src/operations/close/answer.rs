//! Answers the ticket. The answer comes last, because forgetting must not wait for a ticketing system, and the
//! answer needs nothing of the person. It is claimed before it is sent. Whatever happens to the call, nobody
//! sends it again until the claim is over and a look at the ticket has not found it.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::Reference;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::documents::note::{Note, compose};
use crate::model::answer::{AnswerState, Answered, GIVE_UP_SECONDS, SETTLE_SECONDS, TicketAnswer};
use crate::model::request::Request;
use crate::model::task::Task;
use crate::operations::close::closing::{After, Close, Stored};
use crate::operations::load::retry_stale;
use crate::operations::open::AROUND_A_CALL;
use crate::ports::clock::Clock;
use crate::ports::copies::{CopyPackages, Packs, Receipts, Signer};
use crate::ports::keys::{Forgets, Keys};
use crate::ports::store::{CommitError, Reads, Writes};
use crate::ports::tickets::Tickets;
use crate::vendor::fault::Fault;

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
    /// The answer, if it is due and the time until `until` is enough for it.
    pub(super) fn answers_now(&self, request: &Request, until: Time) -> Option<TicketAnswer> {
        let now = self.clock.now();
        let answer = request.answer.as_ref().filter(|answer| answer.is_due(now))?;
        // The answer names the receipt, so it waits for it.
        request.receipt_sha256.as_ref()?;
        // A claimed answer is looked for first.
        let calls = if answer.state == AnswerState::Claimed { 2 } else { 1 };
        let needed = calls * self.tickets.call_seconds() + AROUND_A_CALL;
        (now.plus_seconds(needed) <= until).then(|| answer.clone())
    }

    /// Gives the answer, or finds out what became of the last call. A claim is saved on the revision read
    /// before the look. A worker with an old look therefore can't claim after another worker's claim.
    pub(super) async fn answer(
        &self,
        request: Request,
        tasks: Vec<Task>,
        answer: &TicketAnswer,
    ) -> Result<After, CommitError> {
        let told = self.answered(&request, &tasks, answer).await?;
        Ok(told.map(|stored| stored.with(tasks)))
    }

    async fn answered(
        &self,
        request: &Request,
        tasks: &[Task],
        answer: &TicketAnswer,
    ) -> Result<Option<Stored>, CommitError> {
        let channel = request.origin.as_str();
        let Some(reference) = &request.reference else {
            return self
                .give_up(request, answer, AnswerState::Undeliverable, Code::TicketReferenceMissing)
                .await;
        };
        let content = compose(request, tasks, &self.issuer).ok_or(Failure::of(Code::AnswerUnwritable))?;
        if answer.state == AnswerState::Claimed {
            match self.tickets.is_answered(channel, reference, &content.marker).await {
                Ok(true) => {
                    let fact = Fact::AnswerSent { attempt: answer.tries };
                    return self.keep(request, answer.sent(self.clock.now()), Some(fact)).await;
                }
                Ok(false) if self.is_too_late(request) => {
                    return self
                        .give_up(request, answer, AnswerState::Undeliverable, Code::TicketAnswerGaveUp)
                        .await;
                }
                Ok(false) => {}
                Err(Fault::Refused(code)) => {
                    return self.give_up(request, answer, AnswerState::Undeliverable, code).await;
                }
                Err(_) if self.is_too_late(request) => {
                    return self
                        .give_up(request, answer, AnswerState::Undeliverable, Code::TicketAnswerGaveUp)
                        .await;
                }
                Err(fault) => {
                    return self.keep(request, answer.unseen(&fault, self.clock.now()), None).await;
                }
            }
        }
        self.send(request, answer, reference, &content).await
    }

    /// Claims, sends, and stores the result. After a crash in between, the answer stays claimed.
    async fn send(
        &self,
        request: &Request,
        answer: &TicketAnswer,
        reference: &Reference,
        content: &Note,
    ) -> Result<Option<Stored>, CommitError> {
        let until = self.clock.now().plus_seconds(self.tickets.call_seconds() + SETTLE_SECONDS);
        let claim = answer.claimed(until);
        let fact = Fact::AnswerClaimed { attempt: claim.tries };
        let mut known = self.keep(request, claim.clone(), Some(fact)).await?;
        let came = self.tickets.answer(&request.origin, reference, content).await;
        retry_stale(async || {
            let there = match known.take() {
                Some(Stored { request, .. }) => request,
                None => self.request(request.id).await?,
            };
            // The result of the call counts even if the request moved on meanwhile.
            Ok(self.learn(there, &claim, &came).await?)
        })
        .await
    }

    /// Stores the result of the call that `claim` was made for. If another worker has taken over since, only
    /// the certainty that the answer was sent still counts.
    async fn learn(
        &self,
        request: Request,
        claim: &TicketAnswer,
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
            Answered::NotSetUp => {
                self.give_up(&request, &stored, AnswerState::NotSetUp, Code::TicketingNotSetUp).await
            }
            Answered::Refused(code) => {
                self.give_up(&request, &stored, AnswerState::Undeliverable, *code).await
            }
            Answered::NotSent(_) if self.is_too_late(&request) => {
                self.give_up(&request, &stored, AnswerState::Undeliverable, Code::TicketAnswerGaveUp).await
            }
            Answered::NotSent(fault) => {
                let fact = Fact::AnswerNotSent { attempt, reason: fault.code().to_string() };
                self.keep(&request, stored.put_off(fault, now), Some(fact)).await
            }
            Answered::Unknown(code) => {
                let fact = Fact::AnswerInDoubt { attempt, reason: (*code).to_string() };
                self.keep(&request, stored.in_doubt(*code, now), Some(fact)).await
            }
        }
    }

    fn is_too_late(&self, request: &Request) -> bool {
        request.closed_at.is_none_or(|at| at.plus_seconds(GIVE_UP_SECONDS) <= self.clock.now())
    }

    async fn give_up(
        &self,
        request: &Request,
        answer: &TicketAnswer,
        state: AnswerState,
        reason: Code,
    ) -> Result<Option<Stored>, CommitError> {
        let fact = Fact::AnswerUndeliverable { reason: reason.to_string() };
        self.keep(request, answer.given_up(state, reason), Some(fact)).await
    }

    pub(super) async fn keep(
        &self,
        request: &Request,
        answer: TicketAnswer,
        fact: Option<Fact>,
    ) -> Result<Option<Stored>, CommitError> {
        let mut request = Request { answer: Some(answer), ..request.clone() };
        request.next_due = self.next_due(&request);
        self.save_with(request, fact.into_iter().collect()).await.map(Some)
    }
}
