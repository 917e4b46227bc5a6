//! Whole commands against an API on loopback: the calls, and the result.

use super::*;
use crate::api::error::command_error_of;
use crate::fixtures;
use crate::terminal::error::CommandError;
use crate::terminal::exit_code::{OK, OTHER_OUTCOME, USAGE};
use clap::Parser as _;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use wiremock::matchers::{method, path, path_regex, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const CANARY: &str = "canary@example.com";

/// A stack file in a folder of its own, and the API that it names.
struct Stack {
    folder: TempDir,
    server: MockServer,
}

impl Stack {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let server = MockServer::start().await;
        let stack = json!({
            "aws_endpoint_url": "http://127.0.0.1:1", "region": "eu-central-1",
            "access_key_id": "AKIDEXAMPLE", "secret_access_key": "canary-secret-key",
            "api_url": server.uri(), "receipt_key_id": "arn:key", "functions": {},
        });
        std::fs::write(folder.path().join("stack.json"), stack.to_string()).unwrap();
        Self { folder, server }
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    async fn answers(&self, verb: &str, at: &str, status: u16, body: &Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(&self.server).await;
    }

    /// Runs a command: its exit code, or the error that it ends with.
    async fn run(&self, arguments: &[&str]) -> Result<u8, CommandError> {
        let stack = self.folder.path().join("stack.json");
        let all =
            ["rightful", "--stack", stack.to_str().unwrap()].into_iter().chain(arguments.iter().copied());
        let command_line = CommandLine::try_parse_from(all).unwrap();
        let out = Out { json: command_line.global.json };
        dispatch(&command_line, out).await.map_err(|error| command_error_of(&error).unwrap())
    }

    /// The bodies that were sent by this verb, with their paths.
    async fn sent(&self, verb: &str) -> Vec<(String, Value)> {
        let all = self.server.received_requests().await.unwrap();
        let mine = all.iter().filter(|one| one.method.as_str() == verb);
        mine.map(|one| (one.url.path().to_owned(), serde_json::from_slice(&one.body).unwrap_or(Value::Null)))
            .collect()
    }
}

fn at(end: &str) -> String {
    format!("/api/requests/{}{end}", fixtures::id())
}

fn acted() -> Value {
    json!({"state": "open", "attempt": 2, "started": true})
}

#[tokio::test]
async fn a_review_names_exactly_what_was_read_for_it() {
    let stack = Stack::new().await;
    let (request, tasks) = fixtures::awaiting_review();
    let detail = fixtures::detail(&request, &tasks, "09:31:00");
    stack.answers("GET", &at(""), 200, &serde_json::to_value(&detail).unwrap()).await;
    let reviewed = json!({"sources": [{"source": "main", "state": "decided"}], "released": true});
    stack.answers("POST", &at("/review"), 200, &reviewed).await;
    let id = fixtures::id().to_string();
    let reason = format!("@{}", stack.file("reason", &format!("{CANARY} asked for it\n")));
    let seen = ["request", "review", &id, "--proceed", "--seen", "main=02020202", "--reason", &reason];
    assert_eq!(stack.run(&seen).await.unwrap(), OK);
    let sent = stack.sent("POST").await;
    let digest = serde_json::to_value(detail.tasks[0].found_digest.as_ref().unwrap()).unwrap();
    let searched_at = &detail.tasks[0].searched_at;
    let expected = json!({
        "sources": [{
            "source": "main", "digest": digest, "searched_at": searched_at,
            "confirm_marked": 0, "confirm_set_aside": 0,
        }],
        "verdict": "proceed", "ground": null, "reason": format!("{CANARY} asked for it"),
    });
    assert_eq!(sent, [(at("/review"), expected)]);

    // There is no terminal to ask on: without the digest nothing is sent.
    let blind = stack.run(&["request", "review", &id, "--proceed", "--reason", "x"]).await.unwrap_err();
    assert!(blind.exit == USAGE && blind.todo.contains("--seen main=0202020202020202"), "{blind}");

    // The reviewer saw other records than there are now: nothing is sent.
    let other = ["request", "review", &id, "--proceed", "--seen", "main=03030303", "--reason", "x"];
    assert!(stack.run(&other).await.unwrap_err().what.contains("nothing was decided"));
    let refused = ["request", "review", &id, "--refuse", "--ground", "art_17_3_b", "--reason", "x"];
    assert_eq!(stack.run(&refused).await.unwrap_err().exit, USAGE);
    let refused = [&refused[..], &["--seen", "main=02020202"]].concat();
    assert_eq!(stack.run(&refused).await.unwrap(), OK);
    let sent = stack.sent("POST").await;
    assert_eq!((sent.len(), &sent[1].1["ground"]), (2, &json!("art_17_3_b")));
    assert_eq!(sent[1].1["sources"][0]["confirm_marked"], Value::Null, "a refusal confirms nothing");
}

#[tokio::test]
async fn the_work_is_asked_for_with_what_the_operator_wants_and_read_page_by_page() {
    let stack = Stack::new().await;
    let (request, tasks) = fixtures::awaiting_review();
    let shown = fixtures::detail(&request, &tasks, "09:31:00").request;
    let counts = json!({"open": 3, "waiting_for_a_person": 2, "overdue": 0});
    let page = |next: Value| {
        let body = json!({"counts": counts, "items": [shown], "next": next});
        ResponseTemplate::new(200).set_body_json(body)
    };
    let at = "/api/requests/work";
    let second = Mock::given(path(at)).and(query_param("cursor", "two"));
    second.respond_with(page(Value::Null)).mount(&stack.server).await;
    Mock::given(path(at)).respond_with(page(json!("two"))).mount(&stack.server).await;
    let asked = [
        "request",
        "list",
        "--urgent",
        "--person",
        "--due-within",
        "3",
        "--right",
        "erasure",
        "--source",
        "main",
    ];
    assert_eq!(stack.run(&asked).await.unwrap(), OK);
    let calls = stack.server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 2);
    let query: Vec<(String, String)> = calls[0].url.query_pairs().into_owned().collect();
    let expected =
        [("person", "true"), ("due_within", "3"), ("right", "erasure"), ("source", "main"), ("limit", "20")];
    assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // The filters need `--urgent`.
    let all = ["rightful", "request", "list", "--person"];
    assert!(CommandLine::try_parse_from(all).is_err());
}

