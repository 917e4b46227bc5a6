//! Scheduled: brings every open task forward, whatever happened to its workflow.

use rightful_aws::{Aws, DataKeys, SecretStore, Settings, StateMachine, Store, SystemClock, tls_config};
use rightful_connectors::{Connectors, Options, Sources, VendorClient};
use rightful_domain::operations::reconcile::Reconcile;
use rightful_lambda::{Correlated, Environment, Error};
use serde::Deserialize;
use std::sync::Arc;

/// The schedule's event: nothing in it matters.
#[derive(Deserialize)]
struct Tick {}

impl Correlated for Tick {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("reconcile");
    let env = Environment;
    let tls = tls_config()?;
    let aws = Aws::new(Settings::from_env()?, tls.clone())?;
    let keys_table = env.require("KEYS_TABLE")?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table);
    store.warm().await;
    let keys = DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?);
    let workflow = StateMachine::new(&aws, env.require("FULFIL_REQUEST_ARN")?);
    let secrets = Arc::new(SecretStore::new(&aws, env.require("SECRET_PREFIX")?));
    let client = VendorClient::new(&Options { allow_loopback: env.allow_loopback_vendors()?, tls })?;
    let vendors = Sources::new(Connectors::on_demand(), client, secrets);
    let (clock, settings) = (SystemClock, env.settings()?);
    let reconcile = Reconcile {
        store: &store,
        keys: &keys,
        vendors: &vendors,
        workflow: &workflow,
        clock: &clock,
        settings,
    };
    rightful_lambda::serve(async |_: Tick, invocation| {
        let run = reconcile.run(invocation.until).await?;
        for (request, failure) in &run.failures {
            tracing::warn!(request_id = %request, code = failure.code, "not brought forward");
        }
        tracing::info!(
            examined = run.examined,
            checked = run.checked,
            started = run.started,
            unknown = run.unknown,
            pressing = run.pressing,
            unsigned = run.unsigned,
            failed = run.failed,
            more = run.more,
            "reconciled"
        );
        Ok(run)
    })
    .await
}
