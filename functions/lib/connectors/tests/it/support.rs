//! Shared by the tests: connectors with their recorded walkthroughs, secrets, servers that misbehave.

use rightful_connectors::{Connectors, Definition, Options, ParamKind, Source, Sources, VendorClient};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::source::DataSource;
use rightful_domain::ports::set_up::Secrets;
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::port::{Batch, Vendor};
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::Submitted;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use zeroize::Zeroizing;

/// Versions of one secret in memory: those in the cache, and those that a fresh read finds.
pub struct Kept {
    name: &'static str,
    cached: Result<Vec<String>, Failure>,
    pub fresh: Mutex<Result<Vec<String>, Failure>>,
    pub fresh_reads: AtomicUsize,
}

impl Kept {
    pub fn new(cached: &[&str], fresh: &[&str]) -> Arc<Self> {
        let all = |tokens: &[&str]| tokens.iter().map(|token| secret(token)).collect::<Vec<_>>();
        Self::whole(&all(cached), &all(fresh))
    }

    pub fn raw(text: &str) -> Arc<Self> {
        Self::whole(&[text.to_owned()], &[text.to_owned()])
    }

    /// Versions as they are stored: those in the cache, and those that a fresh read finds.
    pub fn whole(cached: &[String], fresh: &[String]) -> Arc<Self> {
        Self::named("source/vendor-main", Ok(cached.to_vec()), Ok(fresh.to_vec()))
    }

    pub fn named(
        name: &'static str,
        cached: Result<Vec<String>, Failure>,
        fresh: Result<Vec<String>, Failure>,
    ) -> Arc<Self> {
        Arc::new(Self { name, cached, fresh: Mutex::new(fresh), fresh_reads: AtomicUsize::new(0) })
    }
}

pub fn secret(token: &str) -> String {
    serde_json::json!({ "token": token }).to_string()
}

impl Secrets for Kept {
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure> {
        assert_eq!(name, self.name);
        let texts = if fresh {
            self.fresh_reads.fetch_add(1, Ordering::SeqCst);
            self.fresh.lock().unwrap().clone()
        } else {
            self.cached.clone()
        };
        Ok(texts?.into_iter().map(Zeroizing::new).collect())
    }
}

/// A connector and the recorded walkthrough in its folder.
pub struct Case {
    pub definition: Definition,
    pub walkthrough: Value,
    folder: PathBuf,
}

/// Every embedded connector.
pub fn cases() -> Vec<Case> {
    let connectors = Connectors::embedded().unwrap_or_else(|error| panic!("{error}"));
    connectors.iter().map(|definition| case(&definition.name)).collect()
}

pub fn case(name: &str) -> Case {
    let connectors = Connectors::embedded().unwrap();
    let definition = connectors.get(name).unwrap().as_ref().clone();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("definitions").join(name).join("fixtures");
    let text = std::fs::read_to_string(folder.join("walkthrough.json"))
        .unwrap_or_else(|_| panic!("{name}: fixtures/walkthrough.json is missing"));
    Case { definition, walkthrough: serde_json::from_str(&text).unwrap(), folder }
}

