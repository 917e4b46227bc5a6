//! Kinds of failures: a few, each because someone acts differently on it.

/// The kind of a failure. Its [`name`](Kind::name) is the error name in the state machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It may pass by itself: the workflow retries, then reconcile does.
    Transient,
    /// A decision or a rule forbids it: never retried.
    Refused,
    /// The effect is unknown: never retried blindly.
    Unknown,
    /// A person must change the set-up first.
    Misconfigured,
}

impl Kind {
    /// Every kind, for the tests that compare them with the state machines.
    pub const ALL: [Kind; 4] = [Kind::Transient, Kind::Refused, Kind::Unknown, Kind::Misconfigured];

    /// The error's name in the state machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Transient => "Rightful.Transient",
            Kind::Refused => "Rightful.Refused",
            Kind::Unknown => "Rightful.Unknown",
            Kind::Misconfigured => "Rightful.Misconfigured",
        }
    }
}
