//! Codes: why something is as it is, in a word that is stored and shown.
//!
//! One closed list. A line gives each code its spelling, its kind, its meaning and a remedy, below the place where it
//! arises. The spelling never changes: rows, receipts and clients of the API hold it. Rows are read with codes as
//! text, because a newer version may have written one that this version doesn't know.

use crate::base::kind::Kind;
use serde::{Serialize, Serializer};
use std::fmt;

/// The place where a code arises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arises {
    /// A task: the reason for its outcome, or the obstacle in its way.
    Task,
    /// A legal date that is near, where no task says more.
    Deadline,
    /// An act on a request that the request's state forbids.
    Act,
    /// The end of an execution.
    Execution,
    /// The set-up of a data source.
    SetUp,
    /// A call to a vendor.
    Vendor,
    /// A call to a vendor that Rightful holds back itself.
    Limit,
    /// The answer to a ticket.
    Ticket,
    /// A webhook's delivery.
    Webhook,
    /// Stored data.
    Store,
    /// Receipts and keys.
    Key,
    /// A service of AWS.
    Aws,
    /// The start of a function.
    Start,
    /// A call of the operators' API.
    Call,
}

macro_rules! codes {
    ($($arises:ident { $($name:ident $code:literal $kind:ident: $what:expr => $todo:expr,)* })*) => {
        /// A reason in a word.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $what] $name,)*)*
        }

        impl Code {
            /// All codes, in the order of this file.
            pub const ALL: &[Self] = &[$($(Self::$name,)*)*];

            #[cfg(test)]
            const NAMES: &[&str] = &[$($(stringify!($name),)*)*];

            /// The spelling in rows, logs and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name => $code,)*)*
                }
            }

            /// The code with this spelling; `None` if this version has none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($($code => Some(Self::$name),)*)*
                    _ => None,
                }
            }

            /// Who acts on a failure with this code.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self {
                    $($(Self::$name => Kind::$kind,)*)*
                }
            }

            /// The place where it arises.
            #[must_use]
            pub const fn arises(self) -> Arises {
                match self {
                    $($(Self::$name => Arises::$arises,)*)*
                }
            }

            /// Its meaning, as a sentence without a full stop.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self {
                    $($(Self::$name => $what,)*)*
                }
            }

            /// The remedy, as a sentence without a full stop.
            #[must_use]
            pub const fn todo(self) -> &'static str {
                match self {
                    $($(Self::$name => $todo,)*)*
                }
            }
        }
    };
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A remedy that several codes share.
pub const WAIT: &str = "nothing: it is tried again by itself";
/// A remedy that several codes share.
pub const AGAIN: &str = "try again in a moment";
/// A remedy that several codes share.
pub const OUTPUTS: &str =
    "compare the stack file with the deployment's outputs: `make up`, or `make deploy` again";
const ALLOW: &str = "let the caller do this by IAM: another --profile, or a policy for this one";
const REPORT: &str = "report it as a defect, with the request's id and the function's log";
const SET_UP: &str = "correct the data source's set-up, then `rightful source test`";
/// A remedy that several codes share.
pub const TICKETING: &str = "correct the set-up with `rightful ticketing set`; it is tried again by itself";
const BY_HAND: &str = "answer the ticket by hand: `rightful request show ID` says how the request ended";
/// A remedy that several codes share.
pub const LOOK: &str =
    "look in the vendor's own console what became of the submission; it is never repeated blindly";
/// A remedy that several codes share.
pub const LOOKS: &str = "nothing: a look shows what became of it; if it can't, a person is named";
/// A remedy that several codes share.
pub const IDENTIFY: &str = "give it one (`rightful request identify ID`), or go on without this data source (`rightful request review ID --leave-out`)";
const DEPLOY: &str = "deploy again, with the template and the functions of one version";

