//! Showing a person's data to an operator; each view is an event under the operator's name.

use crate::stage::{
    access, bob, connect_club, drive, holds_none, ids, overlapping, reconciled, record_name, rule, submitted,
    world_with,
};
use rightful_contract::canary;
use rightful_contract::driver::posts;
use rightful_contract::vendor::{Call, FakeVendor, plain};
use rightful_contract::world::{CANARY, World, ann, email, erasure, request_id, source, task_of};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::comparison::{ComparedRecord, RecordStanding};
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::task::{TaskState, Verdict};
use rightful_domain::operations::person::review::ReviewError;
use rightful_domain::operations::person::see::{LONGEST_FIELD, RECORDS_A_PAGE, Records, ShowError};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::{RecordId, SetAside};

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
    world.search(&at).await.unwrap();
    let mut all: Vec<RecordId> = Vec::new();
    let mut from = Some(0);
    while let Some(place) = from {
        let page = world.records(&at, place, 3).await.unwrap();
        assert_eq!((page.all, &page.digest), (7, &world.task(&at).found_digest));
        all.extend(page.records);
        from = page.next;
    }
    assert_eq!(all, ids(0..7));
    let beyond = world.records(&at, 7, 3).await.unwrap();
    assert_eq!((beyond.records.len(), beyond.next), (0, None));
    assert_eq!(world.records(&at, u32::MAX, u32::MAX).await.unwrap().records, []);
    assert_eq!(world.records(&at, 0, 0).await.unwrap().records.len(), 1, "a page has at least one");
    let records = Records { store: &world.store, keys: &world.keys, clock: &world.clock };
    records.show(&at, 2, 2, &bob()).await.unwrap();
    let mine = |records| (ann().as_str().to_owned(), records);
    let theirs = (bob().as_str().to_owned(), 2);
    assert_eq!(shown(&world), [mine(0), mine(3), mine(3), mine(1), mine(0), mine(0), mine(1), theirs]);
}

#[tokio::test]
async fn a_page_holds_so_many_records_at_most() {
    let (world, _, at) = world_with(RECORDS_A_PAGE as usize + 1, plain()).await;
    world.search(&at).await.unwrap();
    let page = world.records(&at, 0, u32::MAX).await.unwrap();
    assert_eq!((page.records.len(), page.next), (RECORDS_A_PAGE as usize, Some(RECORDS_A_PAGE)));
}

#[tokio::test]
async fn what_an_earlier_search_found_is_not_shown_after_a_shorter_or_an_empty_one() {
    let (world, vendor, at) = world_with(0, plain()).await;
    vendor.holds(CANARY, (0..9000).map(|n| format!("{n:040}")));
    world.search(&at).await.unwrap();
    assert!(world.task(&at).chunks > 1);
    for left in [1, 0] {
        vendor.set(|state| state.people.clear());
        vendor.holds(CANARY, (0..left).map(record_name));
        world.acts().run_again(&at, &ann()).await.unwrap();
        assert_eq!(world.records(&at, 0, 9).await.unwrap().all, 0, "not before it is searched again");
        world.search(&at).await.unwrap();
        let page = world.records(&at, 0, 9).await.unwrap();
        assert_eq!((page.records, page.all), (ids(0..left), u32::try_from(left).unwrap()));
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
    assert_eq!(world.records(&at, 0, 9).await, Err(ShowError::Not(WhyNot::Forgotten)));
    assert_eq!((world.facts(request_id(1)).len(), shown(&world)), (facts, vec![]));
}

#[tokio::test]
async fn nothing_is_shown_whose_event_is_not_stored() {
    let mut told = 0;
    for point in 0.. {
        let (world, _, at) = world_with(2, plain()).await;
        world.search(&at).await.unwrap();
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
    world.search(&at).await.unwrap();
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
            world.search(&at).await.unwrap();
            vendor.set(|state| state.people.clear());
            vendor.holds(CANARY, ["new-0".to_owned()]);
            let again = async {
                world.acts().run_again(&at, &ann()).await.unwrap();
                world.search(&at).await.unwrap();
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
                // Only if the operator really saw the new one.
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
    assert_eq!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::NotAccess)));
    world.demand(2, &access()).await.unwrap();
    let told = world.link(request_id(2)).await.err().unwrap().to_string();
    assert_eq!(told, "there is no copy yet: it is made when every data source is done");
    rule(&world_waiting().await, Ruling::LeaveOut).await;
}

