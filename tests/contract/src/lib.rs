//! The domain's ports in memory, with the real limits of AWS, and ways to make them fail: crashes at
//! any point, lost answers, collisions, a lagging index, a vendor with a script.
//!
//! What the tests beside it show about the operations is what holds in AWS, as far as these ports
//! are as strict as the real ones; where AWS refuses something, they do.

pub mod gate;
pub mod canary;
pub mod clock;
pub mod table;
pub mod rows;
pub mod keys;
pub mod receipts;
pub mod secrets;
pub mod signer;
pub mod copies;
pub mod store;
pub mod workflow;
pub mod tickets;
pub mod catalogue;
pub mod vendor;
pub mod world;
pub mod driver;
