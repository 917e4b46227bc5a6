//! One step of a task: the change that an event makes, and the work that follows.

use crate::base::time::Time;
use crate::life::event::{Effect, LifeEvent};
use crate::life::moving::Moving;
use crate::life::rows::Life;
use crate::life::terms::Terms;
use crate::model::task::TaskState;

/// The life after an event, and the work that follows. An event that the life does not accept (late, or a
/// repeat) changes nothing. Rows keep the revision that they were read with.
#[must_use]
pub fn step(life: &Life, event: LifeEvent, now: Time, terms: &Terms<'_>) -> (Life, Vec<Effect>) {
    let mut moving = Moving { life: life.clone(), effects: Vec::new(), now, terms };
    // Any other event means that the call was made, or won't be.
    let waits = match &event {
        LifeEvent::HeldBack { slot, asked_to, .. } => (*slot, *asked_to),
        LifeEvent::Asked { asked_to, .. } => (None, *asked_to),
        _ => (None, None),
    };
    moving.take(event);
    let task = &mut moving.life.task;
    if *task != life.task {
        (task.slot, task.asked_to) = waits;
    }
    match (life.task.state, task.state) {
        (TaskState::Unknown, TaskState::Unknown) => {}
        (_, TaskState::Unknown) => task.unknown_since = Some(now),
        _ => task.unknown_since = None,
    }
    (moving.life, moving.effects)
}
