//! `records.csv`: RFC 4180 in UTF-8 with a byte order mark, so that a spreadsheet reads it correctly and
//! runs nothing in it.
//!
//! It follows OWASP's advice on CSV injection: every cell is quoted, and an apostrophe precedes whatever a
//! spreadsheet could take for a formula. This holds after a separator within a cell too, because a spreadsheet
//! set to another language splits at semicolons and then ignores the quotes. To undo it, remove one apostrophe
//! at the beginning of a cell, and one after each semicolon, tab and line break.

use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The column of records without fields.
const WHOLE: &str = "value";

/// The last column: the fields that have no column of their own.
const OTHERS: &str = "other fields";

/// The most columns of a table, and the most bytes of their names together. Each row has a cell for every
/// column, and a spreadsheet takes no more of them.
const MOST_COLUMNS: usize = 1000;
const MOST_NAMES_BYTES: usize = 256 * 1024;

/// The columns of a table: one for each field that any of the records has, by name.
#[derive(Debug, Default)]
pub struct Columns {
    names: BTreeSet<String>,
    bytes: usize,
    others: bool,
}

impl Columns {
    /// Adds a column for each field of the record, as long as there is room.
    pub fn see(&mut self, record: &Value) {
        for name in names(record) {
            if self.names.contains(name) {
                continue;
            }
            let bytes = self.bytes + name.len();
            if self.names.len() < MOST_COLUMNS && bytes <= MOST_NAMES_BYTES {
                self.names.insert(name.to_owned());
                self.bytes = bytes;
            } else {
                self.others = true;
            }
        }
    }

    /// Writes the byte order mark and the row of names.
    pub fn head(&self, mut out: impl Write) -> Result<(), csv::Error> {
        out.write_all(BYTE_ORDER_MARK)?;
        if self.names.is_empty() && !self.others {
            return Ok(());
        }
        let names = self.names.iter().map(|name| neutral(name).into_owned());
        line(out, names.chain(self.others.then(|| OTHERS.to_owned())))
    }

    /// Writes the row of a record that was seen before.
    pub fn row(&self, record: &Value, out: impl Write) -> Result<(), csv::Error> {
        let cells = self.names.iter().map(|name| cell(record, name));
        line(out, cells.chain(self.others.then(|| self.others_of(record))))
    }

    fn others_of(&self, record: &Value) -> String {
        let others: serde_json::Map<_, _> = record
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| !self.names.contains(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if others.is_empty() { String::new() } else { text(&Value::Object(others)) }
    }
}

fn line(out: impl Write, cells: impl Iterator<Item = String>) -> Result<(), csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(out);
    writer.write_record(cells.map(String::into_bytes))?;
    writer.flush().map_err(csv::Error::from)
}

fn names(record: &Value) -> Vec<&str> {
    match record.as_object().filter(|fields| !fields.is_empty()) {
        Some(fields) => fields.keys().map(String::as_str).collect(),
        None => vec![WHOLE],
    }
}

fn cell(record: &Value, column: &str) -> String {
    match record.as_object().filter(|fields| !fields.is_empty()) {
        Some(fields) => fields.get(column).map(text).unwrap_or_default(),
        None if column == WHOLE => text(record),
        None => String::new(),
    }
}

fn text(value: &Value) -> String {
    let plain = match value {
        Value::Null => Cow::default(),
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    neutral(&plain).into_owned()
}

/// The text with an apostrophe added wherever a formula could begin. An apostrophe of its own in such a place
/// gets a second one.
fn neutral(text: &str) -> Cow<'_, str> {
    let marks: Vec<usize> = starts(text).filter(|&start| needs_mark(text, start)).collect();
    if marks.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut marked = String::with_capacity(text.len() + marks.len());
    let mut from = 0;
    for mark in marks {
        marked.push_str(&text[from..mark]);
        marked.push('\'');
        from = mark;
    }
    marked.push_str(&text[from..]);
    Cow::Owned(marked)
}

