//! Data sources behind the domain's ports: a connector with its parameters and its secret.

use crate::answer::{self, Unreadable, Unusable};
use crate::connectors::Connectors;
use crate::definition::{Definition, Export, Limits, Submission};
use crate::exchange::{Exchange, token_header};
use crate::matching::Fit;
use crate::net::{Operation, Trouble, VendorClient, refusal};
use crate::params::{ParamProblem, Params};
use crate::record_id::TypedId;
use crate::secret::{OpenedAt, secret_name};
use crate::template::Values;
use reqwest::header::HeaderValue;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::law::right::Right;
use rightful_domain::model::source::DataSource;
use rightful_domain::ports::set_up::Secrets;
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::call_limits::{Breaker, CallLimits, Rate};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::{Batch, Capabilities, Vendor};
use rightful_domain::vendor::record::{Found, RecordCopy, RecordId, SetAside, ShownRecord};
use rightful_domain::vendor::report::{RuleReport, Submitted};
use rightful_domain::vendor::target::Target;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Opens data sources.
pub struct Sources<S> {
    connectors: Connectors,
    client: VendorClient,
    secrets: Arc<S>,
}

impl<S> Sources<S> {
    /// Opens data sources of these connectors, with this client and these secrets.
    #[must_use]
    pub fn new(connectors: Connectors, client: VendorClient, secrets: Arc<S>) -> Self {
        Self { connectors, client, secrets }
    }

    /// The connectors it knows.
    #[must_use]
    pub fn connectors(&self) -> &Connectors {
        &self.connectors
    }
}

impl<S> fmt::Debug for Sources<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("client", &self.client).finish_non_exhaustive()
    }
}

impl<S: Secrets> Sources<S> {
    /// A data source's connector and its present parameters.
    fn set_up(&self, source: &DataSource) -> Result<(&Arc<Definition>, Params), Failure> {
        let definition = self.connectors.get(&source.connector).ok_or(Failure::of(Code::ConnectorUnknown))?;
        let params = definition.check_params(&source.params, self.client.allows_loopback());
        let wrong = |problems: Vec<ParamProblem>| {
            for problem in &problems {
                tracing::error!(source_id = source.id.as_str(), parameter = problem.name, "parameter wrong");
            }
            Failure::of(Code::ParameterWrong)
        };
        Ok((definition, params.map_err(wrong)?))
    }

    /// The header's value from the newest version of a secret that may be sent to this target.
    async fn token(
        &self,
        definition: &Definition,
        name: &str,
        at: &OpenedAt,
    ) -> Result<HeaderValue, Failure> {
        let mut versions = self.secrets.secret(name, false).await?;
        if !at.is_named(&versions) {
            // The cached versions may be older than a change of the target.
            versions = self.secrets.secret(name, true).await?;
        }
        if versions.is_empty() {
            return Err(Failure::of(Code::SecretMissing));
        }
        let usable = at.usable(&versions);
        token_header(definition, usable.first().ok_or(Failure::misconfigured(Code::TargetLost))?)
    }
}

impl<S: Secrets> Vendors for Sources<S> {
    type Vendor = Source<S>;

    fn target(&self, source: &DataSource) -> Result<Target, Failure> {
        let (definition, params) = self.set_up(source)?;
        Ok(definition.target(&params))
    }

    async fn open(&self, source: &DataSource, at: &Target) -> Result<Source<S>, Failure> {
        let (definition, now) = self.set_up(source)?;
        let is_now = definition.target(&now) == *at;
        let there = definition.params_at(&source.params, at, self.client.allows_loopback());
        let params = if is_now { now } else { there.ok_or(Failure::misconfigured(Code::TargetLost))? };
        // The present control is a record at the present target.
        let control = if is_now { control(source)? } else { None };
        let at = OpenedAt { fingerprint: at.fingerprint(), is_now };
        let secret_name = secret_name(&source.id);
        let token = self.token(definition, &secret_name, &at).await?;
        Ok(Source {
            capabilities: Capabilities { control, ..capabilities(definition, &params) },
            exchange: Exchange {
                definition: Arc::clone(definition),
                params,
                client: self.client.clone(),
                secrets: Arc::clone(&self.secrets),
                secret_name,
                at,
                source: source.id.as_str().to_owned(),
                token: Mutex::new(token),
            },
        })
    }
}

