//! Extends the legal deadline of an open request on a recorded ground (Art. 12(3) GDPR).

use crate::base::actor::Actor;
use crate::base::failure::Failure;
use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::duty::acts::{self, MOST_MONTHS, WhyNot};
use crate::duty::escalation;
use crate::law::extension::Extension;
use crate::law::ground::Ground;
use crate::model::request::Request;
use crate::operations::load::{Turn, retry_stale};
use crate::ports::clock::Clock;
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};

/// The ports of an extension.
#[derive(Debug)]
pub struct Extend<'a, S, C> {
    /// The store.
    pub store: &'a S,
    /// The time.
    pub clock: &'a C,
}

/// The result of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// The new legal deadline.
    pub due_at: Time,
    /// The extension as it is recorded.
    pub extension: Extension,
    /// Whether this call recorded it; the same one may have been recorded before.
    pub new: bool,
}

/// Why a deadline isn't extended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtendError {
    /// A number of months that the law doesn't allow.
    #[error("a deadline is extended by one month or by two, counted from the first one")]
    Months,
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// An extension is not possible now.
    #[error(transparent)]
    Not(#[from] WhyNot),
    /// A port failed: the extension may be tried again.
    #[error("the extension could not be stored: try again")]
    Failed(#[from] Failure),
}

impl From<ExtendError> for Turn<ExtendError> {
    fn from(error: ExtendError) -> Self {
        Self::Failed(error)
    }
}

impl<S, C> Extend<'_, S, C>
where
    S: Reads + Writes,
    C: Clock,
{
    /// Extends the deadline by `months` (one or two) beyond the first month. May be repeated: the same
    /// extension succeeds again, whatever happened since. One month may become two while the first month lasts.
    ///
    /// # Errors
    /// [`ExtendError`]; nothing is stored then.
    pub async fn extend(
        &self,
        id: RequestId,
        months: u8,
        ground: Ground,
        by: &Actor,
    ) -> Result<Extended, ExtendError> {
        if !(1..=MOST_MONTHS).contains(&months) {
            return Err(ExtendError::Months);
        }
        retry_stale(async || {
            let request = self.store.request(id).await?.ok_or(ExtendError::NotFound)?;
            let known = request.extension.clone();
            if let Some(extension) = known.filter(|known| (known.months, known.ground) == (months, ground)) {
                return Ok(Extended { due_at: request.due_at, extension, new: false });
            }
            let now = self.clock.now();
            let due_at = acts::extend(&request, months, now)?;
            let extension = Extension { months, ground, by: by.as_str().to_owned(), at: now };
            self.store_it(request, &extension, due_at, now).await?;
            Ok(Extended { due_at, extension, new: true })
        })
        .await
    }

    /// Stores the extension in one change, with the lower escalation level if the new deadline lowers it. The
    /// request keeps its place in the due index: an early look does no harm.
    async fn store_it(
        &self,
        mut request: Request,
        extension: &Extension,
        due_at: Time,
        now: Time,
    ) -> Result<(), CommitError> {
        let tasks = self.store.tasks(request.id).await?;
        request.extension = Some(extension.clone());
        request.due_at = due_at;
        let told = Fact::DeadlineExtended {
            months: extension.months,
            ground: extension.ground,
            by: extension.by.clone(),
            due_at,
        };
        let facts = std::iter::once(told).chain(escalation::record(&mut request, &tasks, now)).collect();
        let change = Change { request: request.id, at: now, rows: vec![Row::Request(request)], facts };
        self.store.commit(change).await
    }
}
