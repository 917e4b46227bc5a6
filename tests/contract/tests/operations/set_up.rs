//! Data sources are set up: every act is in the journal, and no secret is.

use crate::{bob, drive, once, overlapping, reconciled, world_with};
use rightful_contract::table::Write;
use rightful_contract::vendor::plain;
use rightful_contract::world::{CANARY, World, ann, erasure, erasure_of, request_id, source, task_of};
use rightful_contract::{canary, rows};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::request::Request;
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::model::task::{Counts, Outcome, TaskState};
use rightful_domain::operations::set_up::{Adding, Becomes, Changing, SetUpError, Standing, StandingTask};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;
use std::pin::pin;
use zeroize::Zeroizing;

const SECRET: &str = "tok-7731904455-canary";

fn adding(name: &str, secret: &str) -> Adding {
    Adding {
        id: source(name),
        connector: "plain".to_owned(),
        params: params(&[("account", "7")]),
        secret: secret_of(secret),
        control: None,
    }
}

fn params(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn secret_of(token: &str) -> BTreeMap<String, Zeroizing<String>> {
    BTreeMap::from([("token".to_owned(), Zeroizing::new(token.to_owned()))])
}

async fn added() -> World {
    let world = World::new();
    world.setting_up().add(adding("crm", SECRET), &ann()).await.unwrap();
    world
}

async fn row(world: &World, name: &str) -> Option<DataSource> {
    use rightful_domain::ports::store::Reads;
    world.store.source(&source(name)).await.unwrap()
}

fn acts(world: &World) -> Vec<Act> {
    world.store.journal().into_iter().map(|entry| entry.act).collect()
}

fn secret(world: &World) -> Option<String> {
    world.secrets.value("source/crm")
}

/// A secret as it is stored where nothing steers.
fn written(token: &str) -> Option<String> {
    Some(stored(token, &target(&[])))
}

fn target(all: &[(&str, &str)]) -> Target {
    rightful_contract::catalogue::target("plain", &params(all))
}

fn stored(token: &str, target: &Target) -> String {
    format!("{{\"token\":\"{token}\",\"target\":\"{}\"}}", target.fingerprint())
}

/// The tokens of the kept versions of the secret that were given for this target: all that may go there.
fn tokens_for(world: &World, target: &Target) -> Vec<String> {
    let given = |version: &String| {
        let fields: BTreeMap<String, String> = serde_json::from_str(version).unwrap();
        (fields["target"] == target.fingerprint()).then(|| fields["token"].clone())
    };
    world.secrets.versions("source/crm").iter().filter_map(given).collect()
}

/// A change of the host, with the secret for it.
fn moving(host: &str, token: &str) -> Changing {
    Changing { params: params(&[("host", host)]), secret: Some(secret_of(token)), ..Changing::default() }
}

fn control(value: &str) -> Control {
    Control { kind: IdentifierKind::email(), value: value.to_owned() }
}

/// Searched, and submitted too where `sent`, with the vendor at work; the person is `n`'s own.
async fn under_way(world: &World, n: u16, sent: bool) {
    let (address, at) = (format!("person-{n}@example.com"), task_of(n, "crm"));
    world.vendors.vendor(&source("crm")).holds(&address, [format!("record-{n}")]);
    world.demand(n, &erasure_of(&address)).await.unwrap();
    world.find(&at).await.unwrap();
    if sent {
        world.submit(&at).await.unwrap();
    }
}

fn standing(tasks: &[(u16, Becomes)]) -> Standing {
    let tasks: Vec<StandingTask> = tasks
        .iter()
        .map(|(n, becomes)| StandingTask { request: request_id(*n), becomes: *becomes })
        .collect();
    Standing { count: u32::try_from(tasks.len()).unwrap(), tasks, more: false }
}

/// The secret is in its vault, and nowhere else.
fn keeps_secret(world: &World, more: &str) {
    let text = format!("{} {:?} {:?} {more}", world.store.dump(), world.store.journal(), world.secrets);
    assert_eq!(canary::found(&text, SECRET), Vec::<String>::new());
}

#[tokio::test]
async fn a_data_source_is_added_with_its_secret_and_new_requests_go_to_it() {
    let world = World::new();
    let added = world.setting_up().add(adding("crm", SECRET), &bob()).await.unwrap();
    assert_eq!(Some(&added), row(&world, "crm").await.as_ref(), "what is answered is what is stored");
    assert_eq!(
        (added.enabled, added.revision, added.review, added.created_at),
        (true, 1, OwnPolicies::default(), world.now())
    );
    assert_eq!(secret(&world), written(SECRET));
    let entry = &world.store.journal()[0];
    assert_eq!((entry.seq, &entry.by, entry.at), (1, &bob(), world.now()));
    let act = Act::SourceAdded {
        source: source("crm"),
        connector: "plain".to_owned(),
        target: Some(target(&[])),
        control: false,
    };
    assert_eq!(entry.act, act);
    keeps_secret(&world, &format!("{added:?}"));
    world.demand(1, &erasure()).await.unwrap();
    assert_eq!(world.task(&task_of(1, "crm")).policy, Policy::Auto, "the deployment's");
    let review = OwnPolicies { erasure: Some(Policy::Over(5)), access: None };
    world.setting_up().review(&source("crm"), review, &bob()).await.unwrap();
    world.demand(2, &erasure()).await.unwrap();
    assert_eq!(world.task(&task_of(2, "crm")).policy, Policy::Over(5));
    assert_eq!(world.task(&task_of(1, "crm")).policy, Policy::Auto, "the one it came in with");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once_and_nothing_of_it_stored() {
    let world = added().await;
    let set_up = world.setting_up();
    let other = |change: fn(&mut Adding)| {
        let mut one = adding("shop", SECRET);
        change(&mut one);
        one
    };
    for (one, told) in [
        (other(|one| one.connector = "none".to_owned()), "there is no such connector in this version"),
        (other(|one| one.params.clear()), "account: give it, such as 7"),
        (other(|one| one.secret.clear()), "token: give it"),
        (
            other(|one| {
                one.params.clear();
                one.secret.clear();
            }),
            "account: give it, such as 7; token: give it",
        ),
        (
            other(|one| one.id = source("crm")),
            "there is a data source crm already: give this one another name, or change that one",
        ),
    ] {
        let refused = set_up.add(one, &ann()).await.unwrap_err();
        assert_eq!(refused.to_string(), told);
        keeps_secret(&world, &format!("{refused:?} {refused}"));
    }
    assert_eq!((acts(&world).len(), row(&world, "shop").await), (1, None));
    assert_eq!(world.secrets.value("source/shop"), None);
    assert_eq!(secret(&world), written(SECRET), "that of the one that is there stays");
}

#[tokio::test]
async fn whoever_has_a_secret_sent_elsewhere_gives_it_again() {
    let world = added().await;
    let set_up = world.setting_up();
    let elsewhere = [("host", "elsewhere.example"), ("region", "eu")];
    let changing = Changing { params: params(&elsewhere), ..Changing::default() };
    let refused = set_up.change(&source("crm"), changing, &bob()).await.unwrap_err();
    let told = "it says where the secret is sent: give the secret again with it";
    assert_eq!(refused.to_string(), format!("host: {told}; region: {told}"), "each parameter that steers");
    assert_eq!(secret(&world), written(SECRET));
    assert!(!row(&world, "crm").await.unwrap().params.contains_key("host"));
    let changing = Changing { params: params(&elsewhere), ..moving("", "another") };
    let changed = set_up.change(&source("crm"), changing, &bob()).await.unwrap();
    assert!(changed.source.params.contains_key("host") && changed.standing.is_empty());
    assert_eq!(
        secret(&world),
        Some(stored("another", &target(&elsewhere))),
        "for the target it is given for"
    );
    assert_eq!(tokens_for(&world, &target(&[])), [SECRET], "the old one stays with the old target");
    // Back again is another target once more: what was kept of it may be another version by now.
    let back = || Changing { unset: vec!["host".to_owned(), "region".to_owned()], ..Changing::default() };
    let refused = set_up.change(&source("crm"), back(), &bob()).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("host: {told}; region: {told}"));
    let secret_again = Some(secret_of("third"));
    set_up.change(&source("crm"), Changing { secret: secret_again, ..back() }, &bob()).await.unwrap();
    assert_eq!(tokens_for(&world, &target(&[])), ["third"]);
    assert_eq!(tokens_for(&world, &target(&elsewhere)), ["another"]);
    // A new secret alone is for the target that is there.
    let rotated = Changing { secret: Some(secret_of("fourth")), ..Changing::default() };
    set_up.change(&source("crm"), rotated, &bob()).await.unwrap();
    assert_eq!(tokens_for(&world, &target(&[])), ["fourth", "third"]);
}

#[tokio::test]
async fn a_change_of_the_target_is_refused_while_open_tasks_stand_on_it_and_says_what_becomes_of_each() {
    let world = added().await;
    under_way(&world, 1, false).await;
    under_way(&world, 2, true).await;
    // One that nobody has searched yet, and one that is settled while its request is open.
    world.demand(3, &erasure_of("person-3@example.com")).await.unwrap();
    world.demand(4, &erasure_of("nobody@example.com")).await.unwrap();
    world.find(&task_of(4, "crm")).await.unwrap();
    assert_eq!(world.task(&task_of(4, "crm")).state, TaskState::Settled);
    let (set_up, before) = (world.setting_up(), row(&world, "crm").await);
    let refused = set_up.change(&source("crm"), moving("b.example", "b"), &bob()).await.unwrap_err();
    let standing = standing(&[(1, Becomes::SearchedAnew), (2, Becomes::OldTargetAsked)]);
    assert_eq!(refused, SetUpError::TargetInUse(source("crm"), standing.clone()));
    assert_eq!((row(&world, "crm").await, acts(&world).len(), secret(&world)), (before, 1, written(SECRET)));
    // What does not steer is changed as ever.
    let account = Changing { params: params(&[("account", "8")]), ..Changing::default() };
    set_up.change(&source("crm"), account, &bob()).await.unwrap();
    let forced = Changing { force: true, ..moving("b.example", "b") };
    let changed = set_up.change(&source("crm"), forced, &bob()).await.unwrap();
    assert_eq!(changed.standing, standing);
    let there = target(&[("host", "b.example")]);
    let act = Act::SourceChanged {
        source: source("crm"),
        params: vec!["host".to_owned()],
        review: OwnPolicies::default(),
        secret: true,
        target: Some(there.clone()),
        control: false,
        forced: true,
        standing: 2,
    };
    assert_eq!(acts(&world).last(), Some(&act));
    assert_eq!(tokens_for(&world, &there), ["b"]);
    assert_eq!(tokens_for(&world, &target(&[])), [SECRET], "those under way go on with it");
}

#[tokio::test]
async fn what_stands_on_a_target_is_a_matter_of_the_present_run_also_of_an_older_releases() {
    let world = added().await;
    under_way(&world, 1, true).await;
    // Its first run is over; the second one has sent nothing.
    world.clock.advance(600);
    while world.check(&task_of(1, "crm")).await.unwrap().next == Next::Check {
        world.clock.advance(600);
    }
    world.tamper(&task_of(1, "crm"), |task| {
        (task.state, task.run, task.first_batch) = (TaskState::AwaitingReview, 2, 1);
        task.counts = Counts { found: 1, ..Counts::default() };
    });
    // An older release kept no target.
    under_way(&world, 2, true).await;
    world.tamper(&task_of(2, "crm"), |task| task.target = None);
    let refused = world.setting_up().change(&source("crm"), moving("b.example", "b"), &bob()).await;
    let standing = standing(&[(1, Becomes::SearchedAnew), (2, Becomes::OldTargetAsked)]);
    assert_eq!(refused.unwrap_err(), SetUpError::TargetInUse(source("crm"), standing));
}

#[tokio::test]
async fn a_forced_change_makes_of_each_task_what_it_said() {
    let world = added().await;
    under_way(&world, 1, false).await;
    under_way(&world, 2, true).await;
    let forced = Changing { force: true, ..moving("b.example", "b") };
    let changed = world.setting_up().change(&source("crm"), forced, &bob()).await.unwrap();
    assert_eq!(changed.standing, standing(&[(1, Becomes::SearchedAnew), (2, Becomes::OldTargetAsked)]));
    let old = world.vendors.vendor(&source("crm"));
    let new = world.vendors.at(&source("crm"), Some("b.example"));
    // Strangers, by chance under the same ids.
    new.holds("somebody-else@example.com", ["record-1".to_owned(), "record-2".to_owned()]);
    drive(&world).await;
    for _ in 0..3 {
        world.clock.advance(600);
        world.reconcile().await.unwrap();
        drive(&world).await;
    }
    assert_eq!((new.left(), new.posts().len()), (2, 0), "nothing that was found at one goes to the other");
    let (one, two) = (world.task(&task_of(1, "crm")), world.task(&task_of(2, "crm")));
    assert_eq!(one.outcome, Some(Outcome::NothingFound), "searched anew at the new target");
    assert_eq!(one.target, Some(target(&[("host", "b.example")])));
    assert_eq!((two.outcome, two.target), (Some(Outcome::VerifiedErased), Some(target(&[]))));
    assert_eq!(old.posts().len(), 1);
}

#[tokio::test]
async fn what_was_sent_to_a_target_that_loses_its_secret_is_told_as_a_persons() {
    let world = added().await;
    under_way(&world, 1, true).await;
    let set_up = world.setting_up();
    let forced = Changing { force: true, ..moving("b.example", "b") };
    set_up.change(&source("crm"), forced, &bob()).await.unwrap();
    let persons = SetUpError::TargetInUse(source("crm"), standing(&[(1, Becomes::Persons)]));
    let further = set_up.change(&source("crm"), moving("c.example", "c"), &bob()).await;
    assert_eq!(further.unwrap_err(), persons);
    // A new secret for the present target drops the earlier target's as well.
    let rotated = || Changing { secret: Some(secret_of("b2")), ..Changing::default() };
    assert_eq!(set_up.change(&source("crm"), rotated(), &bob()).await.unwrap_err(), persons);
    assert_eq!(tokens_for(&world, &target(&[])), [SECRET]);
    // Back to where the task stands is no harm to it.
    let back =
        Changing { unset: vec!["host".to_owned()], secret: Some(secret_of("again")), ..Changing::default() };
    assert!(set_up.change(&source("crm"), back, &bob()).await.unwrap().standing.is_empty());
    let act = acts(&world).pop();
    assert!(matches!(act, Some(Act::SourceChanged { forced: false, standing: 0, .. })), "{act:?}");
}

#[tokio::test]
async fn a_list_of_tasks_that_is_not_whole_says_so() {
    let world = added().await;
    for n in 1..=101 {
        under_way(&world, n, false).await;
    }
    let refused = world.setting_up().change(&source("crm"), moving("b.example", "b"), &bob()).await;
    let Err(SetUpError::TargetInUse(_, standing)) = refused else { panic!("{refused:?}") };
    assert_eq!((standing.count, standing.tasks.len(), standing.more), (101, 100, true));
    // So many open requests that some are not looked at may stand there.
    let world = added().await;
    world.demand(1, &erasure()).await.unwrap();
    let request = world.request(request_id(1));
    for n in 0..500 {
        let id = RequestId::new(uuid::Uuid::from_u128((7 << 76) | (1 << 127) | n));
        let Write::Put(_, item, _) = rows::request(&Request { id, ..request.clone() }, 0).unwrap() else {
            panic!("no row")
        };
        world.store.table().set((rows::request_pk(id), "REQUEST".to_owned()), Some(item));
    }
    let refused = world.setting_up().change(&source("crm"), moving("b.example", "b"), &bob()).await;
    let Err(SetUpError::TargetInUse(_, standing)) = refused else { panic!("{refused:?}") };
    assert_eq!((standing.count, standing.tasks.len(), standing.more), (0, 0, true));
}

#[tokio::test]
async fn invariant_8_wherever_a_change_of_the_target_stops_the_row_and_a_version_of_the_secret_fit() {
    let fits = async |world: &World, what: &str| {
        let row = row(world, "crm").await.unwrap();
        let there = rightful_contract::catalogue::target("plain", &row.params);
        let own = match row.params.get("host").map(String::as_str) {
            None => SECRET,
            Some(host) => host,
        };
        assert_eq!(tokens_for(world, &there), [own], "{what}: exactly the one that was given for it");
        for (host, token) in [("b.example", "b.example"), ("c.example", "c.example")] {
            let theirs = tokens_for(world, &target(&[("host", host)]));
            assert!(theirs.iter().all(|one| one == token), "{what}: a token travels");
        }
    };
    for point in 0.. {
        let world = added().await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let changing = moving("b.example", "b.example");
        let end = world
            .gate
            .until_crash(async { world.setting_up().change(&source("crm"), changing, &by).await })
            .await;
        fits(&world, &format!("crash at {point}")).await;
        if end.is_some() {
            assert!(point >= 6, "{point}");
            break;
        }
    }
    let mut conflicts = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let world = added().await;
            let set_up = world.setting_up();
            let (ann, bob, crm) = (ann(), bob(), source("crm"));
            let one = set_up.change(&crm, moving("b.example", "b.example"), &ann);
            let two = set_up.change(&crm, moving("c.example", "c.example"), &bob);
            let Some((one, two)) = overlapping(&world, one, two, (a, b)).await else { break };
            last = false;
            for error in [one.err(), two.err()].into_iter().flatten() {
                conflicts += 1;
                assert_eq!(error, SetUpError::Conflict(crm.clone()));
            }
            fits(&world, &format!("{a} {b}")).await;
        }
        if last {
            break;
        }
    }
    assert!(conflicts > 3, "{conflicts}");
}

