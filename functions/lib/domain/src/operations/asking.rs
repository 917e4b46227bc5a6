//! Searches a data source by each of a person's identifiers, in every spelling.

use crate::base::code::Code;
use crate::base::identifier::Identifier;
use crate::base::time::Time;
use crate::model::task::Asked;
use crate::operations::load::count;
use crate::operations::metered::Metered;
use crate::operations::open::AROUND_A_CALL;
use crate::ports::clock::Clock;
use crate::ports::store::Limits;
use crate::vendor::fault::Fault;
use crate::vendor::port::{Capabilities, Vendor};
use crate::vendor::record::{Found, RecordId, SetAside};
use std::collections::{BTreeMap, BTreeSet};

/// Every identifier in every spelling that a vendor may hold. Where the vendor ignores case, spellings that
/// differ only in case count once.
pub(crate) fn in_every_spelling(capabilities: &Capabilities, identifiers: &[Identifier]) -> Vec<Identifier> {
    let mut all: Vec<Identifier> = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        let folds = capabilities.ignores_case.contains(identifier.kind());
        for spelling in identifier.spellings() {
            let same = |one: &Identifier| {
                one.kind() == spelling.kind()
                    && (one.expose() == spelling.expose()
                        || folds && one.expose().to_lowercase() == spelling.expose().to_lowercase())
            };
            if !all.iter().any(same) {
                all.push(spelling);
            }
        }
    }
    all
}

/// The result of a search by all identifiers in all their spellings.
pub(crate) struct Heard {
    /// The records found, each once, in the order of the answers.
    pub(super) found: Found,
    /// How many spellings were asked, and how many records were marked and set aside.
    pub(super) asked: Asked,
    /// Whether nothing was found, and a search found the data source's control just now or within the last
    /// minutes.
    pub(super) controlled: bool,
}

/// Searches by one identifier and spelling after another, as far as the time until `until` allows, and joins
/// the answers. A record that one of them found is not set aside because another one missed it.
///
/// A search that finds nothing at all is checked against the control, if the data source has one and every
/// identifier asked by is of the control's kind. A search that is blind for the moment would find nothing
/// either.
///
/// # Errors
/// [`Code::ControlNotFound`] when the control's record isn't there: then the search proves nothing.
pub(crate) async fn search_by_each<S: Limits, V: Vendor, C: Clock>(
    vendor: &Metered<'_, S, V, C>,
    identifiers: &[Identifier],
    clock: &C,
    until: Time,
    expects_nothing: bool,
) -> Result<Heard, Fault> {
    let capabilities = vendor.capabilities();
    let spellings = in_every_spelling(capabilities, identifiers);
    let control = capabilities
        .control
        .as_ref()
        .filter(|control| identifiers.iter().all(|identifier| identifier.kind() == control.kind()));
    let fresh = vendor.reserve_searches(count(spellings.len()), expects_nothing && control.is_some()).await?;
    let needed = capabilities.call_timeout_seconds + AROUND_A_CALL;
    let search = async |by: &Identifier| {
        if clock.now().plus_seconds(needed) > until {
            return Err(Fault::Unavailable(Code::VendorOutOfTime));
        }
        vendor.search(std::slice::from_ref(by), identifiers).await
    };
    let (mut seen, mut marked) = (BTreeSet::new(), BTreeSet::new());
    let mut set_aside: BTreeMap<RecordId, bool> = BTreeMap::new();
    let (mut records, mut nameless) = (Vec::new(), Vec::new());
    for spelling in &spellings {
        let found = search(spelling).await?;
        records.extend(found.records.into_iter().filter(|record| seen.insert(record.clone())));
        marked.extend(found.marked);
        let mut without = Vec::new();
        for one in found.set_aside {
            match one.id {
                Some(id) => *set_aside.entry(id).or_default() |= one.doubtful,
                None => without.push(one),
            }
        }
        // Without ids, nobody can tell whether two answers show the same record: the longest list counts.
        let doubts = |all: &[SetAside]| all.iter().filter(|one| one.doubtful).count();
        if (doubts(&without), without.len()) > (doubts(&nameless), nameless.len()) {
            nameless = without;
        }
    }
    let controlled = match control {
        Some(control) if records.is_empty() && !fresh => {
            vendor.reserve_control(count(spellings.len())).await?;
            if search(control).await?.records.is_empty() {
                return Err(Fault::Unavailable(Code::ControlNotFound));
            }
            vendor.control_was_seen().await;
            true
        }
        Some(_) => records.is_empty(),
        None => false,
    };
    set_aside.retain(|id, _| !seen.contains(id));
    let named = set_aside.into_iter().map(|(id, doubtful)| SetAside { id: Some(id), doubtful });
    let set_aside: Vec<SetAside> = named.chain(nameless).collect();
    let asked = Asked {
        spellings: count(spellings.len()),
        marked: count(marked.len()),
        set_aside: count(set_aside.len()),
        doubtful: count(set_aside.iter().filter(|one| one.doubtful).count()),
        may_be_part: !capabilities.states_whole,
    };
    let found = Found { records, marked: marked.into_iter().collect(), set_aside };
    Ok(Heard { found, asked, controlled })
}
