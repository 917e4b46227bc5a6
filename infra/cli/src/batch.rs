//! `rightful request new --file`: one request for each row of a CSV file.
//!
//! The same row of the same batch always has the same key, and the deployment makes one request for a
//! key: so the same command again, after an interruption, makes what is missing and nothing twice.
//!
//! Architecture Invariant: no cell is ever printed, the header's included: a file without a header has a
//! person in its place.

use crate::api::{Api, ApiError, Call};
use crate::args::RequestNew;
use crate::deployment::Deployment;
use crate::output::{FAILED, OK, OTHER_OUTCOME, Out, Told, io_words, told, usage, utc};
use crate::request::{Demand, received_at};
use crate::{source, words};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rightful_domain::base::canonical::hex;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierError, IdentifierKind, TakenOffAt};
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestOutcome;
use rightful_domain::ports::set_up::Objection;
use rightful_domain::view::acts::AcceptedView;
use rightful_domain::view::source::ConnectorView;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// How many requests are under way at once: few enough to leave a deployment's other callers room.
const IN_FLIGHT: usize = 4;
/// A larger file is no batch.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The columns beside the identifier kinds.
const RIGHT: &str = "right";
const REFERENCE: &str = "reference";
const SOURCES: &str = "sources";
const DRY_RUN: &str = "dry_run";
const RECEIVED_AT: &str = "received_at";

/// What a row takes from the command line where it doesn't say it itself.
struct Defaults {
    right: Option<Right>,
    sources: Vec<SourceId>,
    dry_run: bool,
    received_at: Option<ReceivedAt>,
    batch: String,
}

/// What a column holds.
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

/// A row: where it begins, and what it demands, or why it demands nothing.
struct Row {
    line: u64,
    demand: Result<Demand, Rejected>,
    /// What is not in its identifiers, by their columns.
    taken_off: Vec<TakenOffAt>,
}

/// Why a row makes no request; never what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rejected {
    /// The column's name; empty where it is the whole row.
    column: String,
    reason: String,
}

impl Rejected {
    fn at(column: &Column, reason: impl ToString) -> Self {
        Self { column: column.name().to_owned(), reason: reason.to_string() }
    }
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Made(RequestId),
    WasThere(RequestId),
    /// It was there, and is closed.
    WasClosed(WasClosed),
    Rejected(Rejected),
}

/// A request that was made of the same row before, and is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WasClosed {
    request: RequestId,
    outcome: RequestOutcome,
    closed_at: Time,
    /// Whether the row came more than a day after the last time: somebody asks again.
    repeated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Summary {
    made: u32,
    were_there: u32,
    were_closed: u32,
    /// Of those that were closed: sent again later than an interruption would have it.
    repeated: u32,
    rejected: u32,
    not_started: u32,
}

/// The deployment can't go on: everything before this line has its answer.
#[derive(Debug)]
struct Stopped {
    line: u64,
    error: ApiError,
}

/// Makes the requests of a file.
pub async fn new(out: Out, deployment: &Deployment, new: &RequestNew, file: &Path) -> Result<u8> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let defaults = Defaults {
        right: new.right.map(Into::into),
        sources: new.source.iter().map(|text| source::id(text)).collect::<Result<_>>()?,
        dry_run: new.dry_run,
        received_at: received_at(new)?,
        batch: new.batch.clone().unwrap_or(name),
    };
    let text = read(file)?;
    let kinds = kinds(&deployment.api).await?;
    let rows = rows(&text, &kinds, &defaults)?;
    drop(text);
    if rows.is_empty() {
        return Err(told(
            "the file has a header and no row",
            "give it a row for each person whose request is to be made",
        ));
    }
    let mut progress = Progress::new(out, rows.len());
    let mut summary = Summary::default();
    let sent = send(&deployment.api, rows, &mut summary, |line, came, taken_off| {
        progress.tell(line, came, taken_off)
    })
    .await;
    progress.finish();
    match sent? {
        None => {
            if !out.json {
                out.line(summary_text(summary))?;
            }
            Ok(exit(summary))
        }
        Some(stopped) => {
            if !out.json {
                out.line(summary_text(summary))?;
            }
            Err(not_finished(&stopped))
        }
    }
}

