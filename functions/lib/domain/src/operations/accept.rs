//! Accepts a demand: stores exactly one request for it and starts the request's workflow.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::ids::{Reference, RequestId, SourceId};
use crate::base::seal::Tag;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::law::deadline::{LegalZone, ReceivedAt, ReceivedAtError};
use crate::law::right::Right;
use crate::model::delivery::Delivery;
use crate::model::policy::{Policies, Policy};
use crate::model::request::{Repeats, Request, RequestOutcome, RequestState};
use crate::model::source::DataSource;
use crate::model::task::Task;
use crate::operations::load::{Settings, retry_stale};
use crate::operations::sealing::{Scoped, seal_identifiers};
use crate::ports::clock::Clock;
use crate::ports::keys::{NewKeys, Tags};
use crate::ports::set_up::Catalogue;
use crate::ports::store::{Begins, Change, CommitError, Created, Reads, Row, Writes};
use crate::ports::workflow::Workflow;
use zeroize::Zeroizing;

/// A demand for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The right.
    pub right: Right,
    /// The person's identifiers: at least one.
    pub identifiers: Vec<Identifier>,
    /// The ticket's reference.
    pub reference: Option<Reference>,
    /// Whether it is a dry run, which erases nothing.
    pub dry_run: bool,
    /// The data sources to ask; empty for all enabled ones.
    pub sources: Vec<SourceId>,
    /// When the person asked, if that was before the demand came in.
    pub received_at: Option<ReceivedAt>,
}

/// How a demand came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival<'a> {
    /// An operator made it.
    Operator {
        /// The operator.
        by: &'a Actor,
        /// The operator's key for this demand, if it may be sent again: the same key makes one request.
        key: Option<&'a str>,
    },
    /// A ticketing system delivered it.
    Delivery {
        /// The channel's name.
        channel: &'a str,
        /// The delivery's key in its channel: the signed id or the declared body field.
        key: &'a [u8],
        /// The whole body, as it was signed.
        body: &'a [u8],
    },
    /// The deployment made it itself, to check that everything works. There is one a day, whatever the day's
    /// first one was for. It is a dry run whatever the demand says, and nobody is asked to review it.
    Synthetic {
        /// The UTC day, such as `2026-11-21`.
        day: &'a str,
    },
}

/// The result of a demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The request it made, now or at an earlier delivery.
    pub request: RequestId,
    /// Whether this demand made it.
    pub new: bool,
    /// Why the workflow could not be started; reconciliation starts it later.
    pub not_started: Option<Failure>,
    /// How the request ended, if an earlier demand made it and it is closed: nothing runs then.
    pub ended: Option<Ended>,
}

/// How the request of an earlier demand ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The outcome.
    pub outcome: RequestOutcome,
    /// When it was closed.
    pub closed_at: Time,
    /// Whether the demand came a day or more after the last one. It is then a repeated demand, not a
    /// redelivery.
    pub repeated: bool,
}

/// Within this many seconds, the same demand counts as a redelivery. Ticketing systems stop redelivering within
/// some hours.
const REDELIVERY_SECONDS: u64 = 24 * 3600;

/// Why a demand is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// No identifier.
    #[error("the request names no identifier: give at least one, such as an e-mail address")]
    NoIdentifier,
    /// An unknown data source.
    #[error("there is no data source {0}: `rightful source list` lists those that exist")]
    UnknownSource(SourceId),
    /// A disabled data source.
    #[error("the data source {0} is disabled")]
    DisabledSource(SourceId),
    /// No data source to ask.
    #[error("no data source is connected: add one with `rightful source add`, then send this again")]
    NoSource,
    /// More data sources than one request may have.
    #[error(
        "{0} data sources would be asked, and one request goes to {MAX_SOURCES} at most: name some of them, and make another request for the rest"
    )]
    TooManySources(usize),
    /// A kind that none of the request's data sources is searched by.
    #[error(
        "none of the request's data sources is searched by an identifier of the kind {kind}: leave it out, or give {known}",
        known = named(.known)
    )]
    KindNotTaken {
        /// The identifier's place in the demand, from 0.
        index: usize,
        /// The kind.
        kind: IdentifierKind,
        /// The kinds by which they are searched.
        known: Vec<IdentifierKind>,
    },
    /// A value that is invalid for its kind at one of the request's data sources.
    #[error("the identifier of the kind {kind}: {what}")]
    Identifier {
        /// The identifier's place in the demand, from 0.
        index: usize,
        /// The kind.
        kind: IdentifierKind,
        /// The objection, without the value.
        what: String,
    },
    /// An impossible day or time for the person's demand.
    #[error("when the person asked: {0}")]
    ReceivedAt(#[from] ReceivedAtError),
    /// The first delivery under this key had another body.
    #[error(
        "an earlier demand under this key had other content and made request {0}: send this one under another key, or with another reference if the channel uses the reference as its key"
    )]
    Conflict(RequestId),
    /// A port failed: the demand may be sent again.
    #[error("the request could not be stored: send it again")]
    Failed(#[from] Failure),
}