impl Case {
    pub fn text(&self, field: &str) -> &str {
        self.walkthrough
            .pointer(field)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("walkthrough.json: {field}"))
    }

    pub fn answer(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file))
            .unwrap_or_else(|_| panic!("fixtures/{file} is missing"))
    }

    pub fn person(&self) -> Identifier {
        Identifier::new(
            IdentifierKind::parse(self.text("/identifier/kind")).unwrap(),
            self.text("/identifier/value"),
        )
        .unwrap()
    }

    pub fn records(&self) -> Vec<RecordId> {
        let ids = self.walkthrough["records"].as_array().unwrap();
        ids.iter().map(|id| RecordId::new(id.as_str().unwrap())).collect()
    }

    pub fn params(&self, base_url: &str) -> BTreeMap<String, String> {
        let given = self.walkthrough["params"].as_object().unwrap();
        given
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .chain([self.place(base_url)])
            .collect()
    }

    /// The parameter for the vendor's address.
    fn place(&self, base_url: &str) -> (String, String) {
        let host = self.definition.params.iter().find(|param| param.kind == ParamKind::Host);
        match host {
            Some(param) => (param.name.clone(), base_url.split("://").last().unwrap().to_owned()),
            None => ("base_url".to_owned(), base_url.to_owned()),
        }
    }

    /// The value of the vendor's header when this token is sent.
    pub fn sent(&self, token: &str) -> String {
        self.text("/auth/value").replace(self.text("/secret/token"), token)
    }

    /// An identifier of each kind that a search uses, and the walkthrough's search for it.
    pub fn identifiers(&self) -> Vec<(Identifier, Value)> {
        let more = self.walkthrough.get("more_identifiers").and_then(Value::as_array);
        let more = more.into_iter().flatten().map(|more| {
            let kind = IdentifierKind::parse(more["kind"].as_str().unwrap()).unwrap();
            (Identifier::new(kind, more["value"].as_str().unwrap()).unwrap(), more["search"].clone())
        });
        std::iter::once((self.person(), self.walkthrough["search"].clone())).chain(more).collect()
    }

    pub async fn open(&self, base_url: &str, secrets: Arc<Kept>) -> Source<Kept> {
        self.open_with(base_url, secrets, client(true)).await.unwrap()
    }

    pub async fn open_with(
        &self,
        base_url: &str,
        secrets: Arc<Kept>,
        client: VendorClient,
    ) -> Result<Source<Kept>, Failure> {
        let (sources, source) = self.sources(base_url, secrets, client);
        let now = sources.target(&source)?;
        sources.open(&source, &now).await
    }

    /// Sources with this connector alone, and a data source of it.
    pub fn sources(
        &self,
        base_url: &str,
        secrets: Arc<Kept>,
        client: VendorClient,
    ) -> (Sources<Kept>, DataSource) {
        let mut connectors = Connectors::default();
        connectors.add(self.definition.clone());
        let source = DataSource {
            schema: 1,
            id: SourceId::parse("vendor-main").unwrap(),
            connector: self.definition.name.clone(),
            params: self.params(base_url),
            enabled: true,
            review: Default::default(),
            control: None,
            revision: 1,
            created_at: Time::parse("2026-11-21T09:30:00Z").unwrap(),
        };
        (Sources::new(connectors, client, secrets), source)
    }

    /// Versions that name the vendor at this address as their target, as `source add` stores them.
    pub fn kept(&self, base_url: &str, cached: &[&str], fresh: &[&str]) -> Arc<Kept> {
        let (sources, source) = self.sources(base_url, Kept::new(&[], &[]), client(true));
        let target = sources.target(&source).unwrap().fingerprint();
        let named = |token: &&str| serde_json::json!({"token": token, "for_target": target}).to_string();
        let all = |tokens: &[&str]| tokens.iter().map(named).collect::<Vec<_>>();
        Kept::whole(&all(cached), &all(fresh))
    }

    pub async fn at(&self, server: &MockServer) -> Source<Kept> {
        self.open(&server.uri(), self.secrets()).await
    }

    pub fn secrets(&self) -> Arc<Kept> {
        Kept::raw(&self.walkthrough["secret"].to_string())
    }

    pub async fn submit(&self, source: &Source<Kept>) -> Submitted {
        self.submit_as(source, false).await
    }

    pub async fn submit_as(&self, source: &Source<Kept>, dry_run: bool) -> Submitted {
        let records = self.records();
        source
            .submit(&Batch {
                justification: self.text("/justification"),
                records: &records,
                dry_run,
                right: Right::Erasure,
            })
            .await
    }
}

pub const STEPS: [&str; 3] = ["search", "submit", "status"];

