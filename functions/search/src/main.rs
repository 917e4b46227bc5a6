//! Searches the data subject's records in one data source. Also looks again afterwards, shows an operator whom
//! the records name, and tests a data source's set-up.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::operations::fulfil::look::Look;
use rightful_domain::operations::fulfil::search::Search;
use rightful_domain::operations::person::see::Comparison;
use rightful_domain::operations::step::Step;
use rightful_lambda::{Correlated, Error};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
enum Input {
    // An execution that began before an upgrade sends the names of its old definition, here and below.
    #[serde(alias = "find")]
    Search(TaskRef),
    #[serde(alias = "verify")]
    Look(TaskRef),
    Compare {
        #[serde(flatten)]
        at: TaskRef,
        from: u32,
        limit: u32,
    },
    #[serde(rename_all = "camelCase")]
    Test { source_id: SourceId },
}

impl Correlated for Input {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        match self {
            Input::Search(at) | Input::Look(at) | Input::Compare { at, .. } => at.correlation(),
            Input::Test { source_id } => (None, Some(source_id.to_string())),
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Output {
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
    let search = Search { store, keys, tags: deployed.tags()?, vendors, clock, settings };
    let comparison = Comparison { store, keys, vendors, clock };
    let look = Look { store, keys, vendors, clock, settings };
    deployed
        .serve(async |input, invocation| match input {
            Input::Search(at) => search.search(&at, invocation.until).await.map(Output::Step),
            Input::Look(at) => look.look(&at, invocation.until).await.map(Output::Step),
            Input::Compare { at, from, limit } => {
                comparison.compare(&at, from, limit, invocation.until).await.map(Output::Compared)
            }
            Input::Test { source_id } => {
                search.test(&source_id, invocation.until).await.map(|()| Output::Tested { tested: source_id })
            }
        })
        .await
}
