//! The limit of a data source: callers share one row, and no answer is lost because of it.

use rightful_contract::driver::Driver;
use rightful_contract::table::Fault as TableFault;
use rightful_contract::vendor::{Call, FakeVendor, Reply, plain};
use rightful_contract::world::{CANARY, World, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::limit::Limit;
use rightful_domain::model::task::Outcome;
use rightful_domain::operations::accept::Demand;
use rightful_domain::operations::metered::{Metered, Permit};
use rightful_domain::ports::store::{CommitError, Limits, Reads};
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::call_limits::{CallLimits, Rate};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Capabilities};
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{RuleStatus, Submitted};
use std::cell::Cell;

type Caller<'w, S> = Metered<'w, S, FakeVendor, rightful_contract::clock::TestClock>;

const UNREACHABLE: Fault = Fault::Unavailable(Code::VendorUnreachable);

/// A world with a data source `crm` that has these limits.
async fn limited(limits: CallLimits) -> (World, FakeVendor) {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| state.capabilities = Capabilities { call_limits: limits, ..plain() });
    let row = world.store.source(&source("crm")).await.unwrap().unwrap();
    let vendor = world.vendors.open(&row, &world.vendors.target(&row).unwrap()).await.unwrap();
    (world, vendor)
}

fn rate(calls: u32, per_seconds: u32, burst: u32) -> CallLimits {
    CallLimits { rate: Some(Rate { calls, per_seconds, burst }), ..CallLimits::default() }
}

/// A function's own way to the vendor.
fn caller<'w>(world: &'w World, vendor: &FakeVendor) -> Caller<'w, rightful_contract::store::Store> {
    Metered::new(vendor.clone(), &world.store, &world.clock, source("crm"), None)
}

async fn search<S: Limits>(caller: &Caller<'_, S>) -> Result<usize, Fault> {
    caller.search(&[email(CANARY)], &[]).await.map(|found| found.records.len())
}

async fn submit<S: Limits>(caller: &Caller<'_, S>, permit: Permit) -> Submitted {
    let records = [RecordId::new("record-0001")];
    let batch = Batch { justification: "x", records: &records, dry_run: false, right: Right::Erasure };
    caller.submit(permit, &batch).await
}

/// A permit from a store that works.
async fn permit_of(world: &World, vendor: &FakeVendor) -> Permit {
    caller(world, vendor).permit().await.unwrap()
}

fn row(world: &World) -> Limit {
    world.store.limit_now(&source("crm")).unwrap()
}

fn searches(vendor: &FakeVendor, answers: impl IntoIterator<Item = Fault>) {
    vendor.set(|state| state.searches.extend(answers.into_iter().map(Err)));
}

/// The breaker of `crm` open, by five calls that failed.
async fn broken() -> (World, FakeVendor) {
    let (world, vendor) = limited(CallLimits::default()).await;
    searches(&vendor, vec![UNREACHABLE; 5]);
    for _ in 0..5 {
        assert_eq!(search(&caller(&world, &vendor)).await, Err(UNREACHABLE));
    }
    (world, vendor)
}

#[tokio::test]
async fn a_call_without_a_rate_and_without_trouble_costs_one_read_and_no_write() {
    let (world, vendor) = limited(CallLimits::default()).await;
    let caller = caller(&world, &vendor);
    for _ in 0..3 {
        world.gate.crash_at(None);
        assert_eq!(search(&caller).await, Ok(0));
        assert_eq!(world.gate.passed(), 2, "the read and the vendor");
    }
    world.gate.crash_at(None);
    let permit = caller.permit().await.unwrap();
    assert!(matches!(submit(&caller, permit).await, Submitted::Accepted { .. }));
    assert_eq!(world.gate.passed(), 3, "the read, and the vendor's two points");
    assert_eq!(row(&world), Limit::fresh(source("crm")), "it was never written");
}

#[tokio::test]
async fn a_call_under_a_rate_costs_one_write() {
    let (world, vendor) = limited(rate(60, 60, 9)).await;
    let caller = caller(&world, &vendor);
    for revision in 1..4 {
        search(&caller).await.unwrap();
        assert_eq!(row(&world).revision, revision);
    }
    searches(&vendor, [UNREACHABLE]);
    world.gate.crash_at(None);
    assert_eq!(search(&caller).await, Err(UNREACHABLE));
    assert_eq!(
        world.gate.passed(),
        6,
        "read, save, vendor, save: what it wrote itself it needn't read again"
    );
    assert_eq!((row(&world).revision, row(&world).failures), (5, 1));
}

