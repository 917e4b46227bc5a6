//! Properties that hold for any order of answers, faults, crashes and people's acts.

use crate::stage::{access, batches_of, bob};
use proptest::prelude::*;
use rightful_contract::driver::{Driver, posts};
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{Call, FakeVendor, Reply};
use rightful_contract::world::{CANARY, World, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::owner::is_persons;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::law::right::Right;
use rightful_domain::life::{MAX_ATTEMPTS, Ruling};
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::request::RequestState;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Counts, Outcome, TaskState, Verdict};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use std::collections::{BTreeMap, BTreeSet};

/// The next fault, or the next step.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Search,
    Submit,
    CheckStatus,
    Look,
    Close,
    Reconcile,
    Drive,
    Advance(u64),
    CrashIn(u32),
    Found(Option<Vec<u8>>),
    Answer(u8),
    Status(u8),
    Store(u8),
    Appear(u8),
    Review(Option<Ruling>),
    Identify(u8),
    RunAgain,
    Reopen,
    Cancel,
    State(bool),
    TimeOut,
    WorkflowDown,
}

/// The identifiers that a person gives in place of the canary's.
const OTHERS: [&str; 2] = ["other@example.com", "nobody@example.com"];

/// The acts of people, and the fate of the executions that wait for them.
pub(crate) fn act_of_people() -> impl Strategy<Value = Act> {
    let ruling = prop_oneof![
        6 => Just(Some(Ruling::Proceed)),
        1 => Just(Some(Ruling::Refuse(RefusalGround::UnfoundedOrExcessive))),
        1 => Just(Some(Ruling::LeaveOut)),
        // On an earlier view.
        1 => Just(None),
    ];
    prop_oneof![
        24 => act(),
        8 => ruling.prop_map(Act::Review),
        2 => (0u8..3).prop_map(Act::Identify),
        2 => Just(Act::RunAgain),
        2 => Just(Act::Reopen),
        1 => Just(Act::Cancel),
        2 => any::<bool>().prop_map(Act::State),
        1 => Just(Act::TimeOut),
        1 => Just(Act::WorkflowDown),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Search),
        4 => Just(Act::Submit),
        4 => Just(Act::CheckStatus),
        4 => Just(Act::Look),
        2 => Just(Act::Close),
        4 => Just(Act::Reconcile),
        4 => Just(Act::Drive),
        4 => (1u64..90_000).prop_map(Act::Advance),
        3 => (0u32..30).prop_map(Act::CrashIn),
        2 => proptest::option::of(proptest::collection::vec(0u8..6, 0..4)).prop_map(Act::Found),
        3 => (0u8..6).prop_map(Act::Answer),
        3 => (0u8..6).prop_map(Act::Status),
        3 => (0u8..3).prop_map(Act::Store),
        1 => (0u8..6).prop_map(Act::Appear),
    ]
}

fn record(n: u8) -> RecordId {
    RecordId::new(format!("record-{n}"))
}

pub(crate) fn order(world: &World, vendor: &FakeVendor, act: &Act) {
    match act {
        Act::Advance(seconds) => world.clock.advance(*seconds),
        Act::CrashIn(points) => world.gate.crash_at(Some(*points)),
        Act::Found(found) => vendor.set(|state| {
            state.searches.push_back(match found {
                Some(found) => {
                    let found: BTreeSet<RecordId> = found.iter().map(|&n| record(n)).collect();
                    Ok(found.into_iter().collect())
                }
                None => Err(Fault::Unavailable(Code::VendorUnreachable)),
            });
        }),
        Act::Answer(n) => vendor.set(|state| {
            state.submissions.push_back(match n {
                0 => Reply::Says(Submitted::Unknown(Code::VendorTimedOut)),
                1 => Reply::Lost,
                2 => Reply::Says(Submitted::Rejected(Fault::Refused(Code::VendorRefused))),
                3 => Reply::Says(Submitted::NotSent(Fault::Throttled(Some(30)))),
                4 => Reply::Says(Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable))),
                _ => Reply::Says(Submitted::Rejected(Fault::Unauthorized)),
            });
        }),
        Act::Status(n) => vendor.set(|state| {
            let says =
                |status| Ok(RuleReport { status, confirmed: 1, strangers: 0, claim: Claim::Anonymised });
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
        Act::WorkflowDown => world.workflow.fail_next(1),
        Act::TimeOut => {
            if let Some(token) = world.task(&task_of(1, "crm")).token {
                world.workflow.time_out(&token);
            }
        }
        _ => {}
    }
}

