//! The lines that are drawn on a terminal while a request is watched.

use super::progress::brief;
use crate::terminal::format::duration;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rightful_domain::base::time::Time;
use rightful_domain::model::task::TaskState;
use rightful_domain::view::request::RequestView;
use rightful_domain::view::task::TaskView;
use std::time::Duration;

/// A line for each data source, redrawn in place.
pub struct Bars {
    all: MultiProgress,
    tasks: Vec<ProgressBar>,
}

impl Bars {
    /// Nothing is drawn yet.
    pub fn new() -> Self {
        Self { all: MultiProgress::new(), tasks: Vec::new() }
    }

    /// Draws the current state of the tasks.
    pub fn show(&mut self, now: Time, request: &RequestView, tasks: &[TaskView]) {
        let width = tasks.iter().map(|task| task.source.as_str().len()).max().unwrap_or(0);
        for (index, task) in tasks.iter().enumerate() {
            if self.tasks.len() <= index {
                let bar = self.all.add(ProgressBar::new_spinner());
                // If our template did not parse, the default style would stay.
                if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                    bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏•"));
                }
                bar.enable_steady_tick(Duration::from_millis(100));
                self.tasks.push(bar);
            }
            let Some(bar) = self.tasks.get(index).filter(|bar| !bar.is_finished()) else { continue };
            let took = request.arrived_at.seconds_until(task.settled_at.unwrap_or(now));
            let message = format!("{:width$}  {}  {}", task.source.as_str(), duration(took), brief(task));
            match task.state {
                TaskState::Settled => bar.finish_with_message(message),
                _ => bar.set_message(message),
            }
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.tasks.iter().filter(|bar| !bar.is_finished()) {
            bar.abandon();
        }
    }
}
