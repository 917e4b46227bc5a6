//! The people, requests and data sources of the tests, by name, and what they demand.

use rightful_domain::base::actor::Actor;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::{RequestId, SourceId, TaskRef};
use rightful_domain::law::right::Right;
use rightful_domain::operations::accept::Demand;
use uuid::Uuid;

/// The person of every test: her address may occur only where it belongs.
pub const CANARY: &str = "Ana.Canario+x@example.com";

/// Request number `n`: its id, in the shard `n` modulo 8.
#[must_use]
pub fn request_id(n: u16) -> RequestId {
    let mut bytes = *Uuid::from_u128(0x019a_a6e0_5c1f_7000_8000_0000_0000_0000).as_bytes();
    bytes[14..].copy_from_slice(&n.to_be_bytes());
    RequestId::new(Uuid::from_bytes(bytes))
}

/// The operator of every act.
///
/// # Panics
/// Never: the name is good.
#[must_use]
pub fn ann() -> Actor {
    Actor::parse("arn:aws:iam::111122223333:user/ann").expect("a name")
}

/// A data source's id.
///
/// # Panics
/// When it is not a valid id.
#[must_use]
pub fn source(name: &str) -> SourceId {
    SourceId::parse(name).expect("a source id")
}

/// A task of request `n`.
#[must_use]
pub fn task_of(n: u16, name: &str) -> TaskRef {
    TaskRef { request_id: request_id(n), source_id: source(name) }
}

/// The identifiers of a person with this address.
///
/// # Panics
/// When it is not an address.
#[must_use]
pub fn email(address: &str) -> Identifier {
    Identifier::new(IdentifierKind::email(), address).expect("an e-mail address")
}

/// The demand that the person with this address be erased everywhere.
#[must_use]
pub fn erasure_of(address: &str) -> Demand {
    Demand { identifiers: vec![email(address)], ..erasure() }
}

/// The demand that the canary be erased everywhere.
#[must_use]
pub fn erasure() -> Demand {
    Demand {
        right: Right::Erasure,
        identifiers: vec![email(CANARY)],
        reference: None,
        dry_run: false,
        sources: Vec::new(),
        received_at: None,
    }
}
