//! Checks what a definition means, and turns it into a [`Definition`]. It goes through all of it and
//! reports every problem at once.

use super::check_request::Scope;
use super::raw::*;
use super::*;
use crate::net;
use crate::secret::FOR_TARGET;
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The greatest rate and quota that can be declared; a typing error beyond them is no limit at all.
const MOST_CALLS: u32 = 100_000;
const MOST_DAILY_CALLS: u32 = 10_000_000;
/// The most fields that tell a person whose record it is.
const MOST_SHOWN: usize = 8;

#[derive(Default)]
pub(super) struct Checker {
    problems: Vec<Problem>,
}

pub(super) fn check(raw: RawDefinition) -> Result<Definition, Vec<Problem>> {
    let mut checker = Checker::default();
    let definition = checker.definition(raw);
    checker.problems.sort_by_key(|problem| (problem.line, problem.column));
    match definition {
        Some(definition) if checker.problems.is_empty() => Ok(definition),
        _ => Err(checker.problems),
    }
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Checker {
    pub(super) fn at(&mut self, at: Location, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message));
    }

    fn definition(&mut self, raw: RawDefinition) -> Option<Definition> {
        self.name(&raw.name);
        let version = self.number(&raw.version, 1, u32::MAX.into());
        self.text(&raw.title);
        // Where the API is Rightful's own contract, the folder's README is its documentation.
        if !raw.docs.value.starts_with("https://") && raw.docs.value != "README.md" {
            self.at(raw.docs.referenced, "write the URL of the vendor's documentation, `https://…`");
        }
        let hosts = self.hosts(&raw.hosts, &raw.params);
        let params = self.params(raw.params, &hosts);
        let base_url = self.base_url(&raw.base_url, &params, &hosts);
        let shows = self.shows(raw.shows);
        let secret = self.secret(raw.secret);
        let auth = self.auth(&raw.auth, &secret);
        let by: Vec<_> = raw.search.value.iter().map(|search| search.by.clone()).collect();
        let asked = self.kinds(raw.identifiers, &by);
        let searches = self.searches(raw.search, &params, &asked);
        let erase = self.erase(raw.erase, &params);
        let export = raw.export.map(|export| self.export(export, &params));
        let status = self.status(raw.status, &params);
        let statuses = self.statuses(raw.statuses);
        let test = self.request(raw.test, &Scope { params: &params, of: "the test", places: vec![] });
        let limits = self.limits(&raw.limits, &params);
        let verify_looks = self.amount(&raw.waits.verify_looks, "verify_looks", 100, &params);
        let unknown = Unanswered {
            first_seconds: self.amount(
                &raw.waits.unknown.first_seconds,
                "unknown_wait_seconds",
                3600,
                &params,
            ),
            longest_seconds: self.number(&raw.waits.unknown.longest_seconds, 1, 86_400),
            looks: self.amount(&raw.waits.unknown_looks, "unknown_looks", 100, &params),
            repeats: self.switch(&raw.waits.unknown_repeats, &params),
        };
        let plan = self.plan(&raw.waits);
        Some(Definition {
            name: raw.name.value,
            version: u32::try_from(version).unwrap_or(u32::MAX),
            title: raw.title.value,
            docs: raw.docs.value,
            hosts,
            identifiers: searches.iter().map(|search| search.by.clone()).collect(),
            base_url: base_url?,
            auth: auth?,
            record_id: raw.record_id,
            shows,
            erase: erase?,
            export: match export {
                Some(export) => Some(export?),
                None => None,
            },
            status: status?,
            test: test?,
            params,
            secret,
            asked,
            searches,
            statuses,
            limits,
            verify_looks,
            unknown,
            plan,
        })
    }

    fn name(&mut self, name: &Spanned<String>) {
        if !is_name(&name.value) {
            self.at(name.referenced, "write a name of 1 to 32 of a-z, 0-9 and _, beginning with a letter");
        }
    }

    pub(super) fn text(&mut self, text: &Spanned<String>) {
        if text.value.trim().is_empty() {
            self.at(text.referenced, "this is empty: write what a reader needs to know");
        }
    }

    pub(super) fn once<'a>(
        &mut self,
        seen: &mut BTreeSet<String>,
        what: &str,
        name: &'a Spanned<String>,
    ) -> &'a str {
        if !seen.insert(name.value.clone()) {
            self.at(name.referenced, format!("the {what} `{}` stands here twice: keep one", name.value));
        }
        &name.value
    }

    fn hosts(&mut self, raw: &Spanned<Vec<Spanned<String>>>, params: &[RawParam]) -> Vec<String> {
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one host that may be called");
        }
        let mut seen = BTreeSet::new();
        for host in &raw.value {
            if host.value.contains("${") {
                let named =
                    params.iter().find(|param| host.value == format!("${{param.{}}}", param.name.value));
                if named.is_none_or(|param| param.kind != RawParamKind::Host) {
                    let message = "a host that the operator names is a parameter of type `host` and nothing else, such as `${param.host}`";
                    self.at(host.referenced, message);
                }
            } else if !net::is_host_name(&host.value) {
                let message = "write a host's name in lower-case ASCII, without scheme, port or path, such as `api.example.com`";
                self.at(host.referenced, message);
            }
            self.once(&mut seen, "host", host);
        }
        raw.value.iter().map(|host| host.value.clone()).collect()
    }

    fn params(&mut self, raw: Vec<RawParam>, hosts: &[String]) -> Vec<Param> {
        let mut seen = BTreeSet::new();
        // A parameter with a problem stays in the list, so that its uses are not reported as well.
        raw.into_iter()
            .map(|raw| {
                self.name(&raw.name);
                self.once(&mut seen, "parameter", &raw.name);
                self.text(&raw.description);
                let kind = self.param_kind(&raw);
                if matches!(kind, ParamKind::Url | ParamKind::Host) && !raw.steers {
                    let message = "this parameter says which system is called: add `steers: true`";
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
                self.at(raw.referenced, format!("the {what} is of another type than the parameter"));
                return None;
            }
        };
        let value = param.value(&text, false).and_then(|value| {
            if param.kind == ParamKind::Url {
                net::base_url(&text, hosts, false)?;
            }
            Ok(value)
        });
        match value {
            Ok(value) => Some((text, value)),
            Err(wrong) => {
                self.at(raw.referenced, format!("the {what} does not fit the parameter: {wrong}"));
                None
            }
        }
    }

    fn base_url(&mut self, raw: &Spanned<String>, params: &[Param], hosts: &[String]) -> Option<Template> {
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
                    format!("`${{param.{name}}}` says which system is called: mark it with `steers: true`");
                self.at(raw.referenced, message);
            }
            // A host made from a free text could be any host; one made from choices is one of few, and
            // one of type `host` is exactly what the operator named.
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
                    "`${{param.{name}}}` cannot make a base URL: give it alone with type `url`, within a URL with type `choice`, or as `https://${{param.{name}}}` with type `host` and listed in `hosts`"
                );
                self.at(raw.referenced, message);
            }
        }
        if fixed && let Err(message) = net::base_url(&raw.value, hosts, false) {
            self.at(raw.referenced, format!("the base URL cannot be used: {message}"));
        }
        Some(template)
    }

    fn secret(&mut self, raw: Spanned<Vec<RawSecret>>) -> Vec<SecretField> {
        let mut seen = BTreeSet::new();
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one field, such as `token`");
        }
        for field in &raw.value {
            self.name(&field.name);
            self.once(&mut seen, "secret", &field.name);
            if field.name.value == FOR_TARGET {
                let message = format!(
                    "`{FOR_TARGET}` is where a stored secret names the system that it was given for: take another name"
                );
                self.at(field.name.referenced, message);
            }
            self.text(&field.description);
        }
        raw.value
            .into_iter()
            .map(|field| SecretField { name: field.name.value, description: field.description.value })
            .collect()
    }

    fn auth(&mut self, raw: &RawAuth, secret: &[SecretField]) -> Option<Auth> {
        let RawAuth::Header(header) = raw;
        let names: Vec<&str> = secret.iter().map(|field| field.name.as_str()).collect();
        if !names.contains(&header.secret.value.as_str()) {
            let message = format!("no such field of `secret`, {}", instead(&header.secret.value, &names));
            self.at(header.secret.referenced, message);
        }
        let prefix = header.prefix.as_ref().map_or("", |prefix| prefix.value.as_str());
        if let Some(raw) = &header.prefix
            && prefix.chars().any(|c| !c.is_ascii() || c.is_control())
        {
            self.at(raw.referenced, "a header holds printable ASCII only, such as `\"Bearer \"`");
        }
        let Ok(name) = HeaderName::from_bytes(header.name.value.as_bytes()) else {
            self.at(header.name.referenced, "this is no header's name, write one such as `x-api-token`");
            return None;
        };
        Some(Auth::Header { name, prefix: prefix.to_owned(), secret: header.secret.value.clone() })
    }

    fn searches(&mut self, raw: Spanned<Vec<RawSearch>>, params: &[Param], asked: &[Asked]) -> Vec<Search> {
        let form = |by: &IdentifierKind| {
            asked.iter().find(|asked| asked.kind.kind == *by).map_or(Form::Text, |asked| asked.form)
        };
        let mut seen = BTreeSet::new();
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one search, beginning with `by: email`");
        }
        raw.value
            .into_iter()
            .filter_map(|raw| {
                self.once(&mut seen, "search by", &raw.by);
                let Ok(by) = IdentifierKind::parse(&raw.by.value) else {
                    self.at(raw.by.referenced, "write an identifier kind of a-z, 0-9 and _, beginning with a letter, such as `email`");
                    return None;
                };
                let person = Place::Identifier(raw.by.value.clone());
                let scope = Scope { params, of: "a search", places: vec![person.clone()] };
                let at = raw.request.path.referenced;
                let request = self.request(raw.request, &scope)?;
                if !request.mentions(&person) {
                    self.at(
                        at,
                        format!("the search does not ask for the person: put `{}` into it", person.written()),
                    );
                }
                let itself = raw.records.value.is_empty().then_some(raw.records.referenced);
                let complete = self.complete(raw.complete);
                let aside = !matches!(complete, Complete::FewerThan(_) | Complete::NotStated { .. });
                if let Some(at) = itself.filter(|_| aside) {
                    let message = "the answer itself is the list, so that nothing beside it says whether it is whole: `complete` can be `fewer_than` or `not_stated`";
                    self.at(at, message);
                }
                Some(Search {
                    form: form(&by),
                    by,
                    request,
                    records: self.pointer(raw.records),
                    id: self.pointer(raw.id),
                    matches: self.pointer(raw.matches),
                    complete,
                    ignores_case: raw.ignores_case,
                })
            })
            .collect()
    }

    fn complete(&mut self, raw: RawComplete) -> Complete {
        match raw {
            RawComplete::Empty(at) => {
                Complete::Empty(self.sign(at, "the link to the next page stands, such as `/next`"))
            }
            RawComplete::False(at) => Complete::Says(
                self.sign(at, "it says `false` when there is no more, such as `/has_more`"),
                false,
            ),
            RawComplete::True(at) => {
                Complete::Says(self.sign(at, "it says `true` when there is no more, such as `/done`"), true)
            }
            RawComplete::Total(at) => {
                Complete::Total(self.sign(at, "the number of all records stands, such as `/total`"))
            }
            RawComplete::FewerThan(size) => Complete::FewerThan(self.size(&size, 1, 100_000)),
            RawComplete::NotStated(RawNotStated { round }) => {
                if round.value.is_empty() {
                    let message = "list the numbers of records at which an answer may have been cut, such as `[10, 25, 50, 100]`";
                    self.at(round.referenced, message);
                }
                let round = round.value.iter().map(|size| self.size(size, 1, 100_000)).collect();
                Complete::NotStated { round }
            }
        }
    }

    /// A place in an answer that can't be the whole answer.
    fn sign(&mut self, raw: Spanned<String>, what: &str) -> String {
        if raw.value.is_empty() {
            self.at(raw.referenced, format!("write where in the answer {what}"));
        }
        self.pointer(raw)
    }

    fn shows(&mut self, raw: Spanned<Vec<RawShows>>) -> Vec<Shows> {
        if !(1..=MOST_SHOWN).contains(&raw.value.len()) {
            let message = format!("list 1 to {MOST_SHOWN} fields that tell a person whose record it is");
            self.at(raw.referenced, message);
        }
        let mut seen = BTreeSet::new();
        raw.value
            .into_iter()
            .map(|field| {
                self.name(&field.name);
                self.once(&mut seen, "shown field", &field.name);
                if field.at.value.is_empty() {
                    self.at(field.at.referenced, "write where the field stands in a record, such as `/name`");
                }
                Shows { name: field.name.value, at: self.pointer(field.at) }
            })
            .collect()
    }

    fn erase(&mut self, raw: RawErase, params: &[Param]) -> Option<Submission> {
        let places = vec![Place::Records, Place::Justification];
        let scope = Scope { params, of: "an erasure", places };
        let at = raw.request.path.referenced;
        if raw.request.method.value == RawMethod::Get {
            self.at(
                raw.request.method.referenced,
                "a GET erases nothing, write the vendor's method, such as `POST`",
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
            self.at(tree.referenced, "there is no `body` that a dry run could add to");
        }
        let dry_run = match dry_run {
            Some(dry_run) => Some(dry_run?),
            None => None,
        };
        if let Some(echo) = &raw.dry_run_echo {
            if dry_run.is_none() {
                self.at(
                    echo.referenced,
                    "there is no `dry_run` that could be echoed: add one, or take this out",
                );
            }
            if echo.value.is_empty() {
                self.at(
                    echo.referenced,
                    "write where the answer says `true` to a dry run, such as `/payload/test`",
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

    fn export(&mut self, raw: RawExport, params: &[Param]) -> Option<Export> {
        let scope = Scope { params, of: "an export", places: vec![Place::Records, Place::Justification] };
        let at = raw.request.path.referenced;
        if raw.request.method.value == RawMethod::Get {
            let message = "a GET opens no rule, write the vendor's method, such as `POST`";
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

    fn status(&mut self, raw: RawStatus, params: &[Param]) -> Option<Status> {
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

    fn statuses(&mut self, raw: Spanned<Pairs<Spanned<RawRuleStatus>>>) -> BTreeMap<String, RuleStatus> {
        let mut known = BTreeMap::new();
        for (name, status) in raw.value.0 {
            let status = match status.value {
                RawRuleStatus::AwaitingApproval => RuleStatus::AwaitingApproval,
                RawRuleStatus::Pending => RuleStatus::Pending,
                RawRuleStatus::Finished => RuleStatus::Finished,
            };
            if known.insert(name.value.clone(), status).is_some() {
                self.at(name.referenced, format!("the status `{}` stands here twice: keep one", name.value));
            }
        }
        if !known.values().any(|status| *status == RuleStatus::Finished) {
            self.at(raw.referenced, "no status means `finished`, so that nothing could ever end: add one");
        }
        known
    }

    fn limits(&mut self, raw: &RawLimits, params: &[Param]) -> Limits {
        Limits {
            batch_size: self.amount(&raw.batch_size, "batch_size", 10_000, params),
            max_records: self.size(&raw.max_records, 1, 100_000),
            // Longer than a connection may take, so that the two time-outs can be told apart.
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

    /// A number from 1 to `most`, or a parameter that is always one.
    fn amount(&mut self, raw: &Spanned<RawTree>, name: &str, most: u32, params: &[Param]) -> Amount {
        let wanted = format!(
            "write a number from 1 to {most}, or a parameter such as `${{param.{name}}}` of type `integer` within these bounds"
        );
        self.amount_in(raw, 1..=most, wanted, params)
    }

    /// A number from 1 to `most`, or a parameter that is always one or 0, which is no limit.
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
                        // Reported with the placeholder.
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

    /// `true`, `false`, or a parameter that is one of them.
    fn switch(&mut self, raw: &Spanned<RawTree>, params: &[Param]) -> Switch {
        let at = raw.referenced;
        match &raw.value {
            RawTree::Bool(on) => return Switch::Fixed(*on),
            RawTree::Text(text) => {
                let scope = Scope { params, of: "a switch", places: vec![] };
                // Reported with the placeholder.
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

    fn plan(&mut self, raw: &RawWaits) -> VerifyPlan {
        VerifyPlan {
            status_waits: self.waits(&raw.status),
            verify_waits: self.waits(&raw.verify),
            deadline_seconds: self.number(&raw.deadline_days, 1, 90) * 86_400,
            search_tries: u32::try_from(self.number(&raw.search_tries, 1, 100)).unwrap_or(1),
        }
    }

    fn waits(&mut self, raw: &RawWait) -> Waits {
        let first_seconds = self.number(&raw.first_seconds, 1, 86_400);
        let longest_seconds = self.number(&raw.longest_seconds, 1, 86_400);
        if first_seconds > longest_seconds {
            self.at(raw.first_seconds.referenced, "the first wait is longer than the longest: swap them");
        }
        Waits { first_seconds, longest_seconds }
    }

    fn number(&mut self, raw: &Spanned<u64>, least: u64, most: u64) -> u64 {
        if !(least..=most).contains(&raw.value) {
            self.at(raw.referenced, format!("write a number from {least} to {most}"));
        }
        raw.value.clamp(least, most)
    }

    fn size(&mut self, raw: &Spanned<u64>, least: u64, most: u64) -> usize {
        usize::try_from(self.number(raw, least, most)).unwrap_or(usize::MAX)
    }
}
