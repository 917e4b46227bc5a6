use super::{Ticket, TicketError, delivery_key, parse, read};
use crate::channel::embedded;
use proptest::prelude::*;
use rightful_connectors::{Connectors, KnownConnectors};
use rightful_domain::base::identifier::{TakenOff, TakenOffAt};
use rightful_domain::law::right::Right;
use rightful_domain::operations::accept::Demand;
use serde_json::Value;
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
        // A telephone number is not a name.
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
        assert!(told.starts_with("the body has a member twice, the second one at line 1, column "), "{told}");
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
    assert!(told.starts_with("the identifier at /identifiers/0: the value of kind phone has a 0"), "{told}");
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
