//! Parks a data source of a request under a token until a person has decided.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::fulfil::park::Park;
use rightful_lambda::{Correlated, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(flatten)]
    at: TaskRef,
    task_token: String,
}

impl Correlated for Input {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        self.at.correlation()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("review");
    let park = Park {
        store: deployed.store()?,
        tokens: deployed.workflow()?,
        clock: deployed.clock(),
        settings: deployed.env.settings()?,
    };
    deployed.serve(async |input: Input, _| park.park(&input.at, &input.task_token).await).await
}
