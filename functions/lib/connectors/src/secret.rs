//! Secrets as they are stored: their names, and the versions of a data source's secret. A version holds the
//! fields that the connector lists, and names the target that it was given for.
//!
//! Architecture Invariant: a version is sent to the target that it names and to no other. Older releases and
//! people write versions that name no target. Such a version goes only to the data source's present target, and
//! only while the current version names none either.

use rightful_domain::base::ids::SourceId;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The name of a data source's secret for the [`Secrets`](rightful_domain::ports::set_up::Secrets) port. Its
/// value is a JSON object with the fields that the connector's `secret` lists, such as `{"token": "…"}`.
#[must_use]
pub fn secret_name(source: &SourceId) -> String {
    format!("source/{source}")
}

/// The name of a ticketing system's secret for the [`Secrets`](rightful_domain::ports::set_up::Secrets) port.
/// Zendesk's is a JSON object `{"base_url": "…", "user": "…", "token": "…"}`.
#[must_use]
pub fn ticketing_secret_name(channel: &str) -> String {
    format!("ticketing/{channel}")
}

/// The member of a stored secret that holds its target's fingerprint. No connector may have a field of this name.
pub(crate) const FOR_TARGET: &str = "for_target";

/// The target at which a data source was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenedAt {
    /// The target's fingerprint.
    pub fingerprint: String,
    /// Whether the data source points at this target now.
    pub is_now: bool,
}

impl OpenedAt {
    /// The versions that may be sent there, the newest first. `versions` begins with the current one.
    pub(crate) fn usable<'a>(&self, versions: &'a [Zeroizing<String>]) -> Vec<&'a str> {
        let names: Vec<Option<Masked>> = versions.iter().map(|version| named(version)).collect();
        let unnamed_counts = self.is_now && matches!(names.first(), Some(None));
        let usable = versions.iter().zip(&names).filter(|(_, named)| match named {
            Some(named) => *named.0 == self.fingerprint,
            None => unnamed_counts,
        });
        usable.map(|(version, _)| version.as_str()).collect()
    }

    /// Whether the newest version that may be sent there names its target. One that names none must be read
    /// anew before it is sent, because a kept one may be older than a change of the target.
    pub(crate) fn is_named(&self, versions: &[Zeroizing<String>]) -> bool {
        self.usable(versions).first().is_some_and(|version| named(version).is_some())
    }

    /// The current version, if it may be sent there.
    pub(crate) fn current<'a>(&self, versions: &'a [Zeroizing<String>]) -> Option<&'a str> {
        self.usable(versions.get(..1).unwrap_or_default()).pop()
    }
}

/// The target that a version names. An unreadable version names none, and can't be sent either.
fn named(version: &str) -> Option<Masked> {
    fields(version)?.remove(FOR_TARGET)
}

/// The fields of a version by name; `None` when it can't be read.
pub(crate) fn fields(version: &str) -> Option<BTreeMap<String, Masked>> {
    serde_json::from_str(version).ok()
}

/// A field of a secret, wiped when it is dropped.
pub(crate) struct Masked(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for Masked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens that may be sent to the target `here`.
    fn tokens(is_now: bool, versions: &[(&str, Option<&str>)]) -> (Vec<String>, Option<String>) {
        let versions: Vec<Zeroizing<String>> = versions
            .iter()
            .map(|(token, target)| match target {
                Some(target) => serde_json::json!({"token": token, "for_target": target}),
                None => serde_json::json!({"token": token}),
            })
            .map(|version| Zeroizing::new(version.to_string()))
            .collect();
        let at = OpenedAt { fingerprint: "here".to_owned(), is_now };
        let token = |version: &str| fields(version).unwrap().remove("token").unwrap().0.to_string();
        let usable = at.usable(&versions).into_iter().map(token).collect();
        (usable, at.current(&versions).map(token))
    }

    #[test]
    fn a_version_that_names_a_target_goes_only_there() {
        for is_now in [true, false] {
            let both = [("a", Some("here")), ("b", Some("here"))];
            assert_eq!(tokens(is_now, &both), (vec!["a".into(), "b".into()], Some("a".into())));
            let previous = [("a", Some("elsewhere")), ("b", Some("here"))];
            assert_eq!(tokens(is_now, &previous), (vec!["b".into()], None));
            let current = [("a", Some("here")), ("b", Some("elsewhere"))];
            assert_eq!(tokens(is_now, &current), (vec!["a".into()], Some("a".into())));
            let none = [("a", Some("elsewhere")), ("b", Some(""))];
            assert_eq!(tokens(is_now, &none), (vec![], None));
        }
        assert_eq!(tokens(true, &[]), (vec![], None));
    }

    #[test]
    fn a_version_without_a_target_goes_to_the_present_target_while_the_current_one_has_none() {
        let neither = [("a", None), ("b", None)];
        assert_eq!(tokens(true, &neither), (vec!["a".into(), "b".into()], Some("a".into())));
        assert_eq!(tokens(false, &neither), (vec![], None));
        for target in ["here", "elsewhere"] {
            let behind = [("a", Some(target)), ("b", None)];
            assert!(!tokens(true, &behind).0.contains(&"b".to_owned()), "{target}");
        }
        let before = [("a", None), ("b", Some("here"))];
        assert_eq!(tokens(true, &before), (vec!["a".into(), "b".into()], Some("a".into())));
        assert_eq!(tokens(false, &before), (vec!["b".into()], None));
    }
}
