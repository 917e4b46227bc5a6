//! The people who work with a deployment: they look, think for minutes or days, and act on what they saw,
//! which may be stale by then; two of them at once, now and then. Their calls are workers like any other:
//! late, repeated, lost before or after their effect.

use crate::cloud::Cloud;
use crate::scenario::Person;
use rightful_contract::catalogue::FakeCatalogue;
use rightful_contract::world::World;
use rightful_domain::base::actor::Actor;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::fact::Fact;
use rightful_domain::duty::acts::WhyNot;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;
use rightful_domain::life::Ruling;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::ActError;
use rightful_domain::operations::person::review::{ReviewError, Reviewed, Reviewing, Seen};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The acts that must have been done, or refused, at least once in a run of thousands of seeds.
pub const ACTS: &[&str] = &[
    "review, proceed: done",
    "review, refuse: done",
    "review, leave out: done",
    "review, nothing found: confirmed",
    "review, marked or set aside: done",
    "review: told that it was searched again",
    "review: told that another decided",
    "review: told that the identifier is missing",
    "identify, right: done",
    "identify, wrong: done",
    "identify, anew: done",
    "identify: told that it is under way",
    "run: done",
    "run: told that it is under way",
    "reopen: done",
    "reopen: told that the person is forgotten",
    "cancel: done",
    "cancel: told that something was submitted",
    "state, erased: done",
    "state, not erased: done",
    "state: told that it is not handed over",
    "extend: done",
    "records: done",
    "link: done",
];

/// How long a call of an operator may take, in seconds.
const CALL_SECONDS: u64 = 30;
const HOUR: u64 = 3600;
/// How long after its hand-over a person states the outcome of a task, in seconds.
const FIND_OUT_SECONDS: u64 = 2 * 24 * HOUR;

type TaskPage = (RequestId, SourceId);

/// All operators of a deployment.
pub(crate) struct Staff {
    cloud: Cloud,
    people: Vec<Person>,
    /// Pages left open: the first digest seen of each data source.
    pages: RefCell<BTreeMap<TaskPage, Option<Tag>>>,
    acts: RefCell<BTreeMap<String, u64>>,
}

impl Staff {
    /// Two operators begin their work: each does this many acts at will, then the necessary ones.
    pub(crate) fn hire(cloud: &Cloud, people: Vec<Person>, at_will: u64) -> Rc<Self> {
        let staff = Rc::new(Self {
            cloud: cloud.clone(),
            people,
            pages: RefCell::default(),
            acts: RefCell::default(),
        });
        for (n, name) in ["ann", "ben"].into_iter().enumerate() {
            let me = Rc::clone(&staff);
            let actor = Actor::parse(name).expect("a name");
            cloud.operate(name, async move { me.work(&actor, at_will >> n).await });
        }
        staff
    }

    /// The acts, and their answers.
    pub(crate) fn acts(&self) -> BTreeMap<String, u64> {
        self.acts.borrow().clone()
    }

    fn did(&self, what: &str) {
        *self.acts.borrow_mut().entry(what.to_owned()).or_default() += 1;
        self.cloud.trace.say(|| format!("    operator: {what}"));
    }

    async fn work(&self, me: &Actor, at_will: u64) {
        for _ in 0..at_will {
            let dice = &self.cloud.faults.dice;
            let longest = [600, HOUR, 12 * HOUR][dice.index(3)];
            self.cloud.world.clock.sleep(dice.within(30..=longest)).await;
            if let Some(id) = self.any_request() {
                self.as_they_please(id, me).await;
            }
        }
        loop {
            let wait = self.cloud.faults.dice.within(2 * HOUR..=36 * HOUR);
            self.cloud.world.clock.sleep(wait).await;
            for id in self.requests() {
                self.what_is_needed(id, me).await;
            }
        }
    }

    fn world(&self) -> &World {
        &self.cloud.world
    }

    fn requests(&self) -> Vec<RequestId> {
        let known = self.cloud.ledger.demanded.borrow();
        known.keys().copied().filter(|id| self.cloud.ledger.request(*id).is_some()).collect()
    }

    fn any_request(&self) -> Option<RequestId> {
        let all = self.requests();
        all.get(self.cloud.faults.dice.index(all.len())).copied()
    }

    fn any_task(&self, id: RequestId) -> Option<Task> {
        let mut tasks = self.world().tasks(id);
        (!tasks.is_empty()).then(|| tasks.swap_remove(self.cloud.faults.dice.index(tasks.len())))
    }

