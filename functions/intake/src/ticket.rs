//! Reads a ticket: right, identifiers, reference, from where the channel says they are.

use crate::channel::{Channel, DeliveryKey, Mapping};
use rightful_domain::base::identifier::{Identifier, IdentifierError, IdentifierKind, TakenOff, TakenOffAt};
use rightful_domain::base::ids::{NameError, Reference, SourceId};
use rightful_domain::law::deadline::{ReceivedAt, ReceivedAtError};
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::set_up::Catalogue;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt;

/// The demand that a ticket makes.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    pub demand: Demand,
    /// Marks and prefixes that were taken off its identifiers, by their values' places in the body.
    pub taken_off: Vec<TakenOffAt>,
}

/// Why a ticket can't be read. The texts name places in the body, never its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error(
        "the body is not JSON: send an object such as {{\"right\":\"erasure\",\"identifiers\":[{{\"kind\":\"email\",\"value\":\"…\"}}],\"reference\":\"T-1\"}}"
    )]
    NotJson,
    #[error("the body has a member twice, the second one at line {0}, column {1}: send each once")]
    Twice(usize, usize),
    #[error("the body has {0}, which is not known: known there are {1}")]
    Unknown(String, String),
    #[error("none of the identifiers at {0} has a value: at least one is needed")]
    Nobody(String),
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
    #[error("the body's {0}: {1}")]
    ReceivedAt(String, ReceivedAtError),
}

/// Parses a body that has been verified.
pub fn parse(body: &[u8]) -> Result<Value, TicketError> {
    serde_json::from_slice(body).map(|Once(value)| value).map_err(|error| {
        if error.is_data() { TicketError::Twice(error.line(), error.column()) } else { TicketError::NotJson }
    })
}

/// JSON in which each member stands once: of two, readers take one or the other.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(value)) = all.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = all.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("a member twice"));
            }
            let Once(value) = all.next_value()?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

/// The members that a channel reads.
#[derive(Default)]
struct Known {
    members: BTreeMap<String, Known>,
    /// Of each element, where it is a list of objects.
    each: Option<Box<Known>>,
}

impl Known {
    fn of(channel: &Channel) -> Self {
        let Mapping { right, identifiers, reference, sources, dry_run, received_at } = &channel.ticket;
        let mut known = Self::default();
        for pointer in [&right.pointer, reference, sources, dry_run, received_at] {
            known.at(pointer);
        }
        if let DeliveryKey::Body(pointer) = &channel.delivery {
            known.at(pointer);
        }
        let mut each = Self::default();
        for pointer in [&identifiers.kind, &identifiers.value] {
            each.at(pointer);
        }
        known.at(&identifiers.list).each = Some(Box::new(each));
        known
    }

    /// The place that a pointer names (RFC 6901), which is known from now on.
    fn at(&mut self, pointer: &str) -> &mut Self {
        pointer.split('/').skip(1).fold(self, |known, name| {
            known.members.entry(name.replace("~1", "/").replace("~0", "~")).or_default()
        })
    }

    /// Refuses a member that nobody reads: a `dryRun` that is passed over erases.
    fn check(&self, value: &Value, place: &str) -> Result<(), TicketError> {
        match (value, &self.each) {
            (Value::Object(members), _) if !self.members.is_empty() => {
                members.iter().try_for_each(|(name, value)| match self.members.get(name) {
                    Some(known) => known.check(value, &format!("{place}/{name}")),
                    None => Err(self.unknown(member(name, place))),
                })
            }
            (Value::Array(list), Some(each)) => {
                list.iter().enumerate().try_for_each(|(n, value)| each.check(value, &format!("{place}/{n}")))
            }
            (Value::Array(list), None) if !self.members.is_empty() => {
                list.iter().enumerate().try_for_each(|(n, value)| match self.members.get(&n.to_string()) {
                    Some(known) => known.check(value, &format!("{place}/{n}")),
                    None => Err(self.unknown(format!("{place}/{n}"))),
                })
            }
            _ => Ok(()),
        }
    }

