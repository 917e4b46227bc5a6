//! The review, and running again, checked exhaustively: a search that finds other records each time, or none,
//! or one that shows another value; a data source that may move; two reviewers who decide on an earlier view
//! at any time; an operator who has it searched or run again; a cancellation; and a worker that submits.
//! Every step is `rightful_domain::life::step` itself; each reads, then writes by condition, and anything may
//! happen in between.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

use rightful_domain::base::actor::Actor;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::{Sealed, Tag};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::law::ground::RefusalGround;
use rightful_domain::law::right::Right;
use rightful_domain::life::{Effect, Life, LifeEvent, Plan, Ruling, Terms, plan, step};
use rightful_domain::model::policy::Policy;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Asked, Outcome, Task, TaskState};
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus, Submitted};
use rightful_domain::vendor::target::Target;
use rightful_simulation::shared::Shared;
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::collections::BTreeSet;

/// A worker, with the rows that it read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum At {
    Rest,
    /// With the opened target; `None` if the data source points elsewhere since.
    Read(Shared<Life>, Option<Target>),
    /// An intent is stored, and its POST comes next, to this target.
    Posts(u64, Target),
    Heard(u64),
}

/// How often each optional step happens at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Done {
    identified: u8,
    run_again: u8,
    cancelled: u8,
    searches: u8,
    moves: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    store: Shared<Life>,
    /// The reviewers: what each has seen, and when.
    reviewers: [Option<Shared<Life>>; 2],
    operator: Option<Shared<Life>>,
    searcher: Option<(Shared<Life>, Option<Target>)>,
    /// The present target of the data source.
    points_at: Target,
    worker: At,
    done: Done,
    /// The allowed decision by the events, and the target where its records were found.
    allowed: Option<Tag>,
    found_at: Option<Target>,
    /// Whether a found record is marked.
    marked: bool,
    /// Which digests reviewers ruled on, in this run.
    reviews: u8,
    batches: BTreeSet<u32>,
    posts: u8,
    broken: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    /// A search begins, and ends: with no record, one or two, or with one that shows another value.
    Search,
    Found(u8, bool),
    /// The data source moves.
    Move,
    Look(usize),
    Rule(usize, bool),
    Read,
    RunAgain,
    Identify,
    CallOff,
    Take,
    Store,
    Post,
    Hear,
    Finish,
}

struct Review {
    capabilities: Capabilities,
    policy: Policy,
    /// How often the data source moves.
    moves: u8,
}

fn now() -> Time {
    Time::from_unix_seconds(1_800_000_000).unwrap()
}

fn ann() -> Actor {
    Actor::parse("ann").unwrap()
}

fn sealed() -> Sealed {
    serde_json::from_str("\"c2VhbGVk\"").unwrap()
}

impl Review {
    fn new(policy: Policy, moves: u8) -> Self {
        let capabilities = Capabilities { batch_size: 1, ..rightful_contract::vendor::plain() };
        Self { capabilities, policy, moves }
    }

    /// The target at which the operations open a task's data source; `None` if it moved.
    fn opened(state: &State) -> Option<Target> {
        let then = state.store.task.target.clone();
        match then {
            Some(then) if then != state.points_at && !state.store.run_has_submitted() => None,
            Some(then) => Some(then),
            None => Some(state.points_at.clone()),
        }
    }

    fn step(&self, life: &Life, event: LifeEvent) -> (Life, Vec<Effect>) {
        let due_at = rightful_domain::law::deadline::LegalZone::default().months_after(now(), 1);
        let vendor = Some(&self.capabilities);
        let terms = Terms { grace_seconds: 0, right: Right::Erasure, dry_run: false, due_at, vendor };
        let (mut after, effects) = step(life, event, now(), &terms);
        // No wait decides anything here.
        (after.task.not_before, after.task.polls, after.task.tries) = (None, 0, 0);
        (after, effects)
    }

