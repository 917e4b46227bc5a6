//! Packs a copy of some megabytes, to measure its memory and processor time: `pack MEGABYTES [whole]`.
//!
//! It works as `close` does, without S3: it seals and opens records piece by piece, packs them, and hands the
//! file on in pieces of an upload's size. With `whole` it holds all records and the whole file instead, as a
//! packer that can't stream would. `tests/bench/bench.py` runs both and compares them.

use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::seal::DataKey;
use rightful_domain::base::time::Time;
use rightful_domain::documents::copy::{Contents, SourceCopy};
use rightful_domain::documents::part::{Header, PartReader, PartWriter, Piece, records};
use rightful_domain::model::task::Outcome;
use rightful_domain::ports::copies::{Packing as _, Packs as _};
use rightful_domain::vendor::record::{RecordCopy, RecordId};
use rightful_package::Packer;
use serde_json::json;
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

/// About the size of a record's JSON.
const RECORD_BYTES: usize = 2000;
/// The smallest part of an upload that S3 takes.
const UPLOAD_BYTES: usize = 5 * 1024 * 1024;

/// A record of an invented person, as a vendor's API shows one.
fn record(n: u32) -> RecordCopy {
    let word = |seed: u32| format!("{:08x}", seed.wrapping_mul(2_654_435_761).rotate_left(7));
    let answers: Vec<_> = (0..40)
        .map(|at| json!({"question": format!("question {at}"), "answer": word(n.wrapping_mul(64) + at)}))
        .collect();
    let content = json!({
        "id": n, "email": "ann@example.com", "firstName": "Ann", "campaign": word(n), "answers": answers,
        "createdAt": "2026-11-21T09:30:00Z", "optin": n.is_multiple_of(2), "phone": null,
    });
    RecordCopy { id: RecordId::new(n.to_string()), content }
}

/// Seals each record, opens it again and gives it to `take`.
fn fetched(
    key: &DataKey,
    count: u32,
    mut take: impl FnMut(RecordCopy) -> Result<(), Error>,
) -> Result<(), Error> {
    let header = Header { title: "Vendor".to_owned(), export: None };
    let (mut writer, ready) = PartWriter::begin(key, "bench", &header)?;
    let mut reader = PartReader::new(key, "bench");
    reader.feed(&ready);
    let mut arrived = |reader: &mut PartReader<'_>| -> Result<(), Error> {
        while let Some(piece) = reader.next_piece()? {
            if let Piece::Records(text) = piece {
                for record in records(&text) {
                    take(record?)?;
                }
            }
        }
        Ok(())
    };
    for n in 0..count {
        let ready = writer.take(&record(n))?;
        if !ready.is_empty() {
            reader.feed(&ready);
            arrived(&mut reader)?;
        }
    }
    reader.feed(&writer.end()?);
    arrived(&mut reader)
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let megabytes: usize = arguments.next().ok_or("how many megabytes?")?.parse()?;
    let whole = arguments.next().as_deref() == Some("whole");
    let count = u32::try_from(megabytes * 1_000_000 / RECORD_BYTES)?;
    let key = DataKey::new(&[7; 32]).ok_or("no key")?;
    let made_at = Time::parse("2026-11-24T08:15:30Z")?;
    let source = SourceCopy {
        source: SourceId::parse("main")?,
        title: "Vendor".to_owned(),
        outcome: Outcome::Copied,
        reason: None,
        records: count,
        decided: count,
        appeared: 0,
        may_be_part: false,
        export: None,
    };
    let began = Instant::now();
    let mut packing = Packer.begin(Contents {
        request: RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001")?,
        stage: "bench".to_owned(),
        sandbox: true,
        received_at: made_at,
        made_at,
        identifiers: Vec::new(),
        sources: vec![source],
    })?;
    let mut held = Vec::new();
    if whole {
        fetched(&key, count, |record| {
            held.push(record);
            Ok(())
        })?;
    }
    let (mut upload, mut file) = (Vec::new(), 0);
    while packing.wants().is_some() {
        let mut pack = |record: &RecordCopy| -> Result<(), Error> {
            packing.take(record)?;
            upload.extend(packing.ready());
            if upload.len() >= UPLOAD_BYTES && !whole {
                file += upload.len();
                upload.clear();
            }
            Ok(())
        };
        if whole {
            held.iter().try_for_each(&mut pack)?;
        } else {
            fetched(&key, count, |record| pack(&record))?;
        }
        packing.end()?;
    }
    upload.extend(packing.finish()?);
    file += upload.len();
    let told = json!({"records": count, "file": file, "seconds": began.elapsed().as_secs_f64()});
    // This is the benchmark's own output.
    #[allow(clippy::print_stdout, reason = "a program for the terminal")]
    {
        println!("{told}");
    }
    Ok(())
}
