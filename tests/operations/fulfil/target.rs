//! A decision holds only at the system and account where its records were found.

use crate::stage::{access, bob, crm, drive, reconciled, rule};
use rightful_contract::vendor::{Call, FakeVendor, Reply};
use rightful_contract::world::{CANARY, World, erasure, request_id, source};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Assurance, Outcome, TaskState};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;

/// From now on the data source points at another host, where the same record ids are other people's.
fn moves(world: &World) -> FakeVendor {
    world.tamper_source("crm", |row| {
        row.params.insert("host".to_owned(), "b.example.com".to_owned());
    });
    let there = world.vendors.at(&source("crm"), Some("b.example.com"));
    there.holds("stranger@example.com", ["1001".to_owned(), "1002".to_owned()]);
    there
}

async fn found_at_a(policy: Policy, demand: &Demand) -> (World, FakeVendor) {
    let mut world = World::new();
    (world.policies.erasure, world.policies.access) = (policy, policy);
    let here = world.connect("crm");
    here.holds(CANARY, ["1001".to_owned(), "1002".to_owned()]);
    world.demand(1, demand).await.unwrap();
    drive_search(&world).await;
    (world, here)
}

async fn drive_search(world: &World) {
    world.search(&crm()).await.unwrap();
}

fn posts_nothing(vendor: &FakeVendor) {
    assert!(vendor.posts().is_empty() && !vendor.journal().contains(&Call::Copy(1)));
}

#[tokio::test]
async fn invariant_2_what_was_found_at_one_host_is_never_erased_at_another() {
    let (world, here) = found_at_a(Policy::Always, &erasure()).await;
    let there = moves(&world);
    rule(&world, Ruling::Proceed).await;
    drive(&world).await;
    reconciled(&world, 1).await;
    // Nothing was sent, so the task is searched and decided again; there nobody is found.
    assert!(world.facts(request_id(1)).contains(&Fact::TargetChanged { source: source("crm") }));
    let task = world.task(&crm());
    assert_eq!((task.state, task.counts.found), (TaskState::AwaitingReview, 0));
    assert_eq!(task.target.unwrap().params["host"], "b.example.com");
    posts_nothing(&there);
    posts_nothing(&here);
    assert_eq!((there.left(), here.left()), (2, 2));
    rule(&world, Ruling::Proceed).await;
    reconciled(&world, 1).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert_eq!(statement.tasks[0].target.as_ref().unwrap().params["host"], "b.example.com");
}

#[tokio::test]
async fn invariant_2_without_a_person_in_between_it_is_the_same() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    let there = moves(&world);
    there.holds(CANARY, ["7".to_owned()]);
    reconciled(&world, 2).await;
    assert_eq!(there.posts(), [vec![RecordId::new("7")]], "what was found there, and nothing else");
    posts_nothing(&here);
    assert_eq!((there.left(), world.task(&crm()).outcome), (2, Some(Outcome::VerifiedErased)));
}

#[tokio::test]
async fn invariant_2_a_copy_is_made_where_its_records_were_decided_on() {
    let (world, here) = found_at_a(Policy::Auto, &access()).await;
    let there = moves(&world);
    reconciled(&world, 2).await;
    posts_nothing(&here);
    assert!(!there.journal().contains(&Call::Copy(1)), "nobody was found there");
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
}

#[tokio::test]
async fn what_was_sent_is_asked_about_and_looked_for_where_it_was_sent() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    assert_eq!(world.submit(&crm()).await.unwrap().next, Next::CheckStatus);
    let there = moves(&world);
    reconciled(&world, 2).await;
    assert_eq!((world.task(&crm()).outcome, here.left()), (Some(Outcome::VerifiedErased), 0));
    assert!(there.journal().is_empty(), "nothing of this run goes there");
    assert_eq!(world.task(&crm()).target.unwrap().params.get("host"), None);
}

#[tokio::test]
async fn an_old_target_that_cannot_be_asked_any_more_is_a_persons_matter() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    world.submit(&crm()).await.unwrap();
    let there = moves(&world);
    here.set(|state| state.broken = Some(Failure::misconfigured(Code::TargetLost)));
    world.clock.advance(10);
    world.check_status(&crm()).await.unwrap();
    let task = world.task(&crm());
    assert_eq!((task.state, task.reason.as_deref()), (TaskState::Unknown, Some(Code::TargetLost.as_str())));
    assert!(task.handed_over_at.is_some() && there.journal().is_empty());
}

#[tokio::test]
async fn what_no_vendor_took_moves_with_its_data_source_also_after_the_look() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    here.set(|state| {
        let refused = Submitted::Rejected(Fault::Refused(Code::VendorNotFound));
        state.submissions.push_back(Reply::Says(refused));
    });
    world.submit(&crm()).await.unwrap();
    here.set(|state| state.people.clear());
    world.look(&crm()).await.unwrap();
    world.submit(&crm()).await.unwrap();
    assert_eq!(world.task(&crm()).state, TaskState::Submitted);
    let there = moves(&world);
    world.clock.advance(60);
    assert_eq!(world.check_status(&crm()).await.unwrap().next, Next::Submit, "it goes on, and spins nowhere");
    reconciled(&world, 3).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    assert_eq!(world.task(&crm()).target.unwrap().params["host"], "b.example.com");
    posts_nothing(&there);
}