    fn unknown(&self, what: String) -> TicketError {
        TicketError::Unknown(what, self.members.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
    }
}

/// A member as it is told. A name that is no plain one may be somebody's: then its place alone is told.
fn member(name: &str, place: &str) -> String {
    let plain = (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match (plain, place) {
        (true, _) => format!("{place}/{name}"),
        (false, "") => "a member at its top".to_owned(),
        (false, _) => format!("a member at {place}"),
    }
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
pub fn read(channel: &Channel, catalogue: &impl Catalogue, body: &Value) -> Result<Ticket, TicketError> {
    let mapping = &channel.ticket;
    Known::of(channel).check(body, "")?;
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
    let (identifiers, taken_off) = identifiers(mapping, catalogue, body)?;
    let demand = Demand {
        right,
        identifiers,
        reference: reference(&mapping.reference, body)?,
        dry_run: match body.pointer(&mapping.dry_run) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(dry_run)) => *dry_run,
            Some(_) => return Err(TicketError::Wrong(mapping.dry_run.clone(), "true or false")),
        },
        sources: sources(&mapping.sources, body)?,
        received_at: received_at(&mapping.received_at, body)?,
    };
    Ok(Ticket { demand, taken_off })
}

/// The identifiers that have a value: a ticket's template fills in what its fields hold, and leaves the rest
/// empty.
fn identifiers(
    mapping: &Mapping,
    catalogue: &impl Catalogue,
    body: &Value,
) -> Result<(Vec<Identifier>, Vec<TakenOffAt>), TicketError> {
    let place = &mapping.identifiers;
    let list = match body.pointer(&place.list) {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(Value::Array(_)) | None => return Err(TicketError::Missing(place.list.clone())),
        Some(_) => return Err(TicketError::Wrong(place.list.clone(), "a list")),
    };
    if list.len() > MOST_IDENTIFIERS {
        return Err(TicketError::Wrong(place.list.clone(), "a list of at most 20"));
    }
    let (mut identifiers, mut taken_off) = (Vec::new(), Vec::new());
    for (index, one) in list.iter().enumerate() {
        let at = |pointer: &str| format!("{}/{index}{pointer}", place.list);
        let wrong = |error| TicketError::Identifier(place.list.clone(), index, error);
        let kind = match one.pointer(&place.kind) {
            Some(Value::String(kind)) => IdentifierKind::parse(kind).map_err(wrong)?,
            Some(_) => return Err(TicketError::Wrong(at(&place.kind), "a text")),
            None => return Err(TicketError::Missing(at(&place.kind))),
        };
        let digits;
        let value = match one.pointer(&place.value) {
            Some(Value::Null) => continue,
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => {
                let is_number = catalogue.is_number(&kind);
                digits =
                    whole(number, is_number).map_err(|what| TicketError::Wrong(at(&place.value), what))?;
                &digits
            }
            Some(_) => return Err(TicketError::Wrong(at(&place.value), "a text")),
            None => return Err(TicketError::Missing(at(&place.value))),
        };
        match Identifier::entered(kind, value) {
            Ok(entered) => {
                taken_off.extend(TakenOffAt::of(at(&place.value), &entered.taken_off));
                identifiers.push(entered.identifier);
            }
            Err(IdentifierError::Empty) => {}
            Err(error) => return Err(wrong(error)),
        }
    }
    if identifiers.is_empty() {
        return Err(TicketError::Nobody(place.list.clone()));
    }
    Ok((identifiers, taken_off))
}

/// A number's digits, where its kind is made of digits: elsewhere it could have been written otherwise.
fn whole(number: &Number, is_number: bool) -> Result<String, &'static str> {
    match number.as_u64() {
        Some(whole) if is_number => Ok(whole.to_string()),
        None if is_number => Err("a whole number without a sign, or a text"),
        _ => Err("a text: only a kind that is made of digits alone takes a number"),
    }
}

