//! Breaks the store by hand in the middle of a run, or takes a defence out of the product for the whole of
//! it: a test then shows that the checks would stop such a domain.

use crate::fault::Kind;
use rightful_contract::rows;
use rightful_contract::world::World;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::rule::{Rule, RuleState};
use rightful_domain::model::task::{Decision, Outcome, Task, TaskState};
use std::collections::BTreeMap;

/// One change of the store, made as soon as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A stored intent goes missing before its submission.
    HideIntent,
    /// A decision loses its records after the intent was stored.
    VoidDecision,
    /// An intent gets a rule id that the vendor never gave.
    ForgeAnswer,
    /// A rule counts as finished although the vendor never said so.
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
    /// A decision names another digest of the very same records.
    SwapDecision,
    /// A person's review goes missing before its submission.
    RemoveReview,
    /// A task that waits for a review is decided on by a policy that was changed to `auto` meanwhile.
    ChangePolicy,
    /// A rule of an earlier run changes.
    RewriteEarlierRun,
    /// A stored receipt changes.
    RewriteReceipt,
    /// A closed request is open again although nobody reopened it.
    ReopenUnseen,
    /// A copy is replaced by another one.
    SwapCopy,
    /// The copy of a forgotten person comes back.
    KeepCopy,
    /// An attempt is recorded that nobody began.
    CountAttempt,
}

impl Sabotage {
    /// Every kind of damage, with the number of the invariant that it breaks.
    pub const ALL: [(Sabotage, u8); 19] = [
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
        (Sabotage::CountAttempt, 6),
    ];

    /// Breaks this task or its request, if possible now; `point` is where the last step ended.
    pub(crate) fn strike(self, world: &World, at: &TaskRef, point: &str) -> bool {
        // Each kind reads only the rows that it needs: it looks after every step of a run.
        let task = || world.task(at);
        let request = || world.request(at.request_id);
        let rule = |state| world.rules(at).into_iter().find(|rule| rule.state == state);
        // The intent is stored, and its worker goes on to the vendor.
        let about_to_post = || if point == "vendor submit" { rule(RuleState::Intent) } else { None };
        match self {
            Sabotage::HideIntent => about_to_post().is_some_and(|rule| {
                let key = (rows::request_pk(rule.request), rows::rule_sk(&rule.source, rule.batch));
                world.store.table().set(key, None);
                true
            }),
            Sabotage::VoidDecision => {
                about_to_post().is_some() && put_task(world, Task { decision: None, ..task() })
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
                // Only the look is missing, and no earlier one resolved a missing answer.
                let task = task();
                let answered = || world.rules(at).iter().all(|rule| rule.state == RuleState::Finished);
                let strikes = task.state == TaskState::Verifying && task.looks == 0 && answered();
                let (state, outcome) = (TaskState::Settled, Some(Outcome::VerifiedErased));
                strikes && put_task(world, Task { state, outcome, ..task })
            }
            Sabotage::ShrinkCount => {
                let mut task = task();
                let strikes = task.counts.confirmed > 0;
                task.counts.confirmed = 0;
                strikes && put_task(world, task)
            }
            Sabotage::ChangeOutcome => {
                let task = task();
                let other = task.outcome.is_some_and(|outcome| outcome != Outcome::ReportedErased);
                let strikes = other && request().state == RequestState::Open;
                strikes && put_task(world, Task { outcome: Some(Outcome::ReportedErased), ..task })
            }
            Sabotage::ForgetDue => {
                let request = request();
                let alone = request.sources.len() == 1 && request.state == RequestState::Open;
                alone
                    && put_task(world, Task { next_due: None, ..task() })
                    && put_request(world, &Request { next_due: None, ..request })
            }
            Sabotage::CountAttempt => {
                let request = request();
                put_request(world, &Request { attempt: request.attempt + 1, ..request })
            }
            Sabotage::CloseEarly => {
                let strikes = task().state != TaskState::Settled;
                strikes && put_request(world, &Request { state: RequestState::Closed, ..request() })
            }
            Sabotage::DropEvent => {
                let events = world.facts(at.request_id).len() as u64;
                let key = (rows::request_pk(at.request_id), rows::event_sk(events));
                world.store.table().set(key, None);
                true
            }
            Sabotage::SwapDecision => {
                let Some(rule) = about_to_post() else { return false };
                let task = task();
                let decision = task.decision.clone().map(|one| Decision { records: rule.digest, ..one });
                put_task(world, Task { decision, ..task })
            }
            Sabotage::RemoveReview => {
                let Some(task) = about_to_post().map(|_| task()) else { return false };
                task.review.is_some() && put_task(world, Task { review: None, ..task })
            }
            Sabotage::ChangePolicy => {
                let task = task();
                let Some(records) = task.found_digest.clone() else { return false };
                let strikes = task.state == TaskState::AwaitingReview;
                let decision =
                    Some(Decision { by: "policy:auto".to_owned(), at: world.clock.real(), records });
                let (state, policy) = (TaskState::Decided, Policy::Auto);
                strikes && put_task(world, Task { state, policy, decision, not_before: None, ..task })
            }
            Sabotage::RewriteEarlierRun => {
                let first = task().first_batch;
                let earlier = world.rules(at).into_iter().find(|rule| rule.batch < first);
                earlier.is_some_and(|rule| put_rule(world, &Rule { confirmed: rule.confirmed + 1, ..rule }))
            }
            Sabotage::RewriteReceipt => {
                let request = request();
                let strikes = world.receipts.file(request.id).is_some() && request.receipt_sha256.is_some();
                world.receipts.tamper(request.id, 0, |file| file.push(b' '));
                strikes && put_request(world, &request)
            }
            Sabotage::ReopenUnseen => {
                let request = request();
                let strikes = request.state == RequestState::Closed;
                strikes && put_request(world, &Request { state: RequestState::Open, ..request })
            }
            Sabotage::SwapCopy => {
                let request = request();
                // Once it is reported, nobody makes it again.
                let told = request.copy.is_some() && request.forgotten_at.is_none();
                let file = world.copies.package(request.id).filter(|_| told);
                file.is_some_and(|mut file| {
                    file.push(b' ');
                    world.copies.put_package(request.id, file);
                    put_request(world, &request)
                })
            }
            Sabotage::KeepCopy => {
                let request = request();
                let strikes = request.forgotten_at.is_some();
                strikes && {
                    world.copies.put_package(request.id, b"{}".to_vec());
                    put_request(world, &request)
                }
            }
        }
    }
}

