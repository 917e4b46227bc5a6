//! Asks the vendor how the rules stand.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::operations::fulfil::status::StatusCheck;
use rightful_lambda::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("status-check");
    let check = StatusCheck {
        store: deployed.store()?,
        keys: deployed.keys()?,
        vendors: deployed.vendors()?,
        clock: deployed.clock(),
        settings: deployed.env.settings()?,
    };
    deployed.serve(async |at: TaskRef, invocation| check.check(&at, invocation.until).await).await
}
