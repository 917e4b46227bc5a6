//! The bucket of copies: the sealed part of each data source, and the packages made of them. The bucket
//! expires both.

use crate::client::Aws;
use crate::failures::{COPIES, Cause};
use crate::s3;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::copies::{CopyLinks, CopyPackages, CopyParts, Download, Upload};
use ring::digest::{SHA256, digest};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The package was deleted, or there never was one.
const EXPIRED: Failure = Failure::of(Code::CopyExpired);

/// The bucket of copies.
#[derive(Clone, Debug)]
pub struct CopyBucket {
    client: Client,
    bucket: String,
}

impl CopyBucket {
    /// The bucket by its name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self { client: s3::client(aws), bucket: bucket.into() }
    }

    async fn delete(&self, key: String) -> Result<(), Failure> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(drop).map_err(|err| COPIES.failure(&err))
    }

    fn upload(&self, key: String, content_type: &'static str, disposition: Option<String>) -> CopyUpload {
        let place = Place { client: self.client.clone(), bucket: self.bucket.clone(), key };
        CopyUpload { place, content_type, disposition, held: Vec::new(), sent: None }
    }
}

fn part_key(request: RequestId, source: &SourceId) -> String {
    format!("parts/{request}/{source}")
}

fn package_key(request: RequestId) -> String {
    format!("packages/{request}.zip")
}

/// How many bytes go to S3 at once: it accepts no smaller piece but the last.
pub const PIECE_BYTES: usize = 5 * 1024 * 1024;

/// Where an object goes.
#[derive(Clone, Debug)]
struct Place {
    client: Client,
    bucket: String,
    key: String,
}

/// An object on its way: in pieces of [`PIECE_BYTES`], or at once if it fits into one.
pub struct CopyUpload {
    place: Place,
    content_type: &'static str,
    disposition: Option<String>,
    /// The bytes of an incomplete piece.
    held: Vec<u8>,
    sent: Option<Sent>,
}

impl fmt::Debug for CopyUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyUpload").field("key", &self.place.key).finish_non_exhaustive()
    }
}

/// The pieces of an object that S3 already has.
struct Sent {
    id: String,
    pieces: Vec<CompletedPart>,
}

fn checksum(bytes: &[u8]) -> String {
    BASE64.encode(digest(&SHA256, bytes))
}

impl CopyUpload {
    async fn begin(&self) -> Result<String, Failure> {
        let Place { client, bucket, key } = &self.place;
        let begun = client
            .create_multipart_upload()
            .bucket(bucket)
            .key(key)
            .content_type(self.content_type)
            .set_content_disposition(self.disposition.clone())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await;
        let begun = begun.map_err(|err| COPIES.failure(&err))?;
        begun.upload_id.ok_or_else(|| COPIES.of(Cause::Ambiguous))
    }

    /// Sends the next piece.
    async fn send(&mut self, piece: Vec<u8>) -> Result<(), Failure> {
        if self.sent.is_none() {
            self.sent = Some(Sent { id: self.begin().await?, pieces: Vec::new() });
        }
        let Some(sent) = &mut self.sent else { return Err(COPIES.of(Cause::Rejected)) };
        // S3 takes 10,000 pieces.
        let number = i32::try_from(sent.pieces.len() + 1).map_err(|_| COPIES.of(Cause::Rejected))?;
        let checksum = checksum(&piece);
        let Place { client, bucket, key } = &self.place;
        let put = client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(&sent.id)
            .part_number(number)
            .checksum_sha256(&checksum)
            .body(ByteStream::from(piece))
            .send()
            .await
            .map_err(|err| COPIES.failure(&err))?;
        let piece = CompletedPart::builder().part_number(number).checksum_sha256(checksum);
        sent.pieces.push(piece.set_e_tag(put.e_tag).build());
        Ok(())
    }

    /// Sends the whole object at once.
    async fn put(self) -> Result<(), Failure> {
        let Place { client, bucket, key } = self.place;
        let put = client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(self.content_type)
            .set_content_disposition(self.disposition)
            .checksum_sha256(checksum(&self.held))
            .body(ByteStream::from(self.held))
            .send()
            .await;
        put.map(drop).map_err(|err| COPIES.failure(&err))
    }

    /// The last piece, and the end.
    async fn complete(&mut self) -> Result<(), Failure> {
        let last = std::mem::take(&mut self.held);
        if !last.is_empty() {
            self.send(last).await?;
        }
        let Some(sent) = &self.sent else { return Err(COPIES.of(Cause::Rejected)) };
        let pieces = CompletedMultipartUpload::builder().set_parts(Some(sent.pieces.clone())).build();
        let Place { client, bucket, key } = &self.place;
        let completed = client
            .complete_multipart_upload()
            .bucket(bucket)
            .key(key)
            .upload_id(&sent.id)
            .multipart_upload(pieces)
            .send()
            .await;
        completed.map(drop).map_err(|err| COPIES.failure(&err))
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
        let Place { client, bucket, key } = self.place;
        let aborted = client.abort_multipart_upload().bucket(bucket).key(key).upload_id(sent.id).send().await;
        // The failure is logged; the bucket removes the pieces after a day.
        drop(aborted.map_err(|err| COPIES.failure(&err)));
    }
}

/// An object as it arrives.
#[derive(Debug)]
pub struct CopyDownload(ByteStream);

impl Download for CopyDownload {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = self.0.try_next().await.map_err(|_| COPIES.of(Cause::Ambiguous))?;
        Ok(bytes.map(Vec::from))
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
        let got = self.client.get_object().bucket(&self.bucket).key(part_key(request, source)).send().await;
        match got {
            Ok(object) => Ok(Some(CopyDownload(object.body))),
            Err(err) if err.as_service_error().is_some_and(|err| err.is_no_such_key()) => Ok(None),
            Err(err) => Err(COPIES.failure(&err)),
        }
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
        let config = PresigningConfig::expires_in(Duration::from_secs(seconds))
            .map_err(|_| Failure::of(Code::CopyLinkTooLong))?;
        let key = package_key(request);
        // Signing works for a missing object too, and that link would answer in XML.
        match self.client.head_object().bucket(&self.bucket).key(&key).send().await {
            Ok(_) => {}
            Err(err) if err.as_service_error().is_some_and(|err| err.is_not_found()) => return Err(EXPIRED),
            Err(err) => return Err(COPIES.failure(&err)),
        }
        let link = self.client.get_object().bucket(&self.bucket).key(key).presigned(config).await;
        let link = link.map_err(|_| COPIES.of(Cause::Rejected))?;
        Ok(Zeroizing::new(link.uri().to_owned()))
    }
}
