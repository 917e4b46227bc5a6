//! Requests and tasks for tests.

use rightful_contract::world::{a_request, a_rule, a_task, request_id};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Assurance, Counts, Decision, Outcome, Task, TaskState};
use rightful_domain::ports::set_up::{AskedKind, Catalogue, Objection};
use rightful_domain::vendor::report::{Claim, RuleStatus};
use rightful_domain::vendor::target::Target;
use rightful_domain::view::page::At;
use rightful_domain::view::request::RequestDetail;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

pub fn at(clock: &str) -> Time {
    Time::parse(&format!("2026-11-21T{clock}Z")).unwrap()
}

/// The connectors of these tests, which search every data source by e-mail and phone.
struct Asked;

impl Catalogue for Asked {
    fn knows(&self, _: &str) -> bool {
        true
    }
    fn kinds(&self, _: &str) -> Vec<AskedKind> {
        let asked = |kind: &str, example: &str| AskedKind {
            kind: IdentifierKind::parse(kind).unwrap(),
            description: format!("the person's {kind}"),
            example: example.to_owned(),
        };
        vec![asked("email", "name@example.com"), asked("phone", "+32470000000")]
    }
    fn check_identifier(&self, _: &str, _: &Identifier) -> Result<(), Objection> {
        Ok(())
    }
    fn check_params(&self, _: &str, _: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        Ok(())
    }
    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        Ok(Target { connector: connector.to_owned(), version: 1, params: params.clone() })
    }
    fn check_secret(
        &self,
        _: &str,
        _: &BTreeMap<String, Zeroizing<String>>,
        _: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        Ok(Zeroizing::default())
    }
    fn secret_name(&self, source: &SourceId) -> String {
        format!("source/{source}")
    }
}

/// A request as the API shows it, its tasks without rules.
pub fn detail(request: &Request, tasks: &[Task], clock: &str) -> RequestDetail {
    let tasks: Vec<(Task, Vec<Rule>)> = tasks.iter().map(|task| (task.clone(), Vec::new())).collect();
    detail_with(request, &tasks, at(clock))
}

/// A request as the API shows it.
pub fn detail_with(request: &Request, tasks: &[(Task, Vec<Rule>)], now: Time) -> RequestDetail {
    RequestDetail::of(request, tasks, At { now, grace_seconds: 120 }, &Asked)
}

pub fn id() -> RequestId {
    request_id(1)
}

fn tag(byte: u8) -> Tag {
    Tag::new("arn:aws:kms:eu-central-1:000000000000:key/tag", &[byte; 32])
}

pub fn open() -> (Request, Vec<Task>) {
    let request = Request {
        revision: 1,
        reference: Some(Reference::parse("T-1").unwrap()),
        identifier_kinds: vec![IdentifierKind::email()],
        subject: Some(tag(1)),
        next_due: Some(at("09:32:00")),
        ..a_request(1, &["main"], at("09:30:00"))
    };
    (request, vec![planned("main")])
}

pub fn planned(source: &str) -> Task {
    Task { connector: "qualifio".to_owned(), ..a_task(1, source, at("09:32:00")) }
}

fn submitted(source: &str) -> Task {
    Task {
        state: TaskState::Submitted,
        counts: Counts { found: 2, submitted: 2, confirmed: 0 },
        chunks: 1,
        batch_size: 100,
        fence: 1,
        decision: Some(Decision { by: "policy:auto".to_owned(), at: at("09:30:02"), records: tag(2) }),
        searched_at: Some(at("09:30:02")),
        submitted_at: Some(at("09:30:03")),
        ..planned(source)
    }
}

pub fn rule() -> Rule {
    Rule {
        state: RuleState::Finished,
        revision: 3,
        records: 2,
        digest: tag(3),
        rule_id: Some("6570f0a1".to_owned()),
        status: Some(RuleStatus::Finished),
        accepted_at: Some(at("09:30:03")),
        finished_at: Some(at("09:30:06")),
        confirmed: 2,
        claim: Some(Claim::Anonymised),
        ..a_rule(1, "main", at("09:30:02"))
    }
}

