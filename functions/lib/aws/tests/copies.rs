//! The bucket of copies against scripted answers of S3.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted};
use rightful_aws::CopyBucket;
use rightful_aws::copies::PIECE_BYTES;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::ports::copies::{CopyLinks, CopyPackages, CopyParts, Download, Upload};
use std::collections::HashMap;
use wiremock::ResponseTemplate;

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn source(name: &str) -> SourceId {
    SourceId::parse(name).unwrap()
}

fn status(status: u16, body: &'static str) -> Scripted {
    Box::new(move |_| ResponseTemplate::new(status).set_body_raw(body, "application/xml"))
}

const NO_SUCH_KEY: &str = "<Error><Code>NoSuchKey</Code></Error>";
const DENIED: &str = "<Error><Code>AccessDenied</Code></Error>";

/// The whole content of an object.
async fn whole(mut object: impl Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(more) = object.read().await.unwrap() {
        bytes.extend(more);
    }
    bytes
}

#[tokio::test]
async fn a_part_reads_back_as_it_was_kept() {
    let fake = Fake::new(vec![("PUT", status(200, "")), ("GET", status(200, "sealed"))]).await;
    let bucket = CopyBucket::new(&fake.aws(), "copies");
    let mut upload = bucket.part_to(id(), &source("crm"));
    upload.write(b"sea").await.unwrap();
    upload.write(b"led").await.unwrap();
    assert!(fake.requests().await.is_empty(), "a small one goes at once");
    upload.finish().await.unwrap();
    assert_eq!(whole(bucket.part(id(), &source("crm")).await.unwrap().unwrap()).await, b"sealed");
    let requests = fake.requests().await;
    for request in &requests {
        assert_eq!(request.url.path(), format!("/copies/parts/{}/crm", id()));
    }
    assert!(requests[0].headers.contains_key("x-amz-checksum-sha256"));
    assert_eq!(requests[0].body, b"sealed");
}

fn slice(bytes: std::ops::Range<usize>, length: usize) -> Scripted {
    Box::new(move |_| {
        ResponseTemplate::new(206)
            .insert_header("content-range", format!("bytes {}-{}/{length}", bytes.start, bytes.end - 1))
            .insert_header("etag", "\"tag\"")
            .set_body_bytes(vec![7; bytes.len()])
    })
}