pub(crate) async fn work(world: &World, at: &TaskRef, act: &Act) {
    let id = at.request_id;
    let worker = async {
        match act {
            Act::Search => drop(world.search(at).await),
            Act::Submit => drop(world.submit(at).await),
            Act::CheckStatus => drop(world.check_status(at).await),
            Act::Look => drop(world.look(at).await),
            Act::Close => drop(world.close(id).await),
            Act::Reconcile => drop(world.reconcile().await),
            Act::Drive => {
                if let Some(execution) = world.workflow.take() {
                    Driver::killed_after(world, 12).run(&execution).await;
                }
            }
            Act::Review(ruling) => {
                let mut reviewing = world.reviewing(id, ruling.unwrap_or(Ruling::Proceed));
                if ruling.is_none() {
                    reviewing.sources.iter_mut().for_each(|seen| seen.records = None);
                }
                drop(world.review(id, &reviewing, &bob()).await);
            }
            Act::Identify(n) => {
                let whose = OTHERS.get(usize::from(*n)).unwrap_or(&CANARY);
                drop(world.identify(at, &email(whose)).await);
            }
            Act::RunAgain => drop(world.acts().run_again(at, &bob()).await),
            Act::Reopen => drop(world.acts().reopen(id, &[source("crm")], &bob()).await),
            Act::Cancel => drop(world.acts().cancel(id, &bob()).await),
            Act::State(erased) => drop(world.acts().state(at, *erased, "seen", &bob()).await),
            _ => {}
        }
    };
    if !matches!(act, Act::CrashIn(_)) {
        world.gate.until_crash(worker).await;
    }
}

/// The properties after every act.
struct Watch {
    counts: Counts,
    events: usize,
    receipt: Option<Vec<u8>>,
}

impl Watch {
    fn look(&mut self, world: &World, vendor: &FakeVendor, at: &TaskRef, after: &Act) {
        let (task, request) = (world.task(at), world.request(at.request_id));
        let counts = task.all_counts();
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
            assert!(vendor.last_found().unwrap().is_empty(), "{after:?}");
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

    /// A record is named again only if it was certainly not sent before, or if a look found it after a missing
    /// answer. There are no more POSTs than intents.
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
                    // An unsent one gets a second intent for the same records.
                    repeats.insert(batch, records);
                }
                _ => {}
            }
        }
        let repeated: u32 = repeats.values().sum();
        assert!(repeated <= left, "{repeated} named again, {left} found by looks");
        // A returning record is decided and named again in a later round.
        let rounds = world.task(at).earlier.map_or(0, |earlier| earlier.rounds as usize);
        let most = not_sent + (1 + rounds) * MAX_ATTEMPTS as usize;
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
    // Without further faults the request ends, or a person has it.
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

/// The properties after every act when people take part: runs follow one another.
#[derive(Default)]
struct Peoples {
    counts: Counts,
    begun: usize,
    fence: u64,
    events: usize,
    receipts: Vec<Vec<u8>>,
}

impl Peoples {
    fn look(&mut self, world: &World, vendor: &FakeVendor, at: &TaskRef, after: &Act) {
        let (task, request) = (world.task(at), world.request(at.request_id));
        let facts = world.facts(at.request_id);
        assert!(facts.len() >= self.events && task.fence >= self.fence, "{after:?}");
        (self.events, self.fence) = (facts.len(), task.fence);
        // A search whose result became uncertain counts as a new one, since its decision is made again.
        let anew = |fact: &&Fact| {
            matches!(fact, Fact::RunsAgain { .. } | Fact::IdentifierGiven { .. } | Fact::SearchesAgain { .. })
        };
        let begun = facts.iter().filter(anew).count();
        let counts = task.all_counts();
        assert!(counts.confirmed <= counts.submitted && counts.submitted <= counts.found, "{counts:?}");
        if begun == self.begun && request.right == Right::Erasure {
            let before = self.counts;
            assert!(counts.found >= before.found && counts.submitted >= before.submitted, "{after:?}");
            assert!(counts.confirmed >= before.confirmed, "{after:?}");
        }
        (self.begun, self.counts) = (begun, counts);
        if request.state == RequestState::Closed {
            assert_eq!(task.state, TaskState::Settled, "closed only when all is settled");
        }
        if task.outcome == Some(Outcome::VerifiedErased) {
            assert_eq!((task.left, task.verified_at.is_some()), (0, true));
        }
        let stated = task.reason.as_deref() == Some(Code::StatedByAPerson.as_str());
        if task.state == TaskState::Settled && request.right == Right::Erasure && !stated {
            let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted];
            let mut own = world.rules(at);
            own.retain(|rule| rule.batch >= task.first_batch);
            assert!(own.iter().all(|rule| !open.contains(&rule.state)), "{after:?}");
        }
        if task.token.is_some() {
            assert_eq!(task.state, TaskState::AwaitingReview, "nobody waits for what is decided: {after:?}");
        }
        decided_before_posted(&facts, task.policy);
        assert!(posts(&vendor.journal()) as u64 <= task.fence, "no POST without an intent");
        if request.right == Right::Access {
            assert!(vendor.left() >= 5, "a copy erases nothing");
        }
        for (closing, kept) in (0u32..).zip(&self.receipts) {
            assert_eq!(world.receipts.file_of(at.request_id, closing).as_ref(), Some(kept), "{after:?}");
        }
        self.receipts = (0..).map_while(|closing| world.receipts.file_of(at.request_id, closing)).collect();
        for file in &self.receipts {
            assert!(verify(file, &[world.signer.public()]).is_ok());
        }
        assert!(self.receipts.len() <= request.reopened as usize + 1, "one receipt for each closing");
    }
}

