//! The order in which people attend to open requests: first those that only a person can move on, then the others; each
//! by its legal deadline. The due index gives the order; a row is read only where the index leaves the owner open.
//!
//! Pure. A synthetic request is left out: no data subject waits for it.

use crate::base::ids::RequestId;
use crate::base::time::Time;
use crate::duty::gauge::Work;
use crate::model::request::RequestState;
use crate::model::task::TaskState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where an open request stands. The order of places is the order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `false` if only a person can move it on; these come first.
    pub goes_on: bool,
    /// The legal deadline.
    pub due_at: Time,
    /// The request.
    pub id: RequestId,
}

/// A place as a cursor.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { goes_on, due_at, id } = self;
        write!(f, "{}#{due_at}#{id}", if *goes_on { "goes_on" } else { "person" })
    }
}

impl Place {
    /// Reads a cursor; `None` if it is none.
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('#');
        let (Some(whose), Some(due_at), Some(id), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let goes_on = match whose {
            "person" => false,
            "goes_on" => true,
            _ => return None,
        };
        Some(Self { goes_on, due_at: Time::parse(due_at).ok()?, id: RequestId::parse(id).ok()? })
    }
}

/// How many requests are open, and what they wait for; synthetic ones aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkCounts {
    /// Open requests.
    pub open: u32,
    /// Open requests that wait for a person.
    pub waiting_for_a_person: u32,
    /// Open requests whose legal deadline has passed.
    pub overdue: u32,
}

impl WorkCounts {
    /// Counts the requests at these places.
    #[must_use]
    pub fn of(places: &[Place], now: Time) -> Self {
        let mut counts = Self::default();
        for place in places {
            counts.open += 1;
            counts.waiting_for_a_person += u32::from(!place.goes_on);
            counts.overdue += u32::from(place.due_at <= now);
        }
        counts
    }
}

/// What an open request waits for, as far as the due index says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A person.
    Person,
    /// A look that resolves what the vendor did.
    Unknown,
    /// The vendor, which works on a submission.
    Vendor,
    /// Nobody: its next step comes by itself.
    GoesOn,
}

/// An open request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// When the person asked.
    pub received_at: Time,
    /// The legal deadline.
    pub due_at: Time,
    /// What it waits for.
    pub turn: Turn,
}

/// The open work, collected from the rows of the due index, in any order.
#[derive(Debug, Default)]
pub struct WorkList {
    open: BTreeMap<RequestId, Dates>,
    persons: BTreeSet<RequestId>,
    unknown: BTreeSet<RequestId>,
    vendors: BTreeSet<RequestId>,
}

#[derive(Debug)]
struct Dates {
    received_at: Time,
    due_at: Time,
}

impl WorkList {
    /// Takes a row.
    pub fn take(&mut self, work: &Work) {
        match work {
            Work::Request(id, request) if request.state == RequestState::Open && !request.synthetic => {
                let dates = Dates { received_at: request.received_at, due_at: request.due_at };
                self.open.insert(*id, dates);
            }
            Work::Request(..) => {}
            Work::Task(id, task) => match task.state {
                TaskState::AwaitingReview => _ = self.persons.insert(*id),
                TaskState::Unknown => _ = self.unknown.insert(*id),
                TaskState::Submitted => _ = self.vendors.insert(*id),
                _ => {}
            },
        }
    }

    /// The requests with an unknown task. The index doesn't say whether a look resolves it or a person has to; the task's
    /// row does.
    pub fn unclear(&self) -> impl Iterator<Item = RequestId> {
        let open = self.unknown.iter().filter(|id| self.open.contains_key(id));
        open.filter(|id| !self.persons.contains(id)).copied()
    }

    /// States that a request waits for a person.
    pub fn waits_for_a_person(&mut self, id: RequestId) {
        self.persons.insert(id);
    }

