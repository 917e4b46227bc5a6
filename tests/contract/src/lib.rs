//! The domain's ports in memory, with the real limits of AWS, and ways to make them fail: crashes at
//! any point, lost answers, collisions, a lagging index, a vendor with a script.
//!
//! What the tests beside it show about the operations is what holds in AWS, as far as these ports
//! are as strict as the real ones; where AWS refuses something, they do.

pub mod canary;
pub mod catalogue;
pub mod clock;
pub mod copies;
pub mod driver;
pub mod gate;
pub mod keys;
pub mod receipts;
pub mod rows;
pub mod secrets;
pub mod signer;
pub mod store;
pub mod table;
pub mod tickets;
pub mod vendor;
pub mod workflow;
pub mod world;