#[tokio::test]
async fn a_control_is_checked_kept_as_it_is_searched_for_and_taken_away() {
    let world = World::new();
    let set_up = world.setting_up();
    let wrong =
        Adding { control: Some(control("canary@nowhere")), params: params(&[]), ..adding("crm", SECRET) };
    let refused = set_up.add(wrong, &ann()).await.unwrap_err().to_string();
    assert!(refused.starts_with("account: give it, such as 7; control: ") && !refused.contains("canary"));
    let members = Control { kind: rightful_contract::catalogue::member(), value: "canary-7".to_owned() };
    let wrong = Adding { control: Some(members), connector: "members".to_owned(), ..adding("crm", SECRET) };
    let refused = set_up.add(wrong, &ann()).await.unwrap_err().to_string();
    assert_eq!(refused, "control: it is a number, such as 12345");
    assert_eq!((row(&world, "crm").await, secret(&world)), (None, None));
    let adding = Adding { control: Some(control(" Control@example.com ")), ..adding("crm", SECRET) };
    let source_added = set_up.add(adding, &ann()).await.unwrap();
    assert_eq!(source_added.control, Some(control("Control@example.com")));
    let to = |control| Changing { control: Some(control), ..Changing::default() };
    let same = set_up.change(&source("crm"), to(Some(control("Control@example.com "))), &bob()).await;
    assert_eq!(same, Err(SetUpError::Nothing(source("crm"))));
    let wrong = set_up.change(&source("crm"), to(Some(control("canary"))), &bob()).await.unwrap_err();
    assert!(matches!(&wrong, SetUpError::Wrong(all) if all[0].name == "control"), "{wrong}");
    let other = set_up.change(&source("crm"), to(Some(control("other@example.com"))), &bob()).await.unwrap();
    assert_eq!(other.source.control, Some(control("other@example.com")));
    let account = Changing { params: params(&[("account", "8")]), ..Changing::default() };
    let kept = set_up.change(&source("crm"), account, &bob()).await.unwrap();
    assert_eq!(kept.source.control, other.source.control, "what is not named stays");
    let gone = set_up.change(&source("crm"), to(None), &bob()).await.unwrap();
    assert_eq!((gone.source.control.as_ref(), row(&world, "crm").await), (None, Some(gone.source.clone())));
    let named: Vec<bool> = acts(&world)
        .iter()
        .map(|act| {
            matches!(act, Act::SourceAdded { control: true, .. } | Act::SourceChanged { control: true, .. })
        })
        .collect();
    assert_eq!(named, [true, true, false, true], "the journal says each time that it is another one");
    assert!(!format!("{:?}", acts(&world)).contains("example.com"));
}