    /// All places, in order.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let place = |(id, dates): (&RequestId, &Dates)| Place {
            goes_on: !self.persons.contains(id),
            due_at: dates.due_at,
            id: *id,
        };
        let mut places: Vec<Place> = self.open.iter().map(place).collect();
        places.sort();
        places
    }

    /// All open requests, in no order. The first that applies counts: a person, a look, the vendor.
    pub fn open(&self) -> impl Iterator<Item = Open> {
        let turn = |id: &RequestId| match () {
            () if self.persons.contains(id) => Turn::Person,
            () if self.unknown.contains(id) => Turn::Unknown,
            () if self.vendors.contains(id) => Turn::Vendor,
            () => Turn::GoesOn,
        };
        self.open.iter().map(move |(id, dates)| Open {
            received_at: dates.received_at,
            due_at: dates.due_at,
            turn: turn(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duty::gauge::{OpenRequest, OpenTask};

    fn id(n: u8) -> RequestId {
        RequestId::parse(&format!("019aa6e0-5c1f-7000-8000-0000000000{n:02}")).unwrap()
    }

    fn day(n: u8) -> Time {
        Time::parse(&format!("2026-12-{n:02}T09:30:00Z")).unwrap()
    }

    fn request(n: u8, due: u8, state: RequestState, synthetic: bool) -> Work {
        let received_at = Time::parse("2026-11-21T09:30:00Z").unwrap();
        let row = OpenRequest {
            state,
            synthetic,
            received_at,
            due_at: day(due),
            forget_at: None,
            forgotten_at: None,
            next_due: None,
        };
        Work::Request(id(n), row)
    }

    fn open(n: u8, due: u8) -> Work {
        request(n, due, RequestState::Open, false)
    }

    fn task(n: u8, state: TaskState) -> Work {
        Work::Task(
            id(n),
            OpenTask { state, reason: None, searched_at: None, unknown_since: None, next_due: None },
        )
    }

    fn listed(list: &WorkList) -> Vec<(RequestId, bool)> {
        list.places().iter().map(|place| (place.id, place.goes_on)).collect()
    }

    #[test]
    fn who_waits_for_a_person_comes_first_and_then_the_soonest_deadline() {
        let rows = [
            task(4, TaskState::AwaitingReview),
            open(1, 9),
            open(2, 5),
            open(3, 20),
            open(4, 30),
            task(1, TaskState::Submitted),
            task(3, TaskState::Planned),
            task(3, TaskState::AwaitingReview),
        ];
        // The rows come in any order.
        for first in 0..rows.len() {
            let mut list = WorkList::default();
            rows.iter().cycle().skip(first).take(rows.len()).for_each(|row| list.take(row));
            assert_eq!(listed(&list), [(id(3), false), (id(4), false), (id(2), true), (id(1), true)]);
            let counts = WorkCounts { open: 4, waiting_for_a_person: 2, overdue: 2 };
            assert_eq!(WorkCounts::of(&list.places(), day(9)), counts);
        }
    }

    #[test]
    fn what_nobody_knows_waits_for_a_person_once_that_is_stated() {
        let mut list = WorkList::default();
        for row in [open(1, 9), open(2, 5), task(1, TaskState::Unknown), task(9, TaskState::Unknown)] {
            list.take(&row);
        }
        // Request 9 is closed or synthetic.
        assert_eq!(list.unclear().collect::<Vec<_>>(), [id(1)]);
        assert_eq!(listed(&list), [(id(2), true), (id(1), true)]);
        list.waits_for_a_person(id(1));
        assert_eq!(list.unclear().count(), 0);
        assert_eq!(listed(&list), [(id(1), false), (id(2), true)]);
    }

    #[test]
    fn closed_and_synthetic_requests_are_left_out() {
        let mut list = WorkList::default();
        for row in [
            request(1, 9, RequestState::Closed, false),
            request(2, 9, RequestState::Open, true),
            task(2, TaskState::AwaitingReview),
        ] {
            list.take(&row);
        }
        assert_eq!(listed(&list), []);
        assert_eq!(WorkCounts::of(&list.places(), day(20)), WorkCounts::default());
    }

    #[test]
    fn a_cursor_is_read_back_and_any_other_text_is_none() {
        for goes_on in [false, true] {
            let place = Place { goes_on, due_at: day(9), id: id(1) };
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        let (at, one) = (day(9), id(1));
        for wrong in [
            String::new(),
            format!("{at}#{one}"),
            format!("machine#{at}#{one}"),
            format!("person#soon#{one}"),
            format!("person#{at}#1"),
            format!("person#{at}#{one}#"),
        ] {
            assert_eq!(Place::parse(&wrong), None, "{wrong}");
        }
    }
}
