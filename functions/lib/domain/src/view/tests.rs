//! Tests of the views: among other things, that they hold nothing secret.

use crate::base::code::Code;
use crate::base::identifier::IdentifierKind;
use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::duty::acts::May;
use crate::law::deadline::LegalZone;
use crate::law::right::Right;
use crate::model::policy::Policy;
use crate::model::request::{Request, RequestOutcome, RequestState};
use crate::model::rule::{Rule, RuleState};
use crate::model::task::{Asked, Outcome, Task, TaskState, Verdict};
use crate::ports::set_up::{AskedKind, Catalogue};
use crate::vendor::report::RuleStatus;
use crate::view::events::EventPage;
use crate::view::page::At;
use crate::view::request::RequestDetail;
use std::collections::BTreeMap;

use crate::base::identifier::Identifier;
use crate::base::seal::DataKey;
use crate::chain::event::write;
use crate::chain::links::Head;
use crate::model::task::{Decision, Review};
use crate::ports::set_up::Objection;
use zeroize::Zeroizing;

struct Plain;

impl Catalogue for Plain {
    fn knows(&self, connector: &str) -> bool {
        connector == "plain"
    }
    fn kinds(&self, _: &str) -> Vec<AskedKind> {
        vec![AskedKind {
            kind: IdentifierKind::email(),
            description: "the address".to_owned(),
            example: "ann@example.com".to_owned(),
        }]
    }
    fn check_identifier(&self, _: &str, _: &Identifier) -> Result<(), Objection> {
        Ok(())
    }
    fn check_params(&self, _: &str, _: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        Ok(())
    }
    fn target(
        &self,
        connector: &str,
        params: &BTreeMap<String, String>,
    ) -> Result<crate::vendor::target::Target, Vec<Objection>> {
        Ok(crate::vendor::target::Target {
            connector: connector.to_owned(),
            version: 1,
            params: params.clone(),
        })
    }
    fn check_secret(
        &self,
        _: &str,
        _: &BTreeMap<String, Zeroizing<String>>,
        _: &crate::vendor::target::Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        Ok(Zeroizing::default())
    }
    fn secret_name(&self, source: &SourceId) -> String {
        format!("source/{source}")
    }
}

fn now() -> Time {
    Time::parse("2026-11-24T09:30:00Z").unwrap()
}

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
}

fn at() -> At {
    At { now: now(), grace_seconds: 120 }
}

fn request() -> Request {
    let sealed = DataKey::new(&[1; 32]).unwrap().seal("c", b"ann@example.com").unwrap();
    Request {
        schema: 1,
        id: id(),
        right: Right::Erasure,
        state: RequestState::Open,
        revision: 1,
        policy: Policy::Always,
        dry_run: false,
        synthetic: false,
        reference: None,
        origin: "operator".to_owned(),
        sources: vec![SourceId::parse("main").unwrap()],
        identifier_kinds: vec![IdentifierKind::email()],
        not_asked: vec![],
        identifiers: Some(sealed),
        subject: Some(Tag::new("subject-key", &[7; 32])),
        received_at: now(),
        arrived_at: None,
        legal_zone: LegalZone::default(),
        due_at: LegalZone::default().months_after(now(), 1),
        extension: None,
        escalation: None,
        attempt: 1,
        ended: Vec::new(),
        next_due: Some(now()),
        outcome: None,
        closed_at: None,
        receipt_sha256: None,
        forget_at: None,
        forgotten_at: None,
        answer: None,
        reopened: 0,
        copy: None,
        repeats: None,
    }
}

fn task(state: TaskState) -> Task {
    let source = SourceId::parse("main").unwrap();
    Task { state, ..Task::planned(id(), source, "plain".to_owned(), now()) }
}

fn rule(state: RuleState, status: Option<RuleStatus>) -> Rule {
    Rule {
        schema: 1,
        request: id(),
        source: SourceId::parse("main").unwrap(),
        batch: 0,
        attempt: 1,
        repeats: None,
        places: Vec::new(),
        left: vec![0],
        gone: 0,
        looks: 0,
        state,
        revision: 1,
        fence: 1,
        records: 2,
        digest: Tag::new("k", &[3; 32]),
        intent_at: now(),
        intent_until: now(),
        rule_id: Some("r-1".to_owned()),
        status,
        reason: None,
        accepted_at: Some(now()),
        finished_at: None,
        confirmed: 0,
        strangers: 0,
        refused: None,
        claim: None,
    }
}

fn shown(request: &Request, task: &Task, rules: &[Rule]) -> RequestDetail {
    RequestDetail::of(request, &[(task.clone(), rules.to_vec())], at(), &Plain)
}

#[test]
fn nothing_sealed_no_tag_of_a_person_and_no_token_is_shown() {
    let request = request();
    let sealed = request.identifiers.clone().unwrap();
    let digest = Tag::new("k", &[2; 32]);
    let task = Task {
        token: Some("token-of-an-execution".to_owned()),
        found_digest: Some(digest.clone()),
        decision: Some(Decision { by: "ann".to_owned(), at: now(), records: digest }),
        review: Some(Review {
            by: "ann".to_owned(),
            at: now(),
            verdict: Verdict::Proceed,
            reason: sealed.clone(),
        }),
        doubts: Some(sealed.clone()),
        ..task(TaskState::AwaitingReview)
    };
    let sealed = serde_json::to_string(&sealed).unwrap();
    let tag = request.subject.clone().unwrap().mac;
    let text = serde_json::to_string(&shown(&request, &task, &[])).unwrap();
    for hidden in [sealed.trim_matches('"'), tag.as_str(), "token-of-an-execution", "subject-key"] {
        assert!(!hidden.is_empty() && !text.contains(hidden), "{hidden}");
    }
}

