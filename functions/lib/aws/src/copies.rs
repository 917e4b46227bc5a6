//! The bucket of copies: the sealed part of each data source, and the packages made of them. The bucket
//! expires both.

use crate::client::Aws;
use crate::failures::{COPIES, Cause};
use crate::s3::{Bucket, Media, Piece, Slice};
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::copies::{CopyLinks, CopyPackages, CopyParts, Download, Upload};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The package was deleted, or there never was one.
const EXPIRED: Failure = Failure::of(Code::CopyExpired);

/// S3 signs no link for longer than a week.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The bucket of copies.
#[derive(Clone, Debug)]
pub struct CopyBucket(Bucket);

impl CopyBucket {
    /// The bucket by its name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self(Bucket::new(aws, &bucket.into()))
    }

    async fn delete(&self, key: String) -> Result<(), Failure> {
        self.0.delete_object(&key).await.map_err(|err| COPIES.failure(&err))
    }

    fn upload(&self, key: String, content_type: &'static str, disposition: Option<String>) -> CopyUpload {
        let media = Media { content_type, disposition };
        CopyUpload { bucket: self.0.clone(), key, media, held: Vec::new(), sent: None }
    }
}

fn part_key(request: RequestId, source: &SourceId) -> String {
    format!("parts/{request}/{source}")
}

fn package_key(request: RequestId) -> String {
    format!("packages/{request}.zip")
}

/// How many bytes go to S3 and come from it at once: it accepts no smaller piece but the last.
pub const PIECE_BYTES: usize = 5 * 1024 * 1024;

/// An object on its way: in pieces of [`PIECE_BYTES`], or at once if it fits into one.
pub struct CopyUpload {
    bucket: Bucket,
    key: String,
    media: Media,
    /// The bytes of an incomplete piece.
    held: Vec<u8>,
    sent: Option<Sent>,
}

impl fmt::Debug for CopyUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyUpload").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The pieces of an object that S3 already has.
struct Sent {
    id: String,
    pieces: Vec<Piece>,
}

impl CopyUpload {
    /// Sends the next piece.
    async fn send(&mut self, piece: Vec<u8>) -> Result<(), Failure> {
        let failed = |err| COPIES.failure(&err);
        if self.sent.is_none() {
            let id = self.bucket.create_multipart_upload(&self.key, &self.media).await.map_err(failed)?;
            self.sent = Some(Sent { id, pieces: Vec::new() });
        }
        let Some(sent) = &mut self.sent else { return Err(COPIES.of(Cause::Rejected)) };
        // S3 takes 10,000 pieces.
        let number = sent.pieces.len() + 1;
        let put = self.bucket.upload_part(&self.key, &sent.id, number, piece).await;
        sent.pieces.push(put.map_err(failed)?);
        Ok(())
    }

    /// Sends the whole object at once.
    async fn put(self) -> Result<(), Failure> {
        let put = self.bucket.put_object(&self.key, &self.media, self.held).await;
        put.map_err(|err| COPIES.failure(&err))
    }

    /// The last piece, and the end.
    async fn complete(&mut self) -> Result<(), Failure> {
        let last = std::mem::take(&mut self.held);
        if !last.is_empty() {
            self.send(last).await?;
        }
        let Some(sent) = &self.sent else { return Err(COPIES.of(Cause::Rejected)) };
        let completed = self.bucket.complete_multipart_upload(&self.key, &sent.id, &sent.pieces).await;
        completed.map_err(|err| COPIES.failure(&err))
    }
}

impl Upload for CopyUpload {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while self.held.len() + bytes.len() > PIECE_BYTES {
            let (now, later) = bytes.split_at(PIECE_BYTES - self.held.len());
            self.held.extend_from_slice(now);
            let piece = std::mem::take(&mut self.held);
            self.send(piece).await?;
            bytes = later;
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Failure> {
        if self.sent.is_none() {
            return self.put().await;
        }
        let completed = self.complete().await;
        if completed.is_err() {
            self.abort().await;
        }
        completed
    }

    async fn abort(self) {
        let Some(sent) = self.sent else { return };
        if let Err(err) = self.bucket.abort_multipart_upload(&self.key, &sent.id).await {
            // It is logged; the bucket removes the pieces after a day.
            COPIES.failure(&err);
        }
    }
}

/// An object as it arrives, in pieces of [`PIECE_BYTES`] at most.
pub struct CopyDownload {
    bucket: Bucket,
    key: String,
    /// The piece that was fetched last, until it was read.
    slice: Slice,
    /// How many bytes were read.
    read: u64,
}

impl fmt::Debug for CopyDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyDownload").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Download for CopyDownload {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.slice.bytes.is_empty() && self.read < self.slice.length {
            let tag = self.slice.tag.as_deref();
            self.slice = match self.bucket.get_slice(&self.key, self.read, PIECE_BYTES, tag).await {
                Ok(Some(slice)) => slice,
                // Another worker replaced or deleted it meanwhile.
                Ok(None) => return Err(COPIES.of(Cause::Ambiguous)),
                Err(err) if err.code() == Some("PreconditionFailed") => {
                    return Err(COPIES.of(Cause::Ambiguous));
                }
                Err(err) => return Err(COPIES.failure(&err)),
            };
        }
        let bytes = std::mem::take(&mut self.slice.bytes);
        self.read += bytes.len() as u64;
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

impl CopyParts for CopyBucket {
    type Upload = CopyUpload;

    fn part_to(&self, request: RequestId, source: &SourceId) -> CopyUpload {
        self.upload(part_key(request, source), "application/octet-stream", None)
    }
}

impl CopyPackages for CopyBucket {
    type Download = CopyDownload;
    type Upload = CopyUpload;

    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<CopyDownload>, Failure> {
        let (bucket, key) = (self.0.clone(), part_key(request, source));
        let slice = bucket.get_slice(&key, 0, PIECE_BYTES, None).await.map_err(|err| COPIES.failure(&err))?;
        Ok(slice.map(|slice| CopyDownload { bucket, key, slice, read: 0 }))
    }

    fn package_to(&self, request: RequestId) -> CopyUpload {
        let disposition = format!("attachment; filename=\"copy-{request}.zip\"");
        self.upload(package_key(request), "application/zip", Some(disposition))
    }

    async fn delete_parts(&self, request: RequestId, sources: &[SourceId]) -> Result<(), Failure> {
        for source in sources {
            self.delete(part_key(request, source)).await?;
        }
        Ok(())
    }

    async fn delete_package(&self, request: RequestId) -> Result<(), Failure> {
        self.delete(package_key(request)).await
    }
}

impl CopyLinks for CopyBucket {
    /// The link expires with the credentials that signed it; a function's last for hours.
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure> {
        let lasting = Duration::from_secs(seconds);
        if lasting > LONGEST {
            return Err(Failure::of(Code::CopyLinkTooLong));
        }
        let key = package_key(request);
        // Signing works for a missing object too, and that link would answer in XML.
        if !self.0.head_object(&key).await.map_err(|err| COPIES.failure(&err))? {
            return Err(EXPIRED);
        }
        self.0.link(&key, lasting).await.ok_or_else(|| COPIES.of(Cause::Rejected))
    }
}
