//! The rows of a CSV file.

use super::file::{check_quotes, delimiter};
use crate::api::body::RequestBody;
use crate::terminal::error::{command_error, usage_error};
use anyhow::Result;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierError, IdentifierKind, TakenOffAt};
use rightful_domain::base::ids::{Reference, SourceId};
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// The columns other than kinds of identifiers.
const RIGHT: &str = "right";
const REFERENCE: &str = "reference";
const SOURCES: &str = "sources";
const DRY_RUN: &str = "dry_run";
const RECEIVED_AT: &str = "received_at";

/// The values for rows that don't have their own.
pub struct Defaults {
    pub right: Option<Right>,
    pub sources: Vec<SourceId>,
    pub dry_run: bool,
    pub received_at: Option<ReceivedAt>,
    pub batch: String,
}

/// The meaning of a column.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(Debug))]
enum Column {
    Identifier(IdentifierKind),
    Right,
    Reference,
    Sources,
    DryRun,
    ReceivedAt,
}

impl Column {
    fn name(&self) -> &str {
        match self {
            Column::Identifier(kind) => kind.as_str(),
            Column::Right => RIGHT,
            Column::Reference => REFERENCE,
            Column::Sources => SOURCES,
            Column::DryRun => DRY_RUN,
            Column::ReceivedAt => RECEIVED_AT,
        }
    }
}

/// A row of the file.
pub struct CsvRow {
    /// Its first line.
    pub line: u64,
    /// The request that it asks for, or why it asks for none.
    pub request: Result<RequestBody, Rejected>,
    /// The parts that were removed from its identifiers, by column.
    pub removed: Vec<TakenOffAt>,
}

/// Why a row makes no request, without any of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The column's name; empty if the reason is the whole row.
    pub column: String,
    pub reason: String,
}

impl Rejected {
    /// A reason that concerns the whole row.
    pub fn row(reason: impl Into<String>) -> Self {
        Self { column: String::new(), reason: reason.into() }
    }

    fn column(column: &Column, reason: impl ToString) -> Self {
        Self { column: column.name().to_owned(), reason: reason.to_string() }
    }
}

/// The rows of a text. A wrong header is an error, a wrong row is a rejected one; rows without any value
/// are skipped.
pub fn rows(text: &str, kinds: &BTreeSet<IdentifierKind>, defaults: &Defaults) -> Result<Vec<CsvRow>> {
    let delimiter = delimiter(text);
    check_quotes(text, delimiter)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if delimiter == ';' { b';' } else { b',' })
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let mut rows = Vec::new();
    let mut lines = Lines { text, byte: 0, line: 1 };
    for record in reader.records() {
        // Only text that is not UTF-8 could fail here, and this is UTF-8.
        let record =
            record.map_err(|_| command_error("the file can't be read as CSV", "save it as CSV in UTF-8"))?;
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(str::is_empty) {
            continue;
        }
        match &columns {
            None => columns = Some(header(&record, kinds, defaults)?),
            Some(columns) => {
                let mut removed = Vec::new();
                let request = request(&record, columns, defaults, &mut removed);
                rows.push(CsvRow { line, request, removed });
            }
        }
    }
    if columns.is_none() {
        return Err(command_error("the file is empty", known_columns(kinds)));
    }
    Ok(rows)
}

/// Counts lines. The reader's own numbers include the empty lines before a row.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first row at or after this byte. Bytes must not go back.
    fn line_at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(self.byte..).unwrap_or_default();
        let ahead = byte.saturating_sub(self.byte).min(rest.len());
        let empty = rest[ahead..].iter().take_while(|byte| **byte == b'\n').count();
        let passed = &rest[..ahead + empty];
        self.byte += passed.len();
        self.line += u64::try_from(passed.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        self.line
    }
}

fn known_columns(kinds: &BTreeSet<IdentifierKind>) -> String {
    let kinds: Vec<&str> = kinds.iter().map(IdentifierKind::as_str).collect();
    format!(
        "begin the file with a header of these columns: {} (at least one of them), and optionally {RIGHT}, {REFERENCE}, {SOURCES}, {DRY_RUN}, {RECEIVED_AT}",
        kinds.join(", ")
    )
}

fn header(
    record: &csv::StringRecord,
    kinds: &BTreeSet<IdentifierKind>,
    defaults: &Defaults,
) -> Result<Vec<Column>> {
    let refused = |what: String| command_error(what, known_columns(kinds));
    let mut columns: Vec<Column> = Vec::with_capacity(record.len());
    for (place, name) in (1..).zip(record) {
        let name = name.to_ascii_lowercase();
        let column = match name.as_str() {
            RIGHT => Column::Right,
            REFERENCE => Column::Reference,
            SOURCES => Column::Sources,
            DRY_RUN => Column::DryRun,
            RECEIVED_AT => Column::ReceivedAt,
            _ => match IdentifierKind::parse(&name).ok().filter(|kind| kinds.contains(kind)) {
                Some(kind) => Column::Identifier(kind),
                None => return Err(refused(format!("column {place} of the header is unknown"))),
            },
        };
        if columns.contains(&column) {
            return Err(refused(format!("the header has the column `{}` twice", column.name())));
        }
        columns.push(column);
    }
    if !columns.iter().any(|column| matches!(column, Column::Identifier(_))) {
        return Err(refused("the header has no column that says who a request is about".to_owned()));
    }
    if defaults.right.is_none() && !columns.contains(&Column::Right) {
        return Err(usage_error(
            "nothing says which right the data subjects exercise",
            "give --right erasure or --right access, or add a column `right` to the file",
        ));
    }
    Ok(columns)
}

