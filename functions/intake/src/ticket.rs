//! Reads a ticket: right, identifiers, reference, from where the channel says they are.

use crate::channel::{DeliveryKey, Mapping};
use rightful_domain::identifier::{Identifier, IdentifierError, IdentifierKind};
use rightful_domain::ids::{NameError, Reference, SourceId};
use rightful_domain::operations::accept::Demand;
use serde_json::Value;

/// Why a ticket can't be read. The texts name places in the body, never its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error(
        "the body is not JSON: send an object such as {{\"right\":\"erasure\",\"identifiers\":[{{\"kind\":\"email\",\"value\":\"…\"}}],\"reference\":\"T-1\"}}"
    )]
    NotJson,
    #[error("the body has nothing at {0}: it is needed")]
    Missing(String),
    #[error("the body's {0} must be {1}")]
    Wrong(String, &'static str),
    #[error("the right at {0} is not one of: {1}")]
    UnknownRight(String, String),
    #[error("the identifier at {0}/{1}: {2}")]
    Identifier(String, usize, IdentifierError),
    #[error("the body's {0}: {1}")]
    Name(String, NameError),
}

/// Parses a body that has been verified.
pub fn parse(body: &[u8]) -> Result<Value, TicketError> {
    serde_json::from_slice(body).map_err(|_| TicketError::NotJson)
}

/// What tells this delivery apart, once it is verified.
pub fn delivery_key(
    key: &DeliveryKey,
    header: &dyn Fn(&str) -> Option<String>,
    body: &Value,
) -> Result<String, TicketError> {
    match key {
        DeliveryKey::Header(name) => {
            header(name).ok_or_else(|| TicketError::Missing(format!("header {name}")))
        }
        DeliveryKey::Body(pointer) => match body.pointer(pointer) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(TicketError::Wrong(pointer.clone(), "the ticket's number or a text")),
            None => Err(TicketError::Missing(pointer.clone())),
        },
    }
}

/// Reads what the ticket demands.
pub fn read(mapping: &Mapping, body: &Value) -> Result<Demand, TicketError> {
    let right = &mapping.right.pointer;
    let word = match body.pointer(right) {
        Some(Value::String(word)) => word,
        Some(_) => return Err(TicketError::Wrong(right.clone(), "a text")),
        None => return Err(TicketError::Missing(right.clone())),
    };
    let right = *mapping.right.values.get(word).ok_or_else(|| {
        let known: Vec<&str> = mapping.right.values.keys().map(String::as_str).collect();
        TicketError::UnknownRight(right.clone(), known.join(", "))
    })?;
    Ok(Demand {
        right,
        identifiers: identifiers(mapping, body)?,
        reference: reference(&mapping.reference, body)?,
        dry_run: match body.pointer(&mapping.dry_run) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(dry_run)) => *dry_run,
            Some(_) => return Err(TicketError::Wrong(mapping.dry_run.clone(), "true or false")),
        },
        sources: sources(&mapping.sources, body)?,
    })
}

fn identifiers(mapping: &Mapping, body: &Value) -> Result<Vec<Identifier>, TicketError> {
    let place = &mapping.identifiers;
    let list = match body.pointer(&place.list) {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(Value::Array(_)) | None => return Err(TicketError::Missing(place.list.clone())),
        Some(_) => return Err(TicketError::Wrong(place.list.clone(), "a list")),
    };
    if list.len() > MOST_IDENTIFIERS {
        return Err(TicketError::Wrong(place.list.clone(), "a list of at most 20"));
    }
    list.iter()
        .enumerate()
        .map(|(index, one)| {
            let text = |pointer: &str| match one.pointer(pointer) {
                Some(Value::String(text)) => Ok(text.as_str()),
                Some(_) => Err(TicketError::Wrong(format!("{}/{index}{pointer}", place.list), "a text")),
                None => Err(TicketError::Missing(format!("{}/{index}{pointer}", place.list))),
            };
            let wrong = |error| TicketError::Identifier(place.list.clone(), index, error);
            let kind = IdentifierKind::parse(text(&place.kind)?).map_err(wrong)?;
            Identifier::new(kind, text(&place.value)?).map_err(wrong)
        })
        .collect()
}

/// More identifiers than one person has.
const MOST_IDENTIFIERS: usize = 20;

fn reference(pointer: &str, body: &Value) -> Result<Option<Reference>, TicketError> {
    let text = match body.pointer(pointer) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(TicketError::Wrong(pointer.to_owned(), "the ticket's number or a text")),
    };
    Reference::parse(&text).map(Some).map_err(|error| TicketError::Name(pointer.to_owned(), error))
}