#[tokio::test]
async fn a_persons_requests_are_found_by_an_identifier_that_stands_in_no_address() {
    let stack = Stack::new().await;
    let (request, tasks) = fixtures::awaiting_review();
    let shown = fixtures::detail(&request, &tasks, "09:31:00").request;
    let at = "/api/requests/find";
    stack.answers("POST", at, 200, &json!({"items": [shown]})).await;
    let given = stack.file("address", &format!("{CANARY}\n"));
    let find = ["request", "find", "--identifier", &format!("email=@{given}")];
    assert_eq!(stack.run(&find).await.unwrap(), OK);
    let body = json!({"identifier": {"kind": "email", "value": CANARY}});
    assert_eq!(stack.sent("POST").await, [(at.to_owned(), body)]);
    let called = stack.server.received_requests().await.unwrap();
    assert!(called.iter().all(|call| !call.url.as_str().contains("canary")));
}

#[tokio::test]
async fn a_word_that_there_is_nothing_names_the_search_that_was_shown() {
    let stack = Stack::new().await;
    let (request, tasks) = fixtures::nothing_found();
    let detail = fixtures::detail(&request, &tasks, "09:31:00");
    stack.answers("GET", &at(""), 200, &serde_json::to_value(&detail).unwrap()).await;
    let reviewed = json!({"sources": [{"source": "main", "state": "settled"}], "released": true});
    stack.answers("POST", &at("/review"), 200, &reviewed).await;
    let id = fixtures::id().to_string();
    let none = ["request", "review", &id, "--proceed", "--seen", "main=none", "--reason", "x"];
    assert_eq!(stack.run(&none).await.unwrap(), OK);
    let sent = stack.sent("POST").await;
    let seen = &sent[0].1["sources"][0];
    let shown = serde_json::to_value(detail.tasks[0].searched_at.unwrap()).unwrap();
    assert_eq!((&seen["digest"], &seen["searched_at"]), (&Value::Null, &shown));
}

