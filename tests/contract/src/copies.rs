//! A store of copies, with packing and links.

use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::documents::copy::{Contents, SourceCopy};
use rightful_domain::ports::copies::{CopyLinks, CopyPackages, CopyParts, Download, Packing, Packs, Upload};
use rightful_domain::vendor::record::RecordCopy;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use zeroize::Zeroizing;

/// A fault of a writing call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketFault {
    /// It fails without an effect.
    Fails,
    /// It has its effect, and the answer is lost.
    LosesAnswer,
}

const UNAVAILABLE: Failure = Failure::of(Code::CopiesUnavailable);

/// Draws the faults of writing calls.
#[derive(Clone, Default)]
struct Drawn(Option<Rc<dyn Fn() -> Option<BucketFault>>>);

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drawn").field(&self.0.is_some()).finish()
    }
}

/// Parts by request and data source.
type Parts = BTreeMap<(RequestId, SourceId), Vec<u8>>;

/// The kept parts and packages.
#[derive(Clone, Debug)]
pub struct CopyBucket {
    gate: Gate,
    drawn: Rc<RefCell<Drawn>>,
    parts: Rc<RefCell<Parts>>,
    packages: Rc<RefCell<BTreeMap<RequestId, Vec<u8>>>>,
    traffic: Rc<RefCell<Traffic>>,
}

impl CopyBucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self {
            gate,
            drawn: Rc::default(),
            parts: Rc::default(),
            packages: Rc::default(),
            traffic: Rc::default(),
        }
    }

    fn upload(&self, place: Place) -> BucketUpload {
        BucketUpload { bucket: self.clone(), place, held: 0, bytes: Vec::new(), begun: false }
    }

    /// Its traffic.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic.borrow().clone()
    }

    /// A package of this size can't be written further; `None` removes the limit.
    pub fn fail_packages_at(&self, bytes: Option<usize>) {
        self.traffic.borrow_mut().fails_at = bytes;
    }

    /// A request's package.
    #[must_use]
    pub fn package(&self, request: RequestId) -> Option<Vec<u8>> {
        self.packages.borrow().get(&request).cloned()
    }

    /// How many parts there are.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.borrow().len()
    }

    /// Which data sources of a request have a part.
    #[must_use]
    pub fn parts_of(&self, request: RequestId) -> Vec<SourceId> {
        let parts = self.parts.borrow();
        parts.keys().filter(|(of, _)| *of == request).map(|(_, source)| source.clone()).collect()
    }

    /// `draw` decides the fault of each writing call.
    pub fn fail_as(&self, draw: impl Fn() -> Option<BucketFault> + 'static) {
        *self.drawn.borrow_mut() = Drawn(Some(Rc::new(draw)));
    }

    /// A writing call, with a point before and one after its effect.
    async fn write(
        &self,
        before: &'static str,
        after: &'static str,
        effect: impl FnOnce(),
    ) -> Result<(), Failure> {
        self.gate.point(before).await;
        let drawn = self.drawn.borrow().0.clone();
        let fault = drawn.and_then(|draw| draw());
        if fault == Some(BucketFault::Fails) {
            return Err(UNAVAILABLE);
        }
        effect();
        self.gate.point(after).await;
        if fault == Some(BucketFault::LosesAnswer) { Err(UNAVAILABLE) } else { Ok(()) }
    }

    /// Puts a package by hand: for tampering.
    pub fn put_package(&self, request: RequestId, file: Vec<u8>) {
        self.packages.borrow_mut().insert(request, file);
    }

    /// Loses a part, as its expiry does.
    pub fn lose_part(&self, request: RequestId, source: &SourceId) {
        self.parts.borrow_mut().remove(&(request, source.clone()));
    }

    /// Loses a package, as its expiry does.
    pub fn lose_package(&self, request: RequestId) {
        self.packages.borrow_mut().remove(&request);
    }

    /// Every kept part, as text: where a canary would be found.
    #[must_use]
    pub fn dump_parts(&self) -> String {
        self.parts.borrow().values().map(|part| String::from_utf8_lossy(part).into_owned() + "\n").collect()
    }
}

