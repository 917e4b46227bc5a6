//! Signing in by a link that works once. Opening it only asks, because a mail program or a browser may open a link
//! by itself; pressing the button uses it up.

use crate::handlers::links::digest_of;
use crate::ports::{Operators as _, Outside};
use crate::role::Role;
use crate::site::fields::Fields;
use crate::site::sealer::Sealer;
use crate::site::session::Session;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use rightful_domain::model::operator::Operator;
use rightful_domain::ports::store::CommitError;

/// The operator whose link this is, with its role, if it works.
pub(crate) async fn owner<O: Outside>(
    outside: &O,
    fields: &Fields,
    now: Time,
) -> Result<Option<(Operator, Role)>, Failure> {
    let Some((actor, secret)) = fields.one("to").split_once('.') else { return Ok(None) };
    let is_digest = actor.len() == 64 && actor.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        return Ok(None);
    }
    let operator = outside.operators().operator(actor).await?;
    Ok(operator.and_then(|operator| {
        let link = operator.link.as_ref()?;
        // Digests are compared, so the time that it takes tells nothing about the secret.
        let works = link.digest == digest_of(secret) && now < link.until;
        let role = Role::parse(&link.role)?;
        works.then_some((operator, role))
    }))
}

/// Uses the link up, and begins a session. `None` if it doesn't work, or somebody else was faster.
pub(crate) async fn redeem<O: Outside>(
    outside: &O,
    sealer: &Sealer,
    fields: &Fields,
    now: Time,
    seconds: u64,
) -> Result<Option<String>, Failure> {
    let Some((operator, role)) = owner(outside, fields, now).await? else { return Ok(None) };
    let used = Operator { link: None, ..operator };
    match outside.operators().put_operator(&used).await {
        Ok(()) => {
            let session = Session::begin(used.actor, used.name, role, now, seconds);
            session.cookie(sealer).map(Some)
        }
        Err(CommitError::Stale) => Ok(None),
        Err(CommitError::Failed(failure)) => Err(failure),
    }
}