/// The identifier of the data source's control, if it has one.
fn control(source: &DataSource) -> Result<Option<Identifier>, Failure> {
    let Some(control) = &source.control else { return Ok(None) };
    let identifier = Identifier::new(control.kind.clone(), &control.value);
    identifier.map(Some).map_err(|_| Failure::of(Code::ParameterWrong))
}

fn capabilities(definition: &Definition, params: &Params) -> Capabilities {
    let plan = definition.plan;
    let folding = definition.searches.iter().filter(|search| search.ignores_case);
    Capabilities {
        title: definition.title.clone(),
        target: definition.target(params),
        identifiers: definition.identifiers.clone(),
        ignores_case: folding.map(|search| search.by.clone()).collect(),
        states_whole: definition.states_whole(),
        control: None,
        rights: vec![Right::Erasure, Right::Access],
        export: wanted_export(definition, params).map(|export| export.fetched_from.clone()),
        dry_run: definition.erase.dry_run.is_some(),
        batch_size: size(definition.limits.batch_size.of(params)),
        max_records: definition.limits.max_records,
        call_timeout_seconds: definition.limits.call_timeout_seconds,
        status_waits: plan.status_waits,
        verify_waits: plan.verify_waits,
        verify_looks: definition.verify_looks.of(params),
        unknown_waits: definition.unknown.waits(params),
        unknown_looks: definition.unknown.looks.of(params),
        unknown_repeats: definition.unknown.repeats.of(params),
        deadline_seconds: plan.deadline_seconds,
        search_tries: plan.search_tries,
        call_limits: call_limits(&definition.limits, params),
    }
}

/// The vendor's own export, if there is one and the data source wants it.
fn wanted_export<'a>(definition: &'a Definition, params: &Params) -> Option<&'a Export> {
    definition.export.as_ref().filter(|export| export.wanted.of(params))
}

fn call_limits(limits: &Limits, params: &Params) -> CallLimits {
    let rate = limits.rate.as_ref().and_then(|rate| {
        let calls = rate.calls.limit_of(params)?;
        Some(Rate { calls, per_seconds: rate.per_seconds, burst: rate.burst })
    });
    CallLimits {
        rate,
        daily_calls: limits.daily_calls.as_ref().and_then(|calls| calls.limit_of(params)),
        breaker: Breaker::default(),
        longest_throttle_seconds: limits.longest_retry_after_seconds,
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A connected data source.
pub struct Source<S> {
    capabilities: Capabilities,
    exchange: Exchange<S>,
}

impl<S> fmt::Debug for Source<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("id", &self.exchange.source).finish_non_exhaustive()
    }
}

/// The fault of a failed call that may be repeated.
fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::NotSent(code) | Trouble::Lost(code) => Fault::Unavailable(code),
        Trouble::Throttled(wait) => Fault::Throttled(wait),
        Trouble::Unauthorized => Fault::Unauthorized,
        Trouble::Refused(status) => Fault::Refused(refusal(status)),
        Trouble::TooLarge => Fault::AnswerTooLarge,
    }
}

/// The result of a failed submission: unknown, unless it certainly had no effect.
fn submitted(trouble: Trouble) -> Submitted {
    match trouble {
        Trouble::NotSent(code) => Submitted::NotSent(Fault::Unavailable(code)),
        Trouble::Throttled(wait) => Submitted::NotSent(Fault::Throttled(wait)),
        Trouble::Unauthorized => Submitted::Rejected(Fault::Unauthorized),
        Trouble::Refused(status) => Submitted::Rejected(Fault::Refused(refusal(status))),
        Trouble::Lost(code) => Submitted::Unknown(code),
        Trouble::TooLarge => Submitted::Unknown(Code::VendorAnswerTooLarge),
    }
}

const UNREADABLE: Code = Code::VendorAnswerUnreadable;

/// A record that a search listed.
struct Seen {
    /// The kind of the identifier that first listed it.
    by: IdentifierKind,
    record: Value,
    /// Whether it shows another value of a kind that the request names.
    marked: bool,
}

/// The records that the searches by all identifiers listed, each one once.
#[derive(Default)]
struct Finds {
    /// The person's records, by an exact comparison.
    own: BTreeMap<TypedId, Seen>,
    /// The others by id, or by content where they have no id; and whether each is doubtful.
    set_aside: BTreeMap<(Option<TypedId>, String), (Seen, bool)>,
}

