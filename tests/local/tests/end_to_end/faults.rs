//! Faults of the vendor: each ends in its own named outcome or state, and the sandbox's journal proves what
//! was erased.

use anyhow::Result;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::{RequestOutcome, RequestState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_local_tests::webhook::send;
use rightful_local_tests::{Options, Stack};
use rightful_sandbox::{Fault, FaultKind, On, Profile};

/// Looks for the effect of an unanswered erasure, as early as a data source can set them.
const QUICK_LOOKS: [&str; 2] = ["unknown_wait_seconds=1", "unknown_looks=2"];

const JOAO: &str = "joao@qualifio.com";

/// A person for each case, so that one stack serves all.
async fn person(stack: &Stack, name: &str) -> Result<String> {
    let email = format!("{name}@faults.example");
    let profiles = [Profile::named(0, "A", name, &email), Profile::named(0, "B", name, &email)];
    stack.sandbox.add_profiles(&profiles).await?;
    Ok(email)
}

/// How many submissions about a person reached the vendor, and how many of their records remain.
async fn effect(stack: &Stack, email: &str, ids: &[u64]) -> Result<(usize, usize)> {
    let journal = stack.sandbox.journal().await?;
    let posts =
        journal.calls_of("submit").iter().filter(|call| call.ids.iter().any(|id| ids.contains(id))).count();
    Ok((posts, stack.sandbox.profiles(email).await?.len()))
}

async fn begin(stack: &Stack, name: &str, faults: &[Fault]) -> Result<(RequestId, String, Vec<u64>)> {
    let email = person(stack, name).await?;
    let ids = stack.sandbox.profiles(&email).await?.iter().map(|profile| profile.id).collect();
    for fault in faults {
        stack.sandbox.fault(&fault.clone().about(&email)).await?;
    }
    let id = send(stack, &email, &format!("F-{name}")).await?;
    Ok((id, email, ids))
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_and_erases_once() -> Result<()> {
    let stack = Stack::up("faults-passing", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let throttled = || FaultKind::Throttled { retry_after: Some("1".to_owned()) };
    let broken = || FaultKind::ServerError { status: 500, apply: false };
    for (name, fault) in [
        ("search-throttled", Fault::new(On::Search, throttled()).once()),
        ("search-500", Fault::new(On::Search, broken()).once()),
        ("search-malformed", Fault::new(On::Search, FaultKind::Malformed { apply: true }).once()),
        ("submit-throttled", Fault::new(On::Submit, throttled()).once()),
        ("status-throttled", Fault::new(On::Status, throttled()).once()),
        ("status-500", Fault::new(On::Status, broken()).once()),
        ("status-malformed", Fault::new(On::Status, FaultKind::Malformed { apply: true }).once()),
        ("slow", Fault::new(On::Submit, FaultKind::Slow { ms: 1500 }).once()),
        ("search-html", Fault::new(On::Search, FaultKind::Html { apply: false }).once()),
        ("search-reset", Fault::new(On::Search, FaultKind::ResetBefore {}).once()),
        ("search-twice-the-same", Fault::new(On::Search, FaultKind::DuplicateId {}).once()),
        ("status-404", Fault::new(On::Status, FaultKind::NotFound {}).once()),
        ("status-of-another", Fault::new(On::Status, FaultKind::WrongRule {}).once()),
        ("status-slow", Fault::new(On::Status, FaultKind::Slow { ms: 1500 }).once()),
        ("look-500", Fault::new(On::Search, broken()).skip(1).once()),
        ("look-stale", Fault::new(On::Search, FaultKind::StaleSearch { ms: 1500 })),
    ] {
        let (id, email, ids) = begin(&stack, name, &[fault]).await?;
        let (request, task) = stack.closed(id).await?;
        assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "{name}");
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{name}");
        let erased = stack.erasures(&ids).await?;
        assert_eq!((erased, effect(&stack, &email, &ids).await?.1), (2, 0), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn invariant_3_an_ambiguous_submission_is_resolved_by_looking_and_erases_each_record_once() -> Result<()>
{
    let stack = Stack::up("faults-ambiguous", Options::default())?;
    stack.add_source("qualifio-main", &QUICK_LOOKS)?;
    for (name, kind, reason, taken) in [
        ("reset-after", FaultKind::ResetAfter {}, "vendor_connection_lost", true),
        ("reset-before", FaultKind::ResetBefore {}, "vendor_connection_lost", false),
        ("error-after", FaultKind::ServerError { status: 500, apply: true }, "vendor_server_error", true),
        ("error-before", FaultKind::ServerError { status: 503, apply: false }, "vendor_server_error", false),
        ("malformed", FaultKind::Malformed { apply: true }, "vendor_answer_unreadable", true),
        ("no-id", FaultKind::EmptyId {}, "vendor_answer_unreadable", true),
        ("login-page", FaultKind::Html { apply: false }, "vendor_answer_unreadable", false),
        ("huge", FaultKind::Huge { bytes: 20_000_000, apply: true }, "vendor_answer_too_large", true),
        (
            "redirected",
            FaultKind::Redirect { location: "http://127.0.0.1:1/".to_owned(), status: 307 },
            "vendor_redirected",
            false,
        ),
        ("never-answered", FaultKind::TimeoutAfter { hold_ms: 60_000 }, "vendor_timed_out", true),
        ("never-taken", FaultKind::TimeoutBefore { hold_ms: 60_000 }, "vendor_timed_out", false),
    ] {
        let (id, email, ids) = begin(&stack, name, &[Fault::new(On::Submit, kind).once()]).await?;
        let (request, task) = stack.closed(id).await?;
        assert_eq!(request.outcome, Some(RequestOutcome::Fulfilled), "{name}");
        // Where a later rule confirmed every record, nothing is missing.
        let missing = taken.then_some(Code::ReferenceMissing.as_str());
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(Outcome::VerifiedErased), missing),
            "{name}"
        );
        let facts = stack.facts(id).await?;
        let unknown = facts.iter().find_map(|fact| match fact {
            Fact::BecameUnknown { reason, .. } => Some(reason.as_str()),
            _ => None,
        });
        assert_eq!(unknown, Some(reason), "{name}");
        // A batch that the vendor took is not sent again; one that it did not take is, after looks that found
        // its records.
        let (posts, left) = effect(&stack, &email, &ids).await?;
        assert_eq!((posts, left), (if taken { 1 } else { 2 }, 0), "{name}");
        assert_eq!(stack.erasures(&ids).await?, ids.len(), "{name}: each once");
    }
    Ok(())
}

#[tokio::test]
async fn one_refusal_is_no_vendors_last_word() -> Result<()> {
    let stack = Stack::up("faults-refused", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    for (name, fault, state, reason, posts) in [
        (
            "search-401",
            Fault::new(On::Search, FaultKind::Unauthorized {}),
            TaskState::Planned,
            Some("credentials_rejected"),
            0,
        ),
        (
            "search-403",
            Fault::new(On::Search, FaultKind::Forbidden {}),
            TaskState::Planned,
            Some("vendor_forbidden"),
            0,
        ),
        (
            "submit-401",
            Fault::new(On::Submit, FaultKind::Unauthorized {}),
            TaskState::Submitting,
            Some("credentials_rejected"),
            1,
        ),
        // A look found the records still there; the submission is repeated in half a minute.
        ("submit-400", Fault::new(On::Submit, FaultKind::BadRequest {}), TaskState::Submitting, None, 1),
    ] {
        let (id, email, ids) = begin(&stack, name, &[fault]).await?;
        let waits = |task: &Task| {
            task.state == state && task.reason.as_deref() == reason && task.not_before.is_some()
        };
        let (request, task) = stack.until(id, |_, task| waits(task)).await?;
        assert_eq!((request.state, task.outcome), (RequestState::Open, None), "{name}");
        let (sent, left) = effect(&stack, &email, &ids).await?;
        assert!(sent <= posts, "{name}: {sent}");
        assert_eq!(left, 2, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_vendor_that_lies_is_found_out() -> Result<()> {
    let stack = Stack::up("faults-lies", Options { wait_scale: 0.02, ..Options::default() })?;
    stack.add_source("qualifio-main", &["verify_looks=3"])?;
    let (id, ..) = begin(&stack, "lies", &[Fault::new(On::Submit, FaultKind::Lies {})]).await?;
    let (request, task) = stack.closed(id).await?;
    assert_eq!(task.outcome, Some(Outcome::StillPresent));
    assert_eq!(task.left, 2);
    assert_eq!(request.outcome, Some(RequestOutcome::Failed));

    let (id, email, _) =
        begin(&stack, "reappears", &[Fault::new(On::Submit, FaultKind::Reappears {})]).await?;
    // Records that appear are decided in rounds of their own; a person gets a task whose records keep
    // appearing.
    let (request, task) = stack.until(id, |_, task| task.handed_over_at.is_some()).await?;
    assert_eq!(task.reason.as_deref(), Some("records_keep_appearing"));
    assert_eq!(
        (request.state, task.outcome, task.earlier.map(|one| one.rounds)),
        (RequestState::Open, None, Some(3))
    );
    assert!(!stack.sandbox.profiles(&email).await?.is_empty());

    let fault = Fault::new(On::Submit, FaultKind::MissingCrmIds { n: 1 });
    let (id, ..) = begin(&stack, "short-list", &[fault]).await?;
    let (_, task) = stack.closed(id).await?;
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    assert_eq!((task.counts.submitted, task.counts.confirmed), (2, 1));
    assert_eq!(task.reason.as_deref(), Some("not_all_confirmed"));
    Ok(())
}

#[tokio::test]
async fn invariant_4_an_unknown_status_is_never_success() -> Result<()> {
    let stack = Stack::up("faults-status", Options { wait_scale: 0.02, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    let strange = FaultKind::UnknownStatus { value: "ARCHIVED".to_owned() };
    let (id, ..) = begin(&stack, "strange", &[Fault::new(On::Status, strange).times(5)]).await?;
    let polled = |task: &Task| task.polls >= 3 && task.state == TaskState::Submitted;
    let (request, task) = stack.until(id, |_, task| polled(task)).await?;
    assert_eq!((request.state, task.outcome), (RequestState::Open, None));
    assert_eq!(task.reason.as_deref(), Some("vendor_status_unknown"));
    // When the vendor answers with a known status again, the task continues.
    let (_, task) = stack.closed(id).await?;
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    Ok(())
}

#[tokio::test]
async fn a_vendor_that_never_finishes_is_asked_ever_more_rarely() -> Result<()> {
    let stack = Stack::up("faults-never", Options { wait_scale: 0.02, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    let (id, ..) = begin(&stack, "never", &[Fault::new(On::Submit, FaultKind::NeverFinishes {})]).await?;
    let (request, task) = stack.until(id, |_, task| task.polls >= 4).await?;
    assert_eq!((request.state, task.state, task.outcome), (RequestState::Open, TaskState::Submitted, None));
    let wait = stack.task(id).await?.next_due.map(|due| request.received_at.seconds_until(due));
    assert!(wait > Some(600), "the next look is no further away than the grace: {wait:?}");
    Ok(())
}

#[tokio::test]
async fn a_dry_run_that_the_vendor_does_not_confirm_is_unknown_and_in_the_end_a_persons() -> Result<()> {
    let stack = Stack::up("faults-dry-run", Options::default())?;
    stack.add_source("qualifio-main", &QUICK_LOOKS)?;
    stack.sandbox.fault(&Fault::new(On::Submit, FaultKind::IgnoresTest {}).once()).await?;
    let mut body = rightful_local_tests::webhook::ticket(JOAO, "F-dry");
    body["dry_run"] = true.into();
    let answer = rightful_local_tests::webhook::zendesk(&stack, body.to_string().as_bytes(), 0).await?;
    let id = rightful_local_tests::webhook::request_id(&answer)?;
    let (request, task) = stack.unknown(id).await?;
    assert_eq!((request.state, request.dry_run), (RequestState::Open, true));
    assert_eq!(task.reason.as_deref(), Some("dry_run_not_confirmed"));
    // The vendor treated it as a real erasure: a person gets it, and it is never reported as a dry run.
    assert!(task.handed_over_at.is_some() && task.outcome.is_none());
    let rules = stack.sandbox.rules().await?;
    assert_eq!(rules.len(), 1, "it is never sent again, and its rule is known");
    Ok(())
}

#[tokio::test]
async fn a_rule_that_waits_for_the_vendors_approval_is_waited_for() -> Result<()> {
    let stack = Stack::up("faults-approval", Options { wait_scale: 0.02, ..Options::default() })?;
    stack.add_source("qualifio-main", &["direct=false"])?;
    let id = send(&stack, JOAO, "F-approval").await?;
    stack.until(id, |_, task| task.polls >= 2).await?;
    assert_eq!(stack.sandbox.profiles(JOAO).await?.len(), 3);
    let rules = stack.sandbox.rules().await?;
    stack.sandbox.approve(rules[0]["_id"].as_str().unwrap_or_default()).await?;
    let (_, task) = stack.closed(id).await?;
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased));
    Ok(())
}

#[tokio::test]
async fn an_unreachable_vendor_loses_nothing() -> Result<()> {
    let stack = Stack::up(
        "faults-unreachable",
        Options { grace_seconds: 1, wait_scale: 0.02, ..Options::default() },
    )?;
    // Port 9 on loopback: nobody listens.
    stack.add_source("qualifio-main", &["base_url=http://127.0.0.1:9"])?;
    let id = send(&stack, JOAO, "F-unreachable").await?;
    let (request, task) = stack.until(id, |_, task| task.tries >= 3).await?;
    assert_eq!((request.state, task.state), (RequestState::Open, TaskState::Planned));
    assert_eq!(task.reason.as_deref(), Some("vendor_unreachable"));
    assert!(task.next_due.is_some());
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_that_persons_matter_and_no_other_s() -> Result<()> {
    let stack = Stack::up("faults-huge", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let huge = Fault::new(On::Search, FaultKind::Huge { bytes: 20_000_000, apply: false });
    // More of them than the breaker allows failures.
    for n in 0..6 {
        let (id, _, ids) = begin(&stack, &format!("huge-{n}"), std::slice::from_ref(&huge)).await?;
        let (_, task) = stack.closed(id).await?;
        assert_eq!(
            (task.outcome, task.reason.as_deref()),
            (Some(Outcome::Failed), Some("vendor_answer_too_large"))
        );
        assert_eq!(stack.erasures(&ids).await?, 0);
    }
    let (id, _, ids) = begin(&stack, "other", &[]).await?;
    let (_, task) = stack.closed(id).await?;
    assert_eq!((task.outcome, stack.erasures(&ids).await?), (Some(Outcome::VerifiedErased), 2));
    Ok(())
}

#[tokio::test]
async fn too_many_records_for_one_person_are_nobodys_records() -> Result<()> {
    let stack = Stack::up("faults-many", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let profiles: Vec<Profile> =
        (0..1001).map(|n| Profile::named(0, &format!("P{n}"), "Many", "many@faults.example")).collect();
    stack.sandbox.add_profiles(&profiles).await?;
    let id = send(&stack, "many@faults.example", "F-many").await?;
    let (_, task) = stack.closed(id).await?;
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("too_many_records")));
    assert!(stack.sandbox.journal().await?.calls_of("submit").is_empty());
    Ok(())
}
