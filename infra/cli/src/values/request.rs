//! Values about a request.

use super::input::{Input, pair};
use crate::terminal::error::usage_error;
use anyhow::Result;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierKind};
use rightful_domain::base::ids::RequestId;
use rightful_domain::law::deadline::ReceivedAt;

/// A request's id.
pub fn request_id(text: &str) -> Result<RequestId> {
    RequestId::parse(text).map_err(|error| {
        usage_error(format!("this is not a request's id: {error}"), "`rightful request list` shows the ids")
    })
}

/// An identifier, from the command line, a file or standard input. No error contains its value.
pub fn identifier(text: &str, input: &mut Input) -> Result<Entered> {
    let example = "write it as in --identifier email=name@example.com, or email=- and pipe it in";
    let (kind, from) =
        pair(text).ok_or_else(|| usage_error("an --identifier is not of the form KIND=VALUE", example))?;
    let kind = IdentifierKind::parse(kind).map_err(|error| usage_error(error.to_string(), example))?;
    let value = input.read(kind.as_str(), from)?;
    Identifier::entered(kind, &value).map_err(|error| usage_error(error.to_string(), example))
}

/// When the person asked.
pub fn received_at(text: Option<&str>) -> Result<Option<ReceivedAt>> {
    text.map(ReceivedAt::parse)
        .transpose()
        .map_err(|error| usage_error("--received-at is neither a day nor a time", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words;
    use rightful_domain::base::identifier::TakenOffAt;

    fn error(text: &str) -> String {
        identifier(text, &mut Input::default()).unwrap_err().to_string()
    }

    #[test]
    fn an_identifier_is_a_kind_and_a_value() {
        let read = identifier("email=ann@example.com", &mut Input::default()).unwrap().identifier;
        assert_eq!((read.kind().as_str(), read.expose()), ("email", "ann@example.com"));
    }

    #[test]
    fn what_was_taken_off_an_identifier_is_told_and_what_is_ambiguous_is_refused() {
        let given = "email=\u{feff}'mailto:ann@example.com.'";
        let Entered { identifier: ann, taken_off } = identifier(given, &mut Input::default()).unwrap();
        assert_eq!(ann.expose(), "ann@example.com");
        let told = words::identifier::removed(&TakenOffAt::of("email", &taken_off).unwrap());
        insta::assert_snapshot!(told, @"removed from the email: invisible characters, mailto:, quotation marks around it, the dot at its end");
        assert!(error("email='canary@example.com").contains("take it off"));
        assert!(error("phone=+32 (0)470 00 00 01").contains("such as +32470000000"));
    }

    #[test]
    fn a_bad_identifier_is_not_repeated() {
        assert!(error("canary@example.com").contains("KIND=VALUE"));
        assert!(error("E-Mail=canary@example.com").contains("kind"));
        assert!(error("email=canary@").contains("not one e-mail address"));
        for bad in ["canary@example.com", "E-Mail=canary@example.com", "email=canary@"] {
            assert!(!error(bad).contains("canary"), "{bad}");
        }
    }

    #[test]
    fn a_bad_id_says_what_an_id_is() {
        assert!(request_id("T-1").unwrap_err().to_string().contains("a request id is a UUID"));
    }
}
