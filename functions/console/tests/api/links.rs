//! Links by which a caller of the API signs in on the pages.

use crate::stage::{ANN, Given, Stage};
use rightful_domain::ports::clock::Clock as _;
use serde_json::json;

const LINK: &str = "/api/console/link";

scenarios! {
    a_link_is_made_with_a_name_and_a_role
    no_link_is_made_where_links_are_off
    a_name_or_a_role_that_is_none_is_refused
}

async fn a_link_is_made_with_a_name_and_a_role() -> Given {
    let stage = Stage::new();
    let made = stage.post(LINK, &json!({"name": " Ann Peeters ", "role": "reviewer"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.body["path"].as_str().unwrap();
    assert!(path.starts_with("/console/link?to=") && !path.contains("ann"), "{path}");
    assert_eq!(made.body["until"], stage.world.clock.now().plus_seconds(600).to_string());
    let again = stage.call("POST", LINK, None).await;
    assert_eq!(again.status, 201);
    assert_ne!(again.body["path"], made.body["path"], "each link is another one");
    stage.given()
}

async fn no_link_is_made_where_links_are_off() -> Given {
    let stage = Stage::without_links();
    let refused = stage.call_as(Some(ANN), "POST", LINK, Some("{}")).await;
    assert_eq!((refused.status, refused.code()), (409, "sign_in_links_off"));
    assert!(refused.message().contains("ConsoleSignInLinks"));
    stage.given()
}

async fn a_name_or_a_role_that_is_none_is_refused() -> Given {
    let stage = Stage::new();
    for body in [
        json!({"name": " "}),
        json!({"name": "x".repeat(121)}),
        json!({"name": "a\u{7}b"}),
        json!({"role": "king"}),
    ] {
        let refused = stage.post(LINK, &body).await;
        assert_eq!((refused.status, refused.code()), (400, "body_malformed"), "{body}");
    }
    stage.given()
}
