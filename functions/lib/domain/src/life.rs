//! The life of a task and of its rules, as one pure state machine: `step(life, event)` gives the life
//! after the event and what has to be done about it. The operations feed it with what they read and
//! heard, and store what it gives; the model and the simulator run exactly this.
//!
//! Architecture Invariant: nothing else changes a task's or a rule's state.
//!
//! ```text
//! planned ─► decided ─► submitting ─► submitted ─► verifying ─► settled (outcome)
//!  ▲  │        ▲  │           │  ▲          │                       ▲
//!  │  ▼        │  │           ▼  │          └─► copying ────────────┘
//!  │ awaiting ─┘  │         unknown: a look tells, or a person
//!  │ review       │
//!  └──────────────┘ searched again
//! ```
//!
//! Access takes the same way where the vendor makes an export of its own, and copies then; without one
//! it copies as soon as it is decided. A person may have a task run again for as long as its request is
//! open: that is a new run, with batches of its own.
//!
//! A look that finds records beyond the decision sends the task back to the search, for a *round* with a
//! decision of its own; nothing is settled before. After three such rounds a person has it.
//!
//! A rule: intent ─► accepted ─► finished; or not sent (a new intent may follow), not taken, unknown.
//! An unknown one is resolved by looking: unreferenced (none of its records is left), or left ─►
//! repeated (a later batch names what was left). So is one that the vendor did not take: gone, or left ─►
//! repeated, and rejected in the end.

use crate::actor::Actor;
use crate::event::Fact;
use crate::failure::Code;
use crate::identifier::IdentifierKind;
use crate::limit::Slot;
use crate::ports::TARGET_LOST;
use crate::request::{RefusalGround, Request, Right};
use crate::seal::{Sealed, Tag};
use crate::task::{
    Asked, Assurance, Counts, Decision, IDENTIFIER_FOUND_NOTHING, IDENTIFIER_MISSING, NOTHING_FOUND, Outcome,
    Review, Rounds, Rule, RuleState, Task, TaskState, Verdict,
};
use crate::time::Time;
use crate::vendor::{
    ANSWER_TOO_LARGE, Capabilities, Claim, Fault, RuleReport, RuleStatus, Submitted, Target,
};
use crate::waits::Waits;

/// How often records may be named in an intent: once, and three times more after looks that found
/// them still there. Then a person has to decide.
pub const MAX_ATTEMPTS: u32 = 4;

/// How long before its legal deadline an open request is a person's matter, in seconds: three days.
pub const NOTICE_SECONDS: u64 = 3 * 24 * 3600;

/// Another request about the same person is being fulfilled at this data source.
pub const OTHER_REQUEST: Code = "other_request_in_progress";
/// The records were named as often as they may be, and are still found.
pub const REPEATS_USED_UP: Code = "repeats_used_up";
/// The answer to an intent never came.
pub const ANSWER_MISSING: Code = "answer_never_came";
/// An effect was seen, but the vendor's reference to it is missing.
pub const REFERENCE_MISSING: Code = "reference_missing";
/// Records are gone although the vendor was asked for a dry run.
pub const GONE_IN_DRY_RUN: Code = "gone_in_dry_run";
/// The vendor says that it is done, but its list is shorter than ours.
pub const NOT_ALL_CONFIRMED: Code = "not_all_confirmed";

/// Looks went on finding records that no decision covers, round after round.
pub const RECORDS_KEEP_APPEARING: Code = "records_keep_appearing";
/// A finished rule lists records that were never submitted: somebody else's may be erased.
pub const STRANGERS_LISTED: Code = "strangers_listed";
/// A record that was set aside contains the identifier as a whole part: it may be the person's.
pub const SET_ASIDE_DOUBTFUL: Code = "set_aside_doubtful";
/// A look found nothing, and a second one has to confirm it.
pub const SECOND_LOOK: Code = "second_look";
/// The search did not find the data source's control: it proves nothing.
pub const CONTROL_NOT_FOUND: Code = "control_not_found";
/// A person left out a data source that can't be searched.
pub const LEFT_OUT: Code = "left_out_by_a_person";

/// A person found out how it ended, and said so.
pub const STATED_BY_A_PERSON: Code = "stated_by_a_person";
/// Records that were decided on were gone when they were to be copied.
pub const RECORDS_GONE: Code = "records_gone";
/// A reviewer refused.
pub const REFUSED_BY_REVIEWER: Code = "refused_by_reviewer";

/// Waits after a batch that was not sent, and for another request to end.
const NOT_SENT_WAITS: Waits = Waits { first_seconds: 2, longest_seconds: 3600 };
/// Waits between failed searches: the workflow's own retries come in between.
const SEARCH_WAITS: Waits = Waits { first_seconds: 15, longest_seconds: 6 * 3600 };
/// How many looks in a row may find the data source's set-up broken before a person has to mend it.
const TRIES_WITHOUT_VENDOR: u32 = 4;
/// Waits between tries at what a vendor, or a gateway before it, refuses: some tries over some minutes.
const REFUSED_WAITS: Waits = Waits { first_seconds: 30, longest_seconds: 300 };
/// How often a vendor may refuse a search or a copy in a row, over some minutes, before that is its word.
const REFUSED_TRIES: u32 = 5;
/// How many rounds may follow the first decision of a run.
pub const MOST_ROUNDS: u32 = 3;
/// From a look that found nothing to the second one that confirms it, in seconds, where there is no
/// control.
const SECOND_LOOK_SECONDS: u64 = 60;
/// How often a copy may turn out lost, or unfit, and be made again.
const MOST_LOST_COPIES: u32 = 3;
/// Seconds between looks at a task that a person has.
const HANDED_OVER_SECONDS: u64 = 3600;

/// What is stored of one task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    /// The task's row.
    pub task: Task,
    /// The rows of its rules, by batch.
    pub rules: Vec<Rule>,
}

/// What bounds a step: the request's terms and, where the data source could be opened, the vendor's.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How long past its time a task is left to its workflow, in seconds.
    pub grace_seconds: u64,
    /// What is demanded.
    pub right: Right,
    /// Whether nothing may be erased.
    pub dry_run: bool,
    /// When the law wants an answer.
    pub due_at: Time,
    /// What the vendor can do and how it wants to be asked.
    pub vendor: Option<&'a Capabilities>,
}

impl<'a> Terms<'a> {
    /// The terms of a task of this request.
    #[must_use]
    pub fn new(request: &Request, grace_seconds: u64, vendor: Option<&'a Capabilities>) -> Self {
        Self { grace_seconds, right: request.right, dry_run: request.dry_run, due_at: request.due_at, vendor }
    }
}

/// What happened to a task.
#[derive(Clone, Debug)]
pub enum Event {
    /// The search found records: the task's policy decides on exactly these, or has a person decide.
    Found {
        /// How many.
        records: u32,
        /// In how many chunks they are stored.
        chunks: u32,
        /// The keyed digest of the exact records.
        digest: Tag,
        /// When the search began: what happened at the vendor since may have been missed.
        began: Time,
        /// The target that was searched.
        target: Target,
        /// What was asked, marked and set aside.
        asked: Asked,
        /// Which doubtful records were set aside, sealed; `None` where there are none.
        doubts: Option<Sealed>,
    },
    /// The data source points elsewhere than where the run was searched, and nothing of the run was sent.
    TargetChanged,
    /// The request has no identifier that the data source searches by.
    IdentifierMissing {
        /// When that was seen.
        began: Time,
    },
    /// An execution waits for the review under this token.
    Waits {
        /// The token.
        token: String,
    },
    /// A person decided on what was found.
    Reviewed {
        /// Who.
        by: Actor,
        /// What.
        verdict: Ruling,
        /// Their reason, sealed.
        reason: Sealed,
    },
    /// An identifier was given for this data source: it is searched again.
    Identified {
        /// Who gave it.
        by: Actor,
        /// Its kind.
        kind: IdentifierKind,
    },
    /// A person has the data source run again.
    RunAgain {
        /// Who.
        by: Actor,
    },
    /// The request is called off.
    CalledOff,
    /// A person found out what no machine can tell.
    Stated {
        /// Who.
        by: Actor,
        /// Whether the records are erased.
        erased: bool,
    },
    /// The records were copied.
    Copied {
        /// How many of those decided on.
        records: u32,
        /// How many were there beside these; they are not in the copy.
        appeared: u32,
    },
    /// The copying failed and may be tried again.
    CopyFailed(Fault),
    /// The records can't be copied.
    CannotCopy(Code),
    /// What was copied can't be packed: it is not there any more, does not open, or is not what is told.
    CopyLost(Code),
    /// The search, or what it needs, ended the task.
    SearchEnded {
        /// When it began.
        began: Time,
        /// How.
        outcome: Outcome,
        /// Why, where the outcome alone does not say.
        reason: Option<Code>,
        /// How many records were found.
        found: u32,
        /// The target that was searched; `None` where none was.
        target: Option<Target>,
        /// What was asked, marked and set aside.
        asked: Asked,
        /// Which doubtful records were set aside, sealed; `None` where there are none.
        doubts: Option<Sealed>,
    },
    /// The search failed and may be tried again.
    SearchFailed(Fault),
    /// The data source can't be opened as things are: it waits for that, and tells why.
    CannotOpen(Code),
    /// Another request holds the lease on the person.
    LeaseBusy,
    /// The lease is ours, but another request ended since our search: what it found is not sure.
    SearchAgain {
        /// The lease's fence.
        fence: u64,
    },
    /// A call was put off, by our own limiter or by the vendor: that is no try and no poll.
    HeldBack {
        /// By what.
        fault: Fault,
        /// The place in the data source's line, where it has one.
        slot: Option<Slot>,
        /// The last batch that was asked about before, in a round of questions.
        asked_to: Option<u32>,
    },
    /// A batch is about to be posted; only the one that [`plan`] names.
    Intend {
        /// The keyed digest of its records.
        digest: Tag,
        /// Until when the POST can be under way.
        until: Time,
        /// The fence of the lease, when it is taken with this intent.
        lease: Option<u64>,
    },
    /// The POST of an intent was answered, or failed.
    Answered {
        /// The intent.
        fence: u64,
        /// The answer.
        answer: Submitted,
    },
    /// The time of an intent's POST is over, and no answer was stored.
    AnswerMissing,
    /// No further batch can be sent.
    CannotSend {
        /// Why.
        code: Code,
        /// How the task ends if nothing was submitted.
        outcome: Outcome,
    },
    /// Every batch is out.
    AllSent,
    /// What the vendor says of rules, by batch: any number of rounds, then [`Event::Asked`].
    Told(Vec<(u32, RuleReport)>),
    /// The vendor was asked about its rules.
    Asked {
        /// What went wrong.
        fault: Option<Fault>,
        /// Whether it gave a status that the connector does not know.
        strange: bool,
        /// The batch whose question failed, so that the ones behind it were not asked about: they come first
        /// next time.
        asked_to: Option<u32>,
    },
    /// The vendor can't be asked about its rules: the set-up does not allow it.
    CannotAsk(Code),
    /// A look found the records at these places, sorted, and so many that nobody decided on.
    Looked {
        /// The places, among those decided on, of the records that are still found.
        found: Vec<u32>,
        /// How many other records were found.
        appeared: u32,
        /// What was asked and set aside.
        asked: Asked,
        /// How many of the doubtful records the search of this round did not show.
        unseen: u32,
        /// Whether the same search found the data source's control within the same minutes.
        controlled: bool,
    },
    /// The look failed: that proves nothing.
    CannotLook {
        /// Why.
        code: Code,
        /// How long the next one has to wait at least, in seconds.
        wait: u64,
    },
}

