//! Tells the person what became of each data source, and claims nothing beyond what is known. Where nobody
//! looked, or nobody could, it does not say that nothing is there.

use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::documents::copy::SourceCopy;
use rightful_domain::model::task::Outcome;

/// An outcome in a word or two.
pub fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Copied => "Copied",
        Outcome::NothingFound => "Nothing found",
        Outcome::MissingIdentifier => "Not searched",
        Outcome::Refused => "Refused",
        Outcome::Failed => "Could not be copied",
        Outcome::DryRun => "Rehearsal only",
        Outcome::Cancelled => "Cancelled",
        Outcome::VerifiedErased => "Erased",
        Outcome::ReportedErased => "Reported as erased",
        Outcome::StillPresent => "Not erased",
    }
}

/// The sentences about a data source.
pub fn sentences(copy: &SourceCopy) -> Vec<String> {
    let mut said = vec![outcome(copy)];
    if copy.outcome == Outcome::Copied {
        said.extend(gone(copy));
        if copy.reason.is_some() {
            said.push(format!("Not everything went as planned{}.", why(copy)));
        }
        if copy.may_be_part {
            said.push(format!("{} does not say whether it showed all of your records.", copy.title));
        }
    } else if copy.decided > 0 {
        let (found, them) =
            (counted(copy.decided), if copy.decided == 1 { "it is not" } else { "none of them is" });
        said.push(format!("A search found {found}; {them} in this copy."));
    }
    said.extend(appeared(copy));
    if copy.outcome == Outcome::Refused {
        said.push(
            "You can complain to a data protection authority, or go to court about it (Art. 12(4) GDPR)."
                .to_owned(),
        );
    }
    said
}

fn outcome(copy: &SourceCopy) -> String {
    let title = &copy.title;
    let holds = if copy.decided == 0 { "may hold" } else { "holds" };
    match copy.outcome {
        Outcome::Copied if copy.records == 0 => {
            format!("No record from {title} is in this copy.")
        }
        Outcome::Copied => format!(
            "{} from {title} {} in this copy.",
            capital(&counted(copy.records)),
            if copy.records == 1 { "is" } else { "are" },
        ),
        Outcome::NothingFound => format!(
            "{title} was searched by every identifier above that it can be searched by, and no record was found."
        ),
        Outcome::MissingIdentifier => format!(
            "{title} can't be searched by any of the identifiers above, so it was not searched. Whether it holds \
             anything about you is not known."
        ),
        Outcome::Refused => format!("A copy of what {title} {holds} was refused{}.", why(copy)),
        Outcome::Failed if copy.decided == 0 => format!(
            "No copy could be made of what {title} may hold{}. Whether it holds anything about you is not known.",
            why(copy)
        ),
        Outcome::Failed => format!("No copy could be made of what {title} holds{}.", why(copy)),
        Outcome::DryRun => format!("This was a rehearsal: {title} was searched, and nothing was copied."),
        Outcome::Cancelled => format!("The request was cancelled before anything from {title} was copied."),
        Outcome::VerifiedErased => {
            format!("The records found at {title} were erased, and a later search found none of them.")
        }
        Outcome::ReportedErased => {
            format!(
                "{title} says that the records found there are erased. It can't be searched to check this."
            )
        }
        Outcome::StillPresent => {
            format!("The records found at {title} were to be erased, but a later search still found records.")
        }
    }
}

fn gone(copy: &SourceCopy) -> Option<String> {
    let gone = copy.decided.saturating_sub(copy.records);
    let were = if gone == 1 { "was" } else { "were" };
    (gone > 0).then(|| {
        format!(
            "{} that had been found before {were} no longer there when the copy was made.",
            capital(&counted(gone))
        )
    })
}

fn appeared(copy: &SourceCopy) -> Option<String> {
    let (were, are) = if copy.appeared == 1 { ("was", "It is") } else { ("were", "They are") };
    (copy.appeared > 0).then(|| {
        format!(
            "{} {were} found there that had not been found at first. {are} not in this copy; a new request can \
             ask for it.",
            capital(&counted(copy.appeared)).replace(" record", " more record")
        )
    })
}