fn named(kinds: &[IdentifierKind]) -> String {
    kinds.iter().map(IdentifierKind::as_str).collect::<Vec<_>>().join(" or ")
}

/// The ports of intake.
#[derive(Debug)]
pub struct Accept<'a, S, K, T, W, L, C> {
    /// The store.
    pub store: &'a S,
    /// Makes data keys.
    pub keys: &'a K,
    /// Keyed digests.
    pub tags: &'a T,
    /// Starts workflows.
    pub workflow: &'a W,
    /// The identifier kinds by which each connector searches.
    pub catalogue: &'a L,
    /// The time.
    pub clock: &'a C,
    /// The deployment's settings.
    pub settings: Settings,
    /// The review policies of data sources that set none of their own.
    pub policies: Policies,
    /// The time zone in which the law's days and months are counted.
    pub legal_zone: LegalZone,
}

impl<S, K, T, W, L, C> Accept<'_, S, K, T, W, L, C>
where
    S: Begins + Reads + Writes,
    K: NewKeys,
    T: Tags,
    W: Workflow,
    L: Catalogue,
    C: Clock,
{
    /// Stores a request under `id` and starts its workflow. The same delivery again returns the request that it
    /// made before, and starts the request's workflow if it never started.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing is stored then. [`AcceptError::Conflict`] is the exception: it is recorded with
    /// the request that the first delivery made.
    pub async fn accept(
        &self,
        id: RequestId,
        demand: &Demand,
        arrival: Arrival<'_>,
    ) -> Result<Accepted, AcceptError> {
        let delivery = self.delivery(id, arrival, Some(demand)).await?;
        if let Some(mine) = &delivery
            && let Some(first) = self.store.delivery(&mine.channel, &mine.key).await?
        {
            return self.again(&first, mine, arrival).await;
        }
        if demand.identifiers.is_empty() {
            return Err(AcceptError::NoIdentifier);
        }
        let connected = self.store.source_ids().await?;
        let named = if demand.sources.is_empty() { &connected } else { &demand.sources };
        let sources = choose(&self.store.sources_named(named).await?, &demand.sources)?;
        self.check(demand, &sources)?;
        let request = self.request(id, demand, arrival, &sources, connected).await?;
        let (key, wrapped) = self.keys.new_key(id).await?;
        let request = Request {
            identifiers: Some(seal_identifiers(&key, id, &Scoped::everywhere(&demand.identifiers))?),
            ..request
        };
        let due = request.next_due.unwrap_or(request.arrived_at());
        let tasks: Vec<Task> = sources
            .iter()
            .map(|source| {
                let policy = self.policy(source, demand.right, arrival);
                Task { policy, ..Task::planned(id, source.id.clone(), source.connector.clone(), due) }
            })
            .collect();
        let fact = received(&request, actor(arrival));
        match self.store.create(&request, &tasks, delivery.as_ref(), &wrapped, fact).await? {
            Created::New => Ok(self.start(&request, true).await),
            Created::Delivered(first) => match &delivery {
                Some(mine) => self.again(&first, mine, arrival).await,
                None => Err(Failure::of(Code::RequestExists).into()),
            },
        }
    }

    /// Makes the synthetic request of this day: a dry run of an erasure, for the test address `email`, at
    /// `sources`, or at all enabled ones. Another call on the same UTC day returns the day's first request,
    /// even if the settings have changed since: new settings count from the next day on.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing is stored then.
    pub async fn synthetic(
        &self,
        id: RequestId,
        email: Identifier,
        sources: Vec<SourceId>,
    ) -> Result<Accepted, AcceptError> {
        let day = self.clock.now().day();
        let demand = Demand {
            right: Right::Erasure,
            identifiers: vec![email],
            reference: Reference::parse(&format!("SYNTHETIC-{day}")).ok(),
            dry_run: true,
            sources,
            received_at: None,
        };
        self.accept(id, &demand, Arrival::Synthetic { day: &day }).await
    }

    /// Refuses an identifier that no data source of the request searches by, because nobody would look for it.
    /// Refuses a value that one of them could never hold under its kind. Refuses to erase the control of a data
    /// source: without its control, no look there counts any more.
    fn check(&self, demand: &Demand, sources: &[DataSource]) -> Result<(), AcceptError> {
        let erases = demand.right == Right::Erasure && !demand.dry_run;
        // This version can't know the identifier kinds of another version's connector.
        let all_known = sources.iter().all(|source| self.catalogue.knows(&source.connector));
        let mut known: Vec<IdentifierKind> = sources
            .iter()
            .flat_map(|source| self.catalogue.kinds(&source.connector))
            .map(|asked| asked.kind)
            .collect();
        known.sort();
        known.dedup();
        for (index, identifier) in demand.identifiers.iter().enumerate() {
            let kind = identifier.kind();
            if let Some(source) = sources.iter().find(|source| erases && is_control(source, identifier)) {
                let what = must_stay(source);
                return Err(AcceptError::Identifier { index, kind: kind.clone(), what });
            }
            if all_known && !known.contains(kind) {
                return Err(AcceptError::KindNotTaken { index, kind: kind.clone(), known });
            }
            let takes = |source: &&DataSource| {
                self.catalogue.kinds(&source.connector).iter().any(|asked| asked.kind == *kind)
            };
            for source in sources.iter().filter(takes) {
                self.catalogue.check_identifier(&source.connector, identifier).map_err(|objection| {
                    AcceptError::Identifier { index, kind: kind.clone(), what: objection.what }
                })?;
            }
        }
        Ok(())
    }

    /// The review policy of a task. A synthetic task changes nothing, so it waits for nobody.
    fn policy(&self, source: &DataSource, right: Right, arrival: Arrival<'_>) -> Policy {
        match arrival {
            Arrival::Synthetic { .. } => Policy::Auto,
            Arrival::Operator { .. } | Arrival::Delivery { .. } => source.review.of(right, &self.policies),
        }
    }

    /// Handles a delivery whose ticket can't be read. If the first delivery under its key had other content,
    /// records a conflict and returns the request that the first one made.
    ///
    /// # Errors
    /// When a port fails.
    pub async fn unreadable(
        &self,
        id: RequestId,
        arrival: Arrival<'_>,
    ) -> Result<Option<RequestId>, Failure> {
        let Some(mine) = self.delivery(id, arrival, None).await? else { return Ok(None) };
        match self.store.delivery(&mine.channel, &mine.key).await? {
            Some(first) if first.body != mine.body => {
                self.record_conflict(&first).await?;
                Ok(Some(first.request))
            }
            _ => Ok(None),
        }
    }

    async fn delivery(
        &self,
        id: RequestId,
        arrival: Arrival<'_>,
        demand: Option<&Demand>,
    ) -> Result<Option<Delivery>, Failure> {
        let content;
        let (channel, key, body) = match arrival {
            Arrival::Delivery { channel, key, body } => (channel, key, body),
            Arrival::Operator { key: Some(key), .. } => {
                content = demand.map(canonical).unwrap_or_default();
                (OPERATOR, key.as_bytes(), content.as_slice())
            }
            Arrival::Operator { key: None, .. } => return Ok(None),
            // Its body is its day too, so changed settings cause no conflict.
            Arrival::Synthetic { day } => (SYNTHETIC, day.as_bytes(), day.as_bytes()),
        };
        Ok(Some(Delivery {
            schema: Request::SCHEMA,
            channel: channel.to_owned(),
            key: delivery_key(self.tags, channel, key).await?,
            body: self.tags.tag("body", body).await?,
            request: id,
            received_at: self.clock.now(),
        }))
    }

    async fn request(
        &self,
        id: RequestId,
        demand: &Demand,
        arrival: Arrival<'_>,
        sources: &[DataSource],
        connected: Vec<SourceId>,
    ) -> Result<Request, AcceptError> {
        let is_asked = |id: &SourceId| sources.iter().any(|source| source.id == *id);
        let not_asked = connected.into_iter().filter(|id| !is_asked(id)).collect();
        let now = self.clock.now();
        let received_at = match demand.received_at {
            Some(given) => given.moment(&self.legal_zone, now)?,
            None => now,
        };
        let synthetic = matches!(arrival, Arrival::Synthetic { .. });
        let mut kinds: Vec<IdentifierKind> =
            demand.identifiers.iter().map(|one| one.kind().clone()).collect();
        kinds.sort();
        kinds.dedup();
        let subject = match demand.identifiers.iter().find(|one| *one.kind() == IdentifierKind::email()) {
            Some(email) => Some(email),
            None => demand.identifiers.first(),
        };
        let subject = match subject {
            Some(one) => Some(person_tag(self.tags, one).await?),
            None => None,
        };
        Ok(Request {
            schema: Request::SCHEMA,
            id,
            right: demand.right,
            state: RequestState::Open,
            revision: 0,
            policy: if synthetic { Policy::Auto } else { self.policies.of(demand.right) },
            dry_run: demand.dry_run || synthetic,
            synthetic,
            reference: demand.reference.clone(),
            origin: match arrival {
                Arrival::Operator { .. } => OPERATOR.to_owned(),
                Arrival::Delivery { channel, .. } => channel.to_owned(),
                Arrival::Synthetic { .. } => SYNTHETIC.to_owned(),
            },
            sources: sources.iter().map(|source| source.id.clone()).collect(),
            not_asked,
            identifier_kinds: kinds,
            identifiers: None,
            subject,
            received_at,
            arrived_at: Some(now).filter(|now| *now != received_at),
            legal_zone: self.legal_zone.clone(),
            due_at: self.legal_zone.months_after(received_at, 1),
            extension: None,
            escalation: None,
            attempt: 1,
            ended: Vec::new(),
            next_due: Some(now.plus_seconds(self.settings.grace_seconds)),
            outcome: None,
            closed_at: None,
            receipt_sha256: None,
            forget_at: None,
            forgotten_at: None,
            answer: None,
            reopened: 0,
            copy: None,
            repeats: None,
        })
    }

    /// Handles a demand whose key was delivered before.
    async fn again(
        &self,
        first: &Delivery,
        mine: &Delivery,
        arrival: Arrival<'_>,
    ) -> Result<Accepted, AcceptError> {
        if first.body != mine.body {
            self.record_conflict(first).await?;
            return Err(AcceptError::Conflict(first.request));
        }
        retry_stale(async || {
            let request =
                self.store.request(first.request).await?.ok_or(Failure::of(Code::RequestNotFound))?;
            let (RequestState::Closed, Some(outcome), Some(closed_at)) =
                (request.state, request.outcome, request.closed_at)
            else {
                return Ok(self.start(&request, false).await);
            };
            let now = self.clock.now();
            let last = request.repeats.map_or(first.received_at, |repeats| repeats.last_at);
            let repeated = now >= last.plus_seconds(REDELIVERY_SECONDS);
            if repeated {
                self.record_repeat(&request, first, arrival, now).await?;
            }
            let ended = Some(Ended { outcome, closed_at, repeated });
            Ok(Accepted { request: request.id, new: false, not_started: None, ended })
        })
        .await
    }

    /// Records the repeat beside the closed request's other duties: the receipt covers only what came before.
    async fn record_repeat(
        &self,
        request: &Request,
        first: &Delivery,
        arrival: Arrival<'_>,
        now: Time,
    ) -> Result<(), CommitError> {
        let times = request.repeats.map_or(0, |repeats| repeats.times).saturating_add(1);
        let repeats = Some(Repeats { times, last_at: now });
        let fact = Fact::DeliveryRepeated { channel: first.channel.clone(), by: actor(arrival) };
        let rows = vec![Row::Request(Request { repeats, ..request.clone() })];
        self.store.commit(Change { request: request.id, at: now, rows, facts: vec![fact] }).await
    }

    async fn record_conflict(&self, first: &Delivery) -> Result<(), Failure> {
        let change = Change {
            request: first.request,
            at: self.clock.now(),
            rows: Vec::new(),
            facts: vec![Fact::DeliveryConflict { channel: first.channel.clone() }],
        };
        match self.store.commit(change).await {
            Ok(()) | Err(CommitError::Stale) => Ok(()),
            Err(CommitError::Failed(failure)) => Err(failure),
        }
    }

    /// Starts the current attempt. A failure doesn't refuse the demand: it is stored, and reconciliation starts
    /// its workflow later.
    async fn start(&self, request: &Request, new: bool) -> Accepted {
        let started = self.workflow.start(request.id, request.attempt, &request.sources).await;
        Accepted { request: request.id, new, not_started: started.err(), ended: None }
    }
}

