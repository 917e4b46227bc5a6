//! The people, their demands and the data sources, drawn from the seed.

use crate::dice::Dice;
use crate::fault::{Faults, Kind};
use crate::sabotage::Mend;
use crate::vendor::{Ground, Habits, SimVendor};
use rightful_contract::catalogue::member;
use rightful_contract::vendor::plain;
use rightful_contract::world::{World, email, source};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::time::Time;
use rightful_domain::base::waits::Waits;
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
use rightful_domain::model::source::Control;
use rightful_domain::operations::accept::Demand;
use rightful_domain::vendor::call_limits::{CallLimits, Rate};
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::record::RecordId;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A delivery of a ticketing system.
pub(crate) struct Webhook {
    /// The key of a delivery.
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

/// Everything drawn before the run begins.
pub(crate) struct Scenario {
    pub(crate) vendors: BTreeMap<&'static str, Rc<SimVendor>>,
    /// The vendors behind the other host of each data source.
    pub(crate) moved: BTreeMap<&'static str, Rc<SimVendor>>,
    pub(crate) people: Vec<Person>,
    /// How many acts each operator does at will; `None` if nobody works with the deployment.
    pub(crate) staff: Option<u64>,
    pub(crate) webhooks: Vec<Webhook>,
    /// The keys of the deliveries: one request for each.
    pub(crate) keys: BTreeSet<String>,
}

const SOURCES: [&str; 3] = ["crm", "mail", "shop"];
/// An address as the ticket gives it, another one of the same person, a number. The first address has
/// more spellings than one.
const PEOPLE: [(&str, &str, &str); 2] = [
    ("Ana.Canario@Example.com", "ana.canario+old@example.com", "77001001"),
    ("bo.canario@Example.com", "bo.canario+old@example.com", "77001002"),
];
/// The control, whose record the searches find.
const CONTROL: (&str, &str) = ("control@example.com", "77000000");
/// The other host that a data source may point at.
pub(crate) const OTHER_HOST: &str = "b.example.com";
/// People behind the other host without a request have numbers from here on.
const STRANGERS: usize = 100;

/// The deployment's review policy. It is mostly automatic, so that runs without a person stay frequent.
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
    let (mut vendors, mut moved) = (BTreeMap::new(), BTreeMap::new());
    let mut taken = BTreeSet::new();
    for name in &SOURCES[..1 + dice.index(3)] {
        let members = dice.permille(150);
        let control = dice.permille(500).then(|| control(members));
        let mut capabilities = capabilities(ground, members);
        taken.extend(capabilities.identifiers.iter().cloned());
        let exact = !members && spells() && ground.faults.strike(Kind::Exact);
        if exact {
            capabilities.ignores_case = Vec::new();
        }
        let habits = Habits {
            timeout_seconds: capabilities.call_timeout_seconds,
            work_seconds: [60, 600, 7200, 2 * 24 * 3600][dice.index(4)],
            exact,
            cut: ground.faults.strike(Kind::CutSilently).then(|| 1 + dice.index(3)),
            control: control.as_ref().map(identifier_of),
            rate: capabilities.call_limits.rate,
        };
        if ground.is_without(Mend::Spellings) {
            capabilities.ignores_case = plain().ignores_case;
        }
        if ground.is_without(Mend::RefusedTries) {
            capabilities.search_tries = 1;
        }
        let behind =
            |vendor: String| Rc::new(SimVendor::new(Rc::clone(ground), source(name), vendor, habits.clone()));
        let (vendor, other) = (behind((*name).to_owned()), behind(format!("{name}-moved")));
        for (n, person) in people.iter().enumerate() {
            let spelled = spelling(dice, &person.email, exact);
            let whose = if members { &person.member } else { &spelled };
            vendor.knows(n, whose.clone());
            other.knows(n, whose.clone());
            ground.ledger.is_known_as(&person.alias, n);
            let records = [0, 1, 2, 3, 4, 5, 6, 9][dice.index(8)];
            for record in 0..records {
                vendor.keep(whose, n, RecordId::new(format!("{name}-{n}-{record}")));
                // The same ids are other people's behind the other host, and now and then the person's own.
                let own = dice.permille(200);
                let (key, owner) = if own { (whose.clone(), n) } else { (stranger(n), STRANGERS + n) };
                other.keep(&key, owner, RecordId::new(format!("{name}-{n}-{record}")));
            }
            if dice.permille(200) {
                vendor.keep(&person.alias, n, RecordId::new(format!("{name}-{n}-alias")));
            }
        }
        world.connect(name);
        for (host, vendor) in [(None, &vendor), (Some(OTHER_HOST), &other)] {
            let script = Rc::clone(vendor);
            world.vendors.at(&source(name), host).set(|state| {
                state.capabilities = capabilities.clone();
                state.script = Some(script);
            });
        }
        let own = OwnPolicies {
            erasure: dice.permille(150).then(|| policy(dice)),
            access: dice.permille(150).then(|| policy(dice)),
        };
        world.tamper_source(name, |row| {
            row.review = own;
            row.control = control.filter(|_| !ground.is_without(Mend::Control));
            row.connector = if members { "members" } else { "plain" }.to_owned();
        });
        for right in [Right::Erasure, Right::Access] {
            ground.ledger.decides(&source(name), right, own.of(right, &world.policies));
        }
        vendors.insert(*name, vendor);
        moved.insert(*name, other);
    }
    let webhooks = webhooks(&ground.faults, &people, &taken);
    let keys = webhooks.iter().map(|webhook| webhook.key.clone()).collect();
    let staff = dice.permille(600).then(|| [0, 3, 6, 12, 20][dice.index(5)]);
    Scenario { vendors, moved, people, staff, webhooks, keys }
}

