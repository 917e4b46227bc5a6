//! One file for each command, or for a few similar ones. `dispatch` chooses among them.

pub mod connector;
pub mod console;
pub mod dispatch;
pub mod journal;
pub mod receipt;
pub mod reconcile;
pub mod request_acts;
pub mod request_copy;
pub mod request_extend;
pub mod request_list;
pub mod request_new;
pub mod request_reasons;
pub mod request_records;
pub mod request_review;
pub mod request_show;
pub mod review_agreement;
pub mod source;
pub mod synthetic;
pub mod ticketing;
