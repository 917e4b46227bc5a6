//! A task in words: the card of one data source.

use crate::ports::Outside;
use crate::site::shell::sentence;
use crate::site::show::names::Names;
use crate::site::show::request::{code, turn};
use crate::site::visit::Visit;
use crate::site::words::{Value, Words};
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::kind::Kind;
use rightful_domain::base::time::Time;
use rightful_domain::duty::acts::May;
use rightful_domain::law::right::Right;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::rule::RuleState;
use rightful_domain::model::task::{Assurance, Outcome, TaskState, Verdict};
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::vendor::report::{Claim, RuleStatus};
use rightful_domain::view::request::RequestDetail;
use rightful_domain::view::task::{RuleView, Situation, TaskView};

/// The card of a data source.
pub(crate) struct Card {
    pub source: String,
    /// The vendor's own name, and the data source's id.
    pub title: String,
    pub situation: String,
    /// `good`, `bad`, `person`, `wait`, for the colour beside the words.
    pub tone: &'static str,
    pub found: String,
    pub submitted: String,
    pub confirmed: String,
    /// Why it is as it is, and what to do.
    pub why: Vec<(String, String)>,
    pub facts: Vec<Fact>,
    pub rules: Vec<String>,
    pub acts: Vec<ActLink>,
    /// Whether a person may decide on it together with others.
    pub selectable: bool,
}

/// A fact with its name.
pub(crate) struct Fact {
    pub name: String,
    pub words: String,
    pub at: Option<Time>,
}

/// An act that is possible now.
pub(crate) struct ActLink {
    pub words: String,
    pub href: String,
    pub class: &'static str,
    /// Whether it opens in a dialog where there are scripts.
    pub dialog: bool,
}

impl Card {
    pub fn of<O: Outside>(
        visit: &Visit<'_, O>,
        names: &Names,
        detail: &RequestDetail,
        task: &TaskView,
    ) -> Self {
        let w = visit.words;
        let title = names.title(&task.connector);
        let searched = task.searched_at.is_some() && !task.needs.missing;
        let count = |shown: bool, n: u32| if shown { n.to_string() } else { "–".to_owned() };
        Self {
            source: task.source.to_string(),
            title: title.to_owned(),
            situation: w.t(&format!("situation-{}", task.situation.as_str())),
            tone: tone(task),
            found: count(searched, task.counts.found),
            submitted: count(task.decision.is_some(), task.counts.submitted),
            confirmed: count(task.decision.is_some(), task.counts.confirmed),
            why: why(w, task),
            facts: facts(w, names, detail.request.right, task),
            rules: task.rules.iter().map(|one| rule(w, one)).collect(),
            acts: acts(visit, detail, task, title),
            selectable: task.may.contains(&May::Proceed) && visit.may(May::Proceed),
        }
    }
}

fn tone(task: &TaskView) -> &'static str {
    match task.situation {
        Situation::VerifiedErased | Situation::Copied | Situation::NothingFound | Situation::DryRun => "good",
        Situation::StillPresent | Situation::Failed | Situation::StatedFailed | Situation::LeftOut => "bad",
        _ if task.is_persons() || task.needs.missing => "person",
        _ if task.state == TaskState::Settled => "plain",
        _ => "wait",
    }
}

/// Each reason in words, with the remedy.
fn why(w: &Words, task: &TaskView) -> Vec<(String, String)> {
    // The card says so already, with the form to mend it.
    let said = [Code::IdentifierMissing.as_str(), Code::NothingFoundToConfirm.as_str()];
    let codes = [&task.reason, &task.gave_up].into_iter().flatten();
    let codes = codes.filter(|code| !said.contains(&code.as_str()));
    codes.map(|one| (sentence(&code(w, one)), remedy(w, task, one))).collect()
}

/// What is to be done, and by whom.
fn remedy(w: &Words, task: &TaskView, code: &str) -> String {
    if let Some(own) = w.find(&format!("remedy-{code}")) {
        return own;
    }
    if task.state == TaskState::Settled {
        return String::new();
    }
    match Code::parse(code).map(Code::kind) {
        _ if task.is_persons() => w.t("remedy-person"),
        Some(Kind::Transient) => w.t("remedy-transient"),
        Some(Kind::Misconfigured) => w.t("remedy-misconfigured"),
        Some(Kind::Unknown) => w.t("remedy-unknown"),
        Some(Kind::Refused) | None => String::new(),
    }
}

