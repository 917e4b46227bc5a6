//! The answer owed to a ticket: whether it was sent, and when to try again.

use crate::base::code::Code;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::vendor::fault::Fault;
use serde::{Deserialize, Serialize};

/// The state of the answer to a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AnswerState {
    /// The answer is owed, and certainly not sent.
    Due,
    /// A call is under way, or ended with an unknown result: Rightful looks for the answer on the ticket before
    /// it sends it again.
    Claimed,
    /// The answer is on the ticket.
    Sent,
    /// No ticketing system is set up. Final.
    NotSetUp,
    /// The answer can't be given; the reason says why. Final.
    Undeliverable,
}

impl AnswerState {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AnswerState::Due => "due",
            AnswerState::Claimed => "claimed",
            AnswerState::Sent => "sent",
            AnswerState::NotSetUp => "not_set_up",
            AnswerState::Undeliverable => "undeliverable",
        }
    }

    /// Whether no further step follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, AnswerState::Sent | AnswerState::NotSetUp | AnswerState::Undeliverable)
    }
}

/// The answer that a request owes its ticket: part of the request's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TicketAnswer", description = "The answer that a request owes its ticket.")
)]
pub struct TicketAnswer {
    /// Its state.
    pub state: AnswerState,
    /// How often the ticketing system was called about it. The number distinguishes one claim from the next.
    pub tries: u32,
    /// Why it isn't on the ticket, or why that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// While it is claimed: the time until which the call may still take effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// The time of the next step; `None` once it is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Time>,
    /// The time when it was seen on the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Time>,
}

/// Waits between tries: seconds, then minutes, then hours.
pub const ANSWER_WAITS: Waits = Waits { first_seconds: 5, longest_seconds: 6 * 3600 };

/// How long after the closing an answer that can't be given is abandoned, in seconds: 30 days.
pub const GIVE_UP_SECONDS: u64 = 30 * 24 * 3600;

/// How long after its time-out a call may still take effect, in seconds. A look makes sense only after that: an
/// answer that arrives after the look would be on the ticket twice.
pub const SETTLE_SECONDS: u64 = 60;

impl TicketAnswer {
    /// An answer that nobody has tried to give yet.
    #[must_use]
    pub fn due(at: Time) -> Self {
        Self {
            state: AnswerState::Due,
            tries: 0,
            reason: None,
            until: None,
            next_try: Some(at),
            answered_at: None,
        }
    }

    /// Whether its next step is due.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        !self.state.is_final() && self.next_try.is_none_or(|at| at <= now)
    }

    /// The claim for the next call, which may take effect until `until`.
    #[must_use]
    pub fn claimed(&self, until: Time) -> Self {
        Self {
            state: AnswerState::Claimed,
            tries: self.tries.saturating_add(1),
            reason: None,
            until: Some(until),
            next_try: Some(until),
            answered_at: None,
        }
    }

    /// The answer that is on the ticket.
    #[must_use]
    pub fn sent(&self, now: Time) -> Self {
        self.ended(AnswerState::Sent, None, Some(now))
    }

    /// The answer that ended without reaching the ticket.
    #[must_use]
    pub fn given_up(&self, state: AnswerState, reason: Code) -> Self {
        self.ended(state, Some(reason.to_string()), None)
    }

    fn ended(&self, state: AnswerState, reason: Option<String>, answered_at: Option<Time>) -> Self {
        Self { state, tries: self.tries, reason, until: None, next_try: None, answered_at }
    }

    /// The answer that certainly isn't on the ticket. It is tried again, no sooner than the ticketing system
    /// asks.
    #[must_use]
    pub fn put_off(&self, fault: &Fault, now: Time) -> Self {
        Self {
            state: AnswerState::Due,
            tries: self.tries,
            reason: Some(fault.code().to_string()),
            until: None,
            next_try: Some(now.plus_seconds(self.wait(fault))),
            answered_at: None,
        }
    }

    /// The answer of which nobody knows whether it is on the ticket. A look follows once the call can't take
    /// effect any more.
    #[must_use]
    pub fn in_doubt(&self, reason: Code, now: Time) -> Self {
        let wait = ANSWER_WAITS.after(self.tries.saturating_sub(1)).max(SETTLE_SECONDS);
        let settled = Some(now.plus_seconds(wait));
        Self { reason: Some(reason.to_string()), until: settled, next_try: settled, ..self.clone() }
    }

    /// The answer after a failed look: another look follows later.
    #[must_use]
    pub fn unseen(&self, fault: &Fault, now: Time) -> Self {
        let tried = Self { tries: self.tries.saturating_add(1), ..self.clone() };
        Self {
            reason: Some(fault.code().to_string()),
            next_try: Some(now.plus_seconds(tried.wait(fault))),
            ..tried
        }
    }

    fn wait(&self, fault: &Fault) -> u64 {
        let own = ANSWER_WAITS.after(self.tries.saturating_sub(1));
        fault.asked_wait().map_or(own, |asked| asked.max(own))
    }
}

/// The result of giving an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The answer is on the ticket.
    Sent,
    /// The answer certainly isn't on the ticket, and may be sent again.
    NotSent(Fault),
    /// The ticketing system refused it: it is not on the ticket, and sending it again won't help.
    Refused(Code),
    /// The result is unknown: never sent again before a look.
    Unknown(Code),
    /// No ticketing system is set up for this channel; no call was made.
    NotSetUp,
}
