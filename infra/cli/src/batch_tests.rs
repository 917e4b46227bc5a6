use super::*;
use crate::api::for_tests;
use crate::fixtures;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rightful_domain::base::identifier::TakenOff;
use serde_json::Value;
use std::sync::Mutex;

const PEOPLE: &str = "email;reference;dry_run\nann@example.com;T-1;\nbob@example.com;;true\n";

/// A deployment's API on loopback: it makes one request for a key, and can be told to fail.
#[derive(Default)]
struct Fake {
    made: Mutex<Vec<(String, RequestId)>>,
    bodies: Mutex<Vec<Value>>,
    /// Whether its requests are closed by now, and if so, whether a demand comes again after more than a day.
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
    let request = rightful_domain::model::request::Request { id, ..request };
    let view = fixtures::detail(&request, &tasks, "09:30:00").request;
    let repeated = closed == Some(true);
    let answer = json!({"request": view, "new": known.is_none(), "started": true, "repeated": repeated});
    (StatusCode::CREATED, Json(answer))
}

async fn connectors() -> Json<Value> {
    let asked = |kind: &str| json!({"kind": kind, "description": kind, "example": kind});
    Json(json!({"items": [{
        "name": "plain", "title": "Plain", "docs": "", "params": [], "secret": [],
        "identifiers": [asked("email"), asked("phone")], "rights": ["erasure"], "sources": []
    }], "next": null}))
}

/// The server's address; it ends with the test's runtime.
async fn served(fake: &Arc<Fake>) -> Arc<Api> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/api/requests", post(accept))
        .route("/api/connectors", get(connectors))
        .with_state(Arc::clone(fake));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    Arc::new(for_tests(&base))
}

fn defaults() -> Defaults {
    Defaults {
        right: Some(Right::Erasure),
        sources: Vec::new(),
        dry_run: false,
        received_at: None,
        batch: "people.csv".to_owned(),
    }
}

fn known() -> BTreeSet<IdentifierKind> {
    ["email", "phone"].iter().map(|kind| IdentifierKind::parse(kind).unwrap()).collect()
}

fn read_rows(text: &str) -> Vec<Row> {
    rows(text, &known(), &defaults()).unwrap()
}

/// Sends a file and gives what was told, the summary, and where it stopped.
async fn sent(api: &Arc<Api>, text: &str) -> (Vec<String>, Summary, Option<Stopped>) {
    let (mut lines, mut summary) = (Vec::new(), Summary::default());
    let stopped = send(api, read_rows(text), &mut summary, |line, came, taken_off| {
        lines.push(came_text(line, came, taken_off));
        Ok(())
    });
    let stopped = stopped.await.unwrap();
    (lines, summary, stopped)
}

#[test]
fn a_row_says_when_the_person_asked_and_else_the_command_line_does() {
    let text =
        "email;received_at\nann@example.com;2026-11-03\nbob@example.com;\ncleo@example.com;3.11.2026\n";
    let given = Defaults { received_at: Some(ReceivedAt::parse("2026-11-10").unwrap()), ..defaults() };
    let rows = rows(text, &known(), &given).unwrap();
    let days: Vec<String> = rows
        .iter()
        .map(|row| match &row.demand {
            Ok(demand) => demand.received_at.unwrap().to_string(),
            Err(rejected) => rejected.column.clone(),
        })
        .collect();
    assert_eq!(days, ["2026-11-03", "2026-11-10", "received_at"]);
    let key = |day: Option<&str>| {
        let mut row = read_rows("email\nann@example.com\n").remove(0).demand.unwrap();
        row.received_at = day.map(|day| ReceivedAt::parse(day).unwrap());
        key("people.csv", &row)
    };
    assert_ne!(key(Some("2026-11-03")), key(None));
    assert_ne!(key(Some("2026-11-03")), key(Some("2026-11-04")));
    // As it was before rows could say it: a file that was sent once is not sent anew.
    assert_eq!(key(None), "8fdd65e99d02c91465f45c3e741358891848ce5e10527b5967cac0e8da01a9f5");
}

fn rejections(text: &str) -> Vec<String> {
    read_rows(text)
        .into_iter()
        .filter_map(|row| {
            row.demand.err().map(|rejected| came_text(row.line, &Came::Rejected(rejected), &[]))
        })
        .collect()
}

