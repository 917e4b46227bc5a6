//! The person's copy, outcome, signed receipt, forgetting, answer to the ticket.

use rightful_aws::{
    Aws, CopyBucket, DataKeys, KeyTable, ReceiptBucket, ReceiptKey, SecretStore, Settings, Store,
    SystemClock, tls_config,
};
use rightful_connectors::{Options, Ticketing, VendorClient};
use rightful_domain::base::ids::RequestId;
use rightful_domain::operations::close::closing::Close;
use rightful_lambda::{Correlated, Environment, Error};
use rightful_package::Packer;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    request_id: RequestId,
}

impl Correlated for Event {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        (Some(self.request_id.to_string()), None)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("close");
    let env = Environment;
    let tls = tls_config()?;
    let aws = Aws::new(Settings::from_env()?, tls.clone())?;
    let keys_table = env.require("KEYS_TABLE")?;
    let metrics = env.metrics()?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table).observed_by(metrics);
    store.warm().await;
    let keys = DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?);
    let forgets = KeyTable::new(&aws, &keys_table);
    let copies = CopyBucket::new(&aws, env.require("COPIES_BUCKET")?);
    let signer = ReceiptKey::new(&aws, env.require("RECEIPT_KEY_ID")?);
    let receipts = ReceiptBucket::new(&aws, env.require("RECEIPTS_BUCKET")?);
    let secrets = Arc::new(SecretStore::new(&aws, env.require("SECRET_PREFIX")?));
    let issuer = env.issuer()?;
    let client = VendorClient::new(&Options { allow_loopback: issuer.sandbox, tls })?.observed_by(metrics);
    let tickets = Ticketing::new(client, secrets);
    let clock = SystemClock;
    let close = Close {
        store: &store,
        keys: &keys,
        forgets: &forgets,
        signer: &signer,
        receipts: &receipts,
        copies: &copies,
        packer: &Packer,
        tickets: &tickets,
        clock: &clock,
        settings: env.settings()?,
        forget_after_days: u32::try_from(env.number("FORGET_AFTER_DAYS")?)?,
        copy_days: u32::try_from(env.number("COPY_DAYS")?)?,
        issuer,
    };
    rightful_lambda::serve(async |event: Event, invocation| {
        close.run(event.request_id, invocation.until).await
    })
    .await
}
