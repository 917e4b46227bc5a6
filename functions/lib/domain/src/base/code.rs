//! Codes: the reason for a state, in a word that is stored and shown.

/// The vendor's answer says that there is more, or may be incomplete.
pub const ANSWER_INCOMPLETE: Code = "vendor_answer_incomplete";

/// The vendor's answer is larger than the connector allows.
pub const ANSWER_TOO_LARGE: Code = "vendor_answer_too_large";

/// A record of the person in a vendor's answer has no readable id.
pub const RECORD_UNREADABLE: Code = "vendor_record_unreadable";

/// Our own limiter delays calls to stay within the vendor's limit.
pub const RATE_LIMITED: Code = "rate_limited";

/// The vendor failed repeatedly; we stop calling it for a while.
pub const CIRCUIT_OPEN: Code = "circuit_open";

/// The vendor's daily quota of calls is used up.
pub const QUOTA_SPENT: Code = "quota_spent";

/// A code of ours: lower-case words with underscores, safe in logs, events and receipts.
pub type Code = &'static str;

/// The target at which a task was searched can't be called any more: no version of the secret belongs to it.
pub const TARGET_LOST: Code = "target_lost";

/// Another request about the same person is being fulfilled at this data source.
pub const OTHER_REQUEST: Code = "other_request_in_progress";

/// The records were submitted as often as allowed, and are still found.
pub const REPEATS_USED_UP: Code = "repeats_used_up";

/// The answer to a submission never came.
pub const ANSWER_MISSING: Code = "answer_never_came";

/// The submission had an effect, but the vendor's reference to it is missing.
pub const REFERENCE_MISSING: Code = "reference_missing";

/// Records are gone although the vendor was asked for a dry run.
pub const GONE_IN_DRY_RUN: Code = "gone_in_dry_run";

/// The vendor says that it finished, but it lists fewer records than we submitted.
pub const NOT_ALL_CONFIRMED: Code = "not_all_confirmed";

/// In each round, looks found records that no decision covers.
pub const RECORDS_KEEP_APPEARING: Code = "records_keep_appearing";

/// A finished rule lists records that were never submitted: another person's records may be erased.
pub const STRANGERS_LISTED: Code = "strangers_listed";

/// A record that was set aside contains the identifier as a whole part: it may be the person's.
pub const SET_ASIDE_DOUBTFUL: Code = "set_aside_doubtful";

/// A look found nothing; a second look must confirm it.
pub const SECOND_LOOK: Code = "second_look";

/// The search did not find the data source's control, so it proves nothing.
pub const CONTROL_NOT_FOUND: Code = "control_not_found";

/// A person left out a data source that can't be searched.
pub const LEFT_OUT: Code = "left_out_by_a_person";

/// A person established the outcome and recorded it.
pub const STATED_BY_A_PERSON: Code = "stated_by_a_person";

/// Records in the decision were gone before they could be copied.
pub const RECORDS_GONE: Code = "records_gone";

/// A reviewer refused.
pub const REFUSED_BY_REVIEWER: Code = "refused_by_reviewer";

/// The identifier that a data source needs is missing.
pub const IDENTIFIER_MISSING: Code = "identifier_missing";

/// The search found nothing; a person must confirm it or give another identifier.
pub const NOTHING_FOUND: Code = "nothing_found_to_confirm";

/// An identifier that was given for this data source alone finds nothing there: it may be wrong.
pub const IDENTIFIER_FOUND_NOTHING: Code = "identifier_found_nothing";

/// The task's data source has pointed elsewhere since the search.
pub const SOURCE_MOVED: Code = "source_moved";

/// The task leaves nothing to decide.
pub const TASK_OVER: Code = "task_over";