fn not_finished(stopped: &Stopped) -> anyhow::Error {
    let Told { what, todo, code, .. } = Told::from(stopped.error.clone());
    Told {
        what: format!("the batch stopped at line {}: {what}", stopped.line),
        todo: format!(
            "{todo}; then run the same command again: it makes what is missing, and no request twice"
        ),
        code,
        exit: FAILED,
    }
    .into()
}

fn exit(summary: Summary) -> u8 {
    if summary.rejected + summary.repeated > 0 { OTHER_OUTCOME } else { OK }
}

fn summary_text(summary: Summary) -> String {
    let Summary { made, were_there, were_closed, repeated, rejected, not_started } = summary;
    let mut text =
        format!("{made} made, {were_there} were there, {were_closed} were closed, {rejected} rejected");
    if not_started > 0 {
        text.push_str(&format!(
            "\n  {not_started} could not be started at once; the reconciliation starts them by itself"
        ));
    }
    if repeated > 0 {
        text.push_str(&format!(
            "\n  nothing ran for {repeated} whose request of this batch was closed before\n  to do: if these people ask again, send the file with --batch NAME and a new name"
        ));
    }
    if rejected > 0 {
        text.push_str(
            "\n  to do: put the rejected rows right, and run the same command again: it makes no request twice",
        );
    }
    text
}

/// The identifier kinds that can be a column: those that this deployment's connectors search by.
async fn kinds(api: &Api) -> Result<BTreeSet<IdentifierKind>> {
    let connectors: Vec<ConnectorView> = crate::api::all_pages(api, |cursor| {
        Call::get("/connectors").with("limit", Some(100)).with("cursor", cursor)
    })
    .await?;
    let asked = connectors.into_iter().flat_map(|connector| connector.identifiers);
    Ok(asked.map(|asked| asked.kind).chain([IdentifierKind::email()]).collect())
}

/// The file's text: UTF-8, without its mark.
fn read(file: &Path) -> Result<Zeroizing<String>> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| {
        told(format!("the file {shown} can't be read ({})", io_words(&error)), "check the path")
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(told(format!("the file {shown} is larger than 64 MiB"), "split it into several files"));
    }
    text_of(&bytes).map_err(|line| {
        told(
            format!("the file {shown} is not UTF-8 text, beginning with line {line}"),
            "save it as CSV in UTF-8 (in a spreadsheet: `CSV UTF-8`)",
        )
    })
}

/// The text, or the line where it is none.
fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, usize> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = |good: &[u8]| 1 + good.iter().filter(|byte| **byte == b'\n').count();
    match std::str::from_utf8(bytes) {
        // UTF-16 of plain text is UTF-8 with a NUL in every other place.
        Ok(text) => match text.find('\0') {
            Some(place) => Err(line(&bytes[..place])),
            // One way to end a line, so that lines are counted as an editor counts them.
            None => Ok(Zeroizing::new(Zeroizing::new(text.replace("\r\n", "\n")).replace('\r', "\n"))),
        },
        Err(error) => Err(line(&bytes[..error.valid_up_to()])),
    }
}

