//! Profiles in the walkthrough's full field shape, the default seed, and the search that is fuzzy
//! on purpose: a client that erases whatever a search lists would erase a neighbour here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The client account of the walkthrough, and of the default seed.
pub const DEFAULT_CLIENT_ID: u64 = 2449;

/// The Qualifio user (the DPO) of the default seed.
pub const DEFAULT_USER_ID: u64 = 1201;

/// The value that replaces an erased profile's e-mail and `crmKey`.
pub const ANONYMOUS_EMAIL: &str = "anonymous@qualifio.com";

/// One participant as the search lists it. Every field may be left out when seeding: an `id` of 0 becomes the
/// next free one, an empty `trigramme` is derived from the names and the e-mail, and empty time stamps become
/// now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[allow(missing_docs)] // the vendor's own field names
pub struct Profile {
    pub id: u64,
    pub first_name: String,
    pub last_name: String,
    pub function: String,
    pub gender: String,
    pub email: String,
    pub birth_day: Option<String>,
    pub company: String,
    pub address: String,
    #[serde(rename = "box")]
    pub post_box: String,
    pub country: String,
    pub created_at: String,
    pub updated_at: String,
    pub language: String,
    pub ip: String,
    #[serde(rename = "fb_uid")]
    pub fb_uid: String,
    pub locality: String,
    pub login: String,
    pub number: String,
    pub phone: String,
    pub trigramme: String,
    pub zipcode: String,
    pub is_email_valid: u8,
    /// The account it belongs to; only for seeding (default 2449), never part of an answer.
    #[serde(alias = "client_id", skip_serializing_if = "Option::is_none")]
    pub client_id: Option<u64>,
}

impl Profile {
    /// A profile with a name and an e-mail, for seeding.
    pub fn named(id: u64, first_name: &str, last_name: &str, email: &str) -> Self {
        Self {
            id,
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            email: email.to_owned(),
            language: "EN".to_owned(),
            fb_uid: "0".to_owned(),
            ..Self::default()
        }
    }

    /// Fills the fields that the vendor always fills.
    pub(crate) fn complete(&mut self, now: Timestamp) {
        if self.trigramme.is_empty() {
            self.trigramme = format!("{}|{}|{}", self.first_name, self.last_name, self.email);
        }
        for time in [&mut self.created_at, &mut self.updated_at] {
            if time.is_empty() {
                *time = stamp(now);
            }
        }
    }

    /// The profile after the vendor has anonymised it.
    pub(crate) fn anonymised(&self, at: Timestamp) -> Self {
        Self {
            id: self.id,
            email: ANONYMOUS_EMAIL.to_owned(),
            trigramme: format!("||{ANONYMOUS_EMAIL}"),
            fb_uid: "0".to_owned(),
            language: self.language.clone(),
            created_at: self.created_at.clone(),
            updated_at: stamp(at),
            ..Self::default()
        }
    }

    /// Whether a search for `asked` lists this profile.
    ///
    /// Fuzzy: letter case does not count, and an e-mail that contains the asked local part counts.
    /// Not fuzzy: the whole e-mail, letter case apart.
    pub(crate) fn is_found_by(&self, asked: &str, fuzzy: bool) -> bool {
        let own = self.email.to_lowercase();
        let asked = asked.to_lowercase();
        if !fuzzy {
            return own == asked;
        }
        let local = asked.split('@').next().unwrap_or_default();
        own == asked || (!local.is_empty() && own.contains(local))
    }
}

/// A time as the vendor writes it: `2022-01-31T13:29:58.121Z`.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// An address of nobody, whose record always exists: the control of data sources at this vendor.
pub const CONTROL: &str = "control@example.com";

/// The walkthrough's three profiles, neighbours that must never be erased, and invented people.
pub fn default_seed() -> Vec<Profile> {
    let walkthrough = |id, first: &str, last: &str, trigramme: &str| Profile {
        trigramme: trigramme.to_owned(),
        language: "FR".to_owned(),
        ..Profile::named(id, first, last, "joao@qualifio.com")
    };
    vec![
        Profile {
            address: "129329".to_owned(),
            created_at: "2021-10-13T17:17:29.990Z".to_owned(),
            updated_at: "2021-12-14T11:03:18.123Z".to_owned(),
            ip: "91.183.156.86".to_owned(),
            locality: "toto".to_owned(),
            ..walkthrough(78, "joao", "test1", "joao|test2|joao@qualifio.com")
        },
        Profile {
            address: "toto".to_owned(),
            created_at: "2021-11-09T18:02:53.057Z".to_owned(),
            updated_at: "2021-11-09T18:02:53.057Z".to_owned(),
            ip: "172.19.0.1".to_owned(),
            locality: "joao".to_owned(),
            ..walkthrough(79, "test", "test2", "test|test2|joao@qualifio.com")
        },
        Profile {
            address: "oto".to_owned(),
            created_at: "2021-12-08T11:58:05.570Z".to_owned(),
            updated_at: "2021-12-08T11:58:05.570Z".to_owned(),
            ip: "109.136.26.142".to_owned(),
            locality: "toto".to_owned(),
            ..walkthrough(85, "joao", "test3", "joao|test3|joao@qualifio.com")
        },
        Profile::named(80, "joao", "other", "joao@qualifio.com.example"),
        Profile::named(81, "joao", "b", "joao.b@example.com"),
        Profile::named(82, "joao", "second", "JOAO2@qualifio.com"),
        Profile::named(90, "Ana", "Example", "ana@example.com"),
        Profile::named(91, "Diana", "Example", "diana@example.com"),
        Profile::named(92, "Bo", "Example", "bo@example.com"),
        Profile::named(93, "Bo", "Example-Two", "bo@example.com"),
        Profile::named(94, "Pat", "Example", "pat+news@example.com"),
        Profile::named(9, "Control", "Example", CONTROL),
    ]
}