/// The kind of an object.
#[derive(Clone, Debug)]
enum Place {
    Part(RequestId, SourceId),
    Package(RequestId),
}

/// The size of one piece, as in S3.
pub const PIECE_BYTES: usize = 5 * 1024 * 1024;

/// An object on its way.
#[derive(Debug)]
pub struct BucketUpload {
    bucket: CopyBucket,
    place: Place,
    held: usize,
    bytes: Vec<u8>,
    begun: bool,
}

impl Drop for BucketUpload {
    /// An upload that nobody ended stays: S3 would keep its pieces.
    fn drop(&mut self) {
        if self.begun {
            self.bucket.traffic.borrow_mut().left += 1;
        }
    }
}

impl Upload for BucketUpload {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let most = self.bucket.traffic.borrow_mut().wrote(&self.place, bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.held += bytes.len();
        while self.held > PIECE_BYTES {
            self.held -= PIECE_BYTES;
            self.begun = true;
            let bucket = self.bucket.clone();
            bucket.write("send piece", "after send piece", || {}).await?;
        }
        if most.is_some_and(|most| self.bytes.len() >= most) { Err(UNAVAILABLE) } else { Ok(()) }
    }

    async fn finish(mut self) -> Result<(), Failure> {
        self.begun = false;
        let (bucket, bytes) = (self.bucket.clone(), std::mem::take(&mut self.bytes));
        match &self.place {
            Place::Part(request, source) => {
                let place = (*request, source.clone());
                bucket
                    .write("keep part", "after keep part", || {
                        bucket.parts.borrow_mut().insert(place, bytes);
                    })
                    .await
            }
            Place::Package(request) => {
                bucket
                    .write("keep package", "after keep package", || {
                        bucket.packages.borrow_mut().insert(*request, bytes);
                    })
                    .await
            }
        }
    }

    async fn abort(mut self) {
        self.begun = false;
        self.bucket.traffic.borrow_mut().aborted += 1;
    }
}

/// A part being read, in small pieces.
#[derive(Debug)]
pub struct BucketDownload {
    bucket: CopyBucket,
    rest: std::collections::VecDeque<Vec<u8>>,
}

impl Download for BucketDownload {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = self.rest.pop_front();
        let read = bytes.as_ref().map_or(0, Vec::len);
        self.bucket.traffic.borrow_mut().read(read);
        Ok(bytes)
    }
}

/// The traffic of the bucket.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Uploads that were aborted.
    pub aborted: usize,
    /// Uploads that nobody ended; their pieces stay.
    pub left: usize,
    /// The largest single write, in bytes.
    pub largest: usize,
    /// The most bytes read of parts while a package did not grow.
    pub held: usize,
    /// Bytes read of parts since the package last grew.
    unwritten: usize,
    /// A package this large can't be written.
    fails_at: Option<usize>,
}

impl Traffic {
    fn wrote(&mut self, place: &Place, bytes: usize) -> Option<usize> {
        self.largest = self.largest.max(bytes);
        let package = matches!(place, Place::Package(_));
        if package && bytes > 0 {
            self.unwritten = 0;
        }
        self.fails_at.filter(|_| package)
    }

    fn read(&mut self, bytes: usize) {
        self.unwritten += bytes;
        self.held = self.held.max(self.unwritten);
    }
}

impl CopyParts for CopyBucket {
    type Upload = BucketUpload;

    fn part_to(&self, request: RequestId, source: &SourceId) -> BucketUpload {
        self.upload(Place::Part(request, source.clone()))
    }
}

impl CopyPackages for CopyBucket {
    type Download = BucketDownload;
    type Upload = BucketUpload;

    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<BucketDownload>, Failure> {
        self.gate.point("read part").await;
        let part = self.parts.borrow().get(&(request, source.clone())).cloned();
        Ok(part.map(|part| {
            let rest = part.chunks(64 * 1024).map(<[u8]>::to_vec).collect();
            BucketDownload { bucket: self.clone(), rest }
        }))
    }

