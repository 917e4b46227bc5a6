//! Checks `hosts`, `params` and `base_url`: the system that a data source calls, and the values that it sets.

use super::checker::Checker;
use super::request::Scope;
use crate::definition::raw::*;
use crate::net;
use crate::params::{Param, ParamKind, ParamValue};
use crate::template::{Place, Template};
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

impl Checker {
    pub(super) fn hosts(&mut self, raw: &Spanned<Vec<Spanned<String>>>, params: &[RawParam]) -> Vec<String> {
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one host that may be called");
        }
        let mut seen = BTreeSet::new();
        for host in &raw.value {
            if host.value.contains("${") {
                let named =
                    params.iter().find(|param| host.value == format!("${{param.{}}}", param.name.value));
                if named.is_none_or(|param| param.kind != RawParamKind::Host) {
                    let message = "write a host that the operator names as one parameter of type `host` and nothing else, such as `${param.host}`";
                    self.at(host.referenced, message);
                }
            } else if !net::is_host_name(&host.value) {
                let message = "write a host name in lower-case ASCII, without scheme, port or path, such as `api.example.com`";
                self.at(host.referenced, message);
            }
            self.once(&mut seen, "host", host);
        }
        raw.value.iter().map(|host| host.value.clone()).collect()
    }

    pub(super) fn params(&mut self, raw: Vec<RawParam>, hosts: &[String]) -> Vec<Param> {
        let mut seen = BTreeSet::new();
        // A parameter with a problem stays in the list, so that its uses are not reported too.
        raw.into_iter()
            .map(|raw| {
                self.name(&raw.name);
                self.once(&mut seen, "parameter", &raw.name);
                self.text(&raw.description);
                let kind = self.param_kind(&raw);
                if matches!(kind, ParamKind::Url | ParamKind::Host) && !raw.steers {
                    let message = "this parameter decides which system is called: add `steers: true`";
                    self.at(raw.name.referenced, message);
                }
                let mut param = Param {
                    name: raw.name.value,
                    steers: raw.steers,
                    kind,
                    description: raw.description.value,
                    example: String::new(),
                    default: None,
                };
                if let Some((text, _)) = self.param_value(&param, &raw.example, "example", hosts) {
                    param.example = text;
                }
                if let Some(default) = &raw.default {
                    param.default =
                        self.param_value(&param, default, "default", hosts).map(|(_, value)| value);
                }
                param
            })
            .collect()
    }

    fn param_kind(&mut self, raw: &RawParam) -> ParamKind {
        let bound = raw.min.as_ref().or(raw.max.as_ref());
        if let Some(bound) = bound
            && raw.kind != RawParamKind::Integer
        {
            self.at(bound.referenced, "`min` and `max` are for type `integer`: leave them out");
        }
        if let Some(choices) = &raw.choices
            && raw.kind != RawParamKind::Choice
        {
            self.at(choices.referenced, "`choices` are for type `choice`: leave them out");
        }
        if let Some(default) = &raw.default
            && raw.kind == RawParamKind::Host
        {
            self.at(default.referenced, "the operator names the host: leave `default` out");
        }
        match raw.kind {
            RawParamKind::Host => ParamKind::Host,
            RawParamKind::String => ParamKind::String,
            RawParamKind::Boolean => ParamKind::Boolean,
            RawParamKind::Url => ParamKind::Url,
            RawParamKind::Integer => {
                let min = raw.min.as_ref().map_or(i64::MIN, |min| min.value);
                let max = raw.max.as_ref().map_or(i64::MAX, |max| max.value);
                if let Some(bound) = bound
                    && min > max
                {
                    self.at(bound.referenced, "`min` is more than `max`: swap them");
                }
                ParamKind::Integer { min, max }
            }
            RawParamKind::Choice => match &raw.choices {
                Some(choices) if !choices.value.is_empty() => {
                    let mut seen = BTreeSet::new();
                    for choice in &choices.value {
                        self.once(&mut seen, "choice", choice);
                    }
                    ParamKind::Choice(choices.value.iter().map(|choice| choice.value.clone()).collect())
                }
                _ => {
                    self.at(raw.name.referenced, "type `choice` needs `choices: [one, another]`");
                    ParamKind::String
                }
            },
        }
    }

    fn param_value(
        &mut self,
        param: &Param,
        raw: &Spanned<RawTree>,
        what: &str,
        hosts: &[String],
    ) -> Option<(String, ParamValue)> {
        let text = match (&raw.value, &param.kind) {
            (
                RawTree::Text(text),
                ParamKind::String | ParamKind::Choice(_) | ParamKind::Url | ParamKind::Host,
            ) => text.clone(),
            (RawTree::Integer(number), ParamKind::Integer { .. }) => number.to_string(),
            (RawTree::Bool(flag), ParamKind::Boolean) => flag.to_string(),
            _ => {
                self.at(raw.referenced, format!("the {what} does not have the parameter's type"));
                return None;
            }
        };
        let value = param.value(&text, false).and_then(|value| {
            if param.kind == ParamKind::Url {
                net::base_url(&text, hosts, false).map_err(|wrong| format!("cannot be used: {wrong}"))?;
            }
            Ok(value)
        });
        match value {
            Ok(value) => Some((text, value)),
            Err(wrong) => {
                self.at(raw.referenced, format!("the {what} {wrong}"));
                None
            }
        }
    }

    pub(super) fn base_url(
        &mut self,
        raw: &Spanned<String>,
        params: &[Param],
        hosts: &[String],
    ) -> Option<Template> {
        let scope = Scope { params, of: "the base URL", places: vec![] };
        let template = self.template(&raw.value, raw.referenced, &scope)?;
        let lone = template.lone().is_some();
        let mut fixed = true;
        for place in template.places() {
            fixed = false;
            let Place::Param(name) = place else { continue };
            let param = params.iter().find(|param| param.name == *name);
            let kind = param.map(|param| &param.kind);
            if matches!(kind, Some(ParamKind::Choice(_))) && param.is_some_and(|param| !param.steers) {
                let message =
                    format!("`${{param.{name}}}` decides which system is called: add `steers: true` to it");
                self.at(raw.referenced, message);
            }
            // A free text could make any host. A choice makes one of a few, and a parameter of type
            // `host` is exactly the host that the operator named.
            let good = match kind {
                Some(ParamKind::Url) => lone,
                Some(ParamKind::Choice(_)) => !lone,
                Some(ParamKind::Host) => {
                    let host = place.written();
                    raw.value == format!("https://{host}") && hosts.contains(&host)
                }
                _ => false,
            };
            if !good {
                let message = format!(
                    "`${{param.{name}}}` cannot be used in the base URL like this: use it alone with type `url`, within a URL with type `choice`, or as `https://${{param.{name}}}` with type `host` and listed in `hosts`"
                );
                self.at(raw.referenced, message);
            }
        }
        if fixed && let Err(message) = net::base_url(&raw.value, hosts, false) {
            self.at(raw.referenced, format!("the base URL cannot be used: {message}"));
        }
        Some(template)
    }
}