/// The digest under which a delivery is stored: of its channel and its key there.
pub(crate) async fn delivery_key(tags: &impl Tags, channel: &str, key: &[u8]) -> Result<Tag, Failure> {
    tags.tag("delivery", &[channel.as_bytes(), &[0], key].concat()).await
}

/// The objection to erasing a control: without its control, no look at the data source counts any more.
pub(crate) fn must_stay(source: &DataSource) -> String {
    format!("it is the control of {}, which must stay at the vendor: name another control first", source.id)
}

/// Whether the identifier is the data source's control.
pub(crate) fn is_control(source: &DataSource, identifier: &Identifier) -> bool {
    source
        .control
        .as_ref()
        .is_some_and(|control| control.kind == *identifier.kind() && identifier.matches(&control.value))
}

/// A demand as bytes. Two demands under one key are the same only if every part is equal.
fn canonical(demand: &Demand) -> Zeroizing<Vec<u8>> {
    let who: Vec<(&str, String)> =
        demand.identifiers.iter().map(|one| (one.kind().as_str(), one.comparable())).collect();
    let whole = (demand.right, &who, &demand.reference, demand.dry_run, &demand.sources);
    // Texts and flags always serialize. Demands without a day are digested as before the day existed.
    let bytes = match demand.received_at {
        Some(day) => serde_json::to_vec(&(whole, day)),
        None => serde_json::to_vec(&whole),
    };
    Zeroizing::new(bytes.unwrap_or_default())
}

