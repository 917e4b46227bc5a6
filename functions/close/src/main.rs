//! Closes a request: the person's copy, outcome, signed receipt, forgetting, answer to the ticket.

use rightful_deployed::Deployed;
use rightful_domain::base::ids::RequestId;
use rightful_domain::operations::close::closing::Close;
use rightful_lambda::{Correlated, Error};
use rightful_package::Packer;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    request_id: RequestId,
}

impl Correlated for Input {
    fn correlation(&self) -> (Option<String>, Option<String>) {
        (Some(self.request_id.to_string()), None)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployed = Deployed::start("close");
    let close = Close {
        store: deployed.store()?,
        keys: deployed.keys()?,
        forgets: deployed.forgets()?,
        signer: deployed.signer()?,
        receipts: deployed.receipts()?,
        copies: deployed.copies()?,
        packer: &Packer,
        tickets: deployed.tickets()?,
        clock: deployed.clock(),
        settings: deployed.env.settings()?,
        forget_after_days: u32::try_from(deployed.env.number("FORGET_AFTER_DAYS")?)?,
        copy_days: u32::try_from(deployed.env.number("COPY_DAYS")?)?,
        issuer: deployed.issuer()?,
    };
    deployed
        .serve(async |input: Input, invocation| close.close(input.request_id, invocation.until).await)
        .await
}
