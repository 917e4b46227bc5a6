//! The client of S3 against scripted answers, and against a server that loses them.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use aws_credential_types::Credentials;
use fake::{Fake, Scripted};
use rightful_aws::copies::PIECE_BYTES;
use rightful_aws::{Aws, CopyBucket, ReceiptBucket, Settings, tls_config};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::documents::receipt::Receipt;
use rightful_domain::ports::copies::{CopyLinks, CopyPackages, CopyParts, Download, Kept, Receipts, Upload};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use wiremock::ResponseTemplate;

fn id() -> RequestId {
    RequestId::parse("019aa6e0-5c1f-7000-8000-00000000000b").unwrap()
}

fn source() -> SourceId {
    SourceId::parse("crm").unwrap()
}

fn answer(status: u16, body: &'static str) -> Scripted {
    Box::new(move |_| ResponseTemplate::new(status).set_body_raw(body, "application/xml"))
}

fn failed(status: u16, code: &str) -> Scripted {
    let body = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>");
    Box::new(move |_| ResponseTemplate::new(status).set_body_raw(body.clone(), "application/xml"))
}

const UNAVAILABLE: Failure = Failure::of(Code::CopiesUnavailable);
const BEGUN: &str =
    "<InitiateMultipartUploadResult><UploadId>a&amp;b+c/d=</UploadId></InitiateMultipartUploadResult>";
const COMPLETED: &str = "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>";

/// Keeps one small part.
async fn keep(bucket: &CopyBucket) -> Result<(), Failure> {
    let mut upload = bucket.part_to(id(), &source());
    upload.write(b"sealed").await?;
    upload.finish().await
}

/// Keeps a part of two pieces.
async fn keep_pieces(bucket: &CopyBucket) -> Result<(), Failure> {
    let mut upload = bucket.part_to(id(), &source());
    let written = upload.write(&vec![7; PIECE_BYTES + 1]).await;
    if written.is_err() {
        upload.abort().await;
        return written;
    }
    upload.finish().await
}

/// The part that is kept; `None` when there is none.
async fn kept(bucket: &CopyBucket) -> Result<Option<Vec<u8>>, Failure> {
    let Some(mut part) = bucket.part(id(), &source()).await? else { return Ok(None) };
    let mut bytes = Vec::new();
    while let Some(more) = part.read().await? {
        bytes.extend(more);
    }
    Ok(Some(bytes))
}

fn receipt() -> Receipt {
    Receipt { file: b"{}\n".to_vec(), sha256: String::new() }
}

#[tokio::test]
async fn a_call_is_repeated_while_s3_is_busy_or_fails() {
    for busy in [
        failed(503, "SlowDown"),
        failed(500, "InternalError"),
        failed(400, "RequestTimeout"),
        // Not by S3, but by a server between it and us.
        answer(502, "<html>"),
        answer(503, ""),
    ] {
        let fake = Fake::new(vec![("PUT", busy), ("PUT", answer(200, ""))]).await;
        assert_eq!(keep(&CopyBucket::new(&fake.aws(), "copies")).await, Ok(()));
        fake.bodies();
        let requests = fake.requests().await;
        assert_eq!((&requests[0].body[..], &requests[1].body[..]), (&b"sealed"[..], &b"sealed"[..]));
    }
    let busy = || ("PUT", failed(503, "SlowDown"));
    let fake = Fake::new(vec![busy(), busy(), busy()]).await;
    assert_eq!(keep(&CopyBucket::new(&fake.aws(), "copies")).await, Err(UNAVAILABLE));
    fake.bodies();
}

#[tokio::test]
async fn a_refusal_is_final() {
    for (refusal, expected) in [
        (failed(403, "AccessDenied"), Code::CopiesDenied),
        (failed(400, "ExpiredToken"), Code::CopiesDenied),
        (failed(404, "NoSuchBucket"), Code::CopiesMissing),
        (failed(301, "PermanentRedirect"), Code::CopiesRejected),
        (failed(412, "PreconditionFailed"), Code::CopiesRejected),
        // The status decides where the body tells nothing.
        (answer(403, ""), Code::CopiesDenied),
        (answer(403, "<html>"), Code::CopiesDenied),
        (answer(404, ""), Code::CopiesMissing),
        (answer(400, "{}"), Code::CopiesRejected),
    ] {
        let fake = Fake::new(vec![("PUT", refusal)]).await;
        assert_eq!(keep(&CopyBucket::new(&fake.aws(), "copies")).await, Err(Failure::of(expected)));
        fake.bodies();
    }
    let fake = Fake::new(vec![("GET", answer(404, ""))]).await;
    let part = kept(&CopyBucket::new(&fake.aws(), "copies")).await;
    assert_eq!(part, Err(Failure::of(Code::CopiesMissing)), "S3 names a key that is not there");
    fake.bodies();
}

