//! Who must act, and by when; and which acts are allowed.

pub mod owner;
pub mod escalation;
pub mod gauge;
pub mod work_list;
pub mod acts;
