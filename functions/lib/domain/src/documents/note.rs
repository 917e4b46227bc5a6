//! The answer to the ticket that a request came from: its text.
//!
//! The answer is a note for the people who work on the ticket, never the letter to the data subject: a person
//! writes that. It holds no personal data and claims no more than is known.

use crate::base::code::Code;
use crate::base::identifier::IdentifierKind;
use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::documents::receipt::Issuer;
use crate::model::request::{Request, RequestOutcome};
use crate::model::task::{Assurance, Outcome, Task};
use crate::vendor::report::Claim;
use std::fmt::Write as _;

/// An answer in the form in which it goes on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Plain text; its last line is the marker.
    pub text: String,
    /// The text that distinguishes this answer from everything else on the ticket.
    pub marker: String,
    /// Whether the answer solves the ticket. Otherwise a person must continue.
    pub solves: bool,
}

/// The text that distinguishes the answer to a request's closing from everything else on a ticket. Each closing
/// has its own.
#[must_use]
pub fn marker(request: RequestId, reopened: u32) -> String {
    match reopened {
        0 => format!("rightful-receipt:{request}"),
        again => format!("rightful-receipt:{request}.{again}"),
    }
}

/// Composes the answer from the stored rows of a closed request; the same rows give the same text. `None` while
/// the request is open or its receipt isn't stored.
#[must_use]
pub fn compose(request: &Request, tasks: &[Task], issuer: &Issuer) -> Option<Note> {
    let (outcome, closed_at) = (request.outcome?, request.closed_at?);
    let sha256 = request.receipt_sha256.as_ref()?;
    let marker = marker(request.id, request.reopened);
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line(format!("Rightful has closed this {} request: {}", request.right.as_str(), of_request(outcome)));
    if request.dry_run {
        line(
            "DRY RUN: nothing was to be erased or copied; each data source below says what was done."
                .to_owned(),
        );
    }
    if issuer.sandbox {
        line(
            "SANDBOX: this deployment may use a vendor on its own machine, so this proves nothing."
                .to_owned(),
        );
    }
    line(String::new());
    let zone = &request.legal_zone;
    line(format!(
        "Received {}; the law wants an answer by {}.",
        zone.minute(request.received_at),
        zone.day(request.due_at)
    ));
    if let Some(arrived_at) = request.arrived_at {
        line(format!("It came to Rightful {}; the law counts from the receipt.", minute(arrived_at)));
    }
    line(format!("Closed {}.", minute(closed_at)));
    line(format!("The request names: {}.", kinds(&request.identifier_kinds)));
    line(String::new());
    line("Data sources:".to_owned());
    for task in tasks {
        line(format!("- {} ({}): {}", task.source, task.connector, of_task(task)));
    }
    for source in &request.not_asked {
        line(format!("- {source}: not asked. It was disabled, or the request named other data sources."));
    }
    line(String::new());
    line(next_step(outcome, request.dry_run).to_owned());
    line(String::new());
    line(format!("Receipt {}, SHA-256 {sha256}, stage {}.", request.id, issuer.stage));
    text.push_str(&marker);
    let solves =
        matches!(outcome, RequestOutcome::Fulfilled | RequestOutcome::NothingFound) && !request.dry_run;
    Some(Note { text, marker, solves })
}

fn of_request(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Fulfilled => "fulfilled. Everything found was acted on.",
        RequestOutcome::PartlyFulfilled => {
            "partly_fulfilled. Some of what was found was acted on, some was not."
        }
        RequestOutcome::NothingFound => {
            "nothing_found. The searches by the identifiers given found no record of this person."
        }
        RequestOutcome::Refused => "refused.",
        RequestOutcome::Failed => "failed. It could not be done, or only in part.",
        RequestOutcome::DryRun => "dry_run. Nothing was erased or copied.",
        RequestOutcome::Cancelled => "cancelled. Nothing had been submitted.",
    }
}

fn next_step(outcome: RequestOutcome, dry_run: bool) -> &'static str {
    match outcome {
        _ if dry_run => "To do: nothing has been done for the data subject yet; make the real request.",
        RequestOutcome::Fulfilled | RequestOutcome::NothingFound => {
            "To do: write to the data subject. This note is internal and was not sent to them."
        }
        _ => {
            "To do: look at each data source above, finish by hand or make another request, then write to \
             the data subject. This note is internal and was not sent to them."
        }
    }
}

