//! The result of each status and of each unreadable body.

use crate::support::{STEPS, cases, json, outcome};
use wiremock::ResponseTemplate;

#[tokio::test]
async fn refusals_differ_from_passing_faults() {
    // status, result of search and status check, result of submission
    let table = [
        (400, r#"Refused("vendor_bad_request")"#, r#"Rejected(Refused("vendor_bad_request"))"#),
        (401, "Unauthorized", "Rejected(Unauthorized)"),
        (403, r#"Refused("vendor_forbidden")"#, r#"Rejected(Refused("vendor_forbidden"))"#),
        (404, r#"Refused("vendor_not_found")"#, r#"Rejected(Refused("vendor_not_found"))"#),
        (408, r#"Unavailable("vendor_timed_out")"#, r#"Unknown("vendor_timed_out")"#),
        (409, r#"Refused("vendor_conflict")"#, r#"Rejected(Refused("vendor_conflict"))"#),
        (410, r#"Refused("vendor_gone")"#, r#"Rejected(Refused("vendor_gone"))"#),
        (418, r#"Refused("vendor_refused")"#, r#"Rejected(Refused("vendor_refused"))"#),
        (422, r#"Refused("vendor_unprocessable")"#, r#"Rejected(Refused("vendor_unprocessable"))"#),
        (425, r#"Unavailable("vendor_timed_out")"#, r#"Unknown("vendor_timed_out")"#),
        (429, "Throttled(None)", "NotSent(Throttled(None))"),
        (500, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (502, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (503, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (504, r#"Unavailable("vendor_server_error")"#, r#"Unknown("vendor_server_error")"#),
        (201, r#"Unavailable("vendor_answer_unexpected")"#, r#"Unknown("vendor_answer_unexpected")"#),
        (204, r#"Unavailable("vendor_answer_unexpected")"#, r#"Unknown("vendor_answer_unexpected")"#),
        (302, r#"Unavailable("vendor_redirected")"#, r#"Unknown("vendor_redirected")"#),
        (304, r#"Unavailable("vendor_redirected")"#, r#"Unknown("vendor_redirected")"#),
    ];
    for case in cases() {
        for (status, read, sent) in table {
            for step in STEPS {
                let body = case.answer(&format!("{step}.json"));
                // A body that looks like success changes nothing.
                let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
                let expected = match step {
                    "submit" => sent,
                    "status" if status == 404 => "RuleNotFound",
                    _ => read,
                };
                assert_eq!(outcome(&case, step, answer).await, Err(expected.to_owned()), "{step} {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_throttled_call_says_how_long_to_wait() {
    for case in cases() {
        for (header, seconds) in [("7", 7), ("86400", 3600), ("Sun, 06 Nov 1994 08:50:07 GMT", 30)] {
            let answer = || {
                ResponseTemplate::new(429)
                    .insert_header("retry-after", header)
                    .insert_header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            };
            assert_eq!(outcome(&case, "search", answer()).await, Err(format!("Throttled(Some({seconds}))")));
            assert_eq!(
                outcome(&case, "submit", answer()).await,
                Err(format!("NotSent(Throttled(Some({seconds})))"))
            );
            assert_eq!(outcome(&case, "status", answer()).await, Err(format!("Throttled(Some({seconds}))")));
        }
        // It asks to wait, but does not say that it did not accept the erasure.
        let answer = ResponseTemplate::new(503).insert_header("retry-after", "7");
        assert_eq!(
            outcome(&case, "submit", answer).await,
            Err(r#"Unknown("vendor_server_error")"#.to_owned())
        );
    }
}

#[tokio::test]
async fn unreadable_answers_are_not_a_success() {
    for case in cases() {
        for body in ["", "null", "[", "<html>", "{\"error\":\"x\"}", "[1]", "\u{feff}{}"] {
            for step in STEPS {
                let expected = match step {
                    "submit" => r#"Unknown("vendor_answer_unreadable")"#,
                    _ => r#"Unavailable("vendor_answer_unreadable")"#,
                };
                let got = outcome(&case, step, json(body.to_owned())).await;
                assert_eq!(got, Err(expected.to_owned()), "{step} {body}");
            }
        }
    }
}

#[tokio::test]
async fn answers_that_are_too_large_are_not_a_success() {
    for case in cases() {
        let padding = " ".repeat(9 * 1024 * 1024);
        for step in STEPS {
            let body = case.answer(&format!("{step}.json")) + &padding;
            let expected = match step {
                "submit" => r#"Unknown("vendor_answer_too_large")"#,
                _ => "AnswerTooLarge",
            };
            assert_eq!(outcome(&case, step, json(body)).await, Err(expected.to_owned()), "{step}");
        }
    }
}