#[tokio::test]
async fn trying_out_a_data_source_proves_its_control_each_time() {
    let world = added().await;
    let vendor = world.vendors.vendor(&source("crm"));
    assert_eq!(world.test_source("crm").await, Ok(()));
    assert_eq!(vendor.journal(), [], "without a control nobody is searched for");
    let changing = Changing { control: Some(Some(control("mirror@example.com"))), ..Changing::default() };
    world.setting_up().change(&source("crm"), changing, &bob()).await.unwrap();
    let not_found = Failure::transient("control_not_found");
    assert_eq!(world.test_source("crm").await, Err(not_found));
    vendor.holds("mirror@example.com", ["control-1".to_owned()]);
    assert_eq!(world.test_source("crm").await, Ok(()));
    // A sight of some seconds ago is no proof that it is there now.
    vendor.set(|state| state.people.clear());
    world.clock.advance(1);
    assert_eq!(world.test_source("crm").await, Err(not_found));
}

#[tokio::test]
async fn a_change_names_the_parameters_and_says_that_a_secret_was_replaced_but_not_by_what() {
    let world = added().await;
    let set_up = world.setting_up();
    let changing = Changing { params: params(&[("account", "8")]), ..Changing::default() };
    let changed = set_up.change(&source("crm"), changing, &bob()).await.unwrap();
    assert_eq!((changed.source.params, changed.source.revision), (params(&[("account", "8")]), 2));
    let new = format!("{SECRET}-2");
    let changing = Changing { secret: Some(secret_of(&new)), ..Changing::default() };
    set_up.change(&source("crm"), changing, &bob()).await.unwrap();
    assert_eq!(secret(&world), written(&new));
    let review = OwnPolicies { erasure: None, access: Some(Policy::Always) };
    let changed = set_up.review(&source("crm"), review, &bob()).await.unwrap();
    assert_eq!(Some(&changed), row(&world, "crm").await.as_ref());
    assert_eq!(set_up.review(&source("crm"), review, &bob()).await.unwrap(), changed, "and no entry");
    let set = Act::SourceReviewSet { source: source("crm"), review };
    let of = |params: &[&str], secret| Act::SourceChanged {
        source: source("crm"),
        params: params.iter().map(|name| (*name).to_owned()).collect(),
        review: OwnPolicies::default(),
        secret,
        target: Some(target(&[])),
        control: false,
        forced: false,
        standing: 0,
    };
    assert_eq!(acts(&world)[1..], [of(&["account"], false), of(&[], true), set]);
    keeps_secret(&world, &format!("{changed:?}"));
}

