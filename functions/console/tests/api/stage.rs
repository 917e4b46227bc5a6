//! The API over a deployment in memory. Every answer of every test is checked against infra/openapi.yaml.

use crate::document::Document;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use rightful_console::ports::{Lists, Operators, Outside, ReceiptKeys, ReceiptReads, SearchTester, SetUps};
use rightful_console::{ApiSettings, Site, SiteSettings};
use rightful_contract::catalogue::{FakeCatalogue, member};
use rightful_contract::clock::TestClock;
use rightful_contract::copies::CopyBucket;
use rightful_contract::driver::Driver;
use rightful_contract::gate::Gate;
use rightful_contract::keys::{KeyTable, TagKey};
use rightful_contract::rows;
use rightful_contract::secrets::{SecretStore, Vault};
use rightful_contract::store::Store;
use rightful_contract::vendor::{FakeVendor, plain};
use rightful_contract::workflow::StateMachine;
use rightful_contract::world::{CANARY, World, source};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::{RequestId, SourceId, TaskRef};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::journal::Entry;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::law::right::Right;
use rightful_domain::model::operator::Operator;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::set_up::{AskedKind, Catalogue, Objection};
use rightful_domain::ports::store::{self, CommitError};
use rightful_domain::ports::vendors::Compares;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::target::Target;
use rightful_domain::view::source::{ConnectorView, ParamView, SecretFieldView};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use zeroize::Zeroizing;

/// Who calls, unless a test says otherwise.
pub const ANN: &str = "arn:aws:sts::111122223333:assumed-role/Privacy/ann";
/// Somebody else.
pub const BOB: &str = "arn:aws:sts::111122223333:assumed-role/Privacy/bob";
/// A secret that is never shown again.
pub const TOKEN: &str = "canary-token-5f3a";

/// An operation's id, and the status and the code of an error that it gave.
pub type Given = BTreeSet<(String, u16, String)>;

pub struct MemoryLists(Rc<World>);

impl Lists for MemoryLists {
    async fn requests(
        &self,
        state: Option<RequestState>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<store::Page<Request>, Failure> {
        let unreadable = Failure::of(Code::CursorUnreadable);
        let after = after.map(|text| RequestId::parse(text).map_err(|_| unreadable)).transpose()?;
        let all = self.0.store.table().all();
        let requests = all.iter().filter(|((pk, sk), _)| pk.starts_with("REQUEST#") && sk == "REQUEST");
        let mut rows: Vec<Request> = requests.map(|(_, item)| rows::read(item).unwrap()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        rows.retain(|row| after.is_none_or(|after| row.id < after));
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|last| last.id.to_string());
        // As in DynamoDB: the filter applies after the page was cut.
        rows.retain(|row| state.is_none_or(|state| row.state == state));
        Ok(store::Page { rows, next })
    }

    async fn these(&self, ids: &[RequestId]) -> Result<Vec<Request>, Failure> {
        let request = |id: &RequestId| self.0.store.table().row(&rows::request_pk(*id), "REQUEST");
        Ok(ids.iter().filter_map(request).map(|item| rows::read(&item).unwrap()).collect())
    }

    async fn of_subject(&self, subject: &Tag) -> Result<Vec<Request>, Failure> {
        let all = self.0.store.table().all();
        let requests = all.iter().filter(|((pk, sk), _)| pk.starts_with("REQUEST#") && sk == "REQUEST");
        let mut rows: Vec<Request> = requests.map(|(_, item)| rows::read(item).unwrap()).collect();
        rows.retain(|request| request.subject.as_ref() == Some(subject));
        rows.sort_by_key(|row| row.received_at);
        Ok(rows)
    }

    async fn journal(&self, before: Option<u64>, limit: u32) -> Result<store::Page<Entry>, Failure> {
        let mut rows = self.0.store.journal();
        rows.retain(|entry| before.is_none_or(|before| entry.seq < before));
        rows.reverse();
        rows.truncate(limit as usize);
        let next = rows.last().filter(|last| last.seq > 1).map(|last| last.seq.to_string());
        Ok(store::Page { rows, next })
    }
}

pub struct MemoryReceipts(Rc<World>);

impl ReceiptReads for MemoryReceipts {
    async fn receipt(&self, request: RequestId, closing: u32) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.0.receipts.file_of(request, closing))
    }
}

