//! Has one data source erase the decided records and stores the rule id, or copies the records.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::fulfil::submit::Submit;
use rightful_lambda::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("submit");
    let submit = Submit {
        store: deployed.store()?,
        keys: deployed.keys()?,
        tags: deployed.tags()?,
        vendors: deployed.vendors()?,
        copies: deployed.copies()?,
        clock: deployed.clock(),
        settings: deployed.env.settings()?,
    };
    deployed.serve(async |at: TaskRef, invocation| submit.submit(&at, invocation.until).await).await
}