    async fn as_they_please(&self, id: RequestId, me: &Actor) {
        let Some(task) = self.any_task(id) else { return };
        let at = at(&task);
        match self.cloud.faults.dice.below(20) {
            0..=5 => self.look_and_review(id, me).await,
            6 => self.identify(&task, "right", me).await,
            7 => self.identify(&task, "wrong", me).await,
            8 => self.identify(&task, "anew", me).await,
            9..=11 => self.run(&at, me).await,
            12 | 13 => self.reopen(id, me).await,
            14 => self.cancel(id, me).await,
            15 => self.state(&at, me).await,
            16 => self.extend(id).await,
            17 | 18 => self.records(&at).await,
            _ => self.link(id).await,
        }
    }

    /// The acts that only people do: decide, state an outcome, have a lost part copied again.
    async fn what_is_needed(&self, id: RequestId, me: &Actor) {
        let Some(request) = self.cloud.ledger.request(id) else { return };
        if request.state == RequestState::Closed {
            return;
        }
        let tasks = self.world().tasks(id);
        if tasks.iter().any(|task| task.state == TaskState::AwaitingReview) {
            self.look_and_review(id, me).await;
        }
        let now = self.world().clock.real();
        for task in tasks.iter().filter(|task| task.cannot_be_searched()) {
            self.give_up(task, me).await;
        }
        for task in tasks {
            let since = task.handed_over_at.filter(|_| task.state == TaskState::Unknown);
            if since.is_some_and(|at| at.plus_seconds(FIND_OUT_SECONDS) <= now) {
                self.state(&at(&task), me).await;
            }
        }
    }

    // ---- the review

    async fn look_and_review(&self, id: RequestId, me: &Actor) {
        let dice = &self.cloud.faults.dice;
        let awaiting: Vec<Task> = self.world().tasks(id).into_iter().filter(awaits).collect();
        let Some(first) = awaiting.get(dice.index(awaiting.len())) else { return };
        if dice.permille(300) {
            self.records(&at(first)).await;
        }
        let lacks = first.wants_identifier();
        let nothing = first.wants_confirmation();
        let doubtful = first.asked.marked > 0 || first.asked.doubtful > 0;
        if (lacks || nothing) && dice.permille(500) {
            return self.identify(first, "right", me).await;
        }
        let all = dice.permille(600);
        let old = dice.permille(150);
        let seen: Vec<Seen> = awaiting
            .iter()
            .filter(|task| task.source == first.source || all && task.wants_identifier() == lacks)
            .map(|task| self.page(task, old))
            .collect();
        let thinks = [60, 600, 4 * HOUR, 72 * HOUR][dice.index(4)];
        self.world().clock.sleep(dice.within(5..=thinks)).await;
        let right = self.cloud.ledger.request(id).map_or(Right::Erasure, |request| request.right);
        let ruling = match dice.below(10) {
            0..=1 => refusal(right),
            // Somebody who does not read the page.
            2 => Ruling::Proceed,
            _ if lacks => Ruling::LeaveOut,
            _ => Ruling::Proceed,
        };
        if dice.permille(200) {
            let other = Actor::parse(if me.as_str() == "ann" { "ben" } else { "ann" }).expect("a name");
            let theirs = if dice.permille(500) { refusal(right) } else { ruling };
            let work = self.call_review(id, seen.clone(), theirs, other);
            self.cloud.act_aside("review", work);
        }
        let review = self.call_review(id, seen, ruling, me.clone());
        if let Some(told) = self.cloud.act("review", CALL_SECONDS, review).await {
            if told == "review, proceed: done" && nothing {
                self.did("review, nothing found: confirmed");
            }
            if told.ends_with("done") && doubtful {
                self.did("review, marked or set aside: done");
            }
            self.did(&told);
        }
    }

    /// An operator's view of a task: as it is now, or on a page opened earlier.
    fn page(&self, task: &Task, old: bool) -> Seen {
        let mut pages = self.pages.borrow_mut();
        let first = pages.entry((task.request, task.source.clone())).or_insert(task.found_digest.clone());
        let records = if old { first.clone() } else { task.found_digest.clone() };
        Seen { records, ..Seen::all_of(task) }
    }

