//! The eight operations of S3 that the buckets of receipts and of copies need, in its REST API; and links to an
//! object. Addresses, signatures, retries and checksums are as in AWS's SDK for Rust.

mod address;
mod link;
mod xml;

use crate::call::{Answer, CallFailure, Client, Protocol, Refusal, unreadable};
use crate::client::Aws;
use crate::endpoint::RESERVED;
use aws_smithy_types::base64;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use http::Method;
use http::header::{CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, RANGE};
use http::request::Builder;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use ring::digest::{SHA256, digest};
use std::fmt;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

pub(crate) use xml::Piece;

/// Slashes part a key into folders.
const IN_KEYS: &AsciiSet = &RESERVED.remove(b'/');
/// A body's checksum, in base64.
const CHECKSUM: &str = "x-amz-checksum-sha256";

/// S3 signs a path as it is sent, and the body's digest as a header.
static REST: Protocol = Protocol {
    sign: |options| {
        options.double_uri_encode = false;
        options.normalize_uri_path = false;
        options.content_sha256_header = true;
    },
    judge: |operation, answer| {
        let body = answer.body().bytes().unwrap_or_default();
        // An object may hold anything.
        let failed = !answer.status().is_success() || operation != "GetObject" && xml::is_error(body);
        Ok(failed.then(|| Refusal::of(xml::code(answer.status().as_u16(), body))))
    },
    transient: &["InternalError"],
};

/// A bucket, as this deployment reaches it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Bucket {
    aws: Aws,
    client: Client,
    /// `None` when it has no address.
    url: Option<String>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How a browser takes an object.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    /// Its type.
    pub content_type: &'static str,
    /// The browser's task, such as to save it under a name.
    pub disposition: Option<String>,
}

/// Some bytes of an object.
#[derive(Default)]
pub(crate) struct Slice {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many bytes the object has.
    pub length: u64,
    /// S3's name for the object's content.
    pub tag: Option<String>,
}

impl Slice {
    /// The slice in an answer; `None` when it begins elsewhere, or doesn't say where.
    fn of(mut answer: Answer, from: u64) -> Option<Self> {
        let held = answer.body.len() as u64;
        let length = match answer.headers.get(CONTENT_RANGE) {
            Some(range) => {
                let (range, length) = range.strip_prefix("bytes ")?.split_once('/')?;
                let (first, last) = range.split_once('-')?;
                let fits = held > 0 && first.parse() == Ok(from) && last.parse() == Ok(from + held - 1);
                length.parse().ok().filter(|_| fits)?
            }
            None if from == 0 => held,
            None => return None,
        };
        // The checksum is the whole object's.
        if held == length && !is_intact(&answer) {
            return None;
        }
        let tag = answer.headers.get(ETAG).map(str::to_owned);
        Some(Self { bytes: std::mem::take(&mut *answer.body), length, tag })
    }
}

impl Media {
    fn added_to(&self, request: Builder) -> Builder {
        let request = request.header(CONTENT_TYPE, self.content_type);
        match &self.disposition {
            Some(disposition) => request.header(CONTENT_DISPOSITION, disposition),
            None => request,
        }
    }
}

/// Each operation may be repeated, and fails with a [`CallFailure`].
impl Bucket {
    /// The bucket by its name.
    pub(crate) fn new(aws: &Aws, name: &str) -> Self {
        let url = address::bucket(aws.sdk_config(), name);
        let client = Client::at(aws.sdk_config(), &address::S3, &REST, url.clone(), None);
        Self { aws: aws.clone(), client, url }
    }

    /// Writes an object, also over another one.
    pub(crate) async fn put_object(
        &self,
        key: &str,
        media: &Media,
        body: Vec<u8>,
    ) -> Result<(), CallFailure> {
        self.put(media.added_to(request(Method::PUT, key, "")), body).await
    }

    /// Writes an object if there is none under its key, else fails with status 412.
    pub(crate) async fn put_new_object(
        &self,
        key: &str,
        media: &Media,
        body: Vec<u8>,
    ) -> Result<(), CallFailure> {
        self.put(media.added_to(request(Method::PUT, key, "")).header(IF_NONE_MATCH, "*"), body).await
    }

    async fn put(&self, request: Builder, body: Vec<u8>) -> Result<(), CallFailure> {
        let request = request.header(CHECKSUM, sha256(&body));
        self.client.send("PutObject", request, body).await.map(drop)
    }

