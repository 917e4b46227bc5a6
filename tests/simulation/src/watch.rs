//! Looks at the store after every step: the rows that may change, those that may only grow, and the states
//! that may never occur.

use crate::ledger::Ledger;
use crate::scenario::Scenario;
use crate::vendor::SimVendor;
use rightful_contract::rows;
use rightful_contract::world::World;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::chain::event::read_chain;
use rightful_domain::documents::receipt::{Statement, verify};
use rightful_domain::duty::owner::{Owner, of_task};
use rightful_domain::law::right::Right;
use rightful_domain::model::delivery::Delivery;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestOutcome, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Outcome, Task, TaskState};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::record::RecordId;
use ring::digest::{SHA256, digest};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A request as it was last seen.
struct Seen {
    request: Request,
    tasks: BTreeMap<SourceId, Task>,
    rules: BTreeMap<(SourceId, u32), Rule>,
    events: Vec<Vec<u8>>,
    /// The stored receipts, by closing.
    receipts: Vec<Option<Vec<u8>>>,
    /// How it was closed, by closing.
    closings: Vec<Option<RequestOutcome>>,
    /// How many records the searches of each task's run had found then, and its first batch, by closing.
    found: Vec<BTreeMap<SourceId, (usize, u32)>>,
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

    /// Every stored task.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.seen.values().flat_map(|seen| seen.tasks.values())
    }

    /// Checks the changes since the last look.
    pub(crate) fn look(&mut self, world: &World, ledger: &Ledger, scenario: &Scenario) {
        let changed = world.store.table().take_changed();
        let mut ids: BTreeSet<RequestId> = BTreeSet::new();
        for pk in &changed {
            ids.extend(pk.strip_prefix("REQUEST#").and_then(|id| RequestId::parse(id).ok()));
        }
        for id in ids {
            let mut now = read(world, id);
            let before = self.seen.remove(&id);
            if before.is_none() {
                made_by_one_delivery(world, ledger, &now.request);
            }
            now.closings = before.as_ref().map(|seen| seen.closings.clone()).unwrap_or_default();
            now.found = before.as_ref().map(|seen| seen.found.clone()).unwrap_or_default();
            if now.request.state == RequestState::Closed && now.closings.len() < now.receipts.len() {
                now.closings.resize(now.receipts.len(), now.request.outcome);
                let at = |task: &Task| TaskRef { request_id: id, source_id: task.source.clone() };
                let found = now
                    .tasks
                    .values()
                    .map(|task| (task.source.clone(), ledger.of_run(&at(task), now.request.right)));
                now.found.resize(now.receipts.len(), found.collect());
            }
            let looker = Looker { ledger, world, scenario, now: &now };
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

    /// The properties at the end of a run.
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
            for (closing, outcome) in (0u32..).zip(&seen.closings) {
                let found = seen.found.get(closing as usize).cloned().unwrap_or_default();
                if let Some(statement) = receipt_verifies(world, ledger, (*id, closing), *outcome) {
                    receipt_says(ledger, &statement, &found);
                }
            }
            let closed = seen.request.reopened + u32::from(seen.request.state == RequestState::Closed);
            ledger.holds(7, seen.closings.len() == closed as usize, || {
                format!("{} closings seen of {closed}", seen.closings.len())
            });
        }
    }
}

/// The receipt of a closing verifies and states the outcome; with one byte changed it doesn't verify.
fn receipt_verifies(
    world: &World,
    ledger: &Ledger,
    (id, closing): (RequestId, u32),
    outcome: Option<RequestOutcome>,
) -> Option<Statement> {
    let keys = [world.signer.public()];
    let Some(mut file) = world.receipts.file_of(id, closing) else {
        ledger.breaks(7, "a closed request without a receipt");
        return None;
    };
    let statement = verify(&file, &keys);
    match &statement {
        Ok(statement) => ledger.holds(7, Some(statement.outcome) == outcome, || {
            "a receipt with another outcome than its request".to_owned()
        }),
        Err(error) => ledger.breaks(7, format!("a receipt doesn't verify: {error}")),
    }
    let middle = file.len() / 2;
    file[middle] ^= 1;
    ledger.holds(7, verify(&file, &keys).is_err(), || "a changed receipt verifies".to_owned());
    statement.ok()
}

