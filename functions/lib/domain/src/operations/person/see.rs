//! Shows an operator what concerns a person: their identifiers, the records found, whom they name, the reasons of
//! decisions, and a link to the copy. Each showing is an event, stored before anything is given.

use crate::base::actor::Actor;
use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::identifier::{Identifier, IdentifierKind};
use crate::base::ids::{RequestId, SourceId, TaskRef};
use crate::base::kind::Kind;
use crate::base::seal::{DataKey, Tag};
use crate::base::time::Time;
use crate::chain::fact::Fact;
use crate::documents::comparison::{ComparedRecord, ComparisonView, FieldView, RecordStanding};
use crate::duty::acts::{self, WhyNot};
use crate::model::request::Request;
use crate::model::task::{Review, Task, Verdict};
use crate::operations::asking::in_every_spelling;
use crate::operations::fulfil::search::usable;
use crate::operations::load::{Loaded, count, load, retry_stale};
use crate::operations::open::{AROUND_A_CALL, Opened, open_vendor};
use crate::operations::sealing::{
    key_of, open_all_identifiers, open_identifiers, open_records, reason_context,
};
use crate::ports::clock::Clock;
use crate::ports::copies::CopyLinks;
use crate::ports::keys::Keys;
use crate::ports::store::{Change, Limits, Reads, Writes};
use crate::ports::vendors::{Compares, Vendors};
use crate::vendor::fault::Fault;
use crate::vendor::record::{RecordId, ShownRecord};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// The ports of showing records.
#[derive(Debug)]
pub struct Records<'a, S, K, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// The time.
    pub clock: &'a C,
}

/// A page of the records that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPage {
    /// The record ids, as the vendor names them. They are personal data, for the operator alone.
    pub records: Vec<RecordId>,
    /// How many records there are in all.
    pub all: u32,
    /// The keyed digest of all of them; a decision binds to it.
    pub digest: Option<Tag>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<u32>,
}

/// Why nothing is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// There is no such request.
    #[error("there is no such request")]
    NotFound,
    /// The request doesn't go to this data source.
    #[error("the request doesn't go to the data source {0}")]
    UnknownSource(SourceId),
    /// Showing is not possible now.
    #[error(transparent)]
    Not(#[from] WhyNot),
    /// The data source has another target since.
    #[error("{0} has another target since it was searched: run it again, then decide on what it finds there")]
    Moved(SourceId),
    /// The vendor did not show them.
    #[error("{0} could not be asked now: try again")]
    Unanswered(SourceId, String),
    /// A port failed: the call may be tried again.
    #[error("it could not be shown: try again")]
    Failed(#[from] Failure),
}

/// The most records on one page.
pub const RECORDS_A_PAGE: u32 = 500;

impl<S, K, C> Records<'_, S, K, C>
where
    S: Reads + Writes,
    K: Keys,
    C: Clock,
{
    /// Returns the records that the last search of a data source found, from place `from` on, at most `most`.
    /// May be repeated; each call is an event.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn show(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
        by: &Actor,
    ) -> Result<RecordPage, ShowError> {
        let request = self.store.request(at.request_id).await?.ok_or(ShowError::NotFound)?;
        let task = self.store.task(at.request_id, &at.source_id).await?;
        let task = task.ok_or_else(|| ShowError::UnknownSource(at.source_id.clone()))?;
        let shown = acts::records(&request, &task);
        let key = self.keys.key(request.id).await?.ok_or(WhyNot::Forgotten)?;
        // A longer earlier search leaves no records: its chunks were overwritten. The chunks of a search that
        // ended the task are stale.
        let records = match shown {
            Ok(()) => open_records(self.store, &key, at).await?,
            // No operator is offered an empty list, but one who asks gets it.
            Err(WhyNot::NothingFound(_)) => Vec::new(),
            Err(why) => return Err(why.into()),
        };
        let all = count(records.len());
        let most = most.clamp(1, RECORDS_A_PAGE);
        let page: Vec<RecordId> = records.into_iter().skip(from as usize).take(most as usize).collect();
        let end = from.saturating_add(count(page.len()));
        let shown = Fact::RecordsShown {
            source: at.source_id.clone(),
            by: by.clone(),
            records: count(page.len()),
            with_fields: false,
        };
        note(self.store, self.clock, &request, vec![shown]).await?;
        Ok(RecordPage { records: page, all, digest: task.found_digest, next: (end < all).then_some(end) })
    }
}