fn of_task(task: &Task) -> String {
    let counts = task.all_counts();
    let mut text = match task.outcome {
        Some(Outcome::VerifiedErased) => format!(
            "verified_erased. {} submitted; {}, and a later search by every identifier found no record of the \
             person{}{}.",
            records(counts.submitted),
            if task.reason.as_deref() == Some(Code::ReferenceMissing.as_str()) {
                "the vendor did not answer all of it, so that its own reference is missing".to_owned()
            } else {
                format!("the vendor says it is done{}", claim(task.claim))
            },
            match task.assurance {
                Some(Assurance::Control) => "; in the same minutes the search found the control's record",
                Some(Assurance::TwoLooks) => ", twice in a row",
                None => "",
            },
            task.verified_at.map_or_else(String::new, |at| format!(" ({})", minute(at))),
        ),
        Some(Outcome::ReportedErased) if task.reason.as_deref() == Some(Code::StatedByAPerson.as_str()) => {
            format!(
                "reported_erased. {} submitted; a person states that the data is erased, and no look confirmed it.",
                records(counts.submitted)
            )
        }
        Some(Outcome::ReportedErased) => format!(
            "reported_erased. {} submitted; the vendor says it is done{}. It can't be searched, so this is \
             its word alone.",
            records(counts.submitted),
            claim(task.claim),
        ),
        Some(Outcome::Copied) => format!("copied. {} copied.", records(counts.submitted)),
        Some(Outcome::NothingFound) if task.reason.as_deref() == Some(Code::RecordsGone.as_str()) => format!(
            "nothing_found. {} found before; none was left when they were to be acted on.",
            records(counts.found)
        ),
        Some(Outcome::NothingFound) => {
            "nothing_found. The search by the identifiers given found no record of the person.".to_owned()
        }
        Some(Outcome::MissingIdentifier) => {
            "missing_identifier. It was not searched: it needs an identifier that the request does not have."
                .to_owned()
        }
        Some(Outcome::Refused) => {
            format!("refused. {} found, {} submitted.", records(counts.found), counts.submitted)
        }
        Some(Outcome::StillPresent) => format!(
            "still_present. The vendor says it is done{}, yet the last search still found {} of {}.",
            claim(task.claim),
            task.left,
            records(counts.submitted),
        ),
        Some(Outcome::Failed) if task.reason.as_deref() == Some(Code::LeftOutByAPerson.as_str()) => {
            "failed. A person left it out, because it could not be searched.".to_owned()
        }
        Some(Outcome::Failed) => format!(
            "failed. {} found, {} submitted, {} confirmed by the vendor.",
            records(counts.found),
            counts.submitted,
            counts.confirmed
        ),
        Some(Outcome::DryRun) if task.looked.is_some() => format!(
            "dry_run. {} found; a look afterwards found {} of them still there.",
            records(counts.found),
            task.left
        ),
        Some(Outcome::DryRun) => match counts.submitted {
            0 => format!("dry_run. {} found; nothing was sent.", records(counts.found)),
            sent => format!(
                "dry_run. {} found, {sent} submitted as a dry run; it can't be searched, so no look followed.",
                records(counts.found)
            ),
        },
        Some(Outcome::Cancelled) => {
            format!("cancelled. {} found, nothing submitted.", records(counts.found))
        }
        None => task.state.as_str().to_owned(),
    };
    if let Some(reason) = &task.reason {
        let _ = write!(text, " Reason: {reason}.");
    }
    if let Some(target) = &task.target {
        let _ = write!(text, " Asked at {}", target.words());
        let spellings = task.looked.unwrap_or(task.asked).spellings;
        let _ = match spellings {
            0 | 1 => write!(text, "."),
            more => write!(text, ", in {more} spellings."),
        };
    }
    if !task.inserted.is_empty() {
        let _ = write!(text, " Given for it since: {}.", kinds(&task.inserted));
    }
    if let Some(earlier) = &task.earlier {
        let _ = write!(
            text,
            " {} further round(s), for records that a look found beyond the decision.",
            earlier.rounds
        );
    }
    let aside = task.looked.unwrap_or(task.asked);
    if aside.may_be_part {
        text.push_str(" The vendor does not say whether its answers are whole.");
    }
    if aside.set_aside > 0 {
        let _ = write!(text, " {} that the vendor returned were set aside", records(aside.set_aside));
        let _ = match aside.doubtful {
            0 => write!(text, ": they show another value."),
            some => write!(text, ", {some} of them may be the person's."),
        };
    }
    if task.strangers > 0 {
        let _ = write!(
            text,
            " The vendor's finished rule lists {} that were never submitted: somebody else's records may be affected.",
            records(task.strangers)
        );
    }
    if task.appeared > 0 {
        let _ =
            write!(text, " {} appeared since that no decision covers; not erased.", records(task.appeared));
    }
    text
}

