//! The submission protocol, checked exhaustively: two workers, two crashes, a vendor that answers,
//! keeps silent, or loses what it was sent. Every step is `rightful_domain::life::step` itself, so
//! that what is explored here is what runs.
//!
//! A worker reads, then writes by condition, as the operations do; between the two anything may
//! happen. Every wait lasts a second, and a second may pass at any time: what the rows say of times is
//! kept relative to now, and times that decide nothing are left out, so that the states are finitely
//! many however long it takes.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::life::{Effect, Event, Life, MAX_ATTEMPTS, Plan, Terms, plan, step, wait_left};
use rightful_domain::request::Right;
use rightful_domain::seal::Tag;
use rightful_domain::task::{Outcome, Rule, RuleState, Task, TaskState};
use rightful_domain::time::Time;
use rightful_domain::vendor::{Capabilities, Claim, Fault, RuleReport, RuleStatus, Submitted};
use rightful_domain::waits::Waits;
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
    places: Vec<u32>,
    /// The vendor has it.
    accepted: bool,
    /// It did it.
    applied: bool,
    /// It certainly had no effect, and we know it.
    harmless: bool,
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
    Look(Vec<u32>),
    Ask(Vec<(u32, bool)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Heard {
    Accepted,
    NotSent,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    store: Life,
    workers: Vec<Worker>,
    crashes: u8,
    refused: u8,
    posts: Vec<Post>,
    present: BTreeSet<u32>,
    /// A rule that the protocol broke, if any.
    broken: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Tick,
    Read(usize),
    Store(usize),
    /// The POST goes out: the vendor takes it or not, and its answer comes or not.
    Post(usize, bool, Heard),
    Apply(usize),
    Crash(usize),
}

struct Protocol {
    capabilities: Capabilities,
    crashes: u8,
    records: u32,
    posts: usize,
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
        Self { capabilities, crashes, records, posts }
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
    fn reads(&self, state: &State) -> Option<Does> {
        let (life, now) = (&state.store, time(NOW));
        if wait_left(&life.task, now) > 0 {
            // Another call's POST may be under way; a wait is no turn.
            return None;
        }
        match life.task.state {
            TaskState::Decided | TaskState::Submitting => match plan(life, now) {
                Plan::Send(_) => Some(Does::Intend),
                Plan::Missing => Some(Does::Missing),
                Plan::Done | Plan::UsedUp => Some(Does::AllSent),
                Plan::Wait(_) | Plan::Look => None,
            },
            TaskState::Verifying | TaskState::Unknown if life.wants_look(now) => {
                Some(Does::Look(state.present.iter().copied().collect()))
            }
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

    fn event(&self, life: &Life, does: &Does) -> Vec<Event> {
        match does {
            Does::Intend => {
                let until = time(NOW + POST_SECONDS);
                vec![Event::Intend { digest: Tag::new("k", &[1]), until, lease: None }]
            }
            Does::Missing => vec![Event::AnswerMissing],
            Does::AllSent => vec![Event::AllSent],
            Does::Look(found) => vec![Event::Looked { found: found.clone(), appeared: 0 }],
            Does::Ask(rules) => {
                let report = |(batch, done): &(u32, bool)| {
                    let rule = life.rules.iter().find(|rule| rule.batch == *batch);
                    let confirmed = rule.map_or(0, |rule| life.own_places(rule).len());
                    let report = RuleReport {
                        status: if *done { RuleStatus::Finished } else { RuleStatus::Pending },
                        confirmed: if *done { confirmed } else { 0 },
                        claim: Claim::Deleted,
                    };
                    (*batch, report)
                };
                let told = rules.iter().map(report).collect();
                vec![Event::Told(told), Event::Asked { fault: None, strange: false }]
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
        for event in self.event(&before, &does) {
            let (after, effects) = self.step(&life, event);
            life = after;
            fence = effects.iter().find_map(|effect| match effect {
                Effect::Post { fence, .. } => Some(*fence),
                Effect::Record(_) => None,
            });
        }
        if Self::commit(state, &before, life)
            && let Some(fence) = fence
        {
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
        for earlier in state.posts.iter().filter(|post| !post.harmless) {
            let again = places.iter().filter(|place| earlier.places.contains(place));
            if again.clone().any(|place| !earlier.found_since.contains(place)) {
                state.broken = Some("invariant 3: a record is named again without a look that found it");
            }
        }
        let harmless = heard == Heard::NotSent;
        state.refused += u8::from(harmless);
        let found_since = BTreeSet::new();
        state.posts.push(Post { fence, places, accepted, applied: false, harmless, found_since });
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
    let task = &mut life.task;
    task.not_before = task.not_before.map(passed).filter(|at| *at > now);
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
        let digest = Tag::new("k", &[1]);
        let decided = Event::Found { records: self.records, chunks: 1, digest, began: time(NOW) };
        vec![State {
            store: self.step(&planned, decided).0,
            workers: vec![Worker::Idle; 2],
            crashes: 0,
            refused: 0,
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
        for (who, worker) in state.workers.iter().enumerate() {
            match worker {
                Worker::Idle if self.reads(state).is_some() => actions.push(Action::Read(who)),
                Worker::Idle => {}
                Worker::Read(..) | Worker::Heard { .. } => actions.push(Action::Store(who)),
                // A function ends well before its intent is given up, so that no POST is later.
                Worker::Intends { .. } => {
                    actions.push(Action::Post(who, true, Heard::Accepted));
                    actions.push(Action::Post(who, true, Heard::Nothing));
                    actions.push(Action::Post(who, false, Heard::Nothing));
                    if state.refused == 0 {
                        actions.push(Action::Post(who, false, Heard::NotSent));
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
            Action::Read(who) => {
                let does = self.reads(&state)?;
                if let Does::Look(found) = &does {
                    for post in &mut state.posts {
                        post.found_since.extend(found.iter().filter(|at| post.places.contains(at)));
                    }
                }
                state.workers[who] = Worker::Read(Box::new(state.store.clone()), does);
            }
            Action::Store(who) => match state.workers[who].clone() {
                Worker::Heard { fence, answer } => {
                    let answer = match answer {
                        Heard::Accepted => Submitted::Accepted {
                            rule_id: format!("rule-{fence}"),
                            status: RuleStatus::Pending,
                        },
                        Heard::NotSent => Submitted::NotSent(Fault::Unavailable("vendor_unreachable")),
                        Heard::Nothing => Submitted::Unknown("vendor_timed_out"),
                    };
                    let before = state.store.clone();
                    let after = self.step(&before, Event::Answered { fence, answer }).0;
                    Self::commit(&mut state, &before, after);
                    state.workers[who] = Worker::Idle;
                }
                _ => self.store(&mut state, who),
            },
            Action::Post(who, accepted, heard) => Self::post(&mut state, who, accepted, heard),
            Action::Apply(at) => {
                state.posts[at].applied = true;
                let gone = state.posts[at].places.clone();
                state.present.retain(|place| !gone.contains(place));
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
            Property::always("verified means gone", |_, state: &State| {
                state.store.task.outcome != Some(Outcome::VerifiedErased) || state.present.is_empty()
            }),
            Property::always("invariant 6: counts hold together", |_, state: &State| {
                let counts = state.store.task.counts;
                counts.confirmed <= counts.submitted && counts.submitted <= counts.found
            }),
            Property::always("settled leaves nothing open", |_, state: &State| {
                let open = [RuleState::Intent, RuleState::Unknown, RuleState::Accepted];
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
            Property::sometimes("an effect without its reference is seen", |_, state: &State| {
                state.store.rules.iter().any(|rule| rule.state == RuleState::Unreferenced)
            }),
            Property::sometimes("what is left is repeated", |_, state: &State| {
                state.store.rules.iter().any(|rule| rule.state == RuleState::Repeated)
            }),
            Property::sometimes("a late answer is kept", |_, state: &State| {
                let rules = &state.store.rules;
                rules.iter().any(|rule| {
                    rule.rule_id.is_some() && rules.iter().any(|later| later.repeats == Some(rule.batch))
                })
            }),
        ]
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
    check(Protocol::new(1, 2, 2), "one record");
}

#[test]
fn two_records_in_two_batches_two_workers_two_crashes_two_submissions() {
    check(Protocol::new(2, 2, 2), "two records");
}
