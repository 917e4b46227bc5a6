//! Output, errors and exit codes: everything that the person at the terminal sees.

pub mod error;
pub mod exit_code;
pub mod format;
pub mod output;
pub mod rows;
