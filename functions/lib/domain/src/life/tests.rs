//! Properties of the life under any order of events.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::identifier::IdentifierKind;
use crate::base::seal::{Sealed, Tag};
use crate::base::time::Time;
use crate::base::waits::Waits;
use crate::law::ground::RefusalGround;
use crate::law::right::Right;
use crate::life::event::Effect;
use crate::life::event::{LifeEvent, Ruling};
use crate::life::plan::{MAX_ATTEMPTS, Plan, plan};
use crate::life::rows::Life;
use crate::life::search::MOST_ROUNDS;
use crate::life::step::step;
use crate::life::terms::Terms;
use crate::model::limit::Slot;
use crate::model::rule::RuleState;
use crate::model::task::{Asked, Outcome, Task, TaskState};
use crate::vendor::fault::Fault;
use crate::vendor::port::Capabilities;
use crate::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use crate::vendor::target::Target;

use crate::base::ids::{RequestId, SourceId};
use crate::model::policy::Policy;
use crate::vendor::call_limits::CallLimits;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn noon() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

fn vendor(searchable: bool) -> Capabilities {
    let waits = Waits { first_seconds: 2, longest_seconds: 3600 };
    Capabilities {
        title: "Plain".to_owned(),
        target: target(),
        ignores_case: Vec::new(),
        states_whole: true,
        control: None,
        identifiers: if searchable { vec![IdentifierKind::email()] } else { Vec::new() },
        rights: vec![Right::Erasure, Right::Access],
        export: None,
        dry_run: true,
        batch_size: 2,
        max_records: 100,
        call_timeout_seconds: 20,
        status_waits: waits,
        verify_waits: waits,
        verify_looks: 3,
        unknown_waits: waits,
        unknown_looks: 2,
        unknown_repeats: true,
        deadline_seconds: 20 * 24 * 3600,
        search_tries: 5,
        call_limits: CallLimits::default(),
    }
}

fn target() -> Target {
    Target { connector: "plain".to_owned(), version: 1, params: BTreeMap::new() }
}

fn ann() -> Actor {
    Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap()
}

fn sealed() -> Sealed {
    serde_json::from_str("\"c2VhbGVk\"").unwrap()
}

fn planned() -> Life {
    let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
    let source = SourceId::parse("crm").unwrap();
    Life { task: Task::planned(id, source, "plain".to_owned(), noon()), rules: Vec::new() }
}

