use super::*;
use crate::api::client::for_tests;
use crate::batch::row::for_tests::{defaults, known, read_rows};
use crate::batch::row::{Defaults, rows};
use crate::fixtures;
use crate::terminal::exit_code::{OK, OTHER_OUTCOME};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::request::Request;
use serde_json::{Value, json};
use std::sync::Mutex;

const PEOPLE: &str = "email;reference;dry_run\nann@example.com;T-1;\nbob@example.com;;true\n";

/// A deployment's API on loopback. It makes one request for a key, and fails on demand.
#[derive(Default)]
struct Fake {
    made: Mutex<Vec<(String, RequestId)>>,
    bodies: Mutex<Vec<Value>>,
    /// Whether its requests are closed, and if so, whether a demand comes again after more than a day.
    closed: Mutex<Option<bool>>,
    /// From this call on it fails, counted from 0.
    fails_from: Mutex<Option<usize>>,
}

async fn accept(State(fake): State<Arc<Fake>>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut bodies = fake.bodies.lock().unwrap();
    let number = bodies.len();
    bodies.push(body.clone());
    if fake.fails_from.lock().unwrap().is_some_and(|from| number >= from) {
        let error = json!({"code": "unavailable", "message": "x", "details": [{"name": "cause", "what": "store_unavailable"}]});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"error": error})));
    }
    if body["identifiers"][0]["value"] == "no@example.com" {
        let details = json!([{"name": "identifiers[0].value", "what": "it is nobody's"}]);
        let error = json!({"code": "identifier_malformed", "message": "`identifiers[0].value`: it is nobody's", "details": details});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"error": error})));
    }
    let key = body["key"].as_str().unwrap().to_owned();
    let mut made = fake.made.lock().unwrap();
    let known = made.iter().find(|(known, _)| *known == key).map(|(_, id)| *id);
    let id = known.unwrap_or_else(|| {
        RequestId::parse(&format!("019aa6e0-5c1f-7000-8000-{:012}", made.len() + 1)).unwrap()
    });
    if known.is_none() {
        made.push((key, id));
    }
    let closed = *fake.closed.lock().unwrap();
    let (request, tasks) = if closed.is_some() { fixtures::fulfilled() } else { fixtures::open() };
    let request = Request { id, ..request };
    let view = fixtures::detail(&request, &tasks, "09:30:00").request;
    let repeated = closed == Some(true);
    let answer = json!({"request": view, "new": known.is_none(), "started": true, "repeated": repeated});
    (StatusCode::CREATED, Json(answer))
}

/// The server's address; it ends with the test's runtime.
async fn served(fake: &Arc<Fake>) -> Arc<Api> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/api/requests", post(accept)).with_state(Arc::clone(fake));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    Arc::new(for_tests(&base))
}

/// Sends a file; returns the reported lines, the summary, and where it stopped.
async fn sent(api: &Arc<Api>, text: &str) -> (Vec<String>, BatchSummary, Option<StoppedAt>) {
    let (mut lines, mut summary) = (Vec::new(), BatchSummary::default());
    let stopped = send(api, read_rows(text), &mut summary, |line, result, removed| {
        lines.push(result.text(line, removed));
        Ok(())
    });
    let stopped = stopped.await.unwrap();
    (lines, summary, stopped)
}

#[tokio::test]
async fn each_row_makes_one_request_however_often_the_file_is_sent() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let (first, summary, stopped) = sent(&api, PEOPLE).await;
    assert!(stopped.is_none() && summary == BatchSummary { made: 2, ..BatchSummary::default() });
    assert_eq!(first[1], "line 3: made, request 019aa6e0-5c1f-7000-8000-000000000002");
    let (again, summary, _) = sent(&api, PEOPLE).await;
    assert_eq!(summary, BatchSummary { already_made: 2, ..BatchSummary::default() });
    assert_eq!(again[0], "line 2: already made, request 019aa6e0-5c1f-7000-8000-000000000001");
    assert_eq!(fake.made.lock().unwrap().len(), 2);
    let bodies = fake.bodies.lock().unwrap();
    assert_eq!((&bodies[0]["dry_run"], &bodies[1]["dry_run"]), (&json!(false), &json!(true)));
    assert_eq!(bodies[0]["reference"], "T-1");
}

