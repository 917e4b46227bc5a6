//! Events, as an operator sees them.

use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use serde::{Deserialize, Serialize};

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Event"))]
pub struct EventView {
    /// The number of the event; the first is 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub seq: u64,
    /// When it happened.
    pub at: Time,
    /// The fact that the event records.
    pub fact: Fact,
}

/// A page of a request's events. The whole chain was verified first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventPage {
    /// The events, the oldest first.
    pub items: Vec<EventView>,
    /// The number after which the next page begins; null on the last page.
    #[cfg_attr(
        feature = "schema",
        schemars(description = "Pass this to the next call as `after`; `null` on the last page.")
    )]
    pub next: Option<u64>,
    /// How many events there are.
    pub all: u64,
    /// The hash of the last event that fits the chain, in hex; empty if there is none.
    pub head: String,
    /// The first event that doesn't fit the chain before it; no event after it is shown. Null if the chain is
    /// intact.
    pub broken: Option<Broken>,
}

/// The place where a chain of events is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Broken {
    /// The event's number.
    pub at: u64,
    /// Why the event doesn't fit.
    pub why: String,
}

impl EventPage {
    /// The events after number `after`, at most `most`.
    #[must_use]
    pub fn of(request: RequestId, bytes: &[Vec<u8>], after: u64, most: usize) -> Self {
        let (good, broken) = match crate::chain::event::read_chain(request, bytes) {
            Ok(read) => (Some(read), None),
            Err(error) => {
                let good = usize::try_from(error.at.saturating_sub(1)).unwrap_or(usize::MAX);
                let read = crate::chain::event::read_chain(request, bytes.get(..good).unwrap_or_default());
                (read.ok(), Some(Broken { at: error.at, why: error.why.to_owned() }))
            }
        };
        let (head, facts) = good.map_or((String::new(), Vec::new()), |(head, facts)| (head.hash, facts));
        let shown = (1u64..).zip(facts).map(|(seq, (at, fact))| EventView { seq, at, fact });
        let mut items: Vec<EventView> = shown.filter(|event| event.seq > after).take(most + 1).collect();
        let more = items.len() > most;
        items.truncate(most);
        let next = items.last().filter(|_| more).map(|event| event.seq);
        Self { items, next, all: u64::try_from(bytes.len()).unwrap_or(u64::MAX), head, broken }
    }
}
