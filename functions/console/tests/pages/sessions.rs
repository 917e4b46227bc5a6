//! Signing in by a link, and the session: bounded in time, ended everywhere, and nobody else's.

use crate::browser::{Browser, link};
use crate::stage::{ANN, BOB, Stage};

const LIST: &str = "/console/requests";

#[tokio::test(flavor = "current_thread")]
async fn a_link_signs_in_once_and_opening_it_uses_nothing_up() {
    let stage = Stage::new();
    let link = link(&stage, ANN, "Ann", "viewer").await;
    let first = Browser::new(&stage);
    for _ in 0..2 {
        let page = first.get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.says("Sign in as Ann") && page.cookies.is_empty());
    }
    let to = first.get(&link).await.hidden("to");
    assert_eq!(first.post("/console/link", &[("to", &to)]).await.location(), "/console");
    assert_eq!(first.get(LIST).await.status, 200);
    let second = Browser::new(&stage);
    let over = second.post("/console/link", &[("to", &to)]).await;
    assert_eq!((over.status, over.cookies.len()), (410, 0));
    assert!(over.says("used before"));
    assert_eq!(second.get(&link).await.status, 410);
}

#[tokio::test(flavor = "current_thread")]
async fn a_link_expires_is_replaced_and_cannot_be_guessed() {
    let stage = Stage::new();
    let old = link(&stage, ANN, "Ann", "viewer").await;
    let new = link(&stage, ANN, "Ann", "viewer").await;
    let browser = Browser::new(&stage);
    assert_eq!(browser.get(&old).await.status, 410, "a newer one replaced it");
    let digest = new.split(['=', '.']).nth(1).unwrap();
    for guess in ["", "x", digest, &format!("{digest}."), &format!("{digest}.{}", "0".repeat(64))] {
        assert_eq!(browser.get(&format!("/console/link?to={guess}")).await.status, 410, "{guess}");
        assert_eq!(browser.post("/console/link", &[("to", guess)]).await.cookies.len(), 0, "{guess}");
    }
    assert_eq!(browser.get(&new).await.status, 200);
    stage.world.clock.advance(601);
    assert_eq!(browser.get(&new).await.status, 410, "it expired");
}

#[tokio::test(flavor = "current_thread")]
async fn a_session_ends_after_its_time_and_after_an_hour_without_a_call() {
    let stage = Stage::new();
    let browser = Browser::signed_in(&stage, "viewer").await;
    for _ in 0..8 {
        assert_eq!(browser.get(LIST).await.status, 200);
        stage.world.clock.advance(3500);
    }
    assert_eq!(browser.get(LIST).await.status, 200);
    stage.world.clock.advance(900);
    let over = browser.get(LIST).await;
    assert!(over.status == 200 && over.says("signs you in once") && !over.says("Sign out"), "{}", over.text);
    let idle = Browser::signed_in(&stage, "viewer").await;
    stage.world.clock.advance(3601);
    assert!(!idle.get(LIST).await.says("Sign out"));
}

#[tokio::test(flavor = "current_thread")]
async fn looking_by_itself_keeps_no_session_alive() {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    for _ in 0..3 {
        assert_eq!(browser.get(&format!("{LIST}/{id}/live")).await.cookies.len(), 0);
        stage.world.clock.advance(1201);
    }
    assert_eq!(browser.get(&format!("{LIST}/{id}/live")).await.status, 401);
}

#[tokio::test(flavor = "current_thread")]
async fn signing_out_ends_every_session_of_this_person_and_of_nobody_else() {
    let stage = Stage::new();
    let (desk, phone) =
        (Browser::signed_in(&stage, "viewer").await, Browser::signed_in(&stage, "operator").await);
    let bob = Browser::signed_in_as(&stage, BOB, "Bob", "viewer").await;
    stage.world.clock.advance(1);
    let page = desk.get(LIST).await;
    let out = desk.post("/console/sign-out", &[("token", &page.hidden("token"))]).await;
    assert_eq!(out.status, 200);
    assert!(out.cookies[0].contains("Max-Age=0"));
    assert!(!desk.get(LIST).await.says("Sign out"));
    assert!(!phone.get(LIST).await.says("Sign out"), "the other session is over too");
    assert!(bob.get(LIST).await.says("Sign out"));
    stage.world.clock.advance(1);
    assert!(Browser::signed_in(&stage, "viewer").await.get(LIST).await.says("Sign out"), "a new one begins");
}

#[tokio::test(flavor = "current_thread")]
async fn a_changed_cookie_is_nobodys() {
    let stage = Stage::new();
    let browser = Browser::signed_in(&stage, "viewer").await;
    let cookie = browser.cookies.borrow()["__Host-rightful"].clone();
    for place in (0..cookie.len()).step_by(7) {
        let mut changed = cookie.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        browser
            .cookies
            .borrow_mut()
            .insert("__Host-rightful".to_owned(), String::from_utf8(changed).unwrap());
        assert!(!browser.get(LIST).await.says("Sign out"), "{place}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_typed_survives_the_end_of_the_session_and_can_be_sent_again() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    stage.work().await;
    let browser = Browser::signed_in(&stage, "reviewer").await;
    let path = format!("{LIST}/{id}/refuse");
    let page = browser.get(&path).await;
    stage.world.clock.advance(3601);
    let late = [("ground", "art_17_3_e"), ("reason", "a <b>court</b> case")];
    let over = browser.send(&page, &path, &late).await;
    assert_eq!(over.status, 401);
    assert!(over.says("Your session is over") && over.says("a <b>court</b> case"));
    assert!(!over.text.contains("<b>court"), "it is escaped");
    assert_eq!(stage.shown(&id).await["tasks"][0]["state"], "awaiting_review", "nothing was done");
    // Somebody else's browser shows nothing of it.
    let bob = Browser::signed_in_as(&stage, BOB, "Bob", "reviewer").await;
    assert_eq!(bob.send(&page, &path, &late).await.status, 403);
    let again = Browser::signed_in(&stage, "reviewer").await;
    let done = again.send(&over, &path, &[]).await;
    assert_eq!(
        (done.status, done.location()),
        (303, format!("{LIST}/{id}?done=refuse").as_str()),
        "{}",
        done.text
    );
    assert_eq!(stage.shown(&id).await["tasks"][0]["outcome"], "refused");
}
