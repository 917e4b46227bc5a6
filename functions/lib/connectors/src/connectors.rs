//! The connectors that this build knows: every folder of `definitions/`.

use crate::definition::{Definition, DefinitionError};
use std::collections::BTreeMap;
use std::sync::Arc;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Connectors by name.
#[derive(Clone, Debug, Default)]
pub struct Connectors {
    by_name: BTreeMap<String, Arc<Definition>>,
}

impl Connectors {
    /// The connectors in this build, parsed and checked.
    ///
    /// # Errors
    /// The problems of the first definition that has any.
    pub fn embedded() -> Result<Self, DefinitionError> {
        let mut connectors = Self::default();
        for (folder, text) in embedded::EMBEDDED {
            connectors.add(Definition::parse(&format!("definitions/{folder}/connector.yaml"), text)?);
        }
        Ok(connectors)
    }

    /// Adds a connector; one of the same name is replaced.
    pub fn add(&mut self, definition: Definition) {
        self.by_name.insert(definition.name.clone(), Arc::new(definition));
    }

    /// A connector by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Definition>> {
        self.by_name.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.by_name.values().map(AsRef::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_holds_the_connector_of_its_name() {
        let connectors = Connectors::embedded().unwrap_or_else(|error| panic!("{error}"));
        assert!(!embedded::EMBEDDED.is_empty());
        for (folder, _) in embedded::EMBEDDED {
            assert!(
                connectors.get(folder).is_some(),
                "definitions/{folder} holds a connector of another name"
            );
        }
        assert_eq!(connectors.iter().count(), embedded::EMBEDDED.len());
    }
}