#[tokio::test]
async fn a_change_of_nothing_or_to_something_wrong_changes_nothing() {
    let world = added().await;
    let before = row(&world, "crm").await;
    let set_up = world.setting_up();
    let same = Changing { params: params(&[("account", "7")]), ..Changing::default() };
    let wrong =
        Changing { unset: vec!["account".to_owned()], secret: Some(secret_of("")), ..Changing::default() };
    for (changing, told) in [
        (Changing::default(), "nothing of crm would change: give a parameter, a secret or a control"),
        (same, "nothing of crm would change: give a parameter, a secret or a control"),
        (wrong, "account: give it, such as 7; token: give it"),
    ] {
        let refused = set_up.change(&source("crm"), changing, &bob()).await.unwrap_err();
        assert_eq!(refused.to_string(), told);
    }
    let more =
        Changing { params: params(&[("zone", "eu")]), secret: Some(secret_of("new")), ..Changing::default() };
    assert!(matches!(set_up.change(&source("crm"), more, &bob()).await, Err(SetUpError::Wrong(_))));
    assert_eq!((row(&world, "crm").await, acts(&world).len(), secret(&world)), (before, 1, written(SECRET)));
    let none = set_up.change(&source("none"), Changing::default(), &bob()).await;
    assert_eq!(none, Err(SetUpError::NotFound(source("none"))));
}

