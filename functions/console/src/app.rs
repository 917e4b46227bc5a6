//! The two things that every handler has: the ports and the deployment's settings.

use crate::answer::Refusal;
use crate::ports::Outside;
use rightful_domain::base::ids::RequestId;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::model::policy::Policies;
use rightful_domain::model::request::Request;
use rightful_domain::operations::load::Settings;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::store::Reads as _;
use rightful_domain::view::page::At;

/// The deployment's settings for the API.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The settings of every operation.
    pub operations: Settings,
    /// Who decides on what is found, unless a data source says otherwise.
    pub policies: Policies,
    /// The time zone in which the law's days and months are counted.
    pub legal_zone: LegalZone,
    /// The prefix of the names of the deployment's secrets.
    pub secret_prefix: String,
    /// How long a link to a copy works, in seconds.
    pub link_seconds: u64,
    /// Whether callers of the API may make links by which they sign in on the pages.
    pub sign_in_links: bool,
    /// The address of the deployment's dashboard; empty if there is none.
    pub dashboard: String,
}

/// The outside, and the settings.
pub(crate) struct App<O> {
    pub outside: O,
    pub settings: ApiSettings,
}

impl<O: Outside> App<O> {
    /// The time at which something is shown.
    pub fn at(&self) -> At {
        At { now: self.outside.clock().now(), grace_seconds: self.settings.operations.grace_seconds }
    }

    /// The request, or 404.
    pub async fn request(&self, id: RequestId) -> Result<Request, Refusal> {
        self.outside.store().request(id).await?.ok_or_else(Refusal::no_request)
    }
}
