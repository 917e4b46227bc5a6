//! The name that every layer uses for a value.

use serde::Serialize;

/// The name of a value: how it is written in JSON.
pub fn in_json(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::in_json;
    use rightful_domain::duty::owner::Owner;
    use rightful_domain::law::ground::Ground;
    use rightful_domain::law::level::Level;
    use rightful_domain::model::escalation::Role;
    use rightful_domain::model::request::EndStatus;
    use rightful_domain::model::rule::RuleState;
    use rightful_domain::model::task::{Outcome, TaskState};
    use rightful_domain::vendor::report::Claim;

    #[test]
    fn the_word_is_the_one_of_every_layer() {
        assert_eq!(in_json(TaskState::Verifying), TaskState::Verifying.as_str());
        assert_eq!(in_json(Outcome::StillPresent), Outcome::StillPresent.as_str());
        assert_eq!(in_json(RuleState::NotSent), "not_sent");
        assert_eq!(in_json(Claim::Anonymised), "anonymised");
    }

    #[test]
    fn the_word_of_owners_levels_roles_grounds_and_ends_is_that_of_every_layer() {
        for one in [Owner::Workflow, Owner::Vendor, Owner::Reconcile, Owner::Person] {
            assert_eq!(in_json(one), one.as_str());
        }
        for one in [Level::None, Level::AtRisk, Level::Pressing, Level::Overdue] {
            assert_eq!(in_json(one), one.as_str());
        }
        for one in [Role::PlatformEngineer, Role::PrivacyOfficer] {
            assert_eq!(in_json(one), one.as_str());
        }
        for one in [Ground::Complexity, Ground::NumberOfRequests] {
            assert_eq!(in_json(one), one.as_str());
        }
        for one in [EndStatus::Failed, EndStatus::TimedOut, EndStatus::Aborted] {
            assert_eq!(in_json(one), one.as_str());
        }
    }
}
