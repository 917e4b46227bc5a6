//! Finds the data subject's records in one data source. Also looks again afterwards, shows an operator whom
//! the records name, and tests a data source's set-up.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::operations::fulfil::look::Verify;
use rightful_domain::operations::fulfil::search::Find;
use rightful_domain::operations::person::see::Look;
use rightful_domain::operations::step::Step;
use rightful_lambda::{Correlated, Error};
use serde::{Deserialize, Serialize};

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
    /// Personal data: it goes into the caller's answer, and nowhere else.
    Compared(ComparisonView),
    Tested {
        tested: SourceId,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("search");
    let (store, keys, vendors) = (deployed.store()?, deployed.keys()?, deployed.vendors()?);
    let (clock, settings) = (deployed.clock(), deployed.env.settings()?);
    let find = Find { store, keys, tags: deployed.tags()?, vendors, clock, settings };
    let look = Look { store, keys, vendors, clock };
    let verify = Verify { store, keys, vendors, clock, settings };
    deployed
        .serve(async |event, invocation| match event {
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