/// A copy that waits for an identifier; its link says so.
async fn world_waiting() -> World {
    let world = World::new();
    world.connect("crm");
    connect_club(&world);
    world.demand(1, &access()).await.unwrap();
    drive(&world).await;
    let told = world.link(request_id(1)).await.err().unwrap().to_string();
    assert!(told.contains("the identifier is missing for club; give it"), "{told}");
    world
}

/// Request 1, whose search at `crm` found `a` and `b`; a person decides.
async fn waiting() -> (World, FakeVendor, TaskRef) {
    let mut world = World::new();
    world.policies.erasure = Policy::Always;
    let vendor = world.connect("crm");
    vendor.holds(CANARY, ["a".to_owned(), "b".to_owned()]);
    world.demand(1, &erasure()).await.unwrap();
    drive(&world).await;
    (world, vendor, task_of(1, "crm"))
}

/// The views of records with their fields: how many each time.
fn compared(world: &World) -> Vec<u32> {
    let of = |fact| match fact {
        Fact::RecordsShown { records, with_fields: true, .. } => Some(records),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(of).collect()
}

fn ids_of(records: &[ComparedRecord]) -> Vec<(&str, RecordStanding)> {
    records.iter().map(|one| (one.id.as_ref().map_or("-", RecordId::expose), one.standing)).collect()
}

#[tokio::test]
async fn each_record_is_shown_beside_what_found_it_and_against_what_is_decided_on() {
    let (world, vendor, at) = waiting().await;
    let before = world.task(&at);
    vendor.set(|state| {
        state.people.clear();
        state.marked = [RecordId::new("c")].into();
        state.set_aside = vec![
            SetAside { id: Some(RecordId::new("d")), doubtful: true },
            SetAside { id: None, doubtful: false },
        ];
    });
    vendor.holds(CANARY, ["b".to_owned(), "c".to_owned()]);
    let page = world.compare(&at, 0, 100).await.unwrap();
    // Records that need a confirmation come first.
    let expected = [
        ("c", RecordStanding::New),
        ("d", RecordStanding::SetAside),
        ("b", RecordStanding::Covered),
        ("a", RecordStanding::Gone),
        ("-", RecordStanding::SetAside),
    ];
    assert_eq!(ids_of(&page.records), expected);
    assert_eq!((page.all, page.next, &page.digest), (5, None, &before.found_digest));
    let [c, d, b, a, unnamed] = &page.records[..] else { panic!("five") };
    assert!(c.marked && !c.doubtful && d.doubtful && !d.marked && !b.marked && !unnamed.doubtful);
    for (one, by) in [(c, 1), (d, 1), (b, 1), (unnamed, 1), (a, 0)] {
        let kinds: Vec<&str> = one.found_by.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, vec!["email"; by]);
        let fields: Vec<(&str, &str)> =
            one.fields.iter().map(|field| (field.name.as_str(), field.text.as_str())).collect();
        assert_eq!(fields, vec![("name", "Ana Canario"); by]);
    }
    assert_eq!((world.task(&at), compared(&world)), (before, vec![5]), "nothing is stored but the event");
    // Page by page, each with an event of its own.
    let (mut all, mut from) = (Vec::new(), Some(0));
    while let Some(place) = from {
        let page = world.compare(&at, place, 2).await.unwrap();
        all.extend(page.records);
        from = page.next;
    }
    assert_eq!(ids_of(&all), expected);
    assert_eq!(compared(&world), [5, 2, 2, 1]);
    holds_none(&world, &["Ana Canario"]);
    assert_eq!(canary::found(&format!("{page:?} {:?}", page.records[0].fields), "Ana Canario"), [""; 0]);
}