#[tokio::test]
async fn a_disabled_data_source_gets_no_new_request_and_goes_on_with_the_open_ones() {
    let world = added().await;
    let vendor = world.vendors.vendor(&source("crm"));
    vendor.holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    let set_up = world.setting_up();
    assert!(!set_up.enable(&source("crm"), false, &bob()).await.unwrap().enabled);
    let before = row(&world, "crm").await;
    assert_eq!(set_up.enable(&source("crm"), false, &bob()).await.unwrap(), before.clone().unwrap());
    assert_eq!(
        (row(&world, "crm").await, acts(&world).len()),
        (before, 2),
        "that it is so already is no act"
    );
    assert!(world.demand(2, &erasure()).await.is_err());
    drive(&world).await;
    assert!(reconciled(&world, 1).await.is_done() && vendor.left() == 0);
    assert!(set_up.enable(&source("crm"), true, &ann()).await.unwrap().enabled);
    world.demand(2, &erasure()).await.unwrap();
    let acts = acts(&world);
    assert_eq!(
        acts[1..],
        [Act::SourceDisabled { source: source("crm") }, Act::SourceEnabled { source: source("crm") }]
    );
    assert_eq!(set_up.enable(&source("none"), true, &bob()).await, Err(SetUpError::NotFound(source("none"))));
}

