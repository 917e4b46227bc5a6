//! Data sources: their control, and the effect of a change on open tasks.

use rightful_domain::model::source::Control;
use rightful_domain::operations::set_up::{Becomes, Standing, StandingTask};

/// A control in one line.
pub fn control(control: Option<&Control>) -> String {
    match control {
        Some(control) => {
            format!("{} {}: a look counts only if a search finds its record", control.kind, control.value)
        }
        None => "none: a look that finds nothing counts only after a second one, a minute later".to_owned(),
    }
}

/// The effect of a change of a data source on an open task.
fn becomes(becomes: Becomes) -> &'static str {
    match becomes {
        Becomes::SearchedAnew => {
            "nothing was sent for it, so it is searched and decided on again at the new target"
        }
        Becomes::OldTargetAsked => {
            "a submission was sent for it: the old target is asked until the secret is replaced once more, then a person takes over"
        }
        Becomes::Persons => {
            "a submission was sent to a target whose secret is lost with this change: a person takes over"
        }
    }
}

/// The open tasks that a change of a data source affects, one line for each.
pub fn open_tasks(standing: &Standing) -> Vec<String> {
    let line = |one: &StandingTask| format!("{}: {}", one.request, becomes(one.becomes));
    let more = standing.more.then(|| "there may be others".to_owned());
    standing.tasks.iter().map(line).chain(more).collect()
}
