//! The events of a request.

use super::codes;
use super::owner::{level, roles};
use super::request::{end_status, extension_ground, trial};
use super::task::{search_details, verdict};
use super::ticket;
use crate::terminal::format::{count, size, utc};
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::task::Verdict;
use std::fmt::Display;

/// An event in one line: its kind, then a phrase.
pub fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Received {
            right,
            origin,
            by,
            policy,
            dry_run,
            synthetic,
            sources,
            received_at,
            due_at,
            ..
        } => format!(
            "received: {}{} from {origin}{}, policy {policy}, {}, {}{}",
            right.as_str(),
            trial(*synthetic, *dry_run),
            followed(by.as_ref()),
            count(sources.len() as u64, "data source", "data sources"),
            received_at.map_or_else(String::new, |at| format!("asked {}, ", utc(at))),
            match synthetic {
                true => "no legal date".to_owned(),
                false => format!("legal date {}", utc(*due_at)),
            },
        ),
        Fact::DeliveryConflict { channel } => format!(
            "delivery_conflict: the same delivery came again through {channel} with another body, and was refused"
        ),
        Fact::DeliveryRepeated { channel, by } => format!(
            "delivery_repeated: the same demand came again through {channel}{} after the request had closed; nothing ran for it",
            followed(by.as_ref()),
        ),
        Fact::AttemptBegun { attempt } => format!("attempt_begun: workflow attempt {attempt}"),
        Fact::AttemptEnded { attempt, source, status } => {
            let of = source.as_ref().map_or_else(String::new, |source| format!(" at {source}"));
            format!(
                "attempt_ended: workflow attempt {attempt}{of}, {} ({})",
                status.as_str(),
                end_status(*status)
            )
        }
        Fact::DeadlineExtended { months, ground, by, due_at } => format!(
            "deadline_extended: by {}, {} ({}), by {by}; legal date {}",
            count(*months, "month", "months"),
            ground.as_str(),
            extension_ground(*ground),
            utc(*due_at),
        ),
        Fact::Escalated { level: reached, who, reason } => format!(
            "escalated: {} ({}); {} must act ({})",
            reached.as_str(),
            level(*reached),
            roles(who),
            explained(reason)
        ),
        Fact::Targeted { source, target } => format!("targeted: {source} is {}", target.words()),
        Fact::TargetChanged { source } => {
            format!("target_changed: {source} now points elsewhere; it is searched and decided on again")
        }
        Fact::Found { source, records: found, asked } => {
            format!("found: {source}, {}{}", records(*found), search_details(asked))
        }
        Fact::WentBack { source, round, appeared } => {
            format!("went_back: {source}, {} not covered by the decision, round {round}", records(*appeared))
        }
        Fact::LeftOut { source, by } => format!("left_out: {source} can't be searched, by {by}"),
        Fact::IdentifiersShown { by, identifiers } => {
            format!("identifiers_shown: {} to {by}", count(*identifiers, "identifier", "identifiers"))
        }
        Fact::ReasonRead { source, by } => format!("reason_read: {source}, by {by}"),
        Fact::Doubted { source, batch, rule_id, reason } => {
            format!("doubted: {source}, batch {batch}, {rule_id} ({})", explained(reason))
        }
        Fact::StrangersListed { source, batch, strangers } => {
            format!("strangers_listed: {source}, batch {batch}, {} never submitted", records(*strangers))
        }
        Fact::Looked { source, left, appeared, assurance } => format!(
            "looked: {source}, {} still there, {appeared} new{}",
            records(*left),
            assurance.map(|one| format!(", {}", one.as_str())).unwrap_or_default()
        ),
        Fact::Decided { source, by, records: number, .. } => {
            format!("decided: {source}, {}, by {by}", records(*number))
        }
        Fact::ReviewNeeded { source, policy, records: found, digest } => match digest {
            Some(_) => format!("review_needed: {source}, {}, policy {policy}", records(*found)),
            None => format!("review_needed: {source}, nothing to act on, policy {policy}"),
        },
        Fact::Reviewed { source, by, verdict: ruled, records: number, .. } => {
            // Without records the reviewer confirmed that there are none, or left the data source out.
            let ruled = match ruled {
                Verdict::Proceed if *number == 0 => "proceed without any".to_owned(),
                ruled => verdict(*ruled),
            };
            format!("reviewed: {source}, {}: {ruled}, by {by}", records(*number))
        }
        Fact::IdentifierGiven { source, identifier, by } => {
            format!("identifier_given: {source}, {identifier}, by {by}")
        }
        Fact::RunsAgain { source, run, by } => format!("runs_again: {source}, run {run}, by {by}"),
        Fact::CalledOff { by } => format!("called_off: by {by}"),
        Fact::Reopened { by, sources } => {
            let sources: Vec<&str> = sources.iter().map(|source| source.as_str()).collect();
            format!("reopened: by {by}, for {}", sources.join(", "))
        }
        Fact::Stated { source, by, outcome: stated } => {
            format!("stated: {source}, {} according to {by}", stated.as_str())
        }
        Fact::RecordsShown { source, by, records: number, with_fields } => {
            let with = if *with_fields { " with their fields" } else { "" };
            format!("records_shown: {source}, {}{with}, to {by}", records(*number))
        }
        Fact::Copied { source, records: number, gone } => {
            format!("copied: {source}, {}, {gone} were gone", records(*number))
        }
        Fact::CopyLost { source, reason } => {
            format!("copy_lost: the part from {source} can't be packed ({reason}); it is copied again")
        }
        Fact::CopyKept { sha256, bytes, records: number, expires_at } => format!(
            "copy_kept: {}, {}, until {}, SHA-256 {sha256}",
            records(*number),
            size(*bytes),
            utc(*expires_at)
        ),
        Fact::CopyLinked { by, until } => format!("copy_linked: a link for {by}, until {}", utc(*until)),
        Fact::Intended { source, batch, records: number, repeats, .. } => {
            let left = repeats.map_or_else(String::new, |batch| format!(" that were left of batch {batch}"));
            format!("intended: {source}, batch {batch} with {}{left} is about to be sent", records(*number))
        }
        Fact::Accepted { source, batch, rule_id } => {
            format!("accepted: {source}, batch {batch}, rule {rule_id}")
        }
        Fact::NotSent { source, batch, reason } => {
            format!("not_sent: {source}, batch {batch} ({})", explained(reason))
        }
        Fact::Rejected { source, batch, reason } => {
            format!("rejected: {source}, batch {batch} ({})", explained(reason))
        }
        Fact::BecameUnknown { source, batch, reason } => {
            let batch = batch.map_or_else(String::new, |batch| format!(", batch {batch}"));
            format!("became_unknown: {source}{batch} ({})", explained(reason))
        }
        Fact::Resolved { source, batch, gone, left } => format!(
            "resolved: {source}, batch {batch}: a look still found {left} of its records; {gone} are gone"
        ),
        Fact::HandedOver { source, reason } => format!("handed_over: {source} ({})", explained(reason)),
        Fact::SearchesAgain { source } => {
            format!("searches_again: {source}, another request about the person has ended there")
        }
        Fact::Finished { source, batches, confirmed } => format!(
            "finished: {source}, {}, the vendor lists {}",
            count(batches.len() as u64, "batch", "batches"),
            records(*confirmed)
        ),
        Fact::StillThere { source, look, left, appeared } => format!(
            "still_there: {source}, look {look} found {left} of the submitted records and {appeared} new"
        ),
        Fact::Settled { source, outcome, reason, appeared } => {
            let reason = reason.as_ref().map_or_else(String::new, |code| format!(" ({})", explained(code)));
            let appeared = match appeared {
                0 => String::new(),
                number => format!(", {} appeared since", records(*number)),
            };
            format!("settled: {source}, {}{reason}{appeared}", outcome.as_str())
        }
        Fact::Closed { outcome } => format!("closed: {}", outcome.as_str()),
        Fact::ReceiptKept { sha256 } => format!("receipt_kept: SHA-256 {sha256}"),
        Fact::ReceiptDiffers { kept, made } => format!(
            "receipt_differs: an earlier receipt is kept and stays valid, SHA-256 {kept}; the one made now: {made}"
        ),
        Fact::AnswerClaimed { attempt } => {
            format!("answer_claimed: call {attempt} is about to put the answer on the ticket")
        }
        Fact::AnswerSent { attempt } => format!("answer_sent: the answer is on the ticket (call {attempt})"),
        Fact::AnswerNotSent { attempt, reason } => {
            format!("answer_not_sent: call {attempt} had no effect ({})", ticket::reason(reason))
        }
        Fact::AnswerInDoubt { attempt, reason } => {
            format!("answer_in_doubt: the effect of call {attempt} is not known ({})", ticket::reason(reason))
        }
        Fact::AnswerUndeliverable { reason } => {
            format!("answer_undeliverable: nothing more is tried ({})", ticket::reason(reason))
        }
        Fact::Forgotten => "forgotten: the person's data key is deleted".to_owned(),
    }
}

