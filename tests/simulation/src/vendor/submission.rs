//! The fate of a submission: a rule, now or later, or nothing.

use crate::fault::Kind;
use crate::vendor::books::{SimRule, SimVendor};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::law::right::Right;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Batch;
use rightful_domain::vendor::record::RecordId;
use rightful_domain::vendor::report::{RuleStatus, Submitted};

/// How long a submission may wait at the vendor before it is processed, in seconds.
const LATE_SECONDS: u64 = 3600;

impl SimVendor {
    pub(super) fn rule(&self, at: &TaskRef, batch: &Batch<'_>) -> SimRule {
        let partly = self.strike(Kind::PartlyErased);
        let kept =
            batch.records.iter().filter(|_| partly && self.ground.dice.permille(500)).cloned().collect();
        let erases = match batch.right {
            Right::Erasure => !batch.dry_run || self.strike(Kind::DryRunErases),
            Right::Access => false,
        };
        SimRule {
            at: at.clone(),
            records: batch.records.to_vec(),
            strangers: self.strangers(batch),
            erases,
            work: self.ground.dice.within(0..=self.habits.work_seconds),
            done_at: self.ground.clock.real(),
            done: false,
            early: self.strike(Kind::EarlyFinish),
            kept,
        }
    }

    /// Another person's record that the rule will list: an existing or an unknown one.
    pub(super) fn strangers(&self, batch: &Batch<'_>) -> Vec<RecordId> {
        if batch.right == Right::Access || !self.strike(Kind::Strangers) {
            return Vec::new();
        }
        let state = self.state.borrow();
        let others: Vec<&RecordId> =
            state.held.values().flatten().filter(|record| !batch.records.contains(record)).collect();
        let one = others.get(self.ground.dice.index(others.len())).map(|record| (*record).clone());
        let real = one.filter(|_| self.ground.dice.permille(500));
        vec![real.unwrap_or_else(|| RecordId::new("nobody-1"))]
    }

    pub(super) fn answer(&self, at: &TaskRef, batch: &Batch<'_>) -> Answered {
        let (now, dice) = (self.catch_up(), &self.ground.dice);
        let quick = dice.below(3);
        match self.refuses() {
            Some(fault @ (Fault::Unauthorized | Fault::Refused(_))) => {
                return Answered::harmless(quick, Submitted::Rejected(fault));
            }
            Some(fault) => return Answered::harmless(quick, Submitted::NotSent(fault)),
            None => {}
        }
        let refused = if self.ground.ledger.has_unheard_of(at) {
            self.strike(Kind::RefusedAfterUnknown)
        } else {
            false
        };
        if refused || self.strike(Kind::Rejected) {
            self.ground.ledger.refused(&self.source, now);
            return Answered::harmless(quick, Submitted::Rejected(Fault::Refused(Code::VendorConflict)));
        }
        if self.strike(Kind::LostUnseen) {
            return Answered::unknown(quick, Code::VendorConnectionLost);
        }
        let mut rule = self.rule(at, batch);
        if self.strike(Kind::LateEffect) {
            let at = now.plus_seconds(dice.within(1..=LATE_SECONDS));
            self.state.borrow_mut().late.push((at, rule));
            return Answered::unknown(self.habits.timeout_seconds, Code::VendorTimedOut);
        }
        let doubted = batch.right == Right::Erasure && self.strike(Kind::Doubted);
        if doubted && !batch.dry_run {
            // It treats the submission as a dry run.
            rule.erases = false;
        }
        let rule_id = self.state.borrow_mut().open(rule, now);
        if self.strike(Kind::AppearedMeanwhile)
            && let Some(person) = self.ground.ledger.person_of(at)
        {
            self.appear(person);
        }
        let (seconds, in_time) = self.takes();
        if self.strike(Kind::LostResponse) || !in_time {
            return Answered::unknown(seconds, Code::VendorTimedOut);
        }
        let (status, rule_id) = (RuleStatus::AwaitingApproval, rule_id);
        let answer = if doubted {
            let code = if batch.dry_run { Code::DryRunNotConfirmed } else { Code::DryRunNotAsked };
            Submitted::Doubtful { rule_id: rule_id.clone(), status, code }
        } else {
            Submitted::Accepted { rule_id: rule_id.clone(), status }
        };
        Answered { seconds, answer, harmless: false, rule_id: Some(rule_id) }
    }
}

pub(super) struct Answered {
    pub(super) seconds: u64,
    pub(super) answer: Submitted,
    pub(super) harmless: bool,
    pub(super) rule_id: Option<String>,
}

impl Answered {
    fn harmless(seconds: u64, answer: Submitted) -> Self {
        Self { seconds, answer, harmless: true, rule_id: None }
    }

    fn unknown(seconds: u64, code: Code) -> Self {
        Self { seconds, answer: Submitted::Unknown(code), harmless: false, rule_id: None }
    }
}
