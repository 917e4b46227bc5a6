//! What an operator is shown of a person; each time is an event under their name.

use crate::{access, bob, drive, overlapping, reconciled, rule, world_with};
use rightful_contract::canary;
use rightful_contract::vendor::plain;
use rightful_contract::world::{CANARY, World, ann, request_id, source, task_of};
use rightful_domain::event::Fact;
use rightful_domain::life::Ruling;
use rightful_domain::operations::review::ReviewError;
use rightful_domain::operations::shown::{RECORDS_A_PAGE, Records, ShowError};
use rightful_domain::policy::Policy;
use rightful_domain::vendor::RecordId;

fn shown(world: &World) -> Vec<(String, u32)> {
    let of = |fact| match fact {
        Fact::RecordsShown { by, records, .. } => Some((by.as_str().to_owned(), records)),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn the_records_found_are_shown_in_pages_with_the_digest_of_all_of_them() {
    let (world, _, at) = world_with(7, plain()).await;
    assert_eq!(world.records(&at, 0, 5).await.unwrap().all, 0, "nothing was searched yet");
    world.find(&at).await.unwrap();
    let mut all: Vec<RecordId> = Vec::new();
    let mut from = Some(0);
    while let Some(place) = from {
        let page = world.records(&at, place, 3).await.unwrap();
        assert_eq!((page.all, &page.digest), (7, &world.task(&at).found_digest));
        all.extend(page.records);
        from = page.next;
    }
    assert_eq!(all, crate::ids(0..7));
    let beyond = world.records(&at, 7, 3).await.unwrap();
    assert_eq!((beyond.records.len(), beyond.next), (0, None));
    assert_eq!(world.records(&at, u32::MAX, u32::MAX).await.unwrap().records, []);
    assert_eq!(world.records(&at, 0, 0).await.unwrap().records.len(), 1, "a page has at least one");
    let records = Records { store: &world.store, keys: &world.keys, clock: &world.clock };
    records.run(&at, 2, 2, &bob()).await.unwrap();
    let mine = |records| (ann().as_str().to_owned(), records);
    let theirs = (bob().as_str().to_owned(), 2);
    assert_eq!(shown(&world), [mine(0), mine(3), mine(3), mine(1), mine(0), mine(0), mine(1), theirs]);
}

#[tokio::test]
async fn a_page_holds_so_many_records_at_most() {
    let (world, _, at) = world_with(RECORDS_A_PAGE as usize + 1, plain()).await;
    world.find(&at).await.unwrap();
    let page = world.records(&at, 0, u32::MAX).await.unwrap();
    assert_eq!((page.records.len(), page.next), (RECORDS_A_PAGE as usize, Some(RECORDS_A_PAGE)));
}

#[tokio::test]
async fn what_an_earlier_search_found_is_not_shown_after_a_shorter_or_an_empty_one() {
    let (world, vendor, at) = world_with(0, plain()).await;
    vendor.holds(CANARY, (0..9000).map(|n| format!("{n:040}")));
    world.find(&at).await.unwrap();
    assert!(world.task(&at).chunks > 1);
    for left in [1, 0] {
        vendor.set(|state| state.people.clear());
        vendor.holds(CANARY, (0..left).map(crate::record_name));
        world.again().run(&at, &ann()).await.unwrap();
        assert_eq!(world.records(&at, 0, 9).await.unwrap().all, 0, "not before it is searched again");
        world.find(&at).await.unwrap();
        let page = world.records(&at, 0, 9).await.unwrap();
        assert_eq!((page.records, page.all), (crate::ids(0..left), u32::try_from(left).unwrap()));
    }
}

#[tokio::test]
async fn nothing_is_shown_of_what_is_not_there_or_is_forgotten() {
    let (world, _, at) = world_with(2, plain()).await;
    assert_eq!(world.records(&task_of(9, "crm"), 0, 9).await, Err(ShowError::NotFound));
    let unknown = world.records(&task_of(1, "none"), 0, 9).await;
    assert_eq!(unknown, Err(ShowError::UnknownSource(source("none"))));
    drive(&world).await;
    assert!(reconciled(&world, 1).await.is_done());
    let facts = world.facts(request_id(1)).len();
    assert_eq!(world.records(&at, 0, 9).await, Err(ShowError::Forgotten));
    assert_eq!((world.facts(request_id(1)).len(), shown(&world)), (facts, vec![]));
}

#[tokio::test]
async fn nothing_is_shown_whose_event_is_not_stored() {
    let mut told = 0;
    for point in 0.. {
        let (world, _, at) = world_with(2, plain()).await;
        world.find(&at).await.unwrap();
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.records(&at, 0, 9)).await;
        told += shown(&world).len();
        if let Some(page) = end {
            assert_eq!((page.unwrap().records.len(), shown(&world).len()), (2, 1));
            assert!(point >= 6 && told == 2, "{point} points, {told} of them after it was told");
            return;
        }
    }
}

#[tokio::test]
async fn invariant_1_the_records_shown_are_in_no_event_and_no_debug_text() {
    let (world, vendor, at) = world_with(0, plain()).await;
    vendor.holds(CANARY, ["profile-canary-7731".to_owned()]);
    world.find(&at).await.unwrap();
    let page = world.records(&at, 0, 9).await.unwrap();
    assert_eq!(page.records[0].expose(), "profile-canary-7731");
    let text = format!("{page:?} {:?} {}", world.facts(request_id(1)), world.store.dump());
    assert_eq!(canary::found(&text, "profile-canary-7731"), Vec::<String>::new());
}

#[tokio::test]
async fn invariant_2_what_is_shown_while_it_is_searched_again_is_never_decided_on_as_something_else() {
    let mut ways = 0;
    for a in 0.. {
        let mut last = true;
        for b in 0.. {
            let mut world = World::new();
            world.policies.erasure = Policy::Always;
            let vendor = world.connect("crm");
            vendor.holds(CANARY, ["old-0".to_owned()]);
            world.demand(1, &rightful_contract::world::erasure()).await.unwrap();
            let at = task_of(1, "crm");
            world.find(&at).await.unwrap();
            vendor.set(|state| state.people.clear());
            vendor.holds(CANARY, ["new-0".to_owned()]);
            let again = async {
                world.again().run(&at, &ann()).await.unwrap();
                world.find(&at).await.unwrap();
            };
            let Some((page, ())) = overlapping(&world, world.records(&at, 0, 9), again, (a, b)).await else {
                break;
            };
            (last, ways) = (false, ways + 1);
            let page = page.unwrap();
            let mut reviewing = world.reviewing(request_id(1), Ruling::Proceed);
            reviewing.sources[0].records = page.digest.clone();
            let what = format!("{a} {b}: {:?}", page.records.first().map(RecordId::expose));
            match world.review(request_id(1), &reviewing, &bob()).await {
                // Only if it was really the new one that was seen.
                Ok(_) => assert_eq!(page.records, [RecordId::new("new-0")], "{what}"),
                Err(error) => assert_eq!(error, ReviewError::Changed(source("crm")), "{what}"),
            }
        }
        if last {
            break;
        }
    }
    assert!(ways > 20, "{ways}");
}

#[tokio::test]
async fn there_is_no_link_without_a_copy_and_the_error_says_what_to_do() {
    let (world, _, _) = world_with(1, plain()).await;
    assert_eq!(world.link(request_id(9)).await.err(), Some(ShowError::NotFound));
    assert_eq!(world.link(request_id(1)).await.err(), Some(ShowError::NotAccess));
    world.demand(2, &access()).await.unwrap();
    let told = world.link(request_id(2)).await.err().unwrap().to_string();
    assert_eq!(told, "there is no copy yet: it is made when every data source is done");
    rule(&world_waiting().await, Ruling::LeaveOut).await;
}

/// A copy that waits for an identifier, which its link tells.
async fn world_waiting() -> World {
    let world = World::new();
    world.connect("crm");
    crate::connect_club(&world);
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    let told = world.link(request_id(1)).await.err().unwrap().to_string();
    assert!(told.contains("the identifier is missing for club; give it"), "{told}");
    world
}
