//! The current time, passed in.

use crate::base::time::Time;

/// The current time, passed in.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Clock {
    /// The current time.
    fn now(&self) -> Time;

    /// Waits this number of milliseconds. For moments only, when the workflow's own wait would take longer and
    /// cost more than the function's time.
    async fn nap(&self, millis: u64);
}
