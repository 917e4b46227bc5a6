//! The bucket of copies: what each data source gave, sealed, and the packages made of it. It deletes
//! both by itself after a while.

use crate::client::Aws;
use crate::failures::{COPIES, Verdict};
use crate::receipts::s3;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::ports::{CopyLinks, CopyPackages, CopyParts};
use rightful_domain::seal::Sealed;
use ring::digest::{SHA256, digest};
use std::time::Duration;
use zeroize::Zeroizing;

/// The package was deleted, or there never was one.
const EXPIRED: Failure = Failure::misconfigured("copy_expired");

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
        Self { client: s3(aws), bucket: bucket.into() }
    }

    fn put(&self, key: String, file: Vec<u8>) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .checksum_sha256(BASE64.encode(digest(&SHA256, &file)))
            .body(ByteStream::from(file))
    }

    async fn delete(&self, key: String) -> Result<(), Failure> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(drop).map_err(|err| COPIES.failure(&err))
    }
}

fn part_key(request: RequestId, source: &SourceId) -> String {
    format!("parts/{request}/{source}")
}

fn package_key(request: RequestId) -> String {
    format!("packages/{request}.zip")
}

impl CopyParts for CopyBucket {
    async fn keep_part(&self, request: RequestId, source: &SourceId, sealed: &Sealed) -> Result<(), Failure> {
        let body = serde_json::to_vec(sealed).map_err(|_| Failure::misconfigured("copy_part_unwritable"))?;
        let put = self.put(part_key(request, source), body).content_type("application/json").send().await;
        put.map(drop).map_err(|err| COPIES.failure(&err))
    }
}

impl CopyPackages for CopyBucket {
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Sealed>, Failure> {
        let got = self.client.get_object().bucket(&self.bucket).key(part_key(request, source)).send().await;
        let object = match got {
            Ok(object) => object,
            Err(err) if err.as_service_error().is_some_and(|err| err.is_no_such_key()) => return Ok(None),
            Err(err) => return Err(COPIES.failure(&err)),
        };
        let body = object.body.collect().await.map_err(|_| COPIES.of(Verdict::Ambiguous))?;
        let sealed = serde_json::from_slice(&body.into_bytes());
        sealed.map(Some).map_err(|_| Failure::misconfigured("copy_part_unreadable"))
    }

    async fn keep_package(&self, request: RequestId, file: &[u8]) -> Result<(), Failure> {
        let put = self
            .put(package_key(request), file.to_vec())
            .content_type("application/zip")
            .content_disposition(format!("attachment; filename=\"copy-{request}.zip\""))
            .send()
            .await;
        put.map(drop).map_err(|err| COPIES.failure(&err))
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
    /// It works no longer than the credentials it is made with: those of a function last for hours.
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure> {
        let config = PresigningConfig::expires_in(Duration::from_secs(seconds))
            .map_err(|_| Failure::misconfigured("copy_link_too_long"))?;
        let key = package_key(request);
        // A link to what is gone would be made as well, and answer in XML.
        match self.client.head_object().bucket(&self.bucket).key(&key).send().await {
            Ok(_) => {}
            Err(err) if err.as_service_error().is_some_and(|err| err.is_not_found()) => return Err(EXPIRED),
            Err(err) => return Err(COPIES.failure(&err)),
        }
        let link = self.client.get_object().bucket(&self.bucket).key(key).presigned(config).await;
        let link = link.map_err(|_| COPIES.of(Verdict::Rejected))?;
        Ok(Zeroizing::new(link.uri().to_owned()))
    }
}