fn request(
    record: &csv::StringRecord,
    columns: &[Column],
    defaults: &Defaults,
    all_removed: &mut Vec<TakenOffAt>,
) -> Result<RequestBody, Rejected> {
    if record.len() != columns.len() {
        let reason = format!("the row has {} fields and the header {}", record.len(), columns.len());
        return Err(Rejected::row(reason));
    }
    let mut body = RequestBody {
        right: defaults.right.unwrap_or(Right::Access),
        identifiers: Vec::new(),
        sources: defaults.sources.clone(),
        dry_run: defaults.dry_run,
        reference: None,
        received_at: defaults.received_at,
        key: None,
    };
    let mut right = defaults.right;
    for (column, cell) in columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        match column {
            Column::Identifier(kind) => match Identifier::entered(kind.clone(), cell) {
                Ok(Entered { identifier, taken_off }) => {
                    all_removed.extend(TakenOffAt::of(column.name(), &taken_off));
                    body.identifiers.push(identifier);
                }
                Err(IdentifierError::Empty) => {}
                Err(error) => return Err(Rejected::column(column, error)),
            },
            Column::Right => right = Some(right_of(cell).map_err(|error| Rejected::column(column, error))?),
            Column::Reference => {
                let reference = Reference::parse(cell).map_err(|error| Rejected::column(column, error))?;
                body.reference = Some(reference);
            }
            Column::Sources => {
                let named = cell.split([';', ' ']).filter(|name| !name.is_empty()).map(SourceId::parse);
                body.sources =
                    named.collect::<Result<_, _>>().map_err(|error| Rejected::column(column, error))?;
                if body.sources.is_empty() {
                    let reason = "it names no data source: name one, or leave it empty";
                    return Err(Rejected::column(column, reason));
                }
            }
            Column::ReceivedAt => {
                let day = ReceivedAt::parse(cell).map_err(|error| Rejected::column(column, error))?;
                body.received_at = Some(day);
            }
            // The command line's --dry-run holds for every row; no cell undoes it.
            Column::DryRun => {
                body.dry_run |= yes_or_no(cell).map_err(|error| Rejected::column(column, error))?;
            }
        }
    }
    body.right =
        right.ok_or_else(|| Rejected::column(&Column::Right, "it is empty, and there is no --right"))?;
    if body.identifiers.is_empty() {
        return Err(Rejected::row("the row names nobody: every identifier is empty"));
    }
    body.key = Some(key(&defaults.batch, &body));
    Ok(body)
}

fn right_of(cell: &str) -> Result<Right, &'static str> {
    match cell {
        "erasure" => Ok(Right::Erasure),
        "access" => Ok(Right::Access),
        _ => Err("it is neither erasure nor access"),
    }
}

fn yes_or_no(cell: &str) -> Result<bool, &'static str> {
    match cell {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err("it is neither true nor false"),
    }
}

/// The key that distinguishes a row of this batch from every other: a digest of everything it asks for, in
/// a fixed order. Only the deployment sees it, in a body, and keeps a keyed digest of it.
fn key(batch: &str, body: &RequestBody) -> String {
    let mut identifiers: Vec<(&str, &str)> =
        body.identifiers.iter().map(|one| (one.kind().as_str(), one.expose())).collect();
    identifiers.sort_unstable();
    let sources: BTreeSet<&str> = body.sources.iter().map(SourceId::as_str).collect();
    let mut content = vec![
        json!("rightful.batch.v1"),
        json!(batch),
        json!(body.right),
        json!(identifiers),
        json!(sources),
        json!(body.dry_run),
        json!(body.reference),
    ];
    // Added only if there is a day, because keys were made before rows could have one.
    content.extend(body.received_at.map(|day| json!(day)));
    let content = Value::from(content);
    hex(digest(&SHA256, Zeroizing::new(content.to_string()).as_bytes()).as_ref())
}

/// The way in which several tests read rows.
#[cfg(test)]
pub mod for_tests {
    use super::*;

    pub fn defaults() -> Defaults {
        Defaults {
            right: Some(Right::Erasure),
            sources: Vec::new(),
            dry_run: false,
            received_at: None,
            batch: "people.csv".to_owned(),
        }
    }

    pub fn known() -> BTreeSet<IdentifierKind> {
        ["email", "phone"].iter().map(|kind| IdentifierKind::parse(kind).unwrap()).collect()
    }

    pub fn read_rows(text: &str) -> Vec<CsvRow> {
        rows(text, &known(), &defaults()).unwrap()
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
