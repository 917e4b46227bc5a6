//! Identifier kinds: how a definition describes them, and what their values look like.

use super::check::Checker;
use super::raw::*;
use super::*;
use rightful_domain::identifier::Identifier;
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

/// The kinds whose form is the domain's own.
const BUILT_IN: [&str; 2] = ["email", "phone"];

impl Form {
    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong with it; never the value itself.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        match self {
            Self::Text => Ok(()),
            Self::Digits if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            Self::Digits => Err("is not made of the digits 0 to 9 alone"),
            Self::Uuid if is_uuid(value) => Ok(()),
            Self::Uuid => Err("is not a UUID: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20"),
        }
    }

    /// Whether a value that a vendor shows is this identifier.
    pub(crate) fn matches(self, identifier: &Identifier, shown: &str) -> bool {
        match self {
            // RFC 9562: letters in either case are the same.
            Self::Uuid => Identifier::new(identifier.kind().clone(), shown)
                .is_ok_and(|shown| shown.expose().eq_ignore_ascii_case(identifier.expose())),
            Self::Digits | Self::Text => identifier.matches(shown),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

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
                    "there is a search by `{0}`, and `identifiers` doesn't describe it: add `- kind: {0}`",
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
            let message = format!("the kind `{}` has a form of its own: leave `form` out", raw.kind.value);
            self.at(form.referenced, message);
        }
        let Ok(kind) = IdentifierKind::parse(&raw.kind.value) else {
            self.at(raw.kind.referenced, "write an identifier kind of a-z, 0-9 and _, such as `email`");
            return None;
        };
        if !searches.iter().any(|by| by.value == raw.kind.value) {
            let message = format!(
                "no search is by `{0}`: add one with `by: {0}`, or take this description out",
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
