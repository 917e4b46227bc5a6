//! The answers to the ticketing system; one delivery makes one request only.

use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::store::Reads as _;
use rightful_local_tests::webhook::{
    another_secret, forged, request_id, rotate_standard, standard, standard_signed_with, ticket, zendesk,
};
use rightful_local_tests::{Options, Stack};
use serde_json::json;

const DAY: u64 = 24 * 3600;

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
    // Different content that is no ticket is a conflict too.
    assert_eq!(standard(&stack, "msg_1", b"{}").await?.status, 409);
    assert_ne!(request_id(&standard(&stack, "msg_2", other.as_bytes()).await?)?, first);

    // Zendesk's delivery id is not signed: the ticket's number counts, and a 409 would be retried.
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
    sent_again_after_its_end_nothing_runs(&stack, first, "msg_1", body.as_bytes()).await?;
    let journal = stack.sandbox.journal().await?;
    assert!(journal.erasures.iter().all(|erasure| !erasure.already), "{:?}", journal.erasures);
    assert_eq!(journal.erased_ids().iter().filter(|id| [78, 79, 85].contains(*id)).count(), 3);
    the_deadline_counts_from_the_day_on_which_the_person_asked(&stack).await?;
    a_rotated_secret_and_the_one_before_it_count_and_no_other(&stack).await
}

/// Within a day it is a redelivery: the sender hears how the request ended, and the request stays as it is.
async fn sent_again_after_its_end_nothing_runs(
    stack: &Stack,
    id: RequestId,
    delivery: &str,
    body: &[u8],
) -> Result<()> {
    let requests = || -> Result<usize> {
        Ok(stack.rightful_json(&["request", "list", "--all"])?["requests"].as_array().map_or(0, Vec::len))
    };
    let (request, listed) = (stack.request(id).await?, requests()?);
    let events = stack.facts(id).await?;
    let answer = standard(stack, delivery, body).await?;
    assert_eq!(request_id(&answer)?, id);
    let told = &answer.json()?["closed"];
    assert_eq!((&told["outcome"], &told["repeated"]), (&json!("fulfilled"), &json!(false)), "{told}");
    assert_eq!(told["closed_at"], json!(request.closed_at));
    assert!(told["message"].as_str().is_some_and(|says| says.contains("nothing runs")), "{told}");
    assert_eq!((requests()?, stack.facts(id).await?), (listed, events));
    let now = stack.request(id).await?;
    assert_eq!((now.state, now.attempt, now.repeats), (request.state, request.attempt, None));
    Ok(())
}

async fn the_deadline_counts_from_the_day_on_which_the_person_asked(stack: &Stack) -> Result<()> {
    let asked = SystemClock.now().minus_seconds(5 * DAY).day();
    let mut body = ticket("nobody-late@example.com", "T-9");
    body["received_at"] = json!(asked);
    let id = request_id(&standard(stack, "msg_late", body.to_string().as_bytes()).await?)?;
    let (request, _) = stack.closed(id).await?;
    // The zone is UTC, unless a deployment says otherwise.
    let start = Time::parse(&format!("{asked}T00:00:00Z"))?;
    let due = request.legal_zone.months_after(start, 1);
    assert_eq!((request.received_at, request.due_at), (start, due));
    assert!(request.arrived_at() > start.plus_seconds(4 * DAY), "{request:?}");
    assert!(due < request.legal_zone.months_after(request.arrived_at(), 1));
    let received = stack.facts(id).await?.into_iter().find_map(|fact| match fact {
        Fact::Received { received_at, due_at, .. } => Some((received_at, due_at)),
        _ => None,
    });
    assert_eq!(received, Some((Some(start), due)));
    let receipt = &stack.rightful_json(&["request", "receipt", &id.to_string()])?["receipt"];
    assert_eq!((&receipt["received_at"], &receipt["due_at"]), (&json!(start), &json!(due)), "{receipt}");
    Ok(())
}

async fn a_rotated_secret_and_the_one_before_it_count_and_no_other(stack: &Stack) -> Result<()> {
    let before = stack.json["channels"]["standard"]["secret"].as_str().unwrap_or_default();
    let (rotated, stranger) = (another_secret([7; 32]), another_secret([8; 32]));
    rotate_standard(stack, &rotated).await?;
    for (delivery, secret) in [("msg_new", rotated.as_str()), ("msg_old", before)] {
        let body = ticket("nobody-rotated@example.com", delivery).to_string();
        let answer = standard_signed_with(stack, secret, delivery, body.as_bytes()).await?;
        assert_eq!(answer.status, 202, "{delivery}: {}", answer.text);
        stack.closed(request_id(&answer)?).await?;
    }
    let body = ticket("nobody-rotated@example.com", "msg_other").to_string();
    let answer = standard_signed_with(stack, &stranger, "msg_other", body.as_bytes()).await?;
    assert_eq!((answer.status, answer.json()?["error"]["code"].as_str()), (401, Some("signature_wrong")));
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