    fn package_to(&self, request: RequestId) -> BucketUpload {
        let mut traffic = self.traffic.borrow_mut();
        (traffic.unwritten, traffic.held) = (0, 0);
        drop(traffic);
        self.upload(Place::Package(request))
    }

    async fn delete_parts(&self, request: RequestId, sources: &[SourceId]) -> Result<(), Failure> {
        self.write("delete parts", "after delete parts", || {
            self.parts.borrow_mut().retain(|(of, source), _| *of != request || !sources.contains(source));
        })
        .await
    }

    async fn delete_package(&self, request: RequestId) -> Result<(), Failure> {
        self.write("delete package", "after delete package", || {
            self.packages.borrow_mut().remove(&request);
        })
        .await
    }
}

impl CopyLinks for CopyBucket {
    async fn link(&self, request: RequestId, seconds: u64) -> Result<Zeroizing<String>, Failure> {
        self.gate.point("link copy").await;
        if !self.packages.borrow().contains_key(&request) {
            return Err(Failure::of(Code::CopyExpired));
        }
        Ok(Zeroizing::new(format!("https://copies.example/{request}?seconds={seconds}")))
    }
}

/// Packs a copy as one JSON text, which a test can read.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainPacker;

impl Packs for PlainPacker {
    type Packing = PlainPacking;

    fn begin(&self, contents: Contents) -> Result<PlainPacking, Failure> {
        let identifiers: Vec<&str> = contents.identifiers.iter().map(|one| one.expose()).collect();
        let head = serde_json::json!({
            "request": contents.request, "made_at": contents.made_at, "identifiers": identifiers,
        });
        let head = text(&head)?;
        let mut packing = PlainPacking { at: 0, taken: 0, ready: Vec::new(), sources: contents.sources };
        packing.ready.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
        packing.ready.extend_from_slice(b",\"sources\":[");
        packing.begin_source()?;
        Ok(packing)
    }
}

fn text(value: &serde_json::Value) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|_| Failure::of(Code::CopyUnwritable))
}

/// A copy on its way into one JSON text.
#[derive(Debug)]
pub struct PlainPacking {
    at: usize,
    taken: u32,
    ready: Vec<u8>,
    sources: Vec<SourceCopy>,
}

impl PlainPacking {
    /// The next data source; those without records are finished at once.
    fn begin_source(&mut self) -> Result<(), Failure> {
        while let Some(one) = self.sources.get(self.at) {
            let head = text(&serde_json::json!({
                "source": one.source, "title": one.title, "outcome": one.outcome, "reason": one.reason,
                "decided": one.decided, "appeared": one.appeared, "export": one.export,
            }))?;
            let comma: &[u8] = if self.at == 0 { b"" } else { b"," };
            self.ready.extend_from_slice(comma);
            self.ready.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
            self.ready.extend_from_slice(b",\"records\":[");
            if one.records > 0 {
                return Ok(());
            }
            self.ready.extend_from_slice(b"]}");
            self.at += 1;
        }
        Ok(())
    }
}

impl Packing for PlainPacking {
    fn wants(&self) -> Option<SourceId> {
        self.sources.get(self.at).map(|one| one.source.clone())
    }

    fn take(&mut self, record: &RecordCopy) -> Result<(), Failure> {
        let comma: &[u8] = if self.taken == 0 { b"" } else { b"," };
        self.ready.extend_from_slice(comma);
        self.taken += 1;
        let record = serde_json::to_vec(record).map_err(|_| Failure::of(Code::CopyUnwritable))?;
        self.ready.extend(record);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Failure> {
        if self.taken != self.sources[self.at].records {
            return Err(Failure::of(Code::CopyUnwritable));
        }
        self.ready.extend_from_slice(b"]}");
        (self.at, self.taken) = (self.at + 1, 0);
        self.begin_source()
    }

    fn ready(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready)
    }

    fn finish(mut self) -> Result<Vec<u8>, Failure> {
        self.ready.extend_from_slice(b"]}");
        Ok(self.ready)
    }
}