#[tokio::test]
async fn each_row_makes_one_request_however_often_the_file_is_sent() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let (first, summary, stopped) = sent(&api, PEOPLE).await;
    assert!(stopped.is_none() && summary == Summary { made: 2, ..Summary::default() });
    assert_eq!(first[1], "line 3: made, request 019aa6e0-5c1f-7000-8000-000000000002");
    let (again, summary, _) = sent(&api, PEOPLE).await;
    assert_eq!(summary, Summary { were_there: 2, ..Summary::default() });
    assert_eq!(again[0], "line 2: was there, request 019aa6e0-5c1f-7000-8000-000000000001");
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
        assert_eq!(summary, Summary { were_closed: 2, repeated: times, ..Summary::default() });
        assert_eq!(
            lines[0],
            "line 2: was there, closed on 2026-11-21 09:30:12 UTC as fulfilled, request 019aa6e0-5c1f-7000-8000-000000000001"
        );
        let told = summary_text(summary);
        assert!(told.starts_with("0 made, 0 were there, 2 were closed, 0 rejected"), "{told}");
        assert_eq!(told.contains("send the file with --batch NAME and a new name"), repeated);
        assert_eq!(exit(summary), if repeated { OTHER_OUTCOME } else { OK });
    }
    *fake.closed.lock().unwrap() = None;
    let other = Defaults { batch: "people-2026-12".to_owned(), ..defaults() };
    let mut again = Summary::default();
    let rows = rows(PEOPLE, &known(), &other).unwrap();
    send(&api, rows, &mut again, |_, _, _| Ok(())).await.unwrap();
    assert_eq!(again, Summary { made: 2, ..Summary::default() }, "another name asks anew");
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
    line 4: was there, request 019aa6e0-5c1f-7000-8000-000000000001
    line 5: rejected: it is the same as line 3, which was rejected
    ");
    assert_eq!(summary, Summary { made: 1, were_there: 1, rejected: 2, ..Summary::default() });
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
    let error = not_finished(&stopped.unwrap()).to_string();
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
    assert_eq!((again.made + again.were_there, again.rejected), (9, 0));
    assert_eq!(fake.made.lock().unwrap().len(), 9);
}

#[tokio::test]
async fn the_columns_that_are_known_are_those_of_the_deployed_connectors() {
    let api = served(&Arc::new(Fake::default())).await;
    assert_eq!(kinds(&api).await.unwrap(), known());
}

#[test]
fn a_wrong_header_is_refused_without_being_repeated() {
    for (text, says) in [
        ("canary@example.com\nbob@example.com\n", "column 1 of the header is none that is known"),
        ("email,canary\na@example.com,b\n", "column 2 of the header is none that is known"),
        ("email,member\na@example.com,b\n", "column 2 of the header is none that is known"),
        ("email,email\n", "the column `email` twice"),
        ("email,\n", "column 2 of the header"),
        ("right,reference\nerasure,T-1\n", "no column that says who"),
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
    ] {
        let error = rows(text, &known(), &defaults()).map(|rows| rows.len()).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("canary"), "{text}: {error}");
        assert!(error.contains("email, phone (at least one of them)"), "{error}");
    }
    let without = Defaults { right: None, ..defaults() };
    let error = rows("email\na@example.com\n", &known(), &without).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("--right erasure"), "{error}");
    assert!(rows("email,right\na@example.com,access\n", &known(), &without).is_ok());
}