#[tokio::test]
async fn callers_at_once_never_exceed_the_rate_together() {
    let (world, vendor) = limited(rate(1, 10, 2)).await;
    world.gate.interleave(true);
    let callers: Vec<_> = (0..4).map(|_| caller(&world, &vendor)).collect();
    let (start, mut gone) = (world.now(), Vec::new());
    while start.millis_until(world.now()) < 30_000 {
        let before = vendor.journal().len();
        let [one, two, three, four] = &callers[..] else { panic!() };
        let (one, two, three, four) = tokio::join!(search(one), search(two), search(three), search(four));
        for answer in [one, two, three, four] {
            if let Err(fault) = answer {
                // At most four of them wait, and one goes every ten seconds.
                assert!(matches!(fault, Fault::Paused(Code::RateLimited, 1..=42)), "{fault:?}");
            }
        }
        gone.extend((before..vendor.journal().len()).map(|_| start.millis_until(world.now())));
        world.clock.advance(1);
    }
    assert_eq!(gone.len(), 2 + 3, "the burst, and one more every ten seconds: {gone:?}");
    assert!(gone[1] < 1_000 && gone[2] >= 10_000 && gone[3] >= gone[2] + 10_000, "{gone:?}");
}

#[tokio::test]
async fn whoever_is_overtaken_again_and_again_waits_a_second_and_calls_nobody() {
    /// A row that another caller has always just changed.
    struct Busy(Cell<u32>);
    impl Limits for Busy {
        async fn limit(&self, source: &SourceId) -> Result<Limit, Failure> {
            Ok(Limit::fresh(source.clone()))
        }
        async fn save_limit(&self, _: &Limit) -> Result<(), CommitError> {
            self.0.set(self.0.get() + 1);
            Err(CommitError::Stale)
        }
    }
    let (world, vendor) = limited(rate(1, 1, 1)).await;
    let busy = Busy(Cell::default());
    let caller = Metered::new(vendor.clone(), &busy, &world.clock, source("crm"), None);
    assert_eq!(search(&caller).await, Err(Fault::Paused(Code::RateLimited, 1)));
    assert_eq!(busy.0.get(), 8);
    assert!(vendor.journal().is_empty());
    // No answer is lost because of it either.
    let permit = permit_of(&world, &vendor).await;
    vendor.set(|state| state.submissions.push_back(Reply::Says(Submitted::Unknown(Code::VendorTimedOut))));
    assert_eq!(submit(&caller, permit).await, Submitted::Unknown(Code::VendorTimedOut));
    assert_eq!(busy.0.get(), 16);
}

#[tokio::test]
async fn a_429_at_one_caller_holds_back_all_of_that_data_source_and_no_other() {
    let (world, vendor) = limited(CallLimits::default()).await;
    let (one, other) = (caller(&world, &vendor), caller(&world, &vendor));
    searches(&vendor, [Fault::Throttled(Some(60))]);
    assert_eq!(search(&one).await, Err(Fault::Throttled(Some(60))));
    world.clock.advance(10);
    assert_eq!(search(&other).await, Err(Fault::Paused(Code::RateLimited, 50)));
    assert_eq!(other.status("rule-1", &[], &[]).await.unwrap_err(), Fault::Paused(Code::RateLimited, 50));
    assert_eq!(other.permit().await, Err(Fault::Paused(Code::RateLimited, 50)));
    assert_eq!(vendor.journal().len(), 1);
    let shop = world.connect("shop");
    let elsewhere = Metered::new(shop, &world.store, &world.clock, source("shop"), None);
    assert_eq!(search(&elsewhere).await, Ok(0));
    world.clock.advance(50);
    assert_eq!(search(&other).await, Ok(0));
}

#[tokio::test]
async fn a_429_to_an_erasure_holds_back_searches() {
    let (world, vendor) = limited(CallLimits::default()).await;
    let caller = caller(&world, &vendor);
    let throttled = Submitted::NotSent(Fault::Throttled(Some(30)));
    vendor.set(|state| state.submissions.push_back(Reply::Says(throttled.clone())));
    let permit = caller.permit().await.unwrap();
    assert_eq!(submit(&caller, permit).await, throttled);
    assert_eq!(search(&caller).await, Err(Fault::Paused(Code::RateLimited, 30)));
}

