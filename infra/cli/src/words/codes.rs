//! A code in words. The words of each code stand beside it, in the domain; a code of a newer deployment has words
//! that say so.

use crate::terminal::error::CommandError;
use crate::terminal::exit_code::FAILED;
use rightful_domain::base::code::{AGAIN, Arises, Code, IDENTIFY, LOOK, LOOKS, TICKETING, WAIT};
use rightful_domain::base::failure::Failure;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::task::TaskView;

/// The meaning of a code, without a full stop.
pub fn what(code: &str) -> &'static str {
    Code::parse(code).map_or("this version of `rightful` has no words for this code", Code::what)
}

/// The remedy for a code, without a full stop.
fn remedy(code: &str) -> &'static str {
    Code::parse(code)
        .map_or("use the `rightful` of the version that is deployed, and read the function's log", Code::todo)
}

/// The remedy for a command that failed with this code: only the person who gave a command can try it again.
pub fn for_a_command(code: &str) -> &'static str {
    let todo = remedy(code);
    if todo == WAIT { AGAIN } else { todo }
}

/// The remedy for a task with this code. It depends on the task's state: nobody tries again once the task has
/// ended, and a look comes before a submission whose effect is unknown is sent again.
pub fn todo(task: &TaskView, code: &str) -> &'static str {
    match (task.state, remedy(code)) {
        (TaskState::Unknown, _) if !task.is_persons() => LOOKS,
        (TaskState::Unknown, WAIT) => LOOK,
        (TaskState::Settled, WAIT) => "make the request again once the vendor can be reached",
        (TaskState::Settled, IDENTIFY) => {
            "give it one: `rightful request identify ID`; a closed request is reopened first"
        }
        (_, todo) => todo,
    }
}

/// The words for a code about the answer to a ticket: a call to the ticketing system fails as one to a vendor
/// does, but something else is to be done about it.
pub fn ticket_words(code: &str) -> (String, &'static str) {
    let (what, todo) = (what(code), remedy(code));
    if Code::parse(code).is_some_and(|code| code.arises() == Arises::Vendor) {
        let todo = if todo == WAIT { WAIT } else { TICKETING };
        return (
            what.replace("the vendor", "the ticketing system").replace("the connector", "Rightful"),
            todo,
        );
    }
    (what.to_owned(), todo)
}

/// The error that a code stands for.
pub fn told_code(code: &str) -> anyhow::Error {
    let (what, todo) = (what(code).to_owned(), for_a_command(code).to_owned());
    CommandError { what, todo, code: Some(code.to_owned()), exit: FAILED }.into()
}

/// The error that a failure of a port stands for.
pub fn told_failure(failure: Failure) -> anyhow::Error {
    told_code(failure.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::model::request::Request;
    use rightful_domain::model::task::Task;

    #[test]
    fn whoever_comes_too_late_or_too_early_is_told_the_command_that_goes_on() {
        for (code, command) in [
            (Code::RequestClosed, "reopen ID"),
            (Code::RequestOpen, "run ID"),
            (Code::ReceiptNotFound, "--events"),
        ] {
            let told = told_code(code.as_str()).to_string();
            assert!(told.contains(command) && !told.contains("execution"), "{told}");
        }
    }

    #[test]
    fn nobody_is_told_to_wait_for_what_never_happens() {
        let code = "vendor_connection_lost";
        let shown = |(request, tasks): (Request, Vec<Task>)| {
            fixtures::detail(&request, &tasks, "09:31:00").tasks.remove(0)
        };
        let (planned, mut task) = (shown(fixtures::open()), shown(fixtures::unknown()));
        assert_eq!(todo(&planned, code), WAIT);
        assert_eq!(todo(&task, code), LOOK);
        task.handed_over_at = None;
        assert_eq!(todo(&task, code), LOOKS);
        task.state = TaskState::Settled;
        assert_ne!(todo(&task, code), WAIT);
        assert!(told_code(code).to_string().contains(AGAIN));
    }

    #[test]
    fn a_failed_call_about_a_ticket_is_not_told_as_a_vendors() {
        for code in Code::ALL.iter().filter(|code| code.arises() == Arises::Vendor) {
            let (what, todo) = ticket_words(code.as_str());
            assert!(!what.contains("vendor") && !todo.contains("source"), "{code}: {what}; {todo}");
        }
        assert_eq!(
            ticket_words("vendor_timed_out"),
            ("the ticketing system didn't answer in time".to_owned(), WAIT)
        );
    }

    #[test]
    fn a_code_of_a_newer_version_is_told_as_such() {
        assert!(what("brand_new").contains("no words for this code"));
    }
}
