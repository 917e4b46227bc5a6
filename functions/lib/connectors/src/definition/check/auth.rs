//! Checks `secret` and `auth`: how a call authenticates.

use super::checker::Checker;
use crate::definition::checked::{Auth, SecretField};
use crate::definition::problem::instead;
use crate::definition::raw::*;
use crate::secret::FOR_TARGET;
use reqwest::header::HeaderName;
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

impl Checker {
    pub(super) fn secret(&mut self, raw: Spanned<Vec<RawSecret>>) -> Vec<SecretField> {
        let mut seen = BTreeSet::new();
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one field, such as `token`");
        }
        for field in &raw.value {
            self.name(&field.name);
            self.once(&mut seen, "secret", &field.name);
            if field.name.value == FOR_TARGET {
                let message =
                    format!("`{FOR_TARGET}` is where a stored secret names its target: choose another name");
                self.at(field.name.referenced, message);
            }
            self.text(&field.description);
        }
        raw.value
            .into_iter()
            .map(|field| SecretField { name: field.name.value, description: field.description.value })
            .collect()
    }

    pub(super) fn auth(&mut self, raw: &RawAuth, secret: &[SecretField]) -> Option<Auth> {
        let RawAuth::Header(header) = raw;
        let names: Vec<&str> = secret.iter().map(|field| field.name.as_str()).collect();
        if !names.contains(&header.secret.value.as_str()) {
            let message = format!("`secret` has no such field: {}", instead(&header.secret.value, &names));
            self.at(header.secret.referenced, message);
        }
        let prefix = header.prefix.as_ref().map_or("", |prefix| prefix.value.as_str());
        if let Some(raw) = &header.prefix
            && prefix.chars().any(|c| !c.is_ascii() || c.is_control())
        {
            self.at(raw.referenced, "a header may hold printable ASCII only, such as `\"Bearer \"`");
        }
        let Ok(name) = HeaderName::from_bytes(header.name.value.as_bytes()) else {
            self.at(header.name.referenced, "this is not a header name: write one such as `x-api-token`");
            return None;
        };
        Some(Auth::Header { name, prefix: prefix.to_owned(), secret: header.secret.value.clone() })
    }
}
