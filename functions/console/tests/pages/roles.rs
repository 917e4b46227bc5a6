//! What a role may not do is not offered, and refused if tried, by the API's own answer.

use crate::browser::Browser;
use crate::stage::Stage;

/// Each act with the least role for it.
const ACTS: [(&str, &str); 11] = [
    ("identify", "operator"),
    ("records", "operator"),
    ("compare", "operator"),
    ("identifiers", "operator"),
    ("run", "operator"),
    ("cancel", "operator"),
    ("extend", "operator"),
    ("proceed", "reviewer"),
    ("refuse", "reviewer"),
    ("reasons", "operator"),
    ("state", "reviewer"),
];

#[tokio::test(flavor = "current_thread")]
async fn what_a_role_may_not_do_is_not_offered_and_refused_if_tried() {
    let roles = ["viewer", "operator", "reviewer", "administrator"];
    for (place, role) in roles.iter().enumerate() {
        let stage = Stage::new();
        stage.connect("crm", 2);
        let id = stage.request("erasure").await;
        stage.work().await;
        let browser = Browser::signed_in(&stage, role).await;
        let page = browser.get(&format!("/console/requests/{id}")).await;
        assert_eq!(page.status, 200);
        let token = page.hidden("token");
        let possible = stage.shown(&id).await["may"].to_string();
        for (act, needs) in ACTS {
            let may = place >= roles.iter().position(|one| *one == needs).unwrap();
            let offered = page.text.contains(&format!("/{id}/{act}"));
            let is_possible = possible.contains(act);
            assert_eq!(offered, may && is_possible, "{role} {act}");
            let asked = browser.get(&format!("/console/requests/{id}/{act}?source=crm")).await;
            assert_eq!(asked.status == 403, !may, "{role} {act}: {}", asked.status);
            if !may {
                let path = format!("/console/requests/{id}/{act}");
                let refused =
                    browser.post(&path, &[("token", &token), ("source", "crm"), ("reason", "why")]).await;
                assert_eq!(refused.status, 403, "{role} {act}: {}", refused.text);
                assert!(refused.says("Your role doesn't include it"), "{role} {act}");
            }
        }
        let new = browser.get("/console/new").await;
        let made = browser
            .post(
                "/console/new",
                &[("token", &token), ("right", "erasure"), ("identifier.email", "a@example.com")],
            )
            .await;
        let may = place >= 1;
        assert_eq!(
            (new.status == 200, made.status == 303),
            (may, may),
            "{role}: {} {}",
            new.status,
            made.status
        );
        assert_eq!(page.text.contains("/console/new\""), may, "{role}");
    }
}