/// What a reviewer rules about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Act on exactly the records that were found.
    Proceed,
    /// Don't, on this ground.
    Refuse(RefusalGround),
    /// Its identifier is missing and stays so, or it can't be searched: the request goes on without this
    /// data source.
    LeaveOut,
}

/// What has to be done about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Record it, in the same transaction as the life after the step.
    Record(Fact),
    /// Post the batch of this intent, once the life after the step is stored, and never otherwise.
    Post {
        /// The batch.
        batch: u32,
        /// The intent.
        fence: u64,
    },
}

/// What is to be done about a task's batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Store the intent for this batch and post it.
    Send(Sending),
    /// A POST may still be under way: wait so many seconds.
    Wait(u64),
    /// A POST's answer never came.
    Missing,
    /// A look has to tell what became of a POST.
    Look,
    /// Records are left that were named as often as they may be.
    UsedUp,
    /// Records are left that the vendor refused as often as it is asked; with its refusal.
    Refused(String),
    /// Nothing is left to send.
    Done,
}

/// A batch to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub batch: u32,
    /// Which try at its records this is, from 1.
    pub attempt: u32,
    /// The batch that it repeats.
    pub repeats: Option<u32>,
    /// The places of its records among those decided on.
    pub places: Vec<u32>,
    /// Whether it was tried before: then its wait holds.
    pub again: bool,
}

impl Life {
    /// Whether `there`, which is newer, differs by waits alone. Another worker of the task was put off then, and
    /// learned nothing of the vendor.
    #[must_use]
    pub fn was_put_off_since(&self, there: &Self) -> bool {
        let but_for_waits = |task: &Task| Task {
            revision: 0,
            reason: None,
            slot: None,
            asked_to: None,
            not_before: None,
            next_due: None,
            ..task.clone()
        };
        self.task.revision < there.task.revision
            && self.rules == there.rules
            && but_for_waits(&self.task) == but_for_waits(&there.task)
    }

    /// The places of a rule's records among those decided on.
    #[must_use]
    pub fn places(&self, rule: &Rule) -> Vec<u32> {
        if rule.repeats.is_some() { rule.places.clone() } else { first_places(&self.task, rule.batch) }
    }

    /// The places that only this rule answers for: without those that a later batch repeats.
    #[must_use]
    pub fn own_places(&self, rule: &Rule) -> Vec<u32> {
        let mut places = self.places(rule);
        let mut later = self.repeat_of(rule);
        // A repeat that the vendor did not take answers for nothing; the next one may.
        while let Some(one) = later {
            if one.refused.is_none() {
                places.retain(|place| !one.places.contains(place));
                break;
            }
            later = self.repeat_of(one);
        }
        places
    }

    fn repeat_of(&self, rule: &Rule) -> Option<&Rule> {
        self.rules.iter().find(|one| one.repeats == Some(rule.batch))
    }

    /// The rules that this one repeats, the last one first.
    fn repeated_by<'a>(&'a self, rule: &Rule) -> impl Iterator<Item = &'a Rule> {
        let find = |batch: u32| self.rules.iter().find(move |one| one.batch == batch);
        std::iter::successors(rule.repeats.and_then(find), move |one| one.repeats.and_then(find))
    }

    /// The vendor is known to have accepted a rule that this one repeats.
    fn repeats_accepted(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| matches!(one.state, RuleState::Accepted | RuleState::Finished))
    }

    /// The vendor's answer to a rule that this one repeats was doubtful.
    fn repeats_doubted(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| one.rule_id.is_some() && one.reason.is_some())
    }

    /// Whether the rule repeats one that was never answered: what is gone may be that one's effect.
    fn repeats_unanswered(&self, rule: &Rule) -> bool {
        self.repeated_by(rule).any(|one| one.refused.is_none() && one.rule_id.is_none())
    }

    /// Whether a look can tell anything about the task.
    #[must_use]
    pub fn wants_look(&self, now: Time) -> bool {
        match self.task.state {
            TaskState::Verifying => true,
            TaskState::Unknown => match plan(self, now) {
                Plan::Look | Plan::UsedUp | Plan::Refused(_) => true,
                Plan::Done => self.task.finished_at.is_some() && self.task.gave_up.is_none(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a person may have the task searched again, or run again: not while its submission is
    /// under way, or its outcome unknown.
    #[must_use]
    pub fn may_run_again(&self) -> bool {
        match self.task.state {
            TaskState::Planned | TaskState::AwaitingReview | TaskState::Settled => true,
            TaskState::Decided => self.rules.is_empty(),
            // A person has it, and the end of all that was sent is known.
            TaskState::Unknown => {
                let ended = |rule: &Rule| !matches!(rule.state, RuleState::Accepted | RuleState::NotTaken);
                self.task.handed_over_at.is_some()
                    && self.task.finished_at.is_some()
                    && !self.has_unknown_end()
                    && self.rules.iter().all(ended)
            }
            TaskState::Submitting | TaskState::Submitted | TaskState::Verifying | TaskState::Copying => false,
        }
    }

    /// Whether something was submitted for it, or may have been.
    #[must_use]
    pub fn has_submitted(&self) -> bool {
        self.run_has_submitted() || self.task.run > 1 && self.task.first_batch > 0
    }

    /// The same of its present run alone.
    #[must_use]
    pub fn run_has_submitted(&self) -> bool {
        self.task.earlier.is_some() || self.round_has_submitted()
    }

    /// Whether something of its present run was sent to the target that it was searched at, were it refused
    /// there: a look there comes first, whatever the data source points at by now.
    #[must_use]
    pub fn stands_on_its_target(&self) -> bool {
        self.run_has_submitted() || self.rules.iter().any(|rule| rule.state == RuleState::NotTaken)
    }

    /// The same of its present round alone.
    fn round_has_submitted(&self) -> bool {
        let taken = |rule: &Rule| {
            !matches!(rule.state, RuleState::NotSent | RuleState::Rejected) && rule.refused.is_none()
        };
        self.task.counts.submitted > 0 || self.rules.iter().any(taken)
    }

    /// Whether the end of some intent is not known: it was never answered, and its records are not seen to
    /// be gone.
    #[must_use]
    pub fn has_unknown_end(&self) -> bool {
        self.rules.iter().any(|rule| match rule.state {
            RuleState::Intent | RuleState::Unknown => true,
            RuleState::Left | RuleState::Repeated => rule.refused.is_none() && rule.rule_id.is_none(),
            _ => false,
        })
    }

    /// Whether the rule's effect was seen for records that no other rule answers for, and the vendor's
    /// reference to it is missing.
    fn lacks_reference(&self, rule: &Rule) -> bool {
        let seen = match rule.state {
            RuleState::Unreferenced => true,
            RuleState::Repeated => rule.refused.is_none() && !self.own_places(rule).is_empty(),
            _ => false,
        };
        seen && rule.rule_id.is_none()
    }

    /// Whether some POST's outcome is not known.
    #[must_use]
    pub fn has_unanswered(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.state, RuleState::Intent | RuleState::Unknown))
    }
}

fn first_places(task: &Task, batch: u32) -> Vec<u32> {
    let size = task.batch_size.max(1);
    let from = batch.saturating_sub(task.first_batch).saturating_mul(size);
    (from..from.saturating_add(size).min(task.counts.found)).collect()
}

fn batches(task: &Task) -> u32 {
    task.counts.found.div_ceil(task.batch_size.max(1))
}

/// Decides about the batches from what is stored: one in flight, and an answer that is missing comes
/// before everything else.
#[must_use]
pub fn plan(life: &Life, now: Time) -> Plan {
    let Life { task, rules } = life;
    if let Some(rule) = rules.iter().find(|rule| rule.state == RuleState::Intent) {
        let left = now.seconds_until(rule.intent_until);
        return if now < rule.intent_until { Plan::Wait(left.max(1)) } else { Plan::Missing };
    }
    if rules.iter().any(|rule| matches!(rule.state, RuleState::Unknown | RuleState::NotTaken)) {
        return Plan::Look;
    }
    if task.gave_up.is_some() {
        return Plan::Done;
    }
    for batch in task.first_batch..task.first_batch + batches(task) {
        if !rules.iter().any(|rule| rule.batch == batch) {
            let places = first_places(task, batch);
            return Plan::Send(Sending { batch, attempt: 1, repeats: None, places, again: false });
        }
    }
    for rule in rules {
        match rule.state {
            RuleState::NotSent => {
                return Plan::Send(Sending {
                    batch: rule.batch,
                    attempt: rule.attempt,
                    repeats: rule.repeats,
                    places: life.places(rule),
                    again: true,
                });
            }
            // The vendor has it, whatever it takes it for.
            RuleState::Left if life.repeats_doubted(rule) => return Plan::UsedUp,
            // The vendor has it by the answer to an earlier batch, which came late.
            RuleState::Left if rule.refused.is_some() && life.repeats_accepted(rule) => {}
            RuleState::Left if rule.attempt >= MAX_ATTEMPTS => {
                return match &rule.refused {
                    Some(refusal) => Plan::Refused(refusal.clone()),
                    None => Plan::UsedUp,
                };
            }
            RuleState::Left => {
                let first = task.first_batch + batches(task);
                let next = rules.iter().map(|rule| rule.batch + 1).max().unwrap_or(0).max(first);
                return Plan::Send(Sending {
                    batch: next,
                    attempt: rule.attempt + 1,
                    repeats: Some(rule.batch),
                    places: rule.left.clone(),
                    again: false,
                });
            }
            _ => {}
        }
    }
    Plan::Done
}

/// Whether a task's records are to be copied now: for access, as soon as they are decided on, or once
/// the vendor's own export is over where it makes one.
#[must_use]
pub fn is_copying(task: &Task, terms: &Terms<'_>) -> bool {
    let exports = terms.vendor.is_some_and(|vendor| vendor.export.is_some());
    match task.state {
        TaskState::Copying => true,
        TaskState::Decided => terms.right == Right::Access && !exports,
        _ => false,
    }
}

/// Whether an unfinished task is a person's now: past the connector's own deadline, or near the legal
/// one, which also holds for a data source that can't be opened any more.
fn is_late(task: &Task, terms: &Terms<'_>, now: Time) -> bool {
    let own = match (terms.vendor, &task.decision) {
        (Some(vendor), Some(decision)) => decision.at.plus_seconds(vendor.deadline_seconds),
        _ => terms.due_at,
    };
    own < now || is_pressing(terms.due_at, now)
}

/// Whether the legal deadline is so near that a person has to know.
#[must_use]
pub fn is_pressing(due_at: Time, now: Time) -> bool {
    due_at <= now.plus_seconds(NOTICE_SECONDS)
}

/// How much of its wait a task has still before it, in seconds: a repeated call is not a new turn.
#[must_use]
pub fn wait_left(task: &Task, now: Time) -> u64 {
    task.not_before.map_or(0, |at| now.seconds_until(at))
}

/// The life after an event, and what has to be done about it. An event that the life has no place for
/// (it came late, or twice) changes nothing. Rows keep the revision that they were read with.
#[must_use]
pub fn step(life: &Life, event: Event, now: Time, terms: &Terms<'_>) -> (Life, Vec<Effect>) {
    let mut moving = Moving { life: life.clone(), effects: Vec::new(), now, terms };
    // Any other event means that the call went out, or won't be made.
    let waits = match &event {
        Event::HeldBack { slot, asked_to, .. } => (*slot, *asked_to),
        Event::Asked { asked_to, .. } => (None, *asked_to),
        _ => (None, None),
    };
    moving.take(event);
    let task = &mut moving.life.task;
    if *task != life.task {
        (task.slot, task.asked_to) = waits;
    }
    match (life.task.state, task.state) {
        (TaskState::Unknown, TaskState::Unknown) => {}
        (_, TaskState::Unknown) => task.unknown_since = Some(now),
        _ => task.unknown_since = None,
    }
    (moving.life, moving.effects)
}

/// A count as the store keeps it.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

struct Moving<'a> {
    life: Life,
    effects: Vec<Effect>,
    now: Time,
    terms: &'a Terms<'a>,
}