/// The ports of showing identifiers.
#[derive(Debug)]
pub struct Identifiers<'a, S, K, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// The time.
    pub clock: &'a C,
}

/// An identifier of the person. Personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenIdentifier {
    /// The identifier.
    pub identifier: Identifier,
    /// The data source that it was given for; `None` if it holds at all of them.
    pub source: Option<SourceId>,
}

impl<S, K, C> Identifiers<'_, S, K, C>
where
    S: Reads + Writes,
    K: Keys,
    C: Clock,
{
    /// Returns the person's identifiers in the order in which they were given, each with the data source that it is
    /// limited to, until the person is forgotten. May be repeated; each showing is an event, stored first.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn show(&self, id: RequestId, by: &Actor) -> Result<Vec<GivenIdentifier>, ShowError> {
        let request = self.store.request(id).await?.ok_or(ShowError::NotFound)?;
        acts::identifiers(&request)?;
        let key = self.keys.key(id).await?.ok_or(WhyNot::Forgotten)?;
        let all = open_all_identifiers(&key, &request)?.into_iter();
        let all: Vec<GivenIdentifier> =
            all.map(|one| GivenIdentifier { identifier: one.identifier, source: one.source }).collect();
        let shown = Fact::IdentifiersShown { by: by.clone(), identifiers: count(all.len()) };
        note(self.store, self.clock, &request, vec![shown]).await?;
        Ok(all)
    }
}

/// The most characters shown of a field.
pub const LONGEST_FIELD: usize = 300;

/// The ports of showing records with their fields, beside those of the function that may call vendors.
#[derive(Debug)]
pub struct Compare<'a, S, K, L, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Asks the vendor through that function.
    pub looks: &'a L,
    /// The time.
    pub clock: &'a C,
}

impl<S, K, L, C> Compare<'_, S, K, L, C>
where
    S: Reads + Writes,
    K: Keys,
    L: Compares,
    C: Clock,
{
    /// Returns the vendor's present records of the person at a data source that is not settled, from place
    /// `from` on, at most `most`. Stores only the event. May be repeated; each call is an event and a search of
    /// the vendor.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
        by: &Actor,
    ) -> Result<ComparisonView, ShowError> {
        let request = self.store.request(at.request_id).await?.ok_or(ShowError::NotFound)?;
        let task = self.store.task(at.request_id, &at.source_id).await?;
        let task = task.ok_or_else(|| ShowError::UnknownSource(at.source_id.clone()))?;
        acts::compare(&request, &task)?;
        if self.keys.key(request.id).await?.is_none() {
            return Err(WhyNot::Forgotten.into());
        }
        let source = || at.source_id.clone();
        let page = self.looks.compare(at, from, most).await?.map_err(|code| match Code::parse(&code) {
            Some(Code::SourceMoved) => ShowError::Moved(source()),
            Some(Code::TaskOver) => WhyNot::Over(source()).into(),
            Some(Code::PersonForgotten) => WhyNot::Forgotten.into(),
            _ => ShowError::Unanswered(source(), code),
        })?;
        let records = count(page.records.len());
        let shown = Fact::RecordsShown { source: source(), by: by.clone(), records, with_fields: true };
        note(self.store, self.clock, &request, vec![shown]).await?;
        Ok(page)
    }
}

/// The ports of the question to the vendor.
#[derive(Debug)]
pub struct Comparison<'a, S, K, V, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// Opens data sources.
    pub vendors: &'a V,
    /// The time.
    pub clock: &'a C,
}

/// A record put together from the answers to all spellings.
#[derive(Default)]
struct Joined {
    found_by: BTreeSet<IdentifierKind>,
    fields: Vec<(String, String)>,
    marked: bool,
    found: bool,
    doubtful: bool,
}