/// The function `search`: trying out gives what a test orders, and comparing asks the vendors in memory.
pub struct Tester(RefCell<Result<Option<String>, Failure>>, Rc<World>);

impl SearchTester for Tester {
    async fn test(&self, _: &SourceId) -> Result<Option<String>, Failure> {
        self.0.borrow().clone()
    }
}

impl Compares for Tester {
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure> {
        let looked = Compares::compare(&*self.1, at, from, most).await?;
        // The result travels as JSON.
        Ok(looked.map(|view| serde_json::from_value(serde_json::to_value(view).unwrap()).unwrap()))
    }
}

pub struct FakeSetUps;

impl Catalogue for FakeSetUps {
    fn knows(&self, connector: &str) -> bool {
        FakeCatalogue.knows(connector)
    }
    fn kinds(&self, connector: &str) -> Vec<AskedKind> {
        FakeCatalogue.kinds(connector)
    }
    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection> {
        FakeCatalogue.check_identifier(connector, identifier)
    }
    fn is_number(&self, kind: &IdentifierKind) -> bool {
        FakeCatalogue.is_number(kind)
    }
    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        FakeCatalogue.check_params(connector, params)
    }
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        FakeCatalogue.target(connector, params)
    }
    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        FakeCatalogue.check_secret(connector, fields, target)
    }
    fn secret_name(&self, source: &SourceId) -> String {
        FakeCatalogue.secret_name(source)
    }
}

impl SetUps for FakeSetUps {
    fn connectors(&self) -> Vec<ConnectorView> {
        ["plain", "members"]
            .map(|name| ConnectorView {
                name: name.to_owned(),
                title: name.to_uppercase(),
                docs: "https://vendor.example/docs".to_owned(),
                params: vec![ParamView {
                    name: "account".to_owned(),
                    takes: "text".to_owned(),
                    description: "the account".to_owned(),
                    example: "7".to_owned(),
                    default: None,
                }],
                secret: vec![SecretFieldView {
                    name: "token".to_owned(),
                    description: "the token".to_owned(),
                }],
                identifiers: self.kinds(name),
                rights: vec![Right::Erasure, Right::Access],
                sources: Vec::new(),
            })
            .to_vec()
    }

    fn channels(&self) -> Vec<String> {
        vec!["desk".to_owned()]
    }

    fn check_ticketing(
        &self,
        _: &str,
        params: &BTreeMap<String, String>,
        secret: &BTreeMap<String, Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        let missing = |name: &str| Objection { name: name.to_owned(), what: "give it".to_owned() };
        let mut wrong = Vec::new();
        if !params.contains_key("user") {
            wrong.push(missing("user"));
        }
        match secret.get("token") {
            Some(token) if wrong.is_empty() => Ok(token.clone()),
            Some(_) => Err(wrong),
            None => {
                wrong.push(missing("token"));
                Err(wrong)
            }
        }
    }

    fn ticketing_secret_name(&self, channel: &str) -> String {
        format!("ticketing/{channel}")
    }
}

/// Who signed in, in memory.
#[derive(Default)]
pub struct MemoryOperators(RefCell<BTreeMap<String, Operator>>);

impl Operators for MemoryOperators {
    async fn operator(&self, digest: &str) -> Result<Option<Operator>, Failure> {
        Ok(self.0.borrow().get(digest).cloned())
    }

    async fn operators(&self, actors: &[Actor]) -> Result<Vec<Operator>, Failure> {
        let known = self.0.borrow();
        Ok(actors.iter().filter_map(|actor| known.get(&actor.digest()).cloned()).collect())
    }

