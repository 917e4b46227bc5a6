//! How tickets are answered.

use super::{Hidden, fields};
use crate::answer::{Answer, Refusal};
use crate::api::Api;
use crate::call::Call;
use crate::ports::{Outside, SetUps as _};
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::act::Act;
use rightful_domain::operations::set_up::SetUpError;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::{SecretWrites as _, SetUp, SetsUp as _, SourceRow};
use rightful_domain::ports::store::CommitError;
use rightful_domain::view::source::TicketingView;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    params: BTreeMap<String, String>,
    secret: BTreeMap<String, Hidden>,
}

/// Sets up or changes how a channel's tickets are answered. All of it is kept as the channel's secret; the
/// version before stays usable for a while.
pub(crate) async fn set<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let set_ups = api.outside.set_ups();
    let channels = set_ups.channels();
    let channel = channels.iter().find(|known| *known == call.channel()).ok_or_else(|| {
        let message = format!("there is no such channel; there are: {}", channels.join(", "));
        Refusal::new(404, "channel_unknown", message)
    })?;
    let Set { params, secret } = call.body()?;
    let secret = set_ups.check_ticketing(channel, &params, &fields(secret)).map_err(SetUpError::Wrong)?;
    let name = set_ups.ticketing_secret_name(channel);
    api.outside.secrets().put_secret(&name, &secret).await?;
    let act = Act::TicketingSet { channel: channel.clone() };
    let change =
        SetUp { at: api.outside.clock().now(), by: call.actor.clone(), row: SourceRow::Untouched, act };
    match api.outside.store().set_up(change).await {
        Ok(()) => {}
        Err(CommitError::Stale) => return Err(Failure::transient("too_much_contention").into()),
        Err(CommitError::Failed(failure)) => return Err(failure.into()),
    }
    let secret_name = format!("{}{name}", api.settings.secret_prefix);
    Answer::ok(&TicketingView { channel: channel.clone(), secret_name })
}
