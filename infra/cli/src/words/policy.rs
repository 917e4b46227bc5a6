//! Review policies: who decides on what was found.

use crate::terminal::format::count;
use rightful_domain::model::policy::{OwnPolicies, Policy};

/// A policy, and who decides under it.
pub fn policy(policy: Policy) -> String {
    match policy {
        Policy::Auto => "auto (the policy decides)".to_owned(),
        Policy::Over(most) => {
            let most = count(most, "record", "records");
            format!("{policy} (the policy decides on up to {most}, a person on more)")
        }
        Policy::Always => "always (a person decides)".to_owned(),
    }
}

/// The policies that a data source sets for itself, in one line.
pub fn own_policies(own: &OwnPolicies) -> String {
    let one = |right: &str, policy: Option<Policy>| policy.map(|policy| format!("{right}={policy}"));
    let all: Vec<String> =
        [one("erasure", own.erasure), one("access", own.access)].into_iter().flatten().collect();
    if all.is_empty() { "as in the deployment".to_owned() } else { all.join(" ") }
}
