//! The list of requests: what waits comes first, the same fact in words, filters in the address, several at once.

use crate::browser::{Browser, Page};
use crate::stage::Stage;
use rightful_contract::world::CANARY;
use serde_json::json;

/// The requests of a list, in its order.
fn rows(page: &Page) -> Vec<String> {
    let names = page.text.split(r#"<a class="name" href="/console/requests/"#).skip(1);
    names.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

async fn made(stage: &Stage, right: &str, reference: &str, source: &str) -> String {
    let body = json!({
        "right": right, "identifiers": [{"kind": "email", "value": CANARY}], "reference": reference,
        "sources": [source],
    });
    stage.post("/api/requests", &body).await.body["request"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "current_thread")]
async fn an_empty_deployment_says_so() {
    let stage = Stage::new();
    let browser = Browser::signed_in(&stage, "viewer").await;
    let page = browser.get("/console/requests").await;
    assert!(page.says("No request is open."));
    assert!(browser.get("/console/requests?state=closed").await.says("No request fits."));
    assert_eq!(browser.get("/console").await.location(), "/console/requests");
}

#[tokio::test(flavor = "current_thread")]
async fn what_waits_and_is_overdue_is_said_in_words_and_comes_first() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let browser = Browser::signed_in(&stage, "reviewer").await;
    let first = made(&stage, "erasure", "T-1", "crm").await;
    stage.work().await;
    stage.world.clock.advance(40 * 24 * 3600);
    let second = made(&stage, "erasure", "T-2", "crm").await;
    let browser = {
        drop(browser);
        Browser::signed_in(&stage, "reviewer").await
    };
    let page = browser.get("/console/requests").await;
    assert!(page.says("2 requests are open: 1 waits for you, 1 is overdue."), "{}", page.text);
    assert_eq!(rows(&page), [first.clone(), second.clone()]);
    assert!(page.says("days overdue") && page.says("days left"));
    let waits = browser.get("/console/requests?person=true").await;
    assert_eq!(rows(&waits), std::slice::from_ref(&first));
    assert_eq!(rows(&browser.get("/console/requests?due=0").await), std::slice::from_ref(&first));
    assert_eq!(rows(&browser.get("/console/requests?q=T-2").await), std::slice::from_ref(&second));
    assert_eq!(
        browser.get(&format!("/console/requests?q={second}")).await.location(),
        format!("/console/requests/{second}")
    );
    let refused = browser.get("/console/requests?q=ann%40example.com").await;
    assert_eq!(refused.status, 400, "an address is no reference, and stands in no URL that we make");
    assert!(refused.says("There is a problem") && refused.says("`reference`"), "{}", refused.text);
}

#[tokio::test(flavor = "current_thread")]
async fn filters_are_kept_in_the_address_and_paging_keeps_them() {
    let stage = Stage::new();
    stage.connect("crm", 1);
    stage.connect("shop", 1);
    let mut expected = Vec::new();
    for n in 0..60 {
        let (right, source) =
            (if n % 2 == 0 { "erasure" } else { "access" }, if n % 3 == 0 { "shop" } else { "crm" });
        let id = made(&stage, right, &format!("T-{n}"), source).await;
        if n % 2 == 0 && n % 3 != 0 {
            expected.push(id);
        }
    }
    let browser = Browser::signed_in(&stage, "viewer").await;
    for state in ["open", "all"] {
        let mut seen = Vec::new();
        let mut path = format!("/console/requests?state={state}&right=erasure&source=crm");
        for _ in 0..10 {
            let page = browser.get(&path).await;
            seen.extend(rows(&page));
            assert!(page.text.contains(r#"<option value="erasure" selected>"#), "{path}");
            let Some(next) = page.text.split("href=\"").find(|part| part.contains("cursor=")) else { break };
            path = next.split('"').next().unwrap().replace("&#38;", "&");
            assert!(path.contains("right=erasure") && path.contains("source=crm"), "{path}");
        }
        seen.sort();
        let mut expected = expected.clone();
        expected.sort();
        assert_eq!(seen, expected, "{state}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_act_on_several_requests_says_how_many_it_fits_and_how_many_it_reached() {
    let stage = Stage::new();
    stage.connect("crm", 2);
    let waiting = [made(&stage, "erasure", "T-1", "crm").await, made(&stage, "erasure", "T-2", "crm").await];
    stage.work().await;
    let new = made(&stage, "erasure", "T-3", "crm").await;
    let browser = Browser::signed_in(&stage, "reviewer").await;
    let list = browser.get("/console/requests").await;
    assert!(list.text.contains(r#"<button name="act" value="proceed">"#));
    let ids = format!("id={}&id={}&id={new}", waiting[0], waiting[1]);
    let page = browser.get(&format!("/console/bulk?act=proceed&{ids}")).await;
    assert!(page.says("This fits 2 of the 3 selected requests."), "{}", page.text);
    assert!(page.says("Erase 4 records"));
    // Meanwhile somebody decides on one of them.
    stage.review(&waiting[0], "proceed").await;
    let done = browser.send(&page, "/console/bulk", &[("reason", "asked for by phone")]).await;
    assert!(done.says("1 of 2 requests was reached."), "{}", done.text);
    assert!(done.says("decided on by"));
    assert_eq!(stage.shown(&waiting[1]).await["tasks"][0]["review"]["verdict"], "proceed");
    let extend = browser.get(&format!("/console/bulk?act=extend&{ids}")).await;
    assert!(extend.says("This fits 3 of the 3 selected requests."));
    let done = browser.send(&extend, "/console/bulk", &[("months", "1"), ("ground", "complexity")]).await;
    assert!(done.says("3 of 3 requests were reached."), "{}", done.text);
    let viewer = Browser::signed_in_as(&stage, crate::stage::BOB, "Bob", "viewer").await;
    assert!(!viewer.get("/console/requests").await.text.contains("name=\"act\""));
    assert_eq!(viewer.get(&format!("/console/bulk?act=proceed&{ids}")).await.status, 403);
}

#[tokio::test(flavor = "current_thread")]
async fn a_reader_gets_the_language_of_their_browser() {
    let stage = Stage::new();
    let mut browser = Browser::signed_in(&stage, "viewer").await;
    assert!(browser.get("/console/requests").await.text.contains("<html lang=\"en\">"));
    browser.language = "de-DE,de;q=0.9,en;q=0.8";
    assert!(browser.get("/console/requests").await.text.contains("<html lang=\"de\">"));
}
