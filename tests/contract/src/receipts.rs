//! A bucket in which an object is written once.

use crate::gate::Gate;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::receipt::Receipt;
use rightful_domain::ports::copies::{Kept, Receipts};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The files, by request and closing.
type Files = BTreeMap<(RequestId, u32), Vec<u8>>;

/// The kept receipts.
#[derive(Clone, Debug)]
pub struct ReceiptBucket {
    gate: Gate,
    files: Rc<RefCell<Files>>,
}

impl ReceiptBucket {
    /// An empty bucket.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, files: Rc::default() }
    }

    /// The kept file of a request's first closing.
    #[must_use]
    pub fn file(&self, request: RequestId) -> Option<Vec<u8>> {
        self.file_of(request, 0)
    }

    /// The kept file of a closing, counted from 0.
    #[must_use]
    pub fn file_of(&self, request: RequestId, closing: u32) -> Option<Vec<u8>> {
        self.files.borrow().get(&(request, closing)).cloned()
    }

    /// Changes a kept file by hand: for tampering.
    pub fn tamper(&self, request: RequestId, closing: u32, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(file) = self.files.borrow_mut().get_mut(&(request, closing)) {
            change(file);
        }
    }
}

impl Receipts for ReceiptBucket {
    async fn keep(&self, request: RequestId, closing: u32, receipt: &Receipt) -> Result<Kept, Failure> {
        self.gate.point("keep receipt").await;
        let kept = {
            let mut files = self.files.borrow_mut();
            files.entry((request, closing)).or_insert_with(|| receipt.file.clone()).clone()
        };
        self.gate.point("after keep receipt").await;
        Ok(if kept == receipt.file { Kept::This } else { Kept::Another(kept) })
    }
}