#[tokio::test]
async fn an_upload_whose_end_fails_under_status_200_has_failed() {
    let piece = || -> (&'static str, Scripted) {
        ("PUT", Box::new(|_| ResponseTemplate::new(200).insert_header("etag", "\"tag\"")))
    };
    let aborted = || ("DELETE", answer(204, ""));
    for (ends, expected) in [
        (vec![failed(200, "InternalError"), answer(200, COMPLETED)], Ok(())),
        (vec![failed(200, "SlowDown"), failed(200, "InternalError"), answer(200, COMPLETED)], Ok(())),
        (
            vec![failed(200, "InternalError"), failed(200, "InternalError"), failed(200, "InternalError")],
            Err(UNAVAILABLE),
        ),
        (vec![failed(200, "InvalidPart")], Err(Failure::of(Code::CopiesRejected))),
        (vec![failed(200, "AccessDenied")], Err(Failure::of(Code::CopiesDenied))),
        // Nobody can tell whether it is complete.
        (vec![answer(200, "<html>")], Err(UNAVAILABLE)),
        (vec![answer(200, "")], Err(UNAVAILABLE)),
    ] {
        let mut script = vec![("POST", answer(200, BEGUN)), piece(), piece()];
        script.extend(ends.into_iter().map(|end| ("POST", end)));
        script.extend(expected.is_err().then(aborted));
        let fake = Fake::new(script).await;
        assert_eq!(keep_pieces(&CopyBucket::new(&fake.aws(), "copies")).await, expected);
        fake.bodies();
        let requests = fake.requests().await;
        assert_eq!(requests[0].url.query(), Some("uploads"));
        assert_eq!(requests[1].url.query(), Some("partNumber=1&uploadId=a%26b%2Bc%2Fd%3D"));
        assert!(requests[3..].iter().all(|one| one.url.query() == Some("uploadId=a%26b%2Bc%2Fd%3D")));
    }
}

#[tokio::test]
async fn an_upload_that_has_no_readable_beginning_has_failed() {
    for begun in ["", "<html>", "<InitiateMultipartUploadResult/>", "\u{1}"] {
        let fake = Fake::new(vec![("POST", answer(200, begun))]).await;
        assert_eq!(keep_pieces(&CopyBucket::new(&fake.aws(), "copies")).await, Err(UNAVAILABLE));
        fake.bodies();
    }
    let nameless = answer(200, "");
    let fake =
        Fake::new(vec![("POST", answer(200, BEGUN)), ("PUT", nameless), ("DELETE", answer(204, ""))]).await;
    assert_eq!(keep_pieces(&CopyBucket::new(&fake.aws(), "copies")).await, Err(UNAVAILABLE));
    fake.bodies();
}

