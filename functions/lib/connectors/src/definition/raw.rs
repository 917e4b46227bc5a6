//! `connector.yaml` as it is written. Reading it checks its shape, not its meaning.

use crate::matching::Form;
use crate::record_id::IdKind;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;
use std::marker::PhantomData;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDefinition {
    pub name: Spanned<String>,
    pub version: Spanned<u64>,
    pub title: Spanned<String>,
    pub docs: Spanned<String>,
    pub hosts: Spanned<Vec<Spanned<String>>>,
    pub base_url: Spanned<String>,
    #[serde(default)]
    pub params: Vec<RawParam>,
    pub secret: Spanned<Vec<RawSecret>>,
    pub auth: RawAuth,
    pub record_id: IdKind,
    pub shows: Spanned<Vec<RawShows>>,
    pub identifiers: Spanned<Vec<RawIdentifier>>,
    pub search: Spanned<Vec<RawSearch>>,
    pub erase: RawErase,
    pub export: Option<RawExport>,
    pub status: RawStatus,
    pub statuses: Spanned<Pairs<Spanned<RawRuleStatus>>>,
    pub test: RawRequest,
    pub limits: RawLimits,
    pub waits: RawWaits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParam {
    pub name: Spanned<String>,
    #[serde(rename = "type")]
    pub kind: RawParamKind,
    pub description: Spanned<String>,
    pub example: Spanned<RawTree>,
    pub default: Option<Spanned<RawTree>>,
    pub choices: Option<Spanned<Vec<Spanned<String>>>>,
    pub min: Option<Spanned<i64>>,
    pub max: Option<Spanned<i64>>,
    #[serde(default)]
    pub steers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawParamKind {
    String,
    Integer,
    Boolean,
    Choice,
    Url,
    Host,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSecret {
    pub name: Spanned<String>,
    pub description: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawAuth {
    Header(RawHeader),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawHeader {
    pub name: Spanned<String>,
    pub prefix: Option<Spanned<String>>,
    pub secret: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIdentifier {
    pub kind: Spanned<String>,
    pub description: Spanned<String>,
    pub example: Spanned<String>,
    pub form: Option<Spanned<Form>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSearch {
    pub by: Spanned<String>,
    pub request: RawRequest,
    pub records: Spanned<String>,
    pub id: Spanned<String>,
    #[serde(rename = "match")]
    pub matches: Spanned<String>,
    pub complete: RawComplete,
    #[serde(default)]
    pub ignores_case: bool,
}

/// How an answer shows that it is whole.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawComplete {
    Empty(Spanned<String>),
    False(Spanned<String>),
    True(Spanned<String>),
    Total(Spanned<String>),
    FewerThan(Spanned<u64>),
    NotStated(RawNotStated),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawNotStated {
    pub round: Spanned<Vec<Spanned<u64>>>,
}

/// A field that tells a person whose record it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawShows {
    pub name: Spanned<String>,
    pub at: Spanned<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum RawMethod {
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "POST")]
    Post,
    #[serde(rename = "PUT")]
    Put,
    #[serde(rename = "PATCH")]
    Patch,
    #[serde(rename = "DELETE")]
    Delete,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
    pub method: Spanned<RawMethod>,
    pub path: Spanned<String>,
    #[serde(default)]
    pub query: Pairs<Spanned<RawTree>>,
    pub body: Option<Spanned<RawTree>>,
    pub success: Option<Spanned<Vec<Spanned<u16>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawErase {
    pub request: RawRequest,
    pub dry_run: Option<Spanned<RawTree>>,
    pub dry_run_echo: Option<Spanned<String>>,
    pub rule_id: Spanned<String>,
    pub status: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExport {
    pub wanted: Spanned<RawTree>,
    pub fetched_from: Spanned<String>,
    pub request: RawRequest,
    pub rule_id: Spanned<String>,
    pub status: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawStatus {
    pub request: RawRequest,
    pub rule_id: Spanned<String>,
    pub status: Spanned<String>,
    pub treated: RawTreated,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTreated {
    pub records: Spanned<String>,
    pub id: Spanned<String>,
    pub claim: Option<Spanned<RawClaim>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawClaim {
    pub at: Spanned<String>,
    pub anonymised: Option<String>,
    pub deleted: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawRuleStatus {
    AwaitingApproval,
    Pending,
    Finished,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    pub batch_size: Spanned<RawTree>,
    pub max_records: Spanned<u64>,
    pub call_timeout_seconds: Spanned<u64>,
    pub max_body_bytes: Spanned<u64>,
    pub longest_retry_after_seconds: Spanned<u64>,
    pub rate: Option<RawRate>,
    pub daily_calls: Option<Spanned<RawTree>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRate {
    pub calls: Spanned<RawTree>,
    pub per_seconds: Spanned<u64>,
    pub burst: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWaits {
    pub status: RawWait,
    pub verify: RawWait,
    pub verify_looks: Spanned<RawTree>,
    pub unknown: RawUnknown,
    pub unknown_looks: Spanned<RawTree>,
    pub unknown_repeats: Spanned<RawTree>,
    pub deadline_days: Spanned<u64>,
    pub search_tries: Spanned<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawWait {
    pub first_seconds: Spanned<u64>,
    pub longest_seconds: Spanned<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawUnknown {
    pub first_seconds: Spanned<RawTree>,
    pub longest_seconds: Spanned<u64>,
}

/// A mapping in the order of the file. It keeps keys that are repeated, so that the check can report them.
pub(crate) struct Pairs<V>(pub Vec<(Spanned<String>, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

/// A JSON value, in whose texts placeholders are allowed.
pub(crate) enum RawTree {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Spanned<RawTree>>),
    Object(Pairs<Spanned<RawTree>>),
}

impl<'de> Deserialize<'de> for RawTree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TreeVisitor;
        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = RawTree;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true, false, a list or a mapping")
            }
            fn visit_unit<E: Error>(self) -> Result<RawTree, E> {
                Ok(RawTree::Null)
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<RawTree, E> {
                Ok(RawTree::Bool(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<RawTree, E> {
                Ok(RawTree::Integer(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<RawTree, E> {
                i64::try_from(value).map(RawTree::Integer).map_err(|_| E::custom("this number is too large"))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<RawTree, E> {
                Ok(RawTree::Text(value.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawTree, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(RawTree::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawTree, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(RawTree::Object(Pairs(pairs)))
            }
        }
        deserializer.deserialize_any(TreeVisitor)
    }
}