#[tokio::test]
async fn a_data_source_is_removed_with_its_secret_once_no_open_request_goes_to_it() {
    let world = added().await;
    world.vendors.vendor(&source("crm")).holds(CANARY, ["a".to_owned()]);
    let mut waiting = erasure();
    waiting.sources = vec![source("crm")];
    world.demand(1, &waiting).await.unwrap();
    world.tamper(&task_of(1, "crm"), |task| task.policy = Policy::Always);
    drive(&world).await;
    let set_up = world.setting_up();
    let refused = set_up.remove(&source("crm"), &bob()).await.unwrap_err();
    assert_eq!(refused, SetUpError::InUse(source("crm"), request_id(1)));
    assert!(refused.to_string().contains("disable it, and remove it once they are closed"));
    assert_eq!((row(&world, "crm").await.is_some(), secret(&world)), (true, written(SECRET)));
    // It waits for a person for long, and is in use all that time.
    reconciled(&world, 3).await;
    assert!(set_up.remove(&source("crm"), &bob()).await.is_err());
    crate::rule(&world, rightful_domain::life::Ruling::Proceed).await;
    assert!(reconciled(&world, 1).await.is_done());
    set_up.remove(&source("crm"), &bob()).await.unwrap();
    assert_eq!((row(&world, "crm").await, secret(&world)), (None, None));
    assert_eq!(acts(&world).last(), Some(&Act::SourceRemoved { source: source("crm") }));
    assert_eq!(set_up.remove(&source("crm"), &bob()).await, Err(SetUpError::NotFound(source("crm"))));
    set_up.add(adding("crm", "another"), &ann()).await.unwrap();
    assert_eq!(secret(&world), written("another"));
}