    /// The call and its answer, as in [`ACTS`].
    fn call_review(
        &self,
        id: RequestId,
        sources: Vec<Seen>,
        ruling: Ruling,
        by: Actor,
    ) -> impl Future<Output = String> + 'static {
        let cloud = self.cloud.clone();
        async move {
            let reviewing = Reviewing { sources, ruling, reason: "the customer's file says so".to_owned() };
            let answer = cloud.world.review(id, &reviewing, &by).await;
            let name = match ruling {
                Ruling::Proceed => "proceed",
                Ruling::Refuse(_) => "refuse",
                Ruling::LeaveOut => "leave out",
            };
            match &answer {
                Ok(done) => {
                    recorded(&cloud, id, &reviewing, done, &by);
                    format!("review, {name}: done")
                }
                Err(ReviewError::Changed(_)) => "review: told that it was searched again".to_owned(),
                Err(ReviewError::Not(WhyNot::NotAwaiting { .. })) => {
                    "review: told that another decided".to_owned()
                }
                Err(ReviewError::Not(WhyNot::MissingIdentifier(_))) => {
                    "review: told that the identifier is missing".to_owned()
                }
                Err(_) => "review: told something else".to_owned(),
            }
        }
    }

    /// A data source can't be searched: somebody leaves it out, states its outcome, or waits.
    async fn give_up(&self, task: &Task, me: &Actor) {
        match self.cloud.faults.dice.below(4) {
            0 => {
                let seen = vec![self.page(task, false)];
                let review = self.call_review(task.request, seen, Ruling::LeaveOut, me.clone());
                if let Some(told) = self.cloud.act("review", CALL_SECONDS, review).await {
                    self.did(&format!("can't be searched, {told}"));
                }
            }
            1 => self.state(&at(task), me).await,
            _ => {}
        }
    }

    // ---- what has things run again, or not at all

    async fn identify(&self, task: &Task, how: &'static str, me: &Actor) {
        let ledger = &self.cloud.ledger;
        let Some(demanded) = ledger.demanded.borrow().get(&task.request).copied() else { return };
        let mine = &self.people[demanded.person];
        let other = &self.people[(demanded.person + 1) % self.people.len()];
        let members = task.connector == "members";
        let (identifier, whose) = match (how, members) {
            ("right", true) => (mine.member.clone(), demanded.person),
            ("right", false) => (mine.email.clone(), demanded.person),
            ("wrong", true) => (other.member.clone(), other.number),
            ("wrong", false) => (other.email.clone(), other.number),
            (_, true) => (nobody(), demanded.person),
            (_, false) => (mine.alias.clone(), demanded.person),
        };
        ledger.points_at(&at(task), whose);
        let (cloud, at, by) = (self.cloud.clone(), at(task), me.clone());
        let work = async move { cloud.world.acts().identify(&at, &identifier, &FakeCatalogue, &by).await };
        let answer = self.cloud.act("identify", CALL_SECONDS, work).await;
        self.told(&format!("identify, {how}"), "identify", answer);
    }

    async fn run(&self, at: &TaskRef, me: &Actor) {
        let (cloud, at, by) = (self.cloud.clone(), at.clone(), me.clone());
        let work = async move { cloud.world.acts().run_again(&at, &by).await };
        let answer = self.cloud.act("run", CALL_SECONDS, work).await;
        self.told("run", "run", answer);
    }

    async fn reopen(&self, id: RequestId, me: &Actor) {
        let forget_at = self.cloud.ledger.request(id).and_then(|request| request.forget_at);
        if let Some(at) = forget_at.filter(|_| self.cloud.faults.dice.permille(300)) {
            // At the last moment, or just too late.
            let left = self.world().clock.real().seconds_until(at);
            let beside = self.cloud.faults.dice.below(12);
            self.world().clock.sleep((left + beside).saturating_sub(4)).await;
        }
        let named = self.any_task(id).filter(|_| self.cloud.faults.dice.permille(400));
        let sources: Vec<SourceId> = named.map(|task| task.source).into_iter().collect();
        let (cloud, by) = (self.cloud.clone(), me.clone());
        let work = async move { cloud.world.acts().reopen(id, &sources, &by).await };
        let answer = self.cloud.act("reopen", CALL_SECONDS, work).await;
        self.told("reopen", "reopen", answer);
    }

    async fn cancel(&self, id: RequestId, me: &Actor) {
        let (cloud, by) = (self.cloud.clone(), me.clone());
        let work = async move { cloud.world.acts().cancel(id, &by).await };
        let answer = self.cloud.act("cancel", CALL_SECONDS, work).await;
        self.told("cancel", "cancel", answer);
    }

    async fn state(&self, at: &TaskRef, me: &Actor) {
        let erased = self.cloud.faults.dice.permille(500);
        let (cloud, at, by) = (self.cloud.clone(), at.clone(), me.clone());
        let work = async move { cloud.world.acts().state(&at, erased, "asked the vendor", &by).await };
        let answer = self.cloud.act("state", CALL_SECONDS, work).await;
        let how = if erased { "state, erased" } else { "state, not erased" };
        self.told(how, "state", answer);
    }

    fn told(&self, how: &str, act: &str, answer: Option<Result<Acted, ActError>>) {
        match answer {
            None => {}
            Some(Ok(_)) => self.did(&format!("{how}: done")),
            Some(Err(error)) => self.did(&format!(
                "{act}: told {}",
                match error {
                    ActError::Not(WhyNot::UnderWay(..)) => "that it is under way",
                    ActError::Not(WhyNot::Submitted(_)) => "that something was submitted",
                    ActError::Not(WhyNot::NotHandedOver(..)) => "that it is not handed over",
                    ActError::Not(WhyNot::Forgotten) => "that the person is forgotten",
                    _ => "something else",
                }
            )),
        }
    }

    // ---- what changes nothing of a task

    async fn extend(&self, id: RequestId) {
        let cloud = self.cloud.clone();
        let months = if self.cloud.faults.dice.permille(500) { 1 } else { 2 };
        let work = async move { cloud.world.extend(id, months, Ground::Complexity).await };
        if let Some(Ok(_)) = self.cloud.act("extend", CALL_SECONDS, work).await {
            self.did("extend: done");
        }
    }

    async fn records(&self, at: &TaskRef) {
        let (cloud, at) = (self.cloud.clone(), at.clone());
        let work = async move {
            let page = cloud.world.records(&at, 0, 500).await.ok()?;
            let ids: BTreeSet<_> = page.records.into_iter().collect();
            // A page read while a search stores its chunks may show either.
            let changed = cloud.world.task(&at).found_digest != page.digest;
            let made_of = page.digest.map(|digest| cloud.ledger.content(&digest)).unwrap_or_default();
            cloud.ledger.holds(2, changed || ids == made_of, || {
                format!("{} records shown, whose digest is that of {} others", ids.len(), made_of.len())
            });
            Some(())
        };
        if let Some(Some(())) = self.cloud.act("records", CALL_SECONDS, work).await {
            self.did("records: done");
        }
    }

    async fn link(&self, id: RequestId) {
        let cloud = self.cloud.clone();
        let work = async move { cloud.world.link(id).await };
        if let Some(Ok(_)) = self.cloud.act("link", CALL_SECONDS, work).await {
            self.did("link: done");
        }
    }
}

