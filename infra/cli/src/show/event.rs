//! The events of a request.

use crate::terminal::format::utc;
use crate::words;
use rightful_domain::view::events::EventPage;
use serde_json::{Value, json};

/// All events, below a line that says whether they are complete and unchanged.
pub fn text(events: &EventPage) -> String {
    let mut lines = vec![String::new()];
    match &events.broken {
        None => lines.push(format!(
            "events: {}, each bound to the one before it; last hash {}",
            events.all, events.head
        )),
        Some(broken) => {
            lines.push(format!(
                "events: {}, but the chain is broken: event {} was changed, is missing or is out of order ({})",
                events.all, broken.at, broken.why
            ));
            lines.push("  to do: compare with a backup, and find out who can write to the table".to_owned());
        }
    }
    let width = events.items.last().map_or(1, |event| event.seq.to_string().len());
    for event in &events.items {
        let fact = words::event::fact(&event.fact);
        lines.push(format!("  {:>width$}  {}  {fact}", event.seq, utc(event.at)));
    }
    lines.join("\n")
}

/// All events, as `--json` shows them.
pub fn json(events: &EventPage) -> Value {
    json!({
        "verified": events.broken.is_none(),
        "count": events.all,
        "head": events.head,
        "broken": events.broken,
        "all": events.items,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::chain::event::write;
    use rightful_domain::chain::fact::Fact;
    use rightful_domain::chain::links::Head;

    #[test]
    fn a_broken_chain_of_events_is_named() {
        let (request, _) = fixtures::open();
        let first =
            write(&Head::start(), request.id, fixtures::at("09:30:00"), &Fact::AttemptBegun { attempt: 1 })
                .unwrap();
        let second = write(&first.head, request.id, fixtures::at("09:30:01"), &Fact::Forgotten).unwrap();
        let whole = EventPage::of(request.id, &[first.bytes.clone(), second.bytes.clone()], 0, 100);
        insta::assert_snapshot!(text(&whole), @r"

        events: 2, each bound to the one before it; last hash 273db3574e37993ed5fff89470ccd8cf47169dc1adedae5dea5573a23259680d
          1  2026-11-21 09:30:00 UTC  attempt_begun: workflow attempt 1
          2  2026-11-21 09:30:01 UTC  forgotten: the person's data key is deleted
        ");
        let broken = text(&EventPage::of(request.id, &[second.bytes], 0, 100));
        assert!(broken.contains("the chain is broken") && broken.contains("event 1"), "{broken}");
    }
}