/// A number of records. From two on it is in digits.
pub fn counted(records: u32) -> String {
    match records {
        0 => "no record".to_owned(),
        1 => "one record".to_owned(),
        more => format!("{more} records"),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn why(copy: &SourceCopy) -> String {
    copy.reason.as_deref().map(|code| format!(", {}", reason(code))).unwrap_or_default()
}

/// A ground or a code as the end of a sentence.
fn reason(text: &str) -> String {
    let ground = || GROUNDS.iter().find(|(ground, _)| *ground == text).map(|(_, words)| *words);
    match Code::parse(text).and_then(because).or_else(ground) {
        Some(words) => words.to_owned(),
        None => format!("for a technical reason ({text})"),
    }
}

const GROUNDS: [(&str, &str); 6] = [
    ("art_12_5", "because the request counts as manifestly unfounded or excessive (Art. 12(5) GDPR)"),
    ("art_17_3_a", "on the ground of Art. 17(3)(a) GDPR (freedom of expression and information)"),
    ("art_17_3_b", "on the ground of Art. 17(3)(b) GDPR (a legal obligation or public task)"),
    ("art_17_3_c", "on the ground of Art. 17(3)(c) GDPR (public health)"),
    ("art_17_3_d", "on the ground of Art. 17(3)(d) GDPR (archiving, research or statistics)"),
    ("art_17_3_e", "on the ground of Art. 17(3)(e) GDPR (legal claims)"),
];

/// The end of a sentence about a code that a data subject can make something of.
fn because(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::IdentifierMissing | Code::MissingIdentifier => {
            "because no identifier was given that it can be searched by"
        }
        Code::TooManyRecords => {
            "because more records were found than one person can have, so some may be other people's"
        }
        Code::OtherRequestInProgress => {
            "because another request about the same person was being worked on there"
        }
        Code::VendorUnreachable | Code::VendorConnectionLost | Code::CircuitOpen => {
            "because it could not be reached"
        }
        Code::VendorTimedOut | Code::VendorOutOfTime | Code::VendorDeadlinePassed | Code::AnswerNeverCame => {
            "because it did not answer or finish in time"
        }
        Code::VendorThrottled | Code::RateLimited | Code::QuotaSpent => {
            "because it does not allow as many calls as were needed"
        }
        Code::NotAllConfirmed => "because its own list names fewer records than it was asked about",
        Code::VendorServerError => "because of a fault on its side",
        Code::VendorAnswerUnreadable
        | Code::VendorAnswerUnexpected
        | Code::VendorRecordUnreadable
        | Code::VendorStatusUnknown => "because its answer could not be understood",
        Code::VendorAnswerTooLarge => "because its answer about you is too large",
        Code::VendorRefused | Code::VendorForbidden => "because it refused to give out the data",
        Code::RightUnsupported | Code::RightNotSupported => "because the connection to it can't make copies",
        Code::CredentialsRejected
        | Code::ConnectorUnknown
        | Code::ParameterWrong
        | Code::SecretMissing
        | Code::SecretUnreadable
        | Code::SourceNotFound
        | Code::VendorAddressForbidden
        | Code::VendorBadRequest
        | Code::VendorHostForbidden
        | Code::VendorNotFound
        | Code::VendorRedirected
        | Code::VendorRequestUnusable
        | Code::VendorUnprocessable => "because the connection to it is not set up correctly",
        _ => return None,
    })
}