/// A successful review is recorded, for each data source, on exactly the records seen.
fn recorded(cloud: &Cloud, id: RequestId, reviewing: &Reviewing, done: &Reviewed, by: &Actor) {
    let facts = cloud.ledger.facts(id);
    for seen in &reviewing.sources {
        let stands = facts.iter().any(|fact| match fact {
            Fact::Reviewed { source, by: who, digest, .. } => {
                *source == seen.source && who == by && *digest == seen.records
            }
            Fact::LeftOut { source, by: who } => *source == seen.source && who == by,
            _ => false,
        });
        cloud.ledger.holds(2, stands, || "a review that is nowhere recorded".to_owned());
    }
    let ruled: Vec<&SourceId> = done.sources.iter().map(|(source, _)| source).collect();
    let named: Vec<&SourceId> = reviewing.sources.iter().map(|seen| &seen.source).collect();
    cloud.ledger.holds(2, ruled == named, || "a review of other data sources than were named".to_owned());
}

fn at(task: &Task) -> TaskRef {
    TaskRef { request_id: task.request, source_id: task.source.clone() }
}

fn awaits(task: &Task) -> bool {
    task.state == TaskState::AwaitingReview
}

fn refusal(right: Right) -> Ruling {
    Ruling::Refuse(match right {
        Right::Erasure => RefusalGround::LegalObligation,
        Right::Access => RefusalGround::UnfoundedOrExcessive,
    })
}

/// A member's number that nobody has.
fn nobody() -> Identifier {
    Identifier::new(rightful_contract::catalogue::member(), "77009999").expect("a number")
}

/// Whether only a person can bring the request to its end.
pub(crate) fn is_persons<'a>(request: &Request, tasks: impl Iterator<Item = &'a Task>) -> bool {
    let mut open = tasks.filter(|task| task.state != TaskState::Settled).peekable();
    request.state == RequestState::Open
        && request.next_due.is_some()
        && open.peek().is_some()
        && open.all(|task| task.next_due.is_some() && rightful_domain::duty::owner::is_persons(task))
}
