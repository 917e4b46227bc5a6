//! Outcome, signed receipt, forgetting.

use rightful_aws::{Aws, KeyTable, ReceiptBucket, ReceiptKey, Settings, Store, SystemClock, tls_config};
use rightful_domain::ids::RequestId;
use rightful_domain::operations::close::Close;
use rightful_lambda::{Correlated, Environment, Error};
use serde::Deserialize;

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
    let aws = Aws::new(Settings::from_env()?, tls_config()?)?;
    let keys_table = env.require("KEYS_TABLE")?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table);
    store.warm().await;
    let keys = KeyTable::new(&aws, &keys_table);
    let signer = ReceiptKey::new(&aws, env.require("RECEIPT_KEY_ID")?);
    let receipts = ReceiptBucket::new(&aws, env.require("RECEIPTS_BUCKET")?);
    let clock = SystemClock;
    let close = Close {
        store: &store,
        keys: &keys,
        signer: &signer,
        receipts: &receipts,
        clock: &clock,
        settings: env.settings()?,
        forget_after_days: u32::try_from(env.number("FORGET_AFTER_DAYS")?)?,
        issuer: env.issuer()?,
    };
    rightful_lambda::serve(async |event: Event, _| close.run(event.request_id).await).await
}