/// The plain name of an identifier kind. A vendor's own kind keeps its name.
pub fn kind(kind: &IdentifierKind) -> String {
    match kind.as_str() {
        "email" => "e-mail address".to_owned(),
        "phone" => "phone number".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::law::ground::RefusalGround;

    fn copy(outcome: Outcome, reason: Option<&str>, decided: u32, records: u32, appeared: u32) -> SourceCopy {
        SourceCopy {
            source: SourceId::parse("main").unwrap(),
            title: "Qualifio".to_owned(),
            outcome,
            reason: reason.map(str::to_owned),
            records,
            decided,
            appeared,
            may_be_part: false,
            export: None,
        }
    }

    #[test]
    fn a_copy_that_may_be_incomplete_says_so() {
        let whole = copy(Outcome::Copied, None, 2, 2, 0);
        let part = SourceCopy { may_be_part: true, ..whole.clone() };
        assert!(!sentences(&whole).join(" ").contains("does not say"));
        assert!(sentences(&part).join(" ").contains("does not say whether it showed all of your records"));
    }

    fn said(outcome: Outcome, reason: Option<&str>, decided: u32, records: u32, appeared: u32) -> String {
        sentences(&copy(outcome, reason, decided, records, appeared)).join(" ")
    }

    #[test]
    fn each_outcome_is_told_and_nothing_more() {
        use Outcome as O;
        for (outcome, reason, decided, records, appeared, told) in [
            (O::Copied, None, 3, 3, 0, "3 records from Qualifio are in this copy."),
            (
                O::Copied,
                None,
                2,
                1,
                1,
                "One record from Qualifio is in this copy. One record that had been found before was no longer there \
                 when the copy was made. One more record was found there that had not been found at first. It is \
                 not in this copy; a new request can ask for it.",
            ),
            (
                O::Copied,
                None,
                2,
                0,
                0,
                "No record from Qualifio is in this copy. 2 records that had been found before were no longer there \
                 when the copy was made.",
            ),
            (
                O::Copied,
                Some("vendor_refused"),
                1,
                1,
                0,
                "One record from Qualifio is in this copy. Not everything went as planned, because it refused to give \
                 out the data.",
            ),
            (
                O::NothingFound,
                None,
                0,
                0,
                0,
                "Qualifio was searched by every identifier above that it can be searched by, and no record was \
                 found.",
            ),
            (
                O::MissingIdentifier,
                Some("identifier_missing"),
                0,
                0,
                0,
                "Qualifio can't be searched by any of the identifiers above, so it was not searched. Whether it \
                 holds anything about you is not known.",
            ),
            (
                O::Refused,
                Some("art_12_5"),
                2,
                0,
                0,
                "A copy of what Qualifio holds was refused, because the request counts as manifestly unfounded \
                 or excessive (Art. 12(5) GDPR). A search found 2 records; none of them is in this copy. You can \
                 complain to a data protection authority, or go to court about it (Art. 12(4) GDPR).",
            ),
            (
                O::Failed,
                Some("credentials_rejected"),
                0,
                0,
                0,
                "No copy could be made of what Qualifio may hold, because the connection to it is not set up \
                 correctly. Whether it holds anything about you is not known.",
            ),
            (
                O::Failed,
                Some("brand_new"),
                1,
                0,
                0,
                "No copy could be made of what Qualifio holds, for a technical reason (brand_new). A search found \
                 one record; it is not in this copy.",
            ),
            (
                O::DryRun,
                Some("searched_only"),
                0,
                0,
                0,
                "This was a rehearsal: Qualifio was searched, and nothing was copied.",
            ),
            (
                O::Cancelled,
                None,
                0,
                0,
                0,
                "The request was cancelled before anything from Qualifio was copied.",
            ),
            (
                O::VerifiedErased,
                None,
                0,
                0,
                0,
                "The records found at Qualifio were erased, and a later search found none of them.",
            ),
            (
                O::ReportedErased,
                None,
                0,
                0,
                0,
                "Qualifio says that the records found there are erased. It can't be searched to check this.",
            ),
            (
                O::StillPresent,
                None,
                0,
                0,
                0,
                "The records found at Qualifio were to be erased, but a later search still found records.",
            ),
        ] {
            assert_eq!(said(outcome, reason, decided, records, appeared), told);
        }
    }

    #[test]
    fn only_a_search_that_found_nothing_says_that_nothing_was_found() {
        use Outcome as O;
        for outcome in [O::Copied, O::MissingIdentifier, O::Refused, O::Failed, O::DryRun, O::Cancelled] {
            let told = said(outcome, None, 0, 0, 0).to_lowercase();
            assert!(!told.contains("no record was found") && !told.contains("nothing found"), "{told}");
            assert_ne!(label(outcome), label(O::NothingFound));
        }
    }

    #[test]
    fn a_legal_ground_is_never_called_technical() {
        for ground in RefusalGround::ALL {
            assert!(!reason(ground.as_str()).contains("technical"), "{ground:?}");
        }
        assert!(!reason("vendor_unreachable").contains("technical"));
        assert_eq!(reason("row_too_large"), "for a technical reason (row_too_large)");
        assert_eq!(reason("a_new_code"), "for a technical reason (a_new_code)");
    }

    #[test]
    fn an_identifiers_kind_is_told_in_plain_words() {
        for (name, told) in
            [("email", "e-mail address"), ("phone", "phone number"), ("qualifio_profile", "qualifio profile")]
        {
            assert_eq!(kind(&IdentifierKind::parse(name).unwrap()), told);
        }
    }
}
