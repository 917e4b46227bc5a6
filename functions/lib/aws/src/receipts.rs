//! Keeps receipts in a bucket with Object Lock: one object for each closing of a request, written once.

use crate::client::Aws;
use crate::failures::{Cause, RECEIPTS, cause};
use crate::s3::{Bucket, Media};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::receipt::Receipt;
use rightful_domain::ports::copies::{Kept, Receipts};

/// How a browser takes a receipt.
const JSON: Media = Media { content_type: "application/json", disposition: None };

/// The bucket of receipts.
#[derive(Clone, Debug)]
pub struct ReceiptBucket(Bucket);

impl ReceiptBucket {
    /// The bucket by its name.
    #[must_use]
    pub fn new(aws: &Aws, bucket: impl Into<String>) -> Self {
        Self(Bucket::new(aws, &bucket.into()))
    }

    /// The kept receipt file of one closing of a request, 0 for the first; `None` when there is none.
    ///
    /// # Errors
    /// When S3 fails, or refuses the read.
    pub async fn read(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure> {
        self.0.get_object(&key(request, closing)).await.map_err(|err| RECEIPTS.failure(&err))
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
        let put = self.0.put_new_object(&key(request, closing), &JSON, receipt.file.clone()).await;
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
