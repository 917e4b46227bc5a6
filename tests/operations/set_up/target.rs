//! A data source is pointed elsewhere.

use crate::set_up::stage::{
    SECRET, acts, added, params, row, secret, secret_of, standing, stored, target, written,
};
use crate::stage::{bob, drive, overlapping};
use rightful_contract::rows;
use rightful_contract::table::Write;
use rightful_contract::world::{World, ann, erasure, erasure_of, request_id, source, task_of};
use rightful_domain::base::ids::RequestId;
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::OwnPolicies;
use rightful_domain::model::request::Request;
use rightful_domain::model::task::{Counts, Outcome, TaskState};
use rightful_domain::operations::set_up::{Becomes, Changing, SetUpError};
use rightful_domain::ports::workflow::Next;
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;

/// The tokens of the stored secret versions for this target: only these may go there.
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

/// A task searched, and submitted too if `sent`, while the vendor works on it; the person is `n`'s own.
async fn under_way(world: &World, n: u16, sent: bool) {
    let (address, at) = (format!("person-{n}@example.com"), task_of(n, "crm"));
    world.vendors.vendor(&source("crm")).holds(&address, [format!("record-{n}")]);
    world.demand(n, &erasure_of(&address)).await.unwrap();
    world.search(&at).await.unwrap();
    if sent {
        world.submit(&at).await.unwrap();
    }
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
    // A change back is a change of the target too: the stored secret may be another version by now.
    let back = || Changing { unset: vec!["host".to_owned(), "region".to_owned()], ..Changing::default() };
    let refused = set_up.change(&source("crm"), back(), &bob()).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("host: {told}; region: {told}"));
    let secret_again = Some(secret_of("third"));
    set_up.change(&source("crm"), Changing { secret: secret_again, ..back() }, &bob()).await.unwrap();
    assert_eq!(tokens_for(&world, &target(&[])), ["third"]);
    assert_eq!(tokens_for(&world, &target(&elsewhere)), ["another"]);
    // A new secret without a change is for the present target.
    let rotated = Changing { secret: Some(secret_of("fourth")), ..Changing::default() };
    set_up.change(&source("crm"), rotated, &bob()).await.unwrap();
    assert_eq!(tokens_for(&world, &target(&[])), ["fourth", "third"]);
}

#[tokio::test]
async fn a_change_of_the_target_is_refused_while_open_tasks_stand_on_it_and_says_what_becomes_of_each() {
    let world = added().await;
    under_way(&world, 1, false).await;
    under_way(&world, 2, true).await;
    // A task that is not searched yet, and one that is settled while its request is open.
    world.demand(3, &erasure_of("person-3@example.com")).await.unwrap();
    world.demand(4, &erasure_of("nobody@example.com")).await.unwrap();
    world.search(&task_of(4, "crm")).await.unwrap();
    assert_eq!(world.task(&task_of(4, "crm")).state, TaskState::Settled);
    let (set_up, before) = (world.setting_up(), row(&world, "crm").await);
    let refused = set_up.change(&source("crm"), moving("b.example", "b"), &bob()).await.unwrap_err();
    let standing = standing(&[(1, Becomes::SearchedAnew), (2, Becomes::OldTargetAsked)]);
    assert_eq!(refused, SetUpError::TargetInUse(source("crm"), standing.clone()));
    assert_eq!((row(&world, "crm").await, acts(&world).len(), secret(&world)), (before, 1, written(SECRET)));
    // A parameter that doesn't steer changes as usual.
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
    while world.check_status(&task_of(1, "crm")).await.unwrap().next == Next::CheckStatus {
        world.clock.advance(600);
    }
    world.tamper(&task_of(1, "crm"), |task| {
        (task.state, task.run, task.first_batch) = (TaskState::AwaitingReview, 2, 1);
        task.counts = Counts { found: 1, ..Counts::default() };
    });
    // An older release stored no target.
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
    // Strangers who happen to have the same ids.
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
    // A change back to the task's own target doesn't harm it.
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
    // Among so many open requests, some unchecked ones may use it.
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
