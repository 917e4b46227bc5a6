//! Secrets by name.

use crate::gate::Gate;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::ports::set_up::{SecretWrites, Secrets};
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
        let versions = versions.get(name).ok_or(Failure::of(Code::SecretMissing))?;
        Ok(versions.iter().cloned().map(Zeroizing::new).collect())
    }
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretStore(***)")
    }
}

/// The written and the removed secrets; nobody reads them here. As in Secrets Manager, each has at most two
/// versions, the current one and the previous one.
#[derive(Clone)]
pub struct Vault {
    gate: Gate,
    values: Rc<RefCell<BTreeMap<String, Vec<String>>>>,
}

impl Vault {
    /// An empty one.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self { gate, values: Rc::default() }
    }

    /// A written secret.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.versions(name).into_iter().next()
    }

    /// Its kept versions, the current one first.
    #[must_use]
    pub fn versions(&self, name: &str) -> Vec<String> {
        self.values.borrow().get(name).cloned().unwrap_or_default()
    }
}

impl SecretWrites for Vault {
    async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        self.gate.point("put secret").await;
        let mut versions = vec![value.to_owned()];
        versions.extend(self.value(name));
        self.values.borrow_mut().insert(name.to_owned(), versions);
        self.gate.point("after put secret").await;
        Ok(())
    }

    async fn remove_secret(&self, name: &str) -> Result<(), Failure> {
        self.gate.point("remove secret").await;
        self.values.borrow_mut().remove(name);
        self.gate.point("after remove secret").await;
        Ok(())
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}
