//! Everything together: a deployment in memory, and each operation as its handler calls it.
#![allow(clippy::expect_used, reason = "test equipment: when it is broken, the test shall stop there")]

use crate::catalogue::FakeCatalogue;
use crate::clock::TestClock;
use crate::copies::{CopyBucket, PlainPacker};
use crate::gate::Gate;
use crate::keys::{KeyTable, TagKey};
use crate::receipts::ReceiptBucket;
use crate::rows;
use crate::signer::SigningKey;
use crate::store::Store;
use crate::table::{Table, Write};
use crate::tickets::FakeTickets;
use crate::vendor::{CONTROL, FakeVendor, FakeVendors};
use crate::workflow::StateMachine;
use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::documents::receipt::Issuer;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::law::ground::Ground;
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
use rightful_domain::model::request::{EndStatus, Request};
use rightful_domain::model::rule::Rule;
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::operations::accept::{Accept, AcceptError, Accepted, Arrival, Demand};
use rightful_domain::operations::close::closing::{Close, Closing};
use rightful_domain::operations::fulfil::look::Verify;
use rightful_domain::operations::fulfil::park::Park;
use rightful_domain::operations::fulfil::search::Find;
use rightful_domain::operations::fulfil::status::Check;
use rightful_domain::operations::fulfil::submit::Submit;
use rightful_domain::operations::load::Settings;
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::{ActError, Again};
use rightful_domain::operations::person::extend::{Extend, ExtendError, Extended};
use rightful_domain::operations::person::review::{Review, ReviewError, Reviewed, Reviewing, Seen};
use rightful_domain::operations::person::see::{
    Compare, CopyLink, GivenReason, Link, Look, Reasons, RecordPage, Records, ShowError,
};
use rightful_domain::operations::reconcile::ended::{Ended, Ending, Marking};
use rightful_domain::operations::reconcile::run::{Reconcile, Run};
use rightful_domain::operations::set_up::SettingUp;
use rightful_domain::operations::step::Step;
use rightful_domain::ports::clock::Clock;
use rightful_domain::ports::vendors::Compares;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use uuid::Uuid;

/// The person that every test is about: found nowhere but where she may be.
pub const CANARY: &str = "Ana.Canario+x@example.com";

/// How many seconds a handler has.
pub const HANDLER_SECONDS: u64 = 80;
/// How many seconds the handler `close` has.
pub const CLOSE_SECONDS: u64 = 60;
/// How many seconds one run of the reconciliation has.
pub const RECONCILE_SECONDS: u64 = 600;

/// A deployment in memory.
#[derive(Debug)]
pub struct World {
    /// Where workers are stopped.
    pub gate: Gate,
    /// The time.
    pub clock: TestClock,
    /// The store.
    pub store: Store,
    /// The data keys.
    pub keys: KeyTable,
    /// The tag key.
    pub tags: TagKey,
    /// The vendors.
    pub vendors: FakeVendors,
    /// The workflow service.
    pub workflow: StateMachine,
    /// The signing key.
    pub signer: SigningKey,
    /// The bucket.
    pub receipts: ReceiptBucket,
    /// The kept copies.
    pub copies: CopyBucket,
    /// The secrets that were written.
    pub secrets: crate::secrets::Vault,
    /// The ticketing system.
    pub tickets: FakeTickets,
    /// The settings of every operation.
    pub settings: Settings,
    /// How long failed requests are remembered.
    pub forget_after_days: u32,
    /// How long copies are kept.
    pub copy_days: u32,
    /// Who decides.
    pub policies: Policies,
    /// The time zone of the law's days and months.
    pub legal_zone: LegalZone,
    calls: Cell<u32>,
}