codes! {
    Task {
        AnswerNeverCame "answer_never_came" Unknown: "an erasure was sent and its answer never came: nobody knows whether the vendor did it" => LOOK,
        BatchSizeWrong "batch_size_wrong" Refused: "a batch holds no record or more than the data source takes" => REPORT,
        DecisionDoesNotFit "decision_does_not_fit" Misconfigured: "the records to be submitted are not exactly those that were decided on, so nothing was sent" => REPORT,
        DryRunNotAsked "dry_run_not_asked" Unknown: "the vendor took a real request for a dry run" => LOOK,
        DryRunNotConfirmed "dry_run_not_confirmed" Unknown: "the vendor's answer doesn't say that it is a dry run: the records may be erased" => LOOK,
        DryRunUnsupported "dry_run_unsupported" Refused: "this connector has no dry run of the vendor's own" => "make a real request, or leave this data source out",
        AwaitingReview "awaiting_review" Refused: "a person has to decide on what was found" => "decide: `rightful request review ID`; `rightful request show ID` shows on what",
        IdentifierMissing "identifier_missing" Misconfigured: "the request has no identifier of a kind that this data source searches by" => IDENTIFY,
        NothingFoundToConfirm "nothing_found_to_confirm" Refused: "nothing was found, and a person confirms it before anything closes" => "give another identifier (`request identify ID`), or confirm that there is nothing (`request review ID --proceed`)",
        LeftOutByAPerson "left_out_by_a_person" Refused: "a person left out a data source that could not be searched" => "tell the data subject that this data source was not searched; `rightful request reasons ID` says why",
        SourceMoved "source_moved" Refused: "the data source has another target since it was searched" => "run it again, then decide on what it finds: `rightful request run ID --source S`",
        TaskOver "task_over" Refused: "nothing is left to decide there, so the vendor is not asked about its records any more" => "`rightful request records ID --source S` shows which they were, while the person is remembered",
        IdentifierFoundNothing "identifier_found_nothing" Refused: "the identifier given for this data source finds nothing there" => "give another one (`request identify`), or leave the data source out (`request review --leave-out`)",
        MissingIdentifier "missing_identifier" Refused: "the request has no identifier of a kind that this data source searches by" => IDENTIFY,
        RecordsGone "records_gone" Refused: "records that were decided on were gone before they could be copied or erased" => "tell the data subject, or run the data source again for what is there now: `rightful request run ID --source S`",
        RefusedByReviewer "refused_by_reviewer" Refused: "a reviewer refused it on a legal ground" => "nothing; tell the data subject the ground",
        StatedByAPerson "stated_by_a_person" Refused: "a person found out how it ended, and said so; nothing verified it" => "nothing: the receipt says whose word it is",
        GoneInDryRun "gone_in_dry_run" Unknown: "records are gone although the vendor was asked for a dry run" => LOOK,
        NotAllConfirmed "not_all_confirmed" Refused: "the vendor's finished rule lists fewer records than were submitted" => "compare the rule in the vendor's own console with the counts",
        RecordIdUnusable "record_id_unusable" Refused: "a record's id is not of the type that the vendor's ids have" => REPORT,
        RightNotSupported "right_not_supported" Refused: "this connector can't fulfil that right" => "fulfil it at the vendor by hand",
        RightUnsupported "right_unsupported" Refused: "this connector can't fulfil that right" => "fulfil it at the vendor by hand",
        RuleIdUnusable "rule_id_unusable" Refused: "the stored rule id can't be asked about" => LOOK,
        RuleNotFound "rule_not_found" Unknown: "the vendor doesn't know the rule that it opened" => LOOK,
        RecordsKeepAppearing "records_keep_appearing" Refused: "each look found records that no decision covers, three rounds in a row" => "find out where they come from, then run it again: `rightful request run ID --source S`; for a copy whose request is closed, `rightful request reopen ID`",
        SecondLook "second_look" Transient: "a look found nothing, and a second one, a minute later, has to confirm it" => WAIT,
        SetAsideDoubtful "set_aside_doubtful" Refused: "the look set a record aside that holds the identifier as a part of its value: it may be the person's" => "look in the vendor's own console whether that record is the person's, and have it erased there; then say so: `rightful request state ID`",
        StrangersListed "strangers_listed" Refused: "the vendor's finished rule lists records that were never submitted: somebody else's records may be affected" => "look at the rule in the vendor's own console today, and tell the privacy officer: docs/runbooks/strangers-listed.md",
        SearchedOnly "searched_only" Refused: "it was a dry run and the vendor has none of its own, so it was searched and nothing else" => "nothing: that is what a dry run does here",
        OtherRequestInProgress "other_request_in_progress" Transient: "another request about the same person is being fulfilled at this data source" => WAIT,
        ReferenceMissing "reference_missing" Refused: "the vendor never answered, and a search found that its effect is there: there is no rule to ask about" => "nothing: the receipt says so",
        RepeatsUsedUp "repeats_used_up" Refused: "the records were submitted four times, and are still found" => "ask the vendor why; a search every hour sees when they are gone",
        StillPresent "still_present" Refused: "the vendor says it is done, yet submitted records are still found" => "nothing while it looks again by itself; afterwards ask the vendor why",
        TooManyRecords "too_many_records" Refused: "the search found more records than one person can have, so nothing was submitted" => "check the identifier, and whether the vendor searched exactly",
        PersonForgotten "person_forgotten" Misconfigured: "the person of this request is forgotten, so it can't be worked on" => "make a new request",
    }
    Deadline {
        InTime "in_time" Refused: "the legal date is more than seven days away" => "nothing",
        OutcomeUnknown "outcome_unknown" Unknown: "nobody knows yet whether the vendor did it" => LOOK,
        RequestNotClosed "request_not_closed" Refused: "every data source has its outcome, and yet the request isn't closed" => "read the log of the function close, then `rightful reconcile --now`",
        TaskNotMoved "task_not_moved" Refused: "a task makes no progress, and no code says why" => "read the functions' logs by the request's id, then `rightful reconcile --now`",
        VendorAtWork "vendor_at_work" Refused: "the vendor works on it and has not finished" => "ask the vendor, or extend the legal date: `rightful request extend ID`",
    }
    Act {
        ReceiptNotFound "receipt_not_found" Refused: "there is no such receipt: each closing of a request has one, counted from 0" => "leave --closing out for the last one; `rightful request show ID --events` shows each closing",
        RequestClosed "request_closed" Refused: "the request is closed, or about to be" => "see how it ended: `rightful request show ID`; `rightful request reopen ID` opens it again, while its person is not forgotten",
        RequestOpen "request_open" Refused: "the request is open" => "run a data source again instead: `rightful request run ID --source S`",
    }
    Execution {
        AttemptNotCurrent "attempt_not_current" Refused: "the execution belongs to an earlier attempt" => "nothing",
        EndKnown "end_known" Refused: "the end of that execution was recorded before" => "nothing",
        NotOurExecution "not_our_execution" Refused: "the execution is not one of ours" => "nothing",
    }
    SetUp {
        ControlNotFound "control_not_found" Transient: "the search did not find the data source's control, so that a search that finds nothing proves nothing" => "look whether the control's record is at the vendor, and enter it there again; or name another one: `rightful source change ID --control KIND=VALUE`; then `rightful source test`",
        TargetLost "target_lost" Misconfigured: "no version of the secret belongs to the target that the task was searched at, so it can't be asked any more" => "look in the old target's own console what became of the submission, then state it: `rightful request state ID`; if nothing was submitted, run it again: `rightful request run ID --source S`",
        TargetInUse "target_in_use" Refused: "open tasks at this data source could not go on as they are, so nothing was changed" => "let them end first (`rightful request show ID`), or repeat with --force",
        ConnectorUnknown "connector_unknown" Misconfigured: "the deployed functions don't have this connector" => "deploy a version that has it: `rightful connector list` shows those of this version",
        ParameterWrong "parameter_wrong" Misconfigured: "a parameter of the data source is missing or wrong" => SET_UP,
        SecretMissing "secret_missing" Misconfigured: "the data source's secret isn't there" => "put it into Secrets Manager under the name that `rightful source list --json` shows",
        SecretUnreadable "secret_unreadable" Misconfigured: "the data source's secret isn't the JSON object that the connector describes" => "put a JSON object with the connector's secret fields there, such as {\"token\": \"…\"}",
        SecretIsNotText "secret_is_not_text" Misconfigured: "the secret is binary" => "put text there",
        SecretUnavailable "secret_unavailable" Transient: "the secret could not be read in time" => AGAIN,
        SourceNotFound "source_not_found" Misconfigured: "there is no such data source" => "`rightful source list` lists them",
        ReceivedAtMalformed "received_at_malformed" Misconfigured: "the day is in the future, or more than 366 days ago" => "give the day on which the person asked, such as 2026-11-21",
        TooManySources "too_many_sources" Misconfigured: "one request can't go to so many data sources" => "make several requests, each with --source",
    }
    Vendor {
        CredentialsRejected "credentials_rejected" Refused: "the vendor doesn't accept the token" => "put the right token into the data source's secret, then `rightful source test`",
        VendorAddressForbidden "vendor_address_forbidden" Transient: "the vendor's host name leads to a private address, which is never called" => SET_UP,
        VendorAnswerIncomplete "vendor_answer_incomplete" Transient: "the vendor's answer says that there is more, or may not be whole, so it counts for nothing" => "look in the vendor's own console how many records the person has, and compare the connector with the vendor's documentation; it is tried again by itself",
        VendorAnswerTooLarge "vendor_answer_too_large" Transient: "the vendor's answer about this person is larger than the connector allows, so nothing is concluded from it" => "look in the vendor's own console what the person has; raise the connector's max_body_bytes where that is right, then run the data source again (rightful request run), or state how it stands (rightful request state)",
        VendorAnswerUnexpected "vendor_answer_unexpected" Unknown: "the vendor answered with a status that the connector doesn't expect" => "compare the connector with the vendor's documentation",
        VendorAnswerUnreadable "vendor_answer_unreadable" Transient: "the vendor's answer is not what the connector describes" => "compare the connector with the vendor's documentation; check base_url",
        VendorBadRequest "vendor_bad_request" Misconfigured: "the vendor rejected the call as invalid (400)" => SET_UP,
        VendorConflict "vendor_conflict" Refused: "the vendor says that the call conflicts with another one (409)" => "look in the vendor's own console what is under way",
        VendorConnectionLost "vendor_connection_lost" Unknown: "the connection to the vendor broke before its answer came" => WAIT,
        VendorDeadlinePassed "vendor_deadline_passed" Refused: "the vendor had not finished by the connector's deadline" => "ask the vendor how the rule stands, by its rule id",
        VendorForbidden "vendor_forbidden" Refused: "the vendor doesn't let this account do that (403)" => "have the vendor allow the account the GDPR API, then `rightful source test`",
        VendorGone "vendor_gone" Refused: "the vendor says that the address that was called is gone (410)" => "compare the connector with the vendor's documentation: it may have moved its API",
        VendorHostForbidden "vendor_host_forbidden" Transient: "the connector doesn't list that host, so it is never called" => SET_UP,
        VendorNotFound "vendor_not_found" Refused: "the vendor says there is no such thing (404)" => SET_UP,
        VendorOutOfTime "vendor_out_of_time" Transient: "there was no time left to call the vendor" => WAIT,
        VendorRecordUnreadable "vendor_record_unreadable" Transient: "one of this person's records in the vendor's answer has no id that can be read, so nothing is concluded from it" => "look at the record in the vendor's own console, and compare the connector with the vendor's documentation; it is tried again by itself",
        VendorRedirected "vendor_redirected" Unknown: "the vendor answered with a redirect, which is never followed" => "check base_url against the vendor's documentation",
        VendorRefused "vendor_refused" Refused: "the vendor refused the call" => "look in the vendor's own console or ask its support why",
        VendorRequestUnusable "vendor_request_unusable" Transient: "the request to the vendor could not be made of the connector and its parameters" => SET_UP,
        VendorServerError "vendor_server_error" Unknown: "the vendor's server failed (5xx)" => WAIT,
        VendorStatusUnknown "vendor_status_unknown" Refused: "the vendor gives a status that the connector doesn't know; it never counts as success" => "find out what the status means and add it to the connector",
        VendorThrottled "vendor_throttled" Transient: "the vendor asks us to slow down (429)" => WAIT,
        VendorTimedOut "vendor_timed_out" Unknown: "the vendor didn't answer in time" => WAIT,
        VendorUnprocessable "vendor_unprocessable" Misconfigured: "the vendor can't work with what was sent (422)" => SET_UP,
        VendorUnreachable "vendor_unreachable" Transient: "the vendor can't be reached" => "check base_url and the vendor's status page; it is tried again by itself",
    }
    Limit {
        CircuitOpen "circuit_open" Transient: "the vendor failed again and again, so it is left alone for a while" => WAIT,
        QuotaSpent "quota_spent" Transient: "the data source's calls of the day are used up; they go on at midnight UTC" => WAIT,
        RateLimited "rate_limited" Transient: "the call is held back, so that the vendor's limit is kept" => WAIT,
    }
    Ticket {
        AnswerUnwritable "answer_unwritable" Misconfigured: "the answer to the ticket can't be written" => REPORT,
        TicketAnswerGaveUp "ticket_answer_gave_up" Refused: "the ticket could not be answered for 30 days; whether a comment is there is not known for certain" => BY_HAND,
        TicketBusy "ticket_busy" Transient: "somebody else changed the ticket at the same moment" => WAIT,
        TicketForbidden "ticket_forbidden" Transient: "the ticketing system doesn't let this user change the ticket (403)" => "let the user see and comment on the ticket; it is tried again by itself",
        TicketNotFound "ticket_not_found" Refused: "there is no such ticket (404): it was deleted, or the reference is another system's" => BY_HAND,
        TicketNotUpdatable "ticket_not_updatable" Refused: "the ticket can't be changed (422): it is closed, full, or a field is missing that it needs" => BY_HAND,
        TicketReferenceMissing "ticket_reference_missing" Refused: "the request names no ticket" => BY_HAND,
        TicketReferenceUnusable "ticket_reference_unusable" Refused: "the reference is no ticket number, such as 35436, #35436, ZD-35436 or ZD-35436-2" => BY_HAND,
        TicketRefused "ticket_refused" Refused: "the ticketing system refused the answer" => BY_HAND,
        TicketTooLong "ticket_too_long" Transient: "the ticket has more comments than can be looked through, so nobody can tell whether the answer is there" => BY_HAND,
        TicketingNotSetUp "ticketing_not_set_up" Transient: "no ticketing system is set up, so the ticket is not answered" => "set it up with `rightful ticketing set` for later requests, and answer this ticket by hand",
        TicketingSecretUnreadable "ticketing_secret_unreadable" Misconfigured: "the ticketing system's secret is not what it should be" => TICKETING,
        TicketUnreceived "ticket_unreceived" Refused: "a ticket carries the tag of a demand, and no delivery of it ever came" => "send it again from the ticketing system: docs/runbooks/tickets-unreceived.md",
    }
    Webhook {
        NoDataSource "no_data_source" Transient: "no data source is connected and enabled" => "add one with `rightful source add`; the sender delivers again",
        QueryNotTaken "query_not_taken" Refused: "the webhook's address takes no parameters" => "put them into the body",
        SignatureMissing "signature_missing" Refused: "the delivery has no signature" => "have the sender sign it: docs/DEPLOY.md",
        SignatureWrong "signature_wrong" Refused: "the delivery's signature does not match its body" => "give the sender the channel's secret again: docs/DEPLOY.md",
        TicketMalformed "ticket_malformed" Refused: "a field of the ticket is missing or can't be read" => "correct the ticket: the message names the field",
        TicketNotAcceptable "ticket_not_acceptable" Refused: "no request can be made of the ticket" => "correct the ticket: the message says why",
        TimestampMalformed "timestamp_malformed" Refused: "the delivery's time of signing can't be read" => "have the sender write it as the channel expects: docs/DEPLOY.md",
        TimestampOutOfRange "timestamp_out_of_range" Refused: "the delivery was signed too long ago, or in the future" => "set the sender's clock, then have it deliver again",
        WebhookSecretUnusable "webhook_secret_unusable" Misconfigured: "the webhook's secret is not in the form that the channel expects" => "put the right secret there: docs/DEPLOY.md",
    }
    Store {
        ChangeTooLarge "change_too_large" Misconfigured: "a change is larger than DynamoDB takes" => REPORT,
        CopyUnpackable "copy_unpackable" Misconfigured: "the copies of the data sources can't be packed into one file" => REPORT,
        CursorUnreadable "cursor_unreadable" Misconfigured: "the cursor is not one that a list gave" => "start the list again",
        DataKeyUnusable "data_key_unusable" Misconfigured: "the request's data key is not one" => REPORT,
        EventUnwritable "event_unwritable" Misconfigured: "an event can't be written" => REPORT,
        CopyPartMissing "copy_part_missing" Misconfigured: "what a data source gave for the copy isn't there any more, or isn't all of it" => "it is copied again by itself; where that failed several times, reopen the request: `rightful request reopen ID --source S`",
        CopyPartUnreadable "copy_part_unreadable" Misconfigured: "what a data source gave for the copy doesn't open" => "it is copied again by itself; where that failed several times, reopen the request: `rightful request reopen ID --source S`",
        CopyPartChanged "copy_part_changed" Transient: "what a data source gave for the copy changed while it was packed" => WAIT,
        CopyOutOfTime "copy_out_of_time" Transient: "the copy could not be packed in the fifteen minutes that one call has" => "it is tried again by itself; where that goes on, the copy is too large: leave a data source out (`rightful request review ID --leave-out --source S`), and fetch its data from the vendor",
        CopyUnwritable "copy_unwritable" Misconfigured: "the copy can't be written" => REPORT,
        ReasonUnreadable "reason_unreadable" Misconfigured: "the reason that was given doesn't open" => "check that the data key is the one that it was sealed with",
        DeliveryConflict "delivery_conflict" Misconfigured: "this demand came before with other content, and the first one became a request" => "see what there is: `rightful request list`; then make it with another key",
        OpenWorkTooMuch "open_work_too_much" Transient: "there is more open work than one run of the reconciliation can count in half of its time" => "give the function `reconcile` more time or memory; requests are brought forward all the same",
        EventChainBroken "event_chain_broken" Misconfigured: "a request's events don't hold together: one was changed, is missing or is out of order" => "compare with a backup, and find out who can write to the table",
        JournalBroken "journal_broken" Misconfigured: "the deployment's journal doesn't hold together: an entry was changed, is missing or is out of order" => "compare with a backup, and find out who can write to the table",
        ReceiptNotKeptYet "receipt_not_kept_yet" Transient: "the request is closed, and its receipt isn't kept yet" => AGAIN,
        IdentifiersUnreadable "identifiers_unreadable" Misconfigured: "the request's identifiers don't open" => "check that the data key is the one that they were sealed with",
        IdentifiersUnwritable "identifiers_unwritable" Misconfigured: "the request's identifiers can't be written" => REPORT,
        NoRandomness "no_randomness" Transient: "this system gives no randomness" => AGAIN,
        RecordsDoNotFit "records_do_not_fit" Misconfigured: "the record ids that are kept are not as many as were found, so a look would prove nothing" => REPORT,
        RecordsUnreadable "records_unreadable" Misconfigured: "the request's record ids don't open" => "check that the data key is the one that they were sealed with",
        RecordsUnwritable "records_unwritable" Misconfigured: "the request's record ids can't be written" => REPORT,
        RequestExists "request_exists" Transient: "a request with this id exists already" => AGAIN,
        RequestNotFound "request_not_found" Misconfigured: "there is no such request" => "`rightful request list` lists them",
        RowSchemaUnknown "row_schema_unknown" Misconfigured: "a row was written by a newer version" => "use the `rightful` of the version that is deployed",
        RowTooLarge "row_too_large" Misconfigured: "a row is larger than DynamoDB takes" => REPORT,
        RowUnreadable "row_unreadable" Misconfigured: "a row of the store can't be read" => "compare it with a backup",
        RowUnwritable "row_unwritable" Misconfigured: "a row can't be written" => REPORT,
        SealingFailed "sealing_failed" Transient: "encrypting failed: this system gives no randomness" => AGAIN,
        TaskNotFound "task_not_found" Misconfigured: "the request has no task at that data source" => "`rightful request show ID` shows its tasks",
        TooMuchContention "too_much_contention" Transient: "other workers kept changing the same rows" => AGAIN,
    }
    Key {
        MessageTooLarge "message_too_large" Misconfigured: "the data to sign is larger than KMS takes" => REPORT,
        ReceiptKeyIsNotEd25519 "receipt_key_is_not_ed25519" Misconfigured: "the receipt key is no Ed25519 key" => OUTPUTS,
        ReceiptUnwritable "receipt_unwritable" Misconfigured: "the receipt can't be written" => REPORT,
        SignatureUnusable "signature_unusable" Misconfigured: "KMS gave no Ed25519 signature" => OUTPUTS,
        TagUnusable "tag_unusable" Misconfigured: "KMS gave no HMAC" => OUTPUTS,
    }
    Aws {
        AwsCredentialsMissing "aws_credentials_missing" Misconfigured: "there are no AWS credentials" => "sign in, or name a profile with --profile",
        AwsRegionMissing "aws_region_missing" Misconfigured: "no AWS region is set" => "name it with --region",
        KeyTableDenied "key_table_denied" Misconfigured: "AWS doesn't let the caller use the table of keys" => ALLOW,
        KeyTableMissing "key_table_missing" Misconfigured: "the table of keys isn't there" => OUTPUTS,
        KeyTableRejected "key_table_rejected" Misconfigured: "DynamoDB rejected a call to the table of keys as invalid" => REPORT,
        KeyTableUnavailable "key_table_unavailable" Transient: "the table of keys can't be reached" => AGAIN,
        KmsDenied "kms_denied" Misconfigured: "AWS doesn't let the caller use the KMS key" => ALLOW,
        KmsKeyMissing "kms_key_missing" Misconfigured: "the KMS key isn't there" => OUTPUTS,
        KmsRejected "kms_rejected" Misconfigured: "KMS rejected a call as invalid" => OUTPUTS,
        KmsUnavailable "kms_unavailable" Transient: "KMS can't be reached" => AGAIN,
        CopyLinkTooLong "copy_link_too_long" Misconfigured: "the link to the copy should work longer than a link can" => DEPLOY,
        FunctionDenied "function_denied" Misconfigured: "AWS doesn't let the console call the function that tries data sources out" => DEPLOY,
        FunctionMissing "function_missing" Misconfigured: "the function that tries data sources out isn't there" => DEPLOY,
        FunctionRejected "function_rejected" Misconfigured: "Lambda rejected a call as invalid" => REPORT,
        FunctionUnavailable "function_unavailable" Transient: "the function that tries data sources out can't be reached" => AGAIN,
        CopiesDenied "copies_denied" Misconfigured: "AWS doesn't let the caller use the bucket of copies" => ALLOW,
        CopiesMissing "copies_missing" Misconfigured: "the bucket of copies isn't there" => OUTPUTS,
        CopiesRejected "copies_rejected" Misconfigured: "S3 rejected a call about a copy as invalid" => REPORT,
        CopiesUnavailable "copies_unavailable" Transient: "the bucket of copies can't be reached" => AGAIN,
        CopyExpired "copy_expired" Misconfigured: "the copy is deleted: its time is over" => "make a new request",
        ReceiptsDenied "receipts_denied" Misconfigured: "AWS doesn't let the caller read the bucket of receipts" => ALLOW,
        ReceiptsMissing "receipts_missing" Misconfigured: "the bucket of receipts isn't there" => OUTPUTS,
        ReceiptsRejected "receipts_rejected" Misconfigured: "S3 rejected a call as invalid" => REPORT,
        ReceiptsUnavailable "receipts_unavailable" Transient: "S3 can't be reached" => AGAIN,
        SecretDenied "secret_denied" Misconfigured: "AWS doesn't let the caller use the secret" => ALLOW,
        SecretRejected "secret_rejected" Misconfigured: "Secrets Manager rejected a call as invalid" => REPORT,
        SecretsUnavailable "secrets_unavailable" Transient: "Secrets Manager can't be reached" => AGAIN,
        StoreBusy "store_busy" Transient: "the store is busy" => AGAIN,
        StoreDenied "store_denied" Misconfigured: "AWS doesn't let the caller use the store" => ALLOW,
        StoreMissing "store_missing" Misconfigured: "the store's table isn't there" => OUTPUTS,
        StoreRejected "store_rejected" Misconfigured: "DynamoDB rejected a call as invalid" => REPORT,
        StoreUnavailable "store_unavailable" Misconfigured: "the store can't be reached" => "check that the deployment runs and that this machine reaches it, then try again",
        TlsUnusable "tls_unusable" Misconfigured: "TLS could not be set up" => REPORT,
        WorkflowDenied "workflow_denied" Misconfigured: "AWS doesn't let the caller start the workflow" => ALLOW,
        WorkflowMissing "workflow_missing" Misconfigured: "the workflow isn't there" => OUTPUTS,
        WorkflowRejected "workflow_rejected" Misconfigured: "Step Functions rejected a call as invalid" => REPORT,
        WorkflowUnavailable "workflow_unavailable" Transient: "Step Functions can't be reached" => WAIT,
        TicketsOutOfTime "tickets_out_of_time" Transient: "there was no time to compare all tickets with what was received" => WAIT,
    }
    Start {
        ChannelUnreadable "channel_unreadable" Misconfigured: "the webhook channel's set-up can't be read" => DEPLOY,
        DeadlineUnreadable "deadline_unreadable" Misconfigured: "Lambda gave the function no time to end by" => REPORT,
        SyntheticEmailMissing "synthetic_email_missing" Misconfigured: "no synthetic request can be made: the deployment has no test address" => "deploy again with the parameter SyntheticEmail",
        SyntheticEmailNotTaken "synthetic_email_not_taken" Misconfigured: "no synthetic request can be made: none of its data sources is searched by an e-mail address" => "deploy again with a data source in SyntheticSources that is",
        SyntheticEmailWrong "synthetic_email_wrong" Misconfigured: "no synthetic request can be made: SyntheticEmail is not one e-mail address" => "deploy again with a test address there",
        SyntheticSourceDisabled "synthetic_source_disabled" Misconfigured: "no synthetic request can be made: SyntheticSources names a data source that is disabled" => "enable it (`rightful source enable ID`), or deploy again with others there",
        SyntheticSourceUnknown "synthetic_source_unknown" Misconfigured: "no synthetic request can be made: SyntheticSources names a data source that isn't there" => "`rightful source list` lists them; deploy again with some of them there, or with none for all",
        SyntheticSourcesWrong "synthetic_sources_wrong" Misconfigured: "no synthetic request can be made: SyntheticSources is no list of data sources' ids" => "deploy again with ids there, with a comma between two of them, or with nothing for all that are enabled",
        SyntheticWithoutSources "synthetic_without_sources" Misconfigured: "no synthetic request can be made: no data source is connected and enabled" => "add one with `rightful source add`",
        PayloadMalformed "payload_malformed" Misconfigured: "the function was called with something that it does not understand" => DEPLOY,
        SettingMissing "setting_missing" Misconfigured: "a setting of the function is missing" => DEPLOY,
        SettingWrong "setting_wrong" Misconfigured: "a setting of the function is wrong" => DEPLOY,
    }
    Call {
        BodyMalformed "body_malformed" Refused: "a member of the body is unknown, missing or wrong; the message names it" => "correct the body: the message names the field",
        BodyTooLarge "body_too_large" Refused: "the body is larger than 256 KiB" => "send less at once",
        BodyUnreadable "body_unreadable" Refused: "the body is marked as base64 and is not base64" => "send JSON in UTF-8",
        ChannelUnknown "channel_unknown" Refused: "there is no such channel" => "name a channel that the deployment has",
        CopyNotThere "copy_not_there" Refused: "there is no copy; the message says why" => "see how the request stands: `rightful request show ID`",
        GroundDoesNotStand "ground_does_not_stand" Refused: "Art. 17(3) is a ground against erasure only" => "refuse on a ground that does: `rightful request review --help` lists them",
        GroundMissing "ground_missing" Refused: "a refusal needs a ground" => "name the ground",
        GroundOutOfPlace "ground_out_of_place" Refused: "only a refusal has a ground" => "leave the ground out",
        IdMalformed "id_malformed" Refused: "the id in the path is malformed" => "give the id as a list shows it",
        IdentifierKindUnknown "identifier_kind_unknown" Refused: "no data source of the request is searched by this kind" => "`rightful connector list` shows the kinds",
        IdentifierMalformed "identifier_malformed" Refused: "the value is not valid for its kind, or could be read in two ways; the message says what to write" => "correct the value: the message says how it is written",
        IdentifierNone "identifier_none" Refused: "no identifier is given, or none has a value" => "give at least one",
        IdentifierNotMissing "identifier_not_missing" Refused: "the data source does not lack its identifier and can be searched: it can't be left out" => "proceed, or refuse",
        IdentifierNotTaken "identifier_not_taken" Refused: "the data source is not searched by this kind, or does not take this value" => "the message names the kinds that it takes",
        KeyConflict "key_conflict" Refused: "the key was sent before with other content; the message names the request that it made" => "use a key of its own for each demand",
        KeyMalformed "key_malformed" Refused: "the key is too long or contains a character that it may not" => "use 1 to 64 printable characters",
        MarkedNotConfirmed "marked_not_confirmed" Refused: "some records show another value than the request's: confirm how many" => "look at them with their fields, then confirm their number",
        MethodNotAllowed "method_not_allowed" Refused: "the path does not take this method" => "use one of those that the answer's `Allow` names",
        Misconfigured "misconfigured" Refused: "the deployment itself is at fault; `cause` says why" => "have its platform engineer look at the console's log",
        MonthsMalformed "months_malformed" Refused: "a deadline is extended by one or two months" => "give 1 or 2",
        NotAccess "not_access" Refused: "an erasure makes no copy" => "make a request for access",
        NotAwaitingReview "not_awaiting_review" Refused: "the task does not wait for a decision. If somebody decided already, the message says who" => "see how it stands: `rightful request show ID`",
        NotErasure "not_erasure" Refused: "the request is for access: nothing is erased for it" => "state that it failed, or leave the data source out",
        NotHandedOver "not_handed_over" Refused: "only the end of a task that was handed to a person, or that can't be searched, can be stated" => "see how it stands: `rightful request show ID`",
        NotLonger "not_longer" Refused: "the deadline is extended by as much already" => "extend it by more, or leave it",
        NothingToChange "nothing_to_change" Refused: "the data source is set up like this already" => "name the change",
        NothingToDo "nothing_to_do" Refused: "every data source was acted on" => "name the one to run again",
        NothingToShow "nothing_to_show" Refused: "there is nothing to show yet" => "see how it stands: `rightful request show ID`",
        ParameterMalformed "parameter_malformed" Refused: "a query parameter is unknown, given twice, or wrong" => "correct it: the message names it",
        ReasonMalformed "reason_malformed" Refused: "the reason is empty or longer than 1,000 characters" => "give a reason of 1 to 1000 characters",
        RecordsChanged "records_changed" Refused: "the data source was searched again after you looked" => "look at it again, then decide",
        RequestSynthetic "request_synthetic" Refused: "the deployment made the request itself, to see that everything works: this can't be done to it" => "nothing: the next one comes by its schedule",
        SearchedAtMissing "searched_at_missing" Refused: "nothing was found, or there are doubtful records, and the body does not say which search you saw: give `searched_at` as it is shown" => "give `searched_at` as it is shown now",
        SetAsideNotConfirmed "set_aside_not_confirmed" Refused: "some records that were set aside may be the person's: confirm how many are not" => "look at them with their fields, then confirm their number",
        SetUpWrong "set_up_wrong" Refused: "a parameter, a field of the secret or the control is wrong or missing; the details say which" => "correct what the details name, then try again",
        SourceChanged "source_changed" Refused: "somebody else changed the data source at the same time" => "look at it again, then change it",
        SourceDisabled "source_disabled" Refused: "the data source is disabled" => "enable it, or leave it out",
        SourceExists "source_exists" Refused: "a data source with this id exists already" => "change that one, or take another id",
        SourceInUse "source_in_use" Refused: "open requests go to the data source" => "let them end first",
        SourceNone "source_none" Refused: "no data source is connected, or none is enabled" => "add one: `rightful source add`",
        SourceNotInRequest "source_not_in_request" Refused: "the request does not go to this data source" => "`rightful request show ID` lists those it goes to",
        SourceUnknown "source_unknown" Refused: "there is no such data source" => "`rightful source list` lists them",
        SourcesMalformed "sources_malformed" Refused: "no data source is named, or one is named twice" => "name each data source once",
        Submitted "submitted" Refused: "something was submitted already" => "let it end",
        TooLate "too_late" Refused: "the first month is over" => "answer the data subject",
        TooManyIdentifiers "too_many_identifiers" Refused: "there are more than 20 identifiers" => "make several requests",
        Unavailable "unavailable" Refused: "a temporary failure: try again" => "try again in a moment",
        UnderWay "under_way" Refused: "a submission is under way, or nobody knows how it ended" => "wait until that is over",
        RouteUnknown "route_unknown" Refused: "the API has no such path" => "call one of the paths that infra/openapi.yaml lists",
        IdentityMissing "identity_missing" Refused: "API Gateway names no IAM identity" => "sign the call with AWS Signature Version 4 as an IAM identity",
        SignInLinksOff "sign_in_links_off" Refused: "the deployment makes no links for signing in" => "sign in with your company's account, or deploy again with ConsoleSignInLinks",
        RoleMissing "role_missing" Refused: "the operator's role does not allow this" => "ask an administrator of your sign-in service for the role",
        BodyNotJson "body_not_json" Refused: "the body is not one JSON object" => "send one JSON object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `StoreBusy` as `store_busy`.
    fn spelled(name: &str) -> String {
        let mut text = String::new();
        for letter in name.chars() {
            if letter.is_ascii_uppercase() && !text.is_empty() {
                text.push('_');
            }
            text.push(letter.to_ascii_lowercase());
        }
        text
    }

    #[test]
    fn a_code_is_spelled_as_it_is_named_and_read_back() {
        let mut seen = BTreeSet::new();
        for (code, name) in Code::ALL.iter().zip(Code::NAMES) {
            assert_eq!(code.as_str(), spelled(name));
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(seen.insert(code.as_str()), "{code} stands twice");
        }
        assert_eq!(Code::parse("brand_new"), None);
    }

    #[test]
    fn a_code_has_a_meaning_and_a_remedy_without_a_full_stop() {
        for code in Code::ALL {
            for text in [code.what(), code.todo()] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
            }
        }
    }
}
