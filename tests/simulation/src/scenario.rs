//! Who demands what of which data sources, drawn from the seed.

use crate::fault::{Faults, Kind};
use crate::vendor::{Ground, SimVendor};
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, email, source};
use rightful_domain::identifier::Identifier;
use rightful_domain::operations::accept::Demand;
use rightful_domain::request::Right;
use rightful_domain::vendor::{Capabilities, RecordId};
use rightful_domain::waits::Waits;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A delivery of a ticketing system.
pub(crate) struct Webhook {
    /// What tells deliveries apart.
    pub(crate) key: String,
    pub(crate) body: String,
    pub(crate) person: usize,
    pub(crate) demand: Demand,
    /// When it is sent first, in seconds.
    pub(crate) after: u64,
}

/// All that is drawn before anything runs.
pub(crate) struct Scenario {
    pub(crate) vendors: BTreeMap<&'static str, Rc<SimVendor>>,
    pub(crate) people: Vec<Identifier>,
    pub(crate) webhooks: Vec<Webhook>,
    /// What tells the deliveries apart: one request for each.
    pub(crate) keys: BTreeSet<String>,
}

const SOURCES: [&str; 3] = ["crm", "mail", "shop"];
const PEOPLE: [&str; 2] = ["ana.canario@example.com", "bo.canario@example.com"];

/// Connects the vendors and draws the demands.
pub(crate) fn draw(world: &World, ground: &Rc<Ground>) -> Scenario {
    let dice = &ground.dice;
    let people: Vec<Identifier> = PEOPLE[..1 + dice.index(2)].iter().map(|address| email(address)).collect();
    let mut vendors = BTreeMap::new();
    for name in &SOURCES[..1 + dice.index(3)] {
        let capabilities = capabilities(ground);
        let work = [60, 600, 7200, 2 * 24 * 3600][dice.index(4)];
        let vendor = SimVendor::new(Rc::clone(ground), source(name), capabilities.call_timeout_seconds, work);
        let vendor = Rc::new(vendor);
        for (n, person) in people.iter().enumerate() {
            for record in 0..[0, 1, 2, 3, 4, 5, 6, 9][dice.index(8)] {
                let record = RecordId::new(format!("{name}-{n}-{record}"));
                ground.ledger.owns(record.clone(), n);
                vendor.keep(person, record);
            }
        }
        let script = Rc::clone(&vendor);
        world.connect(name).set(|state| {
            state.capabilities = capabilities;
            state.script = Some(script);
        });
        vendors.insert(*name, vendor);
    }
    let webhooks = webhooks(&ground.faults, &people);
    let keys = webhooks.iter().map(|webhook| webhook.key.clone()).collect();
    Scenario { vendors, people, webhooks, keys }
}

fn capabilities(ground: &Ground) -> Capabilities {
    let dice = &ground.dice;
    Capabilities {
        batch_size: [1, 2, 3, 100][dice.index(4)],
        status_waits: Waits { first_seconds: dice.within(2..=60), longest_seconds: 3600 },
        verify_waits: Waits { first_seconds: dice.within(5..=300), longest_seconds: 3600 },
        verify_looks: [2, 4, 6][dice.index(3)],
        search_tries: [5, 12][dice.index(2)],
        ..plain()
    }
}

fn webhooks(faults: &Faults, people: &[Identifier]) -> Vec<Webhook> {
    let dice = &faults.dice;
    let mut persons: Vec<usize> = (0..people.len()).collect();
    if faults.strike(Kind::SamePerson) {
        persons.push(dice.index(people.len()));
    }
    let mut webhooks = Vec::new();
    for (n, person) in persons.into_iter().enumerate() {
        let demand = Demand {
            right: Right::Erasure,
            identifiers: vec![people[person].clone()],
            reference: None,
            dry_run: dice.permille(80),
            sources: Vec::new(),
        };
        let key = format!("ticket-{n}");
        let send = |body: &str, after| Webhook {
            key: key.clone(),
            body: body.to_owned(),
            person,
            demand: demand.clone(),
            after,
        };
        let after = dice.below(1800);
        webhooks.push(send("first", after));
        if faults.strike(Kind::DuplicateWebhook) {
            webhooks.push(send("first", after + dice.below(2) * dice.below(7200)));
        }
        if faults.strike(Kind::ChangedWebhook) {
            webhooks.push(send("changed", after + dice.below(2) * dice.below(7200)));
        }
    }
    webhooks
}
