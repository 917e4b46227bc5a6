//! Signing out, which ends all of an operator's sessions, in every browser.

use crate::ports::{Operators as _, Outside};
use crate::site::session::Session;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use rightful_domain::model::operator::Operator;
use rightful_domain::ports::store::CommitError;

/// Ends every session of this operator that began until now.
pub(crate) async fn everywhere<O: Outside>(outside: &O, session: &Session, now: Time) -> Result<(), Failure> {
    for _ in 0..3 {
        let before = outside.operators().operator(&session.actor.digest()).await?;
        let before = before.unwrap_or_else(|| Operator::new(session.actor.clone(), session.name.clone()));
        let next = Operator { signed_out_at: Some(now), ..before };
        match outside.operators().put_operator(&next).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Stale) => {}
            Err(CommitError::Failed(failure)) => return Err(failure),
        }
    }
    Err(Failure::of(Code::StoreBusy))
}