pub fn json(body: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "application/json")
}

pub async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

/// The result of a step against a server that gives this answer to everything.
pub async fn outcome(case: &Case, step: &str, answer: ResponseTemplate) -> Result<String, String> {
    let server = answering(answer).await;
    let source = case.at(&server).await;
    let result = match step {
        "search" => source
            .search(&[case.person()], &[])
            .await
            .map(|found| format!("{found:?}"))
            .map_err(|e| format!("{e:?}")),
        "status" => {
            let report = source.status(case.text("/rule_id"), &case.records(), &case.records()).await;
            report.map(|report| format!("{report:?}")).map_err(|fault| format!("{fault:?}"))
        }
        _ => match case.submit(&source).await {
            accepted @ Submitted::Accepted { .. } => Ok(format!("{accepted:?}")),
            other => Err(format!("{other:?}")),
        },
    };
    let seen = server.received_requests().await.unwrap().len();
    assert_eq!(seen, 1, "{step} was sent {seen} times");
    result
}

pub fn is_the_walkthroughs(case: &Case, step: &str, request: &Request) {
    is_asked(case, step, &case.walkthrough[step], request);
}

pub fn is_asked(case: &Case, step: &str, expected: &Value, request: &Request) {
    assert_eq!(request.method.as_str(), expected["method"], "{step}");
    assert_eq!(request.url.path(), expected["path"], "{step}");
    let query: serde_json::Map<String, Value> = request
        .url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    assert_eq!(&Value::Object(query), &expected["query"], "{step}");
    let header = request.headers.get(case.text("/auth/header")).map(|value| value.to_str().unwrap());
    assert_eq!(header, Some(case.text("/auth/value")), "{step}");
    assert_eq!(request.headers["accept"], "application/json");
    if let Some(body) = expected.get("body") {
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(&request.body_json::<Value>().unwrap(), body, "{step}");
    } else {
        assert!(request.body.is_empty(), "{step}");
    }
}

pub async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

pub fn client(allow_loopback: bool) -> VendorClient {
    VendorClient::new(&options(allow_loopback)).unwrap()
}

/// The client's options. It trusts no root, because no test has a server that answers over TLS.
pub fn options(allow_loopback: bool) -> Options {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Options { allow_loopback, tls }
}

/// A server that reads one request for each connection and then behaves as it was told.
pub struct Raw {
    pub url: String,
    seen: Arc<AtomicUsize>,
}

impl Raw {
    /// How many requests it received.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    pub fn new(then: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(AtomicUsize::new(0));
        let (counter, then) = (Arc::clone(&seen), Arc::new(then));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (counter, then) = (Arc::clone(&counter), Arc::clone(&then));
                std::thread::spawn(move || {
                    // On loopback the head comes in one piece. `resetting` leaves the rest of it unread.
                    let mut head = [0u8; 64];
                    if stream.read(&mut head).is_ok_and(|read| read > 0) {
                        counter.fetch_add(1, Ordering::SeqCst);
                        then(stream);
                    }
                });
            }
        });
        Self { url, seen }
    }

    /// Answers with these bytes and closes the connection properly.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |mut stream| {
            drain(&stream);
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read(&mut [0u8; 1024]);
        })
    }

    /// Hangs up with a reset: closing a socket that still has unread bytes sends one.
    pub fn resetting() -> Self {
        Self::new(drop)
    }

    /// Answers with these bytes and then stays silent for a minute.
    pub fn hanging(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |mut stream| {
            let _ = stream.write_all(&bytes);
            std::thread::sleep(std::time::Duration::from_secs(60));
        })
    }
}

fn drain(stream: &TcpStream) {
    let _ = stream.set_read_timeout(Some(std::time::Duration::from_millis(100)));
    let mut rest = [0u8; 4096];
    let mut reader = stream;
    while reader.read(&mut rest).is_ok_and(|read| read > 0) {}
}
