//! Defaults in stored rows: serde leaves them out when it writes, and supplies them when it reads.

/// The first number of a count from 1.
pub(crate) fn first() -> u32 {
    1
}

/// Whether a value is its type's default and can be left out of the row.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
