//! How tickets are answered.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::Call;
use crate::docs::{Docs, Example, TICKETS};
use crate::handlers::secrets::{Hidden, fields};
use crate::ports::{Outside, SetUps as _};
use crate::success::Json;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::act::Act;
use rightful_domain::operations::set_up::SetUpError;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::{SecretWrites as _, SetUp, SetsUp as _, SourceRow};
use rightful_domain::ports::store::CommitError;
use rightful_domain::view::source::TicketingView;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How a channel's tickets are answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SetTicketing {
    /// `base_url` and `user`.
    params: BTreeMap<String, String>,
    /// `token`. It is never shown again.
    secret: BTreeMap<String, Hidden>,
}

pub(crate) const SET: Docs = Docs {
    id: "setTicketing",
    subject: &TICKETS,
    summary: "Set up how tickets are answered",
    description: "All of it is kept as the channel's secret.",
    takes: Some(Example::Required(
        r#"{"params": {"base_url": "https://example.zendesk.com", "user": "agent@example.com"}, "secret":
            {"token": "…"}}"#,
    )),
    errors: &[Code::ChannelUnknown, Code::SetUpWrong],
    ..Docs::NONE
};

/// Sets up or changes how a channel's tickets are answered. All of it is kept as the channel's secret; the
/// previous version stays usable for a while.
pub(crate) async fn set<O: Outside>(
    app: &App<O>,
    call: &Call<'_, SetTicketing>,
) -> Result<Json<TicketingView>, Refusal> {
    let set_ups = app.outside.set_ups();
    let channels = set_ups.channels();
    let channel = channels.iter().find(|known| *known == call.channel()).ok_or_else(|| {
        let message = format!("there is no such channel; there are: {}", channels.join(", "));
        Refusal::new(Code::ChannelUnknown, message)
    })?;
    let SetTicketing { params, secret } = call.body()?;
    let secret = set_ups.check_ticketing(channel, &params, &fields(secret)).map_err(SetUpError::Wrong)?;
    let name = set_ups.ticketing_secret_name(channel);
    app.outside.secrets().put_secret(&name, &secret).await?;
    let act = Act::TicketingSet { channel: channel.clone() };
    let change =
        SetUp { at: app.outside.clock().now(), by: call.actor.clone(), row: SourceRow::Untouched, act };
    match app.outside.store().set_up(change).await {
        Ok(()) => {}
        Err(CommitError::Stale) => return Err(Failure::of(Code::TooMuchContention).into()),
        Err(CommitError::Failed(failure)) => return Err(failure.into()),
    }
    let secret_name = format!("{}{name}", app.settings.secret_prefix);
    Ok(Json(TicketingView { channel: channel.clone(), secret_name }))
}
