//! The policies that docs/DEPLOY.md gives to operators: what each allows its holder to call, and what not.

use anyhow::{Context as _, Result, ensure};
use rightful_local_tests::{Options, Stack, root};
use serde_json::Value;
use std::collections::BTreeSet;

/// The policies in the section about operators, by the Sid of their first statement, for this API.
fn policies(api: &str) -> Result<Vec<(String, Value)>> {
    let page = std::fs::read_to_string(root().join("docs/DEPLOY.md"))?;
    let section = page.split("\n## ").find(|section| section.contains("What an operator's identity may do"));
    let section = section.context("docs/DEPLOY.md has no section about operators")?;
    let blocks =
        section.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    blocks
        .map(|block| {
            let here = block.replace("eu-central-1:ACCOUNT:API", api);
            let policy: Value = serde_json::from_str(&here).with_context(|| block.to_owned())?;
            let sid = policy["Statement"][0]["Sid"].as_str().context("a statement without a Sid")?;
            Ok((sid.to_owned(), policy))
        })
        .collect()
}

/// Calls that change something or show personal data; reading is separate.
const ON_REQUESTS: [&str; 16] = [
    "POST /api/requests",
    "POST /api/requests/find",
    "POST /api/requests/{id}/cancel",
    "POST /api/requests/{id}/compare",
    "POST /api/requests/{id}/copy",
    "POST /api/requests/{id}/extend",
    "POST /api/requests/{id}/identifiers",
    "POST /api/requests/{id}/identify",
    "POST /api/requests/{id}/reasons",
    "POST /api/requests/{id}/records",
    "POST /api/requests/{id}/reopen",
    "POST /api/requests/{id}/review",
    "POST /api/requests/{id}/run",
    "POST /api/requests/{id}/state",
    "PUT /api/sources/{source}/review",
    "GET /api/requests/{id}/receipt",
];
const ON_SOURCES: [&str; 5] = [
    "DELETE /api/sources/{source}",
    "PATCH /api/sources/{source}",
    "POST /api/sources",
    "POST /api/sources/{source}/test",
    "PUT /api/ticketing/{channel}",
];

#[tokio::test]
async fn each_documented_policy_lets_its_operator_do_their_work_and_nothing_else() -> Result<()> {
    let stack = Stack::up("operators", Options::default())?;
    let api = stack.text("api_url").to_owned();
    let id = api.rsplit('/').next().context("no API")?;
    let policies = policies(&format!("{}:000000000000:{id}", stack.text("region")))?;
    let mut tried = 0;
    for (sid, policy) in &policies {
        let may: &[&str] = match sid.as_str() {
            "WorkOnRequests" => &ON_REQUESTS,
            "SetUpSources" => &ON_SOURCES,
            "ReadEverything" => &[],
            // A trust policy: who may assume a role, not what it may do.
            "TakenUnderOnesOwnName" => continue,
            other => anyhow::bail!("nobody says here what {other} is for"),
        };
        let told = stack.operator(policy)?;
        ensure!(told.len() > 20, "only {} operations were called", told.len());
        let let_in: BTreeSet<&str> =
            told.iter().filter(|(_, let_in)| **let_in).map(|(what, _)| what.as_str()).collect();
        let reads = told.keys().map(String::as_str).filter(|what| what.starts_with("GET "));
        let wanted: BTreeSet<&str> = reads.chain(may.iter().copied()).collect();
        assert_eq!(let_in, wanted, "{sid}");
        tried += 1;
    }
    assert_eq!(tried, 3);
    // A policy without permissions admits nobody: every call is really guarded.
    let nothing = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Nothing", "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:r:0:x"}]});
    assert!(stack.operator(&nothing)?.values().all(|let_in| !let_in));
    Ok(())
}
