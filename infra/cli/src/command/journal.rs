//! `rightful journal`.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::api::pages::first_items;
use crate::terminal::exit_code::OK;
use crate::terminal::format::utc;
use crate::terminal::output::Out;
use crate::words;
use anyhow::Result;
use rightful_domain::chain::journal::Entry;
use serde_json::json;

/// Shows the newest entries.
pub async fn show_journal(out: Out, deployment: &Deployment, limit: u32) -> Result<u8> {
    let entries: Vec<Entry> =
        first_items(&deployment.api, usize::try_from(limit)?, || Call::get("/journal")).await?;
    if out.json {
        out.value(&json!({"entries": entries}))?;
    } else if entries.is_empty() {
        out.line("nobody has set up anything yet")?;
    } else {
        out.line(entries_text(&entries))?;
    }
    Ok(OK)
}

fn entries_text(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.seq).max().unwrap_or(0).to_string().len();
    let line = |entry: &Entry| {
        format!(
            "{:>width$}  {}  {}, by {}",
            entry.seq,
            utc(entry.at),
            words::journal::act(&entry.act),
            entry.by
        )
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::actor::Actor;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::chain::act::Act;

    #[test]
    fn an_entry_says_who_did_what_and_when() {
        let by = Actor::parse("arn:aws:iam::111122223333:user/ann").unwrap();
        let source = SourceId::parse("main").unwrap();
        let entry = |seq, act| Entry { seq, at: fixtures::at("09:30:00"), by: by.clone(), act };
        let reason = Some("credentials_rejected".to_owned());
        let added = |source, target: Option<_>| Act::SourceAdded {
            source,
            connector: "qualifio".to_owned(),
            control: target.is_some(),
            target,
        };
        let entries = [
            entry(10, Act::SourceTested { source: source.clone(), reason }),
            entry(9, added(source.clone(), Some(fixtures::target()))),
            entry(8, added(source, None)),
        ];
        insta::assert_snapshot!(entries_text(&entries), @r"
        10  2026-11-21 09:30:00 UTC  source_tested: main (credentials_rejected: the vendor doesn't accept the token), by arn:aws:iam::111122223333:user/ann
         9  2026-11-21 09:30:00 UTC  source_added: main (qualifio: base_url https://api.qualif.io, client_id 2449), with a control, by arn:aws:iam::111122223333:user/ann
         8  2026-11-21 09:30:00 UTC  source_added: main (qualifio), by arn:aws:iam::111122223333:user/ann
        ");
    }
}
