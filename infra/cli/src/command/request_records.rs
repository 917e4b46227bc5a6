//! `rightful request records`: which records were found, and who they show. They are personal data, printed
//! only on a terminal or with `--print`.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::show;
use crate::terminal::error::{command_error, usage_error};
use crate::terminal::exit_code::OK;
use crate::terminal::format::{count, plain};
use crate::terminal::output::Out;
use crate::values::source::source_id;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::view::acts::RecordsView;
use serde_json::json;
use std::io::IsTerminal as _;

/// The number of records that the API gives at a time.
const PAGE: u32 = 100;

/// Refuses to print personal data where nobody may be looking. `what` begins the sentence.
pub fn check_may_print(what: &str, print: bool) -> Result<()> {
    // In a test nobody is looking.
    if print || !cfg!(test) && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(usage_error(
        format!("{what} personal data, and standard output is no terminal"),
        "run it on a terminal; or add --print, and delete the output as soon as it isn't needed",
    ))
}

/// Shows which records were found.
pub async fn show_records(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    source: &str,
    print: bool,
) -> Result<u8> {
    let source = source_id(source)?;
    check_may_print("the ids of records are", print)?;
    let mut all: Option<RecordsView> = None;
    let mut from = 0;
    loop {
        let body = json!({"source": source, "from": from, "limit": PAGE});
        // The call only reads; the deployment records each showing.
        let call = Call::post(format!("/requests/{id}/records"), &body)?.may_be_repeated();
        let page: RecordsView = deployment.api.call(call).await?;
        let next = page.next;
        match &mut all {
            Some(known) if known.digest == page.digest => known.records.extend(page.records),
            // It was searched again in between, so the earlier pages don't belong to this one.
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

/// Shows the records that the vendor gives now, with the fields that tell who they are about. Each page is
/// a search at the vendor.
pub async fn show_who(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    source: &str,
    print: bool,
) -> Result<u8> {
    let source = source_id(source)?;
    check_may_print("the fields of records are", print)?;
    let page = async |from: u32| -> Result<ComparisonView> {
        let body = json!({"source": source, "from": from, "limit": PAGE});
        // Never repeated automatically, because each call asks the vendor.
        let call = Call::post(format!("/requests/{id}/compare"), &body)?;
        Ok(deployment.api.call(call).await?)
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
        out.line(show::comparison::text(&all))?;
    }
    if changed {
        return Err(command_error(
            "the records changed while they were read, page by page",
            "run it again for one consistent view",
        ));
    }
    Ok(OK)
}