#[tokio::test]
async fn of_two_reviewers_the_later_one_is_told_who_decided() {
    let stack = Stack::new().await;
    let (request, tasks) = fixtures::awaiting_review();
    let detail = serde_json::to_value(fixtures::detail(&request, &tasks, "09:31:00")).unwrap();
    stack.answers("GET", &at(""), 200, &detail).await;
    let message = "nobody waits for a decision on main: it is decided, decided on by ann";
    let error = json!({"error": {"code": "not_awaiting_review", "message": message}});
    stack.answers("POST", &at("/review"), 409, &error).await;
    let id = fixtures::id().to_string();
    let seen = ["request", "review", &id, "--proceed", "--seen", "main=02020202", "--reason", "x"];
    let told = stack.run(&seen).await.unwrap_err();
    assert_eq!((told.what.as_str(), told.code.as_deref()), (message, Some("not_awaiting_review")));
    assert_eq!(stack.sent("POST").await.len(), 1, "a decision is never sent again automatically");
}

#[tokio::test]
async fn an_identifier_goes_in_the_body_and_nowhere_else() {
    let stack = Stack::new().await;
    stack.answers("POST", &at("/identify"), 200, &acted()).await;
    let id = fixtures::id().to_string();
    let given = format!("email=@{}", stack.file("email", &format!("{CANARY}\n")));
    let done = stack.run(&["request", "identify", &id, "--source", "main", "--identifier", &given]).await;
    assert_eq!(done.unwrap(), OK);
    let expected = json!({"source": "main", "identifier": {"kind": "email", "value": CANARY}});
    assert_eq!(stack.sent("POST").await, [(at("/identify"), expected)]);
    let sent = &stack.server.received_requests().await.unwrap()[0];
    assert!(!format!("{} {:?}", sent.url, sent.headers).contains("canary"));
    let bad =
        stack.run(&["request", "identify", &id, "--source", "main", "--identifier", "email=canary@"]).await;
    let told = bad.unwrap_err();
    assert!(told.exit == USAGE && !told.to_string().contains("canary"), "{told}");
}

#[tokio::test]
async fn acts_are_sent_once_each_as_the_api_takes_them() {
    let stack = Stack::new().await;
    let any = ResponseTemplate::new(200).set_body_json(acted());
    Mock::given(path_regex("^/api/requests/")).respond_with(any).mount(&stack.server).await;
    let id = fixtures::id().to_string();
    for (arguments, end, body) in [
        (&["run", &id, "--source", "main"][..], "/run", json!({"source": "main"})),
        (&["reopen", &id], "/reopen", json!({})),
        (&["reopen", &id, "--source", "main"], "/reopen", json!({"sources": ["main"]})),
        (&["cancel", &id], "/cancel", json!({})),
        (
            &["state", &id, "--source", "main", "--erased", "--reason", "seen"],
            "/state",
            json!({"source": "main", "erased": true, "reason": "seen"}),
        ),
        (
            &["state", &id, "--source", "main", "--failed", "--reason", "seen"],
            "/state",
            json!({"source": "main", "erased": false, "reason": "seen"}),
        ),
    ] {
        let before = stack.sent("POST").await.len();
        assert_eq!(stack.run(&[&["request"], arguments].concat()).await.unwrap(), OK);
        let sent = stack.sent("POST").await;
        assert_eq!(sent[before..], [(at(end), body)]);
    }
    for bad in [&["run", "T-1", "--source", "main"][..], &["run", &id, "--source", "Main"], &["cancel", "x"]]
    {
        let told = stack.run(&[&["request"], bad].concat()).await.unwrap_err();
        assert_eq!(told.exit, USAGE, "{told}");
    }
}

fn connectors() -> Value {
    let email = json!({"kind": "email", "description": "the address", "example": "name@example.com"});
    json!({"items": [{
        "name": "plain", "title": "Plain", "docs": "", "rights": ["erasure"], "sources": ["main"],
        "params": [], "identifiers": [email],
        "secret": [{"name": "token", "description": "the API token"}],
    }], "next": null})
}