fn control(members: bool) -> Control {
    let (kind, value) = if members { (member(), CONTROL.1) } else { (IdentifierKind::email(), CONTROL.0) };
    Control { kind, value: value.to_owned() }
}

fn identifier_of(control: &Control) -> Identifier {
    Identifier::new(control.kind.clone(), &control.value).expect("an identifier")
}

/// Whether the search uses more spellings of an address than the given one. If not, no vendor that compares
/// byte by byte may be drawn: nobody would find the person there.
#[must_use]
pub fn spells() -> bool {
    email(PEOPLE[0].0).spellings().len() > 1
}

/// A vendor's spelling of the person: any that the product treats as equal.
fn spelling(dice: &Dice, given: &Identifier, exact: bool) -> Identifier {
    // These are among the spellings of every way to write it in a request; nobody can guess other capitals.
    let mut all = given.spellings();
    all.retain(|one| one.expose() == one.expose().to_lowercase());
    if exact && !all.is_empty() { all[dice.index(all.len())].clone() } else { given.clone() }
}

/// A person without a request.
fn stranger(n: usize) -> Identifier {
    email(&format!("stranger-{n}@example.com"))
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
        // If the vendor's own approval may take long, a look that still finds the records proves nothing.
        unknown_repeats: !dice.permille(250),
        deadline_seconds: if dice.permille(200) { 6 * 3600 } else { plain().deadline_seconds },
        call_limits: CallLimits { rate: rate(dice), ..CallLimits::default() },
        ..plain()
    }
}

/// Half of the vendors have such a rate.
fn rate(dice: &Dice) -> Option<Rate> {
    let (calls, per_seconds, burst) = [(60, 60, 1), (12, 60, 1), (30, 60, 3), (2, 60, 1)][dice.index(4)];
    dice.permille(500).then_some(Rate { calls, per_seconds, burst })
}

/// The tickets: each names only identifiers of kinds that some vendor is searched by; others are refused.
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
            received_at: None,
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

/// In some seeds a person asked long before their demand arrives. The law wants an answer a month after the
/// question, so this date comes at any time of the handling, or before it. Drawn from separate dice, so that
/// a seed draws everything else as before.
pub(crate) fn asked_earlier(webhooks: &mut [Webhook], dice: &Dice, now: Time) {
    const DAY: u64 = 24 * 3600;
    for n in 0..webhooks.len() {
        let seconds = [3, 26, 28, 29, 30, 31, 45, 300][dice.index(8)] * DAY + dice.below(DAY);
        let asked = dice.permille(250).then(|| ReceivedAt::At(now.minus_seconds(seconds)));
        // A repeated delivery says the same.
        let first = webhooks[..n].iter().find(|first| first.key == webhooks[n].key);
        webhooks[n].demand.received_at = first.map_or(asked, |first| first.demand.received_at);
    }
}
