//! A ticketing system with a script: it stores every comment on a ticket, unless the test has ordered another
//! answer.

use crate::clock::TestClock;
use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::time::Time;
use rightful_domain::documents::note::Note;
use rightful_domain::model::answer::Answered;
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::store::Page;
use rightful_domain::ports::tickets::{Tagged, TicketSearch, Tickets};
use rightful_domain::vendor::fault::Fault;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// The channel whose tickets are answered.
pub const CHANNEL: &str = "zendesk";

/// One call that reached the ticketing system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketCall {
    /// A comment on a ticket.
    Answer {
        /// The ticket.
        reference: String,
        /// The comment.
        answer: Note,
        /// When it came.
        at: Time,
    },
    /// A look for the comment.
    Look {
        /// The ticket.
        reference: String,
        /// When it came.
        at: Time,
    },
}

/// An ordered answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketReply {
    /// This answer; the ticket gets no comment.
    Says(Answered),
    /// The ticket gets the comment, but the answer is lost.
    Lost,
}

/// The content of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    /// The comments, in order.
    pub comments: Vec<String>,
    /// Whether it is solved.
    pub solved: bool,
}

#[derive(Default)]
struct State {
    tickets: BTreeMap<String, Ticket>,
    replies: VecDeque<TicketReply>,
    looks: VecDeque<Fault>,
    down: Option<Fault>,
    hangs: bool,
    journal: Vec<TicketCall>,
    /// Tag and time of the last change, by the ticket's number.
    tagged: BTreeMap<u64, (String, Time)>,
    searches: u32,
    absent: bool,
}

/// Tickets on one page of a search.
const PAGE: usize = 2;

/// A handle on the ticketing system; a clone is the same one.
#[derive(Clone)]
pub struct FakeTickets {
    gate: Gate,
    clock: TestClock,
    state: Rc<RefCell<State>>,
}

impl std::fmt::Debug for FakeTickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeTickets").field("journal", &self.state.borrow().journal).finish_non_exhaustive()
    }
}

impl FakeTickets {
    /// A ticketing system that has every ticket.
    #[must_use]
    pub fn new(gate: Gate, clock: TestClock) -> Self {
        Self { gate, clock, state: Rc::default() }
    }

    /// Orders the answer to the next comment.
    pub fn order(&self, reply: TicketReply) {
        self.state.borrow_mut().replies.push_back(reply);
    }

    /// Makes the next look fail.
    pub fn fail_look(&self, fault: Fault) {
        self.state.borrow_mut().looks.push_back(fault);
    }

    /// While set, every call fails without an effect.
    pub fn down(&self, fault: Option<Fault>) {
        self.state.borrow_mut().down = fault;
    }

    /// While set, a call hangs after it took effect.
    pub fn hang(&self, hangs: bool) {
        self.state.borrow_mut().hangs = hangs;
    }

    /// Sets a tag on a ticket now.
    pub fn tag(&self, number: u64, tag: &str) {
        self.state.borrow_mut().tagged.insert(number, (tag.to_owned(), self.clock.now()));
    }

    /// No ticketing system is set up.
    pub fn is_absent(&self) {
        self.state.borrow_mut().absent = true;
    }

    /// How many pages of tagged tickets were read.
    #[must_use]
    pub fn searches(&self) -> u32 {
        self.state.borrow().searches
    }

    /// The content of a ticket.
    #[must_use]
    pub fn ticket(&self, reference: &str) -> Ticket {
        self.state.borrow().tickets.get(reference).cloned().unwrap_or_default()
    }

    /// Every call that reached it.
    #[must_use]
    pub fn journal(&self) -> Vec<TicketCall> {
        self.state.borrow().journal.clone()
    }

    /// The number of comment calls.
    #[must_use]
    pub fn sends(&self) -> usize {
        self.journal().iter().filter(|call| matches!(call, TicketCall::Answer { .. })).count()
    }

    /// The number of looks.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.journal().len() - self.sends()
    }

    fn put(&self, reference: &str, answer: &Note) {
        let mut state = self.state.borrow_mut();
        let ticket = state.tickets.entry(reference.to_owned()).or_default();
        ticket.comments.push(answer.text.clone());
        ticket.solved |= answer.solves;
    }
}

impl Tickets for FakeTickets {
    fn takes(&self, channel: &str) -> bool {
        channel == CHANNEL
    }

    fn call_seconds(&self) -> u64 {
        20
    }

    async fn answer(&self, _channel: &str, reference: &Reference, answer: &Note) -> Answered {
        self.gate.point("answer ticket").await;
        let (name, at) = (reference.as_str().to_owned(), self.clock.now());
        let (down, ordered) = {
            let mut state = self.state.borrow_mut();
            state.journal.push(TicketCall::Answer { reference: name, answer: answer.clone(), at });
            (state.down.clone(), state.replies.pop_front())
        };
        let came = match (down, ordered) {
            (Some(fault), _) => Answered::NotSent(fault),
            (None, Some(TicketReply::Says(came))) => came,
            (None, Some(TicketReply::Lost)) => {
                self.put(reference.as_str(), answer);
                Answered::Unknown(Code::VendorTimedOut)
            }
            (None, None) => {
                self.put(reference.as_str(), answer);
                Answered::Sent
            }
        };
        poll_fn(|_| if self.state.borrow().hangs { Poll::Pending } else { Poll::Ready(()) }).await;
        self.gate.point("after answer ticket").await;
        came
    }

    async fn is_answered(&self, _channel: &str, reference: &Reference, marker: &str) -> Result<bool, Fault> {
        self.gate.point("look at ticket").await;
        let mut state = self.state.borrow_mut();
        let (name, at) = (reference.as_str().to_owned(), self.clock.now());
        state.journal.push(TicketCall::Look { reference: name, at });
        if let Some(fault) = state.down.clone().or_else(|| state.looks.pop_front()) {
            return Err(fault);
        }
        let ticket = state.tickets.get(reference.as_str());
        Ok(ticket.is_some_and(|ticket| ticket.comments.iter().any(|text| text.contains(marker))))
    }
}

impl TicketSearch for FakeTickets {
    async fn tagged(
        &self,
        _channel: &str,
        tag: &str,
        since: Time,
        until: Time,
        after: Option<&str>,
    ) -> Result<Option<Page<Tagged>>, Fault> {
        self.gate.point("find tickets").await;
        let mut state = self.state.borrow_mut();
        state.searches += 1;
        if let Some(fault) = state.down.clone() {
            return Err(fault);
        }
        if state.absent {
            return Ok(None);
        }
        let begin = after.and_then(|place| place.parse().ok()).unwrap_or(0usize);
        let found: Vec<u64> = state
            .tagged
            .iter()
            .filter(|(_, (has, at))| has == tag && (since..until).contains(at))
            .map(|(number, _)| *number)
            .collect();
        let rows = found.iter().skip(begin).take(PAGE).map(|number| Tagged {
            number: number.to_string(),
            references: [format!("ZD-{number}"), number.to_string()]
                .iter()
                .filter_map(|text| Reference::parse(text).ok())
                .collect(),
        });
        let next = (begin + PAGE < found.len()).then(|| (begin + PAGE).to_string());
        Ok(Some(Page { rows: rows.collect(), next }))
    }

    fn number<'a>(&self, _channel: &str, reference: &'a Reference) -> Option<&'a str> {
        let text = reference.as_str().strip_prefix("ZD-")?;
        Some(text.split_once('-').map_or(text, |(number, _)| number))
    }
}