impl Finds {
    fn take(&mut self, listed: answer::Listed, by: &IdentifierKind, marked: bool) {
        let answer::Listed { id, fit, record } = listed;
        let content = if id.is_none() { record.to_string() } else { String::new() };
        let seen = Seen { by: by.clone(), record, marked };
        match (id, fit) {
            (Some(id), Fit::Matches) => drop(self.own.entry(id).or_insert(seen)),
            (id, fit) => {
                let (_, doubtful) = self.set_aside.entry((id, content)).or_insert((seen, false));
                *doubtful |= fit == Fit::Doubtful;
            }
        }
    }

    /// Removes from the records set aside those that another identifier found.
    fn settled(mut self) -> Self {
        let own = &self.own;
        self.set_aside.retain(|(id, _), _| id.as_ref().is_none_or(|id| !own.contains_key(id)));
        self
    }
}

impl<S> Source<S> {
    fn typed(&self, records: &[RecordId]) -> Option<Vec<TypedId>> {
        records.iter().map(|id| TypedId::of(id, self.exchange.definition.record_id)).collect()
    }

    /// How a batch is submitted.
    ///
    /// # Errors
    /// Says why it can't be sent as it is. Nothing was sent, and sending it again won't help.
    fn submission(&self, batch: &Batch<'_>) -> Result<&Submission, Fault> {
        let submission = match batch.right {
            Right::Erasure => &self.exchange.definition.erase,
            Right::Access => wanted_export(&self.exchange.definition, &self.exchange.params)
                .map(|export| &export.submission)
                .ok_or(Fault::Refused(Code::RightUnsupported))?,
        };
        if batch.dry_run && submission.dry_run.is_none() {
            return Err(Fault::Refused(Code::DryRunUnsupported));
        }
        // A task keeps the batch size that it began with, and the parameter may be lower now. The limit is
        // therefore the greatest size that the parameter allows.
        let definition = &self.exchange.definition;
        let most = size(definition.limits.batch_size.most(&definition.params));
        if batch.records.is_empty() || batch.records.len() > most {
            return Err(Fault::Refused(Code::BatchSizeWrong));
        }
        Ok(submission)
    }
}

impl<S: Secrets> Source<S> {
    /// Every record that the searches by these identifiers list.
    async fn find(&self, by: &[Identifier], named: &[Identifier]) -> Result<Finds, Fault> {
        let definition = &self.exchange.definition;
        let mut all = Finds::default();
        let mut asked = false;
        for search in &definition.searches {
            for identifier in by.iter().filter(|identifier| *identifier.kind() == search.by) {
                asked = true;
                let values = Values { identifier: identifier.expose(), ..Values::of(&self.exchange.params) };
                let body = self
                    .exchange
                    .ask(Operation::Search, &search.request, None, values)
                    .await
                    .map_err(fault)?;
                let listed = answer::listed(&body, search, definition.record_id, identifier);
                let listed = self.exchange.read(listed).map_err(|unusable| match unusable {
                    Unusable::Unreadable => Fault::Unavailable(UNREADABLE),
                    Unusable::Incomplete => Fault::Unavailable(Code::VendorAnswerIncomplete),
                    Unusable::Record => Fault::Unavailable(Code::VendorRecordUnreadable),
                })?;
                for one in listed {
                    let marked = answer::is_marked(&one.record, &definition.searches, search, named);
                    all.take(one, &search.by, marked);
                }
            }
        }
        if !asked {
            // "Nothing found" would be a lie: no search was made.
            return Err(Fault::Refused(Code::MissingIdentifier));
        }
        if all.own.len() > definition.limits.max_records {
            return Err(Fault::TooManyRecords);
        }
        Ok(all.settled())
    }
}

impl<S: Secrets> Vendor for Source<S> {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn search(&self, by: &[Identifier], named: &[Identifier]) -> Result<Found, Fault> {
        let finds = self.find(by, named).await?;
        let marked = finds.own.iter().filter(|(_, seen)| seen.marked);
        let set_aside = finds.set_aside.iter().map(|((id, _), (_, doubtful))| SetAside {
            id: id.clone().map(TypedId::into_record),
            doubtful: *doubtful,
        });
        Ok(Found {
            marked: marked.map(|(id, _)| id.clone().into_record()).collect(),
            set_aside: set_aside.collect(),
            records: finds.own.into_keys().map(TypedId::into_record).collect(),
        })
    }