#[test]
fn a_rejected_row_says_line_column_and_reason_and_never_the_value() {
    let text = "email,phone,right,reference,sources,dry_run\n\
        canary,,,,,\n\
        a@example.com,,canary,,,\n\
        a@example.com,,,canary@example.com,,\n\
        a@example.com,,,,Canary,\n\
        a@example.com,,,,,canary\n\
        ,,erasure,,,\n\
        a@example.com,canary\n\
        ,\"can\tary\",,,,\n\
        'canary@example.com,,,,,\n\
        ,+32 (0)470 00 00 01,,,,\n\
        a@example.com,,,,,\n";
    let told = rejections(text).join("\n");
    insta::assert_snapshot!(told, @r"
    line 2, email: rejected: the value of kind email is not one e-mail address such as name@example.com
    line 3, right: rejected: it is neither erasure nor access
    line 4, reference: rejected: a reference is the ticket's number: 1 to 64 of letters, digits and . _ : / # -; no e-mail address or name
    line 5, sources: rejected: a data source's id is 1 to 32 of a-z, 0-9 and -, beginning with a letter
    line 6, dry_run: rejected: it is neither true nor false
    line 7: rejected: the row names nobody: every identifier is empty
    line 8: rejected: the row has 2 fields and the header 6
    line 9, phone: rejected: the identifier's value is longer than 320 bytes or has control characters
    line 10, email: rejected: the identifier's value has a quotation mark that is not one of a pair around it: take it off, and write an apostrophe within an e-mail address as a plain one
    line 11, phone: rejected: the value of kind phone has a 0 behind the country's code that is dialled within the country alone, or parentheses around digits that begin with 0: write it as it is dialled from abroad, without parentheses, such as +32470000000
    ");
    assert!(!told.contains("anary"));
}

#[test]
fn a_file_of_a_spreadsheet_is_read_as_it_is_written() {
    let semicolons =
        "\u{feff}Email;Phone;Sources\r\nann@example.com;;main other\r\n;;\r\n\r\n;+32470000000;\r\n";
    let text = text_of(semicolons.as_bytes()).unwrap();
    let read = read_rows(&text);
    let lines: Vec<u64> = read.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 5]);
    let first = read[0].demand.as_ref().unwrap();
    assert_eq!(first.sources.len(), 2);
    assert_eq!(read[1].demand.as_ref().unwrap().identifiers[0].kind().as_str(), "phone");
    // Separators alone would widen the demand to every data source.
    for none in ["\";\"", "\"; ;\""] {
        let rows = read_rows(&format!("email,sources\nann@example.com,{none}\n"));
        let rejected = rows[0].demand.as_ref().err().unwrap();
        assert!(rejected.reason.contains("names no data source"), "{none}: {}", rejected.reason);
    }
    let commas = read_rows("email,sources\nann@example.com,\"main;other\"\n");
    assert_eq!(commas[0].demand.as_ref().unwrap().sources.len(), 2);
}

#[test]
fn a_file_that_is_no_utf_8_is_refused_with_its_line() {
    assert_eq!(text_of(b"email\nann@example.com\nj\xf6rg@example.com\n").unwrap_err(), 3);
    let utf_16: Vec<u8> = "email\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(text_of(&utf_16).unwrap_err(), 1);
    assert_eq!(text_of(&[b"\xff\xfe".as_slice(), &utf_16].concat()).unwrap_err(), 1);
}

#[test]
fn no_cell_makes_a_dry_run_of_the_command_line_a_real_one() {
    let dry = Defaults { dry_run: true, ..defaults() };
    let read = rows("email,dry_run\na@example.com,false\n", &known(), &dry).unwrap();
    assert!(read[0].demand.as_ref().unwrap().dry_run);
}