impl<S, K, V, C> Comparison<'_, S, K, V, C>
where
    S: Reads + Limits,
    K: Keys,
    V: Vendors,
    C: Clock,
{
    /// Asks the vendor, at the target where the task was searched, for every record of the person, including
    /// those set aside. Says of each whether the stored digest covers it. Stores nothing. Ends before `until`.
    /// May be repeated.
    ///
    /// # Errors
    /// [`Code::SourceMoved`], [`Code::TaskOver`], `person_forgotten`, what is wrong with the set-up, or the vendor's
    /// fault.
    pub async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
        until: Time,
    ) -> Result<ComparisonView, Failure> {
        let loaded = load(self.store, at).await?;
        let Loaded { request, life, .. } = &loaded;
        acts::compare(request, &life.task).map_err(|why| Failure::new(Kind::Refused, why.code()))?;
        let vendor = match open_vendor(self.store, self.vendors, self.clock, &loaded).await? {
            Opened::There(vendor) => vendor.beside(),
            Opened::Moved => return Err(Failure::new(Kind::Refused, Code::SourceMoved)),
        };
        let key = key_of(self.keys, request.id).await?;
        let identifiers = open_identifiers(&key, request, &at.source_id)?;
        let identifiers = usable(vendor.capabilities(), identifiers);
        let covered: BTreeSet<RecordId> = match life.task.found_digest {
            Some(_) => open_records(self.store, &key, at).await?.into_iter().collect(),
            None => BTreeSet::new(),
        };
        let spellings = in_every_spelling(vendor.capabilities(), &identifiers);
        let asked = vendor.reserve_searches(count(spellings.len()), false).await;
        asked.map_err(|fault| fault.failure())?;
        let needed = vendor.capabilities().call_timeout_seconds + AROUND_A_CALL;
        let mut answers = Vec::new();
        for spelling in &spellings {
            if self.clock.now().plus_seconds(needed) > until {
                return Err(Fault::Unavailable(Code::VendorOutOfTime).failure());
            }
            let shown = vendor.show(std::slice::from_ref(spelling), &identifiers).await;
            answers.extend(shown.map_err(|fault| fault.failure())?);
        }
        let all = compared(answers, &covered);
        let (number, most) = (count(all.len()), most.clamp(1, RECORDS_A_PAGE));
        let records: Vec<ComparedRecord> = all.into_iter().skip(from as usize).take(most as usize).collect();
        let end = from.saturating_add(count(records.len()));
        Ok(ComparisonView {
            source: at.source_id.clone(),
            records,
            all: number,
            digest: life.task.found_digest.clone(),
            next: (end < number).then_some(end),
        })
    }
}

/// The key of a record in an answer: its id, or its fields if it has none.
type Shows = (Option<RecordId>, Vec<(String, String)>);

/// The records of all answers, each once, in the order for review: those that need a confirmation come first.
/// Pure.
fn compared(answers: Vec<ShownRecord>, covered: &BTreeSet<RecordId>) -> Vec<ComparedRecord> {
    let mut joined: BTreeMap<Shows, Joined> = BTreeMap::new();
    for record in answers {
        // A record without an id is known by its fields alone.
        let key = if record.id.is_some() { Vec::new() } else { record.fields.clone() };
        let one = joined.entry((record.id, key)).or_default();
        one.found_by.insert(record.found_by);
        for (name, text) in record.fields {
            if !one.fields.iter().any(|(known, _)| *known == name) {
                one.fields.push((name, short(&text)));
            }
        }
        one.marked |= record.marked;
        one.doubtful |= record.doubtful;
        one.found |= !record.set_aside;
    }
    let there = |((id, _), one): (&(Option<RecordId>, _), &Joined)| id.clone().filter(|_| one.found);
    let there: BTreeSet<RecordId> = joined.iter().filter_map(there).collect();
    let shown = |((id, _), one): (Shows, Joined)| {
        let standing = match &id {
            _ if !one.found => RecordStanding::SetAside,
            Some(id) if covered.contains(id) => RecordStanding::Covered,
            _ => RecordStanding::New,
        };
        ComparedRecord {
            id,
            found_by: one.found_by.into_iter().collect(),
            fields: one.fields.into_iter().map(|(name, text)| FieldView { name, text }).collect(),
            marked: one.found && one.marked,
            doubtful: !one.found && one.doubtful,
            standing,
        }
    };
    let mut all: Vec<ComparedRecord> = joined.into_iter().map(shown).collect();
    all.extend(covered.difference(&there).map(|id| ComparedRecord {
        id: Some(id.clone()),
        found_by: Vec::new(),
        fields: Vec::new(),
        marked: false,
        doubtful: false,
        standing: RecordStanding::Gone,
    }));
    all.sort_by_key(|one| (!(one.marked || one.doubtful), one.standing));
    all
}

/// A field's text, cut to [`LONGEST_FIELD`] characters.
fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_FIELD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The ports of reading reasons.
#[derive(Debug)]
pub struct Reasons<'a, S, K, C> {
    /// The store.
    pub store: &'a S,
    /// Reads data keys.
    pub keys: &'a K,
    /// The time.
    pub clock: &'a C,
}

