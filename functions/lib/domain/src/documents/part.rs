//! The form in which a data source's part of a copy is stored until packing: sealed in pieces, so that writer
//! and reader never hold more than one piece.
//!
//! ```text
//! RFP1 ‖ 16 random bytes, the part's id ‖ frame ‖ frame ‖ …
//! frame = length (4 bytes, big-endian) ‖ nonce ‖ ciphertext ‖ tag
//! ```
//!
//! The first frame holds the [`Header`], the last one the number of records, those between them records, one
//! after another. Each frame is bound to its part, its place and whether it is the last: frames from two parts,
//! in another order, or cut off at the end do not open.

use crate::base::canonical::hex;
use crate::base::seal::DataKey;
use crate::documents::copy::Export;
use crate::vendor::record::RecordCopy;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use serde_json::Deserializer;
use std::fmt;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"RFP1";

const ID_BYTES: usize = 16;

const LENGTH_BYTES: usize = 4;

/// Records share a piece up to this many bytes; a larger record has a piece of its own.
pub const PIECE_BYTES: usize = 256 * 1024;

/// The largest piece that is read, in bytes: no vendor answer is larger, so no record in it is either.
const MOST_PIECE_BYTES: usize = 32 * 1024 * 1024;

/// The part's data that are known before its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The vendor's own name.
    pub title: String,
    /// The vendor's own export, if one was requested.
    pub export: Option<Export>,
}

/// The id of a part: two parts of the same task have different ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PartId([u8; ID_BYTES]);

impl fmt::Debug for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The part can't be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the part is not whole, was changed, or was sealed with another key or for another place")]
pub struct PartError;

fn context(place: &str, id: PartId, frame: u32, last: bool) -> String {
    format!("{place}/{id:?}/{frame}/{}", if last { "last" } else { "more" })
}

/// Makes a part. Each call returns the bytes that are ready to be stored, possibly none.
pub struct PartWriter<'a> {
    key: &'a DataKey,
    place: &'a str,
    id: PartId,
    frames: u32,
    records: u32,
    piece: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for PartWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartWriter({} records)", self.records)
    }
}

impl<'a> PartWriter<'a> {
    /// Begins a part bound to `place`; returns it with its first bytes.
    ///
    /// # Errors
    /// [`PartError`] when the system has no randomness.
    pub fn begin(key: &'a DataKey, place: &'a str, header: &Header) -> Result<(Self, Vec<u8>), PartError> {
        let mut id = [0; ID_BYTES];
        SystemRandom::new().fill(&mut id).map_err(|_| PartError)?;
        let mut part =
            Self { key, place, id: PartId(id), frames: 0, records: 0, piece: Zeroizing::default() };
        let header = Zeroizing::new(serde_json::to_vec(header).map_err(|_| PartError)?);
        let frame = part.frame(&header, false)?;
        Ok((part, [MAGIC.as_slice(), &id, &frame].concat()))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn take(&mut self, record: &RecordCopy) -> Result<Vec<u8>, PartError> {
        let plain = Zeroizing::new(serde_json::to_vec(record).map_err(|_| PartError)?);
        let full = !self.piece.is_empty() && self.piece.len() + plain.len() > PIECE_BYTES;
        let ready = if full { self.flush()? } else { Vec::new() };
        self.piece.extend_from_slice(&plain);
        self.records += 1;
        Ok(ready)
    }

    /// Ends the part; returns its last bytes.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn end(mut self) -> Result<Vec<u8>, PartError> {
        let mut bytes = if self.piece.is_empty() { Vec::new() } else { self.flush()? };
        bytes.extend(self.frame(self.records.to_string().as_bytes(), true)?);
        Ok(bytes)
    }

    fn flush(&mut self) -> Result<Vec<u8>, PartError> {
        let piece = std::mem::take(&mut self.piece);
        self.frame(&piece, false)
    }

