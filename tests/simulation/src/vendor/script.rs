//! The vendor behind the port.

use crate::fault::Kind;
use crate::ledger::{Heard, Post};
use crate::sabotage::Mend;
use crate::vendor::books::SimVendor;
use crate::vendor::search::LOST;
use crate::vendor::submission::Answered;
use rightful_contract::vendor::{Script, Timed};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Batch;
use rightful_domain::vendor::record::{Found, RecordCopy, RecordId};
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};

impl Script for SimVendor {
    fn search(&self, by: &[Identifier], _named: &[Identifier]) -> Timed<Result<Found, Fault>> {
        match by {
            [identifier] => self.look("search", identifier),
            _ => Timed { seconds: 0, answer: Err(Fault::Unavailable(Code::VendorRequestUnusable)) },
        }
    }

    fn copy(&self, by: &[Identifier]) -> Timed<Result<Vec<RecordCopy>, Fault>> {
        self.ground.ledger.copies(&self.source);
        let [identifier] = by else {
            return Timed { seconds: 0, answer: Err(Fault::Unavailable(Code::VendorRequestUnusable)) };
        };
        let Timed { seconds, answer } = self.look("copy", identifier);
        let copy = |id: RecordId| RecordCopy { content: serde_json::json!({ "id": id.expose() }), id };
        Timed { seconds, answer: answer.map(|found| found.records.into_iter().map(copy).collect()) }
    }

    fn submit(&self, batch: &Batch<'_>) -> Timed<Submitted> {
        let now = self.ground.clock.real();
        let post: Option<Post> = self.ground.ledger.post(&self.source, &self.name, batch, now);
        let Some(post) = post else {
            return Timed { seconds: 0, answer: Submitted::Unknown(Code::VendorConnectionLost) };
        };
        let Answered { seconds, mut answer, harmless, rule_id } = self.answer(&post.at, batch);
        self.say(
            "POST",
            batch.records.len(),
            match &answer {
                Submitted::Accepted { rule_id, .. } => rule_id,
                Submitted::Doubtful { code, .. } => code.as_str(),
                Submitted::NotSent(fault) | Submitted::Rejected(fault) => fault.code().as_str(),
                Submitted::Unknown(code) => code.as_str(),
            },
        );
        let said = match &answer {
            Submitted::Accepted { .. } => Heard::Taken,
            Submitted::Doubtful { .. } => Heard::Doubtful,
            Submitted::NotSent(_) | Submitted::Rejected(_) => Heard::NotTaken,
            Submitted::Unknown(_) => Heard::None,
        };
        self.ground.ledger.posted(post, now.plus_seconds(seconds), harmless, (said, rule_id));
        if self.ground.is_without(Mend::Doubts) && matches!(answer, Submitted::Doubtful { .. }) {
            answer = Submitted::NotSent(Fault::Unavailable(Code::VendorAnswerUnreadable));
        }
        Timed { seconds, answer }
    }

    fn status(
        &self,
        rule_id: &str,
        own: &[RecordId],
        batch: &[RecordId],
    ) -> Timed<Result<RuleReport, Fault>> {
        self.catch_up();
        let (seconds, in_time) = self.takes();
        let report = |status, confirmed, strangers| {
            let claim = if status == RuleStatus::Finished { Claim::Deleted } else { Claim::NotStated };
            Ok(RuleReport { status, confirmed, strangers, claim })
        };
        let answer = if let Some(fault) = self.refuses() {
            Err(fault)
        } else if !in_time || self.strike(Kind::LostResponse) {
            Err(Fault::Unavailable(LOST))
        } else if self.strike(Kind::StrangeStatus) {
            report(RuleStatus::Unknown, own.len(), 0)
        } else {
            match self.state.borrow().rules.get(rule_id) {
                None => Err(Fault::RuleNotFound),
                Some(rule) if !rule.done && !rule.early => report(RuleStatus::Pending, 0, 0),
                Some(_) if self.strike(Kind::OutOfOrder) => report(RuleStatus::Pending, 0, 0),
                Some(rule) => {
                    let listed = own.iter().filter(|record| rule.records.contains(record)).count();
                    let all = rule.records.iter().chain(&rule.strangers);
                    let strangers = all.filter(|record| !batch.contains(record)).count();
                    self.ground.ledger.told_finished(&self.source, rule_id, strangers);
                    let told = if self.ground.is_without(Mend::Strangers) { 0 } else { strangers };
                    report(RuleStatus::Finished, listed, told)
                }
            }
        };
        self.say(
            "status",
            own.len(),
            match &answer {
                Ok(report) => match report.status {
                    RuleStatus::AwaitingApproval => "awaiting approval",
                    RuleStatus::Pending => "pending",
                    RuleStatus::Finished => "finished",
                    RuleStatus::Unknown => "a word nobody knows",
                },
                Err(fault) => fault.code().as_str(),
            },
        );
        Timed { seconds, answer }
    }
}
