//! Waits that grow: seconds, then minutes, then hours.

use serde::{Deserialize, Serialize};

/// A wait that doubles from `first_seconds` up to `longest_seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// The first wait, in seconds; at least 1.
    pub first_seconds: u64,
    /// The longest wait, in seconds.
    pub longest_seconds: u64,
}

impl Waits {
    /// The wait before try number `tries` + 1, in seconds: at least 1.
    #[must_use]
    pub fn after(&self, tries: u32) -> u64 {
        let factor = 1u64.checked_shl(tries.min(40)).unwrap_or(u64::MAX);
        self.first_seconds.max(1).saturating_mul(factor).min(self.longest_seconds.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn waits_double_from_seconds_to_hours() {
        let waits = Waits { first_seconds: 2, longest_seconds: 3600 };
        let all: Vec<u64> = (0..13).map(|tries| waits.after(tries)).collect();
        assert_eq!(all, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]);
    }

    proptest! {
        #[test]
        fn waits_never_shrink_and_stay_in_bounds(first in 0u64..1000, longest in 0u64..100_000, tries in 0u32..u32::MAX - 1) {
            let waits = Waits { first_seconds: first, longest_seconds: longest };
            prop_assert!(waits.after(tries) <= waits.after(tries + 1));
            prop_assert!((1..=longest.max(1)).contains(&waits.after(tries)));
        }
    }
}