/// The numbers of a receipt are those of the run that it states.
fn receipt_says(ledger: &Ledger, statement: &Statement, runs: &BTreeMap<SourceId, (usize, u32)>) {
    for task in &statement.tasks {
        let counts = task.counts;
        let fits = counts.confirmed <= counts.submitted && counts.submitted <= counts.found;
        ledger.holds(7, fits, || format!("a receipt whose numbers do not fit: {counts:?}"));
        let (seen, first) = runs.get(&task.source).copied().unwrap_or_default();
        ledger.holds(7, counts.found as usize == seen, || {
            format!("a receipt of {} records found, where the searches found {seen}", counts.found)
        });
        let own = task.batches.iter().filter(|batch| batch.batch >= first);
        let by_batch: u32 = own.map(|batch| batch.strangers).sum();
        ledger.holds(7, task.strangers == by_batch, || {
            format!("a receipt of {} strangers, where its batches list {by_batch}", task.strangers)
        });
    }
}

fn read(world: &World, id: RequestId) -> Seen {
    let table = world.store.table();
    let pk = rows::request_pk(id);
    let request: Request =
        rows::read(&table.row(&pk, "REQUEST").expect("a request")).expect("a request's row");
    let tasks: Vec<Task> =
        table.query(&pk, "TASK#").iter().map(|item| rows::read(item).expect("a task's row")).collect();
    let rules: Vec<Rule> =
        table.query(&pk, "RULE#").iter().map(|item| rows::read(item).expect("a rule's row")).collect();
    let receipts = (0..=request.reopened).map(|closing| world.receipts.file_of(id, closing)).collect();
    Seen {
        request,
        tasks: tasks.into_iter().map(|task| (task.source.clone(), task)).collect(),
        rules: rules.into_iter().map(|rule| ((rule.source.clone(), rule.batch), rule)).collect(),
        events: table.query(&pk, "EVENT#").into_iter().map(|item| item.body).collect(),
        receipts,
        closings: Vec::new(),
        found: Vec::new(),
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
    world: &'a World,
    scenario: &'a Scenario,
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
        self.forgotten();
        let Some(before) = before else { return };
        let (old, new) = (&before.request, request);
        let has_begun = |attempt: u32| {
            let started = self.world.workflow.started();
            started.iter().any(|one| (one.request, one.attempt) == (new.id, attempt))
        };
        self.holds(6, (old.attempt + 1..=new.attempt).all(has_begun), || {
            format!("attempts {} to {} are recorded, and not all have begun", old.attempt + 1, new.attempt)
        });
        let reopens = (old.state, new.state) == (RequestState::Closed, RequestState::Open);
        self.holds(6, new.reopened == old.reopened + u32::from(reopens), || {
            format!("a request that was opened {} times, then {}", old.reopened, new.reopened)
        });
        if reopens {
            let signed = old.receipt_sha256.is_some() && before.receipts.iter().all(Option::is_some);
            self.holds(7, signed, || "a request opened again before its receipt was kept".to_owned());
            self.holds(6, old.forgotten_at.is_none(), || {
                "a forgotten person's request opened again".to_owned()
            });
        } else if old.state == RequestState::Closed {
            let same = (old.state, old.outcome, old.closed_at) == (new.state, new.outcome, new.closed_at);
            self.holds(6, same, || "a closed request that changes its outcome".to_owned());
            let signed = old.receipt_sha256.is_none() || old.receipt_sha256 == new.receipt_sha256;
            self.holds(6, signed, || "a second receipt".to_owned());
        }
        let kept = before.receipts.iter().zip(&self.now.receipts);
        self.holds(6, kept.clone().all(|(old, new)| old.is_none() || old == new), || {
            "a kept receipt that changes".to_owned()
        });
        let there = self.world.copies.package(new.id).is_some();
        if new.copy.is_some() && (there || old.copy != new.copy) {
            self.package();
        }
        let tasks: Vec<&SourceId> = before.tasks.keys().collect();
        self.holds(6, tasks.into_iter().eq(self.now.tasks.keys()), || "other tasks than before".to_owned());
    }

    /// Once the person is forgotten, no part of their copy can be opened.
    fn forgotten(&self) {
        let request = &self.now.request;
        if request.forgotten_at.is_none() {
            return;
        }
        let left = self.world.copies.package(request.id).is_some();
        self.holds(1, !left, || "a forgotten person's copy is still there".to_owned());
        self.holds(1, !self.world.keys.holds(request.id), || "a forgotten person's key is there".to_owned());
    }

    /// A copy holds only decided records of that person, and states their number.
    fn package(&self) {
        let request = &self.now.request;
        let (Some(file), Some(copy)) = (self.world.copies.package(request.id), &request.copy) else {
            return self.ledger.breaks(2, "a copy that is not there");
        };
        self.holds(2, request.right == Right::Access, || "a copy that nobody demanded".to_owned());
        self.holds(2, hex(digest(&SHA256, &file).as_ref()) == copy.sha256, || {
            "a copy that is not the one its digest names".to_owned()
        });
        let whole: serde_json::Value = serde_json::from_slice(&file).unwrap_or_default();
        let mut records = 0;
        for part in whole["sources"].as_array().into_iter().flatten() {
            let ids = part["records"].as_array().into_iter().flatten();
            let ids: Vec<RecordId> = ids.filter_map(|one| one["id"].as_str()).map(RecordId::new).collect();
            let task = self.now.tasks.values().find(|task| part["source"] == task.source.as_str());
            let Some(task) = task else {
                return self.ledger.breaks(2, "a copy of a data source that was not asked");
            };
            let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
            let decided = self.ledger.decided(task).unwrap_or_default();
            let theirs = |id: &RecordId| decided.contains(id) && self.ledger.is_theirs_where_found(&at, id);
            self.holds(2, ids.iter().all(theirs), || "a copy of what nobody decided on".to_owned());
            let told = if task.outcome == Some(Outcome::Copied) { task.counts.submitted } else { 0 };
            self.holds(2, ids.len() == told as usize, || {
                format!("a copy of {} records, where {told} are told", ids.len())
            });
            records += ids.len();
        }
        self.holds(2, records == copy.records as usize, || {
            "a copy with another number of records".to_owned()
        });
    }

    fn events(&self, before: Option<&Seen>) {
        let old = before.map_or(&[][..], |seen| &seen.events);
        for bytes in self.now.events.iter().skip(old.len()) {
            let _ = self.ledger.recorded(&self.now.request, bytes);
        }
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
        let request = &self.now.request;
        if request.state == RequestState::Open && task.state == TaskState::AwaitingReview {
            let held = of_task(request, task, self.world.clock.real(), self.world.settings.grace_seconds);
            self.holds(5, held.is_some_and(|held| held.owner == Owner::Person), || {
                "a task that waits for a decision, and no person is told".to_owned()
            });
            self.holds(2, task.decision.is_none(), || "a decision before the review".to_owned());
        }
        if let Some(before) = before {
            let old = before.counts;
            // A person runs it again: from its search on, with new counts. The same holds for a round that is
            // not searched yet: it becomes a run of its own.
            let round = before.earlier.is_some() && task.earlier.is_none();
            let again = task.state == TaskState::Planned && (before.state != TaskState::Planned || round);
            let runs = task.run != before.run;
            self.holds(6, !runs || again && task.run == before.run + 1, || {
                format!("run {} after run {}", task.run, before.run)
            });
            // Searched again, because another request about the person ended since: a new count. The
            // copy counts anew what an export before it counted.
            let copies = request.right == Right::Access && task.state == TaskState::Copying;
            let copied = before.state == TaskState::Copying;
            // A lost copy is made again, or given up.
            let lost = before.outcome == Some(Outcome::Copied) && task.copies_lost == before.copies_lost + 1;
            let anew = again || before.state == TaskState::Planned || copies || copied || lost;
            let grown = anew
                || counts.found >= old.found
                    && counts.submitted >= old.submitted
                    && counts.confirmed >= old.confirmed;
            self.holds(6, grown, || format!("counts that shrink: {old:?}, then {counts:?}"));
            if before.state == TaskState::Settled {
                let same = task.state == TaskState::Settled && task.outcome == before.outcome;
                self.holds(6, same || runs || lost, || "a settled task that changes its outcome".to_owned());
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
        let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted, RuleState::NotTaken];
        let left = self.rules_of(task).filter(|rule| open.contains(&rule.state)).count();
        // A person's word ends an unknown task; an export only adds to a copy.
        let stated =
            task.reason.as_deref() == Some(Code::StatedByAPerson.as_str()) || request.right == Right::Access;
        self.holds(3, left == 0 || stated || task.run > 1, || {
            format!("a settled task with {left} submissions that are not ended")
        });
        let newly = before.is_none_or(|before| before.state != TaskState::Settled);
        if newly {
            self.settled(&at, task);
        }
    }

    /// A task has its outcome: it claims no more than the truth.
    fn settled(&self, at: &TaskRef, task: &Task) {
        let (request, reason) = (&self.now.request, task.reason.as_deref());
        let erasure = request.right == Right::Erasure;
        if reason == Some(Code::StatedByAPerson.as_str()) {
            return;
        }
        let decided = self.ledger.decided(task).unwrap_or_default();
        match task.outcome {
            Some(Outcome::VerifiedErased) => self.verified(at),
            Some(Outcome::NothingFound) if task.searched_at.is_some() => {
                // A host's clock may be off, and so may the time that a search began at.
                let since = task.searched_at.map_or(request.arrived_at(), |at| at.minus_seconds(5));
                self.holds(4, self.ledger.found_nothing(task, since), || {
                    "nothing found, without a search that was answered so".to_owned()
                });
                if reason == Some(Code::RecordsGone.as_str()) && !erasure {
                    self.ledger.is_missed_rightly(at, &decided);
                }
                // A dry run without a person continues, whatever is doubtful.
                let attended = !request.dry_run || task.policy != Policy::Auto;
                if attended && reason != Some(Code::RecordsGone.as_str()) && task.inserted.is_empty() {
                    self.ledger.a_zero_was_seen(at, task.policy == Policy::Always);
                }
            }
            Some(Outcome::NothingFound) => self.ledger.breaks(4, "nothing found, and nobody searched"),
            Some(Outcome::Copied) => {
                self.ledger.is_copied_rightly(at, &decided);
                self.ledger.is_missed_rightly(at, &decided);
            }
            Some(Outcome::DryRun) if task.decision.is_some() => self.ledger.is_dry_rightly(at, &decided),
            Some(Outcome::ReportedErased) => {
                self.ledger.breaks(4, "reported erased where the vendor can be searched");
            }
            _ => {}
        }
        let well = [Outcome::VerifiedErased, Outcome::ReportedErased, Outcome::DryRun];
        if task.outcome.is_some_and(|outcome| well.contains(&outcome)) {
            let strangers: usize = self.rules_of_run(task).map(|rule| self.ledger.strangers_in(rule)).sum();
            self.holds(4, strangers == 0, || {
                format!("{strangers} strangers are in finished rules, and no person has it")
            });
        }
        if reason.is_some_and(Fault::refuses) {
            self.holds(5, self.ledger.was_refused_for_long(at), || {
                "ended by a refusal that nobody heard twice".to_owned()
            });
        }
        if erasure {
            self.ended(at, task);
        }
    }

    /// No submission of the run may still take effect unawaited.
    fn ended(&self, at: &TaskRef, task: &Task) {
        let vendors = [&self.scenario.vendors, &self.scenario.moved];
        let vendors: Vec<&Rc<SimVendor>> =
            vendors.into_iter().filter_map(|all| all.get(at.source_id.as_str())).collect();
        // A look that was blind except for its control found them gone too early, and nobody could know.
        let blind = task.outcome == Some(Outcome::VerifiedErased)
            && self.ledger.look_of_worker(at).is_some_and(|look| look.blind);
        if task.run == 1 && !blind {
            let left: usize = vendors.iter().map(|vendor| vendor.will_erase(at)).sum();
            self.holds(3, left == 0, || {
                format!("settled, and a submission of it will still erase {left} records")
            });
        }
        if task.outcome == Some(Outcome::VerifiedErased) {
            // They are gone, as far as anybody could see.
            return;
        }
        let unended = self.ledger.without_an_end(at);
        let there = |(name, records): &(String, Vec<RecordId>)| {
            vendors.iter().any(|vendor| vendor.name == *name && vendor.holds_any(records))
        };
        self.holds(3, !unended.iter().any(there), || {
            format!("settled as {:?}, and nobody knows how a submission of it ended", task.outcome)
        });
    }

    /// Every `verified_erased` rests on a search after the last submission, and is true.
    fn verified(&self, at: &TaskRef) {
        let records = self.ledger.named(at);
        self.holds(4, self.ledger.was_looked_for(at, &records), || {
            "verified without a search after the submission that found nothing".to_owned()
        });
        self.ledger.is_gone_rightly(at);
        self.ledger.doubts_were_seen(at);
    }

    fn rules_of_run<'b>(&'b self, task: &'b Task) -> impl Iterator<Item = &'b Rule> {
        // Those of earlier rounds have lower numbers, and are of this run too.
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        let (_, first) = self.ledger.of_run(&at, self.now.request.right);
        self.rules_of(task).filter(move |rule| rule.batch >= first)
    }

    fn rules_of<'b>(&'b self, task: &'b Task) -> impl Iterator<Item = &'b Rule> {
        self.now.rules.values().filter(|rule| rule.source == task.source)
    }

    fn rule(&self, before: Option<&Rule>, rule: &Rule, fences: &mut BTreeMap<SourceId, u64>) {
        let task = self.now.tasks.get(&rule.source);
        let earlier = before.filter(|_| task.is_some_and(|task| rule.batch < task.first_batch));
        self.holds(6, earlier.is_none_or(|before| before == rule), || {
            "a submission of an earlier run that changes".to_owned()
        });
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
