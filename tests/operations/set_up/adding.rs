//! A data source is added with its secret.

use crate::set_up::stage::{SECRET, acts, added, adding, keeps_secret, params, row, secret, target, written};
use crate::stage::{bob, overlapping};
use rightful_contract::world::{World, ann, erasure, source, task_of};
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::operations::set_up::{Adding, Changing, SetUpError};

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
        // Once more: it is stored now, or was before.
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