fn facts(w: &Words, names: &Names, right: Right, task: &TaskView) -> Vec<Fact> {
    let mut all = Vec::new();
    let mut add = |name: &str, words: String, at: Option<Time>| all.push(Fact { name: w.t(name), words, at });
    add("fact-takes", takes(w, &task.needs.asked), None);
    let given: Vec<&IdentifierKind> = task.needs.given.iter().chain(&task.needs.inserted).collect();
    if !given.is_empty() {
        let kinds: Vec<String> = given.iter().map(|kind| self::kind(w, kind)).collect();
        add("fact-has", kinds.join(", "), None);
    }
    if let Some(at) = task.searched_at {
        add("fact-searched", searched(w, task), Some(at));
    }
    if let Some(review) = &task.review {
        let by = names.actor(&review.by);
        let verdict = verdict(w, review.verdict);
        add(
            "fact-reviewed",
            w.a("by", &[("what", Value::Text(&verdict)), ("who", Value::Text(&by))]),
            Some(review.at),
        );
    } else if let Some(decision) = &task.decision {
        add("fact-decided", names.actor(&decision.by), Some(decision.at));
    }
    if task.decision.is_some() && (right == Right::Erasure || !task.rules.is_empty()) {
        let words = w.t(match task.claim {
            Some(Claim::Deleted) => "claim-deleted",
            Some(Claim::Anonymised) => "claim-anonymised",
            Some(Claim::NotStated) => "claim-not-stated",
            None => "claim-none",
        });
        add("fact-claim", words, task.finished_at);
    }
    if task.decision.is_some() && right == Right::Erasure {
        let (words, at) = saw(w, task);
        add("fact-saw", words, at);
    }
    if task.rounds > 0 {
        add("fact-rounds", w.n("rounds", task.rounds), None);
    }
    if task.strangers > 0 {
        add("fact-strangers", w.n("strangers", task.strangers), None);
    }
    if task.appeared > 0 {
        add("fact-appeared", w.n("appeared", task.appeared), None);
    }
    if task.state == TaskState::Settled {
        add("fact-ended", String::new(), task.settled_at);
    } else {
        if let Some(held) = task.held {
            add("fact-turn", turn(w, held.owner), None);
        }
        if !task.is_persons() {
            add("fact-next", String::new(), task.waits_until.or(task.next_due));
        }
        add("fact-policy", policy(w, task.policy), None);
    }
    if task.run > 1 {
        add("fact-run", task.run.to_string(), None);
    }
    all.retain(|fact| !fact.words.is_empty() || fact.at.is_some());
    all
}

fn searched(w: &Words, task: &TaskView) -> String {
    let asked = task.asked;
    let mut parts = Vec::new();
    for (n, name) in [
        (asked.spellings, "searched-spellings"),
        (asked.marked, "searched-marked"),
        (asked.set_aside, "searched-set-aside"),
        (asked.doubtful, "searched-doubtful"),
    ] {
        if n > 0 {
            parts.push(w.n(name, n));
        }
    }
    if asked.may_be_part {
        parts.push(w.t("searched-part"));
    }
    parts.join(", ")
}

/// What the looks saw, apart from what the vendor says.
fn saw(w: &Words, task: &TaskView) -> (String, Option<Time>) {
    match (task.verified_at, task.looks) {
        (Some(at), _) => {
            let words = w.t(match task.assurance {
                Some(Assurance::Control) => "saw-gone-control",
                Some(Assurance::TwoLooks) => "saw-gone-two-looks",
                None => "saw-gone",
            });
            (words, Some(at))
        }
        (None, 0) => (w.t("saw-nothing-yet"), None),
        (None, looks) => {
            let values = [("n", Value::Number(task.left.into())), ("looks", Value::Number(looks.into()))];
            (w.a("saw-left", &values), None)
        }
    }
}

pub(crate) fn verdict(w: &Words, verdict: Verdict) -> String {
    match verdict {
        Verdict::Proceed => w.t("verdict-proceed"),
        Verdict::Refuse(ground) => {
            w.a("verdict-refuse", &[("x", Value::Text(&w.t(&format!("ground-{}", ground.as_str()))))])
        }
        Verdict::LeftOut => w.t("verdict-left-out"),
        Verdict::Stated => w.t("verdict-stated"),
    }
}

pub(crate) fn policy(w: &Words, policy: Policy) -> String {
    match policy {
        Policy::Auto => w.t("policy-auto"),
        Policy::Over(most) => w.n("policy-over", most),
        Policy::Always => w.t("policy-always"),
    }
}

/// The kinds of identifiers, any one of which will do.
pub(crate) fn takes(w: &Words, asked: &[AskedKind]) -> String {
    let kinds: Vec<String> = asked.iter().map(|one| kind(w, &one.kind)).collect();
    match kinds.as_slice() {
        [first @ .., last] if !first.is_empty() => {
            w.a("or", &[("first", Value::Text(&first.join(", "))), ("last", Value::Text(last))])
        }
        kinds => kinds.concat(),
    }
}

/// A kind of identifier, by the name that people know it by.
pub(crate) fn kind(w: &Words, kind: &IdentifierKind) -> String {
    w.find(&format!("kind-{}", kind.as_str())).unwrap_or_else(|| kind.as_str().replace('_', " "))
}

