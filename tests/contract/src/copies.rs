//! A store of copies, and what packs and links them.

use crate::gate::Gate;
use rightful_domain::copy::Contents;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::ports::{CopyLinks, CopyPackages, CopyParts, Packs};
use rightful_domain::seal::Sealed;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use zeroize::Zeroizing;

/// What goes wrong with a writing call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketFault {
    /// It fails without an effect.
    Fails,
    /// It has its effect, and the answer gets lost.
    LosesAnswer,
}

const UNAVAILABLE: Failure = Failure::transient("copies_unavailable");

/// Draws the faults of writing calls.
#[derive(Clone, Default)]
struct Drawn(Option<Rc<dyn Fn() -> Option<BucketFault>>>);

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drawn").field(&self.0.is_some()).finish()
    }
}

/// The kept parts and packages.
#[derive(Clone, Debug)]
pub struct CopyBucket {
    gate: Gate,
    drawn: Rc<RefCell<Drawn>>,
    parts: Rc<RefCell<BTreeMap<(RequestId, SourceId), Sealed>>>,
    packages: Rc<RefCell<BTreeMap<RequestId, Vec<u8>>>>,
}

impl CopyBucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, drawn: Rc::default(), parts: Rc::default(), packages: Rc::default() }
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

    /// Each writing call goes wrong as `draw` says.
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
        self.parts.borrow().values().map(|part| format!("{part:?}\n")).collect()
    }
}

impl CopyParts for CopyBucket {
    async fn keep_part(&self, request: RequestId, source: &SourceId, sealed: &Sealed) -> Result<(), Failure> {
        self.write("keep part", "after keep part", || {
            self.parts.borrow_mut().insert((request, source.clone()), sealed.clone());
        })
        .await
    }
}

impl CopyPackages for CopyBucket {
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Sealed>, Failure> {
        self.gate.point("read part").await;
        Ok(self.parts.borrow().get(&(request, source.clone())).cloned())
    }

    async fn keep_package(&self, request: RequestId, file: &[u8]) -> Result<(), Failure> {
        self.write("keep package", "after keep package", || {
            self.packages.borrow_mut().insert(request, file.to_vec());
        })
        .await
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
            return Err(Failure::misconfigured("copy_expired"));
        }
        Ok(Zeroizing::new(format!("https://copies.example/{request}?seconds={seconds}")))
    }
}

/// Packs a copy as one JSON text: what a test can read.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainPacker;

impl Packs for PlainPacker {
    fn pack(&self, contents: &Contents) -> Result<Vec<u8>, Failure> {
        let sources: Vec<serde_json::Value> = contents
            .sources
            .iter()
            .map(|one| {
                serde_json::json!({
                    "source": one.source, "title": one.title, "outcome": one.outcome,
                    "reason": one.reason, "records": one.records, "decided": one.decided,
                    "appeared": one.appeared, "export": one.export,
                })
            })
            .collect();
        let identifiers: Vec<&str> = contents.identifiers.iter().map(|one| one.expose()).collect();
        let whole = serde_json::json!({
            "request": contents.request, "made_at": contents.made_at, "identifiers": identifiers,
            "sources": sources,
        });
        serde_json::to_vec(&whole).map_err(|_| Failure::misconfigured("copy_unwritable"))
    }
}