/// What was taken off, for the log.
pub fn names(taken_off: &[TakenOff]) -> String {
    taken_off.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ")
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

/// When the person asked. A form's empty field says nothing.
fn received_at(pointer: &str, body: &Value) -> Result<Option<ReceivedAt>, TicketError> {
    match body.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => ReceivedAt::parse(text)
            .map(Some)
            .map_err(|error| TicketError::ReceivedAt(pointer.to_owned(), error)),
        Some(_) => Err(TicketError::Wrong(pointer.to_owned(), "a day or a time, as a text")),
    }
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
    use rightful_connectors::{Connectors, KnownConnectors};
    use rightful_domain::law::right::Right;
    use serde_json::json;

    fn catalogue() -> KnownConnectors {
        KnownConnectors::new(Connectors::embedded().unwrap(), false)
    }

    fn read_whole(channel: usize, body: Value) -> Result<Ticket, TicketError> {
        read(&embedded().unwrap()[channel], &catalogue(), &body)
    }

    fn read_as(channel: usize, body: Value) -> Result<Demand, TicketError> {
        read_whole(channel, body).map(|ticket| ticket.demand)
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
                "the identifier at /identifiers/0: an identifier's kind is 1 to 32 of a-z, 0-9 and _, beginning with a letter, such as email or phone",
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
            (
                json!({"right": "erasure", "identifiers": person, "received_at": "joao, 21 Nov"}),
                "the body's /received_at: give the day on which the person asked, such as 2026-11-21, or the time with its zone, such as 2026-11-21T09:30:00Z",
            ),
            (
                json!({"right": "erasure", "identifiers": person, "received_at": 1_795_253_400}),
                "the body's /received_at must be a day or a time, as a text",
            ),
        ] {
            let text = read_as(0, body).unwrap_err().to_string();
            assert_eq!(text, says);
            assert!(!text.contains("joao") && !text.contains("secret"));
        }
    }

    #[test]
    fn when_the_person_asked_is_a_day_or_a_time_and_an_empty_field_says_nothing() {
        for channel in 0..2 {
            let told = |received_at: Value| {
                let mut body = ticket(json!([{"kind": "email", "value": "ann@example.com"}]));
                body["received_at"] = received_at;
                read_as(channel, body).map(|demand| demand.received_at.map(|at| at.to_string()))
            };
            assert_eq!(told(json!("2026-11-03")), Ok(Some("2026-11-03".to_owned())));
            assert_eq!(told(json!("2026-11-03T05:35Z")), Ok(Some("2026-11-03T05:35:00.000Z".to_owned())));
            for none in [json!(null), json!(""), json!(" ")] {
                assert_eq!(told(none), Ok(None));
            }
            assert!(told(json!("{{ticket.created_at}}")).is_err());
        }
    }

    fn ticket(identifiers: Value) -> Value {
        json!({"right": "erasure", "identifiers": identifiers, "reference": "T-1"})
    }

    #[test]
    fn a_member_that_nobody_reads_is_refused_by_its_name() {
        let person = json!([{"kind": "email", "value": "ann@example.com"}]);
        for (name, value, says) in [
            (
                "dryRun",
                json!(true),
                "the body has /dryRun, which is not known: known there are dry_run, identifiers, received_at, reference, right, sources",
            ),
            ("source", json!(["shop"]), "the body has /source, which is not known"),
            ("Dry-Run", json!(null), "the body has /Dry-Run, which is not known"),
            ("canary@example.com", json!(1), "the body has a member at its top, which is not known"),
            // A telephone number is no name.
            ("32470000001", json!("canary"), "the body has a member at its top, which is not known"),
            (&"canary".repeat(7), json!(1), "the body has a member at its top, which is not known"),
            ("", json!(1), "the body has a member at its top, which is not known"),
        ] {
            for channel in 0..2 {
                let mut body = ticket(person.clone());
                body[name] = value.clone();
                let told = read_as(channel, body).unwrap_err().to_string();
                assert!(told.starts_with(says) && !told.contains("canary"), "{told}");
            }
        }
        for (name, says) in [
            ("source", "the body has /identifiers/0/source, which is not known: known there are kind, value"),
            ("canary canary", "the body has a member at /identifiers/0, which is not known"),
        ] {
            let mut body = ticket(person.clone());
            body["identifiers"][0][name] = json!("canary");
            let told = read_as(0, body).unwrap_err().to_string();
            assert!(told.starts_with(says) && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn what_a_channel_points_at_is_known_at_every_depth_and_its_neighbours_are_not() {
        let mut channel = embedded().unwrap().remove(1);
        channel.ticket.right.pointer = "/ticket/fields/a~1b".to_owned();
        channel.ticket.identifiers.value = "/of/value".to_owned();
        channel.ticket.sources = "/ticket/lists/0/sources".to_owned();
        let good = json!({
            "ticket": {"fields": {"a/b": "erasure"}, "lists": [{"sources": ["crm"]}]},
            "identifiers": [{"kind": "email", "of": {"value": "ann@example.com"}}], "reference": "T-1",
        });
        assert!(read(&channel, &catalogue(), &good).is_ok());
        for place in ["/ticket", "/ticket/fields", "/ticket/lists/0", "/identifiers/0", "/identifiers/0/of"] {
            let mut body = good.clone();
            body.pointer_mut(place).unwrap()["more"] = json!(1);
            let told = read(&channel, &catalogue(), &body).unwrap_err().to_string();
            assert!(told.starts_with(&format!("the body has {place}/more, which is not known")), "{told}");
        }
        let mut body = good.clone();
        body["ticket"]["lists"].as_array_mut().unwrap().push(json!({"sources": ["shop"]}));
        let told = read(&channel, &catalogue(), &body).unwrap_err().to_string();
        assert!(told.starts_with("the body has /ticket/lists/1, which is not known"), "{told}");
    }

    #[test]
    fn a_member_that_stands_twice_is_refused() {
        for body in [
            r#"{"right": "access", "right": "erasure"}"#,
            r#"{"identifiers": [{"kind": "email", "value": "a@example.com", "value": "b@example.com"}]}"#,
        ] {
            let told = parse(body.as_bytes()).unwrap_err().to_string();
            assert!(
                told.starts_with("the body has a member twice, the second one at line 1, column "),
                "{told}"
            );
        }
        let body = json!({"a": [null, true, -1, 1.5, "x", {"b": {}}], "c": u64::MAX});
        assert_eq!(parse(body.to_string().as_bytes()), Ok(body));
        for none in ["", "{", "{\"a\": 1}{}", "{\"a\": tru}"] {
            assert_eq!(parse(none.as_bytes()), Err(TicketError::NotJson), "{none}");
        }
    }

    #[test]
    fn an_identifier_without_a_value_is_none_and_one_must_be_left() {
        for empty in [json!(null), json!(""), json!(" "), json!("\u{200b}")] {
            let phone = json!({"kind": "phone", "value": empty});
            let demand =
                read_as(0, ticket(json!([phone, {"kind": "email", "value": "ann@example.com"}]))).unwrap();
            assert_eq!(demand.identifiers.len(), 1, "{phone}");
            let told = read_as(0, ticket(json!([phone]))).unwrap_err().to_string();
            assert_eq!(told, "none of the identifiers at /identifiers has a value: at least one is needed");
        }
    }

    #[test]
    fn a_number_is_taken_where_the_kind_is_made_of_digits_and_nowhere_else() {
        let read_value = |kind: &str, value: Value| {
            let read = read_as(0, ticket(json!([{"kind": kind, "value": value}])));
            read.map(|demand| demand.identifiers[0].expose().to_owned()).map_err(|error| error.to_string())
        };
        assert_eq!(read_value("customer_id", json!(100_001)), Ok("100001".to_owned()));
        assert_eq!(read_value("customer_id", json!(u64::MAX)), Ok(u64::MAX.to_string()));
        for (kind, value) in [
            ("customer_id", json!(-7)),
            ("customer_id", json!(7.5)),
            ("customer_id", json!(1e30)),
            ("phone", json!(32_470_000_000_u64)),
            ("unheard_of", json!(7)),
            ("customer_id", json!(true)),
            ("customer_id", json!(["7"])),
        ] {
            let told = read_value(kind, value).unwrap_err();
            assert!(told.starts_with("the body's /identifiers/0/value must be a "), "{told}");
            assert!(!told.contains('7') && !told.contains("470"), "{told}");
        }
    }

    #[test]
    fn what_was_taken_off_is_told_by_its_place_and_what_is_ambiguous_is_refused() {
        let body = ticket(json!([
            {"kind": "phone", "value": null},
            {"kind": "email", "value": "'mailto:ann@example.com'"},
            {"kind": "customer_id", "value": "100001"},
        ]));
        let Ticket { demand, taken_off } = read_whole(0, body).unwrap();
        assert_eq!(demand.identifiers[0].expose(), "ann@example.com");
        let what = [TakenOff::Mailto, TakenOff::Quotes];
        assert_eq!(taken_off, Vec::from_iter(TakenOffAt::of("/identifiers/1/value", &what)));
        let body = ticket(json!([{"kind": "phone", "value": "+32 (0)470 00 00 01"}]));
        let told = read_whole(0, body).unwrap_err().to_string();
        assert!(
            told.starts_with("the identifier at /identifiers/0: the value of kind phone has a 0"),
            "{told}"
        );
        assert!(told.contains("such as +32470000000") && !told.contains("(0)"), "{told}");
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
                let _ = read_whole(0, value);
            }
        }
    }
}
