//! The limits of a step.

use crate::base::time::Time;
use crate::law::right::Right;
use crate::model::request::Request;
use crate::vendor::port::Capabilities;

/// The limits of a step: the request's terms and, if the data source could be opened, the vendor's.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How long past its time a task is left to its workflow, in seconds.
    pub grace_seconds: u64,
    /// The right that the data subject exercises.
    pub right: Right,
    /// Whether it is a dry run, which erases nothing.
    pub dry_run: bool,
    /// The legal deadline for the answer.
    pub due_at: Time,
    /// The vendor's capabilities, and how it must be called.
    pub vendor: Option<&'a Capabilities>,
}

impl<'a> Terms<'a> {
    /// The terms of a task of this request.
    #[must_use]
    pub fn new(request: &Request, grace_seconds: u64, vendor: Option<&'a Capabilities>) -> Self {
        Self { grace_seconds, right: request.right, dry_run: request.dry_run, due_at: request.due_at, vendor }
    }
}
