//! The bucket of copies against scripted answers of S3.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Answer, Fake};
use rightful_aws::CopyBucket;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::ports::{CopyLinks, CopyPackages, CopyParts};
use rightful_domain::seal::Sealed;
use serde_json::json;
use std::collections::HashMap;
use wiremock::ResponseTemplate;

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn source(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

fn sealed() -> Sealed {
    serde_json::from_value(json!("c2VhbGVk")).unwrap()
}

fn status(status: u16, body: &'static str) -> Answer {
    Box::new(move |_| ResponseTemplate::new(status).set_body_raw(body, "application/xml"))
}

const NO_SUCH_KEY: &str = "<Error><Code>NoSuchKey</Code></Error>";
const DENIED: &str = "<Error><Code>AccessDenied</Code></Error>";

#[tokio::test]
async fn a_part_reads_back_as_it_was_kept() {
    let fake = Fake::new(vec![("PUT", status(200, "")), ("GET", status(200, "\"c2VhbGVk\""))]).await;
    let bucket = CopyBucket::new(&fake.aws(), "copies");
    bucket.keep_part(id(), &source("crm"), &sealed()).await.unwrap();
    assert_eq!(bucket.part(id(), &source("crm")).await, Ok(Some(sealed())));
    let requests = fake.requests().await;
    for request in &requests {
        assert_eq!(request.url.path(), format!("/copies/parts/{}/crm", id()));
    }
    assert!(requests[0].headers.contains_key("x-amz-checksum-sha256"));
    assert_eq!(requests[0].body, b"\"c2VhbGVk\"");
}

#[tokio::test]
async fn a_part_that_is_not_there_is_none_and_one_that_is_not_ours_is_misconfigured() {
    for (answer, expected) in [
        (status(404, NO_SUCH_KEY), Ok(None)),
        (status(200, "what"), Err(Failure::misconfigured("copy_part_unreadable"))),
        (status(403, DENIED), Err(Failure::misconfigured("copies_denied"))),
    ] {
        let fake = Fake::new(vec![("GET", answer)]).await;
        assert_eq!(CopyBucket::new(&fake.aws(), "copies").part(id(), &source("crm")).await, expected);
    }
}

#[tokio::test]
async fn a_package_is_a_file_to_be_saved_whose_name_tells_nothing_of_the_person() {
    let fake = Fake::new(vec![("PUT", status(200, ""))]).await;
    CopyBucket::new(&fake.aws(), "copies").keep_package(id(), b"PK").await.unwrap();
    let put = &fake.requests().await[0];
    assert_eq!(put.url.path(), format!("/copies/packages/{}.zip", id()));
    assert_eq!(put.headers["content-type"], "application/zip");
    assert_eq!(put.headers["content-disposition"], format!("attachment; filename=\"copy-{}.zip\"", id()));
    assert!(put.headers.contains_key("x-amz-checksum-sha256"));
    assert_eq!(put.body, b"PK");
}

#[tokio::test]
async fn parts_and_package_are_deleted_one_by_one_and_failures_are_told() {
    let fake = Fake::new(vec![
        ("DELETE", status(204, "")),
        ("DELETE", status(204, "")),
        ("DELETE", status(204, "")),
        ("DELETE", status(403, DENIED)),
    ])
    .await;
    let bucket = CopyBucket::new(&fake.aws(), "copies");
    bucket.delete_parts(id(), &[source("crm"), source("shop")]).await.unwrap();
    bucket.delete_package(id()).await.unwrap();
    assert_eq!(bucket.delete_package(id()).await, Err(Failure::misconfigured("copies_denied")));
    let paths: Vec<String> = fake.requests().await.iter().map(|one| one.url.path().to_owned()).collect();
    assert_eq!(paths[0], format!("/copies/parts/{}/crm", id()));
    assert_eq!(paths[1], format!("/copies/parts/{}/shop", id()));
    assert_eq!(paths[2], format!("/copies/packages/{}.zip", id()));
}

#[tokio::test]
async fn a_link_works_in_a_browser_for_as_long_as_was_said() {
    let fake = Fake::new(vec![("HEAD", status(200, ""))]).await;
    let link = CopyBucket::new(&fake.aws(), "copies").link(id(), 900).await.unwrap();
    let link = reqwest::Url::parse(&link).unwrap();
    assert_eq!(link.path(), format!("/copies/packages/{}.zip", id()), "path style on an endpoint of its own");
    let query: HashMap<_, _> = link.query_pairs().into_owned().collect();
    assert_eq!(query["X-Amz-Expires"], "900");
    assert_eq!(query["X-Amz-SignedHeaders"], "host", "a browser sends no other");
    assert!(query.contains_key("X-Amz-Signature"));
    fake.bodies();
}

#[tokio::test]
async fn a_package_that_expired_is_told_and_gets_no_link() {
    for (answer, code) in [(404, "copy_expired"), (403, "copies_denied")] {
        let fake = Fake::new(vec![("HEAD", status(answer, ""))]).await;
        let refused = CopyBucket::new(&fake.aws(), "copies").link(id(), 900).await;
        assert_eq!(refused.unwrap_err(), Failure::misconfigured(code));
    }
}

#[tokio::test]
async fn a_link_for_longer_than_s3_allows_is_not_made() {
    let fake = Fake::new(vec![]).await;
    let refused = CopyBucket::new(&fake.aws(), "copies").link(id(), 8 * 24 * 3600).await;
    assert_eq!(refused.unwrap_err(), Failure::misconfigured("copy_link_too_long"));
    fake.bodies();
}