#[tokio::test]
async fn a_vendor_that_fails_again_and_again_is_left_alone_and_then_probed_once() {
    let (world, vendor) = broken().await;
    assert_eq!(search(&caller(&world, &vendor)).await, Err(Fault::Paused(Code::CircuitOpen, 30)));
    assert_eq!(vendor.journal().len(), 5);

    world.clock.advance(30);
    world.gate.interleave(true);
    let (one, two) = (caller(&world, &vendor), caller(&world, &vendor));
    searches(&vendor, [UNREACHABLE]);
    let (one, two) = tokio::join!(search(&one), search(&two));
    let mut answers = [one, two];
    answers.sort_by_key(|answer| matches!(answer, Err(Fault::Paused(..))));
    // The probe may take its call time-out, and ten seconds around it.
    assert_eq!(answers, [Err(UNREACHABLE), Err(Fault::Paused(Code::CircuitOpen, 30))]);
    assert_eq!(search(&caller(&world, &vendor)).await, Err(Fault::Paused(Code::CircuitOpen, 60)));
    assert_eq!(vendor.journal().len(), 6);

    world.clock.advance(60);
    assert_eq!(search(&caller(&world, &vendor)).await, Ok(0));
    assert_eq!(Limit { revision: 0, ..row(&world) }, Limit::fresh(source("crm")), "closed again");
}

#[tokio::test]
async fn a_probe_that_is_never_heard_of_makes_room_for_the_next_one() {
    let (world, vendor) = broken().await;
    world.clock.advance(30);
    let lost = caller(&world, &vendor);
    drop(lost.permit().await.unwrap());
    let other = caller(&world, &vendor);
    assert_eq!(search(&other).await, Err(Fault::Paused(Code::CircuitOpen, 30)));
    world.clock.advance(30);
    assert_eq!(search(&other).await, Ok(0));
}

#[tokio::test]
async fn erasures_that_fail_open_the_breaker_and_refusals_do_not() {
    let failures = [
        Submitted::Unknown(Code::VendorTimedOut),
        Submitted::NotSent(UNREACHABLE),
        Submitted::Unknown(Code::VendorServerError),
        Submitted::NotSent(UNREACHABLE),
    ];
    let answers = [
        Submitted::Rejected(Fault::Refused(Code::VendorBadRequest)),
        Submitted::Rejected(Fault::Unauthorized),
        Submitted::Unknown(Code::VendorAnswerTooLarge),
        Submitted::Doubtful {
            rule_id: "r".to_owned(),
            status: RuleStatus::Pending,
            code: Code::DryRunNotConfirmed,
        },
    ];
    // Such faults say nothing about the vendor, so they neither add to the count nor reset it.
    let silent = [
        Submitted::NotSent(Fault::Unavailable(Code::VendorOutOfTime)),
        Submitted::NotSent(Fault::Unavailable(Code::SecretUnavailable)),
        Submitted::Rejected(Fault::Refused(Code::BatchSizeWrong)),
    ];
    let (world, vendor) = limited(CallLimits::default()).await;
    let caller = caller(&world, &vendor);
    let failed = async |answers: &[Submitted]| {
        for answer in answers {
            vendor.set(|state| state.submissions.push_back(Reply::Says(answer.clone())));
            let permit = caller.permit().await.unwrap();
            assert_eq!(submit(&caller, permit).await, *answer);
        }
        row(&world).failures
    };
    assert_eq!(failed(&failures).await, 4);
    for answer in answers {
        assert_eq!(failed(&[answer]).await, 0);
        assert_eq!(failed(&failures).await, 4);
    }
    assert_eq!(failed(&silent).await, 4);
    assert_eq!(failed(&failures[..1]).await, 5);
    assert_eq!(caller.permit().await, Err(Fault::Paused(Code::CircuitOpen, 30)));
}

