//! Webhook deliveries, each of which makes one request.

use crate::base::ids::RequestId;
use crate::base::seal::Tag;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// The row `DELIVERY#<channel>#<key>`: one webhook delivery, so that it makes one request only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Schema version of the row.
    pub schema: u8,
    /// The channel it came by.
    pub channel: String,
    /// The keyed digest of what tells deliveries apart.
    pub key: Tag,
    /// The keyed digest of its body.
    pub body: Tag,
    /// The request it made.
    pub request: RequestId,
    /// When it came.
    pub received_at: Time,
}
