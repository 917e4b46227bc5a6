//! Review policies: whether the policy alone or a person decides on the records found.

use crate::law::right::Right;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who decides on the records that a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = "^(auto|always|over:(0|[1-9][0-9]*))$", "examples" = ["over:25"]))
)]
pub enum Policy {
    /// The policy itself decides on every set of records; each decision is recorded under the policy's name.
    Auto,
    /// The policy itself decides on up to this number of records at a data source; a person decides on more.
    Over(u32),
    /// A person always decides.
    Always,
}

/// The text is not a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a review policy is auto, always, or over:N, where N is a number of records such as over:25")]
pub struct PolicyError;

impl Policy {
    /// Reads a policy: `auto`, `always` or `over:N`, written in one way only.
    ///
    /// # Errors
    /// [`PolicyError`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let policy = match text {
            "auto" => Policy::Auto,
            "always" => Policy::Always,
            other => {
                let most = other.strip_prefix("over:").ok_or(PolicyError)?;
                Policy::Over(most.parse().map_err(|_| PolicyError)?)
            }
        };
        if policy.to_string() == text { Ok(policy) } else { Err(PolicyError) }
    }

    /// Whether a person decides on this number of records of one data source.
    #[must_use]
    pub fn wants_review(self, records: u32) -> bool {
        match self {
            Policy::Auto => false,
            Policy::Over(most) => records > most,
            Policy::Always => true,
        }
    }

    /// Whether a person reviews the request at all. If so, a data source that lacks its identifier waits for
    /// that person too.
    #[must_use]
    pub fn involves_a_person(self) -> bool {
        self != Policy::Auto
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::Auto => f.write_str("auto"),
            Policy::Over(most) => write!(f, "over:{most}"),
            Policy::Always => f.write_str("always"),
        }
    }
}

impl TryFrom<String> for Policy {
    type Error = PolicyError;
    fn try_from(text: String) -> Result<Self, PolicyError> {
        Self::parse(&text)
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.to_string()
    }
}

/// The policy for each right, as a deployment sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Policies {
    /// For erasure.
    pub erasure: Policy,
    /// For access.
    pub access: Policy,
}

impl Policies {
    /// The policy for a right.
    #[must_use]
    pub fn of(&self, right: Right) -> Policy {
        match right {
            Right::Erasure => self.erasure,
            Right::Access => self.access,
        }
    }
}

/// The policies that a data source sets instead of its deployment's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwnPolicies {
    /// For erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Policy"))]
    pub erasure: Option<Policy>,
    /// For access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Policy"))]
    pub access: Option<Policy>,
}

impl OwnPolicies {
    /// The policy for a right at this data source.
    #[must_use]
    pub fn of(&self, right: Right, deployment: &Policies) -> Policy {
        let own = match right {
            Right::Erasure => self.erasure,
            Right::Access => self.access,
        };
        own.unwrap_or_else(|| deployment.of(right))
    }

    /// Whether it sets nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_written_in_one_way_only() {
        for (text, policy) in
            [("auto", Policy::Auto), ("always", Policy::Always), ("over:25", Policy::Over(25))]
        {
            assert_eq!(Policy::parse(text), Ok(policy));
            assert_eq!(policy.to_string(), text);
        }
        for bad in ["", "Auto", "never", "over", "over:", "over:-1", "over:01", "over:+1", "over:4294967296"]
        {
            assert_eq!(Policy::parse(bad), Err(PolicyError), "{bad}");
        }
    }

    #[test]
    fn a_person_decides_on_more_records_than_the_policy_allows() {
        assert!(!Policy::Auto.wants_review(u32::MAX));
        assert!(Policy::Always.wants_review(1));
        assert!(!Policy::Over(3).wants_review(3));
        assert!(Policy::Over(3).wants_review(4));
    }

    #[test]
    fn a_data_sources_own_policy_goes_before_the_deployments() {
        let deployment = Policies { erasure: Policy::Always, access: Policy::Auto };
        let own = OwnPolicies { erasure: Some(Policy::Over(5)), access: None };
        assert_eq!(own.of(Right::Erasure, &deployment), Policy::Over(5));
        assert_eq!(own.of(Right::Access, &deployment), Policy::Auto);
    }
}