/// More calls of functions than any test needs: what loops for ever shall fail instead.
const MOST_CALLS: u32 = 50_000;

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty deployment on 21 November 2026.
    #[must_use]
    pub fn new() -> Self {
        let gate = Gate::default();
        let clock = TestClock::at(Time::parse("2026-11-21T09:30:00Z").expect("a time"));
        let table = Rc::new(Table::default());
        Self {
            store: Store::new(Rc::clone(&table), gate.clone()),
            keys: KeyTable::new(table, gate.clone()).expect("32 bytes"),
            tags: TagKey::new(gate.clone()),
            vendors: FakeVendors::new(gate.clone(), clock.clone()),
            workflow: StateMachine::new(gate.clone()),
            signer: SigningKey::new(gate.clone(), "receipts-1", [9; 32]).expect("a seed"),
            receipts: ReceiptBucket::new(gate.clone()),
            copies: CopyBucket::new(gate.clone()),
            secrets: crate::secrets::Vault::new(gate.clone()),
            tickets: FakeTickets::new(gate.clone(), clock.clone()),
            settings: Settings { grace_seconds: 300 },
            forget_after_days: 30,
            copy_days: 30,
            policies: Policies { erasure: Policy::Auto, access: Policy::Auto },
            legal_zone: LegalZone::default(),
            calls: Cell::new(0),
            gate,
            clock,
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Connects a data source, and gives the vendor behind it.
    pub fn connect(&self, name: &str) -> FakeVendor {
        self.put_source(name, true);
        self.vendors.vendor(&source(name))
    }

    /// Writes a data source's row: it has a control.
    pub fn put_source(&self, name: &str, enabled: bool) {
        self.change_source(name, enabled, |_| {});
    }

    /// The same, with a change of the row.
    pub fn change_source(&self, name: &str, enabled: bool, change: impl FnOnce(&mut DataSource)) {
        let mut row = DataSource {
            schema: 1,
            id: source(name),
            connector: "plain".to_owned(),
            params: BTreeMap::new(),
            enabled,
            review: OwnPolicies::default(),
            control: Some(Control { kind: IdentifierKind::email(), value: CONTROL.to_owned() }),
            revision: 1,
            created_at: self.now(),
        };
        change(&mut row);
        let item = rows::item(&row, 1, 0).expect("a row");
        self.store.table().set(rows::source_key(&row.id), Some(item));
    }

    /// Takes in an operator's demand for request `n`.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn demand(&self, n: u16, demand: &Demand) -> Result<Accepted, AcceptError> {
        self.accept(n, demand, Arrival::Operator { by: &ann(), key: None }).await
    }

    /// Takes in a demand for request `n`.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept(
        &self,
        n: u16,
        demand: &Demand,
        arrival: Arrival<'_>,
    ) -> Result<Accepted, AcceptError> {
        self.accepting().run(request_id(n), demand, arrival).await
    }

    /// Makes the day's synthetic request, as number `n` unless it is made already.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn synthetic(&self, n: u16, address: &str, sources: &[&str]) -> Result<Accepted, AcceptError> {
        let sources = sources.iter().map(|name| source(name)).collect();
        self.accepting().synthetic(request_id(n), email(address), sources).await
    }

    fn accepting(&self) -> Accept<'_, Store, KeyTable, TagKey, StateMachine, FakeCatalogue, TestClock> {
        Accept {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            workflow: &self.workflow,
            catalogue: &FakeCatalogue,
            clock: &self.clock,
            settings: self.settings,
            policies: self.policies,
            legal_zone: self.legal_zone.clone(),
        }
    }

    fn finds(&self) -> Find<'_, Store, KeyTable, TagKey, FakeVendors, TestClock> {
        Find {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        }
    }

    /// Calls the handler `search` to find.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn find(&self, at: &TaskRef) -> Result<Step, Failure> {
        self.passed(at, self.finds().run(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `search` to try a data source out.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn test_source(&self, name: &str) -> Result<(), Failure> {
        self.finds().test(&source(name), self.now().plus_seconds(HANDLER_SECONDS)).await
    }

    /// Calls the handler `submit`.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn submit(&self, at: &TaskRef) -> Result<Step, Failure> {
        let submit = Submit {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            vendors: &self.vendors,
            copies: &self.copies,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, submit.run(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `status-check`.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn check(&self, at: &TaskRef) -> Result<Step, Failure> {
        let check = Check {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, check.run(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `search` to look again.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn verify(&self, at: &TaskRef) -> Result<Step, Failure> {
        let verify = Verify {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, verify.run(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `close`.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn close(&self, id: RequestId) -> Result<Closing, Failure> {
        self.close_within(id, CLOSE_SECONDS).await
    }

    /// Calls the handler `close` when it has only so many seconds left.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn close_within(&self, id: RequestId, seconds: u64) -> Result<Closing, Failure> {
        let close = Close {
            store: &self.store,
            keys: &self.keys,
            forgets: &self.keys,
            signer: &self.signer,
            receipts: &self.receipts,
            copies: &self.copies,
            packer: &PlainPacker,
            tickets: &self.tickets,
            clock: &self.clock,
            settings: self.settings,
            forget_after_days: self.forget_after_days,
            copy_days: self.copy_days,
            issuer: Issuer { stage: "test".to_owned(), sandbox: true },
        };
        let closing = close.run(id, self.now().plus_seconds(seconds)).await?;
        self.workflow.pass(&closing)?;
        Ok(closing)
    }

    /// Calls the handler `reconcile`.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn reconcile(&self) -> Result<Run, Failure> {
        let reconcile = Reconcile {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        };
        let run = reconcile.run(self.now().plus_seconds(RECONCILE_SECONDS)).await?;
        self.workflow.pass(&run)?;
        Ok(run)
    }

    /// Calls the handler `reconcile` with the end of an execution; `source` names that of a task.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn ended(
        &self,
        request: RequestId,
        attempt: u32,
        source: Option<&str>,
        status: EndStatus,
    ) -> Result<Marking, Failure> {
        let ended = Ended { store: &self.store, clock: &self.clock, settings: self.settings };
        let source = source.map(crate::world::source);
        let marking = ended.run(&Ending { request, attempt, source, status }).await?;
        self.workflow.pass(&marking)?;
        Ok(marking)
    }

    /// Extends a request's legal deadline, as an operator does.
    ///
    /// # Errors
    /// [`ExtendError`].
    pub async fn extend(&self, id: RequestId, months: u8, ground: Ground) -> Result<Extended, ExtendError> {
        Extend { store: &self.store, clock: &self.clock }.run(id, months, ground, &ann()).await
    }

    /// Calls the handler `review` with the token of an execution that waits.
    ///
    /// # Errors
    /// What the handler answers.
    pub async fn park(&self, at: &TaskRef, token: &str) -> Result<Step, Failure> {
        let park =
            Park { store: &self.store, tokens: &self.workflow, clock: &self.clock, settings: self.settings };
        self.passed(at, park.run(at, token).await)
    }

    /// Reviews as a person does: what they were shown.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub async fn review(
        &self,
        id: RequestId,
        reviewing: &Reviewing,
        by: &Actor,
    ) -> Result<Reviewed, ReviewError> {
        let review = Review {
            store: &self.store,
            keys: &self.keys,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        };
        review.run(id, reviewing, by).await
    }

    /// A review of all that waits for one, as it stands now, with all of it confirmed.
    #[must_use]
    pub fn reviewing(&self, id: RequestId, ruling: Ruling) -> Reviewing {
        let waits = |task: &Task| {
            task.state == TaskState::AwaitingReview
                && (task.wants_identifier() == (ruling == Ruling::LeaveOut))
        };
        let sources = self.tasks(id).into_iter().filter(waits).map(|task| Seen::all_of(&task)).collect();
        Reviewing { sources, ruling, reason: "seen with the customer's file".to_owned() }
    }

    /// What an operator does to a request.
    #[must_use]
    pub fn again(&self) -> Again<'_, Store, KeyTable, StateMachine, TestClock> {
        Again {
            store: &self.store,
            keys: &self.keys,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        }
    }

    /// Gives a data source an identifier.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn identify(&self, at: &TaskRef, identifier: &Identifier) -> Result<Acted, ActError> {
        self.again().identify(at, identifier, &FakeCatalogue, &ann()).await
    }

    /// Shows an operator which records were found.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn records(&self, at: &TaskRef, from: u32, most: u32) -> Result<RecordPage, ShowError> {
        Records { store: &self.store, keys: &self.keys, clock: &self.clock }.run(at, from, most, &ann()).await
    }

    /// Shows an operator what the vendor shows now.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn compare(&self, at: &TaskRef, from: u32, most: u32) -> Result<ComparisonView, ShowError> {
        Compare { store: &self.store, keys: &self.keys, looks: self, clock: &self.clock }
            .run(at, from, most, &ann())
            .await
    }

    /// Shows an operator why somebody decided as they did.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn reasons(&self, id: RequestId) -> Result<Vec<GivenReason>, ShowError> {
        Reasons { store: &self.store, keys: &self.keys, clock: &self.clock }.run(id, &ann()).await
    }

    /// A link to a copy.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn link(&self, id: RequestId) -> Result<Link, ShowError> {
        let link = CopyLink { store: &self.store, links: &self.copies, clock: &self.clock, seconds: 900 };
        link.run(id, &ann()).await
    }

    /// Sets up data sources.
    #[must_use]
    pub fn setting_up(&self) -> SettingUp<'_, Store, crate::secrets::Vault, FakeCatalogue, TestClock> {
        SettingUp {
            store: &self.store,
            secrets: &self.secrets,
            catalogue: &FakeCatalogue,
            clock: &self.clock,
        }
    }

    /// Changes a data source's row by hand.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper_source(&self, name: &str, change: impl FnOnce(&mut DataSource)) {
        let key = rows::source_key(&source(name));
        let mut row: DataSource =
            rows::read(&self.store.table().row(&key.0, &key.1).expect("a source")).expect("a source's row");
        change(&mut row);
        let revision = row.revision;
        self.store.table().set(key, Some(rows::item(&row, revision, 0).expect("a row")));
    }

    fn passed(&self, at: &TaskRef, answer: Result<Step, Failure>) -> Result<Step, Failure> {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() < MOST_CALLS, "the operations never come to an end");
        self.workflow.pass(at)?;
        let step = answer?;
        self.workflow.pass(&step)?;
        Ok(step)
    }

    /// The stored request.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Request {
        let item = self.store.table().row(&rows::request_pk(id), "REQUEST").expect("a request");
        rows::read(&item).expect("a request's row")
    }

    /// The stored task.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn task(&self, at: &TaskRef) -> Task {
        let item = self.store.table().row(&rows::request_pk(at.request_id), &rows::task_sk(&at.source_id));
        rows::read(&item.expect("a task")).expect("a task's row")
    }

    /// The stored tasks of a request.
    ///
    /// # Panics
    /// When one is unreadable.
    #[must_use]
    pub fn tasks(&self, id: RequestId) -> Vec<Task> {
        let rows = self.store.table().query(&rows::request_pk(id), "TASK#");
        rows.iter().map(|item| rows::read(item).expect("a task's row")).collect()
    }

    /// The stored rules of a task.
    ///
    /// # Panics
    /// When one is unreadable.
    #[must_use]
    pub fn rules(&self, at: &TaskRef) -> Vec<Rule> {
        self.store.rules_now(at.request_id, &at.source_id).expect("rules")
    }

    /// The request's events, after checking that their chain holds and that its head is the stored one.
    ///
    /// # Panics
    /// When the chain is broken.
    #[must_use]
    pub fn facts(&self, id: RequestId) -> Vec<Fact> {
        let pk = rows::request_pk(id);
        let events: Vec<Vec<u8>> =
            self.store.table().query(&pk, "EVENT#").into_iter().map(|item| item.body).collect();
        let (head, facts) = read_chain(id, &events).expect("a whole chain");
        let stored = self.store.table().row(&pk, "HEAD").expect("a head");
        assert_eq!(head, rows::read(&stored).expect("a head's row"), "the head is that of the last event");
        facts.into_iter().map(|(_, fact)| fact).collect()
    }

    /// The earliest time in the due index.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.store.table().least("next_due").and_then(|at| Time::parse(&at).ok())
    }

    /// Changes a stored request by hand: for tampering.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper_request(&self, id: RequestId, change: impl FnOnce(&mut Request)) {
        let mut request = self.request(id);
        change(&mut request);
        let revision = request.revision;
        request.revision -= 1;
        let Write::Put(key, item, _) = rows::request(&request, 0).expect("a row") else { return };
        assert_eq!(item.revision, revision, "the same revision");
        self.store.table().set(key, Some(item));
    }

    /// Changes a stored task by hand: for tampering.
    ///
    /// # Panics
    /// When it is not there.
    pub fn tamper(&self, at: &TaskRef, change: impl FnOnce(&mut Task)) {
        let mut task = self.task(at);
        change(&mut task);
        let revision = task.revision;
        task.revision -= 1;
        let Write::Put(key, item, _) = rows::task(&task, 0).expect("a row") else { return };
        assert_eq!(item.revision, revision, "the same revision");
        self.store.table().set(key, Some(item));
    }
}

