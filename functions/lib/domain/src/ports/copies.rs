//! Files: parts of a copy, packages, and receipts.

use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::documents::copy::Contents;
use crate::documents::receipt::Receipt;
use crate::vendor::record::RecordCopy;
use zeroize::Zeroizing;

/// Signs receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Signer {
    /// The id of the key, as it stands in the signed header.
    fn key_id(&self) -> &str;
    /// The Ed25519 signature of a message of at most 4,096 bytes.
    ///
    /// # Errors
    /// When the key service fails.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Keeps receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Receipts {
    /// Keeps the receipt file of one closing of a request, 0 for the first; a request that was reopened
    /// has another for its next. Keeping the same one again changes nothing; one that is kept stands.
    ///
    /// # Errors
    /// When the store fails.
    async fn keep(&self, request: RequestId, closing: u32, receipt: &Receipt) -> Result<Kept, Failure>;
}

/// Which receipt file is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The one that was given.
    This,
    /// Another one, which was kept before; with its bytes.
    Another(Vec<u8>),
}

/// A file on its way into a store: nobody sees it before it is finished.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Upload {
    /// Takes the next bytes, and sends them once enough have come together.
    ///
    /// # Errors
    /// When the store fails; the upload has to be aborted then.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;
    /// Has the file be there, in place of an earlier one. It aborts by itself when it fails.
    ///
    /// # Errors
    /// When the store fails: whether the file is there is not known then.
    async fn finish(self) -> Result<(), Failure>;
    /// Has nothing be left of it. What can't be taken away now, the store removes after a day.
    async fn abort(self);
}

/// A file as it is read.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Download {
    /// The next bytes of it; `None` at its end.
    ///
    /// # Errors
    /// When the store fails.
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure>;
}

/// Keeps what the data sources of a request gave for its copy, sealed, until the package is made.
pub trait CopyParts {
    /// A part on its way.
    type Upload: Upload;
    /// Begins one data source's part, which replaces an earlier one. Nobody is called yet.
    fn part_to(&self, request: RequestId, source: &SourceId) -> Self::Upload;
}

/// Reads the parts of a copy, and keeps and deletes what is made of them.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait CopyPackages {
    /// A part that is read.
    type Download: Download;
    /// A package on its way.
    type Upload: Upload;
    /// One data source's part, from its beginning; `None` when there is none.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Self::Download>, Failure>;
    /// Begins the package, which replaces an earlier one. Nobody is called yet.
    fn package_to(&self, request: RequestId) -> Self::Upload;
    /// Deletes these data sources' parts; deleting them again changes nothing.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn delete_parts(&self, request: RequestId, sources: &[SourceId]) -> Result<(), Failure>;
    /// Deletes the package; deleting it again changes nothing.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn delete_package(&self, request: RequestId) -> Result<(), Failure>;
}

/// Links to packages.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait CopyLinks {
    /// A link to the package that works for so many seconds without further authorisation. It is a
    /// secret: it must not be logged or stored.
    ///
    /// # Errors
    /// When there is no package any more, or the store of copies fails.
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure>;
}

/// Packs a copy into one file.
pub trait Packs {
    /// A file on its way.
    type Packing: Packing;
    /// Begins the file. The same contents with the same records give the same bytes.
    ///
    /// # Errors
    /// `Misconfigured` when the contents can't be packed.
    fn begin(&self, contents: Contents) -> Result<Self::Packing, Failure>;
}

/// A copy on its way into one file: it gives bytes as it takes records, and holds no more than a few of them.
pub trait Packing {
    /// Whose records it takes next, from the first to the last: those of a data source may be wanted more
    /// than once. `None` when it has had all.
    fn wants(&self) -> Option<SourceId>;
    /// Takes one of them.
    ///
    /// # Errors
    /// `Misconfigured` when it can't be packed.
    fn take(&mut self, record: &RecordCopy) -> Result<(), Failure>;
    /// Those were all.
    ///
    /// # Errors
    /// As [`Packing::take`]; also when they are not as many as the contents say.
    fn end(&mut self) -> Result<(), Failure>;
    /// The bytes of the file that are ready.
    fn ready(&mut self) -> Vec<u8>;
    /// The last bytes of the file.
    ///
    /// # Errors
    /// As [`Packing::take`].
    fn finish(self) -> Result<Vec<u8>, Failure>;
}
