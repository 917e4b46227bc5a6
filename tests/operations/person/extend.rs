//! The legal deadline is extended, with its ground, while the first month lasts.

use crate::stage::{verifying, world_with};
use rightful_contract::rows;
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, request_id};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::receipt::verify;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::Ground;
use rightful_domain::law::level::Level;
use rightful_domain::model::request::Request;
use rightful_domain::operations::person::extend::{ExtendError, Extended};

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn extensions(world: &World) -> Vec<Fact> {
    let facts = world.facts(request_id(1)).into_iter();
    facts.filter(|fact| matches!(fact, Fact::DeadlineExtended { .. })).collect()
}

async fn extend(world: &World, months: u8) -> Result<Extended, ExtendError> {
    world.extend(request_id(1), months, Ground::Complexity).await
}

#[tokio::test]
async fn a_deadline_is_extended_by_months_counted_from_the_receipt_with_its_ground() {
    let (world, _, _) = world_with(1, plain()).await;
    let extended = world.extend(request_id(1), 2, Ground::NumberOfRequests).await.unwrap();
    assert_eq!((extended.new, extended.due_at), (true, time("2027-02-21T09:30:00Z")));
    let request = world.request(request_id(1));
    assert_eq!(request.due_at, extended.due_at);
    let recorded = request.extension.unwrap();
    assert_eq!((recorded.months, recorded.ground), (2, Ground::NumberOfRequests));
    assert_eq!((recorded.by.as_str(), recorded.at), ("arn:aws:iam::111122223333:user/ann", world.now()));
    let [Fact::DeadlineExtended { months: 2, ground: Ground::NumberOfRequests, by, due_at }] =
        &extensions(&world)[..]
    else {
        panic!("{:?}", extensions(&world))
    };
    assert_eq!((by.as_str(), *due_at), ("arn:aws:iam::111122223333:user/ann", extended.due_at));
}

#[tokio::test]
async fn the_same_extension_again_is_the_same_success_whatever_happened_since() {
    let (world, _, _) = world_with(1, plain()).await;
    let first = extend(&world, 1).await.unwrap();
    let request = world.request(request_id(1));
    world.clock.advance(40 * 24 * 3600);
    let again = extend(&world, 1).await.unwrap();
    assert_eq!(again, Extended { new: false, ..first });
    assert_eq!((world.request(request_id(1)), extensions(&world).len()), (request, 1));
}

#[tokio::test]
async fn one_month_becomes_two_and_two_never_one() {
    let (world, _, _) = world_with(1, plain()).await;
    assert_eq!(extend(&world, 1).await.unwrap().due_at, time("2027-01-21T09:30:00Z"));
    let other = world.extend(request_id(1), 1, Ground::NumberOfRequests).await;
    assert_eq!(
        other,
        Err(ExtendError::Not(WhyNot::NotLonger(time("2027-01-21T09:30:00Z")))),
        "the ground stands"
    );
    assert_eq!(extend(&world, 2).await.unwrap().due_at, time("2027-02-21T09:30:00Z"));
    assert_eq!(
        extend(&world, 1).await,
        Err(ExtendError::Not(WhyNot::NotLonger(time("2027-02-21T09:30:00Z"))))
    );
    assert_eq!(extensions(&world).len(), 2);
}

#[tokio::test]
async fn nobody_extends_once_the_first_month_has_ended() {
    let (world, _, _) = world_with(1, plain()).await;
    let end = world.request(request_id(1)).due_at;
    world.clock.advance_to(end.minus_seconds(1));
    assert!(extend(&world, 1).await.unwrap().new, "to the last second");
    world.clock.advance_to(end);
    assert_eq!(
        extend(&world, 2).await,
        Err(ExtendError::Not(WhyNot::TooLate(end))),
        "of the first month, not of the second"
    );
    let (world, _, _) = world_with(1, plain()).await;
    world.clock.advance_to(end);
    assert_eq!(extend(&world, 1).await, Err(ExtendError::Not(WhyNot::TooLate(end))));
    assert_eq!((world.request(request_id(1)).due_at, extensions(&world).len()), (end, 0));
}

