//! A sandbox for each test, and the vendor's calls in one line each.
#![allow(dead_code, missing_docs, clippy::unwrap_used)] // each test binary uses its part

use std::time::Duration;

use anyhow::Result;
use rightful_sandbox::http::{Response, encode, send};
use rightful_sandbox::{Control, DEFAULT_TOKEN, Fault, FaultKind, On, Options, Sandbox};
use serde_json::{Value, json};

pub const JOAO: &str = "joao@qualifio.com";

pub struct Stage {
    pub sandbox: Sandbox,
    pub control: Control,
}

impl Stage {
    /// Rules finish at once.
    pub fn fast() -> Self {
        Self::finishing_after(0)
    }

    pub fn finishing_after(finish_after_ms: u64) -> Self {
        let options = Options { finish_after_ms, ..Options::default() };
        let sandbox = Sandbox::start(options).unwrap();
        let control = sandbox.control();
        Self { sandbox, control }
    }

    /// Rules finish at once, and one fault is ordered.
    pub async fn with(on: On, kind: FaultKind) -> Self {
        let stage = Self::fast();
        stage.order(Fault::new(on, kind)).await;
        stage
    }

    pub async fn order(&self, fault: Fault) {
        self.control.fault(&fault).await.unwrap();
    }

    pub async fn vendor(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response> {
        let token = [("x-api-token", DEFAULT_TOKEN)];
        let call = send(&self.sandbox.url, method, path, &token, body);
        tokio::time::timeout(Duration::from_secs(20), call).await?
    }

    pub async fn try_search(&self, email: &str) -> Result<Response> {
        let path = format!("/v1/gdpr/profiles?clientId=2449&email={}", encode(email));
        self.vendor("GET", &path, None).await
    }

    pub async fn try_submit(&self, ids: &[u64]) -> Result<Response> {
        let path = "/v1/gdpr/rules/forgottenRight?clientId=2449&direct=true";
        self.vendor("POST", path, Some(&body(ids))).await
    }

    pub async fn try_status(&self, id: &str) -> Result<Response> {
        let path = format!("/v1/gdpr/rules/{id}?clientId=2449");
        self.vendor("GET", &path, None).await
    }

    /// The ids a search lists.
    pub async fn search(&self, email: &str) -> Vec<u64> {
        let found = good(self.try_search(email).await);
        let found = found.as_array().unwrap().iter();
        found.map(|one| one["id"].as_u64().unwrap()).collect()
    }

    /// Submits with `direct=true`; returns the rule.
    pub async fn submit(&self, ids: &[u64]) -> Value {
        good(self.try_submit(ids).await)
    }

    pub async fn status(&self, rule: &Value) -> Value {
        good(self.try_status(rule["_id"].as_str().unwrap()).await)
    }

    /// The remaining ids with this e-mail.
    pub async fn left(&self, email: &str) -> Vec<u64> {
        let left = self.control.profiles(email).await.unwrap();
        left.iter().map(|profile| profile.id).collect()
    }
}

pub fn good(answer: Result<Response>) -> Value {
    let answer = answer.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().unwrap()
}

pub fn body(ids: &[u64]) -> Value {
    json!({
        "ruleType": "GDPR_ForgottenRight",
        "clientId": 2449,
        "ruleTypePayload": { "profiles": ids },
        "justification": "example justification text",
        "userId": 1201,
    })
}

pub fn state_of(rule: &Value) -> &str {
    rule["ruleStatus"]["status"].as_str().unwrap()
}

pub fn listed(rule: &Value) -> Vec<u64> {
    let listed = rule["ruleTypePayload"]["profiles"].as_array().unwrap();
    listed.iter().map(|one| one["crmId"].as_u64().unwrap()).collect()
}