#[test]
fn a_view_reads_back_as_it_was_written() {
    let all = shown(&request(), &task(TaskState::Submitted), &[rule(RuleState::Accepted, None)]);
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<RequestDetail>(&text).unwrap(), all);
}

#[test]
fn a_missing_identifier_is_called_by_that_name_and_can_be_given_or_left_out() {
    let task = Task { reason: Some(Code::IdentifierMissing.to_string()), ..task(TaskState::AwaitingReview) };
    let shown = shown(&request(), &task, &[]);
    let one = &shown.tasks[0];
    assert_eq!(one.label, "Missing identifier");
    assert!(one.needs.missing);
    assert_eq!(one.may, [May::Identify, May::Refuse, May::LeaveOut, May::Run]);
    assert_eq!(shown.request.tasks.missing_identifier, 1);
}

#[test]
fn nothing_found_waits_for_a_word_and_is_labelled_so() {
    let task = Task {
        reason: Some(Code::NothingFoundToConfirm.to_string()),
        searched_at: Some(now()),
        asked: Asked { spellings: 3, set_aside: 2, doubtful: 1, ..Asked::default() },
        ..task(TaskState::AwaitingReview)
    };
    let one = shown(&request(), &task, &[]).tasks.remove(0);
    assert_eq!(one.label, "Nothing found: confirm, or give another identifier");
    assert!(one.is_to_be_confirmed() && !one.needs.missing);
    assert_eq!(one.may, [May::Identify, May::Compare, May::Proceed, May::Refuse, May::Run]);
    assert_eq!(one.asked, task.asked);
}

#[test]
fn what_cannot_be_searched_may_be_left_out_or_stated_and_is_told_as_what_it_is() {
    let dead = Task { reason: Some("vendor_unreachable".to_owned()), ..task(TaskState::Planned) };
    let one = shown(&request(), &dead, &[]).tasks.remove(0);
    assert_eq!(one.label, "Can't be searched now: tried again by itself");
    assert_eq!(one.may, [May::Identify, May::LeaveOut, May::Run, May::State]);
    let searching = shown(&request(), &task(TaskState::Planned), &[]).tasks.remove(0);
    assert_eq!((searching.label.as_str(), &searching.may[..]), ("Searching", &[May::Identify, May::Run][..]));
    for (reason, label) in [
        (Code::LeftOutByAPerson, "Left out by a person: it could not be searched"),
        (Code::StatedByAPerson, "Failed, as a person says"),
        (Code::VendorUnreachable, "Failed"),
    ] {
        let ended = Task {
            outcome: Some(Outcome::Failed),
            reason: Some(reason.to_string()),
            ..task(TaskState::Settled)
        };
        assert_eq!(shown(&request(), &ended, &[]).tasks[0].label, label);
    }
}

#[test]
fn what_was_found_waits_for_a_decision_on_exactly_it() {
    let task = Task { found_digest: Some(Tag::new("k", &[2; 32])), ..task(TaskState::AwaitingReview) };
    let shown = shown(&request(), &task, &[]);
    assert_eq!(shown.tasks[0].label, "Waiting for your decision");
    assert_eq!(shown.tasks[0].may, [May::Identify, May::Records, May::Proceed, May::Refuse, May::Run]);
    assert_eq!(
        shown.may,
        [
            May::Identify,
            May::Records,
            May::Identifiers,
            May::Proceed,
            May::Refuse,
            May::Run,
            May::Cancel,
            May::Extend
        ]
    );
}

#[test]
fn the_vendors_own_approval_is_shown_as_what_it_is() {
    let waiting = [rule(RuleState::Accepted, Some(RuleStatus::AwaitingApproval))];
    let mut task = task(TaskState::Submitted);
    task.counts.submitted = 2;
    let shown = shown(&request(), &task, &waiting);
    assert!(shown.tasks[0].awaiting_approval);
    assert_eq!(shown.tasks[0].label, "Waiting for the vendor's own approval");
    assert_eq!(shown.may, [May::Identifiers, May::Extend]);
    let working = [rule(RuleState::Accepted, Some(RuleStatus::Pending))];
    assert_eq!(self::shown(&request(), &task, &working).tasks[0].label, "The vendor works on it");
}

#[test]
fn a_closed_request_may_be_reopened_until_its_person_is_forgotten() {
    let mut request = request();
    request.state = RequestState::Closed;
    request.outcome = Some(RequestOutcome::Failed);
    request.receipt_sha256 = Some("ab".repeat(32));
    request.forget_at = Some(now().plus_seconds(60));
    let task = Task { outcome: Some(Outcome::Failed), ..task(TaskState::Settled) };
    assert_eq!(shown(&request, &task, &[]).may, [May::Identifiers, May::Reopen, May::Receipt]);
    request.forgotten_at = Some(now());
    assert_eq!(shown(&request, &task, &[]).may, [May::Receipt]);
}

#[test]
fn events_are_paged_and_a_broken_chain_is_shown_up_to_where_it_holds() {
    let mut head = Head::start();
    let mut bytes = Vec::new();
    for attempt in 1..=3 {
        let event = write(&head, id(), now(), &Fact::AttemptBegun { attempt }).unwrap();
        head = event.head;
        bytes.push(event.bytes);
    }
    let first = EventPage::of(id(), &bytes, 0, 2);
    assert_eq!((first.items.len(), first.next, first.all), (2, Some(2), 3));
    let second = EventPage::of(id(), &bytes, 2, 2);
    assert_eq!((second.items[0].seq, second.next, second.broken), (3, None, None));
    assert_eq!(second.head, head.hash);
    bytes[2] = b"{}".to_vec();
    let broken = EventPage::of(id(), &bytes, 0, 10);
    assert_eq!((broken.items.len(), broken.broken.unwrap().at), (2, 3));
}
