//! A person confirms, by their number, records that may be somebody else's.

use crate::person::review::stage::{demanded, of_one, reviews};
use crate::stage::{bob, crm, drive, reconciled, shop};
use rightful_contract::world::{ann, request_id, source};
use rightful_domain::base::seal::Tag;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Outcome, TaskState, Verdict};
use rightful_domain::operations::person::review::{ReviewError, Reviewing, Seen};
use rightful_domain::vendor::record::{RecordId, SetAside};

/// The same ruling without any confirmation.
fn unconfirmed(reviewing: &Reviewing) -> Reviewing {
    let mut bare = reviewing.clone();
    for seen in &mut bare.sources {
        (seen.marked, seen.set_aside) = (None, None);
    }
    bare
}

fn aside(id: Option<&str>, doubtful: bool) -> SetAside {
    SetAside { id: id.map(RecordId::new), doubtful }
}

#[tokio::test]
async fn a_record_that_shows_another_persons_identifier_is_confirmed_by_its_number_or_not_acted_on() {
    let (world, vendor, _) = demanded(Policy::Auto).await;
    vendor.set(|state| {
        state.marked = ["crm-1", "crm-2"].map(RecordId::new).into();
    });
    world.search(&crm()).await.unwrap();
    assert_eq!(world.task(&crm()).state, TaskState::AwaitingReview, "whatever the policy");
    let whole = of_one(&world, &crm(), Ruling::Proceed);
    let facts = world.facts(request_id(1));
    for given in [None, Some(0), Some(1), Some(3)] {
        let mut reviewing = whole.clone();
        reviewing.sources[0].marked = given;
        let refused = world.review(request_id(1), &reviewing, &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::Marked(source("crm"), 2), "{given:?}");
        assert!(refused.to_string().contains("confirm the number 2"), "{refused}");
    }
    assert_eq!(world.facts(request_id(1)), facts);
    world.review(request_id(1), &whole, &bob()).await.unwrap();
    reconciled(&world, 2).await;
    assert_eq!((vendor.posts()[0].len(), vendor.left()), (3, 0));

    // A refusal needs no confirmation.
    let (world, vendor, _) = demanded(Policy::Auto).await;
    vendor.set(|state| state.marked = [RecordId::new("crm-1")].into());
    world.search(&crm()).await.unwrap();
    let refuse = unconfirmed(&of_one(&world, &crm(), Ruling::Refuse(RefusalGround::LegalClaims)));
    world.review(request_id(1), &refuse, &bob()).await.unwrap();
}

#[tokio::test]
async fn what_was_confirmed_is_what_is_there_now() {
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.marked = [RecordId::new("crm-1")].into());
    world.search(&crm()).await.unwrap();
    let seen = of_one(&world, &crm(), Ruling::Proceed);
    // After another search, the same records show nobody else.
    vendor.set(|state| state.marked.clear());
    world.acts().run_again(&crm(), &ann()).await.unwrap();
    world.search(&crm()).await.unwrap();
    let refused = world.review(request_id(1), &seen, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("crm"))));
}

#[tokio::test]
async fn a_zero_is_confirmed_for_the_search_that_was_shown_and_no_other() {
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.people.clear());
    world.search(&crm()).await.unwrap();
    let seen = of_one(&world, &crm(), Ruling::Proceed);
    world.clock.advance(60);
    world.acts().run_again(&crm(), &ann()).await.unwrap();
    world.search(&crm()).await.unwrap();
    assert!(world.task(&crm()).wants_confirmation());
    assert_eq!(world.review(request_id(1), &seen, &bob()).await, Err(ReviewError::Changed(source("crm"))));
    let now = of_one(&world, &crm(), Ruling::Proceed);
    world.review(request_id(1), &now, &bob()).await.unwrap();
}

