//! The open requests: how old they are, what they wait for, and when they are due.

use crate::base::time::Time;
use crate::duty::work_list::{Turn, WorkCounts, WorkList};
use crate::law::calendar::period_at;
use crate::law::deadline::LegalZone;
use serde::{Deserialize, Serialize};

/// The days of age at which a group begins. A month is the law's time for an answer.
const AGES: [u32; 5] = [0, 7, 14, 21, 30];

/// How many weeks of deadlines are counted one by one.
const WEEKS: u8 = 6;

const DAY_SECONDS: u64 = 24 * 3600;

/// Open requests by what they wait for. Each counts once, in the first of these that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TurnCounts {
    /// Requests that wait for a person.
    pub person: u32,
    /// Requests with an outcome that a look has to find out.
    pub unknown: u32,
    /// Requests on which a vendor works.
    pub vendor: u32,
    /// Requests whose next step comes by itself.
    pub goes_on: u32,
}

impl TurnCounts {
    fn add(&mut self, turn: Turn) {
        *match turn {
            Turn::Person => &mut self.person,
            Turn::Unknown => &mut self.unknown,
            Turn::Vendor => &mut self.vendor,
            Turn::GoesOn => &mut self.goes_on,
        } += 1;
    }

    /// The sum.
    #[must_use]
    pub fn all(&self) -> u32 {
        let Self { person, unknown, vendor, goes_on } = self;
        person + unknown + vendor + goes_on
    }
}

/// Open requests of about the same age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgeGroup {
    /// At least so many whole days have passed since the person asked.
    pub from_days: u32,
    /// Fewer than so many whole days have passed; null for the oldest.
    pub before_days: Option<u32>,
    /// The requests.
    pub requests: TurnCounts,
}

/// The legal deadlines of one week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DueWeek {
    /// The Monday that begins the week, such as `2026-11-23`.
    pub begins: String,
    /// Open requests that are due in the week and not overdue.
    pub requests: u32,
}

/// The open requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OpenFigures {
    /// Their number, and what they wait for.
    pub counts: WorkCounts,
    /// By what they wait for.
    pub turns: TurnCounts,
    /// By age, the youngest first.
    pub ages: Vec<AgeGroup>,
    /// When the person of the oldest one asked.
    pub oldest_received_at: Option<Time>,
    /// Legal deadlines by week; the first week is the present one.
    pub due_weeks: Vec<DueWeek>,
    /// Open requests that are due after these weeks.
    pub due_later: u32,
}

impl OpenFigures {
    /// Counts the open requests.
    #[must_use]
    pub fn of(list: &WorkList, now: Time, zone: &LegalZone) -> Self {
        // The week after the last one ends it.
        let weeks = zone.weeks_from(now, WEEKS + 1);
        let mut figures = Self {
            counts: WorkCounts::of(&list.places(), now),
            turns: TurnCounts::default(),
            ages: groups(),
            oldest_received_at: None,
            due_weeks: weeks
                .iter()
                .take(usize::from(WEEKS))
                .map(|week| DueWeek { begins: week.first_day.to_string(), requests: 0 })
                .collect(),
            due_later: 0,
        };
        for open in list.open() {
            figures.turns.add(open.turn);
            let days = open.received_at.millis_until(now) / (DAY_SECONDS * 1000);
            if let Some(group) = figures.ages.iter_mut().rfind(|group| u64::from(group.from_days) <= days) {
                group.requests.add(open.turn);
            }
            let oldest = figures.oldest_received_at;
            figures.oldest_received_at =
                Some(oldest.map_or(open.received_at, |oldest| oldest.min(open.received_at)));
            if open.due_at > now {
                let week = period_at(&weeks, open.due_at);
                match week.and_then(|week| figures.due_weeks.get_mut(week)) {
                    Some(week) => week.requests += 1,
                    None => figures.due_later += 1,
                }
            }
        }
        figures
    }
}

fn groups() -> Vec<AgeGroup> {
    let ends = AGES.iter().skip(1).map(|days| Some(*days)).chain([None]);
    let group = |(from_days, before_days): (&u32, Option<u32>)| AgeGroup {
        from_days: *from_days,
        before_days,
        requests: TurnCounts::default(),
    };
    AGES.iter().zip(ends).map(group).collect()
}
