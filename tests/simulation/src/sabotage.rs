//! Breaks the store by hand in the middle of a run, so that a test shows that the run would have been
//! stopped had the domain done it.

use rightful_contract::rows;
use rightful_contract::world::World;
use rightful_domain::operations::TaskRef;
use rightful_domain::policy::Policy;
use rightful_domain::request::{Request, RequestState};
use rightful_domain::task::{Decision, Outcome, Rule, RuleState, Task, TaskState};
use std::collections::BTreeMap;

/// What is done to the store, once, as soon as it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A stored intent goes missing before its submission.
    HideIntent,
    /// A decision names nothing any more after the intent was stored.
    VoidDecision,
    /// An intent gets a rule id that the vendor gave to nobody.
    ForgeAnswer,
    /// A rule counts as finished that the vendor never called so.
    ForgeFinish,
    /// A task counts as verified without a look.
    ForgeVerified,
    /// A count shrinks.
    ShrinkCount,
    /// A settled task gets another outcome.
    ChangeOutcome,
    /// An open request is due at no time.
    ForgetDue,
    /// A request is closed with a task open.
    CloseEarly,
    /// The last event goes missing.
    DropEvent,
    /// A decision names another digest than the one that was decided on, of the very same records.
    SwapDecision,
    /// A person's review goes missing before the submission that stands on it.
    RemoveReview,
    /// A task that waits for a review is decided on by a policy that was changed to `auto` meanwhile.
    ChangePolicy,
    /// A rule of an earlier run changes.
    RewriteEarlierRun,
    /// A kept receipt changes.
    RewriteReceipt,
    /// A closed request is open again, and nobody has opened it.
    ReopenUnseen,
    /// A copy is another one than was put together.
    SwapCopy,
    /// The copy of a forgotten person comes back.
    KeepCopy,
}

impl Sabotage {
    /// Every way, with the number of the invariant that it breaks.
    pub const ALL: [(Sabotage, u8); 18] = [
        (Sabotage::HideIntent, 3),
        (Sabotage::VoidDecision, 2),
        (Sabotage::ForgeAnswer, 3),
        (Sabotage::ForgeFinish, 4),
        (Sabotage::ForgeVerified, 4),
        (Sabotage::ShrinkCount, 6),
        (Sabotage::ChangeOutcome, 6),
        (Sabotage::ForgetDue, 5),
        (Sabotage::CloseEarly, 5),
        (Sabotage::DropEvent, 6),
        (Sabotage::SwapDecision, 2),
        (Sabotage::RemoveReview, 2),
        (Sabotage::ChangePolicy, 2),
        (Sabotage::RewriteEarlierRun, 6),
        (Sabotage::RewriteReceipt, 6),
        (Sabotage::ReopenUnseen, 6),
        (Sabotage::SwapCopy, 2),
        (Sabotage::KeepCopy, 1),
    ];