#[tokio::test]
async fn answers_to_searches_and_questions_are_no_failures() {
    let (world, vendor) = limited(CallLimits::default()).await;
    let caller = caller(&world, &vendor);
    for fault in [
        Fault::Refused(Code::VendorBadRequest),
        Fault::Unauthorized,
        Fault::TooManyRecords,
        Fault::AnswerTooLarge,
        Fault::Unavailable(Code::VendorAnswerIncomplete),
        Fault::Unavailable(Code::VendorRecordUnreadable),
        Fault::Unavailable(Code::VendorOutOfTime),
    ] {
        searches(&vendor, vec![fault.clone(); 6]);
        for _ in 0..6 {
            assert_eq!(search(&caller).await, Err(fault.clone()));
        }
    }
    for _ in 0..6 {
        assert_eq!(caller.status("rule-9", &[], &[]).await, Err(Fault::RuleNotFound));
        vendor.set(|state| state.statuses.push_back(Err(Fault::AnswerTooLarge)));
        assert_eq!(caller.status("rule-9", &[], &[]).await, Err(Fault::AnswerTooLarge));
    }
    assert_eq!(row(&world), Limit::fresh(source("crm")));
}

#[tokio::test]
async fn a_spent_quota_parks_the_calls_over_midnight() {
    let limits = CallLimits { daily_calls: Some(3), ..CallLimits::default() };
    let (world, vendor) = limited(limits).await;
    world.clock.advance_to(Time::parse("2026-11-21T23:30:00Z").unwrap());
    let (one, two) = (caller(&world, &vendor), caller(&world, &vendor));
    search(&one).await.unwrap();
    let permit = two.permit().await.unwrap();
    submit(&two, permit).await;
    search(&one).await.unwrap();
    for caller in [&one, &two] {
        assert_eq!(caller.permit().await, Err(Fault::Paused(Code::QuotaSpent, 1800)));
    }
    assert_eq!(vendor.journal().len(), 3);
    world.clock.advance(1800);
    assert_eq!(search(&two).await, Ok(0));
    assert_eq!(row(&world).calls, 1);
}

#[tokio::test]
async fn a_crash_at_any_point_loses_a_permit_at_most() {
    for point in 0.. {
        let (world, vendor) = limited(rate(1, 10, 1)).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(search(&caller(&world, &vendor))).await;
        assert!(row(&world).revision <= 1, "crash at point {point}");
        world.clock.advance(10);
        assert_eq!(search(&caller(&world, &vendor)).await, Ok(0), "crash at point {point}");
        if first.is_some() {
            assert_eq!(point, 4, "read, save, after it, vendor");
            return;
        }
    }
}

#[tokio::test]
async fn a_permit_whose_answer_got_lost_is_taken_once() {
    let (world, vendor) = limited(rate(1, 10, 1)).await;
    let caller = caller(&world, &vendor);
    world.store.table().fail_next(&[TableFault::LoseAnswer]);
    assert_eq!(search(&caller).await, Ok(0));
    world.clock.advance(10);
    world.store.table().fail_next(&[TableFault::Conflict, TableFault::Conflict]);
    assert_eq!(search(&caller).await, Ok(0));
    assert_eq!(row(&world).revision, 2);
}

#[tokio::test]
async fn a_store_that_fails_lets_no_call_out() {
    /// An unreachable store.
    struct Gone;
    const GONE: Failure = Failure::transient(Code::StoreUnavailable);
    impl Limits for Gone {
        async fn limit(&self, _: &SourceId) -> Result<Limit, Failure> {
            Err(GONE)
        }
        async fn save_limit(&self, _: &Limit) -> Result<(), CommitError> {
            Err(GONE.into())
        }
    }
    let (world, vendor) = limited(rate(1, 10, 1)).await;
    let gone = Metered::new(vendor.clone(), &Gone, &world.clock, source("crm"), None);
    assert_eq!(search(&gone).await, Err(Fault::Unavailable(Code::StoreUnavailable)));
    assert_eq!(gone.permit().await, Err(Fault::Unavailable(Code::StoreUnavailable)));
    // The permit may or may not be stored: no call relies on it.
    world.store.table().fail_next(&[TableFault::LoseCall]);
    let caller = caller(&world, &vendor);
    assert_eq!(search(&caller).await, Err(Fault::Unavailable(Code::StoreUnavailable)));
    assert!(vendor.journal().is_empty());
    assert_eq!(gone.test().await, Ok(()), "an operator's test asks nobody");
    // A call that was sent anyway keeps its answer.
    let permit = permit_of(&world, &vendor).await;
    assert!(matches!(submit(&gone, permit).await, Submitted::Accepted { .. }));
}

