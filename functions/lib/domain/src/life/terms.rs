//! What bounds a step.

use crate::base::time::Time;
use crate::law::right::Right;
use crate::model::request::Request;
use crate::vendor::port::Capabilities;

/// What bounds a step: the request's terms and, where the data source could be opened, the vendor's.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How long past its time a task is left to its workflow, in seconds.
    pub grace_seconds: u64,
    /// What is demanded.
    pub right: Right,
    /// Whether nothing may be erased.
    pub dry_run: bool,
    /// When the law wants an answer.
    pub due_at: Time,
    /// What the vendor can do and how it wants to be asked.
    pub vendor: Option<&'a Capabilities>,
}

impl<'a> Terms<'a> {
    /// The terms of a task of this request.
    #[must_use]
    pub fn new(request: &Request, grace_seconds: u64, vendor: Option<&'a Capabilities>) -> Self {
        Self { grace_seconds, right: request.right, dry_run: request.dry_run, due_at: request.due_at, vendor }
    }
}
