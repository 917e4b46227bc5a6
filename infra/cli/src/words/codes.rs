//! Every code that the deployment gives, in words: what it means and what to do about it.
//!
//! One table for the whole command line, so that `request show`, `source test` and an error say the
//! same of the same code. A test reads the other packages' sources: a code without words fails it.

use crate::terminal::error::CommandError;
use crate::terminal::exit_code::FAILED;
use rightful_domain::base::failure::Failure;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::task::TaskView;

/// A code in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What it means, without a full stop.
    pub what: &'static str,
    /// What to do about it, without a full stop.
    pub todo: &'static str,
}

/// The words for a code, where this version has some.
pub fn known(code: &str) -> Option<Words> {
    CODES.iter().find(|(known, ..)| *known == code).map(|(_, what, todo)| Words { what, todo })
}

/// The words for a code; for one of a newer deployment, words that say so.
pub fn words(code: &str) -> Words {
    known(code).unwrap_or(Words {
        what: "this version of `rightful` has no words for this code",
        todo: "use the `rightful` of the version that is deployed, and read the function's log",
    })
}

/// What to do about a code that a command failed with: nobody tries a command again but whoever gave it.
pub fn for_a_command(todo: &'static str) -> &'static str {
    if todo == WAIT { AGAIN } else { todo }
}

/// What to do about a task with this code. Who tries again depends on where the task stands: nobody
/// does once it has ended, and a look comes before a submission whose effect is unknown is sent again.
pub fn todo(task: &TaskView, code: &str) -> &'static str {
    match (task.state, words(code).todo) {
        (TaskState::Unknown, _) if !task.is_persons() => LOOKS,
        (TaskState::Unknown, WAIT) => LOOK,
        (TaskState::Settled, WAIT) => "make the request again once the vendor can be reached",
        (TaskState::Settled, IDENTIFY) => {
            "give it one: `rightful request identify ID`; a closed request is reopened first"
        }
        (_, todo) => todo,
    }
}

