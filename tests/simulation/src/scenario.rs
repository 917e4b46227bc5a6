//! Who demands what of which data sources, drawn from the seed.

use crate::dice::Dice;
use crate::fault::{Faults, Kind};
use crate::vendor::{Ground, SimVendor};
use rightful_contract::catalogue::member;
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, email, source};
use rightful_domain::identifier::{Identifier, IdentifierKind};
use rightful_domain::operations::accept::Demand;
use rightful_domain::policy::{OwnPolicies, Policies, Policy};
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

/// A data subject.
#[derive(Clone)]
pub(crate) struct Person {
    /// Their place among the people.
    pub(crate) number: usize,
    pub(crate) email: Identifier,
    /// Another address of theirs.
    pub(crate) alias: Identifier,
    /// Their number at data sources that search by it.
    pub(crate) member: Identifier,
}

/// All that is drawn before anything runs.
pub(crate) struct Scenario {
    pub(crate) vendors: BTreeMap<&'static str, Rc<SimVendor>>,
    pub(crate) people: Vec<Person>,
    /// How many things each operator does as they please; none where nobody works with the deployment.
    pub(crate) staff: Option<u64>,
    pub(crate) webhooks: Vec<Webhook>,
    /// What tells the deliveries apart: one request for each.
    pub(crate) keys: BTreeSet<String>,
}

const SOURCES: [&str; 3] = ["crm", "mail", "shop"];
const PEOPLE: [(&str, &str, &str); 2] = [
    ("ana.canario@example.com", "ana.canario+old@example.com", "77001001"),
    ("bo.canario@example.com", "bo.canario+old@example.com", "77001002"),
];

/// Who decides unless a data source says otherwise. Mostly nobody, so that the way without a person is
/// run as often as ever.
pub(crate) fn policies(dice: &Dice) -> Policies {
    if dice.permille(650) {
        return Policies { erasure: Policy::Auto, access: Policy::Auto };
    }
    Policies { erasure: policy(dice), access: policy(dice) }
}

fn policy(dice: &Dice) -> Policy {
    [Policy::Always, Policy::Over(0), Policy::Over(2), Policy::Over(4), Policy::Auto][dice.index(5)]
}

/// Connects the vendors and draws the demands.
pub(crate) fn draw(world: &World, ground: &Rc<Ground>) -> Scenario {
    let dice = &ground.dice;
    let people: Vec<Person> = PEOPLE[..1 + dice.index(2)]
        .iter()
        .enumerate()
        .map(|(number, (address, alias, number_there))| Person {
            number,
            email: email(address),
            alias: email(alias),
            member: Identifier::new(member(), number_there).expect("a number"),
        })
        .collect();
    let mut vendors = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for name in &SOURCES[..1 + dice.index(3)] {
        let members = dice.permille(150);
        let capabilities = capabilities(ground, members);
        taken.extend(capabilities.identifiers.iter().cloned());
        let work = [60, 600, 7200, 2 * 24 * 3600][dice.index(4)];
        let vendor = SimVendor::new(Rc::clone(ground), source(name), capabilities.call_timeout_seconds, work);
        let vendor = Rc::new(vendor);
        for (n, person) in people.iter().enumerate() {
            for record in 0..[0, 1, 2, 3, 4, 5, 6, 9][dice.index(8)] {
                let record = RecordId::new(format!("{name}-{n}-{record}"));
                ground.ledger.owns(record.clone(), n);
                let whose = if members { &person.member } else { &person.email };
                vendor.keep(whose, record);
            }
            if dice.permille(200) {
                let record = RecordId::new(format!("{name}-{n}-alias"));
                ground.ledger.owns(record.clone(), n);
                vendor.keep(&person.alias, record);
            }
        }
        let script = Rc::clone(&vendor);
        world.connect(name).set(|state| {
            state.capabilities = capabilities;
            state.script = Some(script);
        });
        let own = OwnPolicies {
            erasure: dice.permille(150).then(|| policy(dice)),
            access: dice.permille(150).then(|| policy(dice)),
        };
        world.tamper_source(name, |row| {
            row.review = own;
            row.connector = if members { "members" } else { "plain" }.to_owned();
        });
        for right in [Right::Erasure, Right::Access] {
            ground.ledger.decides(&source(name), right, own.of(right, &world.policies));
        }
        vendors.insert(*name, vendor);
    }
    let webhooks = webhooks(&ground.faults, &people, &taken);
    let keys = webhooks.iter().map(|webhook| webhook.key.clone()).collect();
    let staff = dice.permille(600).then(|| [0, 3, 6, 12, 20][dice.index(5)]);
    Scenario { vendors, people, staff, webhooks, keys }
}

fn capabilities(ground: &Ground, members: bool) -> Capabilities {
    let dice = &ground.dice;
    let export = dice.permille(400).then(|| "the vendor's page".to_owned());
    let identifiers = if members { vec![member()] } else { plain().identifiers };
    Capabilities {
        identifiers,
        export,
        batch_size: [1, 2, 3, 100][dice.index(4)],
        status_waits: Waits { first_seconds: dice.within(2..=60), longest_seconds: 3600 },
        verify_waits: Waits { first_seconds: dice.within(5..=300), longest_seconds: 3600 },
        verify_looks: [2, 4, 6][dice.index(3)],
        search_tries: [5, 12][dice.index(2)],
        // Where the vendor's own approval may take long, a look that still finds the records tells nothing.
        unknown_repeats: !dice.permille(250),
        deadline_seconds: if dice.permille(200) { 6 * 3600 } else { plain().deadline_seconds },
        ..plain()
    }
}

/// The tickets: each names identifiers of the kinds that some vendor is searched by, because another is refused.
fn webhooks(faults: &Faults, people: &[Person], taken: &BTreeSet<IdentifierKind>) -> Vec<Webhook> {
    let dice = &faults.dice;
    let mut persons: Vec<usize> = (0..people.len()).collect();
    if faults.strike(Kind::SamePerson) {
        persons.push(dice.index(people.len()));
    }
    let mut webhooks = Vec::new();
    for (n, person) in persons.into_iter().enumerate() {
        let whole = dice.permille(500);
        let by_email = taken.contains(&IdentifierKind::email());
        let Person { email, member, .. } = &people[person];
        let email = by_email.then(|| email.clone());
        let member = (taken.contains(member.kind()) && (whole || !by_email)).then(|| member.clone());
        let demand = Demand {
            right: if dice.permille(300) { Right::Access } else { Right::Erasure },
            identifiers: email.into_iter().chain(member).collect(),
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
