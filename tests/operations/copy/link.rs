//! The link to a copy, which lasts as long as the copy.

use crate::copy::stage::decided;
use crate::stage::{DAY, drive, reconciled};
use rightful_contract::world::{ann, request_id};
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::operations::person::see::ShowError;

#[tokio::test]
async fn a_link_is_for_a_kept_copy_alone_and_no_longer_than_it() {
    let (world, _) = decided(2).await;
    assert!(matches!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::NoCopy(_)))));
    drive(&world).await;
    let link = world.link(request_id(1)).await.unwrap();
    let copy = world.request(request_id(1)).copy.unwrap();
    assert_eq!((link.until, link.expires_at), (world.now().plus_seconds(900), copy.expires_at));
    assert_eq!((&link.sha256, link.bytes), (&copy.sha256, copy.bytes));
    assert_eq!(copy.expires_at, world.now().plus_seconds(u64::from(world.copy_days) * DAY));
    let told = Fact::CopyLinked { by: ann(), until: link.until };
    assert_eq!(world.facts(request_id(1)).last(), Some(&told));
    world.clock.advance_to(copy.expires_at.minus_seconds(10));
    let link = world.link(request_id(1)).await.unwrap();
    assert_eq!((link.until, link.url.ends_with("seconds=10")), (copy.expires_at, true));
    world.clock.advance_to(copy.expires_at);
    let expired = world.link(request_id(1)).await.err();
    assert_eq!(
        expired,
        Some(ShowError::Not(WhyNot::Expired(copy.expires_at))),
        "whether it is deleted already or not"
    );
}

#[tokio::test]
async fn a_package_that_is_gone_before_its_time_gives_no_link_and_no_event() {
    let (world, _) = decided(2).await;
    drive(&world).await;
    world.copies.lose_package(request_id(1));
    let facts = world.facts(request_id(1)).len();
    let refused = world.link(request_id(1)).await.err().unwrap();
    assert!(matches!(refused, ShowError::Failed(failure) if failure.code == "copy_expired"));
    assert_eq!(world.facts(request_id(1)).len(), facts);
}

#[tokio::test]
async fn forgetting_the_person_deletes_their_copy_and_its_parts() {
    let (world, _) = decided(2).await;
    drive(&world).await;
    let request = world.request(request_id(1));
    assert_eq!(request.forget_at, request.copy.map(|copy| copy.expires_at), "as long as the copy, no longer");
    assert_eq!((world.copies.parts(), request.forgotten_at), (1, None));
    world.clock.advance((u64::from(world.copy_days) - 1) * DAY);
    assert!(reconciled(&world, 0).await.forgotten_at.is_none());
    for point in 0.. {
        let (world, _) = decided(2).await;
        drive(&world).await;
        world.clock.advance(u64::from(world.copy_days) * DAY);
        world.gate.crash_at(Some(point));
        let end = world.gate.until_crash(world.close(request_id(1))).await;
        assert!(reconciled(&world, 2).await.is_done(), "crash at {point}");
        assert_eq!(
            (world.copies.parts(), world.copies.package(request_id(1))),
            (0, None),
            "crash at {point}"
        );
        assert!(!world.keys.holds(request_id(1)));
        assert!(matches!(world.link(request_id(1)).await.err(), Some(ShowError::Not(WhyNot::Expired(_)))));
        if end.is_some() {
            assert!(point > 8);
            return;
        }
    }
}
