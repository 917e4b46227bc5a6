//! The document says the same as the routes and the types.

use crate::document::{self, Document};
use crate::stage::{Given, Memory, Stage};
use crate::{acts, bodies, links, requests, review, sources};
use rightful_domain::base::identifier::TakenOff;
use rightful_domain::chain::act::Act;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::May;
use rightful_domain::duty::owner::Owner;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::level::Level;
use rightful_domain::law::right::Right;
use rightful_domain::model::answer::AnswerState;
use rightful_domain::model::escalation::Role;
use rightful_domain::model::request::{EndStatus, RequestOutcome, RequestState};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_domain::operations::set_up::Becomes;
use rightful_domain::vendor::report::{Claim, RuleStatus};
use rightful_domain::view::task::Situation;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// With `OPENAPI=write` it writes the document first: `make openapi`.
#[test]
fn the_document_is_written_from_the_routes_and_the_types() {
    let document = rightful_console::openapi::document::<Memory>().unwrap();
    if std::env::var_os("OPENAPI").is_some_and(|order| order == "write") {
        std::fs::write(document::FILE, &document).unwrap();
    }
    let kept = std::fs::read_to_string(document::FILE).unwrap();
    assert!(kept == document, "infra/openapi.yaml is out of date: run `make openapi`");
}

#[test]
fn every_route_is_in_the_document_and_every_operation_is_a_route() {
    let stage = Stage::new();
    let table: Vec<(String, &str)> =
        stage.site.api().routes().map(|(method, path)| (method.to_owned(), path)).collect();
    let routes: BTreeSet<(String, &str)> = table.iter().cloned().collect();
    let operations: BTreeSet<(String, &str)> =
        Document::open().operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(routes, operations);
    assert_eq!(routes.len(), table.len(), "a route stands in the table twice");
}

#[test]
fn every_operation_is_described_signed_and_has_its_own_name() {
    let document = Document::open();
    assert_eq!(document.value["security"], json!([{"sigv4": []}]));
    let scheme = &document.value["components"]["securitySchemes"]["sigv4"];
    assert_eq!(scheme["x-amazon-apigateway-authtype"], "awsSigv4");
    let mut names = BTreeSet::new();
    for (method, path, operation) in document.operations() {
        assert!(operation["security"].is_null(), "{method} {path} has a security of its own");
        for member in ["operationId", "summary", "description"] {
            assert!(
                operation[member].as_str().is_some_and(|text| !text.is_empty()),
                "{method} {path}: {member}"
            );
        }
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
    }
}