    async fn show(&self, by: &[Identifier], named: &[Identifier]) -> Result<Vec<ShownRecord>, Fault> {
        let finds = self.find(by, named).await?;
        let shows = &self.exchange.definition.shows;
        let show = |id: Option<TypedId>, seen: Seen, doubt: Option<bool>| ShownRecord {
            id: id.map(TypedId::into_record),
            fields: answer::shown(&seen.record, shows),
            found_by: seen.by,
            marked: seen.marked,
            set_aside: doubt.is_some(),
            doubtful: doubt == Some(true),
        };
        let own = finds.own.into_iter().map(|(id, seen)| show(Some(id), seen, None));
        let others = finds.set_aside.into_iter();
        let others = others.map(|((id, _), (seen, doubtful))| show(id, seen, Some(doubtful)));
        Ok(own.chain(others).collect())
    }

    async fn copy(&self, identifiers: &[Identifier]) -> Result<Vec<RecordCopy>, Fault> {
        let found = self.find(identifiers, &[]).await?.own.into_iter();
        Ok(found.map(|(id, seen)| RecordCopy { id: id.into_record(), content: seen.record }).collect())
    }

    async fn submit(&self, batch: &Batch<'_>) -> Submitted {
        let submission = match self.submission(batch) {
            Ok(submission) => submission,
            Err(fault) => return Submitted::Rejected(fault),
        };
        let Some(records) = self.typed(batch.records) else {
            return Submitted::Rejected(Fault::Refused(Code::RecordIdUnusable));
        };
        let more = submission.dry_run.as_ref().filter(|_| batch.dry_run);
        let values = Values {
            records: &records,
            justification: batch.justification,
            ..Values::of(&self.exchange.params)
        };
        let body = match self.exchange.ask(Operation::Submit, &submission.request, more, values).await {
            Ok(body) => body,
            Err(trouble) => return submitted(trouble),
        };
        let statuses = &self.exchange.definition.statuses;
        let opened = answer::opened(&body, submission, statuses, &self.exchange.source);
        let Ok(opened) = self.exchange.read(opened) else {
            return Submitted::Unknown(UNREADABLE);
        };
        let doubt = match (batch.dry_run, opened.dry_run) {
            // The vendor may have made a real erasure of it.
            (true, Some(false) | None) if submission.dry_run_echo.is_some() => Some(Code::DryRunNotConfirmed),
            // It deletes nothing, but would be reported as an erasure.
            (false, Some(true)) => Some(Code::DryRunNotAsked),
            _ => None,
        };
        let (rule_id, status) = (opened.rule_id, opened.status);
        match doubt {
            Some(code) => Submitted::Doubtful { rule_id, status, code },
            None => Submitted::Accepted { rule_id, status },
        }
    }

    async fn status(&self, rule_id: &str, own: &[RecordId], batch: &[RecordId]) -> Result<RuleReport, Fault> {
        if !answer::is_rule_id(rule_id) {
            return Err(Fault::Refused(Code::RuleIdUnusable));
        }
        let definition = &self.exchange.definition;
        let values = Values { rule_id, ..Values::of(&self.exchange.params) };
        let body =
            self.exchange.ask(Operation::Status, &definition.status.request, None, values).await.map_err(
                |trouble| match trouble {
                    Trouble::Refused(404) => Fault::RuleNotFound,
                    other => fault(other),
                },
            )?;
        // An id of another type is not this vendor's, so no rule lists it.
        let typed = |records: &[RecordId]| {
            records.iter().filter_map(|id| TypedId::of(id, definition.record_id)).collect()
        };
        let (own, batch) = (typed(own), typed(batch));
        let report = answer::report(&body, definition, rule_id, &own, &batch, &self.exchange.source);
        self.exchange.read(report).map_err(|_| Fault::Unavailable(UNREADABLE))
    }

    async fn test(&self) -> Result<(), Fault> {
        let values = Values::of(&self.exchange.params);
        let request = &self.exchange.definition.test;
        let body = self.exchange.ask_as_set_up(Operation::Test, request, values).await.map_err(fault)?;
        let readable = if answer::is_json(&body) { Ok(()) } else { Err(Unreadable) };
        self.exchange.read(readable).map_err(|_| Fault::Unavailable(UNREADABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::vendor::fault::REFUSALS;
    use std::collections::BTreeSet;

    #[test]
    fn a_refusal_has_one_of_the_codes_that_the_domain_knows() {
        let codes: BTreeSet<_> = (400..500).filter(|status| *status != 401).map(refusal).collect();
        assert_eq!(codes, REFUSALS.into());
        assert!((400..500).all(|status| Fault::Refused(refusal(status)).is_refusal()));
    }
}
