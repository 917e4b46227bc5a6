//! Packs the person's copy from the parts of all data sources.

use crate::base::canonical::hex;
use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::{RequestId, SourceId};
use crate::base::seal::DataKey;
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::documents::copy::{Contents, SourceCopy};
use crate::documents::part::{self, PartError, PartId, PartReader, Piece};
use crate::life::step;
use crate::life::{Life, LifeEvent};
use crate::model::package::Package;
use crate::model::request::Request;
use crate::model::task::{Outcome, Task};
use crate::operations::close::closing::{After, Close, days};
use crate::operations::load::{rules_of_run, terms};
use crate::operations::open::AROUND_A_CALL;
use crate::operations::save::facts_of;
use crate::operations::sealing::{key_of, open_all_identifiers, part_context};
use crate::ports::clock::Clock;
use crate::ports::copies::{CopyPackages, Download, Packing, Packs, Receipts, Signer, Upload};
use crate::ports::keys::{Forgets, Keys};
use crate::ports::store::{Change, CommitError, Reads, Row, Writes};
use crate::ports::tickets::Tickets;
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;

/// A part that existed a moment ago is gone: the next try finds out why.
const PART_GONE: Failure = Failure::of(Code::CopyPartChanged);

/// One call of the function is too short to pack the copy.
const OUT_OF_TIME: Failure = Failure::of(Code::CopyOutOfTime);

/// An upload, with its size and its digest so far.
struct Counted<U> {
    upload: U,
    bytes: u64,
    digest: Context,
}

impl<U: Upload> Counted<U> {
    fn new(upload: U) -> Self {
        Self { upload, bytes: 0, digest: Context::new(&SHA256) }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.digest.update(bytes);
        self.upload.write(bytes).await
    }

    /// Finishes the file if all was written; otherwise removes it. Returns its size, and its SHA-256 in hex.
    async fn end(self, written: Result<(), Failure>) -> Result<(u64, String), Failure> {
        match written {
            Ok(()) => self.upload.finish().await?,
            Err(failure) => {
                self.upload.abort().await;
                return Err(failure);
            }
        }
        Ok((self.bytes, hex(self.digest.finish().as_ref())))
    }
}

