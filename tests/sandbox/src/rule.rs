//! Rules: the shape of a submission, and of a rule at each point of its life, as in the walkthrough.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fault::FaultKind;
use crate::profile::stamp;

/// Which of the vendor's two kinds of rules it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleType {
    ForgottenRight,
    ExportData,
}

impl RuleType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ForgottenRight => "GDPR_ForgottenRight",
            Self::ExportData => "GDPR_ExportData",
        }
    }
}

/// A submission that passed the checks.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) rule_type: RuleType,
    pub(crate) client_id: u64,
    pub(crate) profiles: Vec<u64>,
    pub(crate) test: bool,
    pub(crate) justification: String,
    pub(crate) user_id: u64,
}

impl Submission {
    /// Checks a body against the walkthrough's interface; the error is the text of the 400.
    pub(crate) fn check(
        rule_type: RuleType,
        client_id: u64,
        body: Option<&Value>,
    ) -> Result<Self, &'static str> {
        let body = body.ok_or("the body must be JSON")?;
        if body["ruleType"] != rule_type.name() {
            return Err("ruleType is not the one of this route");
        }
        if body["clientId"].as_u64() != Some(client_id) {
            return Err("clientId differs from the query's");
        }
        let profiles = profile_ids(body).ok_or("ruleTypePayload.profiles must be number[]")?;
        if profiles.is_empty() {
            return Err("ruleTypePayload.profiles must not be empty");
        }
        let test = match &body["test"] {
            Value::Null => false,
            Value::Bool(test) => *test,
            _ => return Err("test must be a boolean"),
        };
        let justification = body["justification"].as_str().unwrap_or_default().trim();
        if justification.is_empty() {
            return Err("justification is required");
        }
        let user_id = body["userId"].as_u64().ok_or("userId must be a number")?;
        Ok(Self { rule_type, client_id, profiles, test, justification: justification.to_owned(), user_id })
    }
}

/// The submitted ids, if they are all numbers.
pub(crate) fn profile_ids(body: &Value) -> Option<Vec<u64>> {
    let ids = body["ruleTypePayload"]["profiles"].as_array()?;
    ids.iter().map(Value::as_u64).collect()
}

/// Who approved a rule, and when.
#[derive(Debug, Clone)]
pub(crate) struct Approval {
    pub(crate) by: u64,
    pub(crate) at: Timestamp,
}

/// An entry of a finished rule.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) at: Timestamp,
    /// `crmId` and `crmKey`.
    pub(crate) listed: Vec<(u64, String)>,
}

/// A rule in the vendor's books.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) submission: Submission,
    /// The e-mails of its profiles when it was submitted, for faults about one of them.
    pub(crate) emails: Vec<String>,
    pub(crate) is_auto: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) approval: Option<Approval>,
    /// When it will finish; `None` before approval, and for ever if it never finishes.
    pub(crate) finish_at: Option<Timestamp>,
    pub(crate) finished: Option<Finished>,
    pub(crate) faults: Vec<FaultKind>,
}

impl Rule {
    /// The rule as the API answers it.
    pub(crate) fn show(&self) -> Value {
        let submission = &self.submission;
        let created_at = stamp(self.created_at);
        let mut status = json!({
            "status": "NEW",
            "updatedAt": created_at,
            "isAuto": self.is_auto,
        });
        if let Some(approval) = &self.approval {
            let at = stamp(approval.at);
            status["status"] = json!("APPROVED");
            status["updatedAt"] = json!(at);
            status["acceptedBy"] = json!(approval.by);
            status["acceptedAt"] = json!(at);
        }
        let mut rule = json!({
            "_id": self.id,
            "ruleType": submission.rule_type.name(),
            "clientId": submission.client_id,
            "ruleTypePayload": {
                "profiles": [],
                "clientId": submission.client_id,
                "test": submission.test,
            },
            "justification": submission.justification,
            "userId": submission.user_id,
            "createdAt": created_at,
            "updatedAt": created_at,
            "__v": 0,
        });
        if let Some(finished) = &self.finished {
            let at = stamp(finished.at);
            status["status"] = json!("FINISHED");
            status["updatedAt"] = json!(at);
            status["finishedAt"] = json!(at);
            let listed = finished.listed.iter();
            let profiles: Vec<Value> = listed.map(|(id, key)| json!({"crmId": id, "crmKey": key})).collect();
            rule["ruleTypePayload"] = json!({ "profiles": profiles });
            rule["user"] = json!({
                "firstName": "Joao",
                "lastName": "Pinto",
                "email": "joao@qualifio.com",
                "clientId": submission.client_id,
            });
        }
        rule["ruleStatus"] = status;
        rule
    }
}
