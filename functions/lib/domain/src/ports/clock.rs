//! The time, passed in.

use crate::base::time::Time;

/// The time, passed in.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Clock {
    /// Now.
    fn now(&self) -> Time;

    /// Waits so many milliseconds: moments only, where the workflow's own wait would take longer and cost
    /// more than the function's time.
    async fn nap(&self, millis: u64);
}
