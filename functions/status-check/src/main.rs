//! Asks the vendor how the rules stand.

use rightful_aws::{Aws, DataKeys, SecretStore, Settings, Store, SystemClock, tls_config};
use rightful_connectors::{Connectors, Options, Sources, VendorClient};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::fulfil::status::Check;
use rightful_lambda::{Environment, Error};
use std::sync::Arc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("status-check");
    let env = Environment;
    let tls = tls_config()?;
    let aws = Aws::new(Settings::from_env()?, tls.clone())?;
    let keys_table = env.require("KEYS_TABLE")?;
    let metrics = env.metrics()?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table).observed_by(metrics);
    store.warm().await;
    let keys = DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?);
    let secrets = Arc::new(SecretStore::new(&aws, env.require("SECRET_PREFIX")?));
    let client = VendorClient::new(&Options { allow_loopback: env.allow_loopback_vendors()?, tls })?
        .observed_by(metrics);
    let vendors = Sources::new(Connectors::on_demand(), client, secrets);
    let (clock, settings) = (SystemClock, env.settings()?);
    let check = Check { store: &store, keys: &keys, vendors: &vendors, clock: &clock, settings };
    rightful_lambda::serve(async |at: TaskRef, invocation| check.run(&at, invocation.until).await).await
}