    fn frame(&mut self, plain: &[u8], last: bool) -> Result<Vec<u8>, PartError> {
        let context = context(self.place, self.id, self.frames, last);
        self.frames = self.frames.checked_add(1).ok_or(PartError)?;
        let sealed = self.key.seal_bytes(&context, plain).map_err(|_| PartError)?;
        let length = u32::try_from(sealed.len()).map_err(|_| PartError)?;
        Ok([length.to_be_bytes().as_slice(), &sealed].concat())
    }
}

/// The next piece of a part.
#[derive(PartialEq, Eq)]
pub enum Piece {
    /// The part's data that are known before its records.
    Header(Header),
    /// Records, still as text; [`records`] reads them.
    Records(Zeroizing<Vec<u8>>),
    /// The part is complete, and holds this number of records.
    End(u32),
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(_) => f.write_str("Header"),
            Self::Records(text) => write!(f, "Records({} bytes)", text.len()),
            Self::End(records) => write!(f, "End({records})"),
        }
    }
}

/// The records of a piece, one at a time.
///
/// # Errors
/// [`PartError`] for text that is not a record.
pub fn records(piece: &[u8]) -> impl Iterator<Item = Result<RecordCopy, PartError>> {
    Deserializer::from_slice(piece).into_iter().map(|record| record.map_err(|_| PartError))
}

/// Reads a part from bytes that arrive in pieces of any size.
pub struct PartReader<'a> {
    key: &'a DataKey,
    place: &'a str,
    id: Option<PartId>,
    frames: u32,
    ended: bool,
    held: Vec<u8>,
}

impl fmt::Debug for PartReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartReader({} frames)", self.frames)
    }
}

impl<'a> PartReader<'a> {
    /// Prepares to read a part that was made for `place`.
    #[must_use]
    pub fn new(key: &'a DataKey, place: &'a str) -> Self {
        Self { key, place, id: None, frames: 0, ended: false, held: Vec::new() }
    }

    /// The part's id, once its header was returned.
    #[must_use]
    pub fn id(&self) -> Option<PartId> {
        self.id
    }