/// The words for a code about the answer to a ticket: a call to the ticketing system fails as one to a
/// vendor does, but something else is to be done about it.
pub fn ticket_words(code: &str) -> (String, &'static str) {
    let Words { what, todo } = words(code);
    if code.starts_with("vendor_") || code == "credentials_rejected" {
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
    let Words { what, todo } = words(code);
    let todo = for_a_command(todo);
    CommandError { what: what.into(), todo: todo.into(), code: Some(code.into()), exit: FAILED }.into()
}

/// The error that a failure of a port stands for.
pub fn told_failure(failure: Failure) -> anyhow::Error {
    told_code(failure.code)
}

const WAIT: &str = "nothing: it is tried again by itself";
pub const AGAIN: &str = "try again in a moment";
pub const OUTPUTS: &str =
    "compare the stack file with the deployment's outputs: `make up`, or `make deploy` again";
const ALLOW: &str = "let the caller do this by IAM: another --profile, or a policy for this one";
const REPORT: &str = "report it as a defect, with the request's id and the function's log";
const SET_UP: &str = "correct the data source's set-up, then `rightful source test`";
const TICKETING: &str = "correct the set-up with `rightful ticketing set`; it is tried again by itself";
const BY_HAND: &str = "answer the ticket by hand: `rightful request show ID` says how the request ended";
const LOOK: &str =
    "look in the vendor's own console what became of the submission; it is never sent again blindly";
const LOOKS: &str = "nothing: a search tells what became of it, and if it doesn't, a person is named";
const IDENTIFY: &str = "give it one (`rightful request identify ID`), or go on without this data source (`rightful request review ID --leave-out`)";
const DEPLOY: &str = "deploy again, with the template and the functions of one version";

#[rustfmt::skip]
const CODES: &[(&str, &str, &str)] = &[
    // Why a task ended so, or what stands in its way.
    ("answer_never_came", "an erasure was sent and its answer never came: nobody knows whether the vendor did it", LOOK),
    ("batch_size_wrong", "a batch holds no record or more than the data source takes", REPORT),
    ("decision_does_not_fit", "the records to be submitted are not exactly those that were decided on, so nothing was sent", REPORT),
    ("dry_run_not_asked", "the vendor took a real request for a dry run", LOOK),
    ("dry_run_not_confirmed", "the vendor's answer doesn't say that it is a dry run: the records may be erased", LOOK),
    ("dry_run_unsupported", "this connector has no dry run of the vendor's own", "make a real request, or leave this data source out"),
    ("awaiting_review", "a person has to decide on what was found", "decide: `rightful request review ID`; `rightful request show ID` shows on what"),
    ("identifier_missing", "the request has no identifier of a kind that this data source searches by", IDENTIFY),
    ("nothing_found_to_confirm", "nothing was found, and a person confirms it before anything closes", "give another identifier (`request identify ID`), or confirm that there is nothing (`request review ID --proceed`)"),
    ("left_out_by_a_person", "a person left out a data source that could not be searched", "tell the data subject that this data source was not searched; `rightful request reasons ID` says why"),
    ("source_moved", "the data source points elsewhere since it was searched", "have it run again, and decide on what is there: `rightful request run ID --source S`"),
    ("task_over", "nothing is left to decide there, so its records are not asked for any more", "`rightful request records ID --source S` shows which they were, while the person is remembered"),
    ("identifier_found_nothing", "the identifier that was given for this data source finds nothing there", "give another one (`request identify`), or leave the data source out (`request review --leave-out`)"),
    ("missing_identifier", "the request has no identifier of a kind that this data source searches by", IDENTIFY),
    ("records_gone", "records that were decided on were gone before they could be copied or erased", "tell the data subject, or run the data source again for what is there now: `rightful request run ID --source S`"),
    ("refused_by_reviewer", "a reviewer refused it on a legal ground", "nothing; tell the data subject the ground"),
    ("stated_by_a_person", "a person found out how it ended, and said so; nothing verified it", "nothing: the receipt says whose word it is"),
    ("gone_in_dry_run", "records are gone although the vendor was asked for a dry run", LOOK),
    ("not_all_confirmed", "the vendor's finished rule lists fewer records than were submitted", "compare the rule in the vendor's own console with the counts"),
    ("record_id_unusable", "a record's id is not of the type that the vendor's ids have", REPORT),
    ("right_not_supported", "this connector can't fulfil that right", "fulfil it at the vendor by hand"),
    ("right_unsupported", "this connector can't fulfil that right", "fulfil it at the vendor by hand"),
    ("rule_id_unusable", "the rule id that was kept can't be asked about", LOOK),
    ("rule_not_found", "the vendor doesn't know the rule that it opened", LOOK),
    ("records_keep_appearing", "each look found records that no decision covers, three rounds in a row", "find out where they come from, then have it run again: `rightful request run ID --source S`; for a copy whose request is closed, `rightful request reopen ID`"),
    ("second_look", "a look found nothing, and a second one, a minute later, has to confirm it", WAIT),
    ("set_aside_doubtful", "the look set a record aside that holds the identifier as a part of its value: it may be the person's", "look in the vendor's own console whether that record is the person's, and have it erased there; then say so: `rightful request state ID`"),
    ("strangers_listed", "the vendor's finished rule lists records that were never submitted: somebody else's records may be affected", "look at the rule in the vendor's own console today, and tell the privacy officer: docs/runbooks/strangers-listed.md"),
    ("searched_only", "it was a dry run and the vendor has none of its own, so it was searched and nothing else", "nothing: that is what a dry run does here"),
    ("other_request_in_progress", "another request about the same person is being fulfilled at this data source", WAIT),
    ("reference_missing", "the vendor never answered, and a search found that its effect is there: there is no rule to ask about", "nothing: the receipt says so"),
    ("repeats_used_up", "the records were named four times, and are still found", "ask the vendor why; a search every hour sees when they are gone"),
    ("still_present", "the vendor says it is done, yet submitted records are still found", "nothing while it looks again by itself; afterwards ask the vendor why"),
    ("too_many_records", "the search found more records than one person can have, so nothing was submitted", "check the identifier, and whether the vendor searched exactly"),
    ("person_forgotten", "the person of this request is forgotten, so it can't be worked on", "make a new request"),

    // Why a request comes near its legal date, where no task says more.
    ("in_time", "the legal date is more than seven days away", "nothing"),
    ("outcome_unknown", "nobody can tell yet whether the vendor did it", LOOK),
    ("request_not_closed", "every data source has its outcome, and yet the request isn't closed", "read the log of the function close, then `rightful reconcile --now`"),
    ("task_not_moved", "a task makes no progress, and no code says why", "read the functions' logs by the request's id, then `rightful reconcile --now`"),
    ("vendor_at_work", "the vendor works on it and has not finished", "ask the vendor, or extend the legal date: `rightful request extend ID`"),

    // Why an act on a request is refused, where its state alone says so.
    ("receipt_not_found", "there is no such receipt: each closing of a request has one, counted from 0", "leave --closing out for the last one; `rightful request show ID --events` shows each closing"),
    ("request_closed", "the request is closed, or about to be", "look how it ended: `rightful request show ID`; `rightful request reopen ID` opens it again, while its person is not forgotten"),
    ("request_open", "the request is open", "have a data source run again instead: `rightful request run ID --source S`"),

    // What reconcile makes of the end of an execution.
    ("attempt_not_current", "the execution that ended is of an attempt that another one has followed", "nothing"),
    ("end_known", "the end of that execution was recorded before", "nothing"),
    ("not_our_execution", "the execution that ended is none of ours", "nothing"),

    // What a change of a data source, or its control, comes to.
    ("control_not_found", "the search did not find the data source's control, so that a search that finds nothing proves nothing", "look whether the control's record is at the vendor, and enter it there again; or name another one: `rightful source change ID --control KIND=VALUE`; then `rightful source test`"),
    ("target_lost", "no version of the secret belongs to the target that the task was searched at, so it can't be asked any more", "what was submitted is looked up in the old target's own console, and stated: `rightful request state ID`; where nothing was, have it run again: `rightful request run ID --source S`"),
    ("target_in_use", "open tasks at this data source could not go on as they are, so nothing was changed", "let them end first (`rightful request show ID`), or repeat with --force"),

    // Calls to a vendor.
    ("credentials_rejected", "the vendor doesn't accept the token", "put the right token into the data source's secret, then `rightful source test`"),
    ("vendor_address_forbidden", "the vendor's host name leads to a private address, which is never called", SET_UP),
    ("vendor_answer_incomplete", "the vendor's answer says that there is more, or may not be whole, so it counts for nothing", "look in the vendor's own console how many records the person has, and compare the connector with the vendor's documentation; it is tried again by itself"),
    ("vendor_answer_too_large", "the vendor's answer about this person is larger than the connector allows, so nothing is concluded from it", "look in the vendor's own console what the person has; raise the connector's max_body_bytes where that is right, then have the data source run again (rightful request run), or state how it stands (rightful request state)"),
    ("vendor_answer_unexpected", "the vendor answered with a status that the connector doesn't expect", "compare the connector with the vendor's documentation"),
    ("vendor_answer_unreadable", "the vendor's answer is not what the connector describes", "compare the connector with the vendor's documentation; check base_url"),
    ("vendor_bad_request", "the vendor took the call for a mistake (400)", SET_UP),
    ("vendor_conflict", "the vendor says that the call conflicts with another one (409)", "look in the vendor's own console what is under way"),
    ("vendor_connection_lost", "the connection to the vendor broke before its answer came", WAIT),
    ("vendor_deadline_passed", "the vendor had not finished by the connector's deadline", "ask the vendor how the rule stands, by its rule id"),
    ("vendor_forbidden", "the vendor doesn't let this account do that (403)", "have the vendor allow the account the GDPR API, then `rightful source test`"),
    ("vendor_gone", "the vendor says that the address that was called is gone (410)", "compare the connector with the vendor's documentation: it may have moved its API"),
    ("vendor_host_forbidden", "the connector doesn't list that host, so it is never called", SET_UP),
    ("vendor_not_found", "the vendor says there is no such thing (404)", SET_UP),
    ("vendor_out_of_time", "there was no time left to call the vendor", WAIT),
    ("vendor_record_unreadable", "one of this person's records in the vendor's answer has no id that can be read, so nothing is concluded from it", "look at the record in the vendor's own console, and compare the connector with the vendor's documentation; it is tried again by itself"),
    ("vendor_redirected", "the vendor answered with a redirect, which is never followed", "check base_url against the vendor's documentation"),
    ("vendor_refused", "the vendor refused the call", "look in the vendor's own console or ask its support why"),
    ("vendor_request_unusable", "the request to the vendor could not be made of the connector and its parameters", SET_UP),
    ("vendor_server_error", "the vendor's server failed (5xx)", WAIT),
    ("vendor_status_unknown", "the vendor gives a status that the connector doesn't know; it never counts as success", "find out what the status means and add it to the connector"),
    ("vendor_throttled", "the vendor asks us to slow down (429)", WAIT),
    ("vendor_timed_out", "the vendor didn't answer in time", WAIT),
    ("vendor_unprocessable", "the vendor can't work with what was sent (422)", SET_UP),
    ("vendor_unreachable", "the vendor can't be reached", "check base_url and the vendor's status page; it is tried again by itself"),

    // Calls that we hold back ourselves.
    ("circuit_open", "the vendor failed again and again, so it is left alone for a while", WAIT),
    ("quota_spent", "the data source's calls of the day are used up; they go on at midnight UTC", WAIT),
    ("rate_limited", "the call is held back, so that the vendor's limit is kept", WAIT),
    // The answer to a ticket.
    ("answer_unwritable", "the answer to the ticket can't be written", REPORT),
    ("ticket_answer_gave_up", "the ticket could not be answered for 30 days; whether a comment is there is not known for certain", BY_HAND),
    ("ticket_busy", "somebody else changed the ticket at the same moment", WAIT),
    ("ticket_forbidden", "the ticketing system doesn't let this user change the ticket (403)", "let the user see and comment on the ticket; it is tried again by itself"),
    ("ticket_not_found", "there is no such ticket (404): it was deleted, or the reference is another system's", BY_HAND),
    ("ticket_not_updatable", "the ticket can't be changed (422): it is closed, full, or a field is missing that it needs", BY_HAND),
    ("ticket_reference_missing", "the request names no ticket", BY_HAND),
    ("ticket_reference_unusable", "the reference is no ticket number, such as 35436, #35436, ZD-35436 or ZD-35436-2", BY_HAND),
    ("ticket_refused", "the ticketing system refused the answer", BY_HAND),
    ("ticket_too_long", "the ticket has more comments than can be looked through, so nobody can tell whether the answer is there", BY_HAND),
    ("ticketing_not_set_up", "no ticketing system is set up, so the ticket is not answered", "set it up with `rightful ticketing set` for later requests, and answer this ticket by hand"),
    ("ticketing_secret_unreadable", "the ticketing system's secret is not what it should be", TICKETING),

    // A data source's set-up.
    ("connector_unknown", "the deployed functions don't have this connector", "deploy a version that has it: `rightful connector list` shows those of this version"),
    ("parameter_wrong", "a parameter of the data source is missing or wrong", SET_UP),
    ("secret_missing", "the data source's secret isn't there", "put it into Secrets Manager under the name that `rightful source list --json` shows"),
    ("secret_unreadable", "the data source's secret isn't the JSON object that the connector describes", "put a JSON object with the connector's secret fields there, such as {\"token\": \"…\"}"),
    ("secret_is_not_text", "the secret is binary", "put text there"),
    ("secret_unavailable", "the secret could not be read in time", AGAIN),
    ("source_not_found", "there is no such data source", "`rightful source list` shows those there are"),
    ("received_at_malformed", "nobody can have asked on the day that is given", "give the day on which the person asked, such as 2026-11-21: not in the future, and at most 366 days ago"),
    ("too_many_sources", "that is more data sources than one request can go to", "make several requests, each with --source"),

    // What is stored.
    ("change_too_large", "a change is larger than DynamoDB takes", REPORT),
    ("copy_unpackable", "the copies of the data sources can't be packed into one file", REPORT),
    ("cursor_unreadable", "the place to go on from is not one that a list gave", "begin the list anew"),
    ("data_key_unusable", "the request's data key is not one", REPORT),
    ("event_unwritable", "an event can't be written", REPORT),
    ("copy_part_missing", "what a data source gave for the copy isn't there any more, or isn't all of it", "it is copied again by itself; where that failed several times, reopen the request: `rightful request reopen ID --source S`"),
    ("copy_part_unreadable", "what a data source gave for the copy doesn't open", "it is copied again by itself; where that failed several times, reopen the request: `rightful request reopen ID --source S`"),
    ("copy_part_changed", "what a data source gave for the copy changed while it was packed", WAIT),
    ("copy_out_of_time", "the copy could not be packed in the fifteen minutes that one call has", "it is tried again by itself; where that goes on, the copy is too large: leave a data source out (`rightful request review ID --leave-out --source S`), and fetch its data from the vendor"),
    ("copy_unwritable", "the copy can't be written", REPORT),
    ("reason_unreadable", "the reason that was given doesn't open", "check that the data key is the one that it was sealed with"),
    ("delivery_conflict", "this demand came before with another content, and a request was made of the first", "look at what there is: `rightful request list`; then make it with another key"),
    ("open_work_too_much", "there is more open work than one run of the reconciliation can count in half of its time", "give the function `reconcile` more time or memory; requests are brought forward all the same"),
    ("journal_broken", "the deployment's journal doesn't hold together: an entry was changed, is missing or is out of order", "compare with a backup, and find out who can write to the table"),
    ("receipt_not_kept_yet", "the request is closed, and its receipt isn't kept yet", AGAIN),
    ("identifiers_unreadable", "the request's identifiers don't open", "check that the data key is the one that they were sealed with"),
    ("identifiers_unwritable", "the request's identifiers can't be written", REPORT),
    ("no_randomness", "this system gives no randomness", AGAIN),
    ("records_do_not_fit", "the record ids that are kept are not as many as were found, so a look would prove nothing", REPORT),
    ("records_unreadable", "the request's record ids don't open", "check that the data key is the one that they were sealed with"),
    ("records_unwritable", "the request's record ids can't be written", REPORT),
    ("request_exists", "a request with this id exists already", AGAIN),
    ("request_not_found", "there is no such request", "`rightful request list` shows those there are"),
    ("row_schema_unknown", "a row was written by a newer version", "use the `rightful` of the version that is deployed"),
    ("row_too_large", "a row is larger than DynamoDB takes", REPORT),
    ("row_unreadable", "a row of the store can't be read", "compare it with a backup"),
    ("row_unwritable", "a row can't be written", REPORT),
    ("sealing_failed", "encrypting failed: this system gives no randomness", AGAIN),
    ("task_not_found", "the request has no task at that data source", "`rightful request show ID` shows its tasks"),
    ("too_much_contention", "others changed the same rows all the time", AGAIN),

    // Receipts and keys.
    ("message_too_large", "what is to be signed is larger than KMS takes", REPORT),
    ("receipt_key_is_not_ed25519", "the receipt key is no Ed25519 key", OUTPUTS),
    ("receipt_unwritable", "the receipt can't be written", REPORT),
    ("signature_unusable", "KMS gave no Ed25519 signature", OUTPUTS),
    ("tag_unusable", "KMS gave no HMAC", OUTPUTS),

    // AWS.
    ("aws_credentials_missing", "there are no AWS credentials", "sign in, or name a profile with --profile"),
    ("aws_region_missing", "no AWS region is set", "name it with --region"),
    ("key_table_denied", "AWS doesn't let the caller use the table of keys", ALLOW),
    ("key_table_missing", "the table of keys isn't there", OUTPUTS),
    ("key_table_rejected", "DynamoDB took a call to the table of keys for a mistake", REPORT),
    ("key_table_unavailable", "the table of keys can't be reached", AGAIN),
    ("kms_denied", "AWS doesn't let the caller use the KMS key", ALLOW),
    ("kms_key_missing", "the KMS key isn't there", OUTPUTS),
    ("kms_rejected", "KMS took a call for a mistake", OUTPUTS),
    ("kms_unavailable", "KMS can't be reached", AGAIN),
    ("copy_link_too_long", "the link to the copy is to work longer than a link may", DEPLOY),
    ("function_denied", "AWS doesn't let the console call the function that tries data sources out", DEPLOY),
    ("function_missing", "the function that tries data sources out isn't there", DEPLOY),
    ("function_rejected", "Lambda took a call for a mistake", REPORT),
    ("function_unavailable", "the function that tries data sources out can't be reached", AGAIN),
    ("copies_denied", "AWS doesn't let the caller use the bucket of copies", ALLOW),
    ("copies_missing", "the bucket of copies isn't there", OUTPUTS),
    ("copies_rejected", "S3 took a call about a copy for a mistake", REPORT),
    ("copies_unavailable", "the bucket of copies can't be reached", AGAIN),
    ("copy_expired", "the copy is deleted: its time is over", "make a new request"),
    ("receipts_denied", "AWS doesn't let the caller read the bucket of receipts", ALLOW),
    ("receipts_missing", "the bucket of receipts isn't there", OUTPUTS),
    ("receipts_rejected", "S3 took a call for a mistake", REPORT),
    ("receipts_unavailable", "S3 can't be reached", AGAIN),
    ("secret_denied", "AWS doesn't let the caller use the secret", ALLOW),
    ("secret_rejected", "Secrets Manager took a call for a mistake", REPORT),
    ("secrets_unavailable", "Secrets Manager can't be reached", AGAIN),
    ("store_busy", "the store is busy", AGAIN),
    ("store_denied", "AWS doesn't let the caller use the store", ALLOW),
    ("store_missing", "the store's table isn't there", OUTPUTS),
    ("store_rejected", "DynamoDB took a call for a mistake", REPORT),
    ("store_unavailable", "the store can't be reached", "check that the deployment runs and that this machine reaches it, then try again"),
    ("tls_unusable", "TLS could not be set up", REPORT),
    ("workflow_denied", "AWS doesn't let the caller start the workflow", ALLOW),
    ("workflow_missing", "the workflow isn't there", OUTPUTS),
    ("workflow_rejected", "Step Functions took a call for a mistake", REPORT),
    ("workflow_unavailable", "Step Functions can't be reached", WAIT),

    ("tickets_out_of_time", "there was no time to compare all tickets with what was received", WAIT),

    // A function that could not begin.
    ("channel_unreadable", "the webhook channel's set-up can't be read", DEPLOY),
    ("deadline_unreadable", "Lambda gave the function no time to end by", REPORT),
    ("synthetic_email_missing", "no synthetic request can be made: the deployment has no test address", "deploy again with the parameter SyntheticEmail"),
    ("synthetic_email_not_taken", "no synthetic request can be made: none of its data sources is searched by an e-mail address", "deploy again with a data source in SyntheticSources that is"),
    ("synthetic_email_wrong", "no synthetic request can be made: SyntheticEmail is not one e-mail address", "deploy again with a test address there"),
    ("synthetic_source_disabled", "no synthetic request can be made: SyntheticSources names a data source that is disabled", "enable it (`rightful source enable ID`), or deploy again with others there"),
    ("synthetic_source_unknown", "no synthetic request can be made: SyntheticSources names a data source that isn't there", "`rightful source list` shows those there are; deploy again with some of them there, or with none for all"),
    ("synthetic_sources_wrong", "no synthetic request can be made: SyntheticSources is no list of data sources' ids", "deploy again with ids there, with a comma between two of them, or with nothing for all that are enabled"),
    ("synthetic_without_sources", "no synthetic request can be made: no data source is connected and enabled", "add one with `rightful source add`"),
    ("payload_malformed", "the function doesn't know what it was called with", DEPLOY),
    ("setting_missing", "a setting of the function is missing", DEPLOY),
    ("setting_wrong", "a setting of the function is wrong", DEPLOY),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::model::request::Request;
    use rightful_domain::model::task::Task;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    /// What stands before a literal that is a code, in the same statement.
    const BEFORE_A_CODE: [&str; 16] = [
        "Failure::",
        "Fault::",
        "Trouble::",
        "Submitted::",
        "Answered::",
        "Outcome::",
        ": Code =",
        "unavailable:",
        "denied:",
        "missing:",
        "rejected:",
        ".lost(",
        ".hand_over(",
        ".give_up(",
        "unwrap_or(",
        "then_some(",
    ];

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "tests" && name != "definitions" {
                sources(&path, into);
            } else if name.ends_with(".rs") && name != "tests.rs" && name != "build.rs" {
                into.push(path);
            }
        }
    }

    fn is_code(text: &str) -> bool {
        text.contains('_')
            && text.split('_').all(|word| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            })
    }

    /// The codes in a source: literals that look like one, behind a word that takes one.
    fn codes_in(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
        let code = code.join(" ");
        let parts: Vec<&str> = code.split('"').collect();
        let mut found = Vec::new();
        let mut before = String::new();
        for (index, part) in parts.iter().enumerate() {
            if index % 2 == 0 {
                match part.rfind([';', '{', '}']) {
                    Some(end) => part[end + 1..].clone_into(&mut before),
                    None => before.push_str(part),
                }
            } else if is_code(part)
                && (part.starts_with("vendor_") || BEFORE_A_CODE.iter().any(|word| before.contains(word)))
            {
                found.push((*part).to_owned());
            }
        }
        found
    }

    /// Names that the reading above takes for codes, and that are none.
    const NO_CODES: &[&str] = &[
        // Names of outcomes, a parameter, a name for the log.
        "dry_run",
        "nothing_found",
        "partly_fulfilled",
        "reported_erased",
        "verified_erased",
        "base_url",
        "unreadable_answer",
        "vendor_status",
    ];

    #[test]
    fn every_code_of_the_other_packages_has_words() {
        let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
        let mut files = Vec::new();
        sources(&functions, &mut files);
        let mut codes: BTreeMap<String, PathBuf> = BTreeMap::new();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            codes.extend(codes_in(&text).into_iter().map(|code| (code, file.clone())));
        }
        assert!(codes.len() > 60, "the sources were not found: {}", codes.len());
        let missing: Vec<_> = codes
            .iter()
            .filter(|(code, _)| !NO_CODES.contains(&code.as_str()))
            .filter(|(code, _)| !CODES.iter().any(|(known, ..)| known == code))
            .collect();
        assert!(missing.is_empty(), "codes without words in codes.rs: {missing:#?}");
    }

    #[test]
    fn the_reading_of_sources_finds_codes_and_leaves_the_rest() {
        let source = r#"
            // Failure::transient("in_a_comment")
            Err(Failure::transient(
                "split_over_lines",
            ));
            self.hand_over(task, code.unwrap_or("after_a_dot")).await;
            let x = "not_a_code";
            const Y: Code = "named_code";
            Sought::Ends(Outcome::Failed, "an_end");
            #[cfg(test)] Failure::transient("in_a_test")
        "#;
        assert_eq!(codes_in(source), ["split_over_lines", "after_a_dot", "named_code", "an_end"]);
    }

    #[test]
    fn every_code_stands_once_and_reads_as_a_sentence() {
        let mut seen = std::collections::BTreeSet::new();
        for (code, what, todo) in CODES {
            assert!(seen.insert(code), "{code} stands twice");
            for text in [what, todo] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
            }
        }
    }

    #[test]
    fn whoever_comes_too_late_or_too_early_is_told_the_command_that_goes_on() {
        for (code, command) in
            [("request_closed", "reopen ID"), ("request_open", "run ID"), ("receipt_not_found", "--events")]
        {
            let told = told_code(code).to_string();
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
        for (code, ..) in CODES.iter().filter(|(code, ..)| code.starts_with("vendor_")) {
            let (what, todo) = ticket_words(code);
            assert!(!what.contains("vendor") && !todo.contains("source"), "{code}: {what}; {todo}");
        }
        assert_eq!(
            ticket_words("vendor_timed_out"),
            ("the ticketing system didn't answer in time".to_owned(), WAIT)
        );
    }

    #[test]
    fn a_code_of_a_newer_version_is_told_as_such() {
        assert!(words("brand_new").what.contains("no words for this code"));
    }
}
