//! Looks at the store after every step: what may change, what may only grow, what may never be.

use crate::ledger::Ledger;
use crate::vendor::SimVendor;
use rightful_contract::rows;
use rightful_contract::world::World;
use rightful_domain::event::read_chain;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::operations::TaskRef;
use rightful_domain::receipt::verify;
use rightful_domain::request::{Delivery, Request, RequestOutcome, RequestState};
use rightful_domain::task::{Outcome, Rule, RuleState, Task, TaskState};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What was seen of a request last.
struct Seen {
    request: Request,
    tasks: BTreeMap<SourceId, Task>,
    rules: BTreeMap<(SourceId, u32), Rule>,
    events: Vec<Vec<u8>>,
    receipt: Option<Vec<u8>>,
    /// The greatest fence of an intent, for each data source.
    fences: BTreeMap<SourceId, u64>,
}

/// Looks at every change.
#[derive(Default)]
pub(crate) struct Watch {
    seen: BTreeMap<RequestId, Seen>,
}

impl Watch {
    /// The requests that are there.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&Request, &BTreeMap<SourceId, Task>)> {
        self.seen.values().map(|seen| (&seen.request, &seen.tasks))
    }

    /// Every task that is there.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.seen.values().flat_map(|seen| seen.tasks.values())
    }

    /// Looks at what has changed since the last look.
    pub(crate) fn look(
        &mut self,
        world: &World,
        ledger: &Ledger,
        vendors: &BTreeMap<&'static str, Rc<SimVendor>>,
    ) {
        let changed = world.store.table().take_changed();
        let mut ids: BTreeSet<RequestId> = BTreeSet::new();
        for pk in &changed {
            ids.extend(pk.strip_prefix("REQUEST#").and_then(|id| RequestId::parse(id).ok()));
        }
        for id in ids {
            let now = read(world, id);
            let before = self.seen.remove(&id);
            if before.is_none() {
                made_by_one_delivery(world, ledger, &now.request);
            }
            let looker = Looker { ledger, vendors, now: &now };
            looker.request(before.as_ref());
            looker.events(before.as_ref());
            for task in now.tasks.values() {
                looker.task(before.as_ref().and_then(|seen| seen.tasks.get(&task.source)), task);
            }
            let mut fences = before.as_ref().map(|seen| seen.fences.clone()).unwrap_or_default();
            for (key, rule) in &now.rules {
                looker.rule(before.as_ref().and_then(|seen| seen.rules.get(key)), rule, &mut fences);
            }
            self.seen.insert(id, Seen { fences, ..now });
        }
    }

    /// What holds when all has come to its end.
    pub(crate) fn at_the_end(&self, world: &World, ledger: &Ledger, keys: &BTreeSet<String>) {
        let rows = world.store.table().all();
        let deliveries = rows.iter().filter(|((pk, _), _)| pk.starts_with("DELIVERY#")).count();
        ledger.holds(6, deliveries == keys.len() && self.seen.len() == keys.len(), || {
            format!("{} deliveries made {} requests ({deliveries} recorded)", keys.len(), self.seen.len())
        });
        for (id, seen) in &self.seen {
            let pk = rows::request_pk(*id);
            let chain = read_chain(*id, &seen.events);
            let head = world.store.table().row(&pk, "HEAD").and_then(|item| rows::read(&item).ok());
            ledger.holds(6, chain.is_ok_and(|(last, _)| Some(last) == head), || {
                "the chain of events is broken, or its head is not that of the last event".to_owned()
            });
            if seen.request.state == RequestState::Closed {
                receipt_verifies(world, ledger, &seen.request);
            }
        }
    }
}

/// A closed request's receipt verifies, says what the store says, and not with one byte changed.
fn receipt_verifies(world: &World, ledger: &Ledger, request: &Request) {
    let keys = [world.signer.public()];
    let Some(mut file) = world.receipts.file(request.id) else {
        return ledger.breaks(7, "a closed request without a receipt");
    };
    match verify(&file, &keys) {
        Ok(statement) => ledger.holds(7, Some(statement.outcome) == request.outcome, || {
            "a receipt with another outcome than its request".to_owned()
        }),
        Err(error) => ledger.breaks(7, format!("a receipt doesn't verify: {error}")),
    }
    let middle = file.len() / 2;
    file[middle] ^= 1;
    ledger.holds(7, verify(&file, &keys).is_err(), || "a changed receipt verifies".to_owned());
}

