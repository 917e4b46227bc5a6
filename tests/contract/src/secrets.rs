//! Secrets by name.

use crate::gate::Gate;
use rightful_domain::failure::Failure;
use rightful_domain::ports::Secrets;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use zeroize::Zeroizing;

/// The stored secrets: for each name its versions, the current one first.
#[derive(Clone)]
pub struct SecretStore {
    gate: Gate,
    versions: Rc<RefCell<BTreeMap<String, Vec<String>>>>,
}

impl SecretStore {
    /// No secret yet.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, versions: Rc::default() }
    }

    /// Sets the versions of a secret; none removes it.
    pub fn set(&self, name: &str, versions: &[&str]) {
        let versions: Vec<String> = versions.iter().map(|&version| version.to_owned()).collect();
        if versions.is_empty() {
            self.versions.borrow_mut().remove(name);
        } else {
            self.versions.borrow_mut().insert(name.to_owned(), versions);
        }
    }
}

impl Secrets for SecretStore {
    async fn secret(&self, name: &str, _fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure> {
        self.gate.point("read secret").await;
        let versions = self.versions.borrow();
        let versions = versions.get(name).ok_or(Failure::misconfigured("secret_missing"))?;
        Ok(versions.iter().cloned().map(Zeroizing::new).collect())
    }
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretStore(***)")
    }
}
