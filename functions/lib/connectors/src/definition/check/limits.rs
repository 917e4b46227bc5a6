//! Checks `limits` and `waits`: numbers and switches that the definition fixes or leaves to a parameter.

use super::checker::Checker;
use super::request::Scope;
use crate::definition::checked::{Amount, CallRate, Limits, Switch, Unanswered, VerifyPlan};
use crate::definition::raw::*;
use crate::net;
use crate::params::{Param, ParamKind};
use crate::template::Place;
use rightful_domain::base::waits::Waits;
use serde_saphyr::Spanned;
use std::ops::RangeInclusive;

/// The greatest rate and quota that can be declared. Beyond them, a typing error would be no limit at all.
const MOST_CALLS: u32 = 100_000;
const MOST_DAILY_CALLS: u32 = 10_000_000;

impl Checker {
    pub(super) fn limits(&mut self, raw: &RawLimits, params: &[Param]) -> Limits {
        Limits {
            batch_size: self.amount(&raw.batch_size, "batch_size", 10_000, params),
            max_records: self.size(&raw.max_records, 1, 100_000),
            // Longer than a connection may take, so that the two time-outs differ.
            call_timeout_seconds: self.number(&raw.call_timeout_seconds, net::CONNECT_SECONDS * 2, 120),
            max_body_bytes: self.size(&raw.max_body_bytes, 1024, 8 * 1024 * 1024),
            longest_retry_after_seconds: self.number(&raw.longest_retry_after_seconds, 1, 86_400),
            rate: raw.rate.as_ref().map(|rate| self.rate(rate, params)),
            daily_calls: raw
                .daily_calls
                .as_ref()
                .map(|calls| self.limit(calls, "daily_calls", MOST_DAILY_CALLS, params)),
        }
    }

    fn rate(&mut self, raw: &RawRate, params: &[Param]) -> CallRate {
        let mut number =
            |raw: &Spanned<u64>, most| u32::try_from(self.number(raw, 1, most)).unwrap_or(u32::MAX);
        let per_seconds = number(&raw.per_seconds, 86_400);
        let burst = raw.burst.as_ref().map_or(1, |burst| number(burst, MOST_CALLS.into()));
        CallRate { calls: self.limit(&raw.calls, "calls", MOST_CALLS, params), per_seconds, burst }
    }

    /// A number from 1 to `most`, or a parameter that always has such a value.
    pub(super) fn amount(
        &mut self,
        raw: &Spanned<RawTree>,
        name: &str,
        most: u32,
        params: &[Param],
    ) -> Amount {
        let wanted = format!(
            "write a number from 1 to {most}, or a parameter such as `${{param.{name}}}` of type `integer` within these bounds"
        );
        self.amount_in(raw, 1..=most, wanted, params)
    }

    /// A number from 1 to `most`, or a parameter that always has such a value or 0, which means no limit.
    fn limit(&mut self, raw: &Spanned<RawTree>, name: &str, most: u32, params: &[Param]) -> Amount {
        let wanted = format!(
            "write a number from 1 to {most}, or a parameter such as `${{param.{name}}}` of type `integer` from 0 (no limit) to {most}"
        );
        self.amount_in(raw, 0..=most, wanted, params)
    }

    fn amount_in(
        &mut self,
        raw: &Spanned<RawTree>,
        of_a_param: RangeInclusive<u32>,
        wanted: String,
        params: &[Param],
    ) -> Amount {
        let at = raw.referenced;
        let amount = match &raw.value {
            RawTree::Integer(number) => u32::try_from(*number)
                .ok()
                .filter(|number| *number > 0 && of_a_param.contains(number))
                .map(Amount::Fixed),
            RawTree::Text(text) => {
                let scope = Scope { params, of: "a number", places: vec![] };
                let Some(template) = self.template(text, at, &scope) else { return Amount::Fixed(1) };
                match template.lone() {
                    Some(Place::Param(name)) => match params.iter().find(|param| param.name == *name) {
                        Some(param) => match param.kind {
                            ParamKind::Integer { min, max }
                                if min >= i64::from(*of_a_param.start())
                                    && max <= i64::from(*of_a_param.end()) =>
                            {
                                Some(Amount::Param(name.clone()))
                            }
                            _ => None,
                        },
                        // The placeholder was reported.
                        None => return Amount::Fixed(1),
                    },
                    _ => None,
                }
            }
            _ => None,
        };
        amount.unwrap_or_else(|| {
            self.at(at, wanted);
            Amount::Fixed(1)
        })
    }

    /// `true`, `false`, or a parameter of type `boolean`.
    pub(super) fn switch(&mut self, raw: &Spanned<RawTree>, params: &[Param]) -> Switch {
        let at = raw.referenced;
        match &raw.value {
            RawTree::Bool(on) => return Switch::Fixed(*on),
            RawTree::Text(text) => {
                let scope = Scope { params, of: "a switch", places: vec![] };
                // The placeholder was reported.
                let Some(template) = self.template(text, at, &scope) else { return Switch::Fixed(false) };
                if let Some(Place::Param(name)) = template.lone() {
                    let kind = params.iter().find(|param| param.name == *name).map(|param| &param.kind);
                    if matches!(kind, Some(ParamKind::Boolean) | None) {
                        return Switch::Param(name.clone());
                    }
                }
            }
            _ => {}
        }
        self.at(at, "write true or false, or a parameter such as `${param.direct}` of type `boolean`");
        Switch::Fixed(false)
    }

    pub(super) fn plan(&mut self, raw: &RawWaits) -> VerifyPlan {
        VerifyPlan {
            status_waits: self.waits(&raw.status),
            verify_waits: self.waits(&raw.verify),
            deadline_seconds: self.number(&raw.deadline_days, 1, 90) * 86_400,
            search_tries: u32::try_from(self.number(&raw.search_tries, 1, 100)).unwrap_or(1),
        }
    }

    pub(super) fn unanswered(&mut self, raw: &RawWaits, params: &[Param]) -> Unanswered {
        let first_seconds = &raw.unknown.first_seconds;
        Unanswered {
            first_seconds: self.amount(first_seconds, "unknown_wait_seconds", 3600, params),
            longest_seconds: self.number(&raw.unknown.longest_seconds, 1, 86_400),
            looks: self.amount(&raw.unknown_looks, "unknown_looks", 100, params),
            repeats: self.switch(&raw.unknown_repeats, params),
        }
    }

    fn waits(&mut self, raw: &RawWait) -> Waits {
        let first_seconds = self.number(&raw.first_seconds, 1, 86_400);
        let longest_seconds = self.number(&raw.longest_seconds, 1, 86_400);
        if first_seconds > longest_seconds {
            self.at(
                raw.first_seconds.referenced,
                "the first wait is longer than the longest wait: swap them",
            );
        }
        Waits { first_seconds, longest_seconds }
    }
}
