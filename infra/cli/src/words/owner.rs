//! Who moves a request on, and who must act before its legal date.

use crate::terminal::format::utc;
use rightful_domain::duty::owner::{Held, Owner};
use rightful_domain::law::level::Level;
use rightful_domain::model::escalation::{Escalation, Role};

/// How something moves on while this owner holds it.
fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Workflow => "its execution moves it on",
        Owner::Vendor => "the vendor is working; it is asked again",
        Owner::Reconcile => "the reconciliation moves it on",
        Owner::Person => "only a person can move it on",
    }
}

/// Who holds something, and by when they have to act.
pub fn held(held: Held) -> String {
    format!("{} ({}), due by {}", held.owner.as_str(), owner(held.owner), utc(held.by))
}

/// The meaning of a level of escalation.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::None => "the legal date is more than seven days away",
        Level::AtRisk => "the legal date is seven days away or less",
        Level::Pressing => "the legal date is three days away or less",
        Level::Overdue => "the legal date has passed",
    }
}

/// The work of a role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::PlatformEngineer => "fixes what is in the way",
        Role::PrivacyOfficer => "decides, extends, or writes a letter",
    }
}

/// Who must act, by their names in every layer.
pub fn roles(who: &[Role]) -> String {
    if who.is_empty() {
        return "nobody".to_owned();
    }
    who.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// An escalation in a table's cell.
pub fn escalation(escalation: &Escalation) -> String {
    match escalation.level {
        Level::None => "-".to_owned(),
        level => format!("{}: {}", level.as_str(), roles(&escalation.who)),
    }
}
