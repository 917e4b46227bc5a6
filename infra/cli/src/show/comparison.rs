//! The records that a vendor shows now, compared with those that were found.

use crate::terminal::format::{count, plain};
use crate::terminal::rows::{table, table_text};
use crate::words;
use rightful_domain::documents::comparison::{ComparedRecord, ComparisonView, RecordStanding};

/// A row for each record, with what found it and the fields that tell who it is.
pub fn text(view: &ComparisonView) -> String {
    let mut text = vec![format!(
        "{}: {}, as the vendor shows them now",
        view.source,
        count(view.all, "record", "records")
    )];
    let mut rows = table(["RECORD", "FOUND BY", "STATUS", "WHO IT SHOWS"]);
    for record in &view.records {
        let fields: Vec<String> = record
            .fields
            .iter()
            .map(|field| format!("{}: {}", plain(&field.name), plain(&field.text)))
            .collect();
        rows.add_row([
            or_dash(record.id.as_ref().map(|id| plain(id.expose())).unwrap_or_default()),
            or_dash(words::identifier::kinds(&record.found_by)),
            status(record).to_owned(),
            or_dash(fields.join("\n")),
        ]);
    }
    if !view.records.is_empty() {
        text.push(table_text(&rows));
    }
    text.push(match &view.digest {
        Some(digest) => {
            format!("the records found and those gone since the search have the digest {}", digest.mac)
        }
        None => "the search found nothing: a decision is on nothing".to_owned(),
    });
    text.join("\n")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// A record's standing, as a reviewer reads it.
fn status(record: &ComparedRecord) -> &'static str {
    match (record.standing, record.marked, record.doubtful) {
        (RecordStanding::Covered, true, _) => "found; shows ANOTHER identifier",
        (RecordStanding::Covered, false, _) => "found",
        (RecordStanding::New, true, _) => "new since the search; shows ANOTHER identifier",
        (RecordStanding::New, false, _) => "new since the search",
        (RecordStanding::Gone, ..) => "gone since the search",
        (RecordStanding::SetAside, _, true) => "set aside, and MAY BE THE PERSON'S",
        (RecordStanding::SetAside, _, false) => "set aside",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::documents::comparison::FieldView;
    use rightful_domain::vendor::record::RecordId;

    #[test]
    fn each_record_stands_beside_what_found_it_and_what_is_wrong_with_it_is_said() {
        let phone = || vec![IdentifierKind::parse("phone").unwrap()];
        let record =
            |id: Option<&str>, marked: bool, doubtful: bool, standing: RecordStanding| ComparedRecord {
                id: id.map(RecordId::new),
                found_by: if standing == RecordStanding::Gone { Vec::new() } else { phone() },
                fields: match standing {
                    RecordStanding::Gone => Vec::new(),
                    _ => vec![
                        FieldView { name: "email".to_owned(), text: "bob@example.com".to_owned() },
                        FieldView { name: "name".to_owned(), text: "Bob\u{1b}[2J".to_owned() },
                    ],
                },
                marked,
                doubtful,
                standing,
            };
        let view = ComparisonView {
            source: SourceId::parse("main").unwrap(),
            records: vec![
                record(Some("c-1"), true, false, RecordStanding::Covered),
                record(None, false, true, RecordStanding::SetAside),
                record(Some("c-2"), false, false, RecordStanding::New),
                record(Some("c-3"), false, false, RecordStanding::Gone),
            ],
            all: 4,
            digest: None,
            next: None,
        };
        let text = super::text(&view);
        let line = |id: &str| text.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
        for (id, by, stands) in [
            ("c-1", "phone", "found; shows ANOTHER identifier"),
            ("-", "phone", "set aside, and MAY BE THE PERSON'S"),
            ("c-2", "phone", "new since the search"),
            ("c-3", "-", "gone since the search"),
        ] {
            let line = line(id);
            assert!(line.contains(by) && line.contains(stands), "{line}");
        }
        assert!(line("c-1").contains("email: bob@example.com") && text.contains("name: Bob[2J"), "{text}");
        assert!(text.starts_with("main: 4 records") && !text.contains('\u{1b}'), "{text}");
    }
}
