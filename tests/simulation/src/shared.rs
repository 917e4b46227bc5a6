//! A value that many states of a model share: it is copied and hashed once, not once in each state.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A value that never changes, with its hash. Equal values are equal, shared or not.
pub struct Shared<T>(Arc<(u64, T)>);

impl<T: Hash> Shared<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Self(Arc::new((hasher.finish(), value)))
    }
}

impl<T: Clone + Hash> Shared<T> {
    /// The value after a change of a copy of it.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut T)) -> Self {
        let mut value = self.0.1.clone();
        change(&mut value);
        Self::new(value)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.1
    }
}

impl<T: Eq> Eq for Shared<T> {}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || *self.0 == *other.0
    }
}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.0);
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.1.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn equal_values_are_equal_and_hash_alike_and_a_change_is_of_a_copy() {
        let (one, same) = (Shared::new(vec![1, 2]), Shared::new(vec![1, 2]));
        assert_eq!((&one, hash(&one)), (&same, hash(&same)));
        let other = one.changed(|value| value.push(3));
        assert_ne!((&one, hash(&one)), (&other, hash(&other)));
        assert_eq!((&*one, &*other), (&vec![1, 2], &vec![1, 2, 3]));
        assert_eq!(other, Shared::new(vec![1, 2, 3]));
    }
}
