//! Keys of persons, and keyed digests of personal data.

use crate::base::failure::Failure;
use crate::base::ids::RequestId;
use crate::base::seal::{DataKey, Tag};

/// Makes the data key of a new request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait NewKeys {
    /// A new key and its wrapped form, bound to the request.
    ///
    /// # Errors
    /// When the key service fails.
    async fn new_key(&self, request: RequestId) -> Result<(DataKey, Vec<u8>), Failure>;
}

/// Reads the data key of a request.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Keys {
    /// The key; `None` once the person is forgotten.
    ///
    /// # Errors
    /// When the key store or the key service fails.
    async fn key(&self, request: RequestId) -> Result<Option<DataKey>, Failure>;
}

/// Deletes the data key of a request, which forgets the person.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Forgets {
    /// Deletes the wrapped key; deleting it again changes nothing.
    ///
    /// # Errors
    /// When the key store fails.
    async fn forget(&self, request: RequestId) -> Result<(), Failure>;
}

/// Keyed digests of personal data.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Tags {
    /// The HMAC of `content` for one `purpose`, with the id of its key. The same input gives the same tag while
    /// the key stays the same.
    ///
    /// # Errors
    /// When the key service fails.
    async fn tag(&self, purpose: &'static str, content: &[u8]) -> Result<Tag, Failure>;
}