#[test]
fn the_key_is_the_rows_content_in_its_batch_and_nothing_else() {
    let key_of = |text: &str, batch: &str| {
        let defaults = Defaults { batch: batch.to_owned(), ..defaults() };
        let row = rows(text, &known(), &defaults).unwrap().remove(0);
        row.demand.unwrap().key.unwrap()
    };
    let plain = key_of("email,phone\na@example.com,+32470000000\n", "may");
    assert_eq!(plain, key_of("phone;email;right\n+32470000000;a@example.com;erasure\n", "may"));
    for other in [
        key_of("email,phone\na@example.com,+32470000001\n", "may"),
        key_of("email,phone\na@example.com,+32470000000\n", "june"),
        key_of("email,phone,right\na@example.com,+32470000000,access\n", "may"),
        key_of("email,phone,dry_run\na@example.com,+32470000000,true\n", "may"),
        key_of("email,phone,reference\na@example.com,+32470000000,T-1\n", "may"),
        key_of("email,phone,sources\na@example.com,+32470000000,main\n", "may"),
    ] {
        assert_ne!(plain, other);
    }
    assert!(plain.len() == 64 && !plain.contains('@'));
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

#[test]
fn a_row_in_json_is_one_object() {
    let rejected = Came::Rejected(Rejected { column: "email".to_owned(), reason: "x".to_owned() });
    insta::assert_snapshot!(came_json(4, &rejected, &[]), @r#"{"column":"email","line":4,"reason":"x","result":"rejected"}"#);
    insta::assert_snapshot!(came_json(5, &Came::Made(fixtures::id()), &[]), @r#"{"line":5,"request_id":"019aa6e0-5c1f-7000-8000-000000000001","result":"made","taken_off":[]}"#);
    let taken_off = TakenOffAt::of("email", &[TakenOff::Quotes]);
    insta::assert_snapshot!(came_json(5, &Came::WasThere(fixtures::id()), &Vec::from_iter(taken_off)), @r#"{"line":5,"request_id":"019aa6e0-5c1f-7000-8000-000000000001","result":"was_there","taken_off":[{"at":"email","what":["quotes"]}]}"#);
}

#[tokio::test]
async fn what_was_taken_off_a_cell_is_told_with_its_row() {
    let fake = Arc::new(Fake::default());
    let api = served(&fake).await;
    let text = "email,phone\n'ann@example.com',\u{200b}\nmailto:bob@example.com,\u{feff}+32470000000\n";
    let (lines, summary, _) = sent(&api, text).await;
    insta::assert_snapshot!(lines.join("\n"), @r"
    line 2: made, request 019aa6e0-5c1f-7000-8000-000000000001; taken off the email: quotation marks around it
    line 3: made, request 019aa6e0-5c1f-7000-8000-000000000002; taken off the email: mailto:; taken off the phone: characters that aren't seen
    ");
    assert_eq!(summary.made, 2);
    let bodies = fake.bodies.lock().unwrap();
    assert_eq!(bodies[0]["identifiers"], json!([{"kind": "email", "value": "ann@example.com"}]));
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_named_with_its_line_and_no_row_is_read() {
    for (text, line) in [
        ("email\nann@example.com\n\"bob@example.com\ncleo@example.com\n", 3),
        ("email\n\n\"bob@example.com", 3),
        ("\"email\nann@example.com\n", 1),
        ("email;reference\nann@example.com;\"T-1\nbob@example.com;T-2\n", 2),
        // One that a later row's mark would close.
        ("email,reference\n\"ann@example.com,T-1\nbob@example.com,T-2\n\"cleo@example.com\",T-3\n", 2),
        ("email,reference\nT-1,\"ann@example.com\nbob@example.com\",T-2\n", 2),
        ("email\n\"ann@example.com\n\"\nbob@example.com\n", 2),
        ("email\n\"ann@example.com\"\"\nbob@example.com\n", 2),
        ("email\n\"\"\"\nbob@example.com\n", 2),
    ] {
        let error = rows(text, &known(), &defaults()).map(|_| ()).unwrap_err().to_string();
        let says = format!(
            "the quotation mark that opens on line {line} is not closed on that line, so nothing was sent"
        );
        assert!(error.starts_with(&says) && !error.contains("example"), "{text}: {error}");
    }
    for text in
        ["email\nann@example.com\n\"bob@example.com\"x\n", "email,phone\nann@example.com,\n\"bob,\"cleo\"\n"]
    {
        let error = rows(text, &known(), &defaults()).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.starts_with("on line 3 a field goes on behind its closing quotation mark"),
            "{text}: {error}"
        );
    }
}

#[test]
fn quotation_marks_that_hide_no_line_are_read_as_they_are_meant() {
    let read = |text: &str| -> Vec<Result<String, Rejected>> {
        let read = read_rows(text);
        read.into_iter()
            .map(|row| row.demand.map(|demand| demand.identifiers[0].expose().to_owned()))
            .collect()
    };
    let all = read(
        "\"email\",reference\n\"ann@example.com\" ,T-1\n \"bob@example.com\",T-2\no'cleo@example.com,\"T-3\"\n\"\"\"dan@example.com\"\"\",\n",
    );
    let all: Vec<String> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all, ["ann@example.com", "bob@example.com", "o'cleo@example.com", "dan@example.com"]);
    // A mark within a field is text, and takes no other row with it.
    let all = read("email\n \"ann@example.com\nb\"ob@example.com\ncleo@example.com\n");
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn every_line_has_a_row_of_its_own_or_nothing_is_read() {
    const CHARS: [char; 6] = ['a', '"', ',', ' ', '\'', '\n'];
    let (mut read, mut refused) = (0, 0);
    for length in 0..7 {
        for number in 0..CHARS.len().pow(length) {
            let body: String =
                (0..length).map(|place| CHARS[number / CHARS.len().pow(place) % CHARS.len()]).collect();
            let Ok(rows) = rows(&format!("email\n{body}"), &known(), &defaults()) else {
                refused += 1;
                continue;
            };
            read += 1;
            let told: Vec<u64> = rows.iter().map(|row| row.line).collect();
            for (line, text) in (2..).zip(body.lines()) {
                // Fields without a value make no row.
                let empty = text.chars().all(|c| " ,\"".contains(c));
                assert!(empty || told.contains(&line), "{body:?}: line {line} has no row of its own");
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}
