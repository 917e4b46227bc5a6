//! The submission protocol, checked exhaustively: two workers, two crashes, a vendor that answers,
//! keeps silent, or loses what it was sent. Every step is `rightful_domain::life::step` itself, so
//! that what is explored here is what runs.
//!
//! A worker reads, then writes by condition, as the operations do; between the two anything may
//! happen. Every wait lasts a second, and a second may pass at any time: what the rows say of times is
//! kept relative to now, and times that decide nothing are left out, so that the states are finitely
//! many however long it takes.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

use rightful_domain::base::code::CONTROL_NOT_FOUND;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::base::waits::Waits;
use rightful_domain::law::right::Right;
use rightful_domain::life::{
    Effect, Event, Life, MAX_ATTEMPTS, MOST_ROUNDS, Plan, Terms, plan, step, wait_left,
};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Asked, Assurance, Outcome, Task, TaskState};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

const SECOND: Waits = Waits { first_seconds: 1, longest_seconds: 1 };
/// How long a POST can be under way.
const POST_SECONDS: u64 = 2;

/// One POST that reached the vendor, or was lost on its way there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Post {
    fence: u64,
    records: Vec<u32>,
    /// The vendor has it.
    accepted: bool,
    /// It did it.
    applied: bool,
    /// It certainly had no effect, and we know it.
    harmless: bool,
    /// Its answer doubted it, and that is stored.
    doubted: bool,
    /// Records of it that a search found that began after it was posted.
    found_since: BTreeSet<u32>,
}