    /// Does it to this task or its request, if it can be done now; `point` is where the last step
    /// ended.
    pub(crate) fn strike(self, world: &World, at: &TaskRef, point: &str) -> bool {
        let task = world.task(at);
        let rules = world.rules(at);
        let request = world.request(at.request_id);
        let rule = |state| rules.iter().find(|rule| rule.state == state).cloned();
        // The intent is stored, and its worker goes on to the vendor.
        let about_to_post = point == "vendor submit";
        match self {
            Sabotage::HideIntent => rule(RuleState::Intent).filter(|_| about_to_post).is_some_and(|rule| {
                let key = (rows::request_pk(rule.request), rows::rule_sk(&rule.source, rule.batch));
                world.store.table().set(key, None);
                true
            }),
            Sabotage::VoidDecision => {
                let strikes = about_to_post && rule(RuleState::Intent).is_some();
                strikes && put_task(world, Task { decision: None, ..task })
            }
            Sabotage::ForgeAnswer => rule(RuleState::Intent).is_some_and(|rule| {
                put_rule(
                    world,
                    &Rule { state: RuleState::Accepted, rule_id: Some("rule-0".to_owned()), ..rule },
                )
            }),
            Sabotage::ForgeFinish => rule(RuleState::Accepted)
                .is_some_and(|rule| put_rule(world, &Rule { state: RuleState::Finished, ..rule })),
            Sabotage::ForgeVerified => {
                // Nothing but the look is missing, and none has told of a missing answer before.
                let answered = rules.iter().all(|rule| rule.state == RuleState::Finished);
                let strikes = task.state == TaskState::Verifying && task.looks == 0 && answered;
                let (state, outcome) = (TaskState::Settled, Some(Outcome::VerifiedErased));
                strikes && put_task(world, Task { state, outcome, ..task })
            }
            Sabotage::ShrinkCount => {
                let mut task = task;
                let strikes = task.counts.confirmed > 0;
                task.counts.confirmed = 0;
                strikes && put_task(world, task)
            }
            Sabotage::ChangeOutcome => {
                let other = task.outcome.is_some_and(|outcome| outcome != Outcome::ReportedErased);
                let strikes = other && request.state == RequestState::Open;
                strikes && put_task(world, Task { outcome: Some(Outcome::ReportedErased), ..task })
            }
            Sabotage::ForgetDue => {
                let alone = request.sources.len() == 1 && request.state == RequestState::Open;
                alone
                    && put_task(world, Task { next_due: None, ..task })
                    && put_request(world, &Request { next_due: None, ..request })
            }
            Sabotage::CloseEarly => {
                let strikes = task.state != TaskState::Settled;
                strikes && put_request(world, &Request { state: RequestState::Closed, ..request })
            }
            Sabotage::DropEvent => {
                let events = world.facts(at.request_id).len() as u64;
                let key = (rows::request_pk(at.request_id), rows::event_sk(events));
                world.store.table().set(key, None);
                true
            }
            Sabotage::SwapDecision => {
                let Some(rule) = rule(RuleState::Intent).filter(|_| about_to_post) else { return false };
                let decision = task.decision.clone().map(|one| Decision { records: rule.digest, ..one });
                put_task(world, Task { decision, ..task })
            }
            Sabotage::RemoveReview => {
                let strikes = about_to_post && rule(RuleState::Intent).is_some() && task.review.is_some();
                strikes && put_task(world, Task { review: None, ..task })
            }
            Sabotage::ChangePolicy => {
                let Some(records) = task.found_digest.clone() else { return false };
                let strikes = task.state == TaskState::AwaitingReview;
                let decision =
                    Some(Decision { by: "policy:auto".to_owned(), at: world.clock.real(), records });
                let (state, policy) = (TaskState::Decided, Policy::Auto);
                strikes && put_task(world, Task { state, policy, decision, not_before: None, ..task })
            }
            Sabotage::RewriteEarlierRun => rules
                .iter()
                .find(|rule| rule.batch < task.first_batch)
                .is_some_and(|rule| put_rule(world, &Rule { confirmed: rule.confirmed + 1, ..rule.clone() })),
            Sabotage::RewriteReceipt => {
                let strikes = world.receipts.file(request.id).is_some() && request.receipt_sha256.is_some();
                world.receipts.tamper(request.id, 0, |file| file.push(b' '));
                strikes && put_request(world, &request)
            }
            Sabotage::ReopenUnseen => {
                let strikes = request.state == RequestState::Closed;
                strikes && put_request(world, &Request { state: RequestState::Open, ..request })
            }
            // The file and what is told of it part: at once seen, whoever packs again.
            Sabotage::SwapCopy => {
                let copy = request.copy.clone().filter(|_| request.state == RequestState::Open);
                copy.is_some_and(|mut copy| {
                    copy.sha256 = copy.sha256.chars().rev().collect();
                    put_request(world, &Request { copy: Some(copy), ..request.clone() })
                })
            }
            Sabotage::KeepCopy => {
                let strikes = request.forgotten_at.is_some();
                strikes && {
                    world.copies.put_package(request.id, b"{}".to_vec());
                    put_request(world, &request)
                }
            }
        }
    }
}

fn put_task(world: &World, task: Task) -> bool {
    let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
    world.tamper(&at, |stored| *stored = task);
    true
}

fn put_rule(world: &World, rule: &Rule) -> bool {
    let key = (rows::request_pk(rule.request), rows::rule_sk(&rule.source, rule.batch));
    world.store.table().set(key, Some(rows::item(rule, rule.revision, 0).expect("a row")));
    true
}

fn put_request(world: &World, request: &Request) -> bool {
    let mut item = rows::item(request, request.revision, 0).expect("a row");
    item.index = BTreeMap::new();
    world.store.table().set((rows::request_pk(request.id), "REQUEST".to_owned()), Some(item));
    true
}