/// The reason of a person's decision.
pub struct GivenReason {
    /// The data source.
    pub source: SourceId,
    /// The person who decided.
    pub by: String,
    /// When they decided.
    pub at: Time,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason in their own words. It may name the person.
    pub reason: Zeroizing<String>,
}

impl<S, K, C> Reasons<'_, S, K, C>
where
    S: Reads + Writes,
    K: Keys,
    C: Clock,
{
    /// Returns the reasons of persons' decisions at each data source, the oldest first, until the person is
    /// forgotten. May be repeated; each reading of each reason is an event, stored before its text is given.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn show(&self, id: RequestId, by: &Actor) -> Result<Vec<GivenReason>, ShowError> {
        let request = self.store.request(id).await?.ok_or(ShowError::NotFound)?;
        let tasks = self.store.tasks(id).await?;
        match acts::reasons(&request, &tasks) {
            Ok(()) => {}
            Err(WhyNot::NoReason) => return Ok(Vec::new()),
            Err(why) => return Err(why.into()),
        }
        let key = self.keys.key(id).await?.ok_or(WhyNot::Forgotten)?;
        let (mut given, mut read) = (Vec::new(), Vec::new());
        for task in tasks {
            let reviews: Vec<&Review> = task.past_reviews.iter().chain(&task.review).collect();
            if reviews.is_empty() {
                continue;
            }
            for review in reviews {
                given.push(GivenReason {
                    reason: opened(&key, &task, review)?,
                    source: task.source.clone(),
                    by: review.by.clone(),
                    at: review.at,
                    verdict: review.verdict,
                });
            }
            read.push(Fact::ReasonRead { source: task.source, by: by.clone() });
        }
        note(self.store, self.clock, &request, read).await?;
        Ok(given)
    }
}

fn opened(key: &DataKey, task: &Task, review: &Review) -> Result<Zeroizing<String>, Failure> {
    let unreadable = Failure::of(Code::ReasonUnreadable);
    let context = reason_context(task.request, &task.source);
    let plain = key.open(&context, &review.reason).map_err(|_| unreadable)?;
    let text = std::str::from_utf8(&plain).map_err(|_| unreadable)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The ports of a link.
#[derive(Debug)]
pub struct CopyLink<'a, S, L, C> {
    /// The store.
    pub store: &'a S,
    /// Makes links.
    pub links: &'a L,
    /// The time.
    pub clock: &'a C,
    /// How long a link works, in seconds.
    pub seconds: u64,
}

/// A link to a person's copy.
#[derive(Clone)]
pub struct Link {
    /// The link. It is a secret: anybody who has it can fetch the copy.
    pub url: Zeroizing<String>,
    /// Until when it works.
    pub until: Time,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When the copy itself is deleted.
    pub expires_at: Time,
}

impl<S, L, C> CopyLink<'_, S, L, C>
where
    S: Reads + Writes,
    L: CopyLinks,
    C: Clock,
{
    /// Makes a link to the copy of a closed request. May be repeated; each call is an event.
    ///
    /// # Errors
    /// [`ShowError`], with the obstacle.
    pub async fn link(&self, id: RequestId, by: &Actor) -> Result<Link, ShowError> {
        let request = self.store.request(id).await?.ok_or(ShowError::NotFound)?;
        let now = self.clock.now();
        let tasks = if request.copy.is_none() { self.store.tasks(id).await? } else { Vec::new() };
        acts::copy(&request, &tasks, now)?;
        let package = request.copy.clone().ok_or(Failure::of(Code::CopyUnwritable))?;
        let until = now.plus_seconds(self.seconds).min(package.expires_at);
        let url = self.links.link(id, now.seconds_until(until).max(1)).await?;
        note(self.store, self.clock, &request, vec![Fact::CopyLinked { by: by.clone(), until }]).await?;
        Ok(Link { url, until, sha256: package.sha256, bytes: package.bytes, expires_at: package.expires_at })
    }
}

/// Stores events alone.
async fn note(
    store: &impl Writes,
    clock: &impl Clock,
    request: &Request,
    facts: Vec<Fact>,
) -> Result<(), Failure> {
    retry_stale(async || {
        let change = Change { request: request.id, at: clock.now(), rows: Vec::new(), facts: facts.clone() };
        Ok(store.commit(change).await?)
    })
    .await
}
