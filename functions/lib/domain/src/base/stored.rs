//! How rows spell what is not there: the defaults that serde reads, and leaves out when it writes.

/// The first of what is counted from 1.
pub(crate) fn first() -> u32 {
    1
}

/// Whether a value is its type's default, and needs no writing.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
