//! Checks `identifiers`: they describe each kind that a search uses once, and no other kind.

use super::checker::Checker;
use crate::definition::checked::Asked;
use crate::definition::raw::*;
use crate::matching::{BUILT_IN, Form};
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::ports::set_up::AskedKind;
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

impl Checker {
    pub(super) fn kinds(
        &mut self,
        raw: Spanned<Vec<RawIdentifier>>,
        searches: &[Spanned<String>],
    ) -> Vec<Asked> {
        let mut seen = BTreeSet::new();
        for by in searches {
            if !raw.value.iter().any(|described| described.kind.value == by.value) {
                let message = format!(
                    "a search uses `{0}`, but `identifiers` does not describe it: add `- kind: {0}`",
                    by.value
                );
                self.at(by.referenced, message);
            }
        }
        raw.value.into_iter().filter_map(|raw| self.kind(raw, searches, &mut seen)).collect()
    }

    fn kind(
        &mut self,
        raw: RawIdentifier,
        searches: &[Spanned<String>],
        seen: &mut BTreeSet<String>,
    ) -> Option<Asked> {
        self.once(seen, "identifier kind", &raw.kind);
        self.text(&raw.description);
        let built_in = BUILT_IN.contains(&raw.kind.value.as_str());
        if let Some(form) = &raw.form
            && built_in
        {
            let message = format!("the kind `{}` has its own form: leave `form` out", raw.kind.value);
            self.at(form.referenced, message);
        }
        let Ok(kind) = IdentifierKind::parse(&raw.kind.value) else {
            self.at(
                raw.kind.referenced,
                "write an identifier kind of a-z, 0-9 and _, beginning with a letter, such as `email`",
            );
            return None;
        };
        if !searches.iter().any(|by| by.value == raw.kind.value) {
            let message = format!(
                "no search uses `{0}`: add one with `by: {0}`, or remove this description",
                raw.kind.value
            );
            self.at(raw.kind.referenced, message);
        }
        let form = raw.form.filter(|_| !built_in).map_or(Form::Text, |form| form.value);
        let fits = match Identifier::new(kind.clone(), &raw.example.value) {
            Ok(example) => form.check(example.expose()).map_err(|wrong| format!("it {wrong}")),
            Err(error) => Err(error.to_string()),
        };
        if let Err(wrong) = fits {
            self.at(raw.example.referenced, format!("the example does not fit its kind: {wrong}"));
        }
        let kind = AskedKind { kind, description: raw.description.value, example: raw.example.value };
        Some(Asked { kind, form })
    }
}
