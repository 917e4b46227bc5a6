//! A record's id in the type that the vendor's JSON gives it.

use rightful_domain::vendor::record::RecordId;
use serde::Deserialize;
use serde_json::Value;

/// The type of a record's id in the vendor's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdKind {
    Integer,
    String,
}

/// A record's id in that type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TypedId {
    Integer(i64),
    Text(String),
}

impl TypedId {
    /// Reads an id in the vendor's JSON; `None` when it has another type.
    pub(crate) fn read(value: &Value, kind: IdKind) -> Option<Self> {
        match (kind, value) {
            (IdKind::Integer, Value::Number(number)) => number.as_i64().map(Self::Integer),
            (IdKind::String, Value::String(text)) if !text.is_empty() => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    /// Types an id of the domain; `None` when it can't be an id of this vendor.
    pub(crate) fn of(id: &RecordId, kind: IdKind) -> Option<Self> {
        match kind {
            IdKind::Integer => id.expose().parse().ok().map(Self::Integer),
            IdKind::String => Some(Self::Text(id.expose().to_owned())),
        }
    }

    /// The id for the domain.
    pub(crate) fn into_record(self) -> RecordId {
        match self {
            Self::Integer(number) => RecordId::new(number.to_string()),
            Self::Text(text) => RecordId::new(text),
        }
    }
}
