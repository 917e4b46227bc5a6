//! The vendor's answers about its rules.

use crate::base::code::Code;
use crate::chain::fact::Fact;
use crate::law::right::Right;
use crate::life::moving::{HANDED_OVER_SECONDS, Moving, count, is_late};
use crate::life::plan::{Plan, plan};
use crate::model::rule::RuleState;
use crate::model::task::{Outcome, TaskState};
use crate::vendor::fault::Fault;
use crate::vendor::report::{Claim, RuleReport, RuleStatus};

impl Moving<'_> {
    // ---- the vendor's word

    pub(super) fn told(&mut self, reports: Vec<(u32, RuleReport)>) {
        let now = self.now;
        let (mut batches, mut confirmed, mut strangers) = (Vec::new(), 0, Vec::new());
        for (batch, report) in reports {
            let known = self.life.rules.iter().find(|rule| rule.batch == batch);
            let own = count(known.map(|rule| self.life.own_places(rule).len()).unwrap_or_default());
            let Some(rule) = self.rule(batch).filter(|rule| rule.state == RuleState::Accepted) else {
                continue;
            };
            rule.status = Some(report.status);
            if report.status != RuleStatus::Finished {
                continue;
            }
            rule.state = RuleState::Finished;
            rule.finished_at = Some(now);
            rule.confirmed = count(report.confirmed).min(own);
            rule.claim = Some(report.claim);
            rule.strangers = count(report.strangers);
            confirmed += rule.confirmed;
            strangers.push((batch, rule.strangers));
            batches.push(batch);
        }
        for (batch, strangers) in strangers.into_iter().filter(|(_, strangers)| *strangers > 0) {
            self.life.task.strangers = self.life.task.strangers.saturating_add(strangers);
            self.record(|source| Fact::StrangersListed { source, batch, strangers });
        }
        if !batches.is_empty() {
            let counts = &mut self.life.task.counts;
            counts.confirmed += confirmed;
            // A refused repeat counts nothing, but records that the vendor lists were submitted all the same.
            counts.submitted = counts.submitted.max(counts.confirmed);
            self.record(|source| Fact::Finished { source, batches, confirmed });
        }
    }

    pub(super) fn asked(&mut self, fault: Option<&Fault>, strange: bool) {
        let code = match (fault, strange) {
            (Some(fault), _) => Some(fault.code()),
            (None, true) => Some(Code::VendorStatusUnknown),
            (None, false) => None,
        };
        let waits = self.terms.vendor.map(|vendor| vendor.status_waits);
        let growing = waits.map_or(900, |waits| waits.after(self.life.task.polls));
        let wait = growing.max(fault.and_then(Fault::asked_wait).unwrap_or(0));
        let any = |wanted: RuleState| self.life.rules.iter().any(|rule| rule.state == wanted);
        if self.life.has_unanswered() {
            return self.not_finished(code, wait);
        }
        // The same rule's next answer won't be smaller. An export is awaited as long as there is time.
        if fault == Some(&Fault::AnswerTooLarge) && self.terms.right == Right::Erasure {
            return self.hand_over(Code::VendorAnswerTooLarge);
        }
        if any(RuleState::Accepted) {
            return self.not_finished(code, wait);
        }
        match plan(&self.life, self.now) {
            // A person has the task because the look can't be made; only a look changes that.
            Plan::Done if self.life.task.state == TaskState::Unknown && self.life.wants_look(self.now) => {
                self.due(HANDED_OVER_SECONDS);
            }
            Plan::Done => self.finished(),
            Plan::UsedUp => self.not_finished(code.or(Some(Code::RepeatsUsedUp)), wait),
            Plan::Refused(_) if self.life.has_unknown_end() => self.not_finished(code, wait),
            _ => self.go_on(),
        }
    }

    /// Every rule is finished, or was seen to have had its effect.
    pub(super) fn finished(&mut self) {
        let now = self.now;
        let claim = self.claim();
        let unknown_end = self.life.has_unknown_end();
        let task = &mut self.life.task;
        let told =
            task.handed_over_at.is_some() && task.reason.as_deref() == Some(Code::NotAllConfirmed.as_str());
        task.finished_at = Some(now);
        task.claim = Some(claim);
        if self.terms.right == Right::Access {
            return self.copy_now(None);
        }
        let searchable = self.terms.vendor.is_none_or(|vendor| !vendor.identifiers.is_empty());
        if let Some(code) = task.gave_up.clone() {
            if task.strangers > 0 {
                return self.hand_over(Code::StrangersListed);
            }
            if !self.terms.dry_run && unknown_end {
                return self.hand_over_as(code);
            }
            if !self.terms.dry_run || !searchable {
                return self.settle_as(Outcome::Failed, Some(code));
            }
            if task.handed_over_at.is_some() && task.looked.is_some() {
                // A person has the result of the look after the dry run.
                return self.due(HANDED_OVER_SECONDS);
            }
        }
        if !searchable {
            if task.strangers > 0 {
                return self.hand_over(Code::StrangersListed);
            }
            if self.terms.dry_run {
                return self.settle(Outcome::DryRun, None);
            }
            if unknown_end {
                // The data source was searchable when a look left this open.
                return self.hand_over(Code::AnswerNeverCame);
            }
            if task.counts.confirmed >= task.counts.submitted {
                return self.settle(Outcome::ReportedErased, None);
            }
            if !told {
                return self.hand_over(Code::NotAllConfirmed);
            }
            // A person has the task already; only the vendor's own list could change that.
            task.polls += 1;
            let waits = self.terms.vendor.map(|vendor| vendor.status_waits);
            let wait = waits.map_or(900, |waits| waits.after(self.life.task.polls));
            return self.waits(Code::NotAllConfirmed, wait);
        }
        task.state = TaskState::Verifying;
        task.handed_over_at = None;
        task.reason = None;
        task.tries = 0;
        self.due(0);
    }

    /// The weakest of the vendor's claims, in all rounds. An unanswered submission has no claim.
    pub(super) fn claim(&self) -> Claim {
        if self.life.rules.iter().any(|rule| self.life.lacks_reference(rule)) {
            return Claim::NotStated;
        }
        let earlier = self.life.task.earlier.as_ref().and_then(|earlier| earlier.claim);
        let own = self.life.rules.iter().filter_map(|rule| rule.claim).max();
        earlier.max(own).unwrap_or(Claim::NotStated)
    }

    /// A rule isn't finished: check again later, or hand over to a person.
    pub(super) fn not_finished(&mut self, code: Option<Code>, wait: u64) {
        let late = is_late(&self.life.task, self.terms, self.now);
        let unknown = self.life.task.state == TaskState::Unknown;
        self.life.task.polls += 1;
        if late && self.terms.right == Right::Access {
            return self.copy_now(Some(code.unwrap_or(Code::VendorDeadlinePassed)));
        }
        if late && self.life.task.handed_over_at.is_none() {
            return self.hand_over(code.unwrap_or(Code::VendorDeadlinePassed));
        }
        if !unknown {
            self.life.task.reason = code.map(|code| code.to_string());
        }
        self.due(wait);
    }
}