fn source() -> Value {
    json!({
        "id": "main", "connector": "plain", "known": true, "enabled": true, "params": {"a": "1"},
        "review": {"erasure": "always"}, "policies": {"erasure": "always", "access": "auto"},
        "identifiers": [], "secret_name": "rightful/dev/sources/main", "revision": 1,
        "created_at": "2026-11-21T09:30:00.000Z",
    })
}

#[tokio::test]
async fn a_data_source_is_added_changed_and_removed() {
    let stack = Stack::new().await;
    stack.answers("GET", "/api/connectors", 200, &connectors()).await;
    stack.answers("GET", "/api/sources/main", 200, &source()).await;
    stack.answers("POST", "/api/sources", 201, &source()).await;
    stack.answers("PATCH", "/api/sources/main", 200, &source()).await;
    stack.answers("PUT", "/api/sources/main/review", 200, &source()).await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(204)).mount(&stack.server).await;
    let token = format!("token=@{}", stack.file("token", " s3cret \n"));
    let add = [
        "source",
        "add",
        "plain",
        "--id",
        "main",
        "--set",
        "a=1",
        "--secret",
        &token,
        "--review",
        "erasure=always",
    ];
    assert_eq!(stack.run(&add).await.unwrap(), OK);
    let added = json!({
        "id": "main", "connector": "plain", "params": {"a": "1"}, "secret": {"token": "s3cret"},
    });
    assert_eq!(stack.sent("POST").await[0].1, added);
    assert_eq!(stack.sent("PUT").await[0].1, json!({"erasure": "always"}), "a call of its own");
    let unknown =
        stack.run(&["source", "add", "other", "--id", "main", "--secret", &token]).await.unwrap_err();
    assert!(unknown.todo.contains("take one of: plain"), "{unknown}");

    let change = ["source", "change", "main", "--unset", "a", "--review", "access=over:5"];
    assert_eq!(stack.run(&change).await.unwrap(), OK);
    assert_eq!(stack.run(&["source", "disable", "main"]).await.unwrap(), OK);
    let changed = stack.sent("PATCH").await;
    let review = json!({"erasure": "always", "access": "over:5"});
    assert_eq!(changed[0].1, json!({"params": {}, "unset": ["a"]}));
    assert_eq!(stack.sent("PUT").await[1].1, review);
    let alone = ["source", "change", "main", "--review", "access=over:5"];
    assert_eq!(stack.run(&alone).await.unwrap(), OK);
    assert_eq!(
        (stack.sent("PUT").await.len(), stack.sent("PATCH").await.len()),
        (3, 2),
        "nothing else is changed"
    );
    assert_eq!(changed[1].1, json!({"enabled": false}));
    let nothing = stack.run(&["source", "change", "main"]).await.unwrap_err();
    assert!(nothing.exit == USAGE && nothing.what.contains("nothing is to be changed"));

    let control = json!({"kind": "email", "value": "control@example.com"});
    for (arguments, sent) in [
        (&["--control", "email=control@example.com"][..], json!({"control": control})),
        (&["--no-control"], json!({"control": null})),
        (
            &["--set", "host=b.example", "--secret", &token, "--force"],
            json!({
                "params": {"host": "b.example"}, "secret": {"token": "s3cret"}, "force": true,
            }),
        ),
    ] {
        assert_eq!(stack.run(&[&["source", "change", "main"], arguments].concat()).await.unwrap(), OK);
        let mut whole = json!({"params": {}, "unset": []});
        whole.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
        assert_eq!(stack.sent("PATCH").await.pop().unwrap().1, whole);
    }
    assert_eq!(
        stack.run(&[&add[..], &["--control", "email=control@example.com"]].concat()).await.unwrap(),
        OK
    );
    assert_eq!(stack.sent("POST").await.pop().unwrap().1["control"], control);

    let unsure = stack.run(&["source", "remove", "main"]).await.unwrap_err();
    assert!(unsure.exit == USAGE && unsure.todo.contains("--yes"), "{unsure}");
    assert!(stack.sent("DELETE").await.is_empty());
    assert_eq!(stack.run(&["source", "remove", "main", "--yes"]).await.unwrap(), OK);
    assert_eq!(stack.sent("DELETE").await.len(), 1);
}