/// Refuses a file whose quotation marks don't close, each on its own line: no column here holds more than a
/// line, and one mark that is left open would make one field, and one rejected row, of all that follows.
fn check_quotes(text: &str, delimiter: char) -> Result<()> {
    for (number, line) in (1..).zip(text.lines()) {
        let mut rest = Some(line);
        while let Some(field) = rest {
            let behind = match field.strip_prefix('"').map(behind_quoted) {
                None => field,
                Some(Some(behind)) if behind.split(delimiter).next().is_none_or(is_blank) => behind,
                Some(Some(_)) => {
                    return Err(told(
                        format!(
                            "on line {number} a field goes on behind its closing quotation mark, so nothing was sent"
                        ),
                        "close it at the field's end, and write a quotation mark within the field twice",
                    ));
                }
                Some(None) => {
                    return Err(told(
                        format!(
                            "the quotation mark that opens on line {number} is not closed on that line, so nothing was sent"
                        ),
                        "close it, or take it off; then run the same command again",
                    ));
                }
            };
            rest = behind.split_once(delimiter).map(|(_, next)| next);
        }
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// What stands behind the quotation mark that closes a field; within the field it stands twice.
fn behind_quoted(inside: &str) -> Option<&str> {
    let mut rest = inside;
    loop {
        let (_, behind) = rest.split_once('"')?;
        match behind.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some(behind),
        }
    }
}

/// The rows of a text. A header that isn't right is an error, a row that isn't is a rejected one; rows
/// without any value are passed over.
fn rows(text: &str, kinds: &BTreeSet<IdentifierKind>, defaults: &Defaults) -> Result<Vec<Row>> {
    let delimiter = delimiter(text);
    check_quotes(text, char::from(delimiter))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Column>> = None;
    let mut rows = Vec::new();
    let mut place = Place { text, byte: 0, line: 1 };
    for record in reader.records() {
        // Only text that is no UTF-8 could fail here, and it is.
        let record = record.map_err(|_| told("the file can't be read as CSV", "save it as CSV in UTF-8"))?;
        let line = place.line_at(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(str::is_empty) {
            continue;
        }
        match &columns {
            None => columns = Some(header(&record, kinds, defaults)?),
            Some(columns) => {
                let mut taken_off = Vec::new();
                let demand = demand(&record, columns, defaults, &mut taken_off);
                rows.push(Row { line, demand, taken_off });
            }
        }
    }
    if columns.is_none() {
        return Err(told("the file is empty", known_columns(kinds)));
    }
    Ok(rows)
}

/// Counts lines: the reader's own numbers are those of the empty lines before a row.
struct Place<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Place<'_> {
    /// The line of the first row at or behind this byte; bytes never go back.
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

/// `;` where the header has it, as spreadsheets write it in many countries; else `,`.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if header.contains(';') { b';' } else { b',' }
}

fn known_columns(kinds: &BTreeSet<IdentifierKind>) -> String {
    let kinds: Vec<&str> = kinds.iter().map(IdentifierKind::as_str).collect();
    format!(
        "begin the file with a header of these columns: {} (at least one of them), and if wanted {RIGHT}, {REFERENCE}, {SOURCES}, {DRY_RUN}, {RECEIVED_AT}",
        kinds.join(", ")
    )
}

fn header(
    record: &csv::StringRecord,
    kinds: &BTreeSet<IdentifierKind>,
    defaults: &Defaults,
) -> Result<Vec<Column>> {
    let refused = |what: String| told(what, known_columns(kinds));
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
                None => return Err(refused(format!("column {place} of the header is none that is known"))),
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
        return Err(usage(
            "nothing says what the data subjects demand",
            "give --right erasure or --right access, or the file a column `right`",
        ));
    }
    Ok(columns)
}

fn demand(
    record: &csv::StringRecord,
    columns: &[Column],
    defaults: &Defaults,
    all_taken_off: &mut Vec<TakenOffAt>,
) -> Result<Demand, Rejected> {
    if record.len() != columns.len() {
        let reason = format!("the row has {} fields and the header {}", record.len(), columns.len());
        return Err(Rejected { column: String::new(), reason });
    }
    let mut demand = Demand {
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
                    all_taken_off.extend(TakenOffAt::of(column.name(), &taken_off));
                    demand.identifiers.push(identifier);
                }
                Err(IdentifierError::Empty) => {}
                Err(error) => return Err(Rejected::at(column, error)),
            },
            Column::Right => right = Some(right_of(cell).map_err(|error| Rejected::at(column, error))?),
            Column::Reference => {
                let reference = Reference::parse(cell).map_err(|error| Rejected::at(column, error))?;
                demand.reference = Some(reference);
            }
            Column::Sources => {
                let named = cell.split([';', ' ']).filter(|name| !name.is_empty()).map(SourceId::parse);
                demand.sources =
                    named.collect::<Result<_, _>>().map_err(|error| Rejected::at(column, error))?;
                if demand.sources.is_empty() {
                    return Err(Rejected::at(column, "it names no data source: name one, or leave it empty"));
                }
            }
            Column::ReceivedAt => {
                let read = ReceivedAt::parse(cell).map_err(|error| Rejected::at(column, error))?;
                demand.received_at = Some(read);
            }
            // The command line's --dry-run holds for every row: no cell makes it a real one.
            Column::DryRun => {
                demand.dry_run |= yes_or_no(cell).map_err(|error| Rejected::at(column, error))?;
            }
        }
    }
    demand.right =
        right.ok_or_else(|| Rejected::at(&Column::Right, "it is empty, and there is no --right"))?;
    if demand.identifiers.is_empty() {
        let reason = "the row names nobody: every identifier is empty".to_owned();
        return Err(Rejected { column: String::new(), reason });
    }
    demand.key = Some(key(&defaults.batch, &demand));
    Ok(demand)
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