#[tokio::test]
async fn it_is_asked_in_every_spelling_and_each_record_is_shown_once() {
    let (world, vendor, at) = waiting().await;
    vendor.set(|state| {
        state.capabilities = Capabilities { ignores_case: Vec::new(), ..plain() };
        state.exact = true;
        state.journal.clear();
        state.set_aside = vec![SetAside { id: Some(RecordId::new("d")), doubtful: false }];
    });
    // The vendor holds one record in each spelling; the search for one sets the other aside.
    vendor.set(|state| {
        let written = [RecordId::new("d"), RecordId::new("e")].into();
        state.people.insert(CANARY.to_owned(), written);
    });
    let page = world.compare(&at, 0, 100).await.unwrap();
    let expected = [
        ("a", RecordStanding::Covered),
        ("b", RecordStanding::Covered),
        ("d", RecordStanding::New),
        ("e", RecordStanding::New),
    ];
    assert_eq!(ids_of(&page.records), expected);
    assert_eq!(vendor.journal(), [Call::Search(1), Call::Search(1)]);
}

#[tokio::test]
async fn it_is_asked_where_the_run_was_searched_or_not_at_all() {
    let (world, vendor, at) = waiting().await;
    let moved = |world: &World| {
        world.tamper_source("crm", |row| {
            row.params.insert("host".to_owned(), "b.example.com".to_owned());
        });
        world.vendors.at(&source("crm"), Some("b.example.com"))
    };
    let elsewhere = moved(&world);
    vendor.set(|state| state.journal.clear());
    assert_eq!(world.compare(&at, 0, 9).await, Err(ShowError::Moved(source("crm"))));
    assert_eq!((vendor.journal(), elsewhere.journal(), compared(&world)), (vec![], vec![], vec![]));
    // Once something was submitted, the old one counts.
    let (world, vendor, at) = submitted(2).await;
    let elsewhere = moved(&world);
    let page = world.compare(&at, 0, 9).await.unwrap();
    assert!(page.records.iter().all(|one| one.standing == RecordStanding::Covered) && page.all == 2);
    assert_eq!((elsewhere.journal(), posts(&vendor.journal())), (vec![], 1));
}

#[tokio::test]
async fn nothing_is_shown_with_fields_of_what_is_over_forgotten_or_not_answered() {
    let (world, vendor, at) = waiting().await;
    assert_eq!(world.compare(&task_of(9, "crm"), 0, 9).await, Err(ShowError::NotFound));
    let unknown = world.compare(&task_of(1, "none"), 0, 9).await;
    assert_eq!(unknown, Err(ShowError::UnknownSource(source("none"))));
    vendor.set(|state| state.searches.push_back(Err(Fault::Unavailable(Code::VendorUnreachable))));
    let unanswered = world.compare(&at, 0, 9).await;
    assert_eq!(unanswered, Err(ShowError::Unanswered(source("crm"), "vendor_unreachable".to_owned())));
    vendor.set(|state| state.broken = Some(rightful_contract::vendor::NO_SECRET));
    let unopened = world.compare(&at, 0, 9).await;
    assert_eq!(unopened, Err(ShowError::Unanswered(source("crm"), "secret_missing".to_owned())));
    vendor.set(|state| state.broken = None);
    world.tamper(&at, |task| task.state = TaskState::Settled);
    vendor.set(|state| state.journal.clear());
    assert_eq!(world.compare(&at, 0, 9).await, Err(ShowError::Not(WhyNot::Over(source("crm")))));
    let (done, _, at) = world_with(2, plain()).await;
    drive(&done).await;
    assert!(reconciled(&done, 1).await.is_done());
    assert_eq!(done.compare(&at, 0, 9).await, Err(ShowError::Not(WhyNot::Forgotten)));
    assert_eq!((compared(&world), compared(&done), vendor.journal()), (vec![], vec![], vec![]));
}

#[tokio::test]
async fn a_long_field_is_cut_off() {
    let (world, vendor, at) = waiting().await;
    vendor.set(|state| state.shown_name = "ä".repeat(LONGEST_FIELD + 1));
    let page = world.compare(&at, 0, 1).await.unwrap();
    assert_eq!(page.records[0].fields[0].text, format!("{}…", "ä".repeat(LONGEST_FIELD)));
}

