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
    /// The id of the key, as in the signed header.
    fn key_id(&self) -> &str;
    /// The Ed25519 signature of a message of at most 4,096 bytes.
    ///
    /// # Errors
    /// When the key service fails.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure>;
}

/// Stores receipts.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Receipts {
    /// Stores the receipt file of one closing of a request, numbered from 0; a reopened request has another one
    /// for its next closing. Storing the same one again changes nothing. An existing receipt is never replaced.
    ///
    /// # Errors
    /// When the store fails.
    async fn keep(&self, request: RequestId, closing: u32, receipt: &Receipt) -> Result<Kept, Failure>;
}

/// The receipt file in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The given one.
    This,
    /// Another one, stored before; with its bytes.
    Another(Vec<u8>),
}

/// A file on its way into a store, invisible before it is finished.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Upload {
    /// Adds the next bytes, and sends them once enough are collected.
    ///
    /// # Errors
    /// When the store fails; the upload must then be aborted.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure>;
    /// Makes the file visible, in place of an earlier one. Aborts by itself when it fails.
    ///
    /// # Errors
    /// When the store fails; whether the file is there is then unknown.
    async fn finish(self) -> Result<(), Failure>;
    /// Removes everything uploaded. The store removes after a day anything that can't be removed now.
    async fn abort(self);
}

/// A file being read.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Download {
    /// The next bytes of it; `None` at its end.
    ///
    /// # Errors
    /// When the store fails.
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure>;
}

/// Stores the data sources' parts of a request's copy, sealed, until the package is made.
pub trait CopyParts {
    /// A part being uploaded.
    type Upload: Upload;
    /// Begins one data source's part, which replaces an earlier one. No call is made yet.
    fn part_to(&self, request: RequestId, source: &SourceId) -> Self::Upload;
}

/// Reads the parts of a copy, and stores and deletes the package made from them.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait CopyPackages {
    /// A part being read.
    type Download: Download;
    /// A package being uploaded.
    type Upload: Upload;
    /// One data source's part, from its beginning; `None` when there is none.
    ///
    /// # Errors
    /// When the store of copies fails.
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Self::Download>, Failure>;
    /// Begins the package, which replaces an earlier one. No call is made yet.
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
    /// A link to the package that works for this number of seconds without further authorisation. It is a
    /// secret: it must not be logged or stored.
    ///
    /// # Errors
    /// When the package is deleted or was never made, or the store of copies fails.
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure>;
}

/// Packs a copy into one file.
pub trait Packs {
    /// A file being packed.
    type Packing: Packing;
    /// Begins the file. The same contents with the same records give the same bytes.
    ///
    /// # Errors
    /// `Misconfigured` when the contents can't be packed.
    fn begin(&self, contents: Contents) -> Result<Self::Packing, Failure>;
}

/// A copy being packed into one file: it returns bytes as it takes records, and holds only a few of them.
pub trait Packing {
    /// The data source whose records it takes next, from the first to the last. It may ask for a data source's
    /// records more than once. `None` when it has all.
    fn wants(&self) -> Option<SourceId>;
    /// Adds one of them.
    ///
    /// # Errors
    /// `Misconfigured` when it can't be packed.
    fn take(&mut self, record: &RecordCopy) -> Result<(), Failure>;
    /// Ends the records of that data source.
    ///
    /// # Errors
    /// As [`Packing::take`]; also when their number differs from that in the contents.
    fn end(&mut self) -> Result<(), Failure>;
    /// The bytes of the file that are ready.
    fn ready(&mut self) -> Vec<u8>;
    /// The last bytes of the file.
    ///
    /// # Errors
    /// As [`Packing::take`].
    fn finish(self) -> Result<Vec<u8>, Failure>;
}