#[test]
fn the_examples_fit_their_schemas_and_are_about_nobody() {
    let document = Document::open();
    let mut examples = 0;
    let mut check = |content: &Value, what: &str| {
        let content = &content["application/json"];
        if let Some(example) = content.get("example") {
            let name = content["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            document.check_schema(name, example, what);
            examples += 1;
        }
    };
    for (method, path, operation) in document.operations() {
        check(&operation["requestBody"]["content"], &format!("the example of {method} {path}"));
        for (status, response) in operation["responses"].as_object().unwrap() {
            check(&response["content"], &format!("the example of {method} {path} -> {status}"));
        }
    }
    assert!(examples > 10);
    let text = document.value.to_string();
    for word in ["`None`", "[`", "`Debug`", " ours"] {
        assert!(!text.contains(word), "{word} says nothing to a reader of the API");
    }
    for (at, _) in text.match_indices('@') {
        assert!(text[at..].starts_with("@example.com"), "an address that is not at example.com");
    }
}

/// The words of an enumeration, as serde knows them.
fn words<T: DeserializeOwned>(value: Value) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(value).err().unwrap().to_string();
    let (_, known) = error.split_once("expected ").unwrap();
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn documented(place: &str) -> BTreeSet<String> {
    let all = Document::open().value.pointer(&format!("/components/schemas/{place}/enum")).unwrap();
    all.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The kinds of a type whose members depend on its kind.
fn kinds(name: &str) -> BTreeSet<String> {
    let all = Document::open().value.pointer(&format!("/components/schemas/{name}/oneOf")).unwrap();
    let kind = |one: &Value| one["properties"]["kind"]["const"].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(kind).collect()
}

#[test]
fn the_document_knows_every_word_of_every_enumeration_and_no_other() {
    let none = || json!("none of them");
    assert_eq!(documented("Right"), words::<Right>(none()));
    assert_eq!(documented("RequestState"), words::<RequestState>(none()));
    assert_eq!(documented("RequestOutcome"), words::<RequestOutcome>(none()));
    assert_eq!(documented("TaskState"), words::<TaskState>(none()));
    assert_eq!(documented("Outcome"), words::<Outcome>(none()));
    assert_eq!(documented("Claim"), words::<Claim>(none()));
    assert_eq!(documented("RuleState"), words::<RuleState>(none()));
    assert_eq!(documented("RuleStatus"), words::<RuleStatus>(none()));
    assert_eq!(documented("RefusalGround"), words::<RefusalGround>(none()));
    assert_eq!(documented("ExtensionGround"), words::<Ground>(none()));
    assert_eq!(documented("Level"), words::<Level>(json!("no level")));
    assert_eq!(documented("Role"), words::<Role>(none()));
    assert_eq!(documented("OperatorRole"), words::<rightful_console::Role>(none()));
    assert_eq!(documented("Situation"), words::<Situation>(none()));
    assert_eq!(documented("Owner"), words::<Owner>(none()));
    assert_eq!(documented("AnswerState"), words::<AnswerState>(none()));
    assert_eq!(documented("EndStatus"), words::<EndStatus>(none()));
    assert_eq!(documented("May"), words::<May>(none()));
    assert_eq!(documented("Becomes"), words::<Becomes>(none()));
    assert_eq!(documented("TakenOff"), words::<TakenOff>(none()));
    assert_eq!(kinds("Fact"), words::<Fact>(json!({"kind": "?"})));
    assert_eq!(kinds("Act"), words::<Act>(json!({"kind": "?"})));
}

#[tokio::test(flavor = "current_thread")]
async fn an_unknown_caller_is_refused_by_every_route() {
    for by in [None, Some(""), Some("policy:auto"), Some("no name at all")] {
        let stage = Stage::new();
        for (method, path) in stage.site.api().routes() {
            let path = path.replace("{id}", "019aa6e0-5c1f-7000-8000-000000000001");
            let path = path.replace("{source}", "crm").replace("{channel}", "desk");
            let reply = stage.call_as(by, method, &path, Some("{}")).await;
            assert_eq!((reply.status, reply.code()), (403, "identity_missing"), "{by:?} {path}");
            assert!(reply.message().contains("Signature Version 4"));
        }
        assert_eq!(stage.world.store.table().all().len(), 0);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_unknown_path_and_a_wrong_method_are_told_apart() {
    let stage = Stage::new();
    for path in
        ["/", "/api", "/api/", "/api/nothing", "/api/sources/", "/api/sources/crm/", "/api/requests/a/b/c"]
    {
        let reply = stage.get(path).await;
        assert_eq!((reply.status, reply.code()), (404, "route_unknown"), "{path}");
    }
    for (method, path, allow) in [
        ("DELETE", "/api/sources", "GET, POST"),
        ("POST", "/api/sources/crm", "GET, PATCH, DELETE"),
        ("GET", "/api/requests/019aa6e0-5c1f-7000-8000-000000000001/cancel", "POST"),
        ("POST", "/api/sources/crm/review", "PUT"),
        ("OPTIONS", "/api/journal", "GET"),
    ] {
        let reply = stage.call(method, path, None).await;
        assert_eq!((reply.status, reply.code()), (405, "method_not_allowed"), "{method} {path}");
        assert_eq!(reply.headers["allow"], allow);
        assert!(reply.message().contains(allow));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_from_api_gateway_is_answered_at_the_default_stage_and_at_a_named_one() {
    let stage = Stage::new();
    for (name, path) in [
        ("$default", "/api/connectors"),
        ("dev", "/dev/api/connectors"),
        ("api", "/api/api/connectors"),
        ("dev", "/api/connectors"),
    ] {
        let event = json!({
            "version": "2.0",
            "routeKey": "ANY /api/{proxy+}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"host": "a1b2.execute-api.eu-west-1.amazonaws.com", "x-amz-date": "20261124T093000Z"},
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "a1b2",
                "authorizer": {"iam": {
                    "accessKey": "AKIA", "accountId": "111122223333", "callerId": "AROA:ann",
                    "cognitoIdentity": null, "principalOrgId": "aws:PrincipalOrgID",
                    "userArn": "arn:aws:sts::111122223333:assumed-role/Privacy/ann", "userId": "AROA:ann",
                }},
                "domainName": "a1b2.execute-api.eu-west-1.amazonaws.com",
                "domainPrefix": "a1b2",
                "http": {
                    "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                    "userAgent": "rightful",
                },
                "requestId": "JKJaXmPLvHcESHA=",
                "routeKey": "ANY /api/{proxy+}",
                "stage": name,
                "time": "24/Nov/2026:09:30:00 +0000",
                "timeEpoch": 1_795_512_600_000_i64,
            },
            "pathParameters": {"proxy": "connectors"},
            "isBase64Encoded": false,
        });
        let reply = stage.hand_over("GET", "/api/connectors", event).await;
        assert_eq!((reply.status, reply.body["items"].as_array().unwrap().len()), (200, 2), "{name} {path}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn every_documented_error_is_given_by_some_scenario_and_no_other() {
    let mut given = Given::new();
    for scenarios in [
        bodies::given().await,
        sources::given().await,
        requests::given().await,
        review::given().await,
        acts::given().await,
        links::given().await,
    ] {
        given.extend(scenarios);
    }
    let mut codes: BTreeSet<String> = given.into_iter().map(|(_, _, code)| code).collect();
    // Those of every operation and of none: two tests above give them.
    codes.extend(["identity_missing", "route_unknown", "method_not_allowed"].map(str::to_owned));
    assert_eq!(codes, Document::open().codes());
}
