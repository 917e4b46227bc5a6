//! The demand of a ticket, read from the places that its channel names.

use super::error::TicketError;
use super::known::Known;
use crate::channel::{Channel, DeliveryKey, Mapping};
use rightful_domain::base::identifier::{Identifier, IdentifierError, IdentifierKind, TakenOff, TakenOffAt};
use rightful_domain::base::ids::{Reference, SourceId};
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::operations::accept::Demand;
use rightful_domain::ports::set_up::Catalogue;
use serde_json::{Number, Value};

/// The demand that a ticket makes.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    pub demand: Demand,
    /// Marks and prefixes removed from its identifiers, by their values' places in the body.
    pub taken_off: Vec<TakenOffAt>,
}

/// The key of a verified delivery.
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

/// Reads a ticket's demand.
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

/// The identifiers with a value: a ticket's template leaves the others empty.
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

/// A number's digits, for a kind that consists of digits; a number of any other kind may have lost its
/// spelling.
fn whole(number: &Number, is_number: bool) -> Result<String, &'static str> {
    match number.as_u64() {
        Some(whole) if is_number => Ok(whole.to_string()),
        None if is_number => Err("a whole number without a sign, or a text"),
        _ => Err("a text: only a kind that is made of digits alone takes a number"),
    }
}

/// Names the removed marks, for the log.
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

/// When the person asked. An empty field of a form counts as absent.
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
        // An empty list is a template's mistake, and never means all of them.
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
