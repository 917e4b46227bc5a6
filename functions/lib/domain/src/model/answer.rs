//! The answer that a ticket is owed: whether it was sent, and when it is tried again.

use crate::base::code::Code;
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::vendor::fault::Fault;
use serde::{Deserialize, Serialize};

/// Where the answer to a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AnswerState {
    /// It is owed, and certainly not sent.
    Due,
    /// A call is under way, or came to an end that nobody knows: it is looked for before it is sent
    /// again.
    Claimed,
    /// It is on the ticket.
    Sent,
    /// No ticketing system is set up. Final.
    NotSetUp,
    /// It can't be given; the reason says why. Final.
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

    /// Whether nothing more is done about it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, AnswerState::Sent | AnswerState::NotSetUp | AnswerState::Undeliverable)
    }
}

/// The answer that a request owes its ticket: a part of the request's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "TicketAnswer", description = "The answer that a request owes its ticket.")
)]
pub struct Answer {
    /// Where it stands.
    pub state: AnswerState,
    /// How often the ticketing system was called about it; tells one claim from the next.
    pub tries: u32,
    /// Why it isn't on the ticket, or why nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// While it is claimed: until when the call may still take effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// When it is taken up next; `None` once it is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Time>,
    /// When it was seen to be on the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Time>,
}

/// Waits between tries: seconds, then minutes, then hours.
pub const ANSWER_WAITS: Waits = Waits { first_seconds: 5, longest_seconds: 6 * 3600 };

/// After so many seconds from the closing an answer that can't be given is given up: 30 days.
pub const GIVE_UP_SECONDS: u64 = 30 * 24 * 3600;

/// How long after its time-out a call may still take effect, in seconds. Only then is it of use to
/// look: what arrives after the look would be there twice.
pub const SETTLE_SECONDS: u64 = 60;

impl Answer {
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

    /// Whether it is time to do something about it.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        !self.state.is_final() && self.next_try.is_none_or(|at| at <= now)
    }

    /// The next call's claim, which may take effect until `until`.
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

    /// It is on the ticket.
    #[must_use]
    pub fn sent(&self, now: Time) -> Self {
        self.ended(AnswerState::Sent, None, Some(now))
    }

    /// It ended without being on the ticket.
    #[must_use]
    pub fn given_up(&self, state: AnswerState, reason: Code) -> Self {
        self.ended(state, Some(reason.to_owned()), None)
    }

    fn ended(&self, state: AnswerState, reason: Option<String>, answered_at: Option<Time>) -> Self {
        Self { state, tries: self.tries, reason, until: None, next_try: None, answered_at }
    }

    /// It certainly isn't on the ticket and is tried again, no sooner than the other side asks for.
    #[must_use]
    pub fn put_off(&self, fault: &Fault, now: Time) -> Self {
        Self {
            state: AnswerState::Due,
            tries: self.tries,
            reason: Some(fault.code().to_owned()),
            until: None,
            next_try: Some(now.plus_seconds(self.wait(fault))),
            answered_at: None,
        }
    }

    /// Nobody can tell whether it is on the ticket: looked for once the call can't take effect any more.
    #[must_use]
    pub fn in_doubt(&self, reason: Code, now: Time) -> Self {
        let wait = ANSWER_WAITS.after(self.tries.saturating_sub(1)).max(SETTLE_SECONDS);
        let settled = Some(now.plus_seconds(wait));
        Self { reason: Some(reason.to_owned()), until: settled, next_try: settled, ..self.clone() }
    }

    /// The look itself failed: looked for again later.
    #[must_use]
    pub fn unseen(&self, fault: &Fault, now: Time) -> Self {
        let tried = Self { tries: self.tries.saturating_add(1), ..self.clone() };
        Self {
            reason: Some(fault.code().to_owned()),
            next_try: Some(now.plus_seconds(tried.wait(fault))),
            ..tried
        }
    }

    fn wait(&self, fault: &Fault) -> u64 {
        let own = ANSWER_WAITS.after(self.tries.saturating_sub(1));
        fault.asked_wait().map_or(own, |asked| asked.max(own))
    }
}

/// What came of giving an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is on the ticket.
    Sent,
    /// It certainly is not, and may be sent again.
    NotSent(Fault),
    /// The ticketing system refused it: it is not on the ticket, and sending it again won't help.
    Refused(Code),
    /// Nobody can tell: never sent again before somebody looked.
    Unknown(Code),
    /// No ticketing system is set up for this channel; nothing was called.
    NotSetUp,
}
