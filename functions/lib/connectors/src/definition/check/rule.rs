//! Checks `erase`, `export`, `status` and `statuses`: the calls that open a rule and the call that asks about it.

use super::checker::Checker;
use super::request::Scope;
use crate::definition::checked::{Claimed, Export, Status, Submission, Switch};
use crate::definition::raw::*;
use crate::params::Param;
use crate::template::Place;
use rightful_domain::vendor::report::RuleStatus;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

impl Checker {
    pub(super) fn erase(&mut self, raw: RawErase, params: &[Param]) -> Option<Submission> {
        let places = vec![Place::Records, Place::Justification];
        let scope = Scope { params, of: "an erasure", places };
        let at = raw.request.path.referenced;
        if raw.request.method.value == RawMethod::Get {
            self.at(
                raw.request.method.referenced,
                "a GET does not erase: write the vendor's method, such as `POST`",
            );
        }
        let request = self.request(raw.request, &scope);
        let dry_run = raw.dry_run.as_ref().map(|tree| {
            if !matches!(tree.value, RawTree::Object(_)) {
                self.at(
                    tree.referenced,
                    "write the fields that a dry run adds to the body, such as `test: true`",
                );
            }
            self.tree(&tree.value, tree.referenced, &scope)
        });
        let request = request?;
        if !request.mentions(&Place::Records) {
            self.at(at, "the erasure does not name the records: put `${records}` into its body");
        }
        if let Some(tree) = &raw.dry_run
            && request.body.is_none()
        {
            self.at(
                tree.referenced,
                "there is no `body` that a dry run could add to: add one, or remove this",
            );
        }
        let dry_run = match dry_run {
            Some(dry_run) => Some(dry_run?),
            None => None,
        };
        if let Some(echo) = &raw.dry_run_echo {
            if dry_run.is_none() {
                self.at(echo.referenced, "there is no `dry_run` to echo: add one, or remove this");
            }
            if echo.value.is_empty() {
                self.at(
                    echo.referenced,
                    "write where the answer says `true` for a dry run, such as `/payload/test`",
                );
            }
        }
        Some(Submission {
            request,
            dry_run,
            dry_run_echo: raw.dry_run_echo.map(|echo| self.pointer(echo)),
            rule_id: self.pointer(raw.rule_id),
            status: self.pointer(raw.status),
        })
    }

    pub(super) fn export(&mut self, raw: RawExport, params: &[Param]) -> Option<Export> {
        let scope = Scope { params, of: "an export", places: vec![Place::Records, Place::Justification] };
        let at = raw.request.path.referenced;
        if raw.request.method.value == RawMethod::Get {
            let message = "a GET does not open a rule: write the vendor's method, such as `POST`";
            self.at(raw.request.method.referenced, message);
        }
        self.text(&raw.fetched_from);
        let wanted = match &raw.wanted.value {
            RawTree::Bool(_) => {
                let message = "each data source says whether it wants the export: write a parameter such as `${param.export_rule}` of type `boolean`";
                self.at(raw.wanted.referenced, message);
                Switch::Fixed(false)
            }
            _ => self.switch(&raw.wanted, params),
        };
        let request = self.request(raw.request, &scope)?;
        if !request.mentions(&Place::Records) {
            self.at(at, "the export does not name the records: put `${records}` into its body");
        }
        let (rule_id, status) = (self.pointer(raw.rule_id), self.pointer(raw.status));
        Some(Export {
            submission: Submission { request, dry_run: None, dry_run_echo: None, rule_id, status },
            fetched_from: raw.fetched_from.value.trim().to_owned(),
            wanted,
        })
    }

    pub(super) fn status(&mut self, raw: RawStatus, params: &[Param]) -> Option<Status> {
        let scope = Scope { params, of: "a status check", places: vec![Place::RuleId] };
        let at = raw.request.path.referenced;
        let request = self.request(raw.request, &scope);
        let claim = raw.treated.claim.map(|claim| {
            if claim.value.anonymised.is_none() && claim.value.deleted.is_none() {
                self.at(claim.referenced, "write which text means `anonymised` or `deleted`");
            }
            let RawClaim { at, anonymised, deleted } = claim.value;
            Claimed { at: self.pointer(at), anonymised, deleted }
        });
        let request = request?;
        if !request.mentions(&Place::RuleId) {
            self.at(at, "the status check does not name the rule: put `${rule_id}` into it");
        }
        Some(Status {
            request,
            rule_id: self.pointer(raw.rule_id),
            status: self.pointer(raw.status),
            treated_records: self.pointer(raw.treated.records),
            treated_id: self.pointer(raw.treated.id),
            claim,
        })
    }

    pub(super) fn statuses(
        &mut self,
        raw: Spanned<Pairs<Spanned<RawRuleStatus>>>,
    ) -> BTreeMap<String, RuleStatus> {
        let mut known = BTreeMap::new();
        for (name, status) in raw.value.0 {
            let status = match status.value {
                RawRuleStatus::AwaitingApproval => RuleStatus::AwaitingApproval,
                RawRuleStatus::Pending => RuleStatus::Pending,
                RawRuleStatus::Finished => RuleStatus::Finished,
            };
            if known.insert(name.value.clone(), status).is_some() {
                self.at(name.referenced, format!("the status `{}` is listed twice: keep one", name.value));
            }
        }
        if !known.values().any(|status| *status == RuleStatus::Finished) {
            self.at(raw.referenced, "no status means `finished`, so no task could ever end: add one");
        }
        known
    }
}