/// The operator who sent the demand, if one did.
fn actor(arrival: Arrival<'_>) -> Option<Actor> {
    match arrival {
        Arrival::Operator { by, .. } => Some(by.clone()),
        Arrival::Delivery { .. } | Arrival::Synthetic { .. } => None,
    }
}

/// The channel of operators' requests.
const OPERATOR: &str = "operator";

/// The channel of synthetic requests.
const SYNTHETIC: &str = "synthetic";

fn received(request: &Request, by: Option<Actor>) -> Fact {
    Fact::Received {
        right: request.right,
        origin: request.origin.clone(),
        by,
        policy: request.policy,
        dry_run: request.dry_run,
        synthetic: request.synthetic,
        identifier_kinds: request.identifier_kinds.clone(),
        sources: request.sources.clone(),
        not_asked: request.not_asked.clone(),
        received_at: request.arrived_at.map(|_| request.received_at),
        due_at: request.due_at,
    }
}

/// The largest number of data sources for one request. The workflow's Map runs as many at a time, so a slow one
/// delays no other, and closing writes all of them in one change.
pub const MAX_SOURCES: usize = 40;

fn choose(all: &[DataSource], wanted: &[SourceId]) -> Result<Vec<DataSource>, AcceptError> {
    let mut chosen: Vec<DataSource> = if wanted.is_empty() {
        all.iter().filter(|source| source.enabled).cloned().collect()
    } else {
        wanted
            .iter()
            .map(|id| {
                let source = all
                    .iter()
                    .find(|source| source.id == *id)
                    .ok_or_else(|| AcceptError::UnknownSource(id.clone()))?;
                if source.enabled { Ok(source.clone()) } else { Err(AcceptError::DisabledSource(id.clone())) }
            })
            .collect::<Result<_, _>>()?
    };
    chosen.sort_by(|a, b| a.id.cmp(&b.id));
    chosen.dedup_by(|a, b| a.id == b.id);
    if chosen.is_empty() {
        return Err(AcceptError::NoSource);
    }
    if chosen.len() > MAX_SOURCES {
        return Err(AcceptError::TooManySources(chosen.len()));
    }
    Ok(chosen)
}

/// The tag of the person whom an identifier points at. A request has the tag of its first e-mail, or of its first
/// identifier if it names no e-mail.
///
/// # Errors
/// When the key service fails.
pub async fn person_tag(tags: &impl Tags, identifier: &Identifier) -> Result<Tag, Failure> {
    let content = Zeroizing::new(format!("{}\0{}", identifier.kind(), identifier.comparable()));
    tags.tag("subject", content.as_bytes()).await
}
