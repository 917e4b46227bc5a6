//! One lease for each person and data source: two requests about one person never have submissions under way at
//! the same vendor at the same time.
//!
//! A task takes it with its first intent, holds it to its end, and releases it in the transaction that ends the
//! task. It never expires: another request must not repeat a submission whose outcome is unknown either. Every
//! holder has its own fence, which each later write of its task checks.

use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::Tag;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};

/// The row `LEASE#<source>#<subject>` / `LEASE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// Schema version of the row.
    pub schema: u8,
    /// The data source.
    pub source: SourceId,
    /// The person's tag.
    pub subject: Tag,
    /// Counts the holders.
    pub fence: u64,
    /// The request that holds it; `None` when it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<RequestId>,
    /// When the last holder released it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Time>,
}

/// How long the row of a free lease is kept, in seconds: longer than the law lets a request stay open. Every
/// request whose search is older than the release therefore searches again.
pub const REMEMBERED_SECONDS: u64 = 100 * 24 * 3600;

impl Lease {
    /// The schema version written today.
    pub const SCHEMA: u8 = 1;

    /// The lease that `holder` takes after `before`, which must be free.
    #[must_use]
    pub fn taken(source: SourceId, subject: Tag, before: Option<&Lease>, holder: RequestId) -> Self {
        let fence = before.map_or(0, |lease| lease.fence) + 1;
        Self::held(source, subject, fence, holder)
    }

    /// The lease while the holder with this fence has it.
    #[must_use]
    pub fn held(source: SourceId, subject: Tag, fence: u64, holder: RequestId) -> Self {
        Self { schema: Self::SCHEMA, source, subject, fence, holder: Some(holder), released_at: None }
    }

    /// The lease as the holder with this fence releases it.
    #[must_use]
    pub fn released(source: SourceId, subject: Tag, fence: u64, at: Time) -> Self {
        Self { schema: Self::SCHEMA, source, subject, fence, holder: None, released_at: Some(at) }
    }

    /// The row's revision, derived from fence and holder: taking and releasing alternate.
    #[must_use]
    pub fn revision(&self) -> u64 {
        Self::revision_of(self.fence) + u64::from(self.holder.is_none())
    }

    /// The revision of the row while the holder with this fence has it.
    #[must_use]
    pub fn revision_of(fence: u64) -> u64 {
        2 * fence
    }

    /// The revision that the stored row must have before this one is written; 0 when there must be no row.
    #[must_use]
    pub fn revision_before(&self) -> u64 {
        if self.revision() == 2 { 0 } else { self.revision() - 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
    }

    #[test]
    fn taking_and_giving_back_alternate() {
        let (source, subject) = (SourceId::parse("crm").unwrap(), Tag::new("k", &[1]));
        let first = Lease::taken(source.clone(), subject.clone(), None, id());
        assert_eq!((first.fence, first.revision(), first.revision_before()), (1, 2, 0));
        let at = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let free = Lease::released(source.clone(), subject.clone(), first.fence, at);
        assert_eq!((free.revision(), free.revision_before()), (3, first.revision()));
        let second = Lease::taken(source, subject, Some(&free), id());
        assert_eq!((second.fence, second.revision_before()), (2, free.revision()));
        assert_eq!(Lease::revision_of(2), second.revision());
    }
}