/// A defence that is taken out of the product for a whole run. The vendors report less than they see, or the
/// stored rows are changed to the state without the defence. The faults that it guards against are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// A run goes to the target where its records were found.
    Target,
    /// Records that a look finds beyond the decision go back to a decision.
    Appeared,
    /// A look without a control needs a second one.
    SecondLook,
    /// A search that finds nothing is compared with the control.
    Control,
    /// A vendor is asked in every spelling.
    Spellings,
    /// An answer that announces more records doesn't count.
    WholeAnswers,
    /// Records that a vendor returned and that are not the person's are counted.
    SetAside,
    /// A record that shows another value of a kind that the request names is marked.
    Marks,
    /// Nothing settles while the end of an earlier submission is unknown.
    UnknownEnds,
    /// A vendor's refusal is final only after some tries.
    RefusedTries,
    /// A doubtful answer is stored, and nothing is sent again.
    Doubts,
    /// Every dry run ends with a look.
    DryRunLook,
    /// Strangers in a finished rule are a person's matter.
    Strangers,
}

impl Mend {
    /// Every defence, with the number of the invariant that breaks without it.
    pub const ALL: [(Mend, u8); 13] = [
        (Mend::Target, 2),
        (Mend::Appeared, 4),
        (Mend::SecondLook, 4),
        (Mend::Control, 4),
        (Mend::Spellings, 4),
        (Mend::WholeAnswers, 4),
        (Mend::SetAside, 4),
        (Mend::Marks, 2),
        (Mend::UnknownEnds, 3),
        (Mend::RefusedTries, 5),
        (Mend::Doubts, 3),
        (Mend::DryRunLook, 4),
        (Mend::Strangers, 4),
    ];

    /// The faults that it guards against.
    #[must_use]
    pub fn faults(self) -> &'static [Kind] {
        match self {
            Mend::Target => &[Kind::TargetChanged],
            Mend::Appeared => &[Kind::AppearedMeanwhile],
            Mend::SecondLook | Mend::Control => &[Kind::Blind],
            Mend::Spellings => &[Kind::Exact],
            Mend::WholeAnswers => &[Kind::Incomplete],
            Mend::SetAside => &[Kind::SetAside],
            Mend::Marks => &[Kind::Marked],
            Mend::UnknownEnds => &[Kind::LateEffect, Kind::LostResponse, Kind::RefusedAfterUnknown],
            Mend::RefusedTries => &[Kind::Gateway],
            Mend::Doubts => &[Kind::Doubted],
            Mend::DryRunLook => &[Kind::DryRunErases],
            Mend::Strangers => &[Kind::Strangers],
        }
    }

    /// Takes the defence out of the stored rows, if it shows there. Otherwise the vendors report less, or a
    /// data source is set up without it.
    pub(crate) fn take_out<'a>(self, world: &World, tasks: impl Iterator<Item = &'a Task>) {
        let looks = [TaskState::Verifying, TaskState::Decided, TaskState::Copying];
        for task in tasks {
            let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
            match self {
                // The first look, or fetch, that finds nothing counts as the second one.
                Mend::SecondLook if looks.contains(&task.state) && task.clear_looks == 0 => {
                    let task = world.task(&at);
                    put_task(world, Task { clear_looks: 1, ..task });
                }
                // An unanswered submission counts as refused.
                Mend::UnknownEnds => {
                    for rule in world.rules(&at) {
                        let unknown = matches!(rule.state, RuleState::Left | RuleState::Repeated);
                        if unknown && rule.refused.is_none() && rule.rule_id.is_none() {
                            let refused = Some("vendor_conflict".to_owned());
                            put_rule(world, &Rule { refused, ..rule });
                        }
                    }
                }
                _ => {}
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
