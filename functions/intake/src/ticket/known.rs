//! The members that a channel reads; any other is refused.

use super::error::TicketError;
use crate::channel::{Channel, DeliveryKey, Mapping};
use serde_json::Value;
use std::collections::BTreeMap;

/// The members that a channel reads.
#[derive(Default)]
pub(super) struct Known {
    members: BTreeMap<String, Known>,
    /// The members of each element, if this is a list of objects.
    each: Option<Box<Known>>,
}

impl Known {
    pub(super) fn of(channel: &Channel) -> Self {
        let Mapping { right, identifiers, reference, sources, dry_run, received_at } = &channel.ticket;
        let mut known = Self::default();
        for pointer in [&right.pointer, reference, sources, dry_run, received_at] {
            known.at(pointer);
        }
        if let DeliveryKey::Body(pointer) = &channel.delivery {
            known.at(pointer);
        }
        let mut each = Self::default();
        for pointer in [&identifiers.kind, &identifiers.value] {
            each.at(pointer);
        }
        known.at(&identifiers.list).each = Some(Box::new(each));
        known
    }

    /// Makes the place that a pointer names (RFC 6901) known, and returns it.
    fn at(&mut self, pointer: &str) -> &mut Self {
        pointer.split('/').skip(1).fold(self, |known, name| {
            known.members.entry(name.replace("~1", "/").replace("~0", "~")).or_default()
        })
    }

    /// Refuses a member that nobody reads: an ignored `dryRun` would erase.
    pub(super) fn check(&self, value: &Value, place: &str) -> Result<(), TicketError> {
        match (value, &self.each) {
            (Value::Object(members), _) if !self.members.is_empty() => {
                members.iter().try_for_each(|(name, value)| match self.members.get(name) {
                    Some(known) => known.check(value, &format!("{place}/{name}")),
                    None => Err(self.unknown(member(name, place))),
                })
            }
            (Value::Array(list), Some(each)) => {
                list.iter().enumerate().try_for_each(|(n, value)| each.check(value, &format!("{place}/{n}")))
            }
            (Value::Array(list), None) if !self.members.is_empty() => {
                list.iter().enumerate().try_for_each(|(n, value)| match self.members.get(&n.to_string()) {
                    Some(known) => known.check(value, &format!("{place}/{n}")),
                    None => Err(self.unknown(format!("{place}/{n}"))),
                })
            }
            _ => Ok(()),
        }
    }

    fn unknown(&self, what: String) -> TicketError {
        TicketError::Unknown(what, self.members.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
    }
}

/// How an error names a member. An unusual name may be a person's: then the error gives the place only.
fn member(name: &str, place: &str) -> String {
    let plain = (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match (plain, place) {
        (true, _) => format!("{place}/{name}"),
        (false, "") => "a member at its top".to_owned(),
        (false, _) => format!("a member at {place}"),
    }
}