/// What tells a row of this batch from every other: a digest of all that it demands, in an order of its
/// own. Only the deployment sees it, in a body, and keeps a keyed digest of it.
fn key(batch: &str, demand: &Demand) -> String {
    let mut identifiers: Vec<(&str, &str)> =
        demand.identifiers.iter().map(|one| (one.kind().as_str(), one.expose())).collect();
    identifiers.sort_unstable();
    let sources: BTreeSet<&str> = demand.sources.iter().map(SourceId::as_str).collect();
    let mut content = vec![
        json!("rightful.batch.v1"),
        json!(batch),
        json!(demand.right),
        json!(identifiers),
        json!(sources),
        json!(demand.dry_run),
        json!(demand.reference),
    ];
    // Keys of rows without a day are older than the day.
    content.extend(demand.received_at.map(|day| json!(day)));
    let content = Value::from(content);
    hex(digest(&SHA256, Zeroizing::new(content.to_string()).as_bytes()).as_ref())
}

/// A row on its way.
enum Going {
    Rejected(Rejected),
    SameAs(u64),
    Sent(Vec<String>, JoinHandle<Result<AcceptedView, ApiError>>),
}

/// Makes the requests, a few at a time, and tells what came of each row in the file's order. Ends early
/// when the deployment can't go on; the rows that were told stay as they are.
async fn send(
    api: &Arc<Api>,
    rows: Vec<Row>,
    summary: &mut Summary,
    mut tell: impl FnMut(u64, &Came, &[TakenOffAt]) -> Result<()>,
) -> Result<Option<Stopped>> {
    let mut rows = rows.into_iter();
    let mut going: VecDeque<(u64, Vec<TakenOffAt>, Going)> = VecDeque::new();
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut came_of: HashMap<u64, Came> = HashMap::new();
    loop {
        while going.len() < IN_FLIGHT
            && let Some(Row { line, demand, taken_off }) = rows.next()
        {
            going.push_back((line, taken_off, begin(api, line, demand, &mut lines)?));
        }
        let Some((line, taken_off, one)) = going.pop_front() else { return Ok(None) };
        let came = match one {
            Going::Rejected(rejected) => Came::Rejected(rejected),
            Going::SameAs(earlier) => same(earlier, came_of.get(&earlier)),
            Going::Sent(columns, answer) => match answer.await? {
                Ok(accepted) => {
                    summary.not_started += u32::from(!accepted.started);
                    came_of_it(&accepted)
                }
                Err(error) if error.is_of_the_deployment() => {
                    going.iter().for_each(|(_, _, one)| {
                        if let Going::Sent(_, answer) = one {
                            answer.abort();
                        }
                    });
                    return Ok(Some(Stopped { line, error }));
                }
                Err(error) => Came::Rejected(by_the_api(&error, &columns)),
            },
        };
        match &came {
            Came::Made(_) => summary.made += 1,
            Came::WasThere(_) => summary.were_there += 1,
            Came::WasClosed(WasClosed { repeated, .. }) => {
                summary.were_closed += 1;
                summary.repeated += u32::from(*repeated);
            }
            Came::Rejected(_) => summary.rejected += 1,
        }
        tell(line, &came, &taken_off)?;
        came_of.insert(line, came);
    }
}

fn came_of_it(accepted: &AcceptedView) -> Came {
    let request = &accepted.request;
    match (accepted.new, request.outcome, request.closed_at) {
        (true, ..) => Came::Made(request.id),
        (false, Some(outcome), Some(closed_at)) => Came::WasClosed(WasClosed {
            request: request.id,
            outcome,
            closed_at,
            repeated: accepted.repeated,
        }),
        (false, ..) => Came::WasThere(request.id),
    }
}

fn begin(
    api: &Arc<Api>,
    line: u64,
    demand: Result<Demand, Rejected>,
    lines: &mut HashMap<String, u64>,
) -> Result<Going> {
    let demand = match demand {
        Ok(demand) => demand,
        Err(rejected) => return Ok(Going::Rejected(rejected)),
    };
    if let Some(key) = &demand.key
        && let earlier = *lines.entry(key.clone()).or_insert(line)
        && earlier != line
    {
        return Ok(Going::SameAs(earlier));
    }
    let columns = demand.identifiers.iter().map(|one| one.kind().to_string()).collect();
    let call = Call::post("/requests", &demand)?.may_be_repeated();
    let api = Arc::clone(api);
    Ok(Going::Sent(columns, tokio::spawn(async move { api.call(call).await })))
}

