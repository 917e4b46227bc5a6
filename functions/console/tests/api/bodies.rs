//! Calls that can't be read as they were sent.

use crate::stage::{Given, Stage};
use serde_json::json;

scenarios! {
    a_body_that_is_not_json_is_told_where
    a_wrong_member_is_named_and_never_repeated
    a_body_that_is_too_large_is_refused
    malformed_base64_is_refused
    an_id_in_the_path_is_checked
    an_unknown_or_wrong_parameter_is_refused
}

async fn a_body_that_is_not_json_is_told_where() -> Given {
    let stage = Stage::new();
    for body in ["{", "no json", "{\"right\": \"erasure\",}", "{} {}", "\u{0}"] {
        let reply =
            stage.call("POST", "/api/requests/019aa6e0-5c1f-7000-8000-000000000001/cancel", Some(body));
        let reply = reply.await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(["body_not_json", "body_malformed"].contains(&reply.code()));
    }
    let reply = stage.call("POST", "/api/requests", Some("{\"right\": canary}")).await;
    assert_eq!(reply.code(), "body_not_json");
    assert!(reply.message().contains("line 1, column 11"), "{}", reply.message());
    assert!(!reply.text.contains("canary"));
    stage.given()
}

async fn a_wrong_member_is_named_and_never_repeated() -> Given {
    let stage = Stage::new();
    let email = json!([{"kind": "email", "value": "ann@example.com"}]);
    for (path, body, says) in [
        ("/api/requests", json!({}), "the body: give `right`"),
        ("/api/requests", json!([]), "the body: give"),
        ("/api/requests", json!({"right": "canary"}), "`right`: give one of: `erasure` or `access`"),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": "canary"}),
            "`identifiers`: give a sequence",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "Canary!", "value": "x"}]}),
            "`identifiers[0].kind`: an identifier's kind is 1 to 32 of a-z",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "email", "value": ["canary"]}]}),
            "`identifiers[0].value`: give a string, or a whole number without a sign",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "member", "value": -5}]}),
            "`identifiers[0].value`: give a string, or a whole number without a sign",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "member", "value": 1.5}]}),
            "`identifiers[0].value`: give a string, or a whole number without a sign",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "email"}]}),
            "`identifiers[0]`: give `value`",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "canary@example.com": 1}),
            "known are: `right`, `identifiers`, `sources`, `dry_run`, `reference`, `received_at`, `key`",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "dry": true}),
            "`dry`: it is not known here",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "dryRun": true}),
            "`dryRun`: it is not known here; known are: `right`, `identifiers`, `sources`, `dry_run`",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "source": ["shop"]}),
            "`source`: it is not known here",
        ),
        // A telephone number is not a name.
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "32470000001": 1}),
            "the body: it is not known here",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "32470000001", "value": "canary"}]}),
            "`identifiers[0].kind`: an identifier's kind is 1 to 32 of a-z",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": [{"kind": "email", "value": "a@example.com", "Type": 1}]}),
            "`identifiers[0].Type`: it is not known here; known are: `kind`",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "reference": "canary@example.com"}),
            "`reference`: a reference is the ticket's number",
        ),
        (
            "/api/requests",
            json!({"right": "erasure", "identifiers": email, "sources": ["Canary"]}),
            "`sources[0]`: a data source's id is 1 to 32",
        ),
        (
            "/api/sources",
            json!({"id": "crm", "connector": "plain", "secret": {"token": ["canary"]}}),
            "`secret.token`: give a string",
        ),
        (
            "/api/sources",
            json!({"id": "crm", "connector": "plain", "params": {"account": 7}}),
            "`params.account`: give a string",
        ),
    ] {
        let reply = stage.post(path, &body).await;
        assert_eq!((reply.status, reply.code()), (400, "body_malformed"), "{body}");
        assert!(reply.message().contains(says), "{body}: {}", reply.message());
        assert!(!reply.text.to_lowercase().contains("canary"), "{}", reply.text);
        assert!(!reply.text.contains("32470000001"), "{}", reply.text);
        assert!(reply.body["error"]["details"][0]["what"].is_string());
    }
    let id = "/api/requests/019aa6e0-5c1f-7000-8000-000000000001";
    for (act, body, says) in [
        (
            "review",
            json!({"sources": [{"source": "crm"}], "verdict": "proceed", "reason": "canary"}),
            "`sources[0]`: give `digest`",
        ),
        (
            "review",
            json!({"sources": [], "verdict": "canary", "reason": "r"}),
            "`verdict`: give one of: `proceed`, `refuse`, `leave_out`",
        ),
        (
            "review",
            json!({"sources": [], "verdict": "refuse", "ground": "canary", "reason": "r"}),
            "`ground`: give one of: `art_17_3_a`",
        ),
        ("extend", json!({"months": "canary", "ground": "complexity"}), "`months`: give u8"),
        (
            "extend",
            json!({"months": 1, "ground": "canary"}),
            "`ground`: give one of: `complexity` or `number_of_requests`",
        ),
        ("cancel", json!({"reason": "canary"}), "it takes no member at all"),
        ("records", json!({"source": "crm", "limit": 101}), "`limit` is a whole number from 1 to 100"),
        ("records", json!({"source": "crm", "limit": 0}), "`limit` is a whole number from 1 to 100"),
    ] {
        let reply = stage.post(&format!("{id}/{act}"), &body).await;
        assert_eq!((reply.status, reply.code()), (400, "body_malformed"), "{body}");
        assert!(reply.message().contains(says), "{body}: {}", reply.message());
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
    let twice = "{\"source\": \"crm\", \"source\": \"shop\"}";
    let reply = stage.call("POST", &format!("{id}/run"), Some(twice)).await;
    assert!(reply.message().contains("give it once"), "{}", reply.message());
    stage.given()
}

