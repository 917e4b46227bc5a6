//! An event of a request in words, with who did it.

use crate::site::shell::sentence;
use crate::site::show::names::Names;
use crate::site::show::request::code;
use crate::site::show::task::{kind, outcome, policy, verdict};
use crate::site::words::{Value, Words};
use rightful_domain::base::time::Time;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::escalation::Role;
use rightful_domain::model::task::Verdict;
use rightful_domain::view::events::EventView;

/// An event, in a timeline.
pub(crate) struct Moment {
    pub seq: u64,
    pub at: Time,
    pub words: String,
    /// Who did it; nobody for an automatic step.
    pub who: Option<Who>,
}

/// Who did something.
pub(crate) struct Who {
    pub name: String,
    /// The actor as the event records it.
    pub actor: String,
}

impl Moment {
    pub fn of(w: &Words, names: &Names, event: &EventView) -> Self {
        let who = actor(&event.fact);
        Self {
            seq: event.seq,
            at: event.at,
            words: words(w, &event.fact),
            who: who.map(|actor| Who { name: names.actor(actor), actor: actor.to_owned() }),
        }
    }
}

/// The actor whom an event names.
pub(crate) fn actor(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::Received { by, .. } | Fact::DeliveryRepeated { by, .. } => by.as_ref().map(|by| by.as_str()),
        Fact::DeadlineExtended { by, .. } | Fact::Decided { by, .. } => Some(by),
        Fact::LeftOut { by, .. }
        | Fact::ReasonRead { by, .. }
        | Fact::IdentifiersShown { by, .. }
        | Fact::Reviewed { by, .. }
        | Fact::IdentifierGiven { by, .. }
        | Fact::RunsAgain { by, .. }
        | Fact::CalledOff { by }
        | Fact::Reopened { by, .. }
        | Fact::Stated { by, .. }
        | Fact::RecordsShown { by, .. }
        | Fact::CopyLinked { by, .. } => Some(by.as_str()),
        _ => None,
    }
}