    /// The bytes of an object; `None` when there is no such object.
    pub(crate) async fn get_object(&self, key: &str) -> Result<Option<Vec<u8>>, CallFailure> {
        match self.client.send("GetObject", reading(key), Vec::new()).await {
            Ok(answer) if !is_intact(&answer) => Err(unreadable()),
            Ok(mut answer) => Ok(Some(std::mem::take(&mut *answer.body))),
            Err(err) if is(&err, "NoSuchKey") => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// At most `most` bytes of an object, from a place on; `None` when there is no such object. With the tag of an
    /// earlier slice it fails with status 412 if the object is another one by now.
    pub(crate) async fn get_slice(
        &self,
        key: &str,
        from: u64,
        most: usize,
        tag: Option<&str>,
    ) -> Result<Option<Slice>, CallFailure> {
        let last = from + most as u64 - 1;
        let request = reading(key).header(RANGE, format!("bytes={from}-{last}"));
        let request = match tag {
            Some(tag) => request.header(IF_MATCH, tag),
            None => request,
        };
        match self.client.send("GetObject", request, Vec::new()).await {
            Ok(answer) => Slice::of(answer, from).map(Some).ok_or_else(unreadable),
            Err(err) if is(&err, "NoSuchKey") => Ok(None),
            // An empty object has no first byte.
            Err(err) if from == 0 && is(&err, "InvalidRange") => Ok(Some(Slice::default())),
            Err(err) => Err(err),
        }
    }

    /// True when the object exists.
    pub(crate) async fn head_object(&self, key: &str) -> Result<bool, CallFailure> {
        match self.client.send("HeadObject", request(Method::HEAD, key, ""), Vec::new()).await {
            Ok(_) => Ok(true),
            Err(err) if is(&err, "NotFound") => Ok(false),
            Err(err) => Err(err),
        }
    }

    /// Deletes an object; one that is not there counts as deleted.
    pub(crate) async fn delete_object(&self, key: &str) -> Result<(), CallFailure> {
        self.client.send("DeleteObject", request(Method::DELETE, key, ""), Vec::new()).await.map(drop)
    }

    /// Begins an upload in pieces, and returns its id.
    pub(crate) async fn create_multipart_upload(
        &self,
        key: &str,
        media: &Media,
    ) -> Result<String, CallFailure> {
        let request = media.added_to(request(Method::POST, key, "?uploads"));
        let request = request.header("x-amz-checksum-algorithm", "SHA256");
        let answer = self.client.send("CreateMultipartUpload", request, Vec::new()).await?;
        xml::upload_id(&answer.body).ok_or_else(unreadable)
    }

    /// Sends a piece by its number, 1 for the first.
    pub(crate) async fn upload_part(
        &self,
        key: &str,
        upload: &str,
        number: usize,
        body: Vec<u8>,
    ) -> Result<Piece, CallFailure> {
        let sha256 = sha256(&body);
        let query = format!("?partNumber={number}&uploadId={}", utf8_percent_encode(upload, RESERVED));
        let request = request(Method::PUT, key, &query).header(CHECKSUM, &sha256);
        let answer = self.client.send("UploadPart", request, body).await?;
        let e_tag = answer.headers.get(ETAG).map(str::to_owned).ok_or_else(unreadable)?;
        Ok(Piece { number, e_tag, sha256 })
    }

    /// Puts the pieces together. Only now is there an object.
    pub(crate) async fn complete_multipart_upload(
        &self,
        key: &str,
        upload: &str,
        pieces: &[Piece],
    ) -> Result<(), CallFailure> {
        let request = request(Method::POST, key, &of_upload(upload)).header(CONTENT_TYPE, "application/xml");
        let body = xml::completion(pieces).into_bytes();
        let answer = self.client.send("CompleteMultipartUpload", request, body).await?;
        if xml::is_completion(&answer.body) { Ok(()) } else { Err(unreadable()) }
    }

    /// Gives an upload up, and deletes its pieces.
    pub(crate) async fn abort_multipart_upload(&self, key: &str, upload: &str) -> Result<(), CallFailure> {
        let request = request(Method::DELETE, key, &of_upload(upload));
        self.client.send("AbortMultipartUpload", request, Vec::new()).await.map(drop)
    }

    /// A link to an object, there or not, that works for as long as was said and no longer than the credentials
    /// do. `None` when the bucket has no address, or there are no credentials that can sign.
    pub(crate) async fn link(&self, key: &str, lasting: Duration) -> Option<Zeroizing<String>> {
        let region = self.aws.sdk_config().region()?;
        let url = format!("{}{}", self.url.as_ref()?, path(key));
        let credentials = self.aws.credentials().await?;
        link::link(&url, region.as_ref(), credentials, SystemTime::now(), lasting)
    }
}

fn path(key: &str) -> String {
    format!("/{}", utf8_percent_encode(key, IN_KEYS))
}

fn request(method: Method, key: &str, query: &str) -> Builder {
    http::Request::builder().method(method).uri(path(key) + query)
}

fn reading(key: &str) -> Builder {
    request(Method::GET, key, "").header("x-amz-checksum-mode", "ENABLED")
}

fn of_upload(upload: &str) -> String {
    format!("?uploadId={}", utf8_percent_encode(upload, RESERVED))
}

fn sha256(bytes: &[u8]) -> String {
    base64::encode(digest(&SHA256, bytes))
}

/// True when a call failed with this code.
fn is(err: &CallFailure, code: &str) -> bool {
    err.as_service_error().is_some_and(|err| err.code() == Some(code))
}

/// True when an object arrived as it was written. We write every object with this checksum. S3 gives an object of
/// several pieces a checksum of their checksums (`…-3`), which is no base64 and proves nothing here.
fn is_intact(answer: &Answer) -> bool {
    let written = answer.headers.get(CHECKSUM).and_then(|written| base64::decode(written).ok());
    written.is_none_or(|written| written == digest(&SHA256, &answer.body).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, tls_config};
    use aws_credential_types::Credentials;
    use aws_smithy_async::time::StaticTimeSource;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;
    use std::sync::{Arc, Mutex};
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    /// The `Authorization` headers of what was sent.
    #[derive(Clone, Debug, Default)]
    struct Signed(Arc<Mutex<Vec<String>>>);

    impl HttpConnector for Signed {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            self.0.lock().unwrap().push(request.headers().get("authorization").unwrap().to_owned());
            HttpConnectorFuture::ready(Ok(HttpResponse::new(http::StatusCode::OK.into(), SdkBody::empty())))
        }
    }

    fn aws(endpoint_url: Option<String>) -> Aws {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "test");
        let region = "us-east-1".to_owned();
        Aws::new(Settings { region, endpoint_url, credentials }, tls_config().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn calls_are_signed_as_aws_publishes_it() {
        let signed = Signed::default();
        let connector = SharedHttpConnector::new(signed.clone());
        let config = aws(None)
            .sdk_config()
            .to_builder()
            .time_source(StaticTimeSource::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600)))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let url = "https://examplebucket.s3.amazonaws.com".to_owned();
        let client = Client::at(&config, &address::S3, &REST, Some(url), None).without_user_agent();
        // The examples of "Authenticating Requests: Using the Authorization Header".
        let get = || request(Method::GET, "test.txt", "").header("range", "bytes=0-9");
        client.send("GetObject", get(), Vec::new()).await.unwrap();
        let put = request(Method::PUT, "test$file.text", "")
            .header("date", "Fri, 24 May 2013 00:00:00 GMT")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY");
        client.send("PutObject", put, b"Welcome to Amazon S3.".to_vec()).await.unwrap();
        client.send("Get", http::Request::get("/?lifecycle"), Vec::new()).await.unwrap();
        let usual = "host;x-amz-content-sha256;x-amz-date";
        for (header, (headers, signature)) in signed.0.lock().unwrap().iter().zip([
            (
                "host;range;x-amz-content-sha256;x-amz-date",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (usual, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ]) {
            let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={headers}, Signature={signature}"
            );
            assert_eq!(*header, expected);
        }
        assert_eq!(signed.0.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_name_and_a_key_arrive_as_they_are() {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let bucket = Bucket::new(&aws(Some(server.uri())), "a bucket/ü");
        let key = "a folder/ü+b?c#d%20&e=f'(g)*:,~_-.zip";
        bucket.get_object(key).await.unwrap();
        bucket.upload_part(key, "a&b+c/d= ü", 7, Vec::new()).await.unwrap_err();
        let link = bucket.link(key, Duration::from_secs(60)).await.unwrap();
        let path =
            "/a%20bucket%2F%C3%BC/a%20folder/%C3%BC%2Bb%3Fc%23d%2520%26e%3Df%27%28g%29%2A%3A%2C~_-.zip";
        let requests = server.received_requests().await.unwrap();
        assert_eq!((requests[0].url.path(), requests[1].url.path()), (path, path));
        assert_eq!(requests[1].url.query(), Some("partNumber=7&uploadId=a%26b%2Bc%2Fd%3D%20%C3%BC"));
        assert!(link.starts_with(&format!("{}{path}?X-Amz-Algorithm=", server.uri())), "{}", *link);
    }

    #[test]
    fn a_bucket_is_shown_by_its_address() {
        let shown = format!("{:?}", Bucket::new(&aws(None), "bucket"));
        assert_eq!(shown, "Bucket { url: Some(\"https://bucket.s3.us-east-1.amazonaws.com\"), .. }");
    }
}
