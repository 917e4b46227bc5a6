//! Ticketing systems: puts the answer to a request on its ticket, behind the domain's
//! [`Tickets`](rightful_domain::ports::tickets::Tickets) port.
//!
//! Each system has its own secret, named after its channel, and its own module. The results of a call are those
//! of vendors: only a call that certainly had no effect may be sent again.

mod zendesk;

pub use zendesk::{check_base_url as check_zendesk_base_url, check_user as check_zendesk_user};

use crate::net::VendorClient;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::time::Time;
use rightful_domain::documents::note::Note;
use rightful_domain::model::answer::Answered;
use rightful_domain::ports::set_up::Secrets;
use rightful_domain::ports::store::Page;
use rightful_domain::ports::tickets::{Tagged, TicketSearch, Tickets};
use rightful_domain::vendor::fault::Fault;
use std::fmt;
use std::sync::Arc;
use zendesk::Zendesk;

/// The ticketing systems that can be answered.
pub struct Ticketing<S> {
    client: VendorClient,
    secrets: Arc<S>,
}

impl<S> Ticketing<S> {
    /// Ticketing systems, called by this client with these secrets.
    #[must_use]
    pub fn new(client: VendorClient, secrets: Arc<S>) -> Self {
        Self { client, secrets }
    }
}

impl<S> fmt::Debug for Ticketing<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticketing").field("client", &self.client).finish_non_exhaustive()
    }
}

impl<S: Secrets> Tickets for Ticketing<S> {
    fn takes(&self, channel: &str) -> bool {
        channel == zendesk::CHANNEL
    }

    fn call_seconds(&self) -> u64 {
        zendesk::CALL_SECONDS
    }

    async fn answer(&self, channel: &str, reference: &Reference, answer: &Note) -> Answered {
        if !self.takes(channel) {
            return Answered::NotSetUp;
        }
        Zendesk::new(&self.client, self.secrets.as_ref()).answer(reference, answer).await
    }

    async fn is_answered(&self, channel: &str, reference: &Reference, marker: &str) -> Result<bool, Fault> {
        if !self.takes(channel) {
            return Err(Fault::Refused(Code::TicketingNotSetUp));
        }
        Zendesk::new(&self.client, self.secrets.as_ref()).is_answered(reference, marker).await
    }
}

impl<S: Secrets> TicketSearch for Ticketing<S> {
    async fn tagged(
        &self,
        channel: &str,
        tag: &str,
        since: Time,
        until: Time,
        after: Option<&str>,
    ) -> Result<Option<Page<Tagged>>, Fault> {
        if !self.takes(channel) {
            return Ok(None);
        }
        Zendesk::new(&self.client, self.secrets.as_ref()).tagged(tag, since, until, after).await
    }

    fn number<'a>(&self, channel: &str, reference: &'a Reference) -> Option<&'a str> {
        if self.takes(channel) { zendesk::ticket_id(reference) } else { None }
    }
}
