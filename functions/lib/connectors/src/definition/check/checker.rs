//! Shared by every part of the check: the list of problems, and the checks of a single name, text or number.

use crate::definition::problem::Problem;
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeSet;

/// Collects the problems of one definition.
#[derive(Default)]
pub(super) struct Checker {
    pub problems: Vec<Problem>,
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Checker {
    pub(super) fn at(&mut self, at: Location, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message));
    }

    pub(super) fn name(&mut self, name: &Spanned<String>) {
        if !is_name(&name.value) {
            self.at(
                name.referenced,
                "write a name of 1 to 32 characters (a-z, 0-9 and _) that begins with a letter",
            );
        }
    }

    pub(super) fn text(&mut self, text: &Spanned<String>) {
        if text.value.trim().is_empty() {
            self.at(text.referenced, "this is empty: write what a reader needs to know");
        }
    }

    pub(super) fn once<'a>(
        &mut self,
        seen: &mut BTreeSet<String>,
        what: &str,
        name: &'a Spanned<String>,
    ) -> &'a str {
        if !seen.insert(name.value.clone()) {
            self.at(name.referenced, format!("the {what} `{}` is listed twice: keep one", name.value));
        }
        &name.value
    }

    pub(super) fn number(&mut self, raw: &Spanned<u64>, least: u64, most: u64) -> u64 {
        if !(least..=most).contains(&raw.value) {
            self.at(raw.referenced, format!("write a number from {least} to {most}"));
        }
        raw.value.clamp(least, most)
    }

    pub(super) fn size(&mut self, raw: &Spanned<u64>, least: u64, most: u64) -> usize {
        usize::try_from(self.number(raw, least, most)).unwrap_or(usize::MAX)
    }

    pub(super) fn pointer(&mut self, raw: Spanned<String>) -> String {
        if !raw.value.is_empty() && !raw.value.starts_with('/') {
            let message =
                format!("a place in JSON begins with a slash: write `/{}`", raw.value.replace('.', "/"));
            self.at(raw.referenced, message);
        }
        raw.value
    }
}
