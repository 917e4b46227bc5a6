//! Webhook deliveries. Each makes one request.

use crate::base::ids::RequestId;
use crate::base::seal::Tag;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// The row `DELIVERY#<channel>#<key>`: it ensures that one webhook delivery makes only one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Schema version of the row.
    pub schema: u8,
    /// The channel that it came through.
    pub channel: String,
    /// The keyed digest of the part that distinguishes deliveries.
    pub key: Tag,
    /// The keyed digest of its body.
    pub body: Tag,
    /// The request it made.
    pub request: RequestId,
    /// The time of arrival.
    pub received_at: Time,
}
