//! Data keys, wrapped as a key service wraps them, and keyed digests.

use crate::gate::Gate;
use crate::rows::key_key;
use crate::table::Table;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::seal::{DataKey, Sealed, Tag};
use rightful_domain::ports::keys::{Forgets, Keys, NewKeys, Tags};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The table `keys` and the key that wraps its rows.
#[derive(Clone, Debug)]
pub struct KeyTable {
    table: Rc<Table>,
    gate: Gate,
    master: Rc<DataKey>,
    refuses: Rc<Cell<Option<Failure>>>,
}

impl KeyTable {
    /// The keys in a table, under a master key of 32 bytes.
    #[must_use]
    pub fn new(table: Rc<Table>, gate: Gate) -> Option<Self> {
        Some(Self { table, gate, master: Rc::new(DataKey::new(&[42; 32])?), refuses: Rc::default() })
    }

    /// From now on every read of a key fails like this; `None` ends it.
    pub fn fail(&self, failure: Option<Failure>) {
        self.refuses.set(failure);
    }

    /// Whether the key of a request still exists.
    #[must_use]
    pub fn holds(&self, request: RequestId) -> bool {
        let (pk, sk) = key_key(request);
        self.table.row(&pk, &sk).is_some()
    }
}

impl NewKeys for KeyTable {
    async fn new_key(&self, request: RequestId) -> Result<(DataKey, Vec<u8>), Failure> {
        self.gate.point("new key").await;
        let failed = Failure::of(Code::KmsUnavailable);
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| failed)?;
        let wrapped = self.master.seal(&request.to_string(), &bytes).map_err(|_| failed)?;
        let wrapped = serde_json::to_vec(&wrapped).map_err(|_| failed)?;
        Ok((DataKey::new(&bytes).ok_or(failed)?, wrapped))
    }
}

impl Keys for KeyTable {
    async fn key(&self, request: RequestId) -> Result<Option<DataKey>, Failure> {
        self.gate.point("read key").await;
        if let Some(failure) = self.refuses.get() {
            return Err(failure);
        }
        let (pk, sk) = key_key(request);
        let Some(row) = self.table.row(&pk, &sk) else { return Ok(None) };
        let failed = Failure::of(Code::DataKeyUnusable);
        let wrapped: Sealed = serde_json::from_slice(&row.body).map_err(|_| failed)?;
        let bytes = self.master.open(&request.to_string(), &wrapped).map_err(|_| failed)?;
        Ok(DataKey::new(&bytes))
    }
}

impl Forgets for KeyTable {
    async fn forget(&self, request: RequestId) -> Result<(), Failure> {
        self.gate.point("forget").await;
        self.table.set(key_key(request), None);
        self.gate.point("after forget").await;
        Ok(())
    }
}

/// An HMAC key. It remembers the tagged content, so that a test can resolve a stored tag.
#[derive(Clone, Debug)]
pub struct TagKey {
    gate: Gate,
    key: hmac::Key,
    tagged: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

impl TagKey {
    /// A new key.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, key: hmac::Key::new(hmac::HMAC_SHA256, &[17; 32]), tagged: Rc::default() }
    }

    /// The content of a tag; `None` for a tag of another key.
    #[must_use]
    pub fn content_of(&self, tag: &Tag) -> Option<Vec<u8>> {
        self.tagged.borrow().get(&tag.mac).cloned()
    }
}

impl Tags for TagKey {
    async fn tag(&self, purpose: &'static str, content: &[u8]) -> Result<Tag, Failure> {
        self.gate.point("tag").await;
        let message = [purpose.as_bytes(), &[0], content].concat();
        let tag = Tag::new("tag-key-1", hmac::sign(&self.key, &message).as_ref());
        self.tagged.borrow_mut().insert(tag.mac.clone(), content.to_vec());
        Ok(tag)
    }
}
