//! What the ticketing system is told, and that a delivery makes one request only.

use anyhow::Result;
use rightful_domain::event::{Fact, read_chain};
use rightful_domain::ports::Reads as _;
use rightful_local_tests::webhook::{forged, request_id, standard, ticket, zendesk};
use rightful_local_tests::{Options, Stack};
use serde_json::json;

#[tokio::test]
async fn a_delivery_makes_one_request_and_a_conflicting_one_is_refused_and_recorded() -> Result<()> {
    let stack = Stack::up("deliveries", Options::default())?;
    stack.add_source("qualifio-main", &[])?;
    let body = ticket("joao@qualifio.com", "T-1").to_string();
    let other = ticket("ana@example.com", "T-1").to_string();

    let first = request_id(&standard(&stack, "msg_1", body.as_bytes()).await?)?;
    assert_eq!(request_id(&standard(&stack, "msg_1", body.as_bytes()).await?)?, first);
    let conflict = standard(&stack, "msg_1", other.as_bytes()).await?;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text.contains(&first.to_string()) && !conflict.text.contains("ana@"));
    // Another content that is no ticket either is a conflict all the same.
    assert_eq!(standard(&stack, "msg_1", b"{}").await?.status, 409);
    assert_ne!(request_id(&standard(&stack, "msg_2", other.as_bytes()).await?)?, first);

    // Zendesk's delivery id is not signed: the ticket's number counts, and 409 would mean "again".
    let third = ticket("pat+news@example.com", "T-1").to_string();
    let ticketed = request_id(&zendesk(&stack, third.as_bytes(), 0).await?)?;
    assert_eq!(request_id(&zendesk(&stack, third.as_bytes(), 10).await?)?, ticketed);
    assert_eq!(zendesk(&stack, other.as_bytes(), 0).await?.status, 422);

    for (id, expected) in [(first, 2), (ticketed, 1)] {
        stack.closed(id).await?;
        let (_, facts) = read_chain(id, &stack.store.events(id).await?)?;
        let conflicts =
            facts.iter().filter(|(_, fact)| matches!(fact, Fact::DeliveryConflict { .. })).count();
        assert_eq!(conflicts, expected);
    }
    let journal = stack.sandbox.journal().await?;
    assert!(journal.erasures.iter().all(|erasure| !erasure.already), "{:?}", journal.erasures);
    assert_eq!(journal.erased_ids().iter().filter(|id| [78, 79, 85].contains(*id)).count(), 3);
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_delivery_is_said_and_nothing_is_stored() -> Result<()> {
    let stack = Stack::up("refusals", Options::default())?;
    let good = ticket("joao@qualifio.com", "T-2").to_string();
    let answer = zendesk(&stack, good.as_bytes(), 0).await?;
    assert_eq!((answer.status, answer.json()?["error"]["code"].as_str()), (503, Some("no_data_source")));
    stack.add_source("qualifio-main", &[])?;

    assert_eq!(forged(&stack, good.as_bytes()).await?.status, 401);
    let late = zendesk(&stack, good.as_bytes(), 301).await?;
    assert_eq!((late.status, late.json()?["error"]["code"].as_str()), (401, Some("timestamp_out_of_range")));
    let large = json!({"right": "erasure", "pad": "x".repeat(300_000)}).to_string();
    assert_eq!(zendesk(&stack, large.as_bytes(), 0).await?.status, 413);
    for (body, status, says) in [
        ("no json", 400, "not JSON"),
        (r#"{"right":"erasure","reference":"T-3"}"#, 422, "/identifiers"),
        (
            r#"{"right":"oblivion","identifiers":[{"kind":"email","value":"a@example.com"}],"reference":"T-3"}"#,
            422,
            "/right",
        ),
        (
            r#"{"right":"erasure","identifiers":[{"kind":"email","value":"nobody"}],"reference":"T-3"}"#,
            422,
            "/identifiers/0",
        ),
        (
            r#"{"right":"erasure","identifiers":[{"kind":"email","value":"a@example.com"}]}"#,
            422,
            "/reference",
        ),
        (
            r#"{"right":"erasure","identifiers":[{"kind":"email","value":"a@example.com"}],"reference":"T-3","sources":["nowhere"]}"#,
            422,
            "nowhere",
        ),
    ] {
        let answer = zendesk(&stack, body.as_bytes(), 0).await?;
        assert_eq!(answer.status, status, "{body}");
        let message = answer.json()?["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(says), "{body}: {message}");
    }
    let listed = stack.rightful_json(&["request", "list"])?;
    assert_eq!(listed["requests"].as_array().map(Vec::len), Some(0), "{listed}");
    assert!(stack.sandbox.journal().await?.calls.is_empty());
    Ok(())
}
