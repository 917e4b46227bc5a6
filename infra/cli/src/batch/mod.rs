//! One request for each row of a CSV file.
//!
//! The same row of the same batch always has the same key, and the deployment makes one request for a key.
//! After an interruption the same command therefore makes the missing requests, and none twice.
//!
//! Architecture Invariant: no cell is ever printed, not even of the header: in a file without one, the
//! first row is a person's.

pub mod file;
pub mod make;
pub mod progress;
pub mod result;
pub mod row;
pub mod send;