/// Invariant 2, from the order of the events alone: an intent follows a decision on the last search's
/// records, by the decider that the policy names, and covers no further records; none follows a cancellation.
fn decided_before_posted(facts: &[Fact], policy: Policy) {
    let mut allowed: Option<u32> = None;
    let mut called_off = false;
    for fact in facts {
        match fact {
            Fact::Found { .. }
            | Fact::RunsAgain { .. }
            | Fact::IdentifierGiven { .. }
            | Fact::SearchesAgain { .. }
            | Fact::WentBack { .. }
            | Fact::Settled { .. } => allowed = None,
            Fact::Decided { by, records, .. } => {
                assert_eq!(by, &format!("policy:{policy}"));
                assert!(!policy.wants_review(*records), "{policy} decided on {records}");
                allowed = Some(*records);
            }
            Fact::Reviewed { verdict, records, .. } => {
                assert!(*records == 0 || policy.wants_review(*records), "{policy}, {records}");
                allowed = (*verdict == Verdict::Proceed).then_some(*records);
            }
            Fact::CalledOff { .. } => called_off = true,
            Fact::Reopened { .. } => called_off = false,
            Fact::Intended { records, .. } => {
                assert!(allowed.is_some_and(|most| *records <= most), "{fact:?} in {facts:?}");
                assert!(!called_off, "{facts:?}");
            }
            _ => {}
        }
    }
}

/// Closed, with its receipt stored.
fn has_ended(world: &World) -> bool {
    let request = world.request(request_id(1));
    request.state == RequestState::Closed && request.receipt_sha256.is_some()
}

/// Everybody who must act does so until the request has ended; failures are retried.
async fn see_to_it(world: &World, at: &TaskRef) {
    for _ in 0..12 {
        let task = world.task(at);
        if has_ended(world) {
            return;
        }
        if task.state == TaskState::AwaitingReview {
            let ruling = if task.wants_identifier() { Ruling::LeaveOut } else { Ruling::Proceed };
            let reviewing = world.reviewing(request_id(1), ruling);
            drop(world.review(request_id(1), &reviewing, &bob()).await);
        } else if task.handed_over_at.is_some() {
            drop(world.acts().state(at, false, "asked their desk", &bob()).await);
        }
        for _ in 0..45 {
            Driver::new(world).reconcile_until_done(request_id(1), 1).await.unwrap();
            if is_persons(&world.task(at)) || has_ended(world) {
                break;
            }
        }
    }
}

async fn run_with_people(acts: Vec<Act>, policy: Policy, right: Right, exports: bool) {
    let mut world = World::new();
    world.policies = Policies { erasure: policy, access: policy };
    let vendor = world.connect("crm");
    let export = exports.then(|| "the vendor's page".to_owned());
    vendor.set(|state| state.capabilities = Capabilities { export, ..batches_of(2) });
    vendor.holds(CANARY, (0..4).map(|n| format!("record-{n}")));
    vendor.holds(OTHERS[0], ["other-0".to_owned()]);
    let demand = if right == Right::Access { access() } else { erasure() };
    world.demand(1, &demand).await.unwrap();
    let at = task_of(1, "crm");
    let mut watch = Peoples::default();
    for act in &acts {
        order(&world, &vendor, act);
        work(&world, &at, act).await;
        watch.look(&world, &vendor, &at, act);
    }
    world.gate.crash_at(None);
    world.workflow.fail_next(0);
    vendor.set(|state| {
        state.searches.clear();
        state.submissions.clear();
        state.statuses.clear();
    });
    see_to_it(&world, &at).await;
    watch.look(&world, &vendor, &at, &Act::Reconcile);
    let request = world.request(request_id(1));
    assert!(has_ended(&world), "{request:?} {:?}", world.task(&at));
    assert_eq!(watch.receipts.len(), request.reopened as usize + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn invariants_2_3_5_6_hold_whatever_people_do_in_between(
        acts in proptest::collection::vec(act_of_people(), 1..60),
        policy in prop_oneof![Just(Policy::Auto), Just(Policy::Over(2)), Just(Policy::Always)],
        access in any::<bool>(),
        exports in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let right = if access { Right::Access } else { Right::Erasure };
        runtime.block_on(run_with_people(acts, policy, right, exports));
    }
}