#[tokio::test]
async fn a_settled_task_of_an_open_request_keeps_its_data_source_in_use() {
    let world = added().await;
    world.connect("shop").holds(CANARY, ["a".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    world.tamper(&task_of(1, "shop"), |task| task.policy = Policy::Always);
    drive(&world).await;
    assert_eq!(world.task(&task_of(1, "crm")).outcome, Some(Outcome::NothingFound));
    reconciled(&world, 2).await;
    assert_eq!(world.task(&task_of(1, "shop")).state, TaskState::AwaitingReview);
    let removed = world.setting_up().remove(&source("crm"), &bob()).await;
    assert_eq!(removed, Err(SetUpError::InUse(source("crm"), request_id(1))), "it may run again");
}

#[tokio::test]
async fn the_journal_follows_on_and_tells_each_try_and_by_whom() {
    let world = added().await;
    let set_up = world.setting_up();
    set_up.tested(&source("crm"), &Ok(()), &bob()).await.unwrap();
    world.clock.advance(60);
    let failure = Failure::misconfigured("secret_missing");
    set_up.tested(&source("crm"), &Err(failure), &ann()).await.unwrap();
    let journal = world.store.journal();
    let told: Vec<(u64, &str)> = journal.iter().map(|entry| (entry.seq, entry.by.as_str())).collect();
    assert_eq!(told, [(1, ann().as_str()), (2, bob().as_str()), (3, ann().as_str())]);
    assert_eq!(journal[1].act, Act::SourceTested { source: source("crm"), reason: None });
    let reason = Some("secret_missing".to_owned());
    assert_eq!(journal[2].act, Act::SourceTested { source: source("crm"), reason });
    assert_eq!(journal[2].at, world.now());
    assert_eq!(row(&world, "crm").await.unwrap().revision, 1, "its row is left alone");
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_adding_leaves_no_data_source_without_its_secret() {
    let (mut lone, mut whole) = (0, 0);
    for point in 0.. {
        let world = World::new();
        let by = ann();
        world.gate.crash_at(Some(point));
        let end =
            world.gate.until_crash(async { world.setting_up().add(adding("crm", SECRET), &by).await }).await;
        let there = row(&world, "crm").await.is_some();
        assert!(!there || secret(&world) == written(SECRET), "crash at {point}");
        assert_eq!(acts(&world).len(), usize::from(there), "crash at {point}: the entry comes with the row");
        (lone, whole) = (lone + u32::from(!there && secret(&world).is_some()), whole + u32::from(there));
        // Once more: it is there now, or was.
        let again = world.setting_up().add(adding("crm", SECRET), &by).await;
        assert_eq!(again.is_err(), there, "crash at {point}: {again:?}");
        assert_eq!(acts(&world).len(), 1);
        if end.is_some() {
            assert!(lone >= 2 && whole >= 2, "{lone} {whole} of {point}");
            return;
        }
    }
}

#[tokio::test]
async fn invariant_6_a_crash_at_any_point_of_removing_leaves_no_data_source_without_its_secret() {
    for point in 0.. {
        let world = added().await;
        let by = bob();
        world.gate.crash_at(Some(point));
        let end =
            world.gate.until_crash(async { world.setting_up().remove(&source("crm"), &by).await }).await;
        let there = row(&world, "crm").await.is_some();
        assert!(!there || secret(&world).is_some(), "crash at {point}");
        assert_eq!(acts(&world).len(), 1 + usize::from(!there), "crash at {point}");
        if end.is_some() {
            assert!(point >= 6);
            return;
        }
    }
}

#[tokio::test]
async fn of_two_who_add_the_same_at_once_one_is_told_and_of_two_who_change_it_too() {
    let (mut ways, mut conflicts) = (0, 0);
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let world = World::new();
            let set_up = world.setting_up();
            let (ann, bob) = (ann(), bob());
            let one = set_up.add(adding("crm", SECRET), &ann);
            let two = set_up.add(adding("crm", SECRET), &bob);
            let Some((one, two)) = overlapping(&world, one, two, (a, b)).await else { break };
            (last, ways) = (false, ways + 1);
            assert_eq!(u32::from(one.is_ok()) + u32::from(two.is_ok()), 1, "{a} {b}");
            assert_eq!(one.err().or(two.err()), Some(SetUpError::Exists(source("crm"))));
            assert_eq!(acts(&world).len(), 1);
        }
        if last {
            break;
        }
    }
    assert!(ways > 10, "{ways}");
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let world = added().await;
            let set_up = world.setting_up();
            let (ann, bob, crm) = (ann(), bob(), source("crm"));
            let to = |account| Changing { params: params(&[("account", account)]), ..Changing::default() };
            let (one, two) = (set_up.change(&crm, to("8"), &ann), set_up.change(&crm, to("9"), &bob));
            let Some((one, two)) = overlapping(&world, one, two, (a, b)).await else { break };
            last = false;
            let good = u32::from(one.is_ok()) + u32::from(two.is_ok());
            assert_eq!(acts(&world).len(), 1 + good as usize, "{a} {b}: an entry for each change");
            for error in [one.err(), two.err()].into_iter().flatten() {
                conflicts += 1;
                assert_eq!(error, SetUpError::Conflict(source("crm")));
                assert_eq!(good, 1);
            }
        }
        if last {
            break;
        }
    }
    assert!(conflicts > 3, "{conflicts}");
}