#[tokio::test]
async fn a_change_that_open_tasks_stand_against_is_told_with_each_of_them_and_how_to_force_it() {
    let stack = Stack::new().await;
    stack.answers("GET", "/api/connectors", 200, &connectors()).await;
    stack.answers("GET", "/api/sources/main", 200, &source()).await;
    let id = |n: u8| format!("019aa6e0-5c1f-7000-8000-00000000000{n}");
    let task = |n, becomes: &str| json!({"request": id(n), "becomes": becomes});
    let tasks = [task(1, "searched_anew"), task(2, "searched_anew"), task(3, "old_target_asked")];
    let standing = json!({"count": 3, "tasks": tasks, "more": true});
    let error = json!({"code": "target_in_use", "message": "open tasks", "standing": standing});
    stack.answers("PATCH", "/api/sources/main", 409, &json!({"error": error})).await;
    let told = stack.run(&["source", "change", "main", "--set", "host=b.example"]).await.unwrap_err();
    let lines: Vec<&str> = told.what.lines().collect();
    assert_eq!(lines.len(), 5, "a line for each, even if two are the same: {told}");
    assert!(lines[1].contains(&format!("{}: nothing was sent for it", id(1))), "{told}");
    assert!(lines[2].contains(&format!("{}: nothing was sent for it", id(2))), "{told}");
    assert!(
        lines[3].contains("the old target is asked") && lines[4].contains("there may be others"),
        "{told}"
    );
    assert!(told.todo.contains("repeat with --force"), "{told}");
    assert_eq!(told.code.as_deref(), Some("target_in_use"));
}

#[tokio::test]
async fn which_records_were_found_is_not_piped_by_accident() {
    let stack = Stack::new().await;
    let page = |records: Value, next: Value| {
        let digest = json!({"key_id": "k", "mac": "02"});
        json!({"source": "main", "records": records, "all": 3, "digest": digest, "next": next})
    };
    let first = ResponseTemplate::new(200).set_body_json(page(json!(["1", "2"]), json!(2)));
    Mock::given(path(at("/records"))).respond_with(first).up_to_n_times(1).mount(&stack.server).await;
    stack.answers("POST", &at("/records"), 200, &page(json!(["3"]), Value::Null)).await;
    let id = fixtures::id().to_string();
    // The test runner's output is no terminal.
    let told = stack.run(&["request", "records", &id, "--source", "main"]).await;
    if let Err(told) = told {
        assert!(told.exit == USAGE && told.todo.contains("--print"), "{told}");
        assert!(stack.sent("POST").await.is_empty());
    }
    assert_eq!(stack.run(&["request", "records", &id, "--source", "main", "--print"]).await.unwrap(), OK);
    let from: Vec<Value> = stack.sent("POST").await.iter().map(|(_, body)| body["from"].clone()).collect();
    assert_eq!(from, [json!(0), json!(2)]);
}

#[tokio::test]
async fn who_the_records_show_and_why_somebody_decided_are_not_piped_by_accident() {
    let stack = Stack::new().await;
    let page = |name: &str, next: Value| {
        let record = json!({"id": name, "found_by": ["phone"], "fields": [{"name": "email", "text": CANARY}],
            "marked": true, "doubtful": false, "standing": "covered"});
        json!({"source": "main", "records": [record], "all": 2, "digest": null, "next": next})
    };
    let first = ResponseTemplate::new(200).set_body_json(page("1", json!(1)));
    Mock::given(path(at("/compare"))).respond_with(first).up_to_n_times(1).mount(&stack.server).await;
    stack.answers("POST", &at("/compare"), 200, &page("2", Value::Null)).await;
    let reason = json!({"source": "main", "by": "ann", "at": "2026-11-21T09:30:00.000Z",
        "verdict": "proceed", "reason": format!("{CANARY} called")});
    stack.answers("POST", &at("/reasons"), 200, &json!({"items": [reason]})).await;
    let id = fixtures::id().to_string();
    for (command, end, calls) in [
        (&["records", &id, "--source", "main", "--who"][..], "/compare", 2),
        (&["reasons", &id], "/reasons", 1),
    ] {
        let command = [&["request"], command].concat();
        let before = stack.sent("POST").await.len();
        // The test runner's output is no terminal.
        let told = stack.run(&command).await.unwrap_err();
        assert!(told.exit == USAGE && told.todo.contains("--print"), "{told}");
        assert_eq!(stack.sent("POST").await.len(), before);
        assert_eq!(stack.run(&[&command[..], &["--print"]].concat()).await.unwrap(), OK);
        let sent = stack.sent("POST").await;
        assert_eq!(sent.len() - before, calls);
        assert!(sent[before..].iter().all(|(path, _)| *path == at(end)), "{sent:?}");
    }
}

