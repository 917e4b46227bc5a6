//! How a rule's status is read, and which submissions are never sent.

use crate::support::{answering, cases, json, outcome};
use rightful_domain::base::code::Code;
use rightful_domain::law::right::Right;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Vendor};
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{RuleStatus, Submitted};
use serde_json::Value;
use wiremock::MockServer;

#[tokio::test]
async fn a_status_that_is_not_listed_is_unknown() {
    for case in cases() {
        let finished = case.text("/finished");
        let (lower, upper) = (finished.to_lowercase(), finished.to_uppercase());
        let cased = if lower == finished { upper } else { lower };
        let padded = format!("{finished} ");
        for odd in ["SOMETHING_NEW", cased.as_str(), "", padded.as_str()] {
            let body = case.answer("status.json").replace(case.text("/finished"), odd);
            let server = answering(json(body)).await;
            let report = case
                .at(&server)
                .await
                .status(case.text("/rule_id"), &case.records(), &case.records())
                .await
                .unwrap();
            assert_eq!(report.status, RuleStatus::Unknown, "{odd}");
        }
    }
}

#[tokio::test]
async fn the_status_of_another_rule_is_not_an_answer() {
    for case in cases() {
        let body = case.answer("status.json").replace(case.text("/rule_id"), "another0rule");
        assert_eq!(
            outcome(&case, "status", json(body)).await,
            Err(r#"Unavailable("vendor_answer_unreadable")"#.to_owned())
        );
    }
}

#[tokio::test]
async fn only_the_records_asked_about_are_counted_as_treated() {
    for case in cases() {
        let server = answering(json(case.answer("status.json"))).await;
        let source = case.at(&server).await;
        let all = case.records();
        let more: Vec<RecordId> = all.iter().cloned().chain([RecordId::new("424242")]).collect();
        for (asked, confirmed) in [(&more[..], all.len()), (&all[..1], 1), (&[], 0)] {
            let report = source.status(case.text("/rule_id"), asked, &more).await.unwrap();
            assert_eq!(report.confirmed, confirmed);
            assert_eq!(report.status, RuleStatus::Finished);
        }
    }
}

#[tokio::test]
async fn records_of_a_finished_rule_that_its_batch_never_named_are_strangers() {
    for case in cases() {
        let (records, rule) = (case.records(), case.text("/rule_id"));
        let finished = case.answer("status.json");
        let server = answering(json(finished.clone())).await;
        let source = case.at(&server).await;
        // Another task's records in the same batch are not strangers.
        let report = source.status(rule, &records[..1], &records).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (1, 0));
        let report = source.status(rule, &records[..1], &records[..1]).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (1, records.len() - 1));
        // Nobody can tell whose record has an unreadable id.
        let mut odd: Value = serde_json::from_str(&finished).unwrap();
        rename(&mut odd, records[0].expose(), &serde_json::json!({"odd": true}));
        let server = answering(json(odd.to_string())).await;
        let report = case.at(&server).await.status(rule, &records, &records).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (records.len() - 1, 1));
        // Before the rule has finished, nothing is treated.
        let opened = case.answer("submit.json");
        let server = answering(json(opened)).await;
        let report = case.at(&server).await.status(rule, &records, &[]).await.unwrap();
        assert_eq!((report.confirmed, report.strangers), (0, 0));
    }
}

/// Replaces every id that reads `id` by `new`.
fn rename(value: &mut Value, id: &str, new: &Value) {
    match value {
        Value::Array(members) => members.iter_mut().for_each(|member| rename(member, id, new)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename(field, id, new)),
        Value::Number(number) if number.to_string() == id => value.clone_from(new),
        Value::String(text) if text == id => value.clone_from(new),
        _ => {}
    }
}

#[tokio::test]
async fn a_rule_id_cannot_lead_to_another_path() {
    for case in cases() {
        let server = answering(json(case.answer("status.json"))).await;
        let source = case.at(&server).await;
        for bad in ["", ".", "..", "a b", "a\nb", &"x".repeat(200)] {
            assert_eq!(
                source.status(bad, &[], &[]).await,
                Err(Fault::Refused(Code::RuleIdUnusable)),
                "{bad}"
            );
        }
        let _ = source.status("../../x?y=1#z", &[], &[]).await;
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        assert!(requests[0].url.path().ends_with("/..%2F..%2Fx%3Fy%3D1%23z"), "{}", requests[0].url.path());
    }
}

#[tokio::test]
async fn an_invalid_submission_is_not_sent() {
    for case in cases() {
        let server = MockServer::start().await;
        let source = case.at(&server).await;
        let records = case.records();
        // No definition can allow more than 10000.
        let many = vec![RecordId::new("1"); 10_001];
        let batch = Batch { justification: "x", records: &records, dry_run: false, right: Right::Erasure };
        for (batch, code) in [
            (Batch { right: Right::Access, ..batch.clone() }, Code::RightUnsupported),
            (Batch { records: &[], ..batch.clone() }, Code::BatchSizeWrong),
            (Batch { records: &many, ..batch.clone() }, Code::BatchSizeWrong),
        ] {
            assert_eq!(source.submit(&batch).await, Submitted::Rejected(Fault::Refused(code)));
        }
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}
