//! Qualifio's requests as they go over the wire.

use crate::support::case;
use rightful_connectors::Definition;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::law::right::Right;
use rightful_domain::vendor::call_limits::Rate;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Vendor};
use rightful_domain::vendor::report::{RuleStatus, Submitted};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const USER_AGENT: &str = concat!("rightful/", env!("CARGO_PKG_VERSION"));

/// A request as text, without the product's version, since a release does not change the request.
fn written(request: &Request) -> String {
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| *name != "host")
        .map(|(name, value)| match (name.as_str(), value.to_str().unwrap()) {
            ("user-agent", USER_AGENT) => "user-agent: rightful/VERSION".to_owned(),
            (name, value) => format!("{name}: {value}"),
        })
        .collect();
    headers.sort();
    let path = format!("{}?{}", request.url.path(), request.url.query().unwrap_or_default());
    let body = String::from_utf8(request.body.clone()).unwrap();
    format!("{} {path}\n{}\n\n{body}", request.method, headers.join("\n"))
}

async fn server(answer: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(answer, "application/json");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn the_search_asks_for_what_the_person_wrote() {
    let case = case("qualifio");
    let server = server("[]").await;
    let person = Identifier::new(IdentifierKind::email(), "joao+x&y=1#%@qualifio.com").unwrap();
    case.at(&server).await.search(&[person], &[]).await.unwrap();
    insta::assert_snapshot!(written(&server.received_requests().await.unwrap()[0]), @r"
        GET /v1/gdpr/profiles?clientId=2449&email=joao%2Bx%26y%3D1%23%25%40qualifio.com
        accept: application/json
        user-agent: rightful/VERSION
        x-api-token: TOKEN-FOR-ACCOUNT-2449
        ");
}

#[tokio::test]
async fn the_erasure_has_the_walkthroughs_shape() {
    let case = case("qualifio");
    let server = server(&case.answer("submit.json")).await;
    case.submit(&case.at(&server).await).await;
    insta::assert_snapshot!(written(&server.received_requests().await.unwrap()[0]), @r#"
        POST /v1/gdpr/rules/forgottenRight?clientId=2449&direct=true
        accept: application/json
        content-length: 151
        content-type: application/json
        user-agent: rightful/VERSION
        x-api-token: TOKEN-FOR-ACCOUNT-2449

        {"ruleType":"GDPR_ForgottenRight","clientId":2449,"ruleTypePayload":{"profiles":[78,79,85]},"justification":"example justification text","userId":1001}
        "#);
}

#[tokio::test]
async fn a_dry_run_says_so_and_nothing_else_changes() {
    let case = case("qualifio");
    let confirmed = case.answer("submit.json").replace(r#""test": false"#, r#""test": true"#);
    let server = server(&confirmed).await;
    let source = case.at(&server).await;
    assert!(source.capabilities().dry_run);
    let records = case.records();
    let batch = Batch { justification: "request 1", records: &records, dry_run: true, right: Right::Erasure };
    let submitted = source.submit(&batch).await;
    assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");
    insta::assert_snapshot!(String::from_utf8_lossy(&server.received_requests().await.unwrap()[0].body), @r#"{"ruleType":"GDPR_ForgottenRight","clientId":2449,"ruleTypePayload":{"profiles":[78,79,85]},"justification":"request 1","userId":1001,"test":true}"#);
}

#[tokio::test]
async fn a_real_erasures_answer_does_not_pass_for_a_dry_run_nor_the_reverse() {
    let case = case("qualifio");
    let doubtful = |code| Submitted::Doubtful {
        rule_id: case.text("/rule_id").to_owned(),
        status: RuleStatus::Pending,
        code,
    };
    let real = server(&case.answer("submit.json")).await;
    let submitted = case.submit_as(&case.at(&real).await, true).await;
    assert_eq!(submitted, doubtful(Code::DryRunNotConfirmed));

    let dry = server(&case.answer("submit.json").replace(r#""test": false"#, r#""test": true"#)).await;
    let submitted = case.submit(&case.at(&dry).await).await;
    assert_eq!(submitted, doubtful(Code::DryRunNotAsked));
}

#[tokio::test]
async fn the_status_is_asked_for_by_the_rules_id() {
    let case = case("qualifio");
    let server = server(&case.answer("status.json")).await;
    case.at(&server).await.status("61f7e45694efba001186ebcd", &[], &[]).await.unwrap();
    insta::assert_snapshot!(written(&server.received_requests().await.unwrap()[0]), @r"
        GET /v1/gdpr/rules/61f7e45694efba001186ebcd?clientId=2449
        accept: application/json
        user-agent: rightful/VERSION
        x-api-token: TOKEN-FOR-ACCOUNT-2449
        ");
}

#[tokio::test]
async fn a_rule_that_waits_for_the_dpo_is_recognised() {
    let case = case("qualifio");
    let server = server(&case.answer("submit.json").replace("APPROVED", "NEW")).await;
    let submitted = case.submit(&case.at(&server).await).await;
    let Submitted::Accepted { status, .. } = submitted else { panic!("{submitted:?}") };
    assert_eq!(status, RuleStatus::AwaitingApproval);
}

#[tokio::test]
async fn record_ids_that_are_not_numbers_are_not_sent() {
    let case = case("qualifio");
    let server = server(&case.answer("submit.json")).await;
    let records = [rightful_domain::vendor::record::RecordId::new("78a")];
    let batch = Batch { justification: "x", records: &records, dry_run: false, right: Right::Erasure };
    insta::assert_debug_snapshot!(case.at(&server).await.submit(&batch).await, @r#"
        Rejected(
            Refused(
                "record_id_unusable",
            ),
        )
        "#);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn its_capabilities_are_those_of_the_definition() {
    let case = case("qualifio");
    let source = case.open("http://127.0.0.1:9", case.secrets()).await;
    insta::assert_debug_snapshot!(source.capabilities(), @r#"
    Capabilities {
        title: "Qualifio",
        target: Target {
            connector: "qualifio",
            version: 1,
            params: {
                "base_url": "http://127.0.0.1:9",
                "client_id": "2449",
            },
        },
        identifiers: [
            IdentifierKind(
                "email",
            ),
        ],
        ignores_case: [],
        states_whole: false,
        control: None,
        rights: [
            Erasure,
            Access,
        ],
        export: None,
        dry_run: true,
        batch_size: 100,
        max_records: 1000,
        call_timeout_seconds: 20,
        status_waits: Waits {
            first_seconds: 3,
            longest_seconds: 3600,
        },
        verify_waits: Waits {
            first_seconds: 5,
            longest_seconds: 3600,
        },
        verify_looks: 14,
        unknown_waits: Waits {
            first_seconds: 60,
            longest_seconds: 3600,
        },
        unknown_looks: 6,
        unknown_repeats: true,
        deadline_seconds: 2592000,
        search_tries: 12,
        call_limits: CallLimits {
            rate: None,
            daily_calls: None,
            breaker: Breaker {
                failures: 5,
                open: Waits {
                    first_seconds: 30,
                    longest_seconds: 1800,
                },
            },
            longest_throttle_seconds: 3600,
        },
    }
    "#);
}

#[tokio::test]
async fn an_erasure_that_needs_the_dpos_approval_is_never_repeated() {
    for direct in ["true", "false"] {
        let mut case = case("qualifio");
        case.walkthrough["params"]["direct"] = direct.into();
        let source = case.open("http://127.0.0.1:9", case.secrets()).await;
        assert_eq!(source.capabilities().unknown_repeats, direct == "true");
    }
}

#[tokio::test]
async fn a_batch_from_before_the_batch_size_was_lowered_is_sent() {
    let mut case = case("qualifio");
    case.walkthrough["params"]["batch_size"] = "1".into();
    let server = server(&case.answer("submit.json")).await;
    let source = case.at(&server).await;
    assert_eq!(source.capabilities().batch_size, 1);
    assert!(case.records().len() > 1);
    let submitted = case.submit(&source).await;
    assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");
}

#[tokio::test]
async fn a_batch_larger_than_any_data_source_may_have_is_not_sent() {
    let text = include_str!("../../definitions/qualifio/connector.yaml");
    for (from, to) in [("batch_size: ${param.batch_size}", "batch_size: 2"), ("max: 10000", "max: 2")] {
        let changed =
            text.replace(from, to).replace("example: 100\n    default: 100", "example: 1\n    default: 1");
        let mut case = case("qualifio");
        case.definition = Definition::parse("connector.yaml", &changed).unwrap();
        let server = server(&case.answer("submit.json")).await;
        let refused = Submitted::Rejected(Fault::Refused(Code::BatchSizeWrong));
        assert_eq!(case.submit(&case.at(&server).await).await, refused, "{to}");
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn looks_go_on_for_hours_unless_the_data_source_wants_fewer() {
    let mut case = case("qualifio");
    let source = case.open("http://127.0.0.1:9", case.secrets()).await;
    let capabilities = source.capabilities();
    let lasts: u64 = (1..capabilities.verify_looks).map(|n| capabilities.verify_waits.after(n - 1)).sum();
    assert_eq!(lasts, 4 * 3600 + 25 * 60 + 15);

    case.walkthrough["params"]["verify_looks"] = "3".into();
    assert_eq!(case.open("http://127.0.0.1:9", case.secrets()).await.capabilities().verify_looks, 3);
    for wrong in ["1", "31", "", "many"] {
        case.walkthrough["params"]["verify_looks"] = wrong.into();
        let opened = case.open_with("http://127.0.0.1:9", case.secrets(), crate::support::client(true)).await;
        assert_eq!(opened.unwrap_err(), Failure::of(Code::ParameterWrong), "{wrong}");
    }
}

#[tokio::test]
async fn the_data_source_sets_rate_and_quota_and_zero_means_no_limit() {
    let mut case = case("qualifio");
    case.walkthrough["params"]["calls_per_minute"] = "90".into();
    case.walkthrough["params"]["daily_calls"] = "5000".into();
    let limits = case.open("http://127.0.0.1:9", case.secrets()).await.capabilities().call_limits;
    assert_eq!(limits.rate, Some(Rate { calls: 90, per_seconds: 60, burst: 1 }));
    assert_eq!(limits.daily_calls, Some(5000));
    case.walkthrough["params"]["calls_per_minute"] = "0".into();
    case.walkthrough["params"]["daily_calls"] = "0".into();
    let limits = case.open("http://127.0.0.1:9", case.secrets()).await.capabilities().call_limits;
    assert_eq!((limits.rate, limits.daily_calls), (None, None));
}

#[tokio::test]
async fn a_wanted_export_is_sent_and_followed_like_an_erasure() {
    let mut case = case("qualifio");
    case.walkthrough["params"]["export_rule"] = "true".into();
    let answer = case.answer("submit.json");
    let answer = answer.replace("APPROVED", "NEW").replace("GDPR_ForgottenRight", "GDPR_ExportData");
    let exporting = server(&answer).await;
    let source = case.at(&exporting).await;
    let from = source.capabilities().export.clone().unwrap();
    assert!(from.contains("Export and erasure requests"), "{from}");
    let records = case.records();
    let batch = Batch { justification: "request 1", records: &records, dry_run: false, right: Right::Access };
    let rule_id = case.text("/rule_id").to_owned();
    assert_eq!(
        source.submit(&batch).await,
        Submitted::Accepted { rule_id: rule_id.clone(), status: RuleStatus::AwaitingApproval }
    );
    let dry = Submitted::Rejected(Fault::Refused(Code::DryRunUnsupported));
    assert_eq!(source.submit(&Batch { dry_run: true, ..batch.clone() }).await, dry);
    let requests = exporting.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    insta::assert_snapshot!(written(&requests[0]), @r#"
    POST /v1/gdpr/rules/exportData?clientId=2449
    accept: application/json
    content-length: 130
    content-type: application/json
    user-agent: rightful/VERSION
    x-api-token: TOKEN-FOR-ACCOUNT-2449

    {"ruleType":"GDPR_ExportData","clientId":2449,"ruleTypePayload":{"profiles":[78,79,85]},"justification":"request 1","userId":1001}
    "#);

    let done = server(&case.answer("status.json")).await;
    let report = case.at(&done).await.status(&rule_id, &records, &records).await.unwrap();
    assert_eq!((report.status, report.confirmed), (RuleStatus::Finished, records.len()));
}

#[tokio::test]
async fn an_unanswered_export_is_unknown_and_an_unwanted_one_is_not_sent() {
    let mut case = case("qualifio");
    let records = case.records();
    let batch = Batch { justification: "request 1", records: &records, dry_run: false, right: Right::Access };
    let untouched = MockServer::start().await;
    let source = case.at(&untouched).await;
    assert_eq!(source.capabilities().export, None);
    for dry_run in [false, true] {
        let refused = Submitted::Rejected(Fault::Refused(Code::RightUnsupported));
        assert_eq!(source.submit(&Batch { dry_run, ..batch.clone() }).await, refused);
    }
    assert!(untouched.received_requests().await.unwrap().is_empty());

    case.walkthrough["params"]["export_rule"] = "true".into();
    let broken = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(500)).mount(&broken).await;
    let submitted = case.at(&broken).await.submit(&batch).await;
    assert_eq!(submitted, Submitted::Unknown(Code::VendorServerError));
    assert_eq!(broken.received_requests().await.unwrap().len(), 1);
}
