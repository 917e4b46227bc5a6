//! The source of every choice of a run.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::ops::RangeInclusive;

/// Draws numbers from a seed. It uses only the generator's raw output, whose algorithm its name fixes; a
/// library may change from version to version how it makes ranges of it.
#[derive(Debug)]
pub(crate) struct Dice(RefCell<Xoshiro256PlusPlus>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(RefCell::new(Xoshiro256PlusPlus::seed_from_u64(seed)))
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(crate) fn below(&self, n: u64) -> u64 {
        let wide = u128::from(self.0.borrow_mut().next_u64()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    pub(crate) fn within(&self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// An index into `length` things.
    pub(crate) fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    pub(crate) fn permille(&self, n: u64) -> bool {
        self.below(1000) < n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_numbers_in_every_version() {
        let dice = Dice::new(7);
        let drawn: Vec<u64> = (0..6).map(|_| dice.below(1000)).collect();
        assert_eq!(drawn, [55, 172, 717, 427, 963, 465]);
    }

    #[test]
    fn a_number_stays_within_its_range_and_reaches_both_ends() {
        let dice = Dice::new(1);
        let drawn: Vec<u64> = (0..200).map(|_| dice.within(3..=5)).collect();
        assert!(drawn.iter().all(|n| (3..=5).contains(n)));
        assert!(drawn.contains(&3) && drawn.contains(&5));
        assert_eq!(dice.below(0), 0);
    }
}
