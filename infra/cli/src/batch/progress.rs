//! The progress of a batch: a bar on a terminal, elsewhere a line for each row.

use super::result::RowResult;
use crate::terminal::output::Out;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rightful_domain::base::identifier::TakenOffAt;
use std::io::IsTerminal as _;

/// How progress is shown.
pub enum BatchProgress {
    Bar(ProgressBar),
    Lines(Out),
}

impl BatchProgress {
    /// A bar if somebody watches, else lines.
    pub fn new(out: Out, rows: usize) -> Self {
        if out.json || !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
            return BatchProgress::Lines(out);
        }
        let bar = ProgressBar::new(u64::try_from(rows).unwrap_or(u64::MAX));
        // If our template did not parse, the default style would stay.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} rows, {eta} left") {
            bar.set_style(style);
        }
        BatchProgress::Bar(bar)
    }

    /// Shows the result of a row. While there is a bar, only unusual results are shown.
    pub fn show(&mut self, line: u64, result: &RowResult, removed: &[TakenOffAt]) -> Result<()> {
        match self {
            BatchProgress::Lines(out) if out.json => out.json_line(&result.json(line, removed)),
            BatchProgress::Lines(out) => out.line(result.text(line, removed)),
            BatchProgress::Bar(bar) => {
                let unusual = matches!(result, RowResult::Rejected(_) | RowResult::AlreadyClosed(_));
                if unusual || !removed.is_empty() {
                    bar.suspend(|| Out { json: false }.line(result.text(line, removed)))?;
                }
                bar.inc(1);
                Ok(())
            }
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let BatchProgress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
