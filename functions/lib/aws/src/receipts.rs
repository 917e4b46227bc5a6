//! Keeps receipts in a bucket with Object Lock: one object for each closing of a request, written once.

use crate::client::Aws;
use crate::failures::{Cause, RECEIPTS, cause};
use crate::s3;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::receipt::Receipt;
use rightful_domain::ports::copies::{Kept, Receipts};
use ring::digest::{SHA256, digest};

/// The bucket of receipts.
#[derive(Clone, Debug)]
pub struct ReceiptBucket {
    client: Client,
    bucket: String,
}

impl ReceiptBucket {
    /// The bucket by its name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self { client: s3::client(aws), bucket: bucket.into() }
    }

    /// The kept receipt file of one closing of a request, 0 for the first; `None` when there is none.
    ///
    /// # Errors
    /// When S3 fails, or refuses the read.
    pub async fn read(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure> {
        match self.client.get_object().bucket(&self.bucket).key(key(request, closing)).send().await {
            Ok(object) => match object.body.collect().await {
                Ok(body) => Ok(Some(body.to_vec())),
                Err(_) => Err(RECEIPTS.of(Cause::Ambiguous)),
            },
            Err(err) if err.as_service_error().is_some_and(|err| err.is_no_such_key()) => Ok(None),
            Err(err) => Err(RECEIPTS.failure(&err)),
        }
    }
}

fn key(request: RequestId, closing: u32) -> String {
    match closing {
        0 => format!("receipts/{request}.json"),
        later => format!("receipts/{request}.{later}.json"),
    }
}

impl Receipts for ReceiptBucket {
    async fn keep(&self, request: RequestId, closing: u32, receipt: &Receipt) -> Result<Kept, Failure> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key(request, closing))
            .if_none_match("*")
            .content_type("application/json")
            .checksum_sha256(BASE64.encode(digest(&SHA256, &receipt.file)))
            .body(ByteStream::from(receipt.file.clone()))
            .send()
            .await;
        let Err(err) = put else { return Ok(Kept::This) };
        let there = err.raw_response().is_some_and(|answer| answer.status().as_u16() == 412);
        if !there && cause(&err) != Cause::Ambiguous {
            return Err(RECEIPTS.failure(&err));
        }
        // It was kept before, or the answer was lost: the object itself tells.
        match self.read(request, closing).await? {
            Some(kept) if kept == receipt.file => Ok(Kept::This),
            Some(kept) => Ok(Kept::Another(kept)),
            None => Err(RECEIPTS.failure(&err)),
        }
    }
}
