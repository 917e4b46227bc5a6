//! The exit codes, as `rightful --help` lists them.

/// The command did what was asked.
pub const OK: u8 = 0;
/// The command could not do what was asked.
pub const FAILED: u8 = 1;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// The request is open or unknown.
pub const OPEN: u8 = 3;
/// The request closed with an outcome that somebody has to read, or a row of a file was rejected or repeats
/// a closed one.
pub const OTHER_OUTCOME: u8 = 4;
