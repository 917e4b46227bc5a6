//! The model's state: the stored life, its workers, the POSTs, and the times that decide something.

use rightful_domain::base::time::Time;
use rightful_domain::base::waits::Waits;
use rightful_domain::life::Life;
use rightful_simulation::shared::Shared;
use std::collections::BTreeSet;
use std::hash::Hash;

pub const SECOND: Waits = Waits { first_seconds: 1, longest_seconds: 1 };

/// How long a POST can be under way.
pub const POST_SECONDS: u64 = 2;

/// One POST that reached the vendor, or was lost on its way there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Post {
    pub fence: u64,
    pub records: Vec<u32>,
    /// The vendor has it.
    pub accepted: bool,
    /// The vendor performed it.
    pub applied: bool,
    /// It certainly had no effect, and we know it.
    pub harmless: bool,
    /// Its answer doubted it, and that is stored.
    pub doubted: bool,
    /// Its records that a later search found.
    pub found_since: BTreeSet<u32>,
}

/// A worker's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Worker {
    Idle,
    /// It has read this, and is about to store its result.
    Read(Shared<Life>, Does),
    /// Its intent is stored; its POST comes next.
    Intends {
        fence: u64,
    },
    /// It has heard this, and is about to store it.
    Heard {
        fence: u64,
        answer: Heard,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Does {
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
pub enum Heard {
    Accepted,
    Doubtful,
    NotSent,
    Rejected,
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub store: Shared<Life>,
    /// The records that the stored decision is about, in its order.
    pub decided: Vec<u32>,
    pub workers: Vec<Worker>,
    pub crashes: u8,
    pub odd: u8,
    pub appeared: u32,
    pub blind: u8,
    pub posts: Vec<Post>,
    pub present: BTreeSet<u32>,
    /// A rule that the protocol broke, if any.
    pub broken: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
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

/// The second in which everything happens; a time in a row is later by its remaining wait.
pub const NOW: u64 = 100;

/// Lets `seconds` pass in the rows, and drops everything that decides nothing: past times, and mere counts.
pub fn forget_times(life: &mut Life, seconds: i64) {
    let now = time(NOW);
    let passed = |at: Time| Time::from_unix_seconds(at.unix_seconds() - seconds).unwrap().max(now);
    // Every wait lasts a second, whatever the life wants.
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

pub fn time(seconds: u64) -> Time {
    Time::from_unix_seconds(1_800_000_000 + i64::try_from(seconds).unwrap()).unwrap()
}