#[tokio::test]
async fn nothing_is_shown_with_fields_whose_event_is_not_stored() {
    let mut told = 0;
    for point in 0.. {
        let (world, _, at) = waiting().await;
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.compare(&at, 0, 9)).await;
        told += compared(&world).len();
        if let Some(page) = end {
            assert_eq!((page.unwrap().records.len(), compared(&world)), (2, vec![2]));
            assert!(point >= 10 && told == 2, "{point} points, {told} of them after it was told");
            return;
        }
    }
}

#[tokio::test]
async fn identifiers_are_shown_until_the_person_is_forgotten_and_each_showing_is_an_event() {
    let (world, vendor, at) = waiting().await;
    vendor.holds("ann@example.com", ["c".to_owned()]);
    world.identify(&at, &email("ann@example.com")).await.unwrap();
    let shown = |world: &World| {
        let of = |fact| match fact {
            Fact::IdentifiersShown { by, identifiers } => Some((by.as_str().to_owned(), identifiers)),
            _ => None,
        };
        world.facts(request_id(1)).into_iter().filter_map(of).collect::<Vec<_>>()
    };
    for times in 1..=2 {
        let all = world.identifiers(request_id(1)).await.unwrap();
        let values: Vec<(&str, Option<&str>)> = all
            .iter()
            .map(|one| (one.identifier.expose(), one.source.as_ref().map(|source| source.as_str())))
            .collect();
        assert_eq!(values, [(CANARY, None), ("ann@example.com", Some("crm"))]);
        assert_eq!(shown(&world), vec![(ann().as_str().to_owned(), 2); times]);
    }
    holds_none(&world, &[CANARY, "ann@example.com"]);
    assert_eq!(world.identifiers(request_id(9)).await.err(), Some(ShowError::NotFound));
    drive(&world).await;
    rule(&world, Ruling::Proceed).await;
    assert!(reconciled(&world, 1).await.is_done());
    assert_eq!(world.identifiers(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::Forgotten)));
    assert_eq!(shown(&world).len(), 2);
}

fn read(world: &World) -> Vec<(String, String)> {
    let of = |fact| match fact {
        Fact::ReasonRead { source, by } => Some((source.to_string(), by.as_str().to_owned())),
        _ => None,
    };
    world.facts(request_id(1)).into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_reason_is_read_by_whoever_asks_until_the_person_is_forgotten_and_each_reading_is_an_event() {
    let (world, _, at) = waiting().await;
    assert!(world.reasons(request_id(1)).await.unwrap().is_empty());
    assert_eq!(read(&world), [], "nothing was there to read");
    let mut reviewing = world.reviewing(request_id(1), Ruling::Proceed);
    reviewing.reason = format!("{CANARY} called");
    world.review(request_id(1), &reviewing, &bob()).await.unwrap();
    for times in 1..=2 {
        let reasons = world.reasons(request_id(1)).await.unwrap();
        let [one] = &reasons[..] else { panic!("one") };
        assert_eq!((one.source.as_str(), one.by.as_str()), ("crm", bob().as_str()));
        assert_eq!(
            (one.verdict, one.reason.as_str()),
            (Verdict::Proceed, format!("{CANARY} called").as_str())
        );
        assert_eq!(Some(one.at), world.task(&at).review.map(|review| review.at));
        assert_eq!(read(&world), vec![("crm".to_owned(), ann().as_str().to_owned()); times]);
    }
    holds_none(&world, &[CANARY, "called"]);
    assert_eq!(world.reasons(request_id(9)).await.err(), Some(ShowError::NotFound));
    assert!(reconciled(&world, 1).await.is_done());
    let facts = world.facts(request_id(1));
    assert_eq!(world.reasons(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::Forgotten)));
    assert_eq!(world.facts(request_id(1)), facts);
}

#[tokio::test]
async fn no_reason_is_given_whose_reading_is_not_stored() {
    let mut told = 0;
    for point in 0.. {
        let (world, _, _) = waiting().await;
        rule(&world, Ruling::Proceed).await;
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.reasons(request_id(1))).await;
        told += read(&world).len();
        if let Some(reasons) = end {
            assert_eq!((reasons.unwrap().len(), read(&world).len()), (1, 1));
            assert!(point >= 5 && told == 2, "{point} points, {told} of them after it was told");
            return;
        }
    }
}