fn read(world: &World, id: RequestId) -> Seen {
    let table = world.store.table();
    let pk = rows::request_pk(id);
    let request = rows::read(&table.row(&pk, "REQUEST").expect("a request")).expect("a request's row");
    let tasks: Vec<Task> =
        table.query(&pk, "TASK#").iter().map(|item| rows::read(item).expect("a task's row")).collect();
    let rules: Vec<Rule> =
        table.query(&pk, "RULE#").iter().map(|item| rows::read(item).expect("a rule's row")).collect();
    Seen {
        request,
        tasks: tasks.into_iter().map(|task| (task.source.clone(), task)).collect(),
        rules: rules.into_iter().map(|rule| ((rule.source.clone(), rule.batch), rule)).collect(),
        events: table.query(&pk, "EVENT#").into_iter().map(|item| item.body).collect(),
        receipt: world.receipts.file(id),
        fences: BTreeMap::new(),
    }
}

/// Each request has its own delivery, which names it.
fn made_by_one_delivery(world: &World, ledger: &Ledger, request: &Request) {
    let rows = world.store.table().all();
    let deliveries = rows.iter().filter(|((pk, _), _)| pk.starts_with("DELIVERY#"));
    let naming = deliveries
        .filter_map(|(_, item)| rows::read::<Delivery>(item).ok())
        .filter(|delivery| delivery.request == request.id)
        .count();
    ledger.holds(6, naming == 1, || format!("a request that {naming} deliveries made"));
}

struct Looker<'a> {
    ledger: &'a Ledger,
    vendors: &'a BTreeMap<&'static str, Rc<SimVendor>>,
    now: &'a Seen,
}

