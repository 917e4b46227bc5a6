//! The workers' steps: each is the product's own.

use crate::state::{Does, Heard, NOW, POST_SECONDS, Post, SECOND, State, Worker, forget_times, time};
use rightful_domain::base::code::Code;
use rightful_domain::base::seal::Tag;
use rightful_domain::law::right::Right;
use rightful_domain::life::{Effect, Life, LifeEvent, Plan, Terms, plan, step, wait_left};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Asked, Outcome, TaskState};
use rightful_domain::vendor::port::Capabilities;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus};
use rightful_simulation::shared::Shared;
use std::collections::BTreeSet;

pub struct Protocol {
    pub capabilities: Capabilities,
    pub crashes: u8,
    pub records: u32,
    pub posts: usize,
    /// The answers other than success and silence, and how often one of them comes at most.
    pub odd: Vec<Heard>,
    pub most_odd: u8,
    /// How many records appear at most.
    pub appear: u32,
    /// How many searches are blind at most.
    pub blind: u8,
    /// Whether the data source has a control.
    pub controlled: bool,
    /// The states that must be reachable.
    pub reaches: &'static [&'static str],
}

impl Protocol {
    pub fn new(records: u32, crashes: u8, posts: usize) -> Self {
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

    pub fn step(&self, life: &Life, event: LifeEvent) -> (Life, Vec<Effect>) {
        let vendor = Some(&self.capabilities);
        let due_at = time(1_000_000_000);
        let terms = Terms { grace_seconds: 0, right: Right::Erasure, dry_run: false, due_at, vendor };
        let (mut life, effects) = step(life, event, time(NOW), &terms);
        forget_times(&mut life, 0);
        (life, effects)
    }

    /// A worker's next step in this life, if its wait is over.
    pub fn reads(&self, state: &State, blind: bool) -> Option<Does> {
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

    pub fn event(&self, life: &Life, does: &Does, decided: &[u32]) -> Vec<LifeEvent> {
        match does {
            Does::Intend => {
                let until = time(NOW + POST_SECONDS);
                vec![LifeEvent::Intend { digest: Tag::new("k", &[1]), until, lease: None }]
            }
            Does::Missing => vec![LifeEvent::AnswerMissing],
            Does::AllSent => vec![LifeEvent::AllSent],
            Does::Look(_, true) if self.controlled => {
                vec![LifeEvent::CannotLook { code: Code::ControlNotFound, wait: 1 }]
            }
            Does::Look(seen, _) => {
                let places = (0u32..).zip(decided).filter(|(_, record)| seen.contains(record));
                let found: Vec<u32> = places.map(|(place, _)| place).collect();
                let appeared =
                    u32::try_from(seen.iter().filter(|one| !decided.contains(one)).count()).unwrap();
                let controlled = self.controlled && seen.is_empty();
                let asked = Asked::default();
                vec![LifeEvent::Looked { found, appeared, asked, unseen: 0, controlled }]
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
                vec![LifeEvent::Told(told), LifeEvent::Asked { fault: None, strange: false, asked_to: None }]
            }
        }
    }

    pub fn found(&self, records: &[u32]) -> LifeEvent {
        let (began, target, asked) = (time(NOW), self.capabilities.target.clone(), Asked::default());
        match u32::try_from(records.len()).unwrap() {
            0 => LifeEvent::SearchEnded {
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
                LifeEvent::Found { records, chunks: 1, digest, began, target, asked, doubts }
            }
        }
    }

    /// Stores the changes, on condition that each changed row is still as it was read.
    pub fn commit(state: &mut State, before: &Life, after: Life) -> bool {
        let row = |life: &Life, batch: u32| life.rules.iter().find(|rule| rule.batch == batch).cloned();
        let unchanged = |rule: &Rule| row(&state.store, rule.batch) == row(before, rule.batch);
        let fits = state.store.task == before.task
            && after.rules.iter().filter(|rule| !before.rules.contains(rule)).all(unchanged);
        if fits {
            state.store = Shared::new(after);
        }
        fits
    }

    pub fn store(&self, state: &mut State, who: usize) {
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

    pub fn post(state: &mut State, who: usize, accepted: bool, heard: Heard) {
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