/// What a worker is at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    /// It read this, and is about to store what it makes of it.
    Read(Box<Life>, Does),
    /// Its intent is stored; its POST comes next.
    Intends {
        fence: u64,
    },
    /// It heard this, and is about to store it.
    Heard {
        fence: u64,
        answer: Heard,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Does {
    Intend,
    Missing,
    AllSent,
    /// A search found these records, or was blind.
    Look(Vec<u32>, bool),
    /// The same, for a round of its own.
    Search(Vec<u32>),
    Ask(Vec<(u32, bool)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Heard {
    Accepted,
    Doubtful,
    NotSent,
    Rejected,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    store: Life,
    /// The records that the stored decision is about, in its order.
    decided: Vec<u32>,
    workers: Vec<Worker>,
    crashes: u8,
    odd: u8,
    appeared: u32,
    blind: u8,
    posts: Vec<Post>,
    present: BTreeSet<u32>,
    /// A rule that the protocol broke, if any.
    broken: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    /// A worker reads; its search is blind, or not.
    Read(usize, bool),
    Store(usize),
    /// The POST goes out: the vendor takes it or not, and its answer comes or not.
    Post(usize, bool, Heard),
    Apply(usize),
    Crash(usize),
    /// A record is made for the person.
    Appear,
}

struct Protocol {
    capabilities: Capabilities,
    crashes: u8,
    records: u32,
    posts: usize,
    /// Answers beside that of success and none at all, and how often one of them comes at most.
    odd: Vec<Heard>,
    most_odd: u8,
    /// How many records appear at most.
    appear: u32,
    /// How many searches are blind at most.
    blind: u8,
    /// Whether the data source has a control.
    controlled: bool,
    /// What must be reachable.
    reaches: &'static [&'static str],
}

impl Protocol {
    fn new(records: u32, crashes: u8, posts: usize) -> Self {
        let capabilities = Capabilities {
            batch_size: 1,
            status_waits: SECOND,
            verify_waits: SECOND,
            verify_looks: 2,
            unknown_waits: SECOND,
            unknown_looks: 1,
            ..rightful_contract::vendor::plain()
        };
        Self {
            capabilities,
            crashes,
            records,
            posts,
            odd: vec![Heard::NotSent],
            most_odd: 1,
            appear: 0,
            blind: 0,
            controlled: true,
            reaches: &[],
        }
    }

    fn step(&self, life: &Life, event: Event) -> (Life, Vec<Effect>) {
        let vendor = Some(&self.capabilities);
        let due_at = time(1_000_000_000);
        let terms = Terms { grace_seconds: 0, right: Right::Erasure, dry_run: false, due_at, vendor };
        let (mut life, effects) = step(life, event, time(NOW), &terms);
        forget_times(&mut life, 0);
        (life, effects)
    }

    /// What a worker of this life does next, if its wait is over.
    fn reads(&self, state: &State, blind: bool) -> Option<Does> {
        let (life, now) = (&state.store, time(NOW));
        if wait_left(&life.task, now) > 0 {
            // Another call's POST may be under way; a wait is no turn.
            return None;
        }
        let present: Vec<u32> = if blind { Vec::new() } else { state.present.iter().copied().collect() };
        let searches = match life.task.state {
            TaskState::Planned => true,
            TaskState::Verifying | TaskState::Unknown => life.wants_look(now),
            _ => false,
        };
        if blind && (!searches || state.blind >= self.blind || state.present.is_empty()) {
            return None;
        }
        match life.task.state {
            // A blind first search of a round is another matter: the control guards it, or a second look.
            TaskState::Planned if blind => None,
            TaskState::Planned => Some(Does::Search(present)),
            TaskState::Decided | TaskState::Submitting => match plan(life, now) {
                Plan::Send(_) => Some(Does::Intend),
                Plan::Missing => Some(Does::Missing),
                Plan::Done | Plan::UsedUp | Plan::Refused(_) => Some(Does::AllSent),
                Plan::Wait(_) | Plan::Look => None,
            },
            TaskState::Verifying | TaskState::Unknown if searches => Some(Does::Look(present, blind)),
            TaskState::Submitted => Some(Does::Ask(
                life.rules
                    .iter()
                    .filter(|rule| rule.state == RuleState::Accepted)
                    .map(|rule| {
                        let post = state.posts.iter().find(|post| post.fence == rule.fence);
                        (rule.batch, post.is_some_and(|post| post.applied))
                    })
                    .collect(),
            )),
            _ => None,
        }
    }

    fn event(&self, life: &Life, does: &Does, decided: &[u32]) -> Vec<Event> {
        match does {
            Does::Intend => {
                let until = time(NOW + POST_SECONDS);
                vec![Event::Intend { digest: Tag::new("k", &[1]), until, lease: None }]
            }
            Does::Missing => vec![Event::AnswerMissing],
            Does::AllSent => vec![Event::AllSent],
            Does::Look(_, true) if self.controlled => {
                vec![Event::CannotLook { code: CONTROL_NOT_FOUND, wait: 1 }]
            }
            Does::Look(seen, _) => {
                let places = (0u32..).zip(decided).filter(|(_, record)| seen.contains(record));
                let found: Vec<u32> = places.map(|(place, _)| place).collect();
                let appeared =
                    u32::try_from(seen.iter().filter(|one| !decided.contains(one)).count()).unwrap();
                let controlled = self.controlled && seen.is_empty();
                let asked = Asked::default();
                vec![Event::Looked { found, appeared, asked, unseen: 0, controlled }]
            }
            Does::Search(seen) => vec![self.found(seen)],
            Does::Ask(rules) => {
                let report = |(batch, done): &(u32, bool)| {
                    let rule = life.rules.iter().find(|rule| rule.batch == *batch);
                    let confirmed = rule.map_or(0, |rule| life.own_places(rule).len());
                    let report = RuleReport {
                        status: if *done { RuleStatus::Finished } else { RuleStatus::Pending },
                        confirmed: if *done { confirmed } else { 0 },
                        strangers: 0,
                        claim: Claim::Deleted,
                    };
                    (*batch, report)
                };
                let told = rules.iter().map(report).collect();
                vec![Event::Told(told), Event::Asked { fault: None, strange: false, asked_to: None }]
            }
        }
    }

    fn found(&self, records: &[u32]) -> Event {
        let (began, target, asked) = (time(NOW), self.capabilities.target.clone(), Asked::default());
        match u32::try_from(records.len()).unwrap() {
            0 => Event::SearchEnded {
                began,
                outcome: Outcome::NothingFound,
                reason: None,
                found: 0,
                target: Some(target),
                asked,
                doubts: None,
            },
            records => {
                let (digest, doubts) = (Tag::new("k", &[1]), None);
                Event::Found { records, chunks: 1, digest, began, target, asked, doubts }
            }
        }
    }

    /// Stores what changed, on condition that each changed row is still as it was read.
    fn commit(state: &mut State, before: &Life, after: Life) -> bool {
        let row = |life: &Life, batch: u32| life.rules.iter().find(|rule| rule.batch == batch).cloned();
        let unchanged = |rule: &Rule| row(&state.store, rule.batch) == row(before, rule.batch);
        let fits = state.store.task == before.task
            && after.rules.iter().filter(|rule| !before.rules.contains(rule)).all(unchanged);
        if fits {
            state.store = after;
        }
        fits
    }

    fn store(&self, state: &mut State, who: usize) {
        let Worker::Read(before, does) = state.workers[who].clone() else { return };
        state.workers[who] = Worker::Idle;
        let mut life = (*before).clone();
        let mut fence = None;
        for event in self.event(&before, &does, &state.decided) {
            let (after, effects) = self.step(&life, event);
            life = after;
            fence = effects.iter().find_map(|effect| match effect {
                Effect::Post { fence, .. } => Some(*fence),
                Effect::Record(_) => None,
            });
        }
        if !Self::commit(state, &before, life) {
            return;
        }
        if let Does::Search(records) = does {
            state.decided = records;
        }
        if let Some(fence) = fence {
            let rule = state.store.rules.iter().find(|rule| rule.fence == fence);
            let places = rule.map(|rule| state.store.places(rule)).unwrap_or_default();
            let records: Vec<u32> =
                places.iter().filter_map(|place| state.decided.get(*place as usize)).copied().collect();
            let named = |post: &Post| post.records.iter().any(|record| records.contains(record));
            if state.posts.iter().any(|post| post.doubted && named(post)) {
                state.broken =
                    Some("invariant 3: a record is named again after a doubtful answer was stored");
            }
            state.workers[who] = Worker::Intends { fence };
        }
    }

    fn post(state: &mut State, who: usize, accepted: bool, heard: Heard) {
        let Worker::Intends { fence } = state.workers[who] else { return };
        let Some(rule) = state.store.rules.iter().find(|rule| rule.fence == fence).cloned() else {
            state.broken = Some("invariant 3: no intent is stored for a POST");
            return;
        };
        let places = state.store.places(&rule);
        let records: Vec<u32> =
            places.iter().filter_map(|place| state.decided.get(*place as usize)).copied().collect();
        for earlier in state.posts.iter().filter(|post| !post.harmless) {
            let mut again = records.iter().filter(|record| earlier.records.contains(record));
            if again.any(|record| !earlier.found_since.contains(record)) {
                state.broken = Some("invariant 3: a record is named again without a look that found it");
            }
        }
        let harmless = matches!(heard, Heard::NotSent | Heard::Rejected);
        state.odd += u8::from(!matches!(heard, Heard::Accepted | Heard::Nothing));
        let found_since = BTreeSet::new();
        state.posts.push(Post {
            fence,
            records,
            accepted,
            applied: false,
            harmless,
            doubted: false,
            found_since,
        });
        state.workers[who] = Worker::Heard { fence, answer: heard };
    }
}

/// The second in which everything happens; times in rows are later by what is left of them.
const NOW: u64 = 100;

/// Lets `seconds` pass in the rows, and leaves out what decides nothing: times that are over, and
/// numbers that only count.
fn forget_times(life: &mut Life, seconds: i64) {
    let now = time(NOW);
    let passed = |at: Time| Time::from_unix_seconds(at.unix_seconds() - seconds).unwrap().max(now);
    // However long the life wants it to be, a wait lasts a second.
    let soon = now.plus_seconds(1);
    let task = &mut life.task;
    task.not_before = task.not_before.map(|at| passed(at.min(soon))).filter(|at| *at > now);
    task.next_due = None;
    (task.polls, task.tries) = (0, 0);
    for at in [
        &mut task.searched_at,
        &mut task.submitted_at,
        &mut task.finished_at,
        &mut task.verified_at,
        &mut task.handed_over_at,
        &mut task.settled_at,
    ] {
        *at = at.map(|_| now);
    }
    for rule in &mut life.rules {
        rule.intent_at = now;
        rule.intent_until = passed(rule.intent_until);
        rule.accepted_at = rule.accepted_at.map(|_| now);
        rule.finished_at = rule.finished_at.map(|_| now);
    }
}

fn time(seconds: u64) -> Time {
    Time::from_unix_seconds(1_800_000_000 + i64::try_from(seconds).unwrap()).unwrap()
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let source = SourceId::parse("crm").unwrap();
        let planned =
            Life { task: Task::planned(id, source, "plain".to_owned(), time(NOW)), rules: Vec::new() };
        let decided: Vec<u32> = (0..self.records).collect();
        vec![State {
            store: self.step(&planned, self.found(&decided)).0,
            decided,
            workers: vec![Worker::Idle; 2],
            crashes: 0,
            odd: 0,
            appeared: 0,
            blind: 0,
            posts: Vec::new(),
            present: (0..self.records).collect(),
            broken: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        // A function posts, or is gone, well before its intent is given up.
        if !state.workers.iter().any(|worker| matches!(worker, Worker::Intends { .. })) {
            actions.push(Action::Tick);
        }
        if state.appeared < self.appear && state.store.task.state != TaskState::Settled {
            actions.push(Action::Appear);
        }
        for (who, worker) in state.workers.iter().enumerate() {
            match worker {
                Worker::Idle => {
                    let reads = [false, true].into_iter().filter(|blind| self.reads(state, *blind).is_some());
                    actions.extend(reads.map(|blind| Action::Read(who, blind)));
                }
                Worker::Read(..) | Worker::Heard { .. } => actions.push(Action::Store(who)),
                // A function ends well before its intent is given up, so that no POST is later.
                Worker::Intends { .. } => {
                    actions.push(Action::Post(who, true, Heard::Accepted));
                    actions.push(Action::Post(who, true, Heard::Nothing));
                    actions.push(Action::Post(who, false, Heard::Nothing));
                    if state.odd < self.most_odd {
                        let odd = self.odd.iter();
                        actions.extend(odd.map(|one| Action::Post(who, *one == Heard::Doubtful, *one)));
                    }
                }
            }
            if state.crashes < self.crashes && *worker != Worker::Idle {
                actions.push(Action::Crash(who));
            }
        }
        for (at, post) in state.posts.iter().enumerate() {
            if post.accepted && !post.applied {
                actions.push(Action::Apply(at));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Tick => {
                forget_times(&mut state.store, 1);
                for worker in &mut state.workers {
                    match worker {
                        // What was read in another second is as good as a crash.
                        Worker::Read(..) => *worker = Worker::Idle,
                        Worker::Idle | Worker::Intends { .. } | Worker::Heard { .. } => {}
                    }
                }
            }
            Action::Read(who, blind) => {
                let does = self.reads(&state, blind)?;
                state.blind += u8::from(blind);
                if let Does::Look(found, _) | Does::Search(found) = &does {
                    for post in &mut state.posts {
                        post.found_since.extend(found.iter().filter(|one| post.records.contains(one)));
                    }
                }
                state.workers[who] = Worker::Read(Box::new(state.store.clone()), does);
            }
            Action::Store(who) => match state.workers[who].clone() {
                Worker::Heard { fence, answer } => {
                    let answer_doubts = answer == Heard::Doubtful;
                    let answer = match answer {
                        Heard::Accepted => Submitted::Accepted {
                            rule_id: format!("rule-{fence}"),
                            status: RuleStatus::Pending,
                        },
                        Heard::Doubtful => Submitted::Doubtful {
                            rule_id: format!("rule-{fence}"),
                            status: RuleStatus::Pending,
                            code: "dry_run_not_asked_for",
                        },
                        Heard::Rejected => Submitted::Rejected(Fault::Refused("vendor_conflict")),
                        Heard::NotSent => Submitted::NotSent(Fault::Unavailable("vendor_unreachable")),
                        Heard::Nothing => Submitted::Unknown("vendor_timed_out"),
                    };
                    let before = state.store.clone();
                    let after = self.step(&before, Event::Answered { fence, answer }).0;
                    if let Some(post) = state.posts.iter_mut().find(|post| post.fence == fence) {
                        post.doubted = answer_doubts;
                    }
                    Self::commit(&mut state, &before, after);
                    state.workers[who] = Worker::Idle;
                }
                _ => self.store(&mut state, who),
            },
            Action::Post(who, accepted, heard) => Self::post(&mut state, who, accepted, heard),
            Action::Apply(at) => {
                state.posts[at].applied = true;
                let gone = state.posts[at].records.clone();
                state.present.retain(|record| !gone.contains(record));
            }
            Action::Appear => {
                state.present.insert(100 + state.appeared);
                state.appeared += 1;
            }
            Action::Crash(who) => {
                state.crashes += 1;
                state.workers[who] = Worker::Idle;
            }
        }
        // Neither of two workers is the first one.
        state.workers.sort_by_cached_key(hash);
        Some(state)
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.posts.len() <= self.posts
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is broken", |_, state: &State| state.broken.is_none()),
            Property::always("invariant 3: one POST in flight", |_, state: &State| {
                let in_flight =
                    state.workers.iter().filter(|worker| matches!(worker, Worker::Intends { .. }));
                in_flight.count() <= 1
            }),
            Property::always("invariant 3: no more intents than allowed", |_, state: &State| {
                state.store.rules.iter().all(|rule| rule.attempt <= MAX_ATTEMPTS)
            }),
            Property::always("verified means gone", |model: &Self, state: &State| {
                let verified = state.store.task.outcome == Some(Outcome::VerifiedErased);
                // What appears after the last look began, nobody has seen.
                let held = state.present.iter().any(|record| *record < 100 || model.appear == 0);
                !verified || !held
            }),
            Property::always(
                "invariant 3: nothing settles while a POST may still have an effect",
                |_, state: &State| {
                    let may = |post: &Post| {
                        post.accepted
                            && !post.applied
                            && post.records.iter().any(|one| state.present.contains(one))
                    };
                    state.store.task.state != TaskState::Settled || !state.posts.iter().any(may)
                },
            ),
            Property::always("invariant 3: nothing settles while an end is unknown", |_, state: &State| {
                let task = &state.store.task;
                let seen = task.outcome == Some(Outcome::VerifiedErased);
                task.state != TaskState::Settled || seen || !state.store.has_unknown_end()
            }),
            Property::always("rounds are bounded", |_, state: &State| {
                state.store.task.earlier.as_ref().is_none_or(|earlier| earlier.rounds <= MOST_ROUNDS)
            }),
            Property::always("invariant 6: counts hold together", |_, state: &State| {
                let counts = state.store.task.all_counts();
                counts.confirmed <= counts.submitted && counts.submitted <= counts.found
            }),
            Property::always("settled leaves nothing open", |_, state: &State| {
                let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted, RuleState::NotTaken];
                state.store.task.state != TaskState::Settled
                    || state.store.rules.iter().all(|rule| !open.contains(&rule.state))
            }),
            Property::always("unknown has a machine or a person", |_, state: &State| {
                let life = &state.store;
                life.task.state != TaskState::Unknown
                    || life.task.handed_over_at.is_some()
                    || life.wants_look(time(NOW))
            }),
            Property::sometimes("it ends", |_, state: &State| {
                state.store.task.outcome == Some(Outcome::VerifiedErased)
            }),
            reaches(0),
            reaches(1),
            reaches(2),
        ]
    }
}

/// A protocol reaches what it names in this place.
fn reaches(place: usize) -> Property<Protocol> {
    let (name, condition): (&'static str, fn(&Protocol, &State) -> bool) = match place {
        0 => ("it reaches the first", |model, state| model.reaches_its(0, state)),
        1 => ("it reaches the second", |model, state| model.reaches_its(1, state)),
        _ => ("it reaches the third", |model, state| model.reaches_its(2, state)),
    };
    Property::sometimes(name, condition)
}

impl Protocol {
    fn reaches_its(&self, place: usize, state: &State) -> bool {
        self.reaches.get(place).is_none_or(|what| reached(state, what))
    }
}

/// What some state of a protocol has to be like.
fn reached(state: &State, what: &str) -> bool {
    let (task, rules) = (&state.store.task, &state.store.rules);
    let any = |wanted: RuleState| rules.iter().any(|rule| rule.state == wanted);
    match what {
        "an effect without its reference" => any(RuleState::Unreferenced),
        "what is left is repeated" => any(RuleState::Repeated),
        "a late answer is kept" => rules.iter().any(|rule| {
            rule.rule_id.is_some() && rules.iter().any(|later| later.repeats == Some(rule.batch))
        }),
        "not taken, and gone" => any(RuleState::Gone),
        "not taken, and refused" => task.outcome == Some(Outcome::Refused),
        "not taken after an unknown, and a person's" => {
            let refused = rules.iter().any(|rule| rule.refused.is_some());
            refused && task.handed_over_at.is_some() && state.store.has_unknown_end()
        }
        "doubted, and a person's" => {
            task.handed_over_at.is_some() && rules.iter().any(|rule| rule.rule_id.is_some())
        }
        "a second round ends" => {
            let again = task.earlier.as_ref().is_some_and(|earlier| earlier.rounds == 1);
            again && task.outcome == Some(Outcome::VerifiedErased)
        }
        "a blind look, and a second one" => state.blind > 0 && task.assurance == Some(Assurance::TwoLooks),
        "a blind look, and the control" => state.blind > 0 && task.assurance == Some(Assurance::Control),
        _ => false,
    }
}

fn hash(worker: &Worker) -> u64 {
    let mut hasher = DefaultHasher::new();
    worker.hash(&mut hasher);
    hasher.finish()
}

fn check(protocol: Protocol, what: &str) {
    let checker = protocol.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{what}: {} states, {} of them different", checker.state_count(), checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn one_record_two_workers_two_crashes_two_submissions() {
    let reaches = &["an effect without its reference", "what is left is repeated", "a late answer is kept"];
    check(Protocol { reaches, ..Protocol::new(1, 2, 2) }, "one record");
}

#[test]
fn two_records_in_two_batches_two_workers_two_crashes_two_submissions() {
    let reaches = &["an effect without its reference", "what is left is repeated", "a late answer is kept"];
    check(Protocol { reaches, ..Protocol::new(2, 2, 2) }, "two records");
}

#[test]
fn a_vendor_that_does_not_take_a_submission_also_after_one_that_was_never_answered() {
    let reaches =
        &["not taken, and gone", "not taken, and refused", "not taken after an unknown, and a person's"];
    let posts = usize::try_from(MAX_ATTEMPTS).unwrap();
    let odd = vec![Heard::Rejected];
    check(Protocol { odd, most_odd: 4, reaches, ..Protocol::new(1, 0, posts) }, "not taken");
}

#[test]
fn a_vendor_whose_answer_doubts_what_it_took() {
    let odd = vec![Heard::Doubtful];
    check(Protocol { odd, reaches: &["doubted, and a person's"], ..Protocol::new(1, 1, 2) }, "doubtful");
}

#[test]
fn records_that_appear_go_back_to_a_decision() {
    let reaches = &["a second round ends"];
    let odd = Vec::new();
    check(Protocol { appear: 1, odd, reaches, ..Protocol::new(1, 1, 2) }, "a record appears");
}

#[test]
fn a_search_that_is_blind_once_with_a_control_and_without() {
    let ways: [(bool, &'static [&'static str]); 2] =
        [(false, &["a blind look, and a second one"]), (true, &["a blind look, and the control"])];
    for (controlled, reaches) in ways {
        let protocol = Protocol { blind: 1, controlled, reaches, odd: Vec::new(), ..Protocol::new(1, 1, 2) };
        check(protocol, if controlled { "blind, with a control" } else { "blind, without one" });
    }
}
