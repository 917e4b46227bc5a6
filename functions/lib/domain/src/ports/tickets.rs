//! The ticketing system: answers on tickets, and tickets that were never received.

use crate::base::ids::Reference;
use crate::base::time::Time;
use crate::documents::note::Note;
use crate::model::answer::Answered;
use crate::ports::store::Page;
use crate::vendor::fault::Fault;

/// Answers tickets.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Tickets {
    /// Whether requests from this channel are answered at all.
    fn takes(&self, channel: &str) -> bool;
    /// The longest time that one call of this port takes, in seconds.
    fn call_seconds(&self) -> u64;
    /// Puts the answer on the ticket. Must NOT be repeated after [`Answered::Unknown`] until
    /// [`Tickets::is_answered`] has said that it isn't there.
    async fn answer(&self, channel: &str, reference: &Reference, answer: &Note) -> Answered;
    /// Whether a note with this marker is on the ticket. May be repeated.
    ///
    /// # Errors
    /// [`Fault::Refused`] when the ticket can never be queried; any other [`Fault`] may pass.
    async fn is_answered(&self, channel: &str, reference: &Reference, marker: &str) -> Result<bool, Fault>;
}

/// A ticket that carries a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its number, in digits.
    pub number: String,
    /// The references that a delivery about it may have, the likeliest first.
    pub references: Vec<Reference>,
}

/// Finds tickets by their tag.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait TicketSearch {
    /// A page of the channel's tickets that carry `tag` and were last changed from `since` on and before
    /// `until`; `after` is the `next` of the page before. `None` when no ticketing system is set up for the
    /// channel. May be repeated.
    ///
    /// # Errors
    /// [`Fault::Refused`] for a permanent refusal; any other [`Fault`] may pass.
    async fn tagged(
        &self,
        channel: &str,
        tag: &str,
        since: Time,
        until: Time,
        after: Option<&str>,
    ) -> Result<Option<Page<Tagged>>, Fault>;
    /// The number of the ticket that a reference names; `None` when it names none of this channel.
    fn number<'a>(&self, channel: &str, reference: &'a Reference) -> Option<&'a str>;
}