    async fn put_operator(&self, operator: &Operator) -> Result<(), CommitError> {
        let digest = operator.actor.digest();
        let known = self.0.borrow().get(&digest).map_or(0, |known| known.revision);
        if known != operator.revision {
            return Err(CommitError::Stale);
        }
        let next = Operator { revision: known + 1, ..operator.clone() };
        self.0.borrow_mut().insert(digest, next);
        Ok(())
    }
}

pub struct MemoryReceiptKeys(Rc<World>);

impl ReceiptKeys for MemoryReceiptKeys {
    async fn receipt_keys(&self) -> Result<Vec<PublicKey>, Failure> {
        Ok(vec![self.0.signer.public()])
    }
}

pub struct Memory {
    receipt_keys: MemoryReceiptKeys,
    operators: MemoryOperators,
    own_secrets: SecretStore,
    world: Rc<World>,
    lists: MemoryLists,
    receipts: MemoryReceipts,
    pub tester: Rc<Tester>,
}

impl Outside for Memory {
    type Store = Store;
    type Lists = MemoryLists;
    type Keys = KeyTable;
    type Tags = TagKey;
    type Workflow = StateMachine;
    type Secrets = Vault;
    type OwnSecrets = SecretStore;
    type Operators = MemoryOperators;
    type Links = CopyBucket;
    type Receipts = MemoryReceipts;
    type ReceiptKeys = MemoryReceiptKeys;
    type Tester = Tester;
    type SetUps = FakeSetUps;
    type Clock = TestClock;

    fn store(&self) -> &Store {
        &self.world.store
    }
    fn lists(&self) -> &MemoryLists {
        &self.lists
    }
    fn keys(&self) -> &KeyTable {
        &self.world.keys
    }
    fn tags(&self) -> &TagKey {
        &self.world.tags
    }
    fn workflow(&self) -> &StateMachine {
        &self.world.workflow
    }
    fn secrets(&self) -> &Vault {
        &self.world.secrets
    }
    fn own_secrets(&self) -> &SecretStore {
        &self.own_secrets
    }
    fn operators(&self) -> &MemoryOperators {
        &self.operators
    }
    fn links(&self) -> &CopyBucket {
        &self.world.copies
    }
    fn receipts(&self) -> &MemoryReceipts {
        &self.receipts
    }
    fn receipt_keys(&self) -> &MemoryReceiptKeys {
        &self.receipt_keys
    }
    fn tester(&self) -> &Tester {
        &self.tester
    }
    fn set_ups(&self) -> &FakeSetUps {
        &FakeSetUps
    }
    fn clock(&self) -> &TestClock {
        &self.world.clock
    }
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub headers: BTreeMap<String, String>,
}

impl Reply {
    /// The error's code; empty where there is none.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
    /// The error's message.
    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

/// The API, the deployment behind it, and what it answered.
pub struct Stage {
    pub world: Rc<World>,
    pub site: Site<Memory>,
    tester: Rc<Tester>,
    given: RefCell<Given>,
    everything: RefCell<String>,
}

impl Stage {
    /// An empty deployment in which a person decides on every erasure.
    pub fn new() -> Self {
        Self::with(Policy::Always, Policy::Auto)
    }

    pub fn with(erasure: Policy, access: Policy) -> Self {
        Self::set_up(erasure, access, true)
    }

    /// A deployment that makes no links for signing in.
    pub fn without_links() -> Self {
        Self::set_up(Policy::Always, Policy::Auto, false)
    }