fn words(w: &Words, fact: &Fact) -> String {
    let number = |n: u32| Value::Number(n.into());
    let at = |name: &str, source: &str| w.a(name, &[("source", Value::Text(source))]);
    let count =
        |name: &str, source: &str, n: u32| w.a(name, &[("source", Value::Text(source)), ("n", number(n))]);
    let why = |name: &str, source: &str, reason: &str| {
        let reason = code(w, reason);
        w.a(name, &[("source", Value::Text(source)), ("reason", Value::Text(&reason))])
    };
    let batch = |name: &str, source: &str, batch: u32, reason: &str| {
        let reason = code(w, reason);
        w.a(
            name,
            &[
                ("source", Value::Text(source)),
                ("batch", number(batch + 1)),
                ("reason", Value::Text(&reason)),
            ],
        )
    };
    match fact {
        Fact::Received { right, origin, sources, dry_run, synthetic, .. } => {
            let name = match (*synthetic, *dry_run) {
                (true, _) => "event-received-synthetic",
                (false, true) => "event-received-dry-run",
                (false, false) => "event-received",
            };
            let right = crate::site::show::request::right(w, *right);
            let n = u64::try_from(sources.len()).unwrap_or(u64::MAX);
            w.a(
                name,
                &[("right", Value::Text(&right)), ("origin", Value::Text(origin)), ("n", Value::Number(n))],
            )
        }
        Fact::DeliveryConflict { channel } => at("event-delivery-conflict", channel),
        Fact::DeliveryRepeated { channel, .. } => at("event-delivery-repeated", channel),
        Fact::AttemptBegun { attempt } => w.n("event-attempt-begun", *attempt),
        Fact::AttemptEnded { attempt, source: None, status } => {
            let how = w.t(&format!("end-{}", status.as_str()));
            w.a("event-attempt-ended", &[("n", number(*attempt)), ("how", Value::Text(&how))])
        }
        Fact::AttemptEnded { source: Some(source), status, .. } => {
            let how = w.t(&format!("end-{}", status.as_str()));
            w.a(
                "event-attempt-ended-at",
                &[("source", Value::Text(source.as_str())), ("how", Value::Text(&how))],
            )
        }
        Fact::DeadlineExtended { months, ground, .. } => {
            let ground = w.t(&format!("extension-{}", ground.as_str()));
            w.a(
                "event-deadline-extended",
                &[("n", number((*months).into())), ("ground", Value::Text(&ground))],
            )
        }
        Fact::Escalated { level, who, reason } => {
            let level = w.t(&format!("level-{}", level.as_str()));
            let who: Vec<String> = who.iter().map(|role| duty(w, *role)).collect();
            let reason = code(w, reason);
            w.a(
                "event-escalated",
                &[
                    ("level", Value::Text(&level)),
                    ("who", Value::Text(&who.join(", "))),
                    ("reason", Value::Text(&reason)),
                ],
            )
        }
        Fact::Targeted { source, target } => w.a(
            "event-targeted",
            &[("source", Value::Text(source.as_str())), ("target", Value::Text(&target.words()))],
        ),
        Fact::TargetChanged { source } => at("event-target-changed", source.as_str()),
        Fact::Found { source, records, .. } => count("event-found", source.as_str(), *records),
        Fact::WentBack { source, appeared, .. } => count("event-went-back", source.as_str(), *appeared),
        Fact::LeftOut { source, .. } => at("event-left-out", source.as_str()),
        Fact::IdentifiersShown { identifiers, .. } => w.n("event-identifiers-shown", *identifiers),
        Fact::ReasonRead { source, .. } => at("event-reason-read", source.as_str()),
        Fact::Decided { source, records, .. } => count("event-decided", source.as_str(), *records),
        Fact::ReviewNeeded { source, policy: rule, records, digest } => {
            let rule = policy(w, *rule);
            let name =
                if digest.is_some() { "event-review-needed" } else { "event-review-needed-for-nothing" };
            let values = [
                ("source", Value::Text(source.as_str())),
                ("n", number(*records)),
                ("policy", Value::Text(&rule)),
            ];
            if digest.is_some() { w.a(name, &values) } else { w.a(name, &values[..1]) }
        }
        Fact::Reviewed { source, verdict: ruled, records, .. } => match ruled {
            Verdict::Proceed if *records == 0 => at("event-reviewed-nothing", source.as_str()),
            ruled => {
                let ruled = verdict(w, *ruled);
                w.a(
                    "event-reviewed",
                    &[
                        ("source", Value::Text(source.as_str())),
                        ("n", number(*records)),
                        ("verdict", Value::Text(&ruled)),
                    ],
                )
            }
        },
        Fact::IdentifierGiven { source, identifier, .. } => {
            let kind = kind(w, identifier);
            w.a(
                "event-identifier-given",
                &[("source", Value::Text(source.as_str())), ("kind", Value::Text(&kind))],
            )
        }
        Fact::RunsAgain { source, run, .. } => count("event-runs-again", source.as_str(), *run),
        Fact::CalledOff { .. } => w.t("event-called-off"),
        Fact::Reopened { sources, .. } => {
            let sources: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
            at("event-reopened", &sources.join(", "))
        }
        Fact::Stated { source, outcome: stated, .. } => {
            let stated = outcome(w, *stated);
            w.a(
                "event-stated",
                &[("source", Value::Text(source.as_str())), ("outcome", Value::Text(&stated))],
            )
        }
        Fact::RecordsShown { source, records, with_fields, .. } => {
            let name = if *with_fields { "event-records-compared" } else { "event-records-shown" };
            count(name, source.as_str(), *records)
        }
        Fact::Copied { source, records, .. } => count("event-copied", source.as_str(), *records),
        Fact::CopyLost { source, reason } => why("event-copy-lost", source.as_str(), reason),
        Fact::CopyKept { records, .. } => w.n("event-copy-kept", *records),
        Fact::CopyLinked { .. } => w.t("event-copy-linked"),
        Fact::Intended { source, batch, records, .. } => w.a(
            "event-intended",
            &[
                ("source", Value::Text(source.as_str())),
                ("batch", number(batch + 1)),
                ("n", number(*records)),
            ],
        ),
        Fact::Accepted { source, batch, rule_id } => w.a(
            "event-accepted",
            &[
                ("source", Value::Text(source.as_str())),
                ("batch", number(batch + 1)),
                ("rule", Value::Text(rule_id)),
            ],
        ),
        Fact::Doubted { source, batch: of, reason, .. } => {
            batch("event-doubted", source.as_str(), *of, reason)
        }
        Fact::StrangersListed { source, strangers, .. } => {
            count("event-strangers", source.as_str(), *strangers)
        }
        Fact::NotSent { source, batch: of, reason } => batch("event-not-sent", source.as_str(), *of, reason),
        Fact::Rejected { source, batch: of, reason } => batch("event-rejected", source.as_str(), *of, reason),
        Fact::BecameUnknown { source, reason, .. } => why("event-became-unknown", source.as_str(), reason),
        Fact::Resolved { source, gone, left, .. } => w.a(
            "event-resolved",
            &[("source", Value::Text(source.as_str())), ("gone", number(*gone)), ("left", number(*left))],
        ),
        Fact::HandedOver { source, reason } => why("event-handed-over", source.as_str(), reason),
        Fact::SearchesAgain { source } => at("event-searches-again", source.as_str()),
        Fact::Finished { source, confirmed, .. } => count("event-finished", source.as_str(), *confirmed),
        Fact::Looked { source, left, appeared, .. } => w.a(
            "event-looked",
            &[
                ("source", Value::Text(source.as_str())),
                ("left", number(*left)),
                ("appeared", number(*appeared)),
            ],
        ),
        Fact::StillThere { source, left, .. } => count("event-still-there", source.as_str(), *left),
        Fact::Settled { source, outcome: ended, reason, .. } => {
            let ended = outcome(w, *ended);
            let words = w.a(
                "event-settled",
                &[("source", Value::Text(source.as_str())), ("outcome", Value::Text(&ended))],
            );
            match reason {
                Some(reason) => format!("{words} {}", sentence(&code(w, reason))),
                None => words,
            }
        }
        Fact::Closed { outcome } => {
            let ended = w.t(&format!("request-outcome-{}", outcome.as_str()));
            w.a("event-closed", &[("x", Value::Text(&ended))])
        }
        Fact::ReceiptKept { .. } => w.t("event-receipt-kept"),
        Fact::ReceiptDiffers { .. } => w.t("event-receipt-differs"),
        Fact::Forgotten => w.t("event-forgotten"),
        Fact::AnswerClaimed { .. } => w.t("event-answer-claimed"),
        Fact::AnswerSent { .. } => w.t("event-answer-sent"),
        Fact::AnswerNotSent { reason, .. } => why("event-answer-not-sent", "", reason),
        Fact::AnswerInDoubt { reason, .. } => why("event-answer-in-doubt", "", reason),
        Fact::AnswerUndeliverable { reason } => why("event-answer-undeliverable", "", reason),
    }
}

fn duty(w: &Words, role: Role) -> String {
    w.t(&format!("duty-{}", role.as_str()))
}
