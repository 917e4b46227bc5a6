//! The one place that reads the system's clock.

use rightful_domain::base::time::Time;
use rightful_domain::ports::clock::Clock;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place where time enters; the domain gets it passed in"
    )]
    fn now(&self) -> Time {
        Time::new(jiff::Timestamp::now())
    }

    async fn nap(&self, millis: u64) {
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
    }
}