impl Looker<'_> {
    fn holds(&self, invariant: u8, holds: bool, what: impl FnOnce() -> String) {
        self.ledger.holds(invariant, holds, what);
    }

    fn request(&self, before: Option<&Seen>) {
        let request = &self.now.request;
        if request.state == RequestState::Open {
            let due =
                request.next_due.is_some() || self.now.tasks.values().any(|task| task.next_due.is_some());
            self.holds(5, due, || "an open request that nobody is reminded of".to_owned());
        } else {
            let outcomes: Option<Vec<Outcome>> = self.now.tasks.values().map(|task| task.outcome).collect();
            let settled = self.now.tasks.values().all(|task| task.state == TaskState::Settled);
            self.holds(5, settled, || "a closed request with a task that is not settled".to_owned());
            let outcome = outcomes.map(|outcomes| RequestOutcome::of(&outcomes));
            self.holds(5, request.outcome == outcome, || {
                "an outcome that is not that of the tasks".to_owned()
            });
        }
        let Some(before) = before else { return };
        if before.request.state == RequestState::Closed {
            let (old, new) = (&before.request, request);
            let same = (old.state, old.outcome, old.closed_at) == (new.state, new.outcome, new.closed_at);
            self.holds(6, same, || "a closed request that changes its outcome".to_owned());
            let signed = old.receipt_sha256.is_none() || old.receipt_sha256 == new.receipt_sha256;
            self.holds(6, signed, || "a second receipt".to_owned());
        }
        self.holds(6, before.receipt.is_none() || before.receipt == self.now.receipt, || {
            "a kept receipt that changes".to_owned()
        });
        let tasks: Vec<&SourceId> = before.tasks.keys().collect();
        self.holds(6, tasks.into_iter().eq(self.now.tasks.keys()), || "other tasks than before".to_owned());
    }

    fn events(&self, before: Option<&Seen>) {
        let old = before.map_or(&[][..], |seen| &seen.events);
        self.holds(6, self.now.events.starts_with(old), || "an event that was changed or removed".to_owned());
        let head = self.now.events.len() as u64;
        let last =
            self.now.events.last().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
        let number = last.and_then(|event| event.get("seq").and_then(serde_json::Value::as_u64));
        self.holds(6, number == Some(head), || "a gap among the events".to_owned());
    }

    fn task(&self, before: Option<&Task>, task: &Task) {
        let (counts, at) =
            (task.counts, TaskRef { request_id: task.request, source_id: task.source.clone() });
        self.holds(6, counts.confirmed <= counts.submitted && counts.submitted <= counts.found, || {
            format!("counts that do not fit each other: {counts:?}")
        });
        if let Some(before) = before {
            let old = before.counts;
            // Searched again, because another request about the person ended since: a new count.
            let anew = before.state == TaskState::Planned && before.lease.is_some();
            let grown = (counts.found >= old.found || anew)
                && counts.submitted >= old.submitted
                && counts.confirmed >= old.confirmed;
            self.holds(6, grown, || format!("counts that shrink: {old:?}, then {counts:?}"));
            if before.state == TaskState::Settled {
                let same = task.state == TaskState::Settled && task.outcome == before.outcome;
                self.holds(6, same, || "a settled task that changes its outcome".to_owned());
            }
            let handed = before.handed_over_at.is_none() || task.handed_over_at == before.handed_over_at;
            self.holds(5, handed || task.state != TaskState::Unknown, || {
                "a task that was handed over at another time than it says".to_owned()
            });
        }
        if task.state != TaskState::Settled {
            return;
        }
        self.holds(5, task.outcome.is_some(), || "a settled task without an outcome".to_owned());
        let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted];
        let left = self.rules_of(task).filter(|rule| open.contains(&rule.state)).count();
        self.holds(3, left == 0, || format!("a settled task with {left} submissions that are not ended"));
        let newly = before.is_none_or(|before| before.state != TaskState::Settled);
        if newly && task.outcome == Some(Outcome::VerifiedErased) {
            self.verified(&at, task);
        }
        if newly && task.outcome == Some(Outcome::NothingFound) {
            self.holds(4, self.ledger.found_nothing(&at), || {
                "nothing found, without a search that was answered so".to_owned()
            });
        }
    }

    /// Verified means: seen by a search after the last submission, and true.
    fn verified(&self, at: &TaskRef, task: &Task) {
        let Some(records) = self.ledger.decided(task) else {
            return self.ledger.breaks(2, "verified without a decision");
        };
        self.holds(4, self.ledger.was_looked_for(at, &records), || {
            "verified without a search after the submission that found nothing".to_owned()
        });
        let vendor = self.vendors.iter().find(|(name, _)| *name == &at.source_id.as_str());
        let held = vendor.map_or(0, |(_, vendor)| vendor.truly_holds(&records));
        self.holds(4, held == 0 || self.ledger.was_blind(at), || {
            format!("verified, yet the vendor holds {held} of the records")
        });
    }

    fn rules_of<'b>(&'b self, task: &'b Task) -> impl Iterator<Item = &'b Rule> {
        self.now.rules.values().filter(|rule| rule.source == task.source)
    }

    fn rule(&self, before: Option<&Rule>, rule: &Rule, fences: &mut BTreeMap<SourceId, u64>) {
        let begins = rule.state == RuleState::Intent
            && before.is_none_or(|before| before.state != RuleState::Intent || before.fence != rule.fence);
        if begins {
            let last = fences.insert(rule.source.clone(), rule.fence).unwrap_or(0);
            self.holds(3, rule.fence > last, || format!("intent {} after intent {last}", rule.fence));
        }
        let newly = |state| rule.state == state && before.is_none_or(|before| before.state != state);
        if newly(RuleState::Accepted) {
            self.holds(3, self.ledger.was_answered(rule), || {
                format!("intent {} has a rule id that the vendor gave to another", rule.fence)
            });
        }
        if newly(RuleState::Finished) {
            self.holds(4, self.ledger.was_told_finished(rule), || {
                "a rule is finished that the vendor never called so".to_owned()
            });
        }
    }
}
