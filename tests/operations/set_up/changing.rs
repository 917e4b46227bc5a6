//! Parameters, the control and the switch of a data source; each act is in the journal.

use crate::set_up::stage::{
    SECRET, acts, added, adding, control, keeps_secret, params, row, secret, secret_of, target, written,
};
use crate::stage::{bob, drive, reconciled};
use rightful_contract::world::{CANARY, World, ann, erasure, source};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::source::Control;
use rightful_domain::operations::set_up::{Adding, Changing, SetUpError};

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
    let not_found = Failure::of(Code::ControlNotFound);
    assert_eq!(world.test_source("crm").await, Err(not_found));
    vendor.holds("mirror@example.com", ["control-1".to_owned()]);
    assert_eq!(world.test_source("crm").await, Ok(()));
    // A sight from seconds ago doesn't prove that the record exists now.
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
async fn the_journal_follows_on_and_tells_each_try_and_by_whom() {
    let world = added().await;
    let set_up = world.setting_up();
    set_up.tested(&source("crm"), &Ok(()), &bob()).await.unwrap();
    world.clock.advance(60);
    let failure = Failure::of(Code::SecretMissing);
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