#[tokio::test]
async fn a_report_that_cannot_be_stored_never_costs_the_vendors_answer() {
    let (world, vendor) = limited(CallLimits::default()).await;
    let caller = caller(&world, &vendor);
    let faults = [[TableFault::LoseCall; 1].to_vec(), [TableFault::Conflict; 8].to_vec()];
    for lost in &faults {
        searches(&vendor, [UNREACHABLE]);
        world.store.table().fail_next(lost);
        assert_eq!(search(&caller).await, Err(UNREACHABLE));
        assert_eq!(row(&world), Limit::fresh(source("crm")), "the report is dropped");
    }
    searches(&vendor, [UNREACHABLE]);
    assert_eq!(search(&caller).await, Err(UNREACHABLE));
    assert_eq!(row(&world).failures, 1);
    for lost in &faults {
        let permit = caller.permit().await.unwrap();
        world.store.table().fail_next(lost);
        assert!(matches!(submit(&caller, permit).await, Submitted::Accepted { .. }));
        assert_eq!(row(&world).failures, 1, "the report is dropped");
    }
    assert_eq!(vendor.journal().iter().filter(|call| matches!(call, Call::Submit { .. })).count(), 2);
}

#[tokio::test]
async fn reports_at_once_are_all_counted() {
    let (world, vendor) = limited(CallLimits::default()).await;
    world.gate.interleave(true);
    searches(&vendor, vec![UNREACHABLE; 3]);
    let callers: Vec<_> = (0..3).map(|_| caller(&world, &vendor)).collect();
    let _ = tokio::join!(search(&callers[0]), search(&callers[1]), search(&callers[2]));
    assert_eq!(row(&world).failures, 3);
}

#[tokio::test]
async fn a_limit_is_stored_on_its_revision() {
    let world = World::new();
    let limit = Limit::fresh(source("crm"));
    world.store.save_limit(&limit).await.unwrap();
    assert_eq!(world.store.save_limit(&limit).await, Err(CommitError::Stale), "revision 0 must not exist");
    let read = world.store.limit(&source("crm")).await.unwrap();
    assert_eq!(read, Limit { revision: 1, ..limit });
    world.store.table().fail_next(&[TableFault::LoseAnswer]);
    world.store.save_limit(&read).await.unwrap();
    assert_eq!(world.store.save_limit(&read).await, Err(CommitError::Stale));
    world.store.table().fail_next(&[TableFault::LoseCall]);
    let read = world.store.limit(&source("crm")).await.unwrap();
    let failed = world.store.save_limit(&read).await;
    assert_eq!(failed, Err(CommitError::Failed(Failure::transient(Code::StoreUnavailable))));
}

#[tokio::test]
async fn a_person_with_several_identifiers_is_searched_and_erased_under_the_tightest_rate() {
    let (world, vendor) = limited(rate(1, 60, 1)).await;
    let addresses = ["a@example.com", "b@example.com", "c@example.com"];
    for address in addresses {
        vendor.holds(address, [format!("record of {address}")]);
    }
    let identifiers = addresses.iter().map(|address| email(address)).collect();
    world.demand(1, &Demand { identifiers, ..erasure() }).await.unwrap();
    Driver::new(&world).reconcile_until_done(request_id(1), 2).await.unwrap();
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::VerifiedErased));
    let searches = vendor.journal().iter().filter(|call| matches!(call, Call::Search(_))).count();
    assert_eq!(searches, 2 * addresses.len(), "each identifier once to find and once to look");
}

#[tokio::test]
async fn under_a_rate_every_rule_has_its_turn_to_be_asked_about() {
    let (world, vendor) = limited(rate(1, 60, 1)).await;
    vendor.set(|state| {
        state.capabilities.batch_size = 1;
        state.polls = 3;
    });
    vendor.holds(CANARY, (0..7).map(|n| format!("record-{n}")));
    world.demand(1, &erasure()).await.unwrap();
    Driver::new(&world).reconcile_until_done(request_id(1), 3).await.unwrap();
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::VerifiedErased));
}