impl Moving<'_> {
    fn take(&mut self, event: Event) {
        let state = self.life.task.state;
        let searching = state == TaskState::Planned;
        let sending = matches!(state, TaskState::Decided | TaskState::Submitting);
        let asking = matches!(state, TaskState::Submitted | TaskState::Unknown);
        let looking = matches!(state, TaskState::Verifying | TaskState::Unknown);
        match event {
            Event::Found { records, chunks, digest, began, target, asked, doubts } if searching => {
                self.searched(began, Some(target), asked, doubts);
                self.found(records, chunks, digest);
            }
            Event::TargetChanged if self.may_change_target() => {
                self.record(|source| Fact::TargetChanged { source });
                self.search_anew();
            }
            Event::IdentifierMissing { began } if searching => {
                self.life.task.searched_at = Some(began);
                self.identifier_missing();
            }
            Event::Waits { token } if state == TaskState::AwaitingReview => {
                self.life.task.token = Some(token);
            }
            Event::Reviewed { by, verdict, reason } if state == TaskState::AwaitingReview => {
                self.reviewed(by, verdict, reason);
            }
            Event::Reviewed { by, verdict: Ruling::LeaveOut, reason }
                if self.life.task.cannot_be_searched() =>
            {
                self.left_out(&by, reason);
            }
            Event::Identified { by, kind } if self.life.may_run_again() => {
                self.record(|source| Fact::IdentifierGiven { source, identifier: kind.clone(), by });
                if !self.life.task.inserted.contains(&kind) {
                    self.life.task.inserted.push(kind);
                    self.life.task.inserted.sort();
                }
                self.search_anew();
            }
            Event::RunAgain { by } if self.life.may_run_again() => {
                self.search_anew();
                let run = self.life.task.run;
                self.record(|source| Fact::RunsAgain { source, run, by });
            }
            Event::CalledOff if self.may_be_called_off() => self.settle(Outcome::Cancelled, None),
            Event::Stated { by, erased }
                if state == TaskState::Unknown || self.life.task.cannot_be_searched() =>
            {
                let outcome = if erased { Outcome::ReportedErased } else { Outcome::Failed };
                self.record(|source| Fact::Stated { source, by, outcome });
                self.life.task.claim = Some(Claim::NotStated);
                self.settle(outcome, Some(STATED_BY_A_PERSON));
            }
            Event::Copied { records, appeared } if self.is_copying() => self.copied(records, appeared),
            Event::CopyFailed(fault) if self.is_copying() => self.copy_failed(&fault),
            Event::CannotCopy(code) if self.is_copying() => self.settle(Outcome::Failed, Some(code)),
            Event::CopyLost(code) if self.is_copied() => self.copy_lost(code),
            Event::SearchEnded { began, outcome, reason, found, target, asked, doubts } if searching => {
                self.searched(began, target, asked, doubts);
                self.search_ended(outcome, reason, found);
            }
            Event::SearchFailed(fault) if searching => self.search_failed(&fault),
            Event::CannotOpen(code) if searching => self.life.task.reason = Some(code.to_owned()),
            Event::LeaseBusy if sending => {
                let wait = NOT_SENT_WAITS.after(self.life.task.tries);
                self.life.task.tries += 1;
                self.held_back(OTHER_REQUEST, wait);
            }
            Event::SearchAgain { fence } if state == TaskState::Decided && self.life.rules.is_empty() => {
                let task = &mut self.life.task;
                (task.state, task.lease, task.tries, task.reason) =
                    (TaskState::Planned, Some(fence), 0, None);
                // What was decided on is not sure any more, and nobody decided on what comes now.
                (task.decision, task.found_digest) = (None, None);
                task.put_review(None);
                (task.counts, task.asked, task.doubts) = (Counts::default(), Asked::default(), None);
                self.record(|source| Fact::SearchesAgain { source });
                self.due(0);
            }
            Event::HeldBack { fault, .. }
                if searching || sending || asking || looking || self.is_copying() =>
            {
                self.put_off(&fault);
            }
            Event::Intend { digest, until, lease } if sending => self.intend(digest, until, lease),
            Event::Answered { fence, answer } => self.answered(fence, answer),
            Event::AnswerMissing if sending => self.answer_missing(),
            Event::CannotSend { code, outcome } if sending && !self.life.has_unanswered() => {
                self.stop(code.to_owned(), outcome);
            }
            Event::AllSent if sending => match plan(&self.life, self.now) {
                Plan::UsedUp => self.hand_over(REPEATS_USED_UP),
                Plan::Refused(refusal) => self.stop(refusal, Outcome::Refused),
                Plan::Done => {
                    self.life.task.state = TaskState::Submitted;
                    self.due(self.terms.vendor.map_or(0, |vendor| vendor.status_waits.after(0)));
                }
                _ => {}
            },
            Event::Told(reports) if asking => self.told(reports),
            Event::Asked { fault, strange, .. } if asking => self.asked(fault.as_ref(), strange),
            Event::CannotAsk(TARGET_LOST) if asking => self.hand_over(TARGET_LOST),
            Event::CannotAsk(code) if asking => self.not_finished(Some(code), 900),
            Event::Looked { found, appeared, asked, unseen, controlled } if looking => {
                self.looked(&found, (appeared, unseen), asked, controlled);
            }
            // Neither passes by itself.
            Event::CannotLook { code: code @ (TARGET_LOST | ANSWER_TOO_LARGE), .. } if looking => {
                self.hand_over(code);
            }
            Event::CannotLook { code, wait } if looking => self.cannot_look(code, wait),
            _ => {}
        }
    }

    // ---- the search

    fn searched(&mut self, began: Time, target: Option<Target>, asked: Asked, doubts: Option<Sealed>) {
        let task = &mut self.life.task;
        task.searched_at = Some(began);
        (task.asked, task.doubts) = (asked, doubts);
        if let Some(target) = target
            && task.target.as_ref() != Some(&target)
        {
            task.target = Some(target.clone());
            self.record(|source| Fact::Targeted { source, target });
        }
    }

    /// Whether what was found needs a person whatever the policy: some of it shows another person's
    /// identifier, or some of what was set aside may be this person's. A dry run that no person attends
    /// erases nothing, so it goes on.
    fn is_doubtful(&self) -> bool {
        let task = &self.life.task;
        let unattended = self.terms.dry_run && task.policy == crate::policy::Policy::Auto;
        !unattended && (task.asked.marked > 0 || task.asked.doubtful > 0)
    }

    fn found(&mut self, records: u32, chunks: u32, digest: Tag) {
        let task = &mut self.life.task;
        task.counts.found = records;
        task.chunks = chunks;
        // Fixed here: a parameter that is changed later must not shift batches that are out.
        task.batch_size = self.terms.vendor.map_or(1, |vendor| count(vendor.batch_size)).max(1);
        (task.tries, task.refusals) = (0, 0);
        task.reason = None;
        task.found_digest = Some(digest.clone());
        let (policy, asked) = (task.policy, task.asked);
        self.record(|source| Fact::Found { source, records, asked });
        if policy.wants_review(records) || self.is_doubtful() {
            return self.await_review(records, Some(digest));
        }
        let by = format!("policy:{policy}");
        self.record(|source| Fact::Decided { source, by: by.clone(), records, digest: digest.clone() });
        self.decided(Decision { by, at: self.now, records: digest });
    }

    fn decided(&mut self, decision: Decision) {
        let task = &mut self.life.task;
        task.state = TaskState::Decided;
        task.decision = Some(decision);
        self.due(0);
    }

    /// A copy is not made without every data source that was asked; and where a person decides anyway, or
    /// had it run again, they see to this too.
    fn identifier_missing(&mut self) {
        let attended = self.life.task.policy.involves_a_person() || self.life.task.run > 1;
        if self.terms.right == Right::Access || attended {
            self.life.task.counts.found = 0;
            self.life.task.found_digest = None;
            self.life.task.reason = Some(IDENTIFIER_MISSING.to_owned());
            return self.await_review(0, None);
        }
        self.settle(Outcome::MissingIdentifier, Some(IDENTIFIER_MISSING));
    }

    // ---- the person's decision

    fn await_review(&mut self, records: u32, digest: Option<Tag>) {
        let task = &mut self.life.task;
        task.state = TaskState::AwaitingReview;
        let policy = task.policy;
        self.record(|source| Fact::ReviewNeeded { source, policy, records, digest });
        self.due(HANDED_OVER_SECONDS);
    }

    fn reviewed(&mut self, by: Actor, verdict: Ruling, reason: Sealed) {
        let missing = self.life.task.wants_identifier();
        let confirms = self.life.task.wants_confirmation();
        let found_nothing = confirms || self.life.task.found_nothing_by_given();
        let task = &mut self.life.task;
        let verdict = match verdict {
            Ruling::Proceed | Ruling::LeaveOut if missing != (verdict == Ruling::LeaveOut) => return,
            Ruling::Proceed | Ruling::LeaveOut => Verdict::Proceed,
            Ruling::Refuse(ground) => Verdict::Refuse(ground),
        };
        task.token = None;
        task.reason = None;
        task.put_review(Some(Review { by: by.as_str().to_owned(), at: self.now, verdict, reason }));
        let (records, digest) = (task.counts.found, task.found_digest.clone());
        let told = by.clone();
        self.record(|source| Fact::Reviewed { source, by: told, verdict, records, digest: digest.clone() });
        match (verdict, digest) {
            (Verdict::Proceed, Some(records)) => {
                self.decided(Decision { by: by.as_str().to_owned(), at: self.now, records });
            }
            (Verdict::Proceed, None) if found_nothing => self.settle(Outcome::NothingFound, None),
            (Verdict::Proceed, None) => self.settle(Outcome::MissingIdentifier, Some(IDENTIFIER_MISSING)),
            (Verdict::Refuse(_), _) => self.settle(Outcome::Refused, Some(REFUSED_BY_REVIEWER)),
            (Verdict::LeftOut | Verdict::Stated, _) => {}
        }
    }

    /// A person leaves out a data source that can't be searched: told as what it is.
    fn left_out(&mut self, by: &Actor, reason: Sealed) {
        let review = Review { by: by.as_str().to_owned(), at: self.now, verdict: Verdict::LeftOut, reason };
        self.life.task.put_review(Some(review));
        let told = by.clone();
        self.record(|source| Fact::LeftOut { source, by: told });
        self.settle(Outcome::Failed, Some(LEFT_OUT));
    }

    /// Whether the task may be searched and decided on anew elsewhere: nothing of its run was sent.
    fn may_change_target(&self) -> bool {
        let task = &self.life.task;
        let open = matches!(
            task.state,
            TaskState::Planned
                | TaskState::AwaitingReview
                | TaskState::Decided
                | TaskState::Submitting
                | TaskState::Submitted
                | TaskState::Verifying
                | TaskState::Unknown
                | TaskState::Copying
        );
        open && !self.life.stands_on_its_target()
    }

    /// Back to the search for what a look found beyond the decision, at the same target and under the same
    /// lease. What the rounds before came to is kept.
    fn go_back(&mut self, appeared: u32) {
        let task = &self.life.task;
        let mut earlier: Rounds = task.earlier.clone().unwrap_or_default();
        if earlier.rounds >= MOST_ROUNDS {
            // A copy waits for nobody: it says that it is not whole, and is none.
            return match self.terms.right {
                Right::Access => self.settle(Outcome::Failed, Some(RECORDS_KEEP_APPEARING)),
                Right::Erasure => self.hand_over(RECORDS_KEEP_APPEARING),
            };
        }
        earlier.rounds += 1;
        earlier.decision = task.decision.clone().map(Box::new).or(earlier.decision);
        // A copy is made anew of everything, and counts everything anew.
        if self.terms.right == Right::Erasure {
            earlier.counts = task.all_counts();
            earlier.claim = Some(self.claim());
            earlier.unreferenced |= self.life.rules.iter().any(|rule| self.life.lacks_reference(rule));
        }
        let round = earlier.rounds;
        let (target, strangers, run) = (task.target.clone(), task.strangers, task.run);
        let found = task.counts.found;
        self.record(|source| Fact::WentBack { source, round, appeared });
        self.search_anew();
        let task = &mut self.life.task;
        if self.terms.right == Right::Access {
            // The count of the next search takes its place, if there is one.
            task.counts.found = found;
        }
        (task.earlier, task.target, task.strangers, task.run) = (Some(earlier), target, strangers, run);
    }

    /// Back to the search. What was submitted before stays as it is told: a new run has batches of its
    /// own, behind those of the earlier ones.
    fn search_anew(&mut self) {
        let behind = self.life.rules.iter().map(|rule| rule.batch + 1).max();
        let begun = self.life.run_has_submitted();
        let task = &mut self.life.task;
        task.run += u32::from(begun || task.state == TaskState::Settled);
        task.first_batch = behind.unwrap_or(task.first_batch);
        self.life.rules.clear();
        task.state = TaskState::Planned;
        task.counts = Counts::default();
        task.batch_size = 0;
        task.found_digest = None;
        task.token = None;
        task.put_review(None);
        task.decision = None;
        task.outcome = None;
        task.reason = None;
        task.gave_up = None;
        task.claim = None;
        (task.tries, task.refusals, task.polls) = (0, 0, 0);
        (task.looks, task.left, task.appeared) = (0, 0, 0);
        (task.target, task.looked, task.earlier) = (None, None, None);
        (task.asked, task.doubts) = (Asked::default(), None);
        (task.clear_looks, task.assurance, task.strangers) = (0, None, 0);
        task.copies_lost = 0;
        task.submitted_at = None;
        task.finished_at = None;
        task.verified_at = None;
        task.settled_at = None;
        task.handed_over_at = None;
        self.due(0);
    }

    fn may_be_called_off(&self) -> bool {
        let begun = matches!(
            self.life.task.state,
            TaskState::Planned | TaskState::AwaitingReview | TaskState::Decided | TaskState::Submitting
        );
        begun && !self.life.has_submitted()
    }

    fn search_ended(&mut self, outcome: Outcome, reason: Option<Code>, found: u32) {
        self.life.task.found_digest = None;
        if matches!(outcome, Outcome::NothingFound | Outcome::DryRun) {
            // A search that failed leaves the number that the one before it found.
            self.life.task.counts.found = found;
            let asked = self.life.task.asked;
            self.record(|source| Fact::Found { source, records: found, asked });
        }
        if self.life.task.earlier.is_some() && self.terms.right == Right::Erasure {
            return self.round_ended(outcome, reason);
        }
        let copies = self.terms.right == Right::Access && !self.terms.dry_run;
        if copies && outcome == Outcome::NothingFound && !self.life.task.inserted.is_empty() {
            // What a person gave is wrong, as far as anybody can tell: no copy goes out over it.
            self.life.task.reason = Some(IDENTIFIER_FOUND_NOTHING.to_owned());
            return self.await_review(0, None);
        }
        let always = self.life.task.policy == crate::policy::Policy::Always;
        if outcome == Outcome::NothingFound && (always || self.is_doubtful()) {
            return self.confirm_the_zero();
        }
        self.settle(outcome, reason);
    }

    /// Whatever makes a search miss looks like success: a person sees the zero first.
    fn confirm_the_zero(&mut self) {
        let task = &mut self.life.task;
        (task.found_digest, task.decision) = (None, None);
        task.reason = Some(NOTHING_FOUND.to_owned());
        self.await_review(0, None);
    }

    /// The search of a later round decided on nothing: a look tells whether the person is gone, or else a
    /// person has to. Something was submitted in the rounds before, so this ends nothing by itself.
    fn round_ended(&mut self, outcome: Outcome, reason: Option<Code>) {
        self.life.task.finished_at = Some(self.now);
        if outcome != Outcome::NothingFound {
            return self.hand_over(reason.unwrap_or(RECORDS_KEEP_APPEARING));
        }
        self.life.task.claim = Some(self.claim());
        self.life.task.state = TaskState::Verifying;
        self.due(0);
    }

    fn search_failed(&mut self, fault: &Fault) {
        match self.failed_try(fault) {
            Some(wait) => self.waits(fault.code(), wait),
            None if self.life.task.earlier.is_some() && self.terms.right == Right::Erasure => {
                self.life.task.finished_at = Some(self.now);
                self.hand_over(fault.code());
            }
            None => {
                self.life.task.searched_at = Some(self.now);
                self.settle(Outcome::Failed, Some(fault.code()));
            }
        }
    }

    /// A call that was put off is made when its time has come. What a person has, stays with them; what is
    /// late becomes theirs.
    fn put_off(&mut self, fault: &Fault) {
        let code = fault.code();
        let wait = fault.asked_wait().unwrap_or(2).max(1);
        let late = is_late(&self.life.task, self.terms, self.now);
        match self.life.task.state {
            TaskState::Planned | TaskState::Copying => self.waits(code, wait),
            TaskState::Decided if self.is_copying() => self.waits(code, wait),
            TaskState::Submitted | TaskState::Decided | TaskState::Submitting
                if late && self.terms.right == Right::Access =>
            {
                // A copy doesn't wait past its time for an export of the vendor's.
                self.copy_now(Some(code));
            }
            TaskState::Submitted | TaskState::Verifying | TaskState::Unknown
                if late && self.life.task.handed_over_at.is_none() =>
            {
                self.hand_over(code);
            }
            _ if self.life.task.handed_over_at.is_some() => self.due(wait),
            _ => self.waits(code, wait),
        }
    }

    /// The wait before the next try at a search or a copy; `None` when there were enough.
    fn failed_try(&mut self, fault: &Fault) -> Option<u64> {
        let most = self.terms.vendor.map_or(u32::MAX, |vendor| vendor.search_tries);
        let (most, waits) = if fault.is_refusal() {
            // A gateway may say it for a vendor that is well in some minutes.
            (most.min(REFUSED_TRIES), REFUSED_WAITS)
        } else {
            (most, SEARCH_WAITS)
        };
        let task = &mut self.life.task;
        task.tries += 1;
        task.refusals += u32::from(fault.is_refusal());
        // Other faults before it are no refusals.
        let tries = if fault.is_refusal() { task.refusals } else { task.tries };
        (tries < most).then(|| waits.after(tries - u32::from(fault.is_refusal())))
    }

    // ---- the copy

    /// Whether the records are to be copied now.
    fn is_copying(&self) -> bool {
        is_copying(&self.life.task, self.terms)
    }

    fn copied(&mut self, records: u32, appeared: u32) {
        if appeared > 0 {
            // Not all of the person's records: what is there now is decided on anew.
            self.life.task.appeared = appeared;
            return self.go_back(appeared);
        }
        let task = &mut self.life.task;
        let records = records.min(task.counts.found);
        let gone = task.counts.found - records;
        if gone > 0 && task.clear_looks == 0 {
            // A vendor that is blind for once shows too little too.
            (task.state, task.clear_looks) = (TaskState::Copying, 1);
            return self.waits(SECOND_LOOK, SECOND_LOOK_SECONDS);
        }
        task.counts.submitted = records;
        task.counts.confirmed = records;
        task.appeared = appeared;
        task.finished_at = Some(self.now);
        let always = task.policy == crate::policy::Policy::Always;
        self.record(|source| Fact::Copied { source, records, gone });
        match (records, gone) {
            (0, _) if always => self.confirm_the_zero(),
            (0, _) => self.settle(Outcome::NothingFound, Some(RECORDS_GONE)),
            (_, 0) => self.settle(Outcome::Copied, None),
            _ => self.settle(Outcome::Copied, Some(RECORDS_GONE)),
        }
    }

    fn copy_failed(&mut self, fault: &Fault) {
        match self.failed_try(fault) {
            Some(wait) => self.waits(fault.code(), wait),
            None => self.settle(Outcome::Failed, Some(fault.code())),
        }
    }

    fn is_copied(&self) -> bool {
        self.life.task.state == TaskState::Settled && self.life.task.outcome == Some(Outcome::Copied)
    }

    /// The same records are copied again; after several losses a person has to see to it, and the task
    /// says why it failed.
    fn copy_lost(&mut self, code: Code) {
        self.record(|source| Fact::CopyLost { source, reason: code.to_owned() });
        let task = &mut self.life.task;
        task.state = TaskState::Copying;
        (task.outcome, task.settled_at) = (None, None);
        (task.counts.submitted, task.counts.confirmed) = (0, 0);
        (task.tries, task.refusals, task.clear_looks) = (0, 0, 0);
        task.copies_lost += 1;
        if task.copies_lost > MOST_LOST_COPIES {
            return self.settle(Outcome::Failed, Some(code));
        }
        let wait = SEARCH_WAITS.after(task.copies_lost);
        self.waits(code, wait);
    }

    /// The next batch has to wait; but a copy doesn't wait past its time for an export of the vendor's.
    fn held_back(&mut self, code: Code, wait: u64) {
        if self.terms.right == Right::Access && is_late(&self.life.task, self.terms, self.now) {
            return self.copy_now(Some(code));
        }
        self.waits(code, wait);
    }

    /// The vendor's own export is over, or given up: it is no more than an addition to our copy.
    fn copy_now(&mut self, gave_up: Option<Code>) {
        let task = &mut self.life.task;
        task.state = TaskState::Copying;
        task.gave_up = gave_up.map(str::to_owned).or(task.gave_up.take());
        task.reason = None;
        task.handed_over_at = None;
        // What the export counted is counted anew by the copy.
        (task.counts.submitted, task.counts.confirmed) = (0, 0);
        (task.tries, task.refusals, task.clear_looks) = (0, 0, 0);
        self.due(0);
    }

    // ---- the submission

    fn intend(&mut self, digest: Tag, until: Time, lease: Option<u64>) {
        let Plan::Send(sending) = plan(&self.life, self.now) else { return };
        let task = &mut self.life.task;
        task.state = TaskState::Submitting;
        task.fence += 1;
        task.lease = lease.or(task.lease);
        // Turns that were waited for are no failed tries.
        task.tries = if sending.again { task.tries } else { 0 };
        let (batch, fence, attempt) = (sending.batch, task.fence, sending.attempt);
        let records = count(sending.places.len());
        let known = self.life.rules.iter().position(|rule| rule.batch == batch);
        let rule = Rule {
            schema: Rule::SCHEMA,
            request: task.request,
            source: task.source.clone(),
            batch,
            attempt,
            repeats: sending.repeats,
            places: if sending.repeats.is_some() { sending.places } else { Vec::new() },
            left: Vec::new(),
            gone: 0,
            looks: 0,
            state: RuleState::Intent,
            revision: known.map_or(0, |at| self.life.rules[at].revision),
            fence,
            records,
            digest: digest.clone(),
            intent_at: self.now,
            intent_until: until,
            rule_id: None,
            status: None,
            reason: None,
            accepted_at: None,
            finished_at: None,
            confirmed: 0,
            refused: None,
            strangers: 0,
            claim: None,
        };
        match known {
            Some(at) => self.life.rules[at] = rule,
            None => self.life.rules.push(rule),
        }
        if let Some(earlier) = sending.repeats.and_then(|earlier| self.rule(earlier))
            && earlier.state == RuleState::Left
        {
            earlier.state = RuleState::Repeated;
        }
        let repeats = sending.repeats;
        self.record(|source| Fact::Intended { source, batch, fence, attempt, repeats, records, digest });
        let wait = self.now.seconds_until(until);
        self.due(wait);
        self.effects.push(Effect::Post { batch, fence });
    }

    /// The answer to an intent counts whenever it comes: knowledge is not thrown away.
    fn answered(&mut self, fence: u64, answer: Submitted) {
        let now = self.now;
        // Once it is looked at for the last time, or has ended, an answer adds its reference alone.
        let over = [TaskState::Verifying, TaskState::Copying, TaskState::Settled];
        let refused = self.life.rules.iter().any(|rule| rule.state == RuleState::NotTaken);
        let settled = over.contains(&self.life.task.state) && !refused;
        let own = self.life.rules.iter().find(|rule| rule.fence == fence);
        let own = count(own.map(|rule| self.life.own_places(rule).len()).unwrap_or_default());
        // What looks saw gone after its refused repeats is counted with them.
        let repeats = |one: &&Rule| {
            one.refused.is_some() && self.life.repeated_by(one).any(|earlier| earlier.fence == fence)
        };
        let counted: u32 = self.life.rules.iter().filter(repeats).map(|one| one.gone).sum();
        let Some(rule) = self.life.rules.iter_mut().find(|rule| rule.fence == fence) else { return };
        let open = matches!(rule.state, RuleState::Intent | RuleState::Unknown) && !settled;
        let resolved = match rule.state {
            RuleState::Unreferenced | RuleState::Left | RuleState::Repeated => rule.refused.is_none(),
            RuleState::Intent | RuleState::Unknown => settled,
            _ => false,
        };
        let batch = rule.batch;
        match answer {
            Submitted::Accepted { rule_id, status } if open || resolved && rule.rule_id.is_none() => {
                rule.rule_id = Some(rule_id.clone());
                rule.status = Some(status);
                rule.accepted_at = Some(now);
                rule.reason = None;
                // What was seen to be gone is counted, and a batch that repeats it and was taken counts the
                // rest.
                let more = match rule.state {
                    RuleState::Unreferenced => 0,
                    RuleState::Repeated => own.saturating_sub(rule.gone).saturating_sub(counted),
                    _ => rule.records.saturating_sub(rule.gone),
                };
                if !settled {
                    rule.state = RuleState::Accepted;
                }
                self.record(|source| Fact::Accepted { source, batch, rule_id });
                if settled {
                    return;
                }
                let task = &mut self.life.task;
                task.counts.submitted += more;
                task.submitted_at = Some(now);
                task.tries = 0;
                task.reason = None;
                // One unknown batch less; the others, and what comes after, go on from here.
                if matches!(task.state, TaskState::Unknown | TaskState::Submitting) {
                    self.go_on();
                }
            }
            Submitted::Doubtful { rule_id, status, code } if open || resolved && rule.rule_id.is_none() => {
                // Nor is one named again that looks had found without effect so far, or what repeats it.
                let left = rule.state == RuleState::Left && !settled;
                let repeated = rule.state == RuleState::Repeated && !settled;
                (rule.rule_id, rule.status) = (Some(rule_id.clone()), Some(status));
                rule.accepted_at = Some(now);
                rule.reason = Some(code.to_owned());
                let reason = code.to_owned();
                self.record(|source| Fact::Doubted { source, batch, rule_id, reason });
                if (open || left)
                    && let Some(rule) = self.rule(batch)
                {
                    rule.state = RuleState::Unknown;
                }
                if open || left || repeated {
                    self.hand_over(code);
                }
            }
            Submitted::NotSent(fault) if open => self.not_sent(batch, &fault),
            // A token that is not accepted: nothing was taken, and nothing is to be looked for.
            Submitted::Rejected(Fault::Unauthorized) if open => self.not_sent(batch, &Fault::Unauthorized),
            Submitted::Rejected(fault) if open => self.rejected(batch, &fault),
            Submitted::Unknown(code) if open => self.lost(batch, code),
            _ => {}
        }
    }

    /// The vendor, or a gateway before it, did not take the batch. A look tells whether its records are
    /// there at all; where they are, it is asked again some times over some minutes.
    fn rejected(&mut self, batch: u32, fault: &Fault) {
        let reason = fault.code().to_owned();
        let looks = self.terms.right == Right::Erasure
            && fault.is_refusal()
            && self.terms.vendor.is_some_and(|vendor| !vendor.identifiers.is_empty());
        if let Some(rule) = self.rule(batch) {
            rule.state = if looks { RuleState::NotTaken } else { RuleState::Rejected };
            rule.refused = Some(reason.clone());
            rule.reason = Some(reason.clone());
        }
        let told = reason.clone();
        self.record(|source| Fact::Rejected { source, batch, reason: told });
        if !looks {
            // The connector's own objections are no refusal of the vendor's.
            return self.stop(reason, if fault.is_refusal() { Outcome::Refused } else { Outcome::Failed });
        }
        self.life.task.state = TaskState::Verifying;
        self.life.task.tries = 0;
        self.waits(fault.code(), 0);
    }

    fn not_sent(&mut self, batch: u32, fault: &Fault) {
        if let Some(rule) = self.rule(batch) {
            rule.state = RuleState::NotSent;
            rule.reason = Some(fault.code().to_owned());
        }
        let reason = fault.code().to_owned();
        self.record(|source| Fact::NotSent { source, batch, reason });
        let task = &self.life.task;
        let deadline = task.decision.as_ref().zip(self.terms.vendor);
        let over = deadline
            .is_some_and(|(decision, vendor)| decision.at.plus_seconds(vendor.deadline_seconds) < self.now);
        let refuses = *fault == Fault::Unauthorized;
        // A call that is only put off, by the vendor or by us, never fails. A refusal ends the task after its
        // tries, however late it is.
        if over && !fault.is_put_off() && !refuses {
            return self.stop(fault.code().to_owned(), Outcome::Failed);
        }
        if refuses && self.life.task.reason.as_deref() != Some(fault.code()) {
            // Turns that were waited for, and other faults, are no refusals.
            self.life.task.tries = 0;
        }
        let task = &self.life.task;
        if refuses && task.tries + 1 >= REFUSED_TRIES {
            return self.stop(fault.code().to_owned(), Outcome::Failed);
        }
        let wait = match fault.asked_wait() {
            Some(seconds) => seconds.max(1),
            None if refuses => REFUSED_WAITS.after(task.tries),
            None => NOT_SENT_WAITS.after(task.tries),
        };
        self.life.task.state = TaskState::Submitting;
        self.life.task.handed_over_at = None;
        self.life.task.tries += u32::from(!fault.is_put_off());
        self.held_back(fault.code(), wait);
    }

    fn answer_missing(&mut self) {
        let now = self.now;
        let missing =
            self.life.rules.iter().find(|rule| rule.state == RuleState::Intent && now >= rule.intent_until);
        if let Some(batch) = missing.map(|rule| rule.batch) {
            self.lost(batch, ANSWER_MISSING);
        }
    }

    /// A POST whose outcome nobody knows: a look will tell, or else a person has to.
    fn lost(&mut self, batch: u32, code: Code) {
        if let Some(rule) = self.rule(batch) {
            rule.state = RuleState::Unknown;
            rule.reason = Some(code.to_owned());
        }
        self.life.task.state = TaskState::Unknown;
        self.life.task.tries = 0;
        let reason = code.to_owned();
        self.record(|source| Fact::BecameUnknown { source, batch: Some(batch), reason });
        if self.terms.right == Right::Access {
            return self.copy_now(Some(code));
        }
        match self.terms.vendor {
            Some(vendor) if vendor.identifiers.is_empty() => self.hand_over(code),
            Some(vendor) => self.waits(code, vendor.unknown_waits.after(0)),
            None => self.waits(code, 60),
        }
    }

    /// No further batch goes out. With some accepted the task follows them to their end; without, it
    /// ends here.
    fn stop(&mut self, code: String, outcome: Outcome) {
        if self.terms.right == Right::Access {
            self.life.task.gave_up = Some(code);
            return self.copy_now(None);
        }
        if self.life.has_unknown_end() {
            // What was never answered may still have its effect.
            return self.hand_over_as(code);
        }
        if !self.life.run_has_submitted() {
            return self.settle_as(outcome, Some(code));
        }
        self.life.task.state = TaskState::Submitted;
        self.life.task.handed_over_at = None;
        self.life.task.gave_up = Some(code);
        self.due(1);
    }

    /// Back to the batches, after an answer or a look.
    fn go_on(&mut self) {
        let now = self.now;
        match plan(&self.life, now) {
            Plan::UsedUp => self.hand_over(REPEATS_USED_UP),
            Plan::Refused(refusal) => self.stop(refusal, Outcome::Refused),
            Plan::Look => {
                self.life.task.state = TaskState::Unknown;
                self.due(0);
            }
            Plan::Send(_) | Plan::Wait(_) | Plan::Missing | Plan::Done => {
                let gave_up = self.life.task.gave_up.is_some();
                let task = &mut self.life.task;
                task.state = if gave_up { TaskState::Submitted } else { TaskState::Submitting };
                task.reason = None;
                task.handed_over_at = None;
                task.tries = 0;
                self.due(0);
            }
        }
    }

    // ---- the vendor's word

    fn told(&mut self, reports: Vec<(u32, RuleReport)>) {
        let now = self.now;
        let (mut batches, mut confirmed, mut strangers) = (Vec::new(), 0, Vec::new());
        for (batch, report) in reports {
            let known = self.life.rules.iter().find(|rule| rule.batch == batch);
            let own = count(known.map(|rule| self.life.own_places(rule).len()).unwrap_or_default());
            let Some(rule) = self.rule(batch).filter(|rule| rule.state == RuleState::Accepted) else {
                continue;
            };
            rule.status = Some(report.status);
            if report.status != RuleStatus::Finished {
                continue;
            }
            rule.state = RuleState::Finished;
            rule.finished_at = Some(now);
            rule.confirmed = count(report.confirmed).min(own);
            rule.claim = Some(report.claim);
            rule.strangers = count(report.strangers);
            confirmed += rule.confirmed;
            strangers.push((batch, rule.strangers));
            batches.push(batch);
        }
        for (batch, strangers) in strangers.into_iter().filter(|(_, strangers)| *strangers > 0) {
            self.life.task.strangers = self.life.task.strangers.saturating_add(strangers);
            self.record(|source| Fact::StrangersListed { source, batch, strangers });
        }
        if !batches.is_empty() {
            let counts = &mut self.life.task.counts;
            counts.confirmed += confirmed;
            // A repeat that was refused counts nothing; what the vendor lists was submitted all the same.
            counts.submitted = counts.submitted.max(counts.confirmed);
            self.record(|source| Fact::Finished { source, batches, confirmed });
        }
    }

    fn asked(&mut self, fault: Option<&Fault>, strange: bool) {
        let code = match (fault, strange) {
            (Some(fault), _) => Some(fault.code()),
            (None, true) => Some("vendor_status_unknown"),
            (None, false) => None,
        };
        let waits = self.terms.vendor.map(|vendor| vendor.status_waits);
        let growing = waits.map_or(900, |waits| waits.after(self.life.task.polls));
        let wait = growing.max(fault.and_then(Fault::asked_wait).unwrap_or(0));
        let any = |wanted: RuleState| self.life.rules.iter().any(|rule| rule.state == wanted);
        if self.life.has_unanswered() {
            return self.not_finished(code, wait);
        }
        // The same rule's next answer is no smaller. An export is waited for as long as there is time.
        if fault == Some(&Fault::AnswerTooLarge) && self.terms.right == Right::Erasure {
            return self.hand_over(ANSWER_TOO_LARGE);
        }
        if any(RuleState::Accepted) {
            return self.not_finished(code, wait);
        }
        match plan(&self.life, self.now) {
            // A person has it because the look can't be done; only a look changes that.
            Plan::Done if self.life.task.state == TaskState::Unknown && self.life.wants_look(self.now) => {
                self.due(HANDED_OVER_SECONDS);
            }
            Plan::Done => self.finished(),
            Plan::UsedUp => self.not_finished(code.or(Some(REPEATS_USED_UP)), wait),
            Plan::Refused(_) if self.life.has_unknown_end() => self.not_finished(code, wait),
            _ => self.go_on(),
        }
    }

    /// Every rule is finished, or seen to have had its effect.
    fn finished(&mut self) {
        let now = self.now;
        let claim = self.claim();
        let unknown_end = self.life.has_unknown_end();
        let task = &mut self.life.task;
        let told = task.handed_over_at.is_some() && task.reason.as_deref() == Some(NOT_ALL_CONFIRMED);
        task.finished_at = Some(now);
        task.claim = Some(claim);
        if self.terms.right == Right::Access {
            return self.copy_now(None);
        }
        let searchable = self.terms.vendor.is_none_or(|vendor| !vendor.identifiers.is_empty());
        if let Some(code) = task.gave_up.clone() {
            if task.strangers > 0 {
                return self.hand_over(STRANGERS_LISTED);
            }
            if !self.terms.dry_run && unknown_end {
                return self.hand_over_as(code);
            }
            if !self.terms.dry_run || !searchable {
                return self.settle_as(Outcome::Failed, Some(code));
            }
            if task.handed_over_at.is_some() && task.looked.is_some() {
                // A person has what the look after the dry run saw.
                return self.due(HANDED_OVER_SECONDS);
            }
        }
        if !searchable {
            if task.strangers > 0 {
                return self.hand_over(STRANGERS_LISTED);
            }
            if self.terms.dry_run {
                return self.settle(Outcome::DryRun, None);
            }
            if unknown_end {
                // It was searchable when a look left this open.
                return self.hand_over(ANSWER_MISSING);
            }
            if task.counts.confirmed >= task.counts.submitted {
                return self.settle(Outcome::ReportedErased, None);
            }
            if !told {
                return self.hand_over(NOT_ALL_CONFIRMED);
            }
            // A person has it already; only the vendor's own list could change that.
            task.polls += 1;
            let waits = self.terms.vendor.map(|vendor| vendor.status_waits);
            let wait = waits.map_or(900, |waits| waits.after(self.life.task.polls));
            return self.waits(NOT_ALL_CONFIRMED, wait);
        }
        task.state = TaskState::Verifying;
        task.handed_over_at = None;
        task.reason = None;
        task.tries = 0;
        self.due(0);
    }

    /// The weakest of the vendor's claims, in all rounds; where it never answered, it claims nothing.
    fn claim(&self) -> Claim {
        if self.life.rules.iter().any(|rule| self.life.lacks_reference(rule)) {
            return Claim::NotStated;
        }
        let earlier = self.life.task.earlier.as_ref().and_then(|earlier| earlier.claim);
        let own = self.life.rules.iter().filter_map(|rule| rule.claim).max();
        earlier.max(own).unwrap_or(Claim::NotStated)
    }

    /// Some rule isn't finished: later again, or a person's turn.
    fn not_finished(&mut self, code: Option<Code>, wait: u64) {
        let late = is_late(&self.life.task, self.terms, self.now);
        let unknown = self.life.task.state == TaskState::Unknown;
        self.life.task.polls += 1;
        if late && self.terms.right == Right::Access {
            return self.copy_now(Some(code.unwrap_or("vendor_deadline_passed")));
        }
        if late && self.life.task.handed_over_at.is_none() {
            return self.hand_over(code.unwrap_or("vendor_deadline_passed"));
        }
        if !unknown {
            self.life.task.reason = code.map(str::to_owned);
        }
        self.due(wait);
    }

    // ---- the look

    fn looked(&mut self, found: &[u32], (appeared, unseen): (u32, u32), asked: Asked, controlled: bool) {
        let task = &mut self.life.task;
        task.tries = 0;
        task.appeared = appeared;
        task.left = count(found.len());
        task.looked = Some(asked);
        if task.left > 0 || appeared > 0 {
            (task.clear_looks, task.assurance) = (0, None);
        } else if !self.is_clear(controlled) {
            return;
        }
        if matches!(plan(&self.life, self.now), Plan::Look | Plan::UsedUp | Plan::Refused(_)) {
            self.resolve(found);
        } else if self.terms.dry_run {
            self.dry_run_looked();
        } else {
            self.verified(appeared, unseen);
        }
    }

    /// Whether a look that found nothing at all counts: a search that is blind for once finds nothing
    /// either. The control's record shows that it sees; where there is none, a second look confirms it.
    fn is_clear(&mut self, controlled: bool) -> bool {
        let task = &mut self.life.task;
        task.clear_looks = (task.clear_looks + 1).min(2);
        if !controlled && task.clear_looks < 2 {
            if task.handed_over_at.is_none() {
                task.reason = Some(SECOND_LOOK.to_owned());
            }
            self.due(SECOND_LOOK_SECONDS);
            return false;
        }
        task.assurance = Some(if controlled { Assurance::Control } else { Assurance::TwoLooks });
        true
    }

    /// What the look after a dry run saw.
    fn dry_run_looked(&mut self) {
        let task = &self.life.task;
        let (left, appeared, assurance) = (task.left, task.appeared, task.assurance);
        let gave_up = task.gave_up.clone();
        if left < task.counts.found {
            return self.hand_over(GONE_IN_DRY_RUN);
        }
        if task.strangers > 0 {
            return self.hand_over(STRANGERS_LISTED);
        }
        if self.life.has_unknown_end() {
            // What was never answered may be none.
            return self.hand_over(ANSWER_MISSING);
        }
        self.record(|source| Fact::Looked { source, left, appeared, assurance });
        match gave_up {
            Some(code) => self.settle_as(Outcome::Failed, Some(code)),
            None => self.settle(Outcome::DryRun, None),
        }
    }

    /// The look after all rules finished.
    fn verified(&mut self, appeared: u32, unseen: u32) {
        let now = self.now;
        let unreferenced = self.life.rules.iter().any(|rule| self.life.lacks_reference(rule));
        let taken = self.life.round_has_submitted() || self.life.task.all_counts().submitted > 0;
        let task = &mut self.life.task;
        if task.left == 0 {
            if task.strangers > 0 {
                // A vendor that may erase somebody else gets nothing more of this person's.
                return self.hand_over(STRANGERS_LISTED);
            }
            if appeared > 0 {
                return self.go_back(appeared);
            }
            // A reviewer has seen those that the search of this round set aside; what came since, nobody has.
            let doubtful = task.looked.map_or(0, |looked| looked.doubtful);
            if unseen > 0 || doubtful > 0 && task.review.is_none() {
                return self.hand_over(SET_ASIDE_DOUBTFUL);
            }
            let (left, assurance) = (0, task.assurance);
            self.record(|source| Fact::Looked { source, left, appeared, assurance });
            if !taken {
                // The vendor took nothing, and nothing is there.
                return self.settle(Outcome::NothingFound, Some(RECORDS_GONE));
            }
            let task = &mut self.life.task;
            task.verified_at = Some(now);
            // The look is the proof; what the vendor's own word lacks is still told.
            let unreferenced =
                unreferenced || task.earlier.as_ref().is_some_and(|earlier| earlier.unreferenced);
            let counts = task.all_counts();
            let reason = match (unreferenced, counts.confirmed < counts.submitted) {
                (true, _) => Some(REFERENCE_MISSING),
                (false, true) => Some(NOT_ALL_CONFIRMED),
                (false, false) => None,
            };
            return self.settle(Outcome::VerifiedErased, reason);
        }
        task.looks += 1;
        let (look, left) = (task.looks, task.left);
        self.record(|source| Fact::StillThere { source, look, left, appeared });
        let (looks, waits) = self
            .terms
            .vendor
            .map_or((u32::MAX, NOT_SENT_WAITS), |vendor| (vendor.verify_looks, vendor.verify_waits));
        if look >= looks {
            // What looks saw gone without an answer, and see again, nobody knows the end of either.
            return if self.life.task.strangers > 0 {
                self.hand_over(STRANGERS_LISTED)
            } else if self.life.has_unknown_end() || unreferenced {
                self.hand_over("still_present")
            } else {
                self.settle(Outcome::StillPresent, None)
            };
        }
        self.waits("still_present", waits.after(look - 1));
    }

    /// The look that tells what a missing answer could not.
    fn resolve(&mut self, found: &[u32]) {
        let Some(vendor) = self.terms.vendor else { return };
        let (mut more_looks, mut tells_nothing, mut gone_in_dry_run) = (false, false, false);
        let (mut seen, mut unresolved, mut refusals) = (0, None, 0);
        for at in 0..self.life.rules.len() {
            // What was left after the last repeat is looked for again, for as long as it is open.
            let rule = &self.life.rules[at];
            let last = rule.attempt >= MAX_ATTEMPTS || self.life.repeats_doubted(rule);
            let used_up = rule.state == RuleState::Left && last;
            let refused = rule.state == RuleState::NotTaken;
            if !refused && rule.state != RuleState::Unknown && !used_up {
                continue;
            }
            let mut left = self.life.places(rule);
            left.retain(|place| found.contains(place));
            let (batch, records) = (rule.batch, rule.records);
            let still = count(left.len());
            if self.terms.dry_run && still < records {
                gone_in_dry_run = true;
                continue;
            }
            if rule.refused.is_some() {
                // What the vendor accepted is counted already.
                let unanswered = self.life.repeats_unanswered(rule) && !self.life.repeats_accepted(rule);
                let rule = &mut self.life.rules[at];
                if unanswered {
                    let gone = records.saturating_sub(still).max(rule.gone);
                    seen += gone - rule.gone;
                    rule.gone = gone;
                }
                rule.state = match (still, unanswered) {
                    (0, true) => RuleState::Unreferenced,
                    (0, false) => RuleState::Gone,
                    _ => RuleState::Left,
                };
                rule.left = left;
                if refused || still == 0 {
                    let gone = records.saturating_sub(still);
                    refusals = refusals.max(if still > 0 { rule.attempt } else { 0 });
                    self.record(|source| Fact::Resolved { source, batch, gone, left: still });
                }
                continue;
            }
            let rule = &mut self.life.rules[at];
            // The vendor has it, whatever it takes it for: it is never named again.
            let doubted = rule.rule_id.is_some();
            rule.looks += u32::from(!used_up && !doubted);
            // Where the vendor may take its time (its own approval), records that are still found don't
            // say that it won't: only their absence tells anything.
            let looked_enough = doubted || rule.looks >= vendor.unknown_looks;
            if still > 0 && !used_up && (doubted || !(looked_enough && vendor.unknown_repeats)) {
                more_looks = true;
                tells_nothing |= looked_enough;
                if !doubted {
                    unresolved = Some(rule.looks.max(unresolved.unwrap_or(0)));
                }
                continue;
            }
            // A record that shows up again after it was seen gone is not counted back.
            let gone = records.saturating_sub(still).max(rule.gone);
            seen += gone - rule.gone;
            rule.gone = gone;
            let news = !used_up || still == 0;
            rule.state = if still == 0 { RuleState::Unreferenced } else { RuleState::Left };
            rule.left = left;
            if news {
                self.record(|source| Fact::Resolved { source, batch, gone, left: still });
            }
        }
        if seen > 0 {
            self.life.task.counts.submitted += seen;
            self.life.task.submitted_at = Some(self.now);
        }
        let late = is_late(&self.life.task, self.terms, self.now);
        if gone_in_dry_run {
            return self.hand_over(GONE_IN_DRY_RUN);
        }
        if more_looks {
            if late && self.life.task.handed_over_at.is_none() {
                return self.hand_over("vendor_deadline_passed");
            }
            if tells_nothing && self.life.task.handed_over_at.is_none() {
                return self.hand_over(ANSWER_MISSING);
            }
            return self
                .due(unresolved.map_or(HANDED_OVER_SECONDS, |looks| vendor.unknown_waits.after(looks)));
        }
        self.go_on();
        if refusals > 0 && self.life.task.state == TaskState::Submitting {
            self.due(REFUSED_WAITS.after(refusals - 1));
        }
    }

    fn cannot_look(&mut self, code: Code, wait: u64) {
        let late = is_late(&self.life.task, self.terms, self.now);
        self.life.task.tries += 1;
        if self.life.task.handed_over_at.is_none() {
            self.life.task.reason = Some(code.to_owned());
        }
        // What nobody can tell can't be looked for either, as long as nobody mends the set-up.
        let unknown = self.life.task.state == TaskState::Unknown;
        let broken = unknown && self.terms.vendor.is_none() && self.life.task.tries >= TRIES_WITHOUT_VENDOR;
        if (late || broken) && self.life.task.handed_over_at.is_none() {
            return self.hand_over(code);
        }
        self.due(wait);
    }

    // ---- what every part uses

    fn rule(&mut self, batch: u32) -> Option<&mut Rule> {
        self.life.rules.iter_mut().find(|rule| rule.batch == batch)
    }

    fn record(&mut self, fact: impl FnOnce(crate::ids::SourceId) -> Fact) {
        self.effects.push(Effect::Record(fact(self.life.task.source.clone())));
    }

    /// The next step comes after `wait` seconds, and the reconciliation looks a grace later.
    fn due(&mut self, wait: u64) {
        let task = &mut self.life.task;
        task.not_before = (wait > 0).then(|| self.now.plus_seconds(wait));
        task.next_due = Some(self.now.plus_seconds(wait.saturating_add(self.terms.grace_seconds)));
    }

    fn waits(&mut self, code: Code, wait: u64) {
        self.life.task.reason = Some(code.to_owned());
        self.due(wait);
    }

    fn hand_over(&mut self, code: Code) {
        self.hand_over_as(code.to_owned());
    }

    fn hand_over_as(&mut self, reason: String) {
        let task = &mut self.life.task;
        let was_unknown = task.state == TaskState::Unknown;
        let again = task.handed_over_at.is_some() && task.reason.as_ref() == Some(&reason);
        task.state = TaskState::Unknown;
        task.handed_over_at = task.handed_over_at.or(Some(self.now));
        task.reason = Some(reason.clone());
        if !was_unknown {
            let reason = reason.clone();
            self.record(|source| Fact::BecameUnknown { source, batch: None, reason });
        }
        if !again {
            self.record(|source| Fact::HandedOver { source, reason });
        }
        // A person has it: whatever a machine still asks or looks for may take its time.
        self.due(if again { HANDED_OVER_SECONDS } else { 0 });
    }

    fn settle(&mut self, outcome: Outcome, reason: Option<Code>) {
        self.settle_as(outcome, reason.map(str::to_owned));
    }

    /// Ends the task. It stays in the due index until its request is closed, so that somebody does.
    fn settle_as(&mut self, outcome: Outcome, reason: Option<String>) {
        let task = &mut self.life.task;
        task.state = TaskState::Settled;
        task.outcome = Some(outcome);
        task.reason = reason.clone();
        task.handed_over_at = None;
        task.token = None;
        task.lease = None;
        task.settled_at = Some(self.now);
        let appeared = task.appeared;
        self.record(|source| Fact::Settled { source, outcome, reason, appeared });
        self.due(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::IdentifierKind;
    use crate::ids::{RequestId, SourceId};
    use crate::limit::CallLimits;
    use crate::policy::Policy;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn noon() -> Time {
        Time::parse("2026-11-21T12:00:00Z").unwrap()
    }

    fn vendor(searchable: bool) -> Capabilities {
        let waits = Waits { first_seconds: 2, longest_seconds: 3600 };
        Capabilities {
            title: "Plain".to_owned(),
            target: target(),
            ignores_case: Vec::new(),
            states_whole: true,
            control: None,
            identifiers: if searchable { vec![IdentifierKind::email()] } else { Vec::new() },
            rights: vec![Right::Erasure, Right::Access],
            export: None,
            dry_run: true,
            batch_size: 2,
            max_records: 100,
            call_timeout_seconds: 20,
            status_waits: waits,
            verify_waits: waits,
            verify_looks: 3,
            unknown_waits: waits,
            unknown_looks: 2,
            unknown_repeats: true,
            deadline_seconds: 20 * 24 * 3600,
            search_tries: 5,
            call_limits: CallLimits::default(),
        }
    }

    fn target() -> Target {
        Target { connector: "plain".to_owned(), version: 1, params: BTreeMap::new() }
    }

    fn ann() -> Actor {
        Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap()
    }

    fn sealed() -> Sealed {
        serde_json::from_str("\"c2VhbGVk\"").unwrap()
    }

    fn planned() -> Life {
        let id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let source = SourceId::parse("crm").unwrap();
        Life { task: Task::planned(id, source, "plain".to_owned(), noon()), rules: Vec::new() }
    }

    /// Any event, whether the life has a place for it or not; `n` chooses within it.
    fn event(kind: u8, n: u8, life: &Life, now: Time) -> Event {
        let fence = 1 + u64::from(n) % life.task.fence.max(1);
        let fault = match n % 3 {
            0 => Fault::Unavailable("vendor_unreachable"),
            1 => Fault::Throttled(Some(30)),
            _ => Fault::Unauthorized,
        };
        let found: Vec<u32> =
            (0..life.task.counts.found).filter(|place| (n >> (place % 8)) & 1 == 1).collect();
        let report = |done: bool| RuleReport {
            status: if done { RuleStatus::Finished } else { RuleStatus::Unknown },
            confirmed: usize::from(n),
            strangers: usize::from(n % 16 == 7),
            claim: Claim::Anonymised,
        };
        match kind {
            0 => {
                let digest = Tag::new("k", &[n]);
                let asked = Asked {
                    spellings: 1,
                    may_be_part: n.is_multiple_of(2),
                    marked: u32::from(n % 16 == 3),
                    doubtful: u32::from(n % 16 == 5),
                    set_aside: u32::from(n % 8 == 5),
                };
                let records = 1 + u32::from(n % 5);
                let (target, doubts) = (target(), None);
                Event::Found { records, chunks: 1, digest, began: now, target, asked, doubts }
            }
            1 if fault.is_put_off() => Event::HeldBack { fault, slot: None, asked_to: None },
            1 => Event::SearchFailed(fault),
            2 => Event::LeaseBusy,
            3 => {
                let slot = n.is_multiple_of(2).then_some(Slot { place: u64::from(n), calls: 1 });
                let asked_to = n.is_multiple_of(3).then_some(u32::from(n % 4));
                Event::HeldBack { fault: Fault::Paused("rate_limited", u64::from(n)), slot, asked_to }
            }
            4..=6 => {
                Event::Intend { digest: Tag::new("k", &[n]), until: now.plus_seconds(30), lease: Some(1) }
            }
            7 => Event::Answered { fence, answer: Submitted::Unknown("vendor_timed_out") },
            8 => Event::Answered { fence, answer: Submitted::NotSent(fault) },
            9 => Event::Answered { fence, answer: Submitted::Rejected(fault) },
            10 | 11 => {
                let answer =
                    Submitted::Accepted { rule_id: format!("rule-{fence}"), status: RuleStatus::Pending };
                Event::Answered { fence, answer }
            }
            12 => Event::AnswerMissing,
            13 => Event::CannotSend { code: "secret_missing", outcome: Outcome::Failed },
            14 => Event::AllSent,
            15 => {
                Event::Told(life.rules.iter().map(|rule| (rule.batch, report(n.is_multiple_of(2)))).collect())
            }
            16 => Event::Asked { fault: None, strange: n.is_multiple_of(2), asked_to: None },
            17 => Event::Asked { fault: Some(fault), strange: false, asked_to: Some(u32::from(n % 4)) },
            18 => Event::CannotAsk("secret_missing"),
            19 => Event::CannotLook { code: "vendor_unreachable", wait: u64::from(n) },
            20 => Event::SearchAgain { fence: 2 },
            21 => Event::IdentifierMissing { began: now },
            22 => {
                let verdict = match n % 3 {
                    0 => Ruling::Refuse(RefusalGround::LegalClaims),
                    1 => Ruling::LeaveOut,
                    _ => Ruling::Proceed,
                };
                Event::Reviewed { by: ann(), verdict, reason: sealed() }
            }
            23 => Event::Identified { by: ann(), kind: IdentifierKind::email() },
            24 => Event::RunAgain { by: ann() },
            25 => Event::CalledOff,
            26 => Event::Stated { by: ann(), erased: n.is_multiple_of(2) },
            27 => Event::Copied { records: u32::from(n % 6), appeared: u32::from(n % 2) },
            28 if fault.is_put_off() => Event::HeldBack { fault, slot: None, asked_to: None },
            28 => Event::CopyFailed(fault),
            29 => Event::CannotCopy("credentials_rejected"),
            30 => Event::Waits { token: "token".to_owned() },
            31 => Event::SearchEnded {
                began: now,
                outcome: if n.is_multiple_of(2) { Outcome::NothingFound } else { Outcome::Failed },
                reason: None,
                found: 0,
                target: Some(target()),
                asked: Asked { doubtful: u32::from(n % 8 == 2), set_aside: 1, ..Asked::default() },
                doubts: None,
            },
            32 => Event::TargetChanged,
            33 => {
                let (rule_id, status) = (format!("rule-{fence}"), RuleStatus::Pending);
                Event::Answered { fence, answer: Submitted::Doubtful { rule_id, status, code: "doubt" } }
            }
            34 => Event::Answered { fence, answer: Submitted::Rejected(Fault::Refused("vendor_not_found")) },
            35 => Event::SearchFailed(Fault::Refused("vendor_not_found")),
            36 => Event::CannotOpen("secret_denied"),
            _ => {
                let asked = Asked { doubtful: u32::from(n % 32 == 9), set_aside: 1, ..Asked::default() };
                let appeared = u32::from(n % 3 == 1);
                let unseen = asked.doubtful;
                Event::Looked { found, appeared, asked, unseen, controlled: n.is_multiple_of(4) }
            }
        }
    }

    fn holds(
        before: &Life,
        told: &Event,
        (after, effects): (&Life, &[Effect]),
        terms: &Terms<'_>,
        now: Time,
    ) {
        let (old, task) = (&before.task, &after.task);
        let intents = after.rules.iter().filter(|rule| rule.state == RuleState::Intent).count();
        assert!(intents <= 1, "invariant 3: one POST in flight");
        assert!(after.rules.iter().all(|rule| rule.attempt <= MAX_ATTEMPTS));
        let counts = task.counts;
        assert!(counts.confirmed <= counts.submitted && counts.submitted <= counts.found, "{counts:?}");
        let restarts = matches!(told, Event::Identified { .. } | Event::RunAgain { .. });
        let counts_anew = restarts || task.state == TaskState::Copying;
        if !counts_anew && old.state != TaskState::Copying {
            let (all, before) = (task.all_counts(), old.all_counts());
            assert!(all.submitted >= before.submitted && all.confirmed >= before.confirmed);
        }
        assert!(task.earlier.as_ref().is_none_or(|earlier| earlier.rounds <= MOST_ROUNDS));
        if restarts {
            assert!(task.first_batch >= old.first_batch && after.rules.len() <= before.rules.len());
            let under_way = [TaskState::Submitting, TaskState::Submitted, TaskState::Verifying];
            assert!(!under_way.contains(&old.state) || task == old, "no run beside another one");
        }
        if task.decision != old.decision
            && let Some(decision) = &task.decision
        {
            let by = &decision.by;
            let unattended = terms.dry_run && task.policy == Policy::Auto;
            let doubtful = !unattended && (task.asked.marked > 0 || task.asked.doubtful > 0);
            let wanted = task.policy.wants_review(counts.found) || doubtful;
            assert_eq!(by.starts_with("policy:"), !wanted, "invariant 2");
            assert_eq!(Some(&decision.records), task.found_digest.as_ref());
        }
        assert!(task.fence >= old.fence && task.revision == old.revision);
        for effect in effects {
            if let Effect::Post { fence, .. } = effect {
                assert!(matches!(plan(before, now), Plan::Send(_)), "only what is to be sent");
                assert_eq!((*fence, old.fence + 1), (task.fence, task.fence), "each its own fence");
            }
        }
        if old.state == TaskState::Settled && !restarts {
            assert_eq!((task.state, task.outcome), (TaskState::Settled, old.outcome), "settled for good");
        }
        if task.state == TaskState::Settled {
            assert!(task.outcome.is_some() && task.lease.is_none(), "ended, and its lease given back");
            let stated = task.reason.as_deref() == Some(STATED_BY_A_PERSON);
            let tolerates = stated || terms.right == Right::Access;
            assert!(tolerates || !after.has_unanswered(), "invariant 3: nothing unknown is settled");
            // What a look saw to be gone, or still there after a dry run, tells the end of every intent.
            let seen = matches!(task.outcome, Some(Outcome::VerifiedErased | Outcome::DryRun));
            assert!(tolerates || seen || !after.has_unknown_end(), "invariant 3: {after:?}");
        }
        if task.target != old.target && old.target.is_some() {
            assert!(restarts || !before.stands_on_its_target(), "invariant 2: a run stays at its target");
        }
        assert!(task.next_due.is_some(), "invariant 5: somebody looks");
        if task.outcome == Some(Outcome::VerifiedErased) {
            assert_eq!((task.left, task.appeared), (0, 0), "invariant 4: seen to be gone, all of them");
            assert!(task.assurance.is_some(), "one look without a control proves nothing");
            assert_eq!(task.strangers, 0, "a person sees to what was never submitted");
        }
        let searchable = terms.vendor.is_some_and(|vendor| !vendor.identifiers.is_empty());
        if task.state == TaskState::Unknown && searchable {
            assert!(
                task.handed_over_at.is_some() || after.wants_look(now),
                "invariant 5: a machine or a person: {after:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn invariants_3_to_6_hold_for_any_events_in_any_order(
            dry_run in any::<bool>(),
            searchable in any::<bool>(),
            access in any::<bool>(),
            exports in any::<bool>(),
            policy in prop_oneof![Just(Policy::Auto), Just(Policy::Always), Just(Policy::Over(2))],
            events in prop::collection::vec((0u8..43, any::<u8>(), 0u64..100_000), 1..80),
        ) {
            let export = exports.then(|| "the vendor's page".to_owned());
            let vendor = Capabilities { export, ..vendor(searchable) };
            let due_at = noon().plus_seconds(30 * 24 * 3600);
            let right = if access { Right::Access } else { Right::Erasure };
            let terms = Terms { grace_seconds: 120, right, dry_run, due_at, vendor: Some(&vendor) };
            let (mut life, mut now) = (planned(), noon());
            life.task.policy = policy;
            for (kind, n, passed) in events {
                now = now.plus_seconds(passed);
                let told = event(kind, n, &life, now);
                let (after, effects) = step(&life, told.clone(), now, &terms);
                holds(&life, &told, (&after, &effects), &terms, now);
                life = after;
            }
        }
    }
}