#[tokio::test]
async fn a_row_whose_request_is_closed_is_told_apart_with_the_way_to_ask_anew() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    sent(&api, PEOPLE).await;
    for repeated in [false, true] {
        *fake.closed.lock().unwrap() = Some(repeated);
        let (lines, summary, _) = sent(&api, PEOPLE).await;
        let times = if repeated { 2 } else { 0 };
        assert_eq!(summary, BatchSummary { already_closed: 2, repeated: times, ..BatchSummary::default() });
        assert_eq!(
            lines[0],
            "line 2: already made, closed on 2026-11-21 09:30:12 UTC as fulfilled, request 019aa6e0-5c1f-7000-8000-000000000001"
        );
        let told = summary.text();
        assert!(told.starts_with("0 made, 0 already made, 2 already closed, 0 rejected"), "{told}");
        assert_eq!(told.contains("send the file with --batch NAME and a new name"), repeated);
        assert_eq!(summary.exit_code(), if repeated { OTHER_OUTCOME } else { OK });
    }
    *fake.closed.lock().unwrap() = None;
    let other = Defaults { batch: "people-2026-12".to_owned(), ..defaults() };
    let mut again = BatchSummary::default();
    let rows = rows(PEOPLE, &known(), &other).unwrap();
    send(&api, rows, &mut again, |_, _, _| Ok(())).await.unwrap();
    assert_eq!(again, BatchSummary { made: 2, ..BatchSummary::default() }, "another name asks again");
}

#[tokio::test]
async fn a_row_that_stands_twice_in_a_file_makes_one_request() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let text = "email\nann@example.com\nno@example.com\nann@example.com\nno@example.com\n";
    let (lines, summary, _) = sent(&api, text).await;
    insta::assert_snapshot!(lines.join("\n"), @r"
    line 2: made, request 019aa6e0-5c1f-7000-8000-000000000001
    line 3, email: rejected: it is nobody's
    line 4: already made, request 019aa6e0-5c1f-7000-8000-000000000001
    line 5: rejected: it is the same as line 3, which was rejected
    ");
    assert_eq!(summary, BatchSummary { made: 1, already_made: 1, rejected: 2, ..BatchSummary::default() });
    assert_eq!(fake.bodies.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deployment_that_fails_in_the_middle_stops_the_batch_and_the_rest_is_made_later() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let people: String = (0..9).map(|n| format!("person{n}@example.com\n")).collect();
    let text = format!("email\n{people}");
    *fake.fails_from.lock().unwrap() = Some(5);
    let (lines, summary, stopped) = sent(&api, &text).await;
    let error = stopped.unwrap().into_error().to_string();
    assert_eq!(lines.len(), usize::try_from(summary.made).unwrap());
    assert!(lines.len() <= 5, "{lines:?}");
    let stopped_at = lines.len() + 2;
    assert!(error.contains(&format!("stopped at line {stopped_at}: the store can't be reached")), "{error}");
    assert!(
        error.contains("run the same command again") && error.contains("code: store_unavailable"),
        "{error}"
    );
    *fake.fails_from.lock().unwrap() = None;
    let (_, again, stopped) = sent(&api, &text).await;
    assert!(stopped.is_none());
    assert_eq!((again.made + again.already_made, again.rejected), (9, 0));
    assert_eq!(fake.made.lock().unwrap().len(), 9);
}

#[test]
fn an_objection_of_the_api_is_told_at_its_column() {
    let kinds = ["email".to_owned(), "phone".to_owned()];
    assert_eq!(column_of("identifiers[1].value", &kinds), "phone");
    assert_eq!(column_of("identifiers[7].value", &kinds), "");
    assert_eq!(column_of("identifiers", &kinds[..1]), "email");
    assert_eq!(column_of("sources[0]", &kinds), "sources");
    assert_eq!(column_of("reference", &kinds), "reference");
}

#[tokio::test]
async fn what_was_taken_off_a_cell_is_told_with_its_row() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let text = "email,phone\n'ann@example.com',\u{200b}\nmailto:bob@example.com,\u{feff}+32470000000\n";
    let (lines, summary, _) = sent(&api, text).await;
    insta::assert_snapshot!(lines.join("\n"), @r"
    line 2: made, request 019aa6e0-5c1f-7000-8000-000000000001; removed from the email: quotation marks around it
    line 3: made, request 019aa6e0-5c1f-7000-8000-000000000002; removed from the email: mailto:; removed from the phone: invisible characters
    ");
    assert_eq!(summary.made, 2);
    let bodies = fake.bodies.lock().unwrap();
    assert_eq!(bodies[0]["identifiers"], json!([{"kind": "email", "value": "ann@example.com"}]));
}
