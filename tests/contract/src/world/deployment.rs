//! A deployment in memory, and the data sources that it connects.

use crate::clock::TestClock;
use crate::copies::CopyBucket;
use crate::gate::Gate;
use crate::keys::{KeyTable, TagKey};
use crate::receipts::ReceiptBucket;
use crate::rows;
use crate::signer::SigningKey;
use crate::store::Store;
use crate::table::Table;
use crate::tickets::FakeTickets;
use crate::vendor::{CONTROL, FakeVendor, FakeVendors};
use crate::workflow::StateMachine;
use crate::world::made::a_source;
use crate::world::names::source;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::time::Time;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::operations::load::Settings;
use rightful_domain::ports::clock::Clock;
use std::cell::Cell;
use std::rc::Rc;

/// A deployment in memory.
#[derive(Debug)]
pub struct World {
    /// The gate that stops workers.
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
    /// The written secrets.
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
    pub(super) calls: Cell<u32>,
}

/// More calls of functions than any test needs, so that an endless loop fails.
pub(super) const MOST_CALLS: u32 = 50_000;

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

    /// Connects a data source, and returns the vendor behind it.
    pub fn connect(&self, name: &str) -> FakeVendor {
        self.put_source(name, true);
        self.vendors.vendor(&source(name))
    }

    /// Writes a data source's row, with a control.
    pub fn put_source(&self, name: &str, enabled: bool) {
        self.change_source(name, enabled, |_| {});
    }

    /// The same, with a change of the row.
    pub fn change_source(&self, name: &str, enabled: bool, change: impl FnOnce(&mut DataSource)) {
        let control = Some(Control { kind: IdentifierKind::email(), value: CONTROL.to_owned() });
        let mut row = DataSource { enabled, control, revision: 1, ..a_source(name, self.now()) };
        change(&mut row);
        let item = rows::item(&row, 1, 0).expect("a row");
        self.store.table().set(rows::source_key(&row.id), Some(item));
    }
}