fn rule(w: &Words, rule: &RuleView) -> String {
    let state = match rule.state {
        RuleState::Intent => "rule-intent",
        RuleState::Accepted => match rule.status {
            Some(RuleStatus::AwaitingApproval) => "rule-awaiting-approval",
            Some(RuleStatus::Pending) => "rule-pending",
            Some(RuleStatus::Finished) => "rule-finished",
            Some(RuleStatus::Unknown) => "rule-status-unknown",
            None => "rule-accepted",
        },
        RuleState::Finished => "rule-finished",
        RuleState::NotSent => "rule-not-sent",
        RuleState::Rejected => "rule-rejected",
        RuleState::NotTaken => "rule-not-taken",
        RuleState::Gone => "rule-gone",
        RuleState::Unknown => "rule-unknown",
        RuleState::Unreferenced => "rule-unreferenced",
        RuleState::Left => "rule-left",
        RuleState::Repeated => "rule-repeated",
    };
    let id = rule.rule_id.as_deref().unwrap_or("–");
    let number = |n: u32| Value::Number(n.into());
    let words = w.a(
        "rule",
        &[
            ("batch", number(rule.batch + 1)),
            ("id", Value::Text(id)),
            ("records", number(rule.records)),
            ("confirmed", number(rule.confirmed)),
            ("state", Value::Text(&w.t(state))),
        ],
    );
    match &rule.reason {
        Some(reason) => format!("{words} {}", sentence(&code(w, reason))),
        None => words,
    }
}

/// The words of an act's button at one data source.
pub(crate) fn act_words(w: &Words, right: Right, task: &TaskView, title: &str, may: May) -> String {
    let values = [("n", Value::Number(task.counts.found.into())), ("x", Value::Text(title))];
    match may {
        May::Proceed if task.is_to_be_confirmed() => w.t("act-confirm-nothing"),
        May::Proceed if right == Right::Access => w.a("act-copy-records", &values),
        May::Proceed => w.a("act-erase-records", &values),
        May::Identify if task.needs.missing => w.t("act-insert-identifier"),
        May::Identify => w.t("act-another-identifier"),
        May::Records => w.t("act-records"),
        May::Compare => w.t("act-compare"),
        May::Reasons => w.t("act-reasons"),
        May::Refuse => w.t("act-refuse"),
        May::LeaveOut => w.t("act-leave-out"),
        May::Run => w.t("act-run"),
        May::State => w.t("act-state"),
        May::Cancel | May::Extend | May::Reopen | May::Copy | May::Receipt | May::Identifiers => {
            String::new()
        }
    }
}

/// The acts of a card, the one that moves it on first.
fn acts<O: Outside>(
    visit: &Visit<'_, O>,
    detail: &RequestDetail,
    task: &TaskView,
    title: &str,
) -> Vec<ActLink> {
    let id = detail.request.id;
    let order = [
        May::Proceed,
        May::Identify,
        May::LeaveOut,
        May::Refuse,
        May::State,
        May::Records,
        May::Compare,
        May::Reasons,
        May::Run,
    ];
    let possible = order.into_iter().filter(|may| task.may.contains(may) && visit.may(*may));
    // A wait that a person ends, or a gap that a person fills, has one obvious next act.
    let needs_person = task.is_persons() || (task.needs.missing && task.outcome.is_some());
    possible
        .enumerate()
        .map(|(place, may)| {
            let slug = slug(may);
            ActLink {
                words: act_words(visit.words, detail.request.right, task, title, may),
                href: format!("/console/requests/{id}/{slug}?source={}", task.source),
                class: match may {
                    May::Proceed if detail.request.right == Right::Erasure && !task.is_to_be_confirmed() => {
                        "danger"
                    }
                    _ if place == 0 && needs_person => "primary",
                    _ => "",
                },
                dialog: matches!(may, May::Identify),
            }
        })
        .collect()
}

/// The act's part of a page's path.
pub(crate) fn slug(may: May) -> &'static str {
    match may {
        May::Identify => "identify",
        May::Records => "records",
        May::Compare => "compare",
        May::Reasons => "reasons",
        May::Identifiers => "identifiers",
        May::Proceed => "proceed",
        May::Refuse => "refuse",
        May::LeaveOut => "leave-out",
        May::Run => "run",
        May::State => "state",
        May::Cancel => "cancel",
        May::Extend => "extend",
        May::Reopen => "reopen",
        May::Copy => "copy",
        May::Receipt => "receipt",
    }
}

/// How a task ended, or that it did not.
pub(crate) fn outcome(w: &Words, outcome: Outcome) -> String {
    w.t(&format!("outcome-{}", outcome.as_str()))
}
