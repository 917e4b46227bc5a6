//! Finds the data subject's records in one data source; also the look afterwards, what an operator is shown
//! of the person before they decide, and the test of a data source's set-up.

use rightful_aws::{Aws, DataKeys, SecretStore, Settings, Store, SystemClock, TagKey, tls_config};
use rightful_connectors::{Connectors, Options, Sources, VendorClient};
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::operations::fulfil::look::Verify;
use rightful_domain::operations::fulfil::search::Find;
use rightful_domain::operations::person::see::Look;
use rightful_domain::operations::step::Step;
use rightful_lambda::{Correlated, Environment, Error};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Event {
    Find(TaskRef),
    Verify(TaskRef),
    Compare {
        #[serde(flatten)]
        at: TaskRef,
        from: u32,
        limit: u32,
    },
    #[serde(rename_all = "camelCase")]
    Test {
        source_id: SourceId,
    },
}

impl Correlated for Event {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        match self {
            Event::Find(at) | Event::Verify(at) | Event::Compare { at, .. } => at.correlation(),
            Event::Test { source_id } => (None, Some(source_id.to_string())),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Step(Step),
    /// Personal data: in the answer to whoever called, and nowhere else.
    Compared(ComparisonView),
    Tested {
        tested: SourceId,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rightful_lambda::start("search");
    let env = Environment;
    let tls = tls_config()?;
    let aws = Aws::new(Settings::from_env()?, tls.clone())?;
    let keys_table = env.require("KEYS_TABLE")?;
    let metrics = env.metrics()?;
    let store = Store::new(&aws, env.require("REQUESTS_TABLE")?, &keys_table).observed_by(metrics);
    store.warm().await;
    let keys = DataKeys::new(&aws, &keys_table, env.require("DATA_KEY_ID")?, env.require("RIGHTFUL_STAGE")?);
    let tags = TagKey::new(&aws, env.require("TAG_KEY_ID")?);
    let secrets = Arc::new(SecretStore::new(&aws, env.require("SECRET_PREFIX")?));
    let client = VendorClient::new(&Options { allow_loopback: env.allow_loopback_vendors()?, tls })?
        .observed_by(metrics);
    let vendors = Sources::new(Connectors::on_demand(), client, secrets);
    let (clock, settings) = (SystemClock, env.settings()?);
    let find = Find { store: &store, keys: &keys, tags: &tags, vendors: &vendors, clock: &clock, settings };
    let look = Look { store: &store, keys: &keys, vendors: &vendors, clock: &clock };
    let verify = Verify { store: &store, keys: &keys, vendors: &vendors, clock: &clock, settings };
    rightful_lambda::serve(async |event, invocation| match event {
        Event::Find(at) => find.run(&at, invocation.until).await.map(Answer::Step),
        Event::Verify(at) => verify.run(&at, invocation.until).await.map(Answer::Step),
        Event::Compare { at, from, limit } => {
            look.run(&at, from, limit, invocation.until).await.map(Answer::Compared)
        }
        Event::Test { source_id } => {
            find.test(&source_id, invocation.until).await.map(|()| Answer::Tested { tested: source_id })
        }
    })
    .await
}