#[tokio::test]
async fn a_large_part_arrives_in_pieces_of_one_object() {
    let length = 2 * PIECE_BYTES + 3;
    let script = vec![
        ("GET", slice(0..PIECE_BYTES, length)),
        ("GET", slice(PIECE_BYTES..2 * PIECE_BYTES, length)),
        ("GET", slice(2 * PIECE_BYTES..length, length)),
    ];
    let fake = Fake::new(script).await;
    let mut part = CopyBucket::new(&fake.aws(), "copies").part(id(), &source("crm")).await.unwrap().unwrap();
    assert_eq!(fake.requests().await.len(), 1, "only what is read is fetched");
    let mut sizes = Vec::new();
    while let Some(piece) = part.read().await.unwrap() {
        sizes.push(piece.len());
    }
    assert_eq!(sizes, [PIECE_BYTES, PIECE_BYTES, 3]);
    assert_eq!(part.read().await, Ok(None));
    let asked: Vec<_> = fake
        .requests()
        .await
        .iter()
        .map(|one| (one.headers["range"].to_str().unwrap().to_owned(), one.headers.get("if-match").cloned()))
        .collect();
    let tag = Some("\"tag\"".parse().unwrap());
    let expected = [
        (format!("bytes=0-{}", PIECE_BYTES - 1), None),
        (format!("bytes={PIECE_BYTES}-{}", 2 * PIECE_BYTES - 1), tag.clone()),
        (format!("bytes={}-{}", 2 * PIECE_BYTES, 3 * PIECE_BYTES - 1), tag),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_part_that_changes_while_it_is_read_is_read_again_later() {
    let length = PIECE_BYTES + 1;
    for second in [
        status(412, "<Error><Code>PreconditionFailed</Code></Error>"),
        status(404, NO_SUCH_KEY),
        slice(3..PIECE_BYTES, length),
        status(200, "no range"),
    ] {
        let fake = Fake::new(vec![("GET", slice(0..PIECE_BYTES, length)), ("GET", second)]).await;
        let mut part =
            CopyBucket::new(&fake.aws(), "copies").part(id(), &source("crm")).await.unwrap().unwrap();
        assert_eq!(part.read().await.unwrap().map(|piece| piece.len()), Some(PIECE_BYTES));
        assert_eq!(part.read().await, Err(Failure::of(Code::CopiesUnavailable)));
    }
}

#[tokio::test]
async fn an_empty_part_has_no_piece() {
    let fake = Fake::new(vec![("GET", status(416, "<Error><Code>InvalidRange</Code></Error>"))]).await;
    let part = CopyBucket::new(&fake.aws(), "copies").part(id(), &source("crm")).await.unwrap().unwrap();
    assert_eq!(whole(part).await, b"");
}

#[tokio::test]
async fn a_part_that_is_not_there_is_none_and_one_that_may_not_be_read_is_misconfigured() {
    for (answer, expected) in
        [(status(404, NO_SUCH_KEY), Ok(true)), (status(403, DENIED), Err(Failure::of(Code::CopiesDenied)))]
    {
        let fake = Fake::new(vec![("GET", answer)]).await;
        let part = CopyBucket::new(&fake.aws(), "copies").part(id(), &source("crm")).await;
        assert_eq!(part.map(|part| part.is_none()), expected);
    }
}

#[tokio::test]
async fn a_package_is_a_file_to_be_saved_whose_name_tells_nothing_of_the_person() {
    let fake = Fake::new(vec![("PUT", status(200, ""))]).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    upload.write(b"PK").await.unwrap();
    upload.finish().await.unwrap();
    let put = &fake.requests().await[0];
    assert_eq!(put.url.path(), format!("/copies/packages/{}.zip", id()));
    assert_eq!(put.headers["content-type"], "application/zip");
    assert_eq!(put.headers["content-disposition"], format!("attachment; filename=\"copy-{}.zip\"", id()));
    assert!(put.headers.contains_key("x-amz-checksum-sha256"));
    assert_eq!(put.body, b"PK");
}

const BEGUN: &str =
    "<InitiateMultipartUploadResult><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>";
const COMPLETED: &str = "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>";

fn piece() -> Scripted {
    Box::new(|_| ResponseTemplate::new(200).insert_header("etag", "\"tag\""))
}

/// Writes this many bytes in small steps.
async fn written(upload: &mut impl Upload, bytes: usize) -> Result<(), Failure> {
    let text: Vec<u8> = (0u8..=250).cycle().take(bytes).collect();
    for step in text.chunks(700_000) {
        upload.write(step).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_large_package_goes_in_pieces_as_it_is_written_and_is_there_at_the_end() {
    let script = vec![
        ("POST", status(200, BEGUN)),
        ("PUT", piece()),
        ("PUT", piece()),
        ("PUT", piece()),
        ("POST", status(200, COMPLETED)),
    ];
    let fake = Fake::new(script).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    written(&mut upload, 2 * PIECE_BYTES + 100).await.unwrap();
    assert_eq!(fake.requests().await.len(), 3, "two pieces are gone before the end");
    upload.finish().await.unwrap();
    let requests = fake.requests().await;
    assert_eq!(requests[0].headers["content-type"], "application/zip");
    assert_eq!(requests[0].headers["x-amz-checksum-algorithm"], "SHA256");
    assert!(requests[0].headers["content-disposition"].to_str().unwrap().contains(&id().to_string()));
    let sizes: Vec<usize> = requests[1..4].iter().map(|put| put.body.len()).collect();
    assert_eq!(sizes, [PIECE_BYTES, PIECE_BYTES, 100]);
    for (put, number) in requests[1..4].iter().zip(1..) {
        let query: HashMap<_, _> = put.url.query_pairs().into_owned().collect();
        assert_eq!(
            (query["uploadId"].as_str(), query["partNumber"].as_str()),
            ("upload-1", &*number.to_string())
        );
        assert!(put.headers.contains_key("x-amz-checksum-sha256"));
    }
    let completed = String::from_utf8(requests[4].body.clone()).unwrap();
    assert_eq!(completed.matches("<ChecksumSHA256>").count(), 3, "{completed}");
}

#[tokio::test]
async fn an_upload_that_fails_or_is_given_up_leaves_nothing_behind() {
    let begun = || ("POST", status(200, BEGUN));
    // Aborted by its writer.
    let fake = Fake::new(vec![begun(), ("PUT", piece()), ("DELETE", status(204, ""))]).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    written(&mut upload, PIECE_BYTES + 1).await.unwrap();
    upload.abort().await;
    assert!(fake.requests().await[2].url.query().unwrap().contains("uploadId=upload-1"));
    // A piece is refused.
    let fake = Fake::new(vec![begun(), ("PUT", status(403, DENIED)), ("DELETE", status(204, ""))]).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    let refused = written(&mut upload, PIECE_BYTES + 1).await;
    assert_eq!(refused, Err(Failure::of(Code::CopiesDenied)));
    upload.abort().await;
    fake.bodies();
    // Its end is refused: it aborts by itself.
    let script = vec![
        begun(),
        ("PUT", piece()),
        ("PUT", piece()),
        ("POST", status(403, DENIED)),
        ("DELETE", status(204, "")),
    ];
    let fake = Fake::new(script).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    written(&mut upload, PIECE_BYTES + 1).await.unwrap();
    assert_eq!(upload.finish().await, Err(Failure::of(Code::CopiesDenied)));
    fake.bodies();
    // No piece of a small one was sent.
    let fake = Fake::new(vec![]).await;
    let mut upload = CopyBucket::new(&fake.aws(), "copies").package_to(id());
    upload.write(b"PK").await.unwrap();
    upload.abort().await;
    fake.bodies();
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
    assert_eq!(bucket.delete_package(id()).await, Err(Failure::of(Code::CopiesDenied)));
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
    for (answer, code) in [(404, Code::CopyExpired), (403, Code::CopiesDenied)] {
        let fake = Fake::new(vec![("HEAD", status(answer, ""))]).await;
        let refused = CopyBucket::new(&fake.aws(), "copies").link(id(), 900).await;
        assert_eq!(refused.unwrap_err(), Failure::misconfigured(code));
    }
}

#[tokio::test]
async fn a_link_for_longer_than_s3_allows_is_not_made() {
    let fake = Fake::new(vec![]).await;
    let refused = CopyBucket::new(&fake.aws(), "copies").link(id(), 8 * 24 * 3600).await;
    assert_eq!(refused.unwrap_err(), Failure::of(Code::CopyLinkTooLong));
    fake.bodies();
}
