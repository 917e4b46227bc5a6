//! Any order of answers, faults and crashes: what always holds.

use crate::batches_of;
use proptest::prelude::*;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{Call, FakeVendor, Reply};
use rightful_contract::world::{CANARY, World, erasure, request_id, task_of};
use rightful_domain::event::Fact;
use rightful_domain::life::MAX_ATTEMPTS;
use rightful_domain::operations::TaskRef;
use rightful_domain::request::RequestState;
use rightful_domain::task::{Counts, Outcome, RuleState, TaskState};
use rightful_domain::vendor::{Claim, Fault, RecordId, RuleReport, RuleStatus, Submitted};
use std::collections::{BTreeMap, BTreeSet};

/// What goes wrong, or on, next.
#[derive(Clone, Debug)]
enum Act {
    Find,
    Submit,
    Check,
    Verify,
    Close,
    Reconcile,
    Drive,
    Advance(u64),
    CrashIn(u32),
    Search(Option<Vec<u8>>),
    Answer(u8),
    Status(u8),
    Store(u8),
    Appear(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Find),
        4 => Just(Act::Submit),
        4 => Just(Act::Check),
        4 => Just(Act::Verify),
        2 => Just(Act::Close),
        4 => Just(Act::Reconcile),
        4 => Just(Act::Drive),
        4 => (1u64..90_000).prop_map(Act::Advance),
        3 => (0u32..30).prop_map(Act::CrashIn),
        2 => proptest::option::of(proptest::collection::vec(0u8..6, 0..4)).prop_map(Act::Search),
        3 => (0u8..6).prop_map(Act::Answer),
        3 => (0u8..6).prop_map(Act::Status),
        3 => (0u8..3).prop_map(Act::Store),
        1 => (0u8..6).prop_map(Act::Appear),
    ]
}

fn record(n: u8) -> RecordId {
    RecordId::new(format!("record-{n}"))
}

fn order(world: &World, vendor: &FakeVendor, act: &Act) {
    match act {
        Act::Advance(seconds) => world.clock.advance(*seconds),
        Act::CrashIn(points) => world.gate.crash_at(Some(*points)),
        Act::Search(found) => vendor.set(|state| {
            state.searches.push_back(match found {
                Some(found) => {
                    let found: BTreeSet<RecordId> = found.iter().map(|&n| record(n)).collect();
                    Ok(found.into_iter().collect())
                }
                None => Err(Fault::Unavailable("vendor_unreachable")),
            });
        }),
        Act::Answer(n) => vendor.set(|state| {
            state.submissions.push_back(match n {
                0 => Reply::Says(Submitted::Unknown("timed_out")),
                1 => Reply::Lost,
                2 => Reply::Says(Submitted::Rejected(Fault::Refused("vendor_refused"))),
                3 => Reply::Says(Submitted::NotSent(Fault::Throttled(Some(30)))),
                4 => Reply::Says(Submitted::NotSent(Fault::Unavailable("vendor_unreachable"))),
                _ => Reply::Says(Submitted::Rejected(Fault::Unauthorized)),
            });
        }),
        Act::Status(n) => vendor.set(|state| {
            let says = |status| Ok(RuleReport { status, confirmed: 1, claim: Claim::Anonymised });
            state.statuses.push_back(match n {
                0 => says(RuleStatus::Unknown),
                1 => says(RuleStatus::AwaitingApproval),
                2 => Err(Fault::Unauthorized),
                3 => Err(Fault::RuleNotFound),
                4 => Err(Fault::Throttled(Some(60))),
                _ => says(RuleStatus::Finished),
            });
        }),
        Act::Store(n) => world.store.table().fail_next(&[match n {
            0 => TableFault::Conflict,
            1 => TableFault::LoseAnswer,
            _ => TableFault::LoseCall,
        }]),
        Act::Appear(n) => vendor.holds(CANARY, [format!("record-{n}")]),
        _ => {}
    }
}

async fn work(world: &World, at: &TaskRef, act: &Act) {
    let id = at.request_id;
    let worker = async {
        match act {
            Act::Find => drop(world.find(at).await),
            Act::Submit => drop(world.submit(at).await),
            Act::Check => drop(world.check(at).await),
            Act::Verify => drop(world.verify(at).await),
            Act::Close => drop(world.close(id).await),
            Act::Reconcile => drop(world.reconcile().await),
            Act::Drive => {
                if let Some(execution) = world.workflow.take() {
                    Driver::killed_after(world, 12).run(&execution).await;
                }
            }
            _ => {}
        }
    };
    if !matches!(act, Act::CrashIn(_)) {
        world.gate.until_crash(worker).await;
    }
}

