use super::for_tests::{defaults, known, read_rows};
use super::*;
use crate::batch::file::text_of;

#[test]
fn a_row_says_when_the_person_asked_and_else_the_command_line_does() {
    let text =
        "email;received_at\nann@example.com;2026-11-03\nbob@example.com;\ncleo@example.com;3.11.2026\n";
    let given = Defaults { received_at: Some(ReceivedAt::parse("2026-11-10").unwrap()), ..defaults() };
    let rows = rows(text, &known(), &given).unwrap();
    let days: Vec<String> = rows
        .iter()
        .map(|row| match &row.request {
            Ok(demand) => demand.received_at.unwrap().to_string(),
            Err(rejected) => rejected.column.clone(),
        })
        .collect();
    assert_eq!(days, ["2026-11-03", "2026-11-10", "received_at"]);
    let key = |day: Option<&str>| {
        let mut row = read_rows("email\nann@example.com\n").remove(0).request.unwrap();
        row.received_at = day.map(|day| ReceivedAt::parse(day).unwrap());
        key("people.csv", &row)
    };
    assert_ne!(key(Some("2026-11-03")), key(None));
    assert_ne!(key(Some("2026-11-03")), key(Some("2026-11-04")));
    // The same key as before rows could have a day, so an old file makes no second requests.
    assert_eq!(key(None), "8fdd65e99d02c91465f45c3e741358891848ce5e10527b5967cac0e8da01a9f5");
}

#[test]
fn a_wrong_header_is_refused_without_being_repeated() {
    for (text, says) in [
        ("canary@example.com\nbob@example.com\n", "column 1 of the header is unknown"),
        ("email,canary\na@example.com,b\n", "column 2 of the header is unknown"),
        ("email,member\na@example.com,b\n", "column 2 of the header is unknown"),
        ("email,email\n", "the column `email` twice"),
        ("email,\n", "column 2 of the header"),
        ("right,reference\nerasure,T-1\n", "no column that says who"),
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
    ] {
        let error = rows(text, &known(), &defaults()).map(|rows| rows.len()).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("canary"), "{text}: {error}");
        assert!(error.contains("email, phone (at least one of them)"), "{error}");
    }
    let without = Defaults { right: None, ..defaults() };
    let error = rows("email\na@example.com\n", &known(), &without).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("--right erasure"), "{error}");
    assert!(rows("email,right\na@example.com,access\n", &known(), &without).is_ok());
}

#[test]
fn a_file_of_a_spreadsheet_is_read_as_it_is_written() {
    let semicolons =
        "\u{feff}Email;Phone;Sources\r\nann@example.com;;main other\r\n;;\r\n\r\n;+32470000000;\r\n";
    let text = text_of(semicolons.as_bytes()).unwrap();
    let read = read_rows(&text);
    let lines: Vec<u64> = read.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 5]);
    let first = read[0].request.as_ref().unwrap();
    assert_eq!(first.sources.len(), 2);
    assert_eq!(read[1].request.as_ref().unwrap().identifiers[0].kind().as_str(), "phone");
    // Separators alone would widen the demand to every data source.
    for none in ["\";\"", "\"; ;\""] {
        let rows = read_rows(&format!("email,sources\nann@example.com,{none}\n"));
        let rejected = rows[0].request.as_ref().err().unwrap();
        assert!(rejected.reason.contains("names no data source"), "{none}: {}", rejected.reason);
    }
    let commas = read_rows("email,sources\nann@example.com,\"main;other\"\n");
    assert_eq!(commas[0].request.as_ref().unwrap().sources.len(), 2);
}

#[test]
fn no_cell_makes_a_dry_run_of_the_command_line_a_real_one() {
    let dry = Defaults { dry_run: true, ..defaults() };
    let read = rows("email,dry_run\na@example.com,false\n", &known(), &dry).unwrap();
    assert!(read[0].request.as_ref().unwrap().dry_run);
}