    fn set_up(erasure: Policy, access: Policy, sign_in_links: bool) -> Self {
        crate::log::listen();
        let world = Rc::new(World::new());
        let tester = Rc::new(Tester(RefCell::new(Ok(None)), Rc::clone(&world)));
        let own_secrets = SecretStore::new(Gate::default());
        own_secrets.set("console/session", &["a long and secret text"]);
        let memory = Memory {
            receipt_keys: MemoryReceiptKeys(Rc::clone(&world)),
            operators: MemoryOperators::default(),
            own_secrets,
            lists: MemoryLists(Rc::clone(&world)),
            receipts: MemoryReceipts(Rc::clone(&world)),
            tester: Rc::clone(&tester),
            world: Rc::clone(&world),
        };
        let settings = ApiSettings {
            operations: world.settings,
            policies: Policies { erasure, access },
            legal_zone: world.legal_zone.clone(),
            secret_prefix: "rightful/test/".to_owned(),
            link_seconds: 900,
            sign_in_links,
            dashboard: "https://dashboard.example/rightful".to_owned(),
        };
        let pages = SiteSettings { stage: "test".to_owned(), host: String::new(), session_seconds: 8 * 3600 };
        let site = Site::new(memory, settings, pages);
        Self { world, site, tester, given: RefCell::default(), everything: RefCell::default() }
    }

    /// A data source that is searched by e-mail and holds records of the canary.
    pub fn connect(&self, name: &str, records: usize) -> FakeVendor {
        let vendor = self.world.connect(name);
        vendor.holds(CANARY, (0..records).map(|n| format!("record-{n:04}")));
        vendor
    }

    /// A data source that is searched by a member's number alone.
    pub fn connect_members(&self, name: &str) -> FakeVendor {
        let vendor = self.world.connect(name);
        self.world.tamper_source(name, |row| row.connector = "members".to_owned());
        vendor.set(|state| {
            state.capabilities = Capabilities { identifiers: vec![member()], ..plain() };
        });
        self.world.vendors.vendor(&source(name))
    }

    /// The result of trying a data source out from now on.
    pub fn tests_as(&self, result: Result<Option<String>, Failure>) {
        *self.tester.0.borrow_mut() = result;
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call("POST", path, Some(&body.to_string())).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&str>) -> Reply {
        self.call_as(Some(ANN), method, path, body).await
    }

    /// Makes a call, and checks the answer against the document.
    pub async fn call_as(&self, by: Option<&str>, method: &str, path: &str, body: Option<&str>) -> Reply {
        let response = self.site.handle(&event(by, method, path, body, false)).await;
        self.reply(method, path, body, response)
    }

    /// Makes a call whose body is marked as base64.
    pub async fn call_encoded(&self, method: &str, path: &str, body: &str) -> Reply {
        let response = self.site.handle(&event(Some(ANN), method, path, Some(body), true)).await;
        self.reply(method, path, None, response)
    }

    /// Hands over a whole event of API Gateway.
    pub async fn hand_over(&self, method: &str, path: &str, event: Value) -> Reply {
        let response = self.site.handle(&serde_json::from_value(event).unwrap()).await;
        self.reply(method, path, None, response)
    }

    fn reply(
        &self,
        method: &str,
        path: &str,
        sent: Option<&str>,
        response: ApiGatewayV2httpResponse,
    ) -> Reply {
        let text = match response.body {
            Some(Body::Text(text)) => text,
            None => String::new(),
            Some(other) => panic!("a body that is no text: {other:?}"),
        };
        let headers = response.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let reply = Reply {
            status: u16::try_from(response.status_code).unwrap(),
            body: if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() },
            text,
            headers: headers.collect(),
        };
        if let Some(operation) = Document::open().check(method, path, sent, &reply)
            && reply.status >= 400
        {
            self.given.borrow_mut().insert((operation, reply.status, reply.code().to_owned()));
        }
        assert_eq!(reply.headers["cache-control"], "no-store");
        let headers: Vec<String> =
            reply.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let line = format!("{method} {path}\n{}\n{}\n", headers.join("\n"), reply.text);
        self.everything.borrow_mut().push_str(&line);
        reply
    }

    /// The errors that were given.
    pub fn given(self) -> Given {
        self.given.into_inner()
    }

    /// Every answer so far, with the path that was called.
    pub fn everything(&self) -> String {
        self.everything.borrow().clone()
    }