#[tokio::test]
async fn a_closed_or_unknown_request_and_other_numbers_of_months_are_refused() {
    let (world, _, at) = verifying(1).await;
    for months in [0, 3, 255] {
        assert_eq!(extend(&world, months).await, Err(ExtendError::Months));
    }
    assert_eq!(world.extend(request_id(7), 1, Ground::Complexity).await, Err(ExtendError::NotFound));
    world.look(&at).await.unwrap();
    world.close(request_id(1)).await.unwrap();
    assert_eq!(extend(&world, 1).await, Err(ExtendError::Not(WhyNot::Closed)));
    assert!(extensions(&world).is_empty());
}

#[tokio::test]
async fn invariant_6_two_at_once_and_a_crash_at_any_point_leave_one_extension() {
    let (world, _, _) = world_with(1, plain()).await;
    world.gate.interleave(true);
    let (one, two) = tokio::join!(extend(&world, 2), extend(&world, 2));
    world.gate.interleave(false);
    assert_eq!(u32::from(one.unwrap().new) + u32::from(two.unwrap().new), 1);
    assert_eq!(extensions(&world).len(), 1);
    for point in 0.. {
        let (world, _, _) = world_with(1, plain()).await;
        world.gate.crash_at(Some(point));
        let first = world.gate.until_crash(extend(&world, 1)).await;
        extend(&world, 1).await.unwrap();
        assert_eq!(extensions(&world).len(), 1, "crash at point {point}");
        if first.is_some() {
            assert!(point >= 3);
            return;
        }
    }
}

#[tokio::test]
async fn an_extension_takes_an_escalation_back() {
    let (world, _, _) = world_with(1, plain()).await;
    let due = world.request(request_id(1)).due_at;
    world.clock.advance_to(due.minus_seconds(3600));
    world.reconcile().await.unwrap();
    assert_eq!(world.request(request_id(1)).escalation.unwrap().level, Level::Pressing);
    extend(&world, 1).await.unwrap();
    let facts = world.facts(request_id(1));
    let last = facts.last().unwrap();
    assert!(
        matches!(last, Fact::Escalated { level: Level::None, who, reason } if who.is_empty() && reason == "in_time"),
        "{last:?}"
    );
    assert_eq!(world.request(request_id(1)).escalation.unwrap().level, Level::None);
    world.clock.advance_to(due.plus_seconds(3600));
    let run = world.reconcile().await.unwrap();
    assert_eq!(
        (run.gauges.unwrap().at_risk, run.gauges.unwrap().pressing, run.gauges.unwrap().overdue),
        (0, 0, 0),
        "the new deadline counts"
    );
}

#[tokio::test]
async fn the_receipt_states_the_extension_and_is_as_ever_without_one() {
    for extended in [false, true] {
        let (world, _, at) = verifying(1).await;
        if extended {
            extend(&world, 2).await.unwrap();
        }
        world.look(&at).await.unwrap();
        world.close(request_id(1)).await.unwrap();
        let file = world.receipts.file(request_id(1)).unwrap();
        let statement = verify(&file, &[world.signer.public()]).unwrap();
        assert_eq!(statement.extension, world.request(request_id(1)).extension);
        assert_eq!(statement.extension.is_some(), extended);
        assert_eq!(String::from_utf8(file).unwrap().contains("extension"), extended);
    }
}

#[tokio::test]
async fn a_row_from_before_extensions_and_escalations_is_read() {
    let (world, _, _) = world_with(1, plain()).await;
    let item = world.store.table().row(&rows::request_pk(request_id(1)), "REQUEST").unwrap();
    let text = String::from_utf8(item.body.clone()).unwrap();
    for field in ["extension", "escalation", "ended"] {
        assert!(!text.contains(&format!("\"{field}\"")), "what is not there is not written: {text}");
    }
    let read: Request = rows::read(&item).unwrap();
    assert_eq!((read.extension, read.escalation, read.ended.len()), (None, None, 0));
}
