//! Signs as the key service does: Ed25519 over at most 4,096 bytes.

use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::documents::receipt::PublicKey;
use rightful_domain::ports::copies::Signer;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::cell::Cell;
use std::rc::Rc;

/// The longest message that `Sign` takes with `RAW`.
pub const MAX_MESSAGE_BYTES: usize = 4096;

/// A signing key.
#[derive(Clone, Debug)]
pub struct SigningKey {
    gate: Gate,
    id: &'static str,
    pair: Rc<Ed25519KeyPair>,
    longest: Rc<Cell<usize>>,
    fails: Rc<Cell<Option<Failure>>>,
}

impl SigningKey {
    /// The key with this id, made from `seed`; `None` never, for 32 bytes.
    #[must_use]
    pub fn new(gate: Gate, id: &'static str, seed: [u8; 32]) -> Option<Self> {
        let pair = Rc::new(Ed25519KeyPair::from_seed_unchecked(&seed).ok()?);
        Some(Self { gate, id, pair, longest: Rc::default(), fails: Rc::default() })
    }

    /// From now on signing fails like this; `None` ends it.
    pub fn fail(&self, failure: Option<Failure>) {
        self.fails.set(failure);
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.id, self.pair.public_key().as_ref())
    }

    /// The length of the longest signed message, in bytes.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest.get()
    }
}

impl Signer for SigningKey {
    fn key_id(&self) -> &str {
        self.id
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.gate.point("sign").await;
        if let Some(failure) = self.fails.get() {
            return Err(failure);
        }
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(Failure::of(Code::MessageTooLarge));
        }
        self.longest.set(self.longest.get().max(message.len()));
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}
