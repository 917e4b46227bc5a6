//! Every answer has its headers; a form is taken from our own pages alone; the host is checked.

use crate::browser::{Browser, HOST};
use crate::log::nothing_is_logged_of;
use crate::stage::Stage;
use rightful_contract::world::CANARY;

#[tokio::test(flavor = "current_thread")]
async fn every_page_is_framed_by_nobody_cached_nowhere_and_runs_no_script_of_others() {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    let browser = Browser::signed_in(&stage, "administrator").await;
    for path in [
        "/console/requests",
        "/console/nothing",
        "/console/sign-in",
        "/console/link?to=x",
        &format!("/console/requests/{id}"),
    ] {
        let page = browser.get(path).await;
        let policy = &page.headers["content-security-policy"];
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["referrer-policy"], "same-origin");
        for bad in ["<script>", "style=", "onclick", "javascript:"] {
            assert!(!page.text.contains(bad), "{path}: {bad}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn cookies_are_for_this_host_https_and_no_script() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    let link = crate::browser::link(&stage, crate::stage::ANN, "Ann", "viewer").await;
    let to = browser.get(&link).await.hidden("to");
    let page = browser.post("/console/link", &[("to", &to)]).await;
    let cookie = &page.cookies[0];
    assert!(cookie.starts_with("__Host-rightful="));
    for part in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_form_of_another_site_or_without_its_token_does_nothing() {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let id = stage.request("erasure").await;
    let browser = Browser::signed_in(&stage, "administrator").await;
    let path = format!("/console/requests/{id}/cancel");
    let token = browser.get(&path).await.hidden("token");
    let form = format!("token={token}");
    let own = format!("https://{HOST}");
    for (body, headers) in [
        (form.as_str(), &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..]),
        (&form, &[("origin", "null")]),
        (&form, &[("sec-fetch-site", "same-site")]),
        (&form, &[("origin", "https://evil.example")]),
        ("", &[("origin", own.as_str())]),
        ("token=", &[("origin", own.as_str())]),
        ("token=AAAA", &[("origin", own.as_str())]),
        (&form[..form.len() - 2], &[("origin", own.as_str())]),
    ] {
        let page = browser.call("POST", &path, body, headers).await;
        assert_eq!(page.status, 403, "{headers:?}");
    }
    stage.world.clock.advance(24 * 3600);
    let late = Browser::signed_in(&stage, "administrator").await;
    assert_eq!(late.post(&path, &[("token", &token)]).await.status, 403, "the form was open too long");
    assert_eq!(stage.shown(&id).await["request"]["state"], "open");
    let bob = Browser::signed_in_as(&stage, crate::stage::BOB, "Bob", "administrator").await;
    assert_eq!(bob.post(&path, &[("token", &token)]).await.status, 403, "it is somebody else's");
    let good = late.fill(&path, &[]).await;
    assert_eq!(good.status, 303, "{}", good.text);
}

#[tokio::test(flavor = "current_thread")]
async fn another_host_is_refused() {
    let stage = Stage::new();
    let browser = Browser::signed_in(&stage, "viewer").await;
    for host in ["evil.example", "", &format!("{HOST}.evil.example"), "localhost"] {
        let page = browser.call("GET", "/console/requests", "", &[("host", host)]).await;
        assert_eq!(page.status, 421, "{host}");
        assert!(!page.says("Sign out"));
    }
    let port = browser.call("GET", "/console/requests", "", &[("host", &format!("{HOST}:443"))]).await;
    assert_eq!(port.status, 200);
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_of_the_pages_is_kept_for_good_and_another_is_not_found() {
    let stage = Stage::new();
    let browser = Browser::new(&stage);
    let page = browser.get("/console/sign-in").await;
    let style = page.text.split("href=\"").find(|part| part.contains(".css")).unwrap();
    let style = style.split('"').next().unwrap();
    let file = browser.get(style).await;
    assert_eq!(file.status, 200);
    assert!(file.headers["cache-control"].contains("immutable"));
    assert_eq!(file.headers["content-type"], "text/css; charset=utf-8");
    assert_eq!(browser.get("/console/static/console-000000000000.css").await.status, 404);
    assert_eq!(browser.get("/console/static/../Cargo.toml").await.status, 404);
}

#[tokio::test(flavor = "current_thread")]
async fn a_page_is_compressed_for_a_browser_that_takes_it() {
    let stage = Stage::new();
    let browser = Browser::signed_in(&stage, "viewer").await;
    let plain = browser.get("/console/requests").await;
    let small = browser.call("GET", "/console/requests", "", &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(small.headers["content-encoding"], "gzip");
    let bytes: usize = small.text.split(' ').next().unwrap().parse().unwrap();
    assert!(bytes * 2 < plain.text.len(), "{bytes} of {}", plain.text.len());
}

#[tokio::test(flavor = "current_thread")]
async fn no_address_no_title_and_no_log_holds_an_identifier() {
    let stage = Stage::new();
    stage.connect("crm", 1);
    let browser = Browser::signed_in(&stage, "administrator").await;
    let made = browser.fill("/console/new", &[("right", "erasure"), ("identifier.email", CANARY)]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    stage.work().await;
    let page = browser.get(made.location()).await;
    assert!(!page.text.contains(CANARY), "identities are masked until somebody asks");
    let found = browser.fill("/console/requests", &[("kind", "email"), ("value", CANARY)]).await;
    assert!(found.status == 404 || found.status == 200);
    let list = browser.get("/console/requests").await;
    let found = browser.send(&list, "/console/requests/find", &[("kind", "email"), ("value", CANARY)]).await;
    assert_eq!(found.status, 200);
    assert!(!found.text.contains(CANARY) && found.text.contains("/console/requests/"), "{}", found.text);
    for (wrong, value) in [("kind", CANARY), ("value", "canary@@example.com")] {
        let refused = browser.send(&list, "/console/requests/find", &[(wrong, value)]).await;
        assert!(refused.status == 400 || refused.status == 422, "{}", refused.status);
        assert!(!refused.text.contains(value), "{}", refused.text);
    }
    let shown = page.text.split("href=\"").find(|part| part.contains("/identifiers")).unwrap();
    let shown = shown.split('"').next().unwrap().to_owned();
    let shown = browser.fill(&shown, &[]).await;
    assert!(shown.status == 200 && shown.says(CANARY));
    assert!(!shown.text.split("</title>").next().unwrap().contains(CANARY));
    assert!(browser.get(made.location()).await.says("1 identifier of the person was shown"));
    nothing_is_logged_of(CANARY);
}