fn records(number: u32) -> String {
    count(number, "record", "records")
}

/// A code, and its meaning.
fn explained(code: &str) -> String {
    format!("{code}: {}", codes::what(code))
}

/// A value after a space, or nothing.
fn followed(value: Option<impl Display>) -> String {
    value.map_or_else(String::new, |value| format!(" {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::actor::Actor;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::law::ground::RefusalGround;
    use rightful_domain::law::level::Level;
    use rightful_domain::law::right::Right;
    use rightful_domain::model::escalation::Role;
    use rightful_domain::model::policy::Policy;
    use rightful_domain::model::request::EndStatus;
    use rightful_domain::model::task::Outcome;

    #[test]
    fn what_a_person_did_is_told_with_their_name() {
        let by = Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let source = SourceId::parse("main").unwrap();
        let reviewed = Fact::Reviewed {
            source: source.clone(),
            by: by.clone(),
            verdict: Verdict::Refuse(RefusalGround::LegalClaims),
            records: 2,
            digest: None,
        };
        assert_eq!(
            fact(&reviewed),
            "reviewed: main, 2 records: refuse, art_17_3_e (legal claims), by arn:aws:iam::111122223333:user/ann"
        );
        let stated = Fact::Stated { source, by, outcome: Outcome::ReportedErased };
        assert_eq!(
            fact(&stated),
            "stated: main, reported_erased according to arn:aws:iam::111122223333:user/ann"
        );
    }

    #[test]
    fn a_synthetic_request_is_told_as_one_from_its_first_event_on() {
        let received = |synthetic, dry_run| {
            fact(&Fact::Received {
                right: Right::Erasure,
                origin: if synthetic { "synthetic" } else { "desk" }.to_owned(),
                by: None,
                policy: Policy::Auto,
                dry_run,
                synthetic,
                identifier_kinds: vec![IdentifierKind::email()],
                sources: vec![SourceId::parse("main").unwrap()],
                not_asked: vec![],
                received_at: None,
                due_at: fixtures::at("09:30:00"),
            })
        };
        assert_eq!(
            received(true, true),
            "received: erasure (synthetic, dry run) from synthetic, policy auto, 1 data source, no legal date"
        );
        assert_eq!(
            received(false, true),
            "received: erasure (dry run) from desk, policy auto, 1 data source, legal date 2026-11-21 09:30:00 UTC"
        );
        assert!(received(false, false).starts_with("received: erasure from desk, "));
    }

    #[test]
    fn an_event_reads_as_its_kind_and_a_sentence() {
        assert_eq!(fact(&Fact::AttemptBegun { attempt: 2 }), "attempt_begun: workflow attempt 2");
        let ended = Fact::AttemptEnded { attempt: 2, source: None, status: EndStatus::TimedOut };
        assert_eq!(fact(&ended), "attempt_ended: workflow attempt 2, timed_out (it ran longer than it may)");
        let escalated = Fact::Escalated {
            level: Level::AtRisk,
            who: vec![Role::PrivacyOfficer],
            reason: "vendor_at_work".to_owned(),
        };
        assert_eq!(
            fact(&escalated),
            "escalated: at_risk (the legal date is seven days away or less); privacy_officer must act \
             (vendor_at_work: the vendor works on it and has not finished)"
        );
    }
}
