//! The data key of each request: made and unwrapped by KMS, bound to the request and the stage.
//!
//! Nothing is cached: a key that was deleted must not live on in a warm function.

use crate::blob::Blob;
use crate::client::Aws;
use crate::failures::{KEY_TABLE, KMS};
use crate::json::{self, JsonClient};
use crate::store::rows::{KEY_SK, request_pk, row_key};
use aws_sdk_dynamodb::Client;
use aws_smithy_types::base64;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::seal::DataKey;
use rightful_domain::ports::keys::{Keys, NewKeys};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const UNUSABLE: Failure = Failure::of(Code::DataKeyUnusable);

/// KMS and the table of wrapped data keys.
#[derive(Clone, Debug)]
pub struct DataKeys {
    kms: JsonClient,
    dynamodb: Client,
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
            kms: JsonClient::new(aws, &json::KMS),
            dynamodb: Client::new(aws.sdk_config()),
            table: table.into(),
            key_id: key_id.into(),
            stage: stage.into(),
        }
    }

    fn context(&self, request: RequestId) -> Context<'_> {
        Context { request_id: request.to_string(), stage: &self.stage }
    }
}

/// The context that a wrapped key is bound to.
#[derive(Serialize)]
struct Context<'a> {
    request_id: String,
    stage: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey<'a> {
    key_id: &'a str,
    key_spec: &'static str,
    encryption_context: Context<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt<'a> {
    key_id: &'a str,
    ciphertext_blob: String,
    encryption_context: Context<'a>,
}

/// The answer to both.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keyed {
    plaintext: Option<Blob>,
    ciphertext_blob: Option<Blob>,
}

fn data_key(plain: Option<Blob>) -> Result<DataKey, Failure> {
    let plain = Zeroizing::new(plain.ok_or(UNUSABLE)?.0);
    DataKey::new(&plain).ok_or(UNUSABLE)
}

impl NewKeys for DataKeys {
    async fn new_key(&self, request: RequestId) -> Result<(DataKey, Vec<u8>), Failure> {
        let input = GenerateDataKey {
            key_id: &self.key_id,
            key_spec: "AES_256",
            encryption_context: self.context(request),
        };
        let made = self.kms.call("GenerateDataKey", &input).await;
        let made: Keyed = made.map_err(|err| KMS.failure(&err))?;
        let key = data_key(made.plaintext)?;
        let wrapped = made.ciphertext_blob.ok_or(UNUSABLE)?.0;
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
        let input = Decrypt {
            key_id: &self.key_id,
            ciphertext_blob: base64::encode(wrapped),
            encryption_context: self.context(request),
        };
        let opened = self.kms.call("Decrypt", &input).await;
        let opened: Keyed = opened.map_err(|err| KMS.failure(&err))?;
        data_key(opened.plaintext).map(Some)
    }
}
