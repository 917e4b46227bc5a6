//! Forgetting: the one role that closes requests may delete a wrapped data key, and nothing here
//! reads one.

use crate::client::Aws;
use crate::failures::KEY_TABLE;
use crate::store::rows::{KEY_SK, request_pk, row_key};
use aws_sdk_dynamodb::Client;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::ports::keys::Forgets;

/// The table of wrapped data keys, for deleting them.
#[derive(Clone, Debug)]
pub struct KeyTable {
    client: Client,
    table: String,
}

impl KeyTable {
    /// The table `keys` by its name.
    #[must_use]
    pub fn new(aws: &Aws, table: impl Into<String>) -> Self {
        Self { client: Client::new(aws.sdk_config()), table: table.into() }
    }
}

impl Forgets for KeyTable {
    async fn forget(&self, request: RequestId) -> Result<(), Failure> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(row_key(request_pk(request), KEY_SK)))
            .send()
            .await
            .map(drop)
            .map_err(|err| KEY_TABLE.failure(&err))
    }
}