#[tokio::test]
async fn what_a_vendor_refused_is_looked_for_where_it_was_sent_before_it_moves() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    here.set(|state| {
        let refused = Submitted::Rejected(Fault::Refused(Code::VendorNotFound));
        state.submissions.push_back(Reply::Says(refused));
    });
    world.submit(&crm()).await.unwrap();
    let there = moves(&world);
    let searches = here.journal().len();
    world.look(&crm()).await.unwrap();
    assert!(here.journal().len() > searches && there.journal().is_empty(), "the look goes where it was sent");
    assert!(world.rules(&crm()).iter().all(|rule| rule.state == RuleState::Left));
    reconciled(&world, 3).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
    assert_eq!(world.task(&crm()).target.unwrap().params["host"], "b.example.com");
}

#[tokio::test]
async fn invariant_2_a_decision_of_an_older_release_that_names_no_target_is_made_anew() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    world.tamper(&crm(), |task| task.target = None);
    let there = moves(&world);
    reconciled(&world, 3).await;
    posts_nothing(&here);
    posts_nothing(&there);
    assert_eq!((there.left(), world.task(&crm()).outcome), (2, Some(Outcome::NothingFound)));
    assert_eq!(world.task(&crm()).target.unwrap().params["host"], "b.example.com");
}

#[tokio::test]
async fn the_old_target_is_not_held_against_the_control_of_the_new_one() {
    let (world, here) = found_at_a(Policy::Auto, &erasure()).await;
    world.submit(&crm()).await.unwrap();
    moves(&world);
    here.set(|state| state.control_gone = true);
    reconciled(&world, 4).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, task.assurance), (Some(Outcome::VerifiedErased), Some(Assurance::TwoLooks)));
}

#[tokio::test]
async fn a_later_run_goes_to_the_target_of_its_day() {
    let (world, here) = found_at_a(Policy::Always, &erasure()).await;
    let there = moves(&world);
    world.acts().run_again(&crm(), &bob()).await.unwrap();
    world.search(&crm()).await.unwrap();
    assert_eq!(there.journal().first(), Some(&Call::Search(1)));
    assert_eq!(world.task(&crm()).target.unwrap().params["host"], "b.example.com");
    posts_nothing(&here);
}

#[tokio::test]
async fn a_vendor_that_compares_exactly_is_asked_in_every_spelling() {
    let world = World::new();
    let vendor = world.connect("crm");
    vendor.set(|state| {
        state.exact = true;
        state.capabilities = Capabilities { ignores_case: Vec::new(), ..state.capabilities.clone() };
        let records = [RecordId::new("1")].into();
        state.people.insert("ann@example.com".to_owned(), records);
    });
    let identifiers = vec![rightful_contract::world::email("Ann@Example.com")];
    world.demand(1, &Demand { identifiers, ..erasure() }).await.unwrap();
    reconciled(&world, 2).await;
    let task = world.task(&crm());
    assert_eq!((task.outcome, vendor.left()), (Some(Outcome::VerifiedErased), 0));
    assert_eq!((task.asked.spellings, task.looked.unwrap().spellings), (3, 3));
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert_eq!(statement.tasks[0].asked.spellings, 3);
}

#[tokio::test]
async fn with_always_a_person_confirms_that_nothing_is_found() {
    let mut world = World::new();
    world.policies.erasure = Policy::Always;
    world.connect("crm");
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    let task = world.task(&crm());
    assert!(task.wants_confirmation() && world.keys.holds(request_id(1)), "nobody is forgotten yet");
    rule(&world, Ruling::Proceed).await;
    reconciled(&world, 1).await;
    assert_eq!(world.task(&crm()).outcome, Some(Outcome::NothingFound));
}

#[tokio::test]
async fn what_may_be_somebody_elses_waits_for_a_person_whatever_the_policy() {
    for doubtful in [false, true] {
        let world = World::new();
        let vendor = world.connect("crm");
        vendor.holds(CANARY, ["1".to_owned()]);
        vendor.set(|state| {
            let aside = rightful_domain::vendor::record::SetAside { id: None, doubtful: true };
            if doubtful {
                state.set_aside = vec![aside];
            } else {
                state.marked = [RecordId::new("1")].into();
            }
        });
        world.demand(1, &erasure()).await.unwrap();
        drive(&world).await;
        let task = world.task(&crm());
        assert_eq!((task.state, task.policy), (TaskState::AwaitingReview, Policy::Auto));
        assert_eq!((task.asked.marked, task.asked.doubtful), (u32::from(!doubtful), u32::from(doubtful)));
        posts_nothing(&vendor);
    }
}

#[tokio::test]
async fn data_sources_that_are_connected_and_not_asked_are_told() {
    let world = World::new();
    world.connect("crm");
    world.put_source("old", false);
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    let statement = verify(&world.receipts.file(request_id(1)).unwrap(), &[world.signer.public()]).unwrap();
    assert_eq!(statement.not_asked, [source("old")]);
}

#[tokio::test]
async fn a_data_sources_control_is_never_erased() {
    let world = World::new();
    let vendor = world.connect("crm");
    let identifiers = vec![rightful_contract::world::email("Control@example.com")];
    let demand = Demand { identifiers, ..erasure() };
    let error = world.demand(1, &demand).await.unwrap_err().to_string();
    assert!(error.contains("it is the control of crm") && !error.contains('@'), "{error}");
    world.demand(2, &Demand { dry_run: true, ..demand }).await.unwrap();
    posts_nothing(&vendor);
}
