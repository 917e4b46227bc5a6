//! A store of copies, and what packs and links them.

use crate::gate::Gate;
use rightful_domain::copy::Contents;
use rightful_domain::failure::Failure;
use rightful_domain::ids::{RequestId, SourceId};
use rightful_domain::ports::{CopyLinks, CopyPackages, CopyParts, Packs};
use rightful_domain::seal::Sealed;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use zeroize::Zeroizing;

/// The kept parts and packages.
#[derive(Clone, Debug)]
pub struct CopyBucket {
    gate: Gate,
    parts: Rc<RefCell<BTreeMap<(RequestId, SourceId), Sealed>>>,
    packages: Rc<RefCell<BTreeMap<RequestId, Vec<u8>>>>,
}

impl CopyBucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, parts: Rc::default(), packages: Rc::default() }
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
        self.gate.point("keep part").await;
        self.parts.borrow_mut().insert((request, source.clone()), sealed.clone());
        self.gate.point("after keep part").await;
        Ok(())
    }
}

impl CopyPackages for CopyBucket {
    async fn part(&self, request: RequestId, source: &SourceId) -> Result<Option<Sealed>, Failure> {
        self.gate.point("read part").await;
        Ok(self.parts.borrow().get(&(request, source.clone())).cloned())
    }

    async fn keep_package(&self, request: RequestId, file: &[u8]) -> Result<(), Failure> {
        self.gate.point("keep package").await;
        self.packages.borrow_mut().insert(request, file.to_vec());
        self.gate.point("after keep package").await;
        Ok(())
    }

    async fn delete_parts(&self, request: RequestId, sources: &[SourceId]) -> Result<(), Failure> {
        self.gate.point("delete parts").await;
        self.parts.borrow_mut().retain(|(of, source), _| *of != request || !sources.contains(source));
        self.gate.point("after delete parts").await;
        Ok(())
    }

    async fn delete_package(&self, request: RequestId) -> Result<(), Failure> {
        self.gate.point("delete package").await;
        self.packages.borrow_mut().remove(&request);
        self.gate.point("after delete package").await;
        Ok(())
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