#[test]
fn the_key_is_the_rows_content_in_its_batch_and_nothing_else() {
    let key_of = |text: &str, batch: &str| {
        let defaults = Defaults { batch: batch.to_owned(), ..defaults() };
        let row = rows(text, &known(), &defaults).unwrap().remove(0);
        row.request.unwrap().key.unwrap()
    };
    let plain = key_of("email,phone\na@example.com,+32470000000\n", "may");
    assert_eq!(plain, key_of("phone;email;right\n+32470000000;a@example.com;erasure\n", "may"));
    for other in [
        key_of("email,phone\na@example.com,+32470000001\n", "may"),
        key_of("email,phone\na@example.com,+32470000000\n", "june"),
        key_of("email,phone,right\na@example.com,+32470000000,access\n", "may"),
        key_of("email,phone,dry_run\na@example.com,+32470000000,true\n", "may"),
        key_of("email,phone,reference\na@example.com,+32470000000,T-1\n", "may"),
        key_of("email,phone,sources\na@example.com,+32470000000,main\n", "may"),
    ] {
        assert_ne!(plain, other);
    }
    assert!(plain.len() == 64 && !plain.contains('@'));
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_named_with_its_line_and_no_row_is_read() {
    for (text, line) in [
        ("email\nann@example.com\n\"bob@example.com\ncleo@example.com\n", 3),
        ("email\n\n\"bob@example.com", 3),
        ("\"email\nann@example.com\n", 1),
        ("email;reference\nann@example.com;\"T-1\nbob@example.com;T-2\n", 2),
        // One that a later row's mark would close.
        ("email,reference\n\"ann@example.com,T-1\nbob@example.com,T-2\n\"cleo@example.com\",T-3\n", 2),
        ("email,reference\nT-1,\"ann@example.com\nbob@example.com\",T-2\n", 2),
        ("email\n\"ann@example.com\n\"\nbob@example.com\n", 2),
        ("email\n\"ann@example.com\"\"\nbob@example.com\n", 2),
        ("email\n\"\"\"\nbob@example.com\n", 2),
    ] {
        let error = rows(text, &known(), &defaults()).map(|_| ()).unwrap_err().to_string();
        let says = format!(
            "the quotation mark that opens on line {line} is not closed on that line, so nothing was sent"
        );
        assert!(error.starts_with(&says) && !error.contains("example"), "{text}: {error}");
    }
    for text in
        ["email\nann@example.com\n\"bob@example.com\"x\n", "email,phone\nann@example.com,\n\"bob,\"cleo\"\n"]
    {
        let error = rows(text, &known(), &defaults()).map(|_| ()).unwrap_err().to_string();
        assert!(
            error.starts_with("on line 3 a field continues after its closing quotation mark"),
            "{text}: {error}"
        );
    }
}

#[test]
fn quotation_marks_that_hide_no_line_are_read_as_they_are_meant() {
    let read = |text: &str| -> Vec<Result<String, Rejected>> {
        let read = read_rows(text);
        read.into_iter()
            .map(|row| row.request.map(|demand| demand.identifiers[0].expose().to_owned()))
            .collect()
    };
    let all = read(
        "\"email\",reference\n\"ann@example.com\" ,T-1\n \"bob@example.com\",T-2\no'cleo@example.com,\"T-3\"\n\"\"\"dan@example.com\"\"\",\n",
    );
    let all: Vec<String> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all, ["ann@example.com", "bob@example.com", "o'cleo@example.com", "dan@example.com"]);
    // A mark within a field is text, and takes no other row with it.
    let all = read("email\n \"ann@example.com\nb\"ob@example.com\ncleo@example.com\n");
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn every_line_has_a_row_of_its_own_or_nothing_is_read() {
    const CHARS: [char; 6] = ['a', '"', ',', ' ', '\'', '\n'];
    let (mut read, mut refused) = (0, 0);
    for length in 0..7 {
        for number in 0..CHARS.len().pow(length) {
            let body: String =
                (0..length).map(|place| CHARS[number / CHARS.len().pow(place) % CHARS.len()]).collect();
            let Ok(rows) = rows(&format!("email\n{body}"), &known(), &defaults()) else {
                refused += 1;
                continue;
            };
            read += 1;
            let told: Vec<u64> = rows.iter().map(|row| row.line).collect();
            for (line, text) in (2..).zip(body.lines()) {
                // Fields without a value make no row.
                let empty = text.chars().all(|c| " ,\"".contains(c));
                assert!(empty || told.contains(&line), "{body:?}: line {line} has no row of its own");
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}