#[tokio::test]
async fn an_object_must_have_the_checksum_that_it_was_written_with() {
    let sealed = "TzSrPLoQnSbfGk7EmQtbOlPjAldMY1tu3/F0zxx0jqU=";
    for (checksum, expected) in [
        (Some(fake::base64(&sha256(b"sealed"))), Ok(Some(b"sealed".to_vec()))),
        (Some(sealed.to_owned()), Err(UNAVAILABLE)),
        // Of the pieces' checksums, and none.
        (Some(format!("{sealed}-3")), Ok(Some(b"sealed".to_vec()))),
        (None, Ok(Some(b"sealed".to_vec()))),
    ] {
        let object: Scripted = Box::new(move |_| {
            let answer = ResponseTemplate::new(200).set_body_string("sealed");
            match &checksum {
                Some(checksum) => answer.insert_header("x-amz-checksum-sha256", checksum.as_str()),
                None => answer,
            }
        });
        let fake = Fake::new(vec![("GET", object)]).await;
        assert_eq!(kept(&CopyBucket::new(&fake.aws(), "copies")).await, expected);
        fake.bodies();
        assert_eq!(fake.requests().await[0].headers["x-amz-checksum-mode"], "ENABLED");
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

#[tokio::test]
async fn an_object_may_hold_anything_and_nothing() {
    for content in ["<Error><Code>SlowDown</Code></Error>", ""] {
        let fake = Fake::new(vec![("GET", answer(200, content))]).await;
        let part = kept(&CopyBucket::new(&fake.aws(), "copies")).await;
        assert_eq!(part, Ok(Some(content.as_bytes().to_vec())));
        fake.bodies();
    }
}

#[tokio::test]
async fn what_is_sent_is_signed_with_its_own_digest_and_the_session_token() {
    let fake = Fake::new(vec![("PUT", answer(200, "")), ("GET", answer(404, ""))]).await;
    let mut aws = settings(&fake.uri());
    aws.credentials = Credentials::new("id", "secret", Some("canary-token".to_owned()), None, "test");
    let bucket = CopyBucket::new(&Aws::new(aws, tls_config().unwrap()).unwrap(), "a bucket");
    keep(&bucket).await.unwrap();
    kept(&bucket).await.unwrap_err();
    for (request, body) in fake.requests().await.iter().zip([&b"sealed"[..], b""]) {
        assert_eq!(request.url.path(), format!("/a%20bucket/parts/{}/crm", id()));
        let digest: String = sha256(body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(request.headers["x-amz-content-sha256"], digest.as_str());
        assert_eq!(request.headers["x-amz-security-token"], "canary-token");
        let signed = request.headers["authorization"].to_str().unwrap();
        assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=id/"), "{signed}");
        assert!(signed.contains("/eu-west-1/s3/aws4_request"), "{signed}");
        assert!(signed.contains(";x-amz-content-sha256;x-amz-date;x-amz-security-token"), "{signed}");
    }
}

fn settings(url: &str) -> Settings {
    Settings {
        region: "eu-west-1".to_owned(),
        endpoint_url: Some(url.to_owned()),
        credentials: Credentials::new("id", "secret", None, None, "test"),
    }
}

#[tokio::test]
async fn a_bucket_without_an_address_is_misconfigured() {
    let mut settings = settings("http://127.0.0.1:1");
    (settings.region, settings.endpoint_url) = (String::new(), None);
    let bucket = CopyBucket::new(&Aws::new(settings, tls_config().unwrap()).unwrap(), "copies");
    assert_eq!(keep(&bucket).await, Err(Failure::of(Code::CopiesRejected)));
    assert_eq!(bucket.link(id(), 900).await.unwrap_err(), Failure::of(Code::CopiesRejected));
}

/// A server that takes each request whole, answers these bytes, and closes the connection.
struct Closing {
    aws: Aws,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Closing {
    fn new(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let aws = settings(&format!("http://{}", listener.local_addr().unwrap()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (stream, answer) in listener.incoming().zip(answers) {
                let mut stream = stream.unwrap();
                record.lock().unwrap().push(request(&mut stream));
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { aws: Aws::new(aws, tls_config().unwrap()).unwrap(), seen }
    }

    /// The methods of the requests so far.
    fn methods(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|request| request.split(' ').next().unwrap().to_owned()).collect()
    }
}

/// Reads a request with its body.
fn request(stream: &mut TcpStream) -> String {
    let (mut bytes, mut one) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut one).unwrap();
        bytes.push(one[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

const LOST: &str = "";
const EXISTS: &str = "HTTP/1.1 412 \r\ncontent-length: 0\r\n\r\n";
const ABSENT: &str = "HTTP/1.1 404 \r\ncontent-length: 37\r\n\r\n<Error><Code>NoSuchKey</Code></Error>";
const THIS: &str = "HTTP/1.1 200 \r\ncontent-length: 3\r\n\r\n{}\n";
const ANOTHER: &str = "HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\n[]";
const TORN: &str = "HTTP/1.1 200 \r\ncontent-length: 100\r\n\r\n{}";

#[tokio::test]
async fn a_receipt_whose_answer_was_lost_is_read_back() {
    let another = Kept::Another(b"[]".to_vec());
    for (answers, expected) in [
        // The first attempt wrote it.
        (vec![LOST, EXISTS, THIS], Ok(Kept::This)),
        (vec![LOST, EXISTS, ANOTHER], Ok(another.clone())),
        (vec![LOST, LOST, LOST, THIS], Ok(Kept::This)),
        (vec![LOST, LOST, LOST, ANOTHER], Ok(another)),
        (vec![LOST, LOST, LOST, ABSENT], Err(Failure::of(Code::ReceiptsUnavailable))),
    ] {
        let calls = answers.len();
        let server = Closing::new(answers);
        let bucket = ReceiptBucket::new(&server.aws, "receipts");
        assert_eq!(bucket.keep(id(), 0, &receipt()).await, expected);
        let methods = server.methods();
        assert_eq!((methods.len(), methods[calls - 1].as_str()), (calls, "GET"));
        for put in &server.seen.lock().unwrap()[..calls - 1] {
            assert!(put.starts_with("PUT ") && put.contains("\r\nif-none-match: *\r\n"), "{put}");
        }
    }
}

#[tokio::test]
async fn an_object_that_is_torn_on_the_way_is_asked_for_again() {
    let server = Closing::new(vec![TORN, THIS]);
    assert_eq!(kept(&CopyBucket::new(&server.aws, "copies")).await, Ok(Some(b"{}\n".to_vec())));
    let server = Closing::new(vec![TORN, TORN, TORN]);
    assert_eq!(kept(&CopyBucket::new(&server.aws, "copies")).await, Err(UNAVAILABLE));
    assert_eq!(server.methods().len(), 3);
}