    /// Stores the result of an event, on condition that the rows are still as they were read.
    fn store(&self, state: &mut State, read: &Life, event: LifeEvent) -> Vec<Effect> {
        let whole = state.store.task == read.task && state.store.rules == read.rules;
        if !whole {
            return Vec::new();
        }
        let (mut after, effects) = self.step(read, event);
        if after == *read {
            return Vec::new();
        }
        let again = after.rules.len() < read.rules.len();
        if again && read.rules.iter().any(|rule| rule.batch >= after.task.first_batch) {
            state.broken = Some("a new run uses batch numbers of an earlier one");
        }
        after.task.revision += 1;
        state.store = Shared::new(after);
        for effect in &effects {
            let Effect::Record(fact) = effect else { continue };
            match fact {
                Fact::Decided { digest, records, .. } => {
                    state.allowed = Some(digest.clone());
                    if self.policy.wants_review(*records) || state.marked {
                        state.broken = Some("invariant 2: a policy decided where a person has to");
                    }
                }
                Fact::Reviewed { digest, verdict, .. } => {
                    state.reviews += 1;
                    let proceeds = *verdict == rightful_domain::model::task::Verdict::Proceed;
                    state.allowed = digest.clone().filter(|_| proceeds);
                    if state.reviews > 1 {
                        state.broken = Some("invariant 2: two reviews of one finding");
                    }
                }
                Fact::ReviewNeeded { .. } => (state.reviews, state.allowed) = (0, None),
                Fact::Settled { outcome, .. } => {
                    let seen = state.reviews > 0;
                    let inserted = !read.task.inserted.is_empty();
                    let alone = self.policy == Policy::Always && !seen && !inserted;
                    if *outcome == Outcome::NothingFound && alone {
                        state.broken = Some("nothing found, and nobody saw it");
                    }
                    state.allowed = None;
                }
                Fact::RunsAgain { .. } | Fact::IdentifierGiven { .. } | Fact::TargetChanged { .. } => {
                    (state.allowed, state.found_at) = (None, None);
                }
                _ => {}
            }
        }
        effects
    }

    fn post(state: &mut State, fence: u64, to: &Target) {
        let Some(rule) = state.store.rules.iter().find(|rule| rule.fence == fence) else {
            state.broken = Some("invariant 3: no intent is stored for a POST");
            return;
        };
        let decided = state.store.task.decision.as_ref().map(|decision| &decision.records);
        if state.allowed.is_none() || state.allowed.as_ref() != decided {
            state.broken = Some("invariant 2: a POST that nobody decided on, or decided against");
        }
        if state.found_at.as_ref() != Some(to) {
            state.broken = Some("invariant 2: a POST to another target than where its records were found");
        }
        if !state.batches.insert(rule.batch) {
            state.broken = Some("invariant 3: a batch number twice");
        }
        state.posts += 1;
    }
}

