//! Tasks and their rules: states, outcomes, decisions, searches.

use super::{identifier, name};
use crate::terminal::format::count;
use rightful_domain::duty::acts::May;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Asked, Assurance, Outcome, TaskState, Verdict};
use rightful_domain::vendor::report::{Claim, RuleStatus};
use rightful_domain::view::task::{RuleView, TaskView};

/// The meaning of a vendor's own approval that is still missing.
pub const APPROVAL: &str = "the vendor has it, and waits for somebody's approval in its own console";

/// The meaning of a task's state.
pub fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Planned => "not searched yet",
        TaskState::AwaitingReview => "a person has to decide on what was found",
        TaskState::Decided => "decided on, nothing sent yet",
        TaskState::Submitting => "batches are being sent",
        TaskState::Submitted => "the vendor is working on it",
        TaskState::Verifying => "the vendor says it is done; we look again",
        TaskState::Copying => "the records are being copied",
        TaskState::Unknown => "it is not known yet whether the vendor did it; a look will tell",
        TaskState::Settled => "ended",
    }
}

/// The meaning of a task's outcome.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::VerifiedErased => "erased, and a look found nothing more",
        Outcome::ReportedErased => "erased according to the vendor; it can't be searched",
        Outcome::Copied => "the copy is made",
        Outcome::NothingFound => "no record of this person",
        Outcome::MissingIdentifier => "it needs an identifier that the request doesn't have",
        Outcome::Refused => "a reviewer or the vendor refused it",
        Outcome::StillPresent => "the vendor says it is done, but the records are still found",
        Outcome::Failed => "it could not be done",
        Outcome::DryRun => "nothing was erased or copied",
        Outcome::Cancelled => "cancelled before anything was submitted",
    }
}

/// A task's outcome, or its state while it has none.
pub fn outcome_or_state(task: &TaskView) -> &'static str {
    task.outcome.map_or(task.state.as_str(), Outcome::as_str)
}

/// The meaning of a task's outcome, or of its state while it has none.
pub fn meaning(task: &TaskView) -> String {
    let words = match (task.outcome, task.state) {
        _ if task.needs.missing => return identifier::missing(&task.needs),
        (Some(ended), _) => outcome(ended),
        (None, TaskState::Unknown) if task.is_persons() => {
            "it is not known whether the vendor did it: a person has to find out"
        }
        (None, TaskState::Submitted) if task.awaiting_approval => APPROVAL,
        (None, TaskState::AwaitingReview) if task.is_to_be_confirmed() => {
            "nothing was found: confirm that there is nothing, or give another identifier"
        }
        (None, TaskState::Planned) if task.may.contains(&May::LeaveOut) => {
            "it can't be searched now, and is tried again automatically"
        }
        (None, at) => state(at),
    };
    words.to_owned()
}

/// A vendor's claim.
pub fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Deleted => "says that it deleted them",
        Claim::Anonymised => "says that it anonymised them",
        Claim::NotStated => "doesn't say what it did with them",
    }
}

/// A verdict, with its ground.
pub fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Proceed => "proceed".to_owned(),
        Verdict::Refuse(ground) => format!("refuse, {} ({})", ground.as_str(), refusal_ground(ground)),
        Verdict::LeftOut => "leave out, as it can't be searched".to_owned(),
        Verdict::Stated => "stated how it ended".to_owned(),
    }
}

/// The meaning of the ground of a refusal.
pub fn refusal_ground(ground: RefusalGround) -> &'static str {
    match ground {
        RefusalGround::Expression => "freedom of expression and information",
        RefusalGround::LegalObligation => "a legal obligation, or a task in the public interest",
        RefusalGround::PublicHealth => "public health",
        RefusalGround::Archiving => "archiving, research or statistics",
        RefusalGround::LegalClaims => "legal claims",
        RefusalGround::UnfoundedOrExcessive => "manifestly unfounded or excessive",
    }
}

/// Why a look that found nothing counts.
pub fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::Control => "with control: the search found the control's record in the same minutes",
        Assurance::TwoLooks => "without a control: twice in a row, a minute apart",
    }
}

/// The words after a search's count: the spellings that were asked, and the records that were set aside.
pub fn search_details(asked: &Asked) -> String {
    let mut parts = String::new();
    let spellings = if asked.spellings == 1 { "spelling asked" } else { "spellings asked" };
    for (number, what) in [
        (asked.spellings, spellings),
        (asked.marked, "with another identifier"),
        (asked.set_aside, "set aside"),
        (asked.doubtful, "of these doubtful"),
    ] {
        if number > 0 {
            parts.push_str(&format!(", {number} {what}"));
        }
    }
    if asked.may_be_part {
        parts.push_str("; the vendor doesn't say whether that is all");
    }
    parts
}

/// The rounds after the first decision of a run.
pub fn rounds(rounds: u32) -> String {
    format!("{rounds} for records that looks found beyond the decision")
}

/// Records in finished rules that nobody submitted.
pub fn strangers(strangers: u32) -> String {
    let records = count(strangers, "record", "records");
    format!("the vendor lists {records} never submitted: somebody else's records may be affected")
}

/// The meaning of a rule's state.
fn rule_state(state: RuleState) -> &'static str {
    match state {
        RuleState::Intent => "the submission is being sent, or its answer is missing",
        RuleState::Accepted => "the vendor accepted it",
        RuleState::Finished => "the vendor says it is done",
        RuleState::NotSent => "it certainly had no effect, and is sent again",
        RuleState::Rejected => "the vendor rejected it; it had no effect",
        RuleState::NotTaken => "the vendor did not take it; a look shows whether its records are still there",
        RuleState::Gone => "the vendor did not take it, and a look found none of its records",
        RuleState::Unknown => {
            "it is not known yet whether it had an effect; a look comes before anything else"
        }
        RuleState::Unreferenced => "it was not answered, and a look found none of its records",
        RuleState::Left => "it was not answered or not taken, and looks still find some of its records",
        RuleState::Repeated => "it was not answered or not taken; a later batch names what was left of it",
    }
}

/// The vendor's last answer about a rule.
fn rule_status(status: RuleStatus) -> &'static str {
    match status {
        RuleStatus::AwaitingApproval => "waits for the vendor's own approval",
        RuleStatus::Pending => "the vendor is working on it",
        RuleStatus::Finished => "the vendor says it is done",
        RuleStatus::Unknown => "a status that the connector doesn't know",
    }
}

/// A batch and its rule in one line.
pub fn rule(rule: &RuleView) -> String {
    let mut text = format!(
        "batch {}: {} ({}), {} of {} confirmed",
        rule.batch,
        name::in_json(rule.state),
        rule_state(rule.state),
        rule.confirmed,
        rule.records,
    );
    if let Some(id) = &rule.rule_id {
        text.push_str(&format!(", rule {id}"));
    }
    if let (Some(status), RuleState::Accepted) = (rule.status, rule.state) {
        text.push_str(&format!(", {}", rule_status(status)));
    }
    text
}
