//! The data key of each request: made and unwrapped by KMS, bound to the request and the stage.
//!
//! Nothing is cached: a key that was deleted must not live on in a warm function.

use crate::client::Aws;
use crate::failures::{KEY_TABLE, KMS};
use crate::store::rows::{KEY_SK, request_pk, row_key};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::seal::DataKey;
use rightful_domain::ports::keys::{Keys, NewKeys};
use std::collections::HashMap;
use zeroize::Zeroizing;

const UNUSABLE: Failure = Failure::of(Code::DataKeyUnusable);

/// KMS and the table of wrapped data keys.
#[derive(Clone, Debug)]
pub struct DataKeys {
    kms: aws_sdk_kms::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
    key_id: String,
    stage: String,
}

impl DataKeys {
    /// `table` holds the wrapped keys, `key_id` is the ARN of the KMS key that wraps them, `stage`
    /// the deployment's: a key wrapped for one stage does not open in another.
    #[must_use]
    pub fn new(
        aws: &Aws,
        table: impl Into<String>,
        key_id: impl Into<String>,
        stage: impl Into<String>,
    ) -> Self {
        Self {
            kms: aws_sdk_kms::Client::new(aws.sdk_config()),
            dynamodb: aws_sdk_dynamodb::Client::new(aws.sdk_config()),
            table: table.into(),
            key_id: key_id.into(),
            stage: stage.into(),
        }
    }

    fn context(&self, request: RequestId) -> HashMap<String, String> {
        HashMap::from([
            ("request_id".to_owned(), request.to_string()),
            ("stage".to_owned(), self.stage.clone()),
        ])
    }
}

fn data_key(plain: Option<Blob>) -> Result<DataKey, Failure> {
    let plain = Zeroizing::new(plain.ok_or(UNUSABLE)?.into_inner());
    DataKey::new(&plain).ok_or(UNUSABLE)
}

impl NewKeys for DataKeys {
    async fn new_key(&self, request: RequestId) -> Result<(DataKey, Vec<u8>), Failure> {
        let answer = self
            .kms
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(Some(self.context(request)))
            .send()
            .await
            .map_err(|err| KMS.failure(&err))?;
        let key = data_key(answer.plaintext)?;
        let wrapped = answer.ciphertext_blob.ok_or(UNUSABLE)?.into_inner();
        Ok((key, wrapped))
    }
}

impl Keys for DataKeys {
    async fn key(&self, request: RequestId) -> Result<Option<DataKey>, Failure> {
        let row = self
            .dynamodb
            .get_item()
            .table_name(&self.table)
            .set_key(Some(row_key(request_pk(request), KEY_SK)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|err| KEY_TABLE.failure(&err))?
            .item;
        let Some(mut row) = row else { return Ok(None) };
        let wrapped = row.remove("wrapped").and_then(|value| value.as_b().ok().cloned()).ok_or(UNUSABLE)?;
        let answer = self
            .kms
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped.into_inner()))
            .set_encryption_context(Some(self.context(request)))
            .send()
            .await
            .map_err(|err| KMS.failure(&err))?;
        data_key(answer.plaintext).map(Some)
    }
}
