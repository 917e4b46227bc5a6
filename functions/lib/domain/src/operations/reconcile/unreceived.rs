//! Finds tickets that were tagged and never received: webhooks that were refused or lost, wherever that
//! happened.
//!
//! A tag in the ticketing system starts a request. Once a day, the tickets that carry it are therefore compared
//! with the deliveries received, and with requests that somebody made by hand.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::time::Time;
use crate::operations::accept::delivery_key;
use crate::ports::clock::Clock;
use crate::ports::keys::Tags;
use crate::ports::store::Received;
use crate::ports::tickets::{Tagged, TicketSearch};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A tagged ticket may still be on its way for this many seconds: the ticketing system resends, and indexes
/// late.
pub const GRACE_SECONDS: u64 = 3600;

/// How far back tickets are compared, by their last change, in days. They are read in parts, the latest first:
/// about the legal month in all.
const PARTS_DAYS: [u64; 5] = [1, 2, 4, 8, 16];

/// The most tickets that one read compares.
const MOST_TICKETS: usize = 5_000;

/// The most requests, the latest first, among which those made by hand are looked for.
const MOST_REQUESTS: u32 = 2_000;

/// A read begins no call with fewer than this many seconds left.
const FOR_ONE_CALL: u64 = 30;

const DAY_SECONDS: u64 = 24 * 3600;

/// The ports of the read.
#[derive(Debug)]
pub struct Unreceived<'a, S, T, K, C> {
    /// The received deliveries and requests.
    pub store: &'a S,
    /// The ticketing systems.
    pub tickets: &'a T,
    /// Digests deliveries' keys.
    pub tags: &'a K,
    /// The time.
    pub clock: &'a C,
}

/// The result of one read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Tickets that carry a tag.
    pub tagged: usize,
    /// The numbers of tagged tickets that were never received.
    pub unreceived: BTreeSet<String>,
    /// Whether every ticket of the period was compared; if not, there were more than one read compares.
    pub whole: bool,
}

/// Tickets by their number.
type Tickets = BTreeMap<String, Tagged>;

impl<S, T, K, C> Unreceived<'_, S, T, K, C>
where
    S: Received,
    T: TicketSearch,
    K: Tags,
    C: Clock,
{
    /// Compares the tickets of a channel that carry one of these tags with what was received. `None` if the
    /// channel's ticketing system isn't set up. Ends before `until`. May be repeated.
    ///
    /// # Errors
    /// When the ticketing system or the store fails, or there is no time for the first part.
    pub async fn tickets(
        &self,
        channel: &str,
        tags: &[String],
        until: Time,
    ) -> Result<Option<Compared>, Failure> {
        let mut tickets = Tickets::new();
        let mut whole = true;
        let mut end = self.clock.now().minus_seconds(GRACE_SECONDS);
        let latest = end;
        for days in PARTS_DAYS {
            let begin = end.minus_seconds(days * DAY_SECONDS);
            for tag in tags {
                match self.part(channel, tag, (begin, end), until, &mut tickets).await? {
                    None => return Ok(None),
                    Some(all) => whole &= all,
                }
            }
            if !whole {
                break;
            }
            end = begin;
        }
        let mut missing = Tickets::new();
        let tagged = tickets.len();
        for (number, ticket) in tickets {
            self.in_time(until)?;
            if !self.delivered(channel, &ticket).await? {
                missing.insert(number, ticket);
            }
        }
        if !missing.is_empty() {
            let since = latest.minus_seconds(PARTS_DAYS.iter().sum::<u64>() * DAY_SECONDS);
            for reference in self.store.references_since(since, MOST_REQUESTS).await? {
                if let Some(number) = self.tickets.number(channel, &reference) {
                    missing.remove(number);
                }
            }
        }
        Ok(Some(Compared { tagged, unreceived: missing.into_keys().collect(), whole }))
    }

    /// Collects the tickets of a period that carry the tag. Returns whether these are all; `None` if no
    /// ticketing system is set up.
    async fn part(
        &self,
        channel: &str,
        tag: &str,
        (begin, end): (Time, Time),
        until: Time,
        tickets: &mut Tickets,
    ) -> Result<Option<bool>, Failure> {
        let mut after: Option<String> = None;
        loop {
            self.in_time(until)?;
            let page = self.tickets.tagged(channel, tag, begin, end, after.as_deref()).await;
            let Some(page) = page.map_err(|fault| fault.failure())? else { return Ok(None) };
            tickets.extend(page.rows.into_iter().map(|ticket| (ticket.number.clone(), ticket)));
            match page.next {
                None => return Ok(Some(true)),
                Some(_) if tickets.len() >= MOST_TICKETS => return Ok(Some(false)),
                next => after = next,
            }
        }
    }

    fn in_time(&self, until: Time) -> Result<(), Failure> {
        let late = self.clock.now().plus_seconds(FOR_ONE_CALL) > until;
        if late { Err(Failure::of(Code::TicketsOutOfTime)) } else { Ok(()) }
    }

    async fn delivered(&self, channel: &str, ticket: &Tagged) -> Result<bool, Failure> {
        for reference in &ticket.references {
            let key = delivery_key(self.tags, channel, reference.as_str().as_bytes()).await?;
            if self.store.delivered(channel, &key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