fn kinds(kinds: &[IdentifierKind]) -> String {
    kinds.iter().map(IdentifierKind::as_str).collect::<Vec<_>>().join(", ")
}

fn claim(claim: Option<Claim>) -> &'static str {
    match claim {
        Some(Claim::Deleted) => " (deleted)",
        Some(Claim::Anonymised) => " (anonymised)",
        Some(Claim::NotStated) | None => "",
    }
}

fn records(number: u32) -> String {
    format!("{number} {}", if number == 1 { "record" } else { "records" })
}

/// The minute in UTC, such as `2026-11-21 09:30 UTC`.
fn minute(time: Time) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::identifier::IdentifierKind;
    use crate::base::ids::{Reference, SourceId};
    use crate::law::deadline::LegalZone;
    use crate::law::right::Right;
    use crate::model::answer::TicketAnswer;
    use crate::model::policy::Policy;
    use crate::model::request::RequestState;
    use crate::model::task::{Asked, Counts, Rounds, TaskState};
    use crate::vendor::fault::Fault;
    use crate::vendor::target::Target;

    fn at(text: &str) -> Time {
        Time::parse(&format!("2026-11-21T{text}Z")).unwrap()
    }

    fn id() -> RequestId {
        RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap()
    }

    fn closed(outcome: RequestOutcome) -> Request {
        Request {
            schema: Request::SCHEMA,
            id: id(),
            right: Right::Erasure,
            state: RequestState::Closed,
            revision: 4,
            policy: Policy::Auto,
            dry_run: false,
            synthetic: false,
            reference: Some(Reference::parse("ZD-35436").unwrap()),
            origin: "zendesk".to_owned(),
            sources: Vec::new(),
            identifier_kinds: vec![IdentifierKind::email()],
            not_asked: vec![],
            identifiers: None,
            subject: None,
            received_at: at("09:30:00"),
            arrived_at: None,
            legal_zone: LegalZone::default(),
            due_at: LegalZone::default().months_after(at("09:30:00"), 1),
            attempt: 1,
            next_due: None,
            outcome: Some(outcome),
            closed_at: Some(at("09:31:00")),
            receipt_sha256: Some("ab".repeat(32)),
            forget_at: None,
            forgotten_at: None,
            answer: Some(TicketAnswer::due(at("09:31:00"))),
            extension: None,
            escalation: None,
            ended: Vec::new(),
            reopened: 0,
            copy: None,
            repeats: None,
        }
    }

    fn task(source: &str, outcome: Outcome, submitted: u32) -> Task {
        let source = SourceId::parse(source).unwrap();
        let mut task = Task::planned(id(), source, "qualifio".to_owned(), at("09:30:00"));
        task.state = TaskState::Settled;
        task.outcome = Some(outcome);
        task.settled_at = Some(at("09:31:00"));
        task.counts = Counts { found: submitted, submitted, confirmed: submitted };
        task
    }

    fn issuer(sandbox: bool) -> Issuer {
        Issuer { stage: "prod".to_owned(), sandbox }
    }

    fn text(request: &Request, tasks: &[Task], sandbox: bool) -> (String, bool) {
        let answer = compose(request, tasks, &issuer(sandbox)).unwrap();
        assert_eq!(answer.text.lines().last(), Some(answer.marker.as_str()));
        (answer.text, answer.solves)
    }

    #[test]
    fn what_was_verified_is_told_as_a_claim_and_a_look() {
        let mut one = task("qualifio-main", Outcome::VerifiedErased, 3);
        one.claim = Some(Claim::Anonymised);
        one.verified_at = Some(at("09:30:50"));
        one.assurance = Some(Assurance::Control);
        one.asked.spellings = 3;
        one.earlier = Some(Rounds {
            rounds: 1,
            counts: Counts { found: 1, submitted: 1, confirmed: 1 },
            ..Rounds::default()
        });
        one.looked = Some(Asked { spellings: 3, set_aside: 2, doubtful: 1, ..Asked::default() });
        one.target = Some(Target {
            connector: "qualifio".to_owned(),
            version: 1,
            params: [("client_id".to_owned(), "2449".to_owned())].into(),
        });
        let request = Request {
            not_asked: vec![SourceId::parse("old-crm").unwrap()],
            ..closed(RequestOutcome::Fulfilled)
        };
        let (text, solves) = text(&request, &[one], false);
        assert!(solves);
        insta::assert_snapshot!(text, @r"
        Rightful has closed this erasure request: fulfilled. Everything found was acted on.

        Received 2026-11-21 09:30 UTC; the law wants an answer by 2026-12-21.
        Closed 2026-11-21 09:31 UTC.
        The request names: email.

        Data sources:
        - qualifio-main (qualifio): verified_erased. 4 records submitted; the vendor says it is done (anonymised), and a later search by every identifier found no record of the person; in the same minutes the search found the control's record (2026-11-21 09:30 UTC). Asked at qualifio: client_id 2449, in 3 spellings. 1 further round(s), for records that a look found beyond the decision. 2 records that the vendor returned were set aside, 1 of them may be the person's.
        - old-crm: not asked. It was disabled, or the request named other data sources.

        To do: write to the data subject. This note is internal and was not sent to them.

        Receipt 019aa6e0-5c1f-7000-8000-000000000001, SHA-256 abababababababababababababababababababababababababababababababab, stage prod.
        rightful-receipt:019aa6e0-5c1f-7000-8000-000000000001
        ");
    }

    #[test]
    fn what_was_seen_without_the_vendors_answer_claims_nothing_of_the_vendor() {
        let mut one = task("qualifio-main", Outcome::VerifiedErased, 3);
        one.reason = Some(Code::ReferenceMissing.to_string());
        one.claim = Some(Claim::NotStated);
        let (text, _) = text(&closed(RequestOutcome::Fulfilled), &[one], false);
        assert!(text.contains("did not answer all of it") && text.contains("found no record"), "{text}");
        assert!(!text.contains("the vendor says it is done"), "{text}");
    }

    #[test]
    fn what_a_person_said_and_what_was_gone_is_told_as_that() {
        let told = |outcome, submitted, reason: &str| {
            let mut one = task("shop", outcome, submitted);
            one.reason = Some(reason.to_owned());
            text(&closed(RequestOutcome::Fulfilled), &[one], false).0
        };
        let stated = told(Outcome::ReportedErased, 0, Code::StatedByAPerson.as_str());
        assert!(stated.contains("a person states") && !stated.contains("the vendor says"), "{stated}");
        let mut gone = task("shop", Outcome::NothingFound, 0);
        (gone.counts.found, gone.reason) = (3, Some(Code::RecordsGone.to_string()));
        let (gone, _) = text(&closed(RequestOutcome::NothingFound), &[gone], false);
        assert!(gone.contains("3 records found before; none was left"), "{gone}");
        assert!(told(Outcome::Failed, 0, Code::LeftOutByAPerson.as_str()).contains("A person left it out"));
    }

    #[test]
    fn each_data_source_is_told_for_itself_and_a_person_goes_on() {
        let mut still = task("shop", Outcome::StillPresent, 2);
        still.left = 1;
        still.appeared = 1;
        let mut refused = task("crm", Outcome::Refused, 0);
        refused.reason = Some("vendor_forbidden".to_owned());
        let tasks = [
            refused,
            task("mail", Outcome::ReportedErased, 1),
            task("news", Outcome::NothingFound, 0),
            task("pos", Outcome::MissingIdentifier, 0),
            still,
            task("web", Outcome::Failed, 1),
        ];
        let (text, solves) = text(&closed(RequestOutcome::PartlyFulfilled), &tasks, false);
        assert!(!solves);
        insta::assert_snapshot!(text, @r"
        Rightful has closed this erasure request: partly_fulfilled. Some of what was found was acted on, some was not.

        Received 2026-11-21 09:30 UTC; the law wants an answer by 2026-12-21.
        Closed 2026-11-21 09:31 UTC.
        The request names: email.

        Data sources:
        - crm (qualifio): refused. 0 records found, 0 submitted. Reason: vendor_forbidden.
        - mail (qualifio): reported_erased. 1 record submitted; the vendor says it is done. It can't be searched, so this is its word alone.
        - news (qualifio): nothing_found. The search by the identifiers given found no record of the person.
        - pos (qualifio): missing_identifier. It was not searched: it needs an identifier that the request does not have.
        - shop (qualifio): still_present. The vendor says it is done, yet the last search still found 1 of 2 records. 1 record appeared since that no decision covers; not erased.
        - web (qualifio): failed. 1 record found, 1 submitted, 1 confirmed by the vendor.

        To do: look at each data source above, finish by hand or make another request, then write to the data subject. This note is internal and was not sent to them.

        Receipt 019aa6e0-5c1f-7000-8000-000000000001, SHA-256 abababababababababababababababababababababababababababababababab, stage prod.
        rightful-receipt:019aa6e0-5c1f-7000-8000-000000000001
        ");
    }

    #[test]
    fn a_dry_run_in_a_sandbox_says_both_and_solves_nothing() {
        let request = Request { dry_run: true, ..closed(RequestOutcome::DryRun) };
        let (text, solves) = text(&request, &[task("qualifio-main", Outcome::DryRun, 3)], true);
        assert!(!solves);
        insta::assert_snapshot!(text, @"
        Rightful has closed this erasure request: dry_run. Nothing was erased or copied.
        DRY RUN: nothing was to be erased or copied; each data source below says what was done.
        SANDBOX: this deployment may use a vendor on its own machine, so this proves nothing.

        Received 2026-11-21 09:30 UTC; the law wants an answer by 2026-12-21.
        Closed 2026-11-21 09:31 UTC.
        The request names: email.

        Data sources:
        - qualifio-main (qualifio): dry_run. 3 records found, 3 submitted as a dry run; it can't be searched, so no look followed.

        To do: nothing has been done for the data subject yet; make the real request.

        Receipt 019aa6e0-5c1f-7000-8000-000000000001, SHA-256 abababababababababababababababababababababababababababababababab, stage prod.
        rightful-receipt:019aa6e0-5c1f-7000-8000-000000000001
        ");
    }

    #[test]
    fn only_a_real_request_that_is_fulfilled_or_found_nothing_solves_its_ticket() {
        use RequestOutcome as R;
        for outcome in [R::Fulfilled, R::PartlyFulfilled, R::NothingFound, R::Refused, R::Failed, R::DryRun] {
            let request = closed(outcome);
            let solves = compose(&request, &[], &issuer(false)).unwrap().solves;
            assert_eq!(solves, matches!(outcome, R::Fulfilled | R::NothingFound), "{outcome:?}");
            let dry = Request { dry_run: true, ..request };
            assert!(!compose(&dry, &[], &issuer(false)).unwrap().solves, "{outcome:?}");
        }
    }

    #[test]
    fn nothing_is_composed_before_the_receipt_is_kept() {
        let request = Request { receipt_sha256: None, ..closed(RequestOutcome::Fulfilled) };
        assert_eq!(compose(&request, &[], &issuer(false)), None);
    }

    #[test]
    fn waits_grow_from_seconds_to_hours_and_keep_to_what_is_asked() {
        let now = at("10:00:00");
        let fault = Fault::Unavailable(Code::VendorUnreachable);
        let mut answer = TicketAnswer::due(now);
        let mut waits = Vec::new();
        for _ in 0..15 {
            answer = answer.claimed(now).put_off(&fault, now);
            waits.push(now.seconds_until(answer.next_try.unwrap()));
        }
        assert_eq!(waits[..4], [5, 10, 20, 40]);
        assert_eq!(waits[14], 6 * 3600);
        let asked = TicketAnswer::due(now).claimed(now).put_off(&Fault::Throttled(Some(77)), now);
        assert_eq!(asked.next_try, Some(now.plus_seconds(77)));
    }

    #[test]
    fn a_request_stored_before_there_were_answers_reads_and_owes_none() {
        let mut row = serde_json::to_value(closed(RequestOutcome::Fulfilled)).unwrap();
        assert_eq!(row["answer"]["state"], "due");
        row.as_object_mut().unwrap().remove("answer");
        let request: Request = serde_json::from_value(row).unwrap();
        assert_eq!(request.answer, None);
    }
}
