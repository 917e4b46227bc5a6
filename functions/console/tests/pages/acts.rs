//! One request on its page: what one sees, what one presses, and what comes of it.

use crate::browser::Browser;
use crate::stage::{ANN, BOB, Stage};

use rightful_domain::model::policy::Policy;
use serde_json::json;

/// A request's path.
fn path(id: &str) -> String {
    format!("/console/requests/{id}")
}

#[tokio::test(flavor = "current_thread")]
async fn a_missing_identifier_is_inserted_what_is_found_is_erased_and_the_receipt_verifies() {
    let stage = Stage::new();
    stage.connect("crm", 3);
    stage.connect_members("club").holds("12345", ["m-1".to_owned()]);
    let id = stage.request("erasure").await;
    stage.work().await;
    let browser = Browser::signed_in(&stage, "reviewer").await;
    let page = browser.get(&path(&id)).await;
    assert!(page.says("Missing identifier") && page.says("Insert identifier"));
    assert!(page.says("Erase 3 records at PLAIN"), "{}", page.text);
    let form = browser.get(&format!("{}/identify?source=club", path(&id))).await;
    assert!(form.says("for example"), "{}", form.text);
    let wrong = browser.send(&form, &format!("{}/identify", path(&id)), &[("value", "no number")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(wrong.says("There is a problem") && wrong.says("no number"), "what was typed is kept");
    let done = browser.send(&wrong, &format!("{}/identify", path(&id)), &[("value", "12345")]).await;
    assert_eq!(done.location(), format!("{}?done=identify", path(&id)), "{}", done.text);
    stage.work().await;
    assert!(browser.get(done.location()).await.says("Saved. The data source is searched again."));
    let ask = browser.get(&format!("{}/proceed?source=crm", path(&id))).await;
    assert!(ask.says("Erase 3 records") && ask.says("This can't be undone."));
    let done = browser.send(&ask, &format!("{}/proceed", path(&id)), &[("reason", "asked by letter")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    stage.work().await;
    let done = browser.fill(&format!("{}/proceed?source=club", path(&id)), &[("reason", "by letter")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    stage.work_until_closed(&id).await;
    let page = browser.get(&path(&id)).await;
    assert!(page.says("Erased, and seen to be gone"), "{}", page.text);
    assert!(page.says("Ann Peeters"), "an event shows the name of who acted");
    let receipt = browser.get(&format!("{}/receipt", path(&id))).await;
    assert!(receipt.says("The receipt is signed and unchanged, but proves nothing"), "{}", receipt.text);
    let file = browser.get(&format!("{}/receipt.json", path(&id))).await;
    assert!(file.headers["content-disposition"].contains(&format!("receipt-{id}.json")));
    assert_eq!(file.text, stage.get(&format!("/api/requests/{id}/receipt")).await.text);
    stage.world.receipts.tamper(id.parse_id(), 0, |bytes| {
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
    });
    assert!(browser.get(&format!("{}/receipt", path(&id))).await.says("can't be verified"));
}

/// A request's id from its text.
trait ParseId {
    fn parse_id(&self) -> rightful_domain::base::ids::RequestId;
}

impl ParseId for String {
    fn parse_id(&self) -> rightful_domain::base::ids::RequestId {
        rightful_domain::base::ids::RequestId::parse(self).unwrap()
    }
}

#[tokio::test(flavor = "current_thread")]
async fn two_reviewers_at_once_and_the_second_is_told_who_decided() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    stage.work().await;
    let ann = Browser::signed_in(&stage, "reviewer").await;
    let bob = Browser::signed_in_as(&stage, BOB, "Bob", "reviewer").await;
    let (hers, his) =
        (ann.get(&format!("{}/proceed", path(&id))).await, bob.get(&format!("{}/refuse", path(&id))).await);
    assert_eq!(ann.send(&hers, &format!("{}/proceed", path(&id)), &[("reason", "yes")]).await.status, 303);
    let late =
        bob.send(&his, &format!("{}/refuse", path(&id)), &[("reason", "no"), ("ground", "art_17_3_e")]).await;
    assert_eq!(late.status, 409);
    assert!(late.says(ANN) && late.says("no"), "{}", late.text);
}

#[tokio::test(flavor = "current_thread")]
async fn a_copy_is_made_and_its_link_is_given_on_demand() {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 2);
    let id = stage.request("access").await;
    stage.work_until_closed(&id).await;
    let browser = Browser::signed_in(&stage, "operator").await;
    let page = browser.get(&path(&id)).await;
    assert!(page.says("2 records") && page.says("Get a link to the copy"), "{}", page.text);
    let ask = browser.get(&format!("{}/copy", path(&id))).await;
    assert!(!ask.text.contains("Download the copy"), "following a link gives nothing");
    let given = browser.send(&ask, &format!("{}/copy", path(&id)), &[]).await;
    assert!(given.says("Download the copy") && given.says("SHA-256"), "{}", given.text);
    assert!(browser.get(&path(&id)).await.says("A link to the copy was given"));
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_vendor_and_a_reviewer_wrote_is_shown_as_text() {
    let stage = Stage::new();
    let vendor = stage.connect("crm", 1);
    let hostile = "<script>alert(1)</script>\u{202e}\"'&<img src=x onerror=alert(1)>";
    vendor.set(|state| state.shown_name = hostile.to_owned());
    let id = stage.request("erasure").await;
    stage.work().await;
    let browser = Browser::signed_in_as(&stage, ANN, "<b>Ann</b>", "reviewer").await;
    let shown = browser.fill(&format!("{}/compare?source=crm", path(&id)), &[]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(shown.says("<script>alert(1)</script>"), "{}", shown.text);
    for bad in ["<script>alert", "<img src=x", "<b>Ann"] {
        assert!(!shown.text.contains(bad), "{bad}");
    }
    let ask = browser.get(&format!("{}/proceed", path(&id))).await;
    assert_eq!(
        browser.send(&ask, &format!("{}/proceed", path(&id)), &[("reason", hostile)]).await.status,
        303
    );
    let read = browser.fill(&format!("{}/reasons?source=crm", path(&id)), &[]).await;
    assert!(read.says("<script>alert(1)</script>") && !read.text.contains("<script>alert"), "{}", read.text);
    assert!(!browser.get(&path(&id)).await.text.contains("<b>Ann"));
}

#[tokio::test(flavor = "current_thread")]
async fn every_act_of_the_book_has_a_page_that_does_it() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let browser = Browser::signed_in(&stage, "reviewer").await;
    let id = stage.request("erasure").await;
    stage.work().await;
    let run = browser.fill(&format!("{}/run?source=crm", path(&id)), &[]).await;
    assert_eq!(run.status, 303, "{}", run.text);
    stage.work().await;
    let extend =
        browser.fill(&format!("{}/extend", path(&id)), &[("months", "2"), ("ground", "complexity")]).await;
    assert_eq!(extend.status, 303, "{}", extend.text);
    assert!(browser.get(extend.location()).await.says("by 2 months: the request is complex"));
    // The law allows no third month: the page that asks for it isn't there any more.
    assert_eq!(browser.get(&format!("{}/extend", path(&id))).await.status, 409);
    let cancel = browser.fill(&format!("{}/cancel", path(&id)), &[]).await;
    assert_eq!(cancel.status, 303, "{}", cancel.text);
    stage.work_until_closed(&id).await;
    let page = browser.get(&path(&id)).await;
    assert!(page.says("Cancelled") && page.says("Reopen"), "{}", page.text);
    let reopened = browser.fill(&format!("{}/reopen", path(&id)), &[("source", "crm")]).await;
    assert_eq!(reopened.status, 303, "{}", reopened.text);
    assert_eq!(stage.shown(&id).await["request"]["state"], json!("open"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_part_that_changed_is_read_again_soon_and_one_that_did_not_later_and_later() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    let mut page = browser.get(&path(&id)).await;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let wait = page.text.split("load delay:").nth(1).unwrap().split('s').next().unwrap();
        waits.push(wait.parse::<u32>().unwrap());
        let again =
            page.text.split("hx-get=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
        page = browser.get(&again).await;
        assert!(!page.text.contains("<html"), "only the part comes");
    }
    assert_eq!(waits, [2, 3, 5, 10, 20, 40, 60, 60]);
    let again = page.text.split("hx-get=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    stage.work().await;
    assert!(browser.get(&again).await.text.contains("load delay:2s"), "it changed");
}