/// Any event, accepted in this state or not; `n` chooses within it.
fn event(kind: u8, n: u8, life: &Life, now: Time) -> LifeEvent {
    let fence = 1 + u64::from(n) % life.task.fence.max(1);
    let fault = match n % 3 {
        0 => Fault::Unavailable(Code::VendorUnreachable),
        1 => Fault::Throttled(Some(30)),
        _ => Fault::Unauthorized,
    };
    let found: Vec<u32> = (0..life.task.counts.found).filter(|place| (n >> (place % 8)) & 1 == 1).collect();
    let report = |done: bool| RuleReport {
        status: if done { RuleStatus::Finished } else { RuleStatus::Unknown },
        confirmed: usize::from(n),
        strangers: usize::from(n % 16 == 7),
        claim: Claim::Anonymised,
    };
    match kind {
        0 => {
            let digest = Tag::new("k", &[n]);
            let asked = Asked {
                spellings: 1,
                may_be_part: n.is_multiple_of(2),
                marked: u32::from(n % 16 == 3),
                doubtful: u32::from(n % 16 == 5),
                set_aside: u32::from(n % 8 == 5),
            };
            let records = 1 + u32::from(n % 5);
            let (target, doubts) = (target(), None);
            LifeEvent::Found { records, chunks: 1, digest, began: now, target, asked, doubts }
        }
        1 if fault.is_put_off() => LifeEvent::HeldBack { fault, slot: None, asked_to: None },
        1 => LifeEvent::SearchFailed(fault),
        2 => LifeEvent::LeaseBusy,
        3 => {
            let slot = n.is_multiple_of(2).then_some(Slot { place: u64::from(n), calls: 1 });
            let asked_to = n.is_multiple_of(3).then_some(u32::from(n % 4));
            LifeEvent::HeldBack { fault: Fault::Paused(Code::RateLimited, u64::from(n)), slot, asked_to }
        }
        4..=6 => {
            LifeEvent::Intend { digest: Tag::new("k", &[n]), until: now.plus_seconds(30), lease: Some(1) }
        }
        7 => LifeEvent::Answered { fence, answer: Submitted::Unknown(Code::VendorTimedOut) },
        8 => LifeEvent::Answered { fence, answer: Submitted::NotSent(fault) },
        9 => LifeEvent::Answered { fence, answer: Submitted::Rejected(fault) },
        10 | 11 => {
            let answer =
                Submitted::Accepted { rule_id: format!("rule-{fence}"), status: RuleStatus::Pending };
            LifeEvent::Answered { fence, answer }
        }
        12 => LifeEvent::AnswerMissing,
        13 => LifeEvent::CannotSend { code: Code::SecretMissing, outcome: Outcome::Failed },
        14 => LifeEvent::AllSent,
        15 => {
            LifeEvent::Told(life.rules.iter().map(|rule| (rule.batch, report(n.is_multiple_of(2)))).collect())
        }
        16 => LifeEvent::Asked { fault: None, strange: n.is_multiple_of(2), asked_to: None },
        17 => LifeEvent::Asked { fault: Some(fault), strange: false, asked_to: Some(u32::from(n % 4)) },
        18 => LifeEvent::CannotAsk(Code::SecretMissing),
        19 => LifeEvent::CannotLook { code: Code::VendorUnreachable, wait: u64::from(n) },
        20 => LifeEvent::SearchAgain { fence: 2 },
        21 => LifeEvent::IdentifierMissing { began: now },
        22 => {
            let verdict = match n % 3 {
                0 => Ruling::Refuse(RefusalGround::LegalClaims),
                1 => Ruling::LeaveOut,
                _ => Ruling::Proceed,
            };
            LifeEvent::Reviewed { by: ann(), verdict, reason: sealed() }
        }
        23 => LifeEvent::Identified { by: ann(), kind: IdentifierKind::email() },
        24 => LifeEvent::RunAgain { by: ann() },
        25 => LifeEvent::CalledOff,
        26 => LifeEvent::Stated { by: ann(), erased: n.is_multiple_of(2) },
        27 => LifeEvent::Copied { records: u32::from(n % 6), appeared: u32::from(n % 2) },
        28 if fault.is_put_off() => LifeEvent::HeldBack { fault, slot: None, asked_to: None },
        28 => LifeEvent::CopyFailed(fault),
        29 => LifeEvent::CannotCopy(Code::CredentialsRejected),
        30 => LifeEvent::Waits { token: "token".to_owned() },
        31 => LifeEvent::SearchEnded {
            began: now,
            outcome: if n.is_multiple_of(2) { Outcome::NothingFound } else { Outcome::Failed },
            reason: None,
            found: 0,
            target: Some(target()),
            asked: Asked { doubtful: u32::from(n % 8 == 2), set_aside: 1, ..Asked::default() },
            doubts: None,
        },
        32 => LifeEvent::TargetChanged,
        33 => {
            let (rule_id, status) = (format!("rule-{fence}"), RuleStatus::Pending);
            LifeEvent::Answered {
                fence,
                answer: Submitted::Doubtful { rule_id, status, code: Code::DryRunNotAsked },
            }
        }
        34 => {
            LifeEvent::Answered { fence, answer: Submitted::Rejected(Fault::Refused(Code::VendorNotFound)) }
        }
        35 => LifeEvent::SearchFailed(Fault::Refused(Code::VendorNotFound)),
        36 => LifeEvent::CannotOpen(Code::SecretDenied),
        _ => {
            let asked = Asked { doubtful: u32::from(n % 32 == 9), set_aside: 1, ..Asked::default() };
            let appeared = u32::from(n % 3 == 1);
            let unseen = asked.doubtful;
            LifeEvent::Looked { found, appeared, asked, unseen, controlled: n.is_multiple_of(4) }
        }
    }
}