/// The function `search`, as the console calls it to have a vendor asked.
impl Compares for World {
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure> {
        let look = Look { store: &self.store, keys: &self.keys, vendors: &self.vendors, clock: &self.clock };
        let looked = look.run(at, from, most, self.now().plus_seconds(HANDLER_SECONDS)).await;
        Ok(looked.map_err(|failure| failure.code.to_owned()))
    }
}

/// Request number `n`: its id, in the shard `n` modulo 8.
#[must_use]
pub fn request_id(n: u16) -> RequestId {
    let mut bytes = *Uuid::from_u128(0x019a_a6e0_5c1f_7000_8000_0000_0000_0000).as_bytes();
    bytes[14..].copy_from_slice(&n.to_be_bytes());
    RequestId::new(Uuid::from_bytes(bytes))
}

/// The operator who does whatever an operator does.
///
/// # Panics
/// Never: the name is good.
#[must_use]
pub fn ann() -> Actor {
    Actor::parse("arn:aws:iam::111122223333:user/ann").expect("a name")
}

/// A data source's id.
///
/// # Panics
/// When it is no name of one.
#[must_use]
pub fn source(name: &str) -> SourceId {
    SourceId::parse(name).expect("a source id")
}

/// A task of request `n`.
#[must_use]
pub fn task_of(n: u16, name: &str) -> TaskRef {
    TaskRef { request_id: request_id(n), source_id: source(name) }
}

/// The identifiers of a person with this address.
///
/// # Panics
/// When it is no address.
#[must_use]
pub fn email(address: &str) -> Identifier {
    Identifier::new(IdentifierKind::email(), address).expect("an e-mail address")
}

/// The demand that the person with this address be erased everywhere.
#[must_use]
pub fn erasure_of(address: &str) -> Demand {
    Demand { identifiers: vec![email(address)], ..erasure() }
}

/// The demand that the canary be erased everywhere.
#[must_use]
pub fn erasure() -> Demand {
    Demand {
        right: Right::Erasure,
        identifiers: vec![email(CANARY)],
        reference: None,
        dry_run: false,
        sources: Vec::new(),
        received_at: None,
    }
}