    /// Adds the next bytes of the part.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next piece; `None` when more bytes are needed, or after the last one.
    ///
    /// # Errors
    /// [`PartError`] when a piece belongs to another place, was changed, or follows the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, PartError> {
        if self.ended {
            return if self.held.is_empty() { Ok(None) } else { Err(PartError) };
        }
        let id = match self.id {
            Some(id) => id,
            None => {
                let Some(head) = self.taken(MAGIC.len() + ID_BYTES) else { return Ok(None) };
                let (magic, id) = head.split_at(MAGIC.len());
                if magic != MAGIC {
                    return Err(PartError);
                }
                let id = PartId(id.try_into().map_err(|_| PartError)?);
                self.id = Some(id);
                id
            }
        };
        let Some(length) = self.held.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PartError)?;
        if length > MOST_PIECE_BYTES {
            return Err(PartError);
        }
        let Some(mut sealed) = self.taken(LENGTH_BYTES + length) else { return Ok(None) };
        sealed.drain(..LENGTH_BYTES);
        let open =
            |last, sealed: &[u8]| self.key.open_bytes(&context(self.place, id, self.frames, last), sealed);
        let (plain, last) = match open(false, &sealed) {
            Ok(plain) => (plain, false),
            Err(_) => (open(true, &sealed).map_err(|_| PartError)?, true),
        };
        let first = self.frames == 0;
        self.frames = self.frames.checked_add(1).ok_or(PartError)?;
        self.ended = last;
        Ok(Some(match (first, last) {
            (true, _) => Piece::Header(serde_json::from_slice(&plain).map_err(|_| PartError)?),
            (false, true) => Piece::End(serde_json::from_slice(&plain).map_err(|_| PartError)?),
            (false, false) => Piece::Records(plain),
        }))
    }

    /// The next bytes in this number, if they are there.
    fn taken(&mut self, bytes: usize) -> Option<Vec<u8>> {
        if self.held.len() < bytes {
            return None;
        }
        let rest = self.held.split_off(bytes);
        Some(std::mem::replace(&mut self.held, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::vendor::record::RecordId;
    use serde_json::json;

    fn key() -> DataKey {
        DataKey::new(&[7; 32]).unwrap()
    }

    fn record(id: usize, bytes: usize) -> RecordCopy {
        RecordCopy { id: RecordId::new(id.to_string()), content: json!({"text": "x".repeat(bytes)}) }
    }

    fn header() -> Header {
        Header { title: "Qualifio".to_owned(), export: None }
    }

    /// The part of these records, and the largest piece of it that was returned at once.
    fn made(place: &str, records: &[RecordCopy]) -> (Vec<u8>, usize) {
        let key = key();
        let (mut writer, mut whole) = PartWriter::begin(&key, place, &header()).unwrap();
        let mut largest = 0;
        for record in records {
            let ready = writer.take(record).unwrap();
            largest = largest.max(ready.len());
            whole.extend(ready);
        }
        whole.extend(writer.end().unwrap());
        (whole, largest)
    }

    /// Reads a part that arrives in chunks of this size; returns whether it ended, and the most that was held.
    fn read(
        place: &str,
        part: &[u8],
        chunk: usize,
    ) -> Result<(Vec<RecordCopy>, Option<u32>, usize), PartError> {
        let key = key();
        let mut reader = PartReader::new(&key, place);
        let (mut found, mut end, mut most) = (Vec::new(), None, 0);
        for bytes in part.chunks(chunk) {
            reader.feed(bytes);
            most = most.max(reader.held.len());
            while let Some(piece) = reader.next_piece()? {
                match piece {
                    Piece::Header(read) => assert_eq!(read, header()),
                    Piece::Records(text) => {
                        for record in records(&text) {
                            found.push(record?);
                        }
                    }
                    Piece::End(records) => end = Some(records),
                }
            }
        }
        Ok((found, end, most))
    }

    #[test]
    fn a_part_reads_back_as_it_was_made_whatever_sizes_it_arrives_in() {
        let all: Vec<_> = (0..40).map(|n| record(n, n * 1000)).collect();
        let (part, _) = made("here", &all);
        for chunk in [1, 1000, 8192, part.len()] {
            let (found, end, _) = read("here", &part, chunk).unwrap();
            assert!(found == all && end == Some(40), "{chunk}");
        }
        let (none, _) = made("here", &[]);
        assert_eq!(read("here", &none, 7).unwrap().1, Some(0));
    }

    #[test]
    fn neither_end_ever_holds_more_than_a_piece() {
        let all: Vec<_> = (0..2000).map(|n| record(n, 10_000)).collect();
        let (part, largest) = made("here", &all);
        assert!(part.len() > 20_000_000);
        assert!(largest < PIECE_BYTES + 1000, "{largest}");
        let most = read("here", &part, 8192).unwrap().2;
        assert!(most < PIECE_BYTES + 2 * 8192, "{most}");
    }

    #[test]
    fn a_part_that_is_cut_changed_or_of_another_place_is_not_read_as_whole() {
        let all: Vec<_> = (0..3).map(|n| record(n, PIECE_BYTES)).collect();
        let (part, _) = made("here", &all);
        let whole = |part: &[u8], place: &str| read(place, part, 4096).is_ok_and(|(_, end, _)| end.is_some());
        assert!(whole(&part, "here") && !whole(&part, "there"));
        assert!(!whole(&part[..part.len() - 1], "here"));
        assert!(!whole(&[part.as_slice(), b"x"].concat(), "here"), "nothing comes behind the end");
        for at in [0, 4, 20, 24, 60, part.len() / 2, part.len() - 1] {
            let mut changed = part.clone();
            changed[at] ^= 1;
            assert!(!whole(&changed, "here"), "{at}");
        }
        // Its last frame, moved to the place of a piece of records.
        let (other, _) = made("here", &all);
        let mixed = [&part[..part.len() - 100], &other[other.len() - 100..]].concat();
        assert!(!whole(&mixed, "here"), "frames of two parts");
        let mut early = PartReader::new(&key(), "here").held;
        early.extend_from_slice(b"\"c2VhbGVk\" as an older release kept it");
        assert!(!whole(&early, "here"));
    }
}
