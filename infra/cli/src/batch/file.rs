//! The text of a CSV file.

use crate::terminal::error::command_error;
use crate::terminal::format::io_error;
use anyhow::Result;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The size of the largest file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads a file of UTF-8 text.
pub fn read(file: &Path) -> Result<Zeroizing<String>> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| {
        command_error(format!("the file {shown} can't be read ({})", io_error(&error)), "check the path")
    };
    let mut bytes = Zeroizing::new(Vec::new());
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(command_error(
            format!("the file {shown} is larger than 64 MiB"),
            "split it into several files",
        ));
    }
    text_of(&bytes).map_err(|line| {
        command_error(
            format!("the file {shown} is not UTF-8 text from line {line} on"),
            "save it as CSV in UTF-8 (in a spreadsheet: `CSV UTF-8`)",
        )
    })
}

/// The text without its byte order mark, or the first line that is not text.
pub fn text_of(bytes: &[u8]) -> Result<Zeroizing<String>, usize> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line = |good: &[u8]| 1 + good.iter().filter(|byte| **byte == b'\n').count();
    match std::str::from_utf8(bytes) {
        // Plain text in UTF-16 is valid UTF-8 with a NUL as every second character.
        Ok(text) => match text.find('\0') {
            Some(place) => Err(line(&bytes[..place])),
            // With one kind of line break, lines are counted as an editor counts them.
            None => Ok(Zeroizing::new(Zeroizing::new(text.replace("\r\n", "\n")).replace('\r', "\n"))),
        },
        Err(error) => Err(line(&bytes[..error.valid_up_to()])),
    }
}

/// `;` if the header has one, as spreadsheets write it in many countries; else `,`.
pub fn delimiter(text: &str) -> char {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if header.contains(';') { ';' } else { ',' }
}

/// Refuses a file with a quotation mark that doesn't close on its own line. No column holds more than one
/// line, and an open quotation mark would turn everything after it into one field of one rejected row.
pub fn check_quotes(text: &str, delimiter: char) -> Result<()> {
    for (number, line) in (1..).zip(text.lines()) {
        let mut rest = Some(line);
        while let Some(field) = rest {
            let behind = match field.strip_prefix('"').map(after_quoted) {
                None => field,
                Some(Some(behind)) if behind.split(delimiter).next().is_none_or(is_blank) => behind,
                Some(Some(_)) => {
                    return Err(command_error(
                        format!(
                            "on line {number} a field continues after its closing quotation mark, so nothing was sent"
                        ),
                        "close the field at its end, and double every quotation mark within it",
                    ));
                }
                Some(None) => {
                    return Err(command_error(
                        format!(
                            "the quotation mark that opens on line {number} is not closed on that line, so nothing was sent"
                        ),
                        "close it or remove it, then run the same command again",
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

/// The text after the quotation mark that closes a field; within the field, quotation marks are doubled.
fn after_quoted(inside: &str) -> Option<&str> {
    let mut rest = inside;
    loop {
        let (_, behind) = rest.split_once('"')?;
        match behind.strip_prefix('"') {
            Some(more) => rest = more,
            None => return Some(behind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_utf_8_is_refused_with_its_line() {
        assert_eq!(text_of(b"email\nann@example.com\nj\xf6rg@example.com\n").unwrap_err(), 3);
        let utf_16: Vec<u8> = "email\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text_of(&utf_16).unwrap_err(), 1);
        assert_eq!(text_of(&[b"\xff\xfe".as_slice(), &utf_16].concat()).unwrap_err(), 1);
    }
}