pub fn fulfilled() -> (Request, Vec<Task>) {
    let mut task = submitted("main");
    task.counts.confirmed = 2;
    task.claim = Some(Claim::Anonymised);
    task.finished_at = Some(at("09:30:06"));
    task.verified_at = Some(at("09:30:11"));
    task.assurance = Some(Assurance::Control);
    task.state = TaskState::Settled;
    task.outcome = Some(Outcome::VerifiedErased);
    task.settled_at = Some(at("09:30:11"));
    task.next_due = None;
    let request = Request {
        state: RequestState::Closed,
        outcome: Some(RequestOutcome::Fulfilled),
        closed_at: Some(at("09:30:12")),
        receipt_sha256: Some("ab".repeat(32)),
        forget_at: Some(at("09:30:12")),
        forgotten_at: Some(at("09:30:12")),
        subject: None,
        next_due: None,
        ..open().0
    };
    (request, vec![task])
}

/// The synthetic request of the day, closed as a dry run.
pub fn synthetic() -> (Request, Vec<Task>) {
    let (request, mut tasks) = fulfilled();
    tasks[0].outcome = Some(Outcome::DryRun);
    tasks[0].claim = None;
    tasks[0].verified_at = None;
    let request = Request {
        dry_run: true,
        synthetic: true,
        reference: Some(Reference::parse("SYNTHETIC-2026-11-21").unwrap()),
        origin: "synthetic".to_owned(),
        outcome: Some(RequestOutcome::DryRun),
        ..request
    };
    (request, tasks)
}

/// Two records were found, and a person decides on them.
pub fn awaiting_review() -> (Request, Vec<Task>) {
    let task = Task {
        state: TaskState::AwaitingReview,
        counts: Counts { found: 2, ..Counts::default() },
        chunks: 1,
        policy: Policy::Always,
        found_digest: Some(tag(2)),
        searched_at: Some(at("09:30:02")),
        ..planned("main")
    };
    (Request { policy: Policy::Always, ..open().0 }, vec![task])
}

/// Nothing was found, and a person has to confirm it.
pub fn nothing_found() -> (Request, Vec<Task>) {
    let (request, mut tasks) = missing_identifier();
    tasks[0].reason = Some("nothing_found_to_confirm".to_owned());
    (request, tasks)
}

/// The data source needs an identifier that nobody gave.
pub fn missing_identifier() -> (Request, Vec<Task>) {
    let task = Task {
        state: TaskState::AwaitingReview,
        policy: Policy::Always,
        reason: Some("identifier_missing".to_owned()),
        searched_at: Some(at("09:30:02")),
        ..planned("main")
    };
    (Request { policy: Policy::Always, ..open().0 }, vec![task])
}

/// The vendor has the submission and waits for its own approval.
pub fn awaiting_approval() -> (Request, Vec<(Task, Vec<Rule>)>) {
    let rule = Rule {
        state: RuleState::Accepted,
        status: Some(RuleStatus::AwaitingApproval),
        finished_at: None,
        confirmed: 0,
        claim: None,
        ..rule()
    };
    (open().0, vec![(submitted("main"), vec![rule])])
}

pub fn unknown() -> (Request, Vec<Task>) {
    let mut task = submitted("main");
    task.state = TaskState::Unknown;
    task.counts.submitted = 0;
    task.submitted_at = None;
    task.reason = Some("answer_never_came".to_owned());
    task.handed_over_at = Some(at("09:30:33"));
    (open().0, vec![task])
}

/// A target.
pub fn target() -> Target {
    let params = [("base_url", "https://api.qualif.io"), ("client_id", "2449")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Target { connector: "qualifio".to_owned(), version: 1, params: params.into() }
}
