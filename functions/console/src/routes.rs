//! The routes, a module for each group.

pub(crate) mod acts;
pub(crate) mod connectors;
pub(crate) mod journal;
pub(crate) mod people;
pub(crate) mod requests;
pub(crate) mod sources;
pub(crate) mod ticketing;

use crate::answer::Refusal;
use crate::call::{cursor, wrong_cursor};
use rightful_domain::view::page::Page;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// A text that is personal or secret: it leaves no trace in `Debug`, and is wiped.
pub(crate) struct Hidden(pub Zeroizing<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The fields of a secret, without the white space around them that a copied token brings.
pub(crate) fn fields(secret: BTreeMap<String, Hidden>) -> BTreeMap<String, Zeroizing<String>> {
    secret.into_iter().map(|(name, value)| (name, Zeroizing::new(value.0.trim().to_owned()))).collect()
}

/// A page of a list that is held whole, in the order of its names.
pub(crate) fn paged<T>(
    mut all: Vec<T>,
    name: impl Fn(&T) -> &str,
    after: Option<String>,
    limit: u32,
) -> Result<Page<T>, Refusal> {
    all.sort_by(|a, b| name(a).cmp(name(b)));
    if let Some(after) = after {
        // Whatever stood there may be gone; what comes behind it is the same.
        if after.is_empty() || after.len() > 64 {
            return Err(wrong_cursor());
        }
        all.retain(|one| name(one) > after.as_str());
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| cursor(name(last)));
    Ok(Page { items: all, next })
}