#[tokio::test]
async fn two_acts_at_once_on_different_data_sources_are_both_in_the_journal() {
    let world = World::new();
    let set_up = world.setting_up();
    let (ann, bob) = (ann(), bob());
    world.gate.interleave(true);
    let (one, two) =
        tokio::join!(set_up.add(adding("crm", SECRET), &ann), set_up.add(adding("shop", SECRET), &bob));
    world.gate.interleave(false);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(world.store.journal().len(), 2, "one after the other, with no gap");
}

#[tokio::test]
async fn a_request_made_while_its_data_source_is_removed_ends_there_as_failed() {
    let (world, _, _) = world_with(1, plain()).await;
    drive(&world).await;
    reconciled(&world, 1).await;
    // It is asked whether anybody uses it before the request is there.
    let (set_up, by, crm) = (world.setting_up(), bob(), source("crm"));
    let mut removing = pin!(set_up.remove(&crm, &by));
    world.gate.interleave(true);
    for _ in 0..3 {
        assert!(once(removing.as_mut()).await.is_none());
    }
    world.gate.interleave(false);
    world.demand(2, &erasure()).await.unwrap();
    removing.await.unwrap();
    drive(&world).await;
    let task = world.task(&task_of(2, "crm"));
    assert_eq!((task.outcome, task.reason.as_deref()), (Some(Outcome::Failed), Some("source_not_found")));
}
