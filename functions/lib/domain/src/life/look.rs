//! Looks: they show whether the records are gone, and the effect of a submission that was never answered.

use crate::base::code::Code;
use crate::chain::fact::Fact;
use crate::life::moving::{HANDED_OVER_SECONDS, Moving, NOT_SENT_WAITS, REFUSED_WAITS, count, is_late};
use crate::life::plan::{MAX_ATTEMPTS, Plan, plan};
use crate::model::rule::RuleState;
use crate::model::task::{Asked, Assurance, Outcome, TaskState};

/// How many looks in a row may find the data source's set-up broken before a person must fix it.
const TRIES_WITHOUT_VENDOR: u32 = 4;

/// The wait between a look that found nothing and the second one that confirms it, in seconds, if there is no
/// control.
pub(crate) const SECOND_LOOK_SECONDS: u64 = 60;

impl Moving<'_> {
    // ---- the look

    pub(super) fn looked(
        &mut self,
        found: &[u32],
        (appeared, unseen): (u32, u32),
        asked: Asked,
        controlled: bool,
    ) {
        let task = &mut self.life.task;
        task.tries = 0;
        task.appeared = appeared;
        task.left = count(found.len());
        task.looked = Some(asked);
        if task.left > 0 || appeared > 0 {
            (task.clear_looks, task.assurance) = (0, None);
        } else if !self.is_clear(controlled) {
            return;
        }
        if matches!(plan(&self.life, self.now), Plan::Look | Plan::UsedUp | Plan::Refused(_)) {
            self.resolve(found);
        } else if self.terms.dry_run {
            self.dry_run_looked();
        } else {
            self.verified(appeared, unseen);
        }
    }

    /// Whether a look that found nothing counts: a search that fails to see finds nothing either. The control's
    /// record shows that the search works; without a control, a second look confirms the result.
    pub(super) fn is_clear(&mut self, controlled: bool) -> bool {
        let task = &mut self.life.task;
        task.clear_looks = (task.clear_looks + 1).min(2);
        if !controlled && task.clear_looks < 2 {
            if task.handed_over_at.is_none() {
                task.reason = Some(Code::SecondLook.to_string());
            }
            self.due(SECOND_LOOK_SECONDS);
            return false;
        }
        task.assurance = Some(if controlled { Assurance::Control } else { Assurance::TwoLooks });
        true
    }

    /// Evaluates the look after a dry run.
    pub(super) fn dry_run_looked(&mut self) {
        let task = &self.life.task;
        let (left, appeared, assurance) = (task.left, task.appeared, task.assurance);
        let gave_up = task.gave_up.clone();
        if left < task.counts.found {
            return self.hand_over(Code::GoneInDryRun);
        }
        if task.strangers > 0 {
            return self.hand_over(Code::StrangersListed);
        }
        if self.life.has_unknown_end() {
            // A submission that was never answered may not have been a dry run.
            return self.hand_over(Code::AnswerNeverCame);
        }
        self.record(|source| Fact::Looked { source, left, appeared, assurance });
        match gave_up {
            Some(code) => self.settle_as(Outcome::Failed, Some(code)),
            None => self.settle(Outcome::DryRun, None),
        }
    }

    /// The look after all rules finished.
    pub(super) fn verified(&mut self, appeared: u32, unseen: u32) {
        let now = self.now;
        let unreferenced = self.life.rules.iter().any(|rule| self.life.lacks_reference(rule));
        let taken = self.life.round_has_submitted() || self.life.task.all_counts().submitted > 0;
        let task = &mut self.life.task;
        if task.left == 0 {
            if task.strangers > 0 {
                // A vendor that may erase other people's records receives no more of this person's.
                return self.hand_over(Code::StrangersListed);
            }
            if appeared > 0 {
                return self.go_back(appeared);
            }
            // A reviewer has seen the records that this round's search set aside, but nobody has seen later
            // ones.
            let doubtful = task.looked.map_or(0, |looked| looked.doubtful);
            if unseen > 0 || doubtful > 0 && task.review.is_none() {
                return self.hand_over(Code::SetAsideDoubtful);
            }
            let (left, assurance) = (0, task.assurance);
            self.record(|source| Fact::Looked { source, left, appeared, assurance });
            if !taken {
                // The vendor accepted nothing, and nothing is there.
                return self.settle(Outcome::NothingFound, Some(Code::RecordsGone));
            }
            let task = &mut self.life.task;
            task.verified_at = Some(now);
            // The look is the proof; a gap in the vendor's own answers is still recorded.
            let unreferenced =
                unreferenced || task.earlier.as_ref().is_some_and(|earlier| earlier.unreferenced);
            let counts = task.all_counts();
            let reason = match (unreferenced, counts.confirmed < counts.submitted) {
                (true, _) => Some(Code::ReferenceMissing),
                (false, true) => Some(Code::NotAllConfirmed),
                (false, false) => None,
            };
            return self.settle(Outcome::VerifiedErased, reason);
        }
        task.looks += 1;
        let (look, left) = (task.looks, task.left);
        self.record(|source| Fact::StillThere { source, look, left, appeared });
        let (looks, waits) = self
            .terms
            .vendor
            .map_or((u32::MAX, NOT_SENT_WAITS), |vendor| (vendor.verify_looks, vendor.verify_waits));
        if look >= looks {
            // For records that were seen gone without an answer, and are seen again, the end is unknown too.
            return if self.life.task.strangers > 0 {
                self.hand_over(Code::StrangersListed)
            } else if self.life.has_unknown_end() || unreferenced {
                self.hand_over(Code::StillPresent)
            } else {
                self.settle(Outcome::StillPresent, None)
            };
        }
        self.waits(Code::StillPresent, waits.after(look - 1));
    }

    /// The look that resolves a missing answer.
    pub(super) fn resolve(&mut self, found: &[u32]) {
        let Some(vendor) = self.terms.vendor else { return };
        let (mut more_looks, mut tells_nothing, mut gone_in_dry_run) = (false, false, false);
        let (mut seen, mut unresolved, mut refusals) = (0, None, 0);
        for at in 0..self.life.rules.len() {
            // Records left after the last repeat are looked for as long as the task is open.
            let rule = &self.life.rules[at];
            let last = rule.attempt >= MAX_ATTEMPTS || self.life.repeats_doubted(rule);
            let used_up = rule.state == RuleState::Left && last;
            let refused = rule.state == RuleState::NotTaken;
            if !refused && rule.state != RuleState::Unknown && !used_up {
                continue;
            }
            let mut left = self.life.places(rule);
            left.retain(|place| found.contains(place));
            let (batch, records) = (rule.batch, rule.records);
            let still = count(left.len());
            if self.terms.dry_run && still < records {
                gone_in_dry_run = true;
                continue;
            }
            if rule.refused.is_some() {
                // Records that the vendor accepted are already counted.
                let unanswered = self.life.repeats_unanswered(rule) && !self.life.repeats_accepted(rule);
                let rule = &mut self.life.rules[at];
                if unanswered {
                    let gone = records.saturating_sub(still).max(rule.gone);
                    seen += gone - rule.gone;
                    rule.gone = gone;
                }
                rule.state = match (still, unanswered) {
                    (0, true) => RuleState::Unreferenced,
                    (0, false) => RuleState::Gone,
                    _ => RuleState::Left,
                };
                rule.left = left;
                if refused || still == 0 {
                    let gone = records.saturating_sub(still);
                    refusals = refusals.max(if still > 0 { rule.attempt } else { 0 });
                    self.record(|source| Fact::Resolved { source, batch, gone, left: still });
                }
                continue;
            }
            let rule = &mut self.life.rules[at];
            // The vendor has this submission, however it understands it: it is never repeated.
            let doubted = rule.rule_id.is_some();
            rule.looks += u32::from(!used_up && !doubted);
            // If the vendor may take its time (its own approval), records that are still found don't show that
            // it won't act: only their absence shows anything.
            let looked_enough = doubted || rule.looks >= vendor.unknown_looks;
            if still > 0 && !used_up && (doubted || !(looked_enough && vendor.unknown_repeats)) {
                more_looks = true;
                tells_nothing |= looked_enough;
                if !doubted {
                    unresolved = Some(rule.looks.max(unresolved.unwrap_or(0)));
                }
                continue;
            }
            // A record that reappears after it was seen gone stays counted.
            let gone = records.saturating_sub(still).max(rule.gone);
            seen += gone - rule.gone;
            rule.gone = gone;
            let news = !used_up || still == 0;
            rule.state = if still == 0 { RuleState::Unreferenced } else { RuleState::Left };
            rule.left = left;
            if news {
                self.record(|source| Fact::Resolved { source, batch, gone, left: still });
            }
        }
        if seen > 0 {
            self.life.task.counts.submitted += seen;
            self.life.task.submitted_at = Some(self.now);
        }
        let late = is_late(&self.life.task, self.terms, self.now);
        if gone_in_dry_run {
            return self.hand_over(Code::GoneInDryRun);
        }
        if more_looks {
            if late && self.life.task.handed_over_at.is_none() {
                return self.hand_over(Code::VendorDeadlinePassed);
            }
            if tells_nothing && self.life.task.handed_over_at.is_none() {
                return self.hand_over(Code::AnswerNeverCame);
            }
            return self
                .due(unresolved.map_or(HANDED_OVER_SECONDS, |looks| vendor.unknown_waits.after(looks)));
        }
        self.go_on();
        if refusals > 0 && self.life.task.state == TaskState::Submitting {
            self.due(REFUSED_WAITS.after(refusals - 1));
        }
    }

    pub(super) fn cannot_look(&mut self, code: Code, wait: u64) {
        let late = is_late(&self.life.task, self.terms, self.now);
        self.life.task.tries += 1;
        if self.life.task.handed_over_at.is_none() {
            self.life.task.reason = Some(code.to_string());
        }
        // Without a working set-up no look can resolve an unknown outcome.
        let unknown = self.life.task.state == TaskState::Unknown;
        let broken = unknown && self.terms.vendor.is_none() && self.life.task.tries >= TRIES_WITHOUT_VENDOR;
        if (late || broken) && self.life.task.handed_over_at.is_none() {
            return self.hand_over(code);
        }
        self.due(wait);
    }
}