#[tokio::test]
async fn what_no_digest_binds_is_proceeded_with_only_by_who_says_which_search_they_saw() {
    for (records, doubtful) in [(0, 0), (0, 1), (3, 1), (3, 0)] {
        let (world, vendor, _) = demanded(Policy::Always).await;
        vendor.set(|state| {
            if records == 0 {
                state.people.clear();
            }
            state.set_aside = (0..doubtful).map(|_| aside(Some("both"), true)).collect();
        });
        world.search(&crm()).await.unwrap();
        assert_eq!(world.task(&crm()).counts.found, records);
        let whole = of_one(&world, &crm(), Ruling::Proceed);
        let mut unsaid = whole.clone();
        unsaid.sources[0].searched_at = None;
        let facts = world.facts(request_id(1));
        let what = format!("{records} found, {doubtful} doubtful");
        if (records, doubtful) == (3, 0) {
            // The digest is of all that is decided on.
            world.review(request_id(1), &unsaid, &bob()).await.unwrap();
            continue;
        }
        let refused = world.review(request_id(1), &unsaid, &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::SearchedAt(source("crm")), "{what}");
        assert!(refused.to_string().contains("give its `searched_at`"), "{refused}");
        // A reviewer who saw other records hears that first.
        let mut other = unsaid.clone();
        other.sources[0].records = Some(Tag::new("subjects-1", &[7; 32]));
        let refused = world.review(request_id(1), &other, &bob()).await;
        assert_eq!(refused, Err(ReviewError::Changed(source("crm"))), "{what}");
        assert_eq!(world.facts(request_id(1)), facts, "{what}: nothing is stored");
        world.review(request_id(1), &whole, &bob()).await.unwrap();
        assert_eq!(reviews(&world).len(), 1, "{what}");
    }
    // A refusal makes no statement about the records.
    let (world, vendor, _) = demanded(Policy::Always).await;
    vendor.set(|state| state.people.clear());
    world.search(&crm()).await.unwrap();
    let mut refuse = of_one(&world, &crm(), Ruling::Refuse(RefusalGround::LegalClaims));
    refuse.sources[0].searched_at = None;
    world.review(request_id(1), &refuse, &bob()).await.unwrap();
}

#[tokio::test]
async fn a_record_that_was_set_aside_and_may_be_the_persons_is_confirmed_to_be_none_of_theirs() {
    for (records, ruling) in [(3, Ruling::Proceed), (0, Ruling::Proceed)] {
        let (world, vendor, _) = demanded(Policy::Auto).await;
        vendor.set(|state| {
            if records == 0 {
                state.people.clear();
            }
            state.set_aside = vec![aside(Some("both"), true), aside(None, false)];
        });
        world.search(&crm()).await.unwrap();
        let task = world.task(&crm());
        assert_eq!((task.state, task.counts.found), (TaskState::AwaitingReview, records));
        let seen = Seen::all_of(&task);
        let whole = Reviewing { sources: vec![seen], ruling, reason: "seen".to_owned() };
        let refused = world.review(request_id(1), &unconfirmed(&whole), &bob()).await.unwrap_err();
        assert_eq!(refused, ReviewError::Doubtful(source("crm"), 1), "{ruling:?}");
        assert!(refused.to_string().contains("confirm the number 1"), "{refused}");
        world.review(request_id(1), &whole, &bob()).await.unwrap();
        let (outcome, state) = (world.task(&crm()).outcome, world.task(&crm()).state);
        match records {
            0 => assert_eq!(outcome, Some(Outcome::NothingFound)),
            _ => assert_eq!(state, TaskState::Decided),
        }
    }
}

#[tokio::test]
async fn where_a_person_decides_nothing_found_waits_for_their_word_or_another_identifier() {
    let (world, _, shop_vendor) = demanded(Policy::Always).await;
    shop_vendor.set(|state| state.people.clear());
    drive(&world).await;
    let task = world.task(&shop());
    assert!(task.wants_confirmation() && task.found_digest.is_none(), "{task:?}");
    let request = reconciled(&world, 5).await;
    assert_eq!((request.state, request.outcome), (RequestState::Open, None), "a zero closes nothing");
    // A digest of an unseen search doesn't confirm that nothing was found.
    let mut wrong = of_one(&world, &shop(), Ruling::Proceed);
    wrong.sources[0].records = Some(Tag::new("subjects-1", &[7; 32]));
    let refused = world.review(request_id(1), &wrong, &bob()).await;
    assert_eq!(refused, Err(ReviewError::Changed(source("shop"))));
    // Leaving it out doesn't either: it was searched.
    let leave_out = Reviewing { ruling: Ruling::LeaveOut, ..of_one(&world, &shop(), Ruling::Proceed) };
    let left_out = world.review(request_id(1), &leave_out, &bob()).await;
    assert_eq!(left_out, Err(ReviewError::Not(WhyNot::NotMissing(source("shop")))));
    let confirmed = world.review(request_id(1), &of_one(&world, &shop(), Ruling::Proceed), &bob()).await;
    assert_eq!(confirmed.unwrap().sources, [(source("shop"), TaskState::Settled)]);
    let task = world.task(&shop());
    assert_eq!((task.outcome, task.reason), (Some(Outcome::NothingFound), None));
    assert_eq!(reviews(&world), [(bob().as_str().to_owned(), Verdict::Proceed)]);

    // Another identifier is given instead, and searched.
    let (world, crm_vendor, _) = demanded(Policy::Always).await;
    crm_vendor.set(|state| state.people.clear());
    crm_vendor.holds("ana@example.com", ["late-0".to_owned()]);
    drive(&world).await;
    world.identify(&crm(), &rightful_contract::world::email("ana@example.com")).await.unwrap();
    drive(&world).await;
    let task = world.task(&crm());
    assert_eq!((task.state, task.counts.found), (TaskState::AwaitingReview, 1));
    assert!(!task.wants_confirmation());
}
