//! The connectors that this build knows: every folder of `definitions/`.

use crate::definition::{Definition, DefinitionError};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Connectors by name.
#[derive(Clone, Debug, Default)]
pub struct Connectors {
    by_name: BTreeMap<String, Entry>,
}

/// A connector, parsed when it is first needed.
#[derive(Clone, Debug)]
struct Entry {
    text: &'static str,
    definition: OnceLock<Option<Arc<Definition>>>,
}

impl Entry {
    fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        // This crate's tests parsed every embedded definition, so it parses here too.
        self.definition.get_or_init(|| parse(name, self.text).ok().map(Arc::new)).as_ref()
    }
}

fn parse(folder: &str, text: &str) -> Result<Definition, DefinitionError> {
    Definition::parse(&format!("definitions/{folder}/connector.yaml"), text)
}

impl Connectors {
    /// The connectors in this build, all parsed and checked now.
    ///
    /// # Errors
    /// The problems of the first definition that has any.
    pub fn embedded() -> Result<Self, DefinitionError> {
        let mut connectors = Self::default();
        for (folder, text) in embedded::EMBEDDED {
            connectors.add(parse(folder, text)?);
        }
        Ok(connectors)
    }

    /// The connectors in this build, each parsed when it is first needed. Parsing one takes about a
    /// millisecond, and a function that starts should not spend it on vendors that it won't call.
    #[must_use]
    pub fn on_demand() -> Self {
        let entry = |text| Entry { text, definition: OnceLock::new() };
        let by_name = embedded::EMBEDDED.iter().map(|(folder, text)| ((*folder).to_owned(), entry(text)));
        Self { by_name: by_name.collect() }
    }

    /// Adds a connector. It replaces one of the same name.
    pub fn add(&mut self, definition: Definition) {
        let name = definition.name.clone();
        let definition = OnceLock::from(Some(Arc::new(definition)));
        self.by_name.insert(name, Entry { text: "", definition });
    }

    /// A connector by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Definition>> {
        self.by_name.get(name)?.definition(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.by_name.iter().filter_map(|(name, entry)| entry.definition(name)).map(AsRef::as_ref)
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

    #[test]
    fn a_connector_parsed_on_demand_is_the_same() {
        let connectors = Connectors::on_demand();
        assert!(connectors.get("nobody").is_none());
        for definition in Connectors::embedded().unwrap().iter() {
            let read = connectors.get(&definition.name).unwrap();
            assert_eq!(format!("{read:?}"), format!("{definition:?}"));
        }
    }
}
