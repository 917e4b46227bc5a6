//! The answer to a ticket.

use super::codes;
use crate::terminal::format::utc;
use rightful_domain::model::answer::{AnswerState, TicketAnswer};

/// The meaning of an answer's state.
fn answer_state(state: AnswerState) -> &'static str {
    match state {
        AnswerState::Due => "it is certainly not on the ticket yet, and is tried again automatically",
        AnswerState::Claimed => {
            "a call is under way, or its result is unknown; the ticket is read before the next call"
        }
        AnswerState::Sent => "it is on the ticket",
        AnswerState::NotSetUp => "no ticketing system is set up; nothing is tried",
        AnswerState::Undeliverable => "it can't be put on the ticket; nothing more is tried",
    }
}

/// The state of the answer to a ticket, in one line.
pub fn answer(answer: &TicketAnswer) -> String {
    let mut text = format!("{} ({})", answer.state.as_str(), answer_state(answer.state));
    if let Some(at) = answer.answered_at {
        text.push_str(&format!(" since {}", utc(at)));
    }
    if let Some(at) = answer.next_try {
        text.push_str(&format!("; next try {}", utc(at)));
    }
    if let Some(code) = &answer.reason {
        text.push_str(&format!("; {}", reason(code)));
    }
    text
}

/// A code about a ticket, and what it means.
pub fn reason(code: &str) -> String {
    format!("{code}: {}", codes::ticket_words(code).0)
}