fn sources(pointer: &str, body: &Value) -> Result<Vec<SourceId>, TicketError> {
    match body.pointer(pointer) {
        None | Some(Value::Null) => Ok(Vec::new()),
        // An empty list is a template's mistake, and never all of them.
        Some(Value::Array(list)) if list.is_empty() => {
            Err(TicketError::Wrong(pointer.to_owned(), "a list of at least one data source id, or left out"))
        }
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| {
                let text = one.as_str().unwrap_or_default();
                SourceId::parse(text).map_err(|error| TicketError::Name(pointer.to_owned(), error))
            })
            .collect(),
        Some(_) => Err(TicketError::Wrong(pointer.to_owned(), "a list of data source ids")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::embedded;
    use proptest::prelude::*;
    use rightful_domain::request::Right;
    use serde_json::json;

    fn read_as(channel: usize, body: Value) -> Result<Demand, TicketError> {
        read(&embedded().unwrap()[channel].ticket, &body)
    }

    #[test]
    fn the_default_body_is_read_in_both_channels() {
        for channel in 0..2 {
            let body = json!({"right": "erasure", "identifiers": [{"kind": "email", "value": "joao@example.com"}], "reference": "T-1"});
            let demand = read_as(channel, body).unwrap();
            assert_eq!(demand.right, Right::Erasure);
            assert_eq!(demand.identifiers[0].expose(), "joao@example.com");
            assert_eq!(demand.reference.unwrap().as_str(), "T-1");
            assert!(!demand.dry_run && demand.sources.is_empty());
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_without_its_value() {
        let person = json!([{"kind": "email", "value": "joao@example.com"}]);
        for (body, says) in [
            (json!({"identifiers": person}), "the body has nothing at /right: it is needed"),
            (json!({"right": 1, "identifiers": person}), "the body's /right must be a text"),
            (
                json!({"right": "joao@example.com", "identifiers": person}),
                "the right at /right is not one of: access, erasure",
            ),
            (json!({"right": "erasure"}), "the body has nothing at /identifiers: it is needed"),
            (
                json!({"right": "erasure", "identifiers": []}),
                "the body has nothing at /identifiers: it is needed",
            ),
            (
                json!({"right": "erasure", "identifiers": "joao@example.com"}),
                "the body's /identifiers must be a list",
            ),
            (
                json!({"right": "erasure", "identifiers": [{"kind": "email"}]}),
                "the body has nothing at /identifiers/0/value: it is needed",
            ),
            (
                json!({"right": "erasure", "identifiers": [{"kind": "email", "value": "secret person"}]}),
                "the identifier at /identifiers/0: the value of kind email is not one e-mail address such as name@example.com",
            ),
            (
                json!({"right": "erasure", "identifiers": [{"kind": "E-Mail", "value": "x"}]}),
                "the identifier at /identifiers/0: an identifier's kind is 1 to 32 of a-z, 0-9 and _, such as email or phone",
            ),
            (
                json!({"right": "erasure", "identifiers": person, "reference": "joao@qualifio.com"}),
                "the body's /reference: a reference is the ticket's number: 1 to 64 of letters, digits and . _ : / # -; no e-mail address or name",
            ),
            (
                json!({"right": "erasure", "identifiers": person, "dry_run": "yes"}),
                "the body's /dry_run must be true or false",
            ),
            (
                json!({"right": "erasure", "identifiers": person, "sources": []}),
                "the body's /sources must be a list of at least one data source id, or left out",
            ),
            (
                json!({"right": "erasure", "identifiers": person, "sources": "a"}),
                "the body's /sources must be a list of data source ids",
            ),
        ] {
            let text = read_as(0, body).unwrap_err().to_string();
            assert_eq!(text, says);
            assert!(!text.contains("joao") && !text.contains("secret"));
        }
    }

    #[test]
    fn a_zendesk_delivery_is_told_apart_by_the_tickets_number() {
        let channels = embedded().unwrap();
        let key = |body| delivery_key(&channels[1].delivery, &|_| None, &body);
        assert_eq!(key(json!({"reference": "T-1"})), Ok("T-1".to_owned()));
        assert_eq!(key(json!({"reference": 35436})), Ok("35436".to_owned()));
        assert_eq!(key(json!({})), Err(TicketError::Missing("/reference".to_owned())));
        assert!(key(json!({"reference": ""})).is_err());
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = parse(&body) {
                let _ = read(&embedded().unwrap()[0].ticket, &value);
            }
        }
    }
}