impl<S, K, F, G, R, P, Z, T, C> Close<'_, S, K, F, G, R, P, Z, T, C>
where
    S: Reads + Writes,
    K: Keys,
    F: Forgets,
    G: Signer,
    R: Receipts,
    P: CopyPackages,
    Z: Packs,
    T: Tickets,
    C: Clock,
{
    /// Packs the person's copy from all data sources. Reads, packs and stores it piece by piece, so that no
    /// more than a few pieces are in memory, whatever its size. The same rows and parts make the same file, so
    /// a repetition after a crash writes it again.
    pub(super) async fn pack(
        &self,
        mut request: Request,
        tasks: Vec<Task>,
        until: Time,
    ) -> Result<After, CommitError> {
        let id = request.id;
        let key = key_of(self.keys, id).await?;
        let (mut sources, mut parts, mut lost) =
            (Vec::with_capacity(tasks.len()), BTreeMap::new(), Vec::new());
        for task in &tasks {
            match self.source_copy(task, &key, until).await? {
                Ok((copy, part)) => {
                    parts.extend(part.map(|part| (task.source.clone(), (part_context(task), part))));
                    sources.push(copy);
                }
                Err(code) => lost.push((task, code)),
            }
        }
        if !lost.is_empty() {
            self.copy_again(request, &lost).await?;
            return Ok(None);
        }
        let identifiers = open_all_identifiers(&key, &request)?;
        let now = self.clock.now();
        let made_at = tasks.iter().filter_map(|task| task.settled_at).max().unwrap_or(now);
        let records = sources.iter().map(|one| one.records).sum();
        let packing = self.packer.begin(Contents {
            request: id,
            stage: self.issuer.stage.clone(),
            sandbox: self.issuer.sandbox,
            received_at: request.received_at,
            made_at,
            identifiers: identifiers.into_iter().map(|one| one.identifier).collect(),
            sources,
        })?;
        let mut file = Counted::new(self.copies.package_to(id));
        let packed = self.pack_into(&mut file, packing, &parts, &key, id, until).await;
        let (bytes, sha256) = file.end(packed).await?;
        let package =
            Package { bytes, sha256, records, made_at, expires_at: now.plus_seconds(days(self.copy_days)) };
        let fact = Fact::CopyKept {
            sha256: package.sha256.clone(),
            bytes: package.bytes,
            records: package.records,
            expires_at: package.expires_at,
        };
        request.copy = Some(package);
        Ok(Some(self.save(request, fact).await?.with(tasks)))
    }

    /// Feeds the packing the records that it wants, and writes out the bytes that it returns.
    async fn pack_into(
        &self,
        file: &mut Counted<P::Upload>,
        mut packing: Z::Packing,
        parts: &BTreeMap<SourceId, (String, PartId)>,
        key: &DataKey,
        id: RequestId,
        until: Time,
    ) -> Result<(), Failure> {
        while let Some(source) = packing.wants() {
            let (place, part) = parts.get(&source).ok_or(PART_GONE)?;
            let mut download = self.copies.part(id, &source).await?.ok_or(PART_GONE)?;
            let mut reader = PartReader::new(key, place);
            loop {
                match self.next_piece(&mut reader, &mut download, until).await?.map_err(|_| PART_GONE)? {
                    // Another worker may have stored another part meanwhile.
                    Piece::Header(_) if reader.id() != Some(*part) => return Err(PART_GONE),
                    Piece::Header(_) => {}
                    Piece::Records(text) => {
                        for record in part::records(&text) {
                            packing.take(&record.map_err(|_| PART_GONE)?)?;
                            file.write(&packing.ready()).await?;
                        }
                    }
                    Piece::End(_) => break,
                }
            }
            packing.end()?;
        }
        file.write(&packing.finish()?).await
    }

    /// The next piece of a part; the inner `Err` means that it can't be read.
    async fn next_piece(
        &self,
        reader: &mut PartReader<'_>,
        download: &mut P::Download,
        until: Time,
    ) -> Result<Result<Piece, PartError>, Failure> {
        loop {
            match reader.next_piece() {
                Ok(Some(piece)) => return Ok(Ok(piece)),
                Ok(None) => {}
                Err(error) => return Ok(Err(error)),
            }
            // A worker that is killed leaves half a file behind.
            if self.clock.now().plus_seconds(AROUND_A_CALL) > until {
                return Err(OUT_OF_TIME);
            }
            match download.read().await? {
                Some(bytes) => reader.feed(&bytes),
                None => return Ok(Err(PartError)),
            }
        }
    }

    /// Has the data sources whose parts can't be packed copied again. The change is on the request's revision,
    /// so that nobody packs or closes meanwhile.
    async fn copy_again(&self, request: Request, lost: &[(&Task, Code)]) -> Result<(), CommitError> {
        let (id, now) = (request.id, self.clock.now());
        let terms = terms(&request, &self.settings, None);
        let (mut rows, mut facts) = (Vec::new(), Vec::new());
        for (task, code) in lost {
            let life = Life { task: (*task).clone(), rules: rules_of_run(self.store, task).await? };
            let (after, effects) = step(&life, LifeEvent::CopyLost(*code), now, &terms);
            rows.push(Row::Task(after.task));
            facts.extend(facts_of(effects));
        }
        rows.push(Row::Request(request));
        self.store.commit(Change { request: id, at: now, rows, facts }).await
    }

    /// A data source's result and its part, if it gave one. The inner error is the code of a part that can't be
    /// packed.
    async fn source_copy(
        &self,
        task: &Task,
        key: &DataKey,
        until: Time,
    ) -> Result<Result<(SourceCopy, Option<PartId>), Code>, Failure> {
        let empty = SourceCopy {
            source: task.source.clone(),
            title: task.connector.clone(),
            outcome: task.outcome.ok_or(Failure::of(Code::CopyUnwritable))?,
            reason: task.reason.clone(),
            records: 0,
            decided: task.counts.found,
            appeared: task.appeared,
            may_be_part: task.asked.may_be_part,
            export: None,
        };
        if empty.outcome != Outcome::Copied {
            return Ok(Ok((empty, None)));
        }
        let Some(mut download) = self.copies.part(task.request, &task.source).await? else {
            return Ok(Err(Code::CopyPartMissing));
        };
        let place = part_context(task);
        let (mut reader, mut header) = (PartReader::new(key, &place), None);
        let records = loop {
            match self.next_piece(&mut reader, &mut download, until).await? {
                Ok(Piece::Header(read)) => header = Some(read),
                Ok(Piece::Records(_)) => {}
                Ok(Piece::End(records)) => break records,
                Err(_) => return Ok(Err(Code::CopyPartUnreadable)),
            }
        };
        let (Some(header), Some(part)) = (header, reader.id()) else {
            return Ok(Err(Code::CopyPartUnreadable));
        };
        // Of two concurrent workers, one may be recorded and the other's part stored.
        if records != task.counts.submitted {
            return Ok(Err(Code::CopyPartMissing));
        }
        let copy = SourceCopy { title: header.title, export: header.export, records, ..empty };
        Ok(Ok((copy, Some(part))))
    }
}