#[tokio::test]
async fn a_batch_with_a_rejected_row_ends_with_its_own_exit_code() {
    let stack = Stack::new().await;
    stack.answers("GET", "/api/connectors", 200, &connectors()).await;
    let (request, tasks) = fixtures::open();
    let view = fixtures::detail(&request, &tasks, "09:31:00").request;
    let accepted = json!({"request": view, "new": true, "started": true});
    stack.answers("POST", "/api/requests", 201, &accepted).await;
    let good = stack.file("good.csv", "email\nann@example.com\n");
    let mixed = stack.file("mixed.csv", &format!("email\n{CANARY}\ncanary\n"));
    let wrong = stack.file("wrong.csv", &format!("{CANARY}\nann@example.com\n"));
    let new = |file: &str| ["request", "new", "--right", "erasure", "--file", file].map(ToOwned::to_owned);
    let run = async |file: &str| {
        let arguments = new(file);
        stack.run(&arguments.each_ref().map(String::as_str)).await
    };
    assert_eq!(run(&good).await.unwrap(), OK);
    assert_eq!(run(&mixed).await.unwrap(), OTHER_OUTCOME);
    let before = stack.sent("POST").await.len();
    let told = run(&wrong).await.unwrap_err();
    assert!(!told.to_string().contains("canary") && told.todo.contains("email"), "{told}");
    assert_eq!(stack.sent("POST").await.len(), before, "a wrong header is an error before anything is sent");
    let open = stack.file("open.csv", "email\nann@example.com\n\"bob@example.com\ncleo@example.com\n");
    let told = run(&open).await.unwrap_err();
    assert!(told.what.contains("the quotation mark that opens on line 3 is not closed"), "{told}");
    assert_eq!(
        stack.sent("POST").await.len(),
        before,
        "an open quotation mark is an error before anything is sent"
    );
    let gone = run(&Path::new("/nowhere/people.csv").display().to_string()).await.unwrap_err();
    assert!(gone.what.contains("can't be read"), "{gone}");
}

#[tokio::test]
async fn a_copy_that_is_not_there_is_told_with_what_is_missing() {
    let stack = Stack::new().await;
    let message = "there is no copy yet: the identifier is missing for main; give it (`request identify`)";
    let error = json!({"error": {"code": "copy_not_there", "message": message}});
    stack.answers("POST", &at("/copy"), 409, &error).await;
    let output = stack.folder.path().join("copy.zip");
    let id = fixtures::id().to_string();
    let told = stack.run(&["request", "copy", &id, "-o", output.to_str().unwrap()]).await.unwrap_err();
    assert_eq!(told.what, message);
    assert_eq!(std::fs::read_dir(stack.folder.path()).unwrap().count(), 1, "nothing but the stack file");
}

#[tokio::test]
async fn a_deployment_that_is_not_there_is_told_before_anything_else() {
    let stack = Stack::new().await;
    let text = std::fs::read_to_string(stack.folder.path().join("stack.json")).unwrap();
    std::fs::write(
        stack.folder.path().join("stack.json"),
        text.replace(&stack.server.uri(), "http://example.com"),
    )
    .unwrap();
    let told = stack.run(&["source", "list"]).await.unwrap_err();
    assert!(told.what.contains("in the clear"), "{told}");
}
