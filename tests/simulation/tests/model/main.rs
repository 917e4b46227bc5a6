//! The submission protocol, checked exhaustively: two workers, two crashes, a vendor that answers, keeps
//! silent, or loses a submission. Every step is `rightful_domain::life::step` itself: the model explores the
//! code that runs.
//!
//! A worker reads, then writes by condition, as the operations do; between the two anything may happen. Every
//! wait lasts a second, and a second may pass at any time: the rows' times are kept relative to now, and
//! times that decide nothing are left out, so that the number of states is finite.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

mod state;
mod protocol;

use crate::protocol::Protocol;
use crate::state::{Action, Does, Heard, NOW, Post, State, Worker, forget_times, time};
use rightful_domain::base::code::Code;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::life::{Life, LifeEvent, MAX_ATTEMPTS, MOST_ROUNDS};
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Assurance, Outcome, Task, TaskState};
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::report::{RuleStatus, Submitted};
use rightful_simulation::shared::Shared;
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::hash::{DefaultHasher, Hash, Hasher};

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
            store: Shared::new(self.step(&planned, self.found(&decided)).0),
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
        // A function posts, or is lost, well before its intent expires.
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
                // A function ends well before its intent expires, so no POST comes later.
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
                state.store = state.store.changed(|life| forget_times(life, 1));
                for worker in &mut state.workers {
                    match worker {
                        // A read from another second counts as a crash.
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
                state.workers[who] = Worker::Read(state.store.clone(), does);
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
                            code: Code::DryRunNotAsked,
                        },
                        Heard::Rejected => Submitted::Rejected(Fault::Refused(Code::VendorConflict)),
                        Heard::NotSent => Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)),
                        Heard::Nothing => Submitted::Unknown(Code::VendorTimedOut),
                    };
                    let before = state.store.clone();
                    let after = self.step(&before, LifeEvent::Answered { fence, answer }).0;
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
                // Nobody has seen records that appear after the last look began.
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

/// A protocol reaches the state that it names in this place.
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

/// Whether a state is the named one.
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
    let checker = protocol.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
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
