//! Tables for spreadsheets: RFC 4180 in UTF-8 with a byte order mark. An apostrophe precedes whatever a spreadsheet
//! could take for a formula.

use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;

/// The content type of a table.
pub(crate) const KIND: &str = "text/csv; charset=utf-8";

/// A table with these rows, the first of which has the columns' names.
///
/// # Errors
/// Never: rows of one length can be written.
pub(crate) fn table<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Result<Vec<u8>, Failure> {
    let unwritable = || Failure::of(Code::AnswerUnwritable);
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer("\u{feff}".as_bytes().to_vec());
    for row in rows {
        writer.write_record(row.map(neutral)).map_err(|_| unwritable())?;
    }
    writer.into_inner().map_err(|_| unwritable())
}

/// The text as a spreadsheet takes it for a text. This holds after a separator within a cell too: a spreadsheet set to
/// another language splits at semicolons and then ignores the quotes. To undo it, remove one apostrophe at the beginning of
/// the cell, and one after each separator.
fn neutral(text: String) -> String {
    let mut marked = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut is_first = true;
    loop {
        // Between two separators nothing is left out: the second one begins a cell of its own.
        let end = rest.find(SEPARATORS).map_or(rest.len(), |at| at + 1);
        let (cell, others) = rest.split_at(end);
        let begins_oddly = is_first && cell.starts_with(['\t', '\r', '\n']);
        if begins_oddly || cell.trim_start_matches(is_passed_over).starts_with(begins_formula) {
            marked.push('\'');
        }
        marked.push_str(cell);
        if others.is_empty() {
            return marked;
        }
        (rest, is_first) = (others, false);
    }
}

const SEPARATORS: [char; 4] = [';', '\t', '\n', '\r'];

fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\'')
}

/// Blanks and invisible characters: a spreadsheet may drop them before it looks for a formula.
fn is_passed_over(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_no_formula() {
        for (text, cell) in [
            ("crm enabled", "crm enabled"),
            ("say \"no\"; a, b", "say \"\"no\"\"; a, b"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" \u{a0}=1", "' \u{a0}=1"),
            ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("'quoted", "''quoted"),
            ("a=1", "a=1"),
            ("a; =1;b\n-1", "a;' =1;b\n'-1"),
            ("\u{200b}=1", "'\u{200b}=1"),
            ("", ""),
        ] {
            let written = table([["name".to_owned()], [text.to_owned()]].into_iter()).unwrap();
            let expected = format!("\u{feff}\"name\"\r\n\"{cell}\"\r\n");
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }
}