async fn a_body_that_is_too_large_is_refused() -> Given {
    let stage = Stage::new();
    let body = json!({"right": "erasure", "identifiers": [], "key": "k".repeat(256 * 1024)});
    let reply = stage.post("/api/requests", &body).await;
    assert_eq!((reply.status, reply.code()), (413, "body_too_large"));
    assert!(reply.message().contains("256 KiB"));
    stage.given()
}

async fn malformed_base64_is_refused() -> Given {
    let stage = Stage::new();
    let reply = stage.call_encoded("POST", "/api/requests", "canary!").await;
    assert_eq!((reply.status, reply.code()), (400, "body_unreadable"));
    // `{"right": "canary"}` in base64.
    let reply = stage.call_encoded("POST", "/api/requests", "eyJyaWdodCI6ICJjYW5hcnkifQ==").await;
    assert_eq!(reply.code(), "body_malformed");
    stage.given()
}

async fn an_id_in_the_path_is_checked() -> Given {
    let stage = Stage::new();
    for path in [
        "/api/requests/canary",
        "/api/requests/canary/events",
        "/api/sources/Canary",
        "/api/requests/canary@example.com/receipt",
    ] {
        let reply = stage.get(path).await;
        assert_eq!((reply.status, reply.code()), (400, "id_malformed"), "{path}");
        assert!(reply.message().contains("such as") || reply.message().contains("1 to 32"));
        assert!(!reply.text.to_lowercase().contains("canary"));
    }
    let reply = stage.post("/api/requests/canary/cancel", &json!({})).await;
    assert_eq!(reply.code(), "id_malformed");
    stage.given()
}

async fn an_unknown_or_wrong_parameter_is_refused() -> Given {
    let stage = Stage::new();
    for (path, says) in [
        (
            "/api/requests?email=canary@example.com",
            "it takes: state, right, source, reference, limit, cursor",
        ),
        ("/api/requests?state=canary", "`state` is open or closed"),
        ("/api/requests?limit=0", "from 1 to 100"),
        ("/api/requests?limit=101", "from 1 to 100"),
        ("/api/requests?limit=canary", "whole number"),
        ("/api/requests?limit=-1", "whole number"),
        ("/api/requests?limit=99999999999999999999", "whole number"),
        ("/api/requests?cursor=canary!", "the `next` of an earlier page"),
        ("/api/requests?cursor=Y2FuYXJ5", "the `next` of an earlier page"),
        ("/api/sources?cursor=", "the `next` of an earlier page"),
        ("/api/sources?state=open", "it takes: limit, cursor"),
        ("/api/sources/crm?canary=1", "it takes: none"),
        ("/api/journal?cursor=Y2FuYXJ5", "the `next` of an earlier page"),
        ("/api/journal?before=canary", "whole number"),
        ("/api/requests/019aa6e0-5c1f-7000-8000-000000000001/events?after=canary", "whole number"),
        ("/api/requests/019aa6e0-5c1f-7000-8000-000000000001/receipt?closing=canary", "whole number"),
    ] {
        let reply = stage.get(path).await;
        assert_eq!((reply.status, reply.code()), (400, "parameter_malformed"), "{path}");
        assert!(reply.message().contains(says), "{path}: {}", reply.message());
        assert!(!reply.text.contains("canary"), "{}", reply.text);
    }
    let reply = stage.post("/api/requests?email=canary@example.com", &json!({})).await;
    assert_eq!(reply.code(), "parameter_malformed");
    stage.given()
}
