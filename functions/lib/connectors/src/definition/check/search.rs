//! Checks `search` and `shows`: how records are found, and which of their fields a person is shown.

use super::checker::Checker;
use super::request::Scope;
use crate::definition::checked::{Asked, Complete, Search, Shows};
use crate::definition::raw::*;
use crate::matching::Form;
use crate::params::Param;
use crate::template::Place;
use rightful_domain::base::identifier::IdentifierKind;
use serde_saphyr::Spanned;
use std::collections::BTreeSet;

/// How many fields a person is shown of a record at most.
const MOST_SHOWN: usize = 8;

impl Checker {
    pub(super) fn searches(
        &mut self,
        raw: Spanned<Vec<RawSearch>>,
        params: &[Param],
        asked: &[Asked],
    ) -> Vec<Search> {
        let form = |by: &IdentifierKind| {
            asked.iter().find(|asked| asked.kind.kind == *by).map_or(Form::Text, |asked| asked.form)
        };
        let mut seen = BTreeSet::new();
        if raw.value.is_empty() {
            self.at(raw.referenced, "list at least one search, beginning with `by: email`");
        }
        raw.value
            .into_iter()
            .filter_map(|raw| {
                self.once(&mut seen, "search by", &raw.by);
                let Ok(by) = IdentifierKind::parse(&raw.by.value) else {
                    self.at(raw.by.referenced, "write an identifier kind of a-z, 0-9 and _, beginning with a letter, such as `email`");
                    return None;
                };
                let person = Place::Identifier(raw.by.value.clone());
                let scope = Scope { params, of: "a search", places: vec![person.clone()] };
                let at = raw.request.path.referenced;
                let request = self.request(raw.request, &scope)?;
                if !request.mentions(&person) {
                    self.at(
                        at,
                        format!("the search does not ask for the person: put `{}` into it", person.written()),
                    );
                }
                let itself = raw.records.value.is_empty().then_some(raw.records.referenced);
                let complete = self.complete(raw.complete);
                let aside = !matches!(complete, Complete::FewerThan(_) | Complete::NotStated { .. });
                if let Some(at) = itself.filter(|_| aside) {
                    let message = "the answer is the list itself, so nothing in it can say whether it is whole: `complete` can be `fewer_than` or `not_stated`";
                    self.at(at, message);
                }
                Some(Search {
                    form: form(&by),
                    by,
                    request,
                    records: self.pointer(raw.records),
                    id: self.pointer(raw.id),
                    matches: self.pointer(raw.matches),
                    complete,
                    ignores_case: raw.ignores_case,
                })
            })
            .collect()
    }

    fn complete(&mut self, raw: RawComplete) -> Complete {
        match raw {
            RawComplete::Empty(at) => {
                Complete::Empty(self.sign(at, "the link to the next page is, such as `/next`"))
            }
            RawComplete::False(at) => Complete::Says(
                self.sign(at, "it says `false` when there is no more, such as `/has_more`"),
                false,
            ),
            RawComplete::True(at) => {
                Complete::Says(self.sign(at, "it says `true` when there is no more, such as `/done`"), true)
            }
            RawComplete::Total(at) => {
                Complete::Total(self.sign(at, "the total number of records is, such as `/total`"))
            }
            RawComplete::FewerThan(size) => Complete::FewerThan(self.size(&size, 1, 100_000)),
            RawComplete::NotStated(RawNotStated { round }) => {
                if round.value.is_empty() {
                    let message = "list the numbers of records at which an answer may have been cut, such as `[10, 25, 50, 100]`";
                    self.at(round.referenced, message);
                }
                let round = round.value.iter().map(|size| self.size(size, 1, 100_000)).collect();
                Complete::NotStated { round }
            }
        }
    }

    /// A place in an answer. The whole answer is not allowed here.
    fn sign(&mut self, raw: Spanned<String>, what: &str) -> String {
        if raw.value.is_empty() {
            self.at(raw.referenced, format!("write where in the answer {what}"));
        }
        self.pointer(raw)
    }

    pub(super) fn shows(&mut self, raw: Spanned<Vec<RawShows>>) -> Vec<Shows> {
        if !(1..=MOST_SHOWN).contains(&raw.value.len()) {
            let message = format!("list 1 to {MOST_SHOWN} fields that tell a person whose record it is");
            self.at(raw.referenced, message);
        }
        let mut seen = BTreeSet::new();
        raw.value
            .into_iter()
            .map(|field| {
                self.name(&field.name);
                self.once(&mut seen, "shown field", &field.name);
                if field.at.value.is_empty() {
                    self.at(field.at.referenced, "write where the field is in a record, such as `/name`");
                }
                Shows { name: field.name.value, at: self.pointer(field.at) }
            })
            .collect()
    }
}
