//! The grounds for refusing a demand or extending its deadline.

use crate::law::right::Right;
use serde::{Deserialize, Serialize};

/// The ground for extending a legal deadline, one of the two in Art. 12(3) GDPR. The list is closed because
/// free text could name the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ExtensionGround"))]
pub enum Ground {
    /// The request is complex.
    Complexity,
    /// The data subject made many requests.
    NumberOfRequests,
}

impl Ground {
    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Ground::Complexity => "complexity",
            Ground::NumberOfRequests => "number_of_requests",
        }
    }
}

/// The ground on which a reviewer refuses: an exception of Art. 17(3) GDPR, or Art. 12(5). The list is closed
/// because free text could name the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RefusalGround {
    /// Art. 17(3)(a): freedom of expression and information.
    #[serde(rename = "art_17_3_a")]
    Expression,
    /// Art. 17(3)(b): a legal obligation, or a task in the public interest.
    #[serde(rename = "art_17_3_b")]
    LegalObligation,
    /// Art. 17(3)(c): public health.
    #[serde(rename = "art_17_3_c")]
    PublicHealth,
    /// Art. 17(3)(d): archiving, research or statistics.
    #[serde(rename = "art_17_3_d")]
    Archiving,
    /// Art. 17(3)(e): legal claims.
    #[serde(rename = "art_17_3_e")]
    LegalClaims,
    /// Art. 12(5): manifestly unfounded or excessive.
    #[serde(rename = "art_12_5")]
    UnfoundedOrExcessive,
}

impl RefusalGround {
    /// Every ground.
    pub const ALL: [Self; 6] = [
        Self::Expression,
        Self::LegalObligation,
        Self::PublicHealth,
        Self::Archiving,
        Self::LegalClaims,
        Self::UnfoundedOrExcessive,
    ];

    /// Its name in every layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expression => "art_17_3_a",
            Self::LegalObligation => "art_17_3_b",
            Self::PublicHealth => "art_17_3_c",
            Self::Archiving => "art_17_3_d",
            Self::LegalClaims => "art_17_3_e",
            Self::UnfoundedOrExcessive => "art_12_5",
        }
    }

    /// Whether it holds against this right: Art. 17(3) concerns erasure only.
    #[must_use]
    pub fn stands_against(self, right: Right) -> bool {
        right == Right::Erasure || self == Self::UnfoundedOrExcessive
    }
}