impl Model for Review {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let source = SourceId::parse("crm").unwrap();
        let planned = Task::planned(id, source, "plain".to_owned(), now());
        let store = Life { task: Task { policy: self.policy, ..planned }, rules: Vec::new() };
        let store = Shared::new(store);
        vec![State {
            store,
            reviewers: [None, None],
            operator: None,
            searcher: None,
            points_at: self.capabilities.target.clone(),
            worker: At::Rest,
            done: Done::default(),
            allowed: None,
            found_at: None,
            marked: false,
            reviews: 0,
            batches: BTreeSet::new(),
            posts: 0,
            broken: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        let at = state.store.task.state;
        match &state.searcher {
            Some(_) => actions.extend(
                [(0, false), (1, false), (1, true), (2, false)].map(|(n, marked)| Action::Found(n, marked)),
            ),
            None if at == TaskState::Planned && state.done.searches < 4 => actions.push(Action::Search),
            None => {}
        }
        for (who, seen) in state.reviewers.iter().enumerate() {
            match seen {
                Some(_) => actions.extend([Action::Rule(who, true), Action::Rule(who, false)]),
                None if at == TaskState::AwaitingReview => actions.push(Action::Look(who)),
                None => {}
            }
        }
        match &state.operator {
            Some(_) => {
                let Done { identified, run_again, cancelled, .. } = state.done;
                actions.extend((run_again < 1).then_some(Action::RunAgain));
                actions.extend((identified < 1).then_some(Action::Identify));
                actions.extend((cancelled < 1).then_some(Action::CallOff));
            }
            None => actions.push(Action::Read),
        }
        if state.done.moves < self.moves {
            actions.push(Action::Move);
        }
        match &state.worker {
            At::Rest if matches!(at, TaskState::Decided | TaskState::Submitting) => {
                actions.push(Action::Take)
            }
            At::Rest => {}
            At::Read(..) => actions.push(Action::Store),
            At::Posts(..) => actions.push(Action::Post),
            At::Heard(_) => actions.push(Action::Hear),
        }
        if at == TaskState::Submitted || at == TaskState::Verifying {
            actions.push(Action::Finish);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let read = || Some(last.store.clone());
        match action {
            Action::Search => {
                state.searcher = Some((read()?, Self::opened(&state)));
                state.done.searches += 1;
            }
            Action::Move => {
                let host = format!("{}.example.com", state.done.moves);
                state.points_at.params.insert("host".to_owned(), host);
                state.done.moves += 1;
            }
            Action::Found(records, marked) => {
                let (life, target) = state.searcher.take()?;
                let asked = Asked { marked: u32::from(marked), ..Asked::default() };
                let event = match (target.clone(), records) {
                    (None, _) => LifeEvent::TargetChanged,
                    (target, 0) => LifeEvent::SearchEnded {
                        began: now(),
                        outcome: Outcome::NothingFound,
                        reason: None,
                        found: 0,
                        target,
                        asked,
                        doubts: None,
                    },
                    (Some(target), _) => {
                        let digest = Tag::new("k", &[records]);
                        let records = records.into();
                        LifeEvent::Found {
                            records,
                            chunks: 1,
                            digest,
                            began: now(),
                            target,
                            asked,
                            doubts: None,
                        }
                    }
                };
                let before = state.store.clone();
                state.marked = marked && target.is_some();
                self.store(&mut state, &life, event);
                if state.store == before {
                    state.marked = last.marked;
                } else if target.is_some() {
                    state.found_at = target;
                }
            }
            Action::Look(who) => state.reviewers[who] = read(),
            Action::Rule(who, proceeds) => {
                let seen = state.reviewers[who].take()?;
                // As the operation does: the stored records must be the seen ones.
                let task = &state.store.task;
                if task.state != TaskState::AwaitingReview || task.found_digest != seen.task.found_digest {
                    return Some(state);
                }
                let verdict =
                    if proceeds { Ruling::Proceed } else { Ruling::Refuse(RefusalGround::LegalClaims) };
                let life = state.store.clone();
                self.store(&mut state, &life, LifeEvent::Reviewed { by: ann(), verdict, reason: sealed() });
            }
            Action::Read => state.operator = read(),
            Action::RunAgain => {
                let life = state.operator.take()?;
                state.done.run_again += 1;
                self.store(&mut state, &life, LifeEvent::RunAgain { by: ann() });
            }
            Action::Identify => {
                let life = state.operator.take()?;
                state.done.identified += 1;
                let kind = rightful_domain::base::identifier::IdentifierKind::email();
                self.store(&mut state, &life, LifeEvent::Identified { by: ann(), kind });
            }
            Action::CallOff => {
                let life = state.operator.take()?;
                state.done.cancelled += 1;
                self.store(&mut state, &life, LifeEvent::CalledOff);
            }
            Action::Take => state.worker = At::Read(read()?, Self::opened(&state)),
            Action::Store => {
                let worker = std::mem::replace(&mut state.worker, At::Rest);
                let At::Read(life, opened) = worker else { return None };
                let event = match (plan(&life, now()), &opened) {
                    (Plan::Send(_), None) => LifeEvent::TargetChanged,
                    (Plan::Send(_), Some(_)) => LifeEvent::Intend {
                        digest: Tag::new("k", &[9]),
                        until: now().plus_seconds(30),
                        lease: None,
                    },
                    _ => LifeEvent::AllSent,
                };
                let effects = self.store(&mut state, &life, event);
                let fence = effects.iter().find_map(|effect| match effect {
                    Effect::Post { fence, .. } => Some(*fence),
                    Effect::Record(_) => None,
                });
                state.worker = fence.zip(opened).map_or(At::Rest, |(fence, to)| At::Posts(fence, to));
            }
            Action::Post => {
                let At::Posts(fence, to) = state.worker.clone() else { return None };
                state.worker = At::Heard(fence);
                Self::post(&mut state, fence, &to);
            }
            Action::Hear => {
                let At::Heard(fence) = state.worker else { return None };
                state.worker = At::Rest;
                let answer =
                    Submitted::Accepted { rule_id: format!("rule-{fence}"), status: RuleStatus::Pending };
                let life = state.store.clone();
                self.store(&mut state, &life, LifeEvent::Answered { fence, answer });
            }
            Action::Finish => {
                let report = |batch| {
                    let (status, claim) = (RuleStatus::Finished, Claim::Deleted);
                    (batch, RuleReport { status, confirmed: 1, strangers: 0, claim })
                };
                let life = state.store.clone();
                if life.task.state == TaskState::Verifying {
                    let (found, asked, controlled) = (Vec::new(), Asked::default(), true);
                    self.store(
                        &mut state,
                        &life,
                        LifeEvent::Looked { found, appeared: 0, asked, unseen: 0, controlled },
                    );
                } else {
                    let told = life.rules.iter().map(|rule| report(rule.batch)).collect();
                    self.store(&mut state, &life, LifeEvent::Told(told));
                    let life = state.store.clone();
                    self.store(
                        &mut state,
                        &life,
                        LifeEvent::Asked { fault: None, strange: false, asked_to: None },
                    );
                }
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing is broken", |_, state: &State| state.broken.is_none()),
            Property::always("invariant 2: who waits for a review has no decision", |_, state: &State| {
                let task = &state.store.task;
                task.state != TaskState::AwaitingReview || task.decision.is_none()
            }),
            Property::always("nothing runs again while a submission is under way", |_, state: &State| {
                let under_way = matches!(state.worker, At::Posts(..) | At::Heard(_));
                !under_way || state.store.rules.iter().any(|rule| rule.state == RuleState::Intent)
            }),
            Property::always("what is called off is over", |_, state: &State| {
                state.store.task.outcome != Some(Outcome::Cancelled) || !state.store.has_submitted()
            }),
            Property::sometimes("it ends after a review", |_, state: &State| {
                state.store.task.outcome == Some(Outcome::VerifiedErased)
            }),
            Property::sometimes("nothing is found", |_, state: &State| {
                state.store.task.outcome == Some(Outcome::NothingFound)
            }),
            Property::sometimes("what is marked waits for a person", |_, state: &State| {
                state.marked && state.store.task.state == TaskState::AwaitingReview
            }),
            Property::sometimes(
                "what was found elsewhere is searched anew",
                |model: &Self, state: &State| {
                    model.moves == 0
                        || state.found_at.as_ref().is_some_and(|at| *at != model.capabilities.target)
                },
            ),
            Property::sometimes("it is refused", |_, state: &State| {
                state.store.task.outcome == Some(Outcome::Refused)
            }),
            Property::sometimes("it is called off", |_, state: &State| {
                state.store.task.outcome == Some(Outcome::Cancelled)
            }),
            Property::sometimes("a second run submits too", |_, state: &State| {
                state.store.task.run == 2 && state.posts == 2
            }),
        ]
    }
}

fn check(policy: Policy, moves: u8) {
    let model = Review::new(policy, moves);
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!(
        "{policy}: {} states, {} of them different",
        checker.state_count(),
        checker.unique_state_count()
    );
    checker.assert_properties();
}

#[test]
fn two_reviewers_an_operator_and_a_worker_under_the_policy_always() {
    check(Policy::Always, 0);
}

#[test]
fn the_same_where_one_record_needs_no_review() {
    check(Policy::Over(1), 0);
}

#[test]
fn the_same_where_the_data_source_comes_to_point_elsewhere() {
    check(Policy::Over(1), 1);
}