/// What comes of a row that stands in the file before.
fn same(earlier: u64, came: Option<&Came>) -> Came {
    match came {
        Some(Came::Made(id) | Came::WasThere(id)) => Came::WasThere(*id),
        Some(Came::WasClosed(was)) => Came::WasClosed(*was),
        _ => Came::Rejected(Rejected {
            column: String::new(),
            reason: format!("it is the same as line {earlier}, which was rejected"),
        }),
    }
}

/// Why the API takes a row for none: its first objection, by the row's column.
fn by_the_api(error: &ApiError, identifiers: &[String]) -> Rejected {
    if let ApiError::Refused { details, .. } = error
        && let Some(Objection { name, what }) = details.first()
    {
        return Rejected { column: column_of(name, identifiers), reason: what.clone() };
    }
    Rejected { column: String::new(), reason: error.what() }
}

/// The column that a place in the body stands for: `identifiers[0].value` is the first identifier's.
fn column_of(place: &str, identifiers: &[String]) -> String {
    let Some(rest) = place.strip_prefix("identifiers") else {
        return place.split(['[', '.', '/']).next().unwrap_or_default().to_owned();
    };
    let number: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let named = number.parse::<usize>().ok().and_then(|index| identifiers.get(index));
    match (named, identifiers) {
        (Some(kind), _) => kind.clone(),
        (None, [only]) => only.clone(),
        (None, _) => String::new(),
    }
}

/// How a batch's progress is told: a bar on a terminal, else a line for each row.
enum Progress {
    Bar(ProgressBar),
    Lines(Out),
}

impl Progress {
    fn new(out: Out, rows: usize) -> Self {
        if out.json || !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
            return Progress::Lines(out);
        }
        let bar = ProgressBar::new(u64::try_from(rows).unwrap_or(u64::MAX));
        // A template of ours that did not parse would leave the default one.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos} of {len} rows, {eta} left") {
            bar.set_style(style);
        }
        Progress::Bar(bar)
    }

    fn tell(&mut self, line: u64, came: &Came, taken_off: &[TakenOffAt]) -> Result<()> {
        match self {
            Progress::Lines(out) if out.json => out.json_line(&came_json(line, came, taken_off)),
            Progress::Lines(out) => out.line(came_text(line, came, taken_off)),
            Progress::Bar(bar) => {
                if matches!(came, Came::Rejected(_) | Came::WasClosed(_)) || !taken_off.is_empty() {
                    bar.suspend(|| Out { json: false }.line(came_text(line, came, taken_off)))?;
                }
                bar.inc(1);
                Ok(())
            }
        }
    }

    fn finish(&self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn came_text(line: u64, came: &Came, taken_off: &[TakenOffAt]) -> String {
    let taken_off: String = taken_off.iter().map(|one| format!("; {}", words::taken_off(one))).collect();
    match came {
        Came::Made(id) => format!("line {line}: made, request {id}{taken_off}"),
        Came::WasThere(id) => format!("line {line}: was there, request {id}{taken_off}"),
        Came::WasClosed(WasClosed { request, outcome, closed_at, .. }) => format!(
            "line {line}: was there, closed on {} as {}, request {request}{taken_off}",
            utc(*closed_at),
            outcome.as_str()
        ),
        Came::Rejected(Rejected { column, reason }) => {
            let column = if column.is_empty() { String::new() } else { format!(", {column}") };
            format!("line {line}{column}: rejected: {}", reason.replace('\n', ";"))
        }
    }
}

fn came_json(line: u64, came: &Came, taken_off: &[TakenOffAt]) -> serde_json::Value {
    match came {
        Came::Made(id) => json!({"line": line, "result": "made", "request_id": id, "taken_off": taken_off}),
        Came::WasThere(id) => {
            json!({"line": line, "result": "was_there", "request_id": id, "taken_off": taken_off})
        }
        Came::WasClosed(WasClosed { request, outcome, closed_at, repeated }) => json!({
            "line": line,
            "result": "was_closed",
            "request_id": request,
            "outcome": outcome,
            "closed_at": closed_at,
            "repeated": repeated,
            "taken_off": taken_off,
        }),
        Came::Rejected(Rejected { column, reason }) => {
            let column = Some(column).filter(|column| !column.is_empty());
            json!({"line": line, "result": "rejected", "column": column, "reason": reason})
        }
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
