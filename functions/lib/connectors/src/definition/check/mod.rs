//! Checks the meaning of a definition and turns it into a [`Definition`]. It reads all of the definition and
//! reports every problem at once.

mod checker;
mod request;
mod params;
mod auth;
mod identifiers;
mod search;
mod limits;
mod rule;

use crate::definition::checked::Definition;
use crate::definition::problem::Problem;
use crate::definition::raw::RawDefinition;
use checker::Checker;
use request::Scope;

pub(super) fn check(raw: RawDefinition) -> Result<Definition, Vec<Problem>> {
    let mut checker = Checker::default();
    let definition = checker.definition(raw);
    checker.problems.sort_by_key(|problem| (problem.line, problem.column));
    match definition {
        Some(definition) if checker.problems.is_empty() => Ok(definition),
        _ => Err(checker.problems),
    }
}

impl Checker {
    fn definition(&mut self, raw: RawDefinition) -> Option<Definition> {
        self.name(&raw.name);
        let version = self.number(&raw.version, 1, u32::MAX.into());
        self.text(&raw.title);
        // Rightful's own API contract is documented in the folder's README.
        if !raw.docs.value.starts_with("https://") && raw.docs.value != "README.md" {
            self.at(raw.docs.referenced, "write the URL of the vendor's documentation, `https://…`");
        }
        let hosts = self.hosts(&raw.hosts, &raw.params);
        let params = self.params(raw.params, &hosts);
        let base_url = self.base_url(&raw.base_url, &params, &hosts);
        let shows = self.shows(raw.shows);
        let secret = self.secret(raw.secret);
        let auth = self.auth(&raw.auth, &secret);
        let by: Vec<_> = raw.search.value.iter().map(|search| search.by.clone()).collect();
        let asked = self.kinds(raw.identifiers, &by);
        let searches = self.searches(raw.search, &params, &asked);
        let erase = self.erase(raw.erase, &params);
        let export = raw.export.map(|export| self.export(export, &params));
        let status = self.status(raw.status, &params);
        let statuses = self.statuses(raw.statuses);
        let test = self.request(raw.test, &Scope { params: &params, of: "the test", places: vec![] });
        let limits = self.limits(&raw.limits, &params);
        let verify_looks = self.amount(&raw.waits.verify_looks, "verify_looks", 100, &params);
        let unknown = self.unanswered(&raw.waits, &params);
        let plan = self.plan(&raw.waits);
        Some(Definition {
            name: raw.name.value,
            version: u32::try_from(version).unwrap_or(u32::MAX),
            title: raw.title.value,
            docs: raw.docs.value,
            hosts,
            identifiers: searches.iter().map(|search| search.by.clone()).collect(),
            base_url: base_url?,
            auth: auth?,
            record_id: raw.record_id,
            shows,
            erase: erase?,
            export: match export {
                Some(export) => Some(export?),
                None => None,
            },
            status: status?,
            test: test?,
            params,
            secret,
            asked,
            searches,
            statuses,
            limits,
            verify_looks,
            unknown,
            plan,
        })
    }
}