/// What holds after every act.
struct Watch {
    counts: Counts,
    events: usize,
    receipt: Option<Vec<u8>>,
}

impl Watch {
    fn look(&mut self, world: &World, vendor: &FakeVendor, at: &TaskRef, after: &Act) {
        let (task, request) = (world.task(at), world.request(at.request_id));
        let counts = task.counts;
        assert!(counts.found >= self.counts.found, "{after:?}");
        assert!(counts.submitted >= self.counts.submitted, "{after:?}");
        assert!(counts.confirmed >= self.counts.confirmed, "{after:?}");
        assert!(counts.confirmed <= counts.submitted && counts.submitted <= counts.found, "{counts:?}");
        self.counts = counts;
        let events = world.facts(at.request_id).len();
        assert!(events >= self.events, "events are only added");
        self.events = events;
        self.posts(world, vendor, at);
        if request.state == RequestState::Closed {
            assert_eq!(task.state, TaskState::Settled, "closed only when all is settled");
        }
        if task.outcome == Some(Outcome::VerifiedErased) {
            assert_eq!((task.left, task.verified_at.is_some()), (0, true));
            let seen = vendor.last_found().unwrap();
            let submitted: BTreeSet<RecordId> = vendor.posts().into_iter().flatten().collect();
            assert!(seen.iter().all(|record| !submitted.contains(record)), "{seen:?}");
        }
        if task.state == TaskState::Settled {
            let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted];
            assert!(world.rules(at).iter().all(|rule| !open.contains(&rule.state)), "{after:?}");
        }
        if let Some(kept) = &self.receipt {
            assert_eq!(world.receipts.file(at.request_id).as_ref(), Some(kept));
        }
        self.receipt = world.receipts.file(at.request_id);
    }

    /// A record is named again only if it was certainly not sent before, or if a look found it after
    /// the answer was missing; and nothing is posted more often than there were intents.
    fn posts(&self, world: &World, vendor: &FakeVendor, at: &TaskRef) {
        let mut named: BTreeMap<RecordId, usize> = BTreeMap::new();
        for record in vendor.posts().into_iter().flatten() {
            *named.entry(record).or_default() += 1;
        }
        let (mut not_sent, mut left, mut repeats) = (0, 0, BTreeMap::new());
        for fact in world.facts(at.request_id) {
            match fact {
                Fact::NotSent { .. } => not_sent += 1,
                Fact::Resolved { left: found, .. } => left += found,
                Fact::Intended { repeats: Some(_), batch, records, .. } => {
                    // One that was not sent has a second intent for the same records.
                    repeats.insert(batch, records);
                }
                _ => {}
            }
        }
        let repeated: u32 = repeats.values().sum();
        assert!(repeated <= left, "{repeated} named again, {left} found by looks");
        let most = 1 + not_sent + MAX_ATTEMPTS as usize - 1;
        assert!(named.values().all(|times| *times <= most), "{named:?}, {not_sent} certainly not sent");
        assert!(posts(&vendor.journal()) as u64 <= world.task(at).fence);
    }
}

async fn run(acts: Vec<Act>) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = batches_of(2));
    vendor.holds(CANARY, (0..4).map(|n| format!("record-{n}")));
    world.demand(1, &erasure()).await.unwrap();
    let at = task_of(1, "crm");
    let mut watch = Watch { counts: Counts::default(), events: 0, receipt: None };
    for act in &acts {
        order(&world, &vendor, act);
        work(&world, &at, act).await;
        watch.look(&world, &vendor, &at, act);
    }
    // Nothing goes wrong any more: either it ends, or a person has it.
    world.gate.crash_at(None);
    vendor.set(|state| {
        state.searches.clear();
        state.submissions.clear();
        state.statuses.clear();
    });
    Driver::new(&world).reconcile_until_done(request_id(1), 45).await.unwrap();
    watch.look(&world, &vendor, &at, &Act::Reconcile);
    let (task, request) = (world.task(&at), world.request(request_id(1)));
    if task.state == TaskState::Unknown {
        assert_eq!(request.state, RequestState::Open);
        assert!(task.handed_over_at.is_some() && task.next_due.is_some(), "{task:?}");
    } else {
        assert!(request.is_done(), "{request:?} {task:?}");
    }
    let searched = vendor.journal().iter().any(|call| matches!(call, Call::Search(_)));
    assert!(searched || task.outcome == Some(Outcome::Failed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn invariants_3_5_6_hold_for_any_order_of_answers_faults_and_crashes(
        acts in proptest::collection::vec(act(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(acts));
    }
}
