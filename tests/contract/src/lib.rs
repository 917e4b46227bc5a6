//! The domain's ports in memory, with the real limits of AWS, and ways to make them fail: crashes at
//! any point, lost answers, collisions, a lagging index, a vendor with a script.
//!
//! The tests beside it prove the operations for AWS, as far as these ports are as strict as the real ones:
//! they refuse everything that AWS refuses.

pub mod log;
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