/// Where a cell may begin in the text: at its start, and after whatever may be taken for a separator.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    std::iter::once(0)
        .chain(text.match_indices(is_separator).map(|(index, separator)| index + separator.len()))
}

fn is_separator(c: char) -> bool {
    matches!(c, ';' | '\t' | '\n' | '\r')
}

fn needs_mark(text: &str, start: usize) -> bool {
    let rest = &text[start..];
    // After a separator, another separator is a start of its own.
    let passed = |c: char| is_passed_over(c) && (start == 0 || !is_separator(c));
    rest.starts_with('\'')
        || (start == 0 && rest.starts_with(['\t', '\r', '\n']))
        || rest.trim_start_matches(passed).starts_with(begins_formula)
}

fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
}

/// Blanks and invisible characters: a spreadsheet may drop them before it looks for a formula.
fn is_passed_over(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, json};
    use std::collections::BTreeMap;

    fn table(records: impl IntoIterator<Item = Value>) -> String {
        let records: Vec<Value> = records.into_iter().collect();
        let (mut columns, mut bytes) = (Columns::default(), Vec::new());
        records.iter().for_each(|record| columns.see(record));
        columns.head(&mut bytes).unwrap();
        records.iter().for_each(|record| columns.row(record, &mut bytes).unwrap());
        String::from_utf8(bytes).unwrap()
    }

    /// The reader's steps in README.txt.
    fn undone(cell: &str) -> String {
        let mut text = String::new();
        let mut begins = true;
        for c in cell.chars() {
            if !(begins && c == '\'') {
                text.push(c);
            }
            begins = is_separator(c);
        }
        text
    }

    /// The rows by the exact names of their columns.
    fn read_back(table: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader =
            csv::ReaderBuilder::new().from_reader(table.strip_prefix('\u{feff}').unwrap().as_bytes());
        let columns: Vec<String> = reader.headers().unwrap().iter().map(undone).collect();
        let rows = reader.records().map(|row| row.unwrap());
        rows.map(|row| columns.iter().cloned().zip(row.iter().map(undone)).collect()).collect()
    }

    fn cells(table: &str) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(table.strip_prefix('\u{feff}').unwrap().as_bytes());
        reader.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn the_table_has_every_field_of_any_record_and_ends_its_lines_as_rfc_4180_says() {
        let table = table([json!({"b": 1, "a": "x"}), json!({"c": {"d": [true, null]}, "a": null})]);
        assert_eq!(
            table,
            "\u{feff}\"a\",\"b\",\"c\"\r\n\"x\",\"1\",\"\"\r\n\"\",\"\",\"{\"\"d\"\":[true,null]}\"\r\n"
        );
    }

    #[test]
    fn fields_beyond_the_last_column_share_one() {
        let record = |from: usize| {
            let fields = (from..from + 700).map(|n| (format!("f{n:05}"), Value::from(n)));
            Value::Object(fields.collect())
        };
        let table = table([record(0), record(700), json!("whole")]);
        let rows = read_back(&table);
        assert_eq!((rows[0].len(), rows.len()), (MOST_COLUMNS + 1, 3));
        assert_eq!((rows[0]["f00699"].as_str(), rows[0][OTHERS].as_str()), ("699", ""));
        let others: Value = serde_json::from_str(&rows[1][OTHERS]).unwrap();
        assert_eq!((others.as_object().unwrap().len(), &others["f01399"]), (400, &json!(1399)));
        let long = |n: usize| (format!("{n}{}", "x".repeat(MOST_NAMES_BYTES / 2)), Value::from(n));
        let many = table_of_names((0..9).map(long).collect());
        assert!(many.len() < 3 * MOST_NAMES_BYTES, "{}", many.len());
    }

    /// The first line of a table of one record.
    fn table_of_names(record: Map<String, Value>) -> String {
        table([Value::Object(record)]).lines().next().unwrap().to_owned()
    }

    #[test]
    fn what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe() {
        for (plain, shown) in [
            ("=1+1", "'=1+1"),
            ("+32 2 555 01 01", "'+32 2 555 01 01"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r\n=1", "'\r\n'=1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠A1", "'＠A1"),
            ("  =1", "'  =1"),
            ("\u{feff}\u{200b}=1", "'\u{feff}\u{200b}=1"),
            ("\0=1", "'\0=1"),
            ("'=1", "''=1"),
            ("'quoted'", "''quoted'"),
            ("a;=1", "a;'=1"),
            ("a; -1", "a;' -1"),
            ("one\n- two\n\nthree", "one\n'- two\n\nthree"),
        ] {
            assert_eq!(neutral(plain), shown, "{plain:?}");
            assert_eq!(undone(shown), plain, "{plain:?}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for plain in
            ["", "5", "1-2", "joao@example.com", "a=b", "a; b", "O'Hara", "Zoë \"Z\" Test", "two\nlines"]
        {
            assert!(matches!(neutral(plain), Cow::Borrowed(_)), "{plain:?}");
        }
    }

    #[test]
    fn a_negative_number_is_marked_and_a_positive_one_is_not() {
        assert_eq!(table([json!({"n": -5})]), "\u{feff}\"n\"\r\n\"'-5\"\r\n");
        assert_eq!(table([json!({"n": 5.5})]), "\u{feff}\"n\"\r\n\"5.5\"\r\n");
    }

    #[test]
    fn a_columns_name_is_untrusted_text_too() {
        assert_eq!(table([json!({"=cmd|' /C calc'!A0": 1})]), "\u{feff}\"'=cmd|' /C calc'!A0\"\r\n\"1\"\r\n");
    }

    #[test]
    fn a_record_without_fields_is_still_a_row() {
        assert_eq!(
            table([json!({}), json!("text"), json!({"a": 1})]),
            "\u{feff}\"a\",\"value\"\r\n\"\",\"{}\"\r\n\"\",\"text\"\r\n\"1\",\"\"\r\n"
        );
    }

    #[test]
    fn without_records_the_table_is_empty() {
        assert_eq!(table([]), "\u{feff}");
    }

    /// Untrusted text, in which every character that matters here is drawn often.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[-=+@＝＋－＠'\"; ,\t\r\n\u{feff}\u{200b}\0a]{0,8}",
            "\\PC{0,12}",
            any::<String>().prop_map(|text| text.chars().take(12).collect()),
        ]
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
            any_text().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any_text(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn any_record() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map(any_text(), any_json(), 1..5)
            .prop_map(|fields| fields.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_record_survives_being_read_back_and_no_cell_begins_a_formula(
            drawn in prop::collection::vec(any_record(), 1..5),
        ) {
            let table = table(drawn.iter().cloned().map(Value::Object));
            for cell in cells(&table) {
                for piece in cell.split([';', '\t', '\n', '\r']) {
                    let first = piece.trim().trim_start_matches(['\u{feff}', '\u{200b}', '\0', ' ']).chars().next();
                    prop_assert!(!first.is_some_and(|c| "=+-@＝＋－＠".contains(c)), "{:?}", cell);
                }
                prop_assert!(!cell.starts_with(['\t', '\r', '\n']), "{:?}", cell);
            }
            let rows = read_back(&table);
            prop_assert_eq!(rows.len(), drawn.len());
            for (row, record) in rows.iter().zip(&drawn) {
                for (name, shown) in row {
                    match record.get(name) {
                        None | Some(Value::Null) => prop_assert_eq!(shown, ""),
                        Some(Value::String(text)) => prop_assert_eq!(shown, text),
                        Some(other) => prop_assert_eq!(&serde_json::from_str::<Value>(shown).unwrap(), other),
                    }
                }
                prop_assert!(record.keys().all(|name| row.contains_key(name)));
            }
        }
    }
}
