//! Tables, and blocks of labelled lines.

use comfy_table::{ContentArrangement, Table, presets};
use std::fmt::Display;

/// A table without borders, at most as wide as the terminal.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// The text of a table, without the spaces around its lines.
pub fn table_text(table: &Table) -> String {
    let trimmed = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned();
    let lines: Vec<String> = table.lines().map(trimmed).collect();
    lines.join("\n")
}

/// A title, and below it one labelled line for each value.
pub struct LabelledRows {
    lines: Vec<String>,
    width: usize,
}

impl LabelledRows {
    /// A block with labels of at most 12 characters.
    pub fn new(title: impl Into<String>) -> Self {
        Self::with_label_width(title, 12)
    }

    /// A block with labels of at most this many characters.
    pub fn with_label_width(title: impl Into<String>, width: usize) -> Self {
        Self { lines: vec![title.into()], width }
    }

    /// Adds a line without a label.
    pub fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Adds a labelled line.
    pub fn row(&mut self, label: &str, value: impl Display) {
        self.lines.push(format!("  {label:<width$} {value}", width = self.width));
    }

    /// The whole block.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}