    /// Makes a request about the canary, and gives its id.
    pub async fn request(&self, right: &str) -> String {
        let body = json!({"right": right, "identifiers": [{"kind": "email", "value": CANARY}]});
        let reply = self.post("/api/requests", &body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.body["request"]["id"].as_str().unwrap().to_owned()
    }

    /// Runs what was started, until everything waits for somebody or is done.
    pub async fn work(&self) {
        while let Some(execution) = self.world.workflow.take() {
            Driver::new(&self.world).run(&execution).await;
        }
    }

    /// The same, with the reconciliation, until the request is closed.
    pub async fn work_until_closed(&self, id: &str) {
        self.work().await;
        let id = RequestId::parse(id).unwrap();
        for _ in 0..50 {
            if self.world.request(id).receipt_sha256.is_some() {
                return;
            }
            self.world.clock.advance(600);
            self.world.reconcile().await.unwrap();
            self.work().await;
        }
        panic!("the request never closes");
    }

    /// A request, as it is shown.
    pub async fn shown(&self, id: &str) -> Value {
        let reply = self.get(&format!("/api/requests/{id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.body
    }

    /// A review of every data source that waits for one, as each is shown now.
    pub async fn seen(&self, id: &str, verdict: &str) -> Value {
        let shown = self.shown(id).await;
        let waits = shown["tasks"].as_array().unwrap().iter();
        let waits = waits.filter(|task| task["state"] == "awaiting_review");
        let seen = |task: &Value| {
            json!({
                "source": task["source"], "digest": task["found_digest"], "searched_at": task["searched_at"],
                "confirm_marked": task["asked"]["marked"], "confirm_set_aside": task["asked"]["doubtful"],
            })
        };
        let seen: Vec<Value> = waits.map(seen).collect();
        json!({"sources": seen, "verdict": verdict, "reason": "the account was closed in March"})
    }

    /// Sends a review and expects it to be taken.
    pub async fn review(&self, id: &str, verdict: &str) {
        let reply = self.post(&format!("/api/requests/{id}/review"), &self.seen(id, verdict).await).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

/// A call as API Gateway hands it over.
pub fn event(
    by: Option<&str>,
    method: &str,
    path: &str,
    body: Option<&str>,
    encoded: bool,
) -> ApiGatewayV2httpRequest {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parameters = serde_json::Map::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        parameters.insert(name.to_owned(), value.into());
    }
    let authorizer = by.map(|by| json!({"iam": {"userArn": by, "cognitoIdentity": null}}));
    serde_json::from_value(json!({
        "version": "2.0",
        "routeKey": "ANY /api/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json"},
        "queryStringParameters": parameters,
        "requestContext": {
            "authorizer": authorizer,
            "stage": "$default",
            "http": {"method": method, "path": path},
        },
        "body": body,
        "isBase64Encoded": encoded,
    }))
    .unwrap()
}

/// The path of an act on a request.
pub fn of(id: &str, act: &str) -> String {
    format!("/api/requests/{id}/{act}")
}

/// The strings of a list.
pub fn strings(all: &Value) -> Vec<&str> {
    all.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect()
}

/// A request for erasure at a data source with records, searched and waiting for a decision.
pub async fn waiting(records: usize) -> (Stage, String) {
    let stage = Stage::new();
    stage.connect("crm", records);
    let id = stage.request("erasure").await;
    stage.work().await;
    (stage, id)
}

/// The same, decided on and submitted; the vendor works on it.
pub async fn submitted() -> (Stage, String) {
    let stage = Stage::with(Policy::Auto, Policy::Auto);
    stage.connect("crm", 2);
    let id = stage.request("erasure").await;
    let at = TaskRef { request_id: RequestId::parse(&id).unwrap(), source_id: source("crm") };
    stage.world.search(&at).await.unwrap();
    stage.world.submit(&at).await.unwrap();
    (stage, id)
}