fn holds(
    before: &Life,
    told: &LifeEvent,
    (after, effects): (&Life, &[Effect]),
    terms: &Terms<'_>,
    now: Time,
) {
    let (old, task) = (&before.task, &after.task);
    let intents = after.rules.iter().filter(|rule| rule.state == RuleState::Intent).count();
    assert!(intents <= 1, "invariant 3: one POST in flight");
    assert!(after.rules.iter().all(|rule| rule.attempt <= MAX_ATTEMPTS));
    let counts = task.counts;
    assert!(counts.confirmed <= counts.submitted && counts.submitted <= counts.found, "{counts:?}");
    let restarts = matches!(told, LifeEvent::Identified { .. } | LifeEvent::RunAgain { .. });
    let counts_anew = restarts || task.state == TaskState::Copying;
    if !counts_anew && old.state != TaskState::Copying {
        let (all, before) = (task.all_counts(), old.all_counts());
        assert!(all.submitted >= before.submitted && all.confirmed >= before.confirmed);
    }
    assert!(task.earlier.as_ref().is_none_or(|earlier| earlier.rounds <= MOST_ROUNDS));
    if restarts {
        assert!(task.first_batch >= old.first_batch && after.rules.len() <= before.rules.len());
        let under_way = [TaskState::Submitting, TaskState::Submitted, TaskState::Verifying];
        assert!(!under_way.contains(&old.state) || task == old, "no run beside another one");
    }
    if task.decision != old.decision
        && let Some(decision) = &task.decision
    {
        let by = &decision.by;
        let unattended = terms.dry_run && task.policy == Policy::Auto;
        let doubtful = !unattended && (task.asked.marked > 0 || task.asked.doubtful > 0);
        let wanted = task.policy.wants_review(counts.found) || doubtful;
        assert_eq!(by.starts_with("policy:"), !wanted, "invariant 2");
        assert_eq!(Some(&decision.records), task.found_digest.as_ref());
    }
    assert!(task.fence >= old.fence && task.revision == old.revision);
    for effect in effects {
        if let Effect::Post { fence, .. } = effect {
            assert!(matches!(plan(before, now), Plan::Send(_)), "only what is to be sent");
            assert_eq!((*fence, old.fence + 1), (task.fence, task.fence), "each its own fence");
        }
    }
    if old.state == TaskState::Settled && !restarts {
        assert_eq!((task.state, task.outcome), (TaskState::Settled, old.outcome), "settled for good");
    }
    if task.state == TaskState::Settled {
        assert!(task.outcome.is_some() && task.lease.is_none(), "ended, and its lease given back");
        let stated = task.reason.as_deref() == Some(Code::StatedByAPerson.as_str());
        let tolerates = stated || terms.right == Right::Access;
        assert!(tolerates || !after.has_unanswered(), "invariant 3: nothing unknown is settled");
        // Records seen to be gone, or still there after a dry run, show the end of every intent.
        let seen = matches!(task.outcome, Some(Outcome::VerifiedErased | Outcome::DryRun));
        assert!(tolerates || seen || !after.has_unknown_end(), "invariant 3: {after:?}");
    }
    if task.target != old.target && old.target.is_some() {
        assert!(restarts || !before.stands_on_its_target(), "invariant 2: a run stays at its target");
    }
    assert!(task.next_due.is_some(), "invariant 5: somebody looks");
    if task.outcome == Some(Outcome::VerifiedErased) {
        assert_eq!((task.left, task.appeared), (0, 0), "invariant 4: seen to be gone, all of them");
        assert!(task.assurance.is_some(), "one look without a control proves nothing");
        assert_eq!(task.strangers, 0, "a person sees to what was never submitted");
    }
    let searchable = terms.vendor.is_some_and(|vendor| !vendor.identifiers.is_empty());
    if task.state == TaskState::Unknown && searchable {
        assert!(
            task.handed_over_at.is_some() || after.wants_look(now),
            "invariant 5: a machine or a person: {after:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn invariants_3_to_6_hold_for_any_events_in_any_order(
        dry_run in any::<bool>(),
        searchable in any::<bool>(),
        access in any::<bool>(),
        exports in any::<bool>(),
        policy in prop_oneof![Just(Policy::Auto), Just(Policy::Always), Just(Policy::Over(2))],
        events in prop::collection::vec((0u8..43, any::<u8>(), 0u64..100_000), 1..80),
    ) {
        let export = exports.then(|| "the vendor's page".to_owned());
        let vendor = Capabilities { export, ..vendor(searchable) };
        let due_at = noon().plus_seconds(30 * 24 * 3600);
        let right = if access { Right::Access } else { Right::Erasure };
        let terms = Terms { grace_seconds: 120, right, dry_run, due_at, vendor: Some(&vendor) };
        let (mut life, mut now) = (planned(), noon());
        life.task.policy = policy;
        for (kind, n, passed) in events {
            now = now.plus_seconds(passed);
            let told = event(kind, n, &life, now);
            let (after, effects) = step(&life, told.clone(), now, &terms);
            holds(&life, &told, (&after, &effects), &terms, now);
            life = after;
        }
    }
}
