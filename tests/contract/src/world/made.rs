//! Rows of the plainest kind: a test states only the fields that it is about.

use crate::world::names::{request_id, source};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::law::right::Right;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::source::DataSource;
use rightful_domain::model::task::Task;
use std::collections::BTreeMap;

/// Request `n`, which an operator made at this time for an erasure at these data sources. It is open, as it is
/// before it is stored, and holds nothing of its person.
#[must_use]
pub fn a_request(n: u16, sources: &[&str], at: Time) -> Request {
    Request {
        schema: Request::SCHEMA,
        id: request_id(n),
        right: Right::Erasure,
        state: RequestState::Open,
        revision: 0,
        policy: Policy::Auto,
        dry_run: false,
        synthetic: false,
        reference: None,
        origin: "operator".to_owned(),
        sources: sources.iter().map(|name| source(name)).collect(),
        identifier_kinds: Vec::new(),
        not_asked: Vec::new(),
        identifiers: None,
        subject: None,
        received_at: at,
        arrived_at: None,
        legal_zone: LegalZone::default(),
        due_at: LegalZone::default().months_after(at, 1),
        extension: None,
        escalation: None,
        attempt: 1,
        ended: Vec::new(),
        next_due: Some(at),
        outcome: None,
        closed_at: None,
        receipt_sha256: None,
        forget_at: None,
        forgotten_at: None,
        answer: None,
        reopened: 0,
        copy: None,
        repeats: None,
    }
}

/// The task of request `n` at a data source behind the connector `plain`: planned, as it is before it is stored.
#[must_use]
pub fn a_task(n: u16, name: &str, at: Time) -> Task {
    Task::planned(request_id(n), source(name), "plain".to_owned(), at)
}

/// The first rule of that task: an intent for one record, made at this time for half a minute.
#[must_use]
pub fn a_rule(n: u16, name: &str, at: Time) -> Rule {
    Rule {
        schema: Rule::SCHEMA,
        request: request_id(n),
        source: source(name),
        batch: 0,
        attempt: 1,
        repeats: None,
        places: Vec::new(),
        left: Vec::new(),
        gone: 0,
        looks: 0,
        state: RuleState::Intent,
        revision: 0,
        fence: 1,
        records: 1,
        digest: Tag::new("tag-key-1", &[1; 32]),
        intent_at: at,
        intent_until: at.plus_seconds(30),
        rule_id: None,
        status: None,
        reason: None,
        accepted_at: None,
        finished_at: None,
        confirmed: 0,
        strangers: 0,
        refused: None,
        claim: None,
    }
}

/// A data source behind the connector `plain`, without a control, as it is before it is stored.
#[must_use]
pub fn a_source(name: &str, at: Time) -> DataSource {
    DataSource {
        schema: 1,
        id: source(name),
        connector: "plain".to_owned(),
        params: BTreeMap::new(),
        enabled: true,
        review: OwnPolicies::default(),
        control: None,
        revision: 0,
        created_at: at,
    }
}
