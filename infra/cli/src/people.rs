//! What an operator sees of a person: which records were found, who they show, why somebody decided as they
//! did. It is personal data: on a terminal, or where that is asked for by name.

use crate::api::{Call, told_api};
use crate::deployment::Deployment;
use crate::output::{OK, Out, count, lines, table, usage, utc};
use crate::{source, words};
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::comparison::{ComparedRecord, ComparisonView, RecordStanding};
use rightful_domain::view::acts::{ReasonView, ReasonsView, RecordsView};
use serde_json::json;
use std::io::IsTerminal as _;

/// How many records the API gives at a time.
const PAGE: u32 = 100;

/// Refuses to print where nobody may be looking.
fn to_be_printed(what: &str, print: bool) -> Result<()> {
    // A test looks at nothing.
    if print || !cfg!(test) && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(usage(
        format!("{what} personal data, and standard output is no terminal"),
        "run it on a terminal; or add --print, and keep what it prints no longer than it is needed",
    ))
}

/// Shows which records were found.
pub async fn records(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    source: &str,
    print: bool,
) -> Result<u8> {
    let source = source::id(source)?;
    to_be_printed("which records were found is", print)?;
    let mut all: Option<RecordsView> = None;
    let mut from = 0;
    loop {
        let body = json!({"source": source, "from": from, "limit": PAGE});
        // It reads; that it was shown is recorded each time.
        let call = Call::post(format!("/requests/{id}/records"), &body)?.may_be_repeated();
        let page: RecordsView = deployment.api.call(call).await.map_err(told_api)?;
        let next = page.next;
        match &mut all {
            // It was searched again in between: what came before is no part of this.
            Some(known) if known.digest == page.digest => known.records.extend(page.records),
            _ if from > 0 => {
                (all, from) = (None, 0);
                continue;
            }
            _ => all = Some(page),
        }
        match next {
            Some(next) if next > from => from = next,
            _ => break,
        }
    }
    let Some(all) = all else { return Ok(OK) };
    if out.json {
        out.value(&all)?;
        return Ok(OK);
    }
    out.line(format_args!("{}: {}", all.source, count(all.all, "record", "records")))?;
    for record in &all.records {
        out.line(format_args!("  {}", plain(record.expose())))?;
    }
    if let Some(digest) = &all.digest {
        out.line(format_args!("exactly these have the digest {}", digest.mac))?;
    }
    Ok(OK)
}

/// Shows what the vendor gives now, with the fields that tell who it is. Each page is a search of the
/// vendor.
pub async fn who(out: Out, deployment: &Deployment, id: RequestId, source: &str, print: bool) -> Result<u8> {
    let source = source::id(source)?;
    to_be_printed("who the records show is", print)?;
    let page = async |from: u32| -> Result<ComparisonView> {
        let body = json!({"source": source, "from": from, "limit": PAGE});
        // Never repeated by itself: each call asks the vendor.
        let call = Call::post(format!("/requests/{id}/compare"), &body)?;
        deployment.api.call(call).await.map_err(told_api)
    };
    let mut all = page(0).await?;
    let mut changed = false;
    while let Some(next) = all.next.take() {
        let more = page(next).await?;
        changed |= more.all != all.all || more.digest != all.digest;
        all.records.extend(more.records);
        all.next = more.next.filter(|further| *further > next);
    }
    if out.json {
        out.value(&all)?;
    } else {
        out.line(comparison(&all))?;
    }
    if changed {
        return Err(crate::output::told(
            "the records changed while they were shown, page by page",
            "run it again for one whole view",
        ));
    }
    Ok(OK)
}

/// Where a record stands, as a reviewer reads it.
fn standing(record: &ComparedRecord) -> &'static str {
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

fn comparison(view: &ComparisonView) -> String {
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
        let by = words::kinds(&record.found_by);
        rows.add_row([
            record.id.as_ref().map_or("-".to_owned(), |id| plain(id.expose())),
            if by.is_empty() { "-".to_owned() } else { by },
            standing(record).to_owned(),
            if fields.is_empty() { "-".to_owned() } else { fields.join("\n") },
        ]);
    }
    if !view.records.is_empty() {
        text.push(lines(&rows));
    }
    text.push(match &view.digest {
        Some(digest) => format!("those found, and gone since the search, have the digest {}", digest.mac),
        None => "nothing was found before: a decision is on nothing".to_owned(),
    });
    text.join("\n")
}

/// Shows why persons decided as they did.
pub async fn reasons(out: Out, deployment: &Deployment, id: RequestId, print: bool) -> Result<u8> {
    to_be_printed("why somebody decided so may be", print)?;
    // It reads; that it was read is recorded each time.
    let call = Call::post(format!("/requests/{id}/reasons"), &json!({}))?.may_be_repeated();
    let all: ReasonsView = deployment.api.call(call).await.map_err(told_api)?;
    if out.json {
        out.value(&all)?;
    } else if all.items.is_empty() {
        out.line("no person has decided on this request")?;
    } else {
        out.line(all.items.iter().map(reason).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(OK)
}

fn reason(one: &ReasonView) -> String {
    let verdict = words::verdict(one.verdict);
    format!("{}: {verdict}, by {} at {}\n  {}", one.source, one.by, utc(one.at), plain(&one.reason))
}

/// A text from elsewhere, without what a terminal would take for more than text.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::documents::comparison::FieldView;
    use rightful_domain::vendor::record::RecordId;

    #[test]
    fn a_record_id_can_not_steer_the_terminal() {
        assert_eq!(plain("12\u{1b}[31m3\n"), "12[31m3");
    }

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
        let text = comparison(&view);
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
