//! What an operator is shown of a person: which records were found, and a link to their copy. Each time is
//! an event.

use super::{STALE_TRIES, TaskRef, count, open_records};
use crate::actor::Actor;
use crate::event::Fact;
use crate::failure::Failure;
use crate::ids::{RequestId, SourceId};
use crate::ports::{Change, Clock, CommitError, CopyLinks, Keys, Reads, Writes};
use crate::request::{Request, RequestState, Right};
use crate::seal::Tag;
use crate::task::Task;
use crate::time::Time;
use crate::vendor::RecordId;
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

/// A page of what a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPage {
    /// The record ids, as the vendor names them. Personal data: for the operator alone.
    pub records: Vec<RecordId>,
    /// How many there are in all.
    pub all: u32,
    /// The keyed digest of all of them: what a decision binds to.
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
    /// It doesn't go to this data source.
    #[error("the request doesn't go to the data source {0}")]
    UnknownSource(SourceId),
    /// The person is forgotten.
    #[error("the person of this request is forgotten: nobody can tell any more which records these were")]
    Forgotten,
    /// Not a copy at all.
    #[error("this is a request for erasure: a copy is made for the right of access")]
    NotAccess,
    /// There is none yet.
    #[error("{0}")]
    NoCopy(String),
    /// It was deleted.
    #[error("the copy expired at {0} and is deleted: make a new request")]
    Expired(Time),
    /// A port failed: it may be tried again.
    #[error("it could not be shown: try again")]
    Failed(#[from] Failure),
}

/// How many records one page holds at most.
pub const RECORDS_A_PAGE: u32 = 500;

impl<S, K, C> Records<'_, S, K, C>
where
    S: Reads + Writes,
    K: Keys,
    C: Clock,
{
    /// Which records the last search of a data source found, from place `from` on, at most `most`. May be
    /// repeated; each time is an event.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn run(&self, at: &TaskRef, from: u32, most: u32, by: &Actor) -> Result<RecordPage, ShowError> {
        let request = self.store.request(at.request_id).await?.ok_or(ShowError::NotFound)?;
        let task = self.store.task(at.request_id, &at.source_id).await?;
        let task = task.ok_or_else(|| ShowError::UnknownSource(at.source_id.clone()))?;
        if request.forgotten_at.is_some() || self.keys.key(request.id).await?.is_none() {
            return Err(ShowError::Forgotten);
        }
        // Chunks of an earlier, longer search are written over; those of a search that ended are stale.
        let records = match task.found_digest {
            Some(_) => open_records(self.store, self.keys, at).await?,
            None => Vec::new(),
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
        note(self.store, self.clock, &request, shown).await?;
        Ok(RecordPage { records: page, all, digest: task.found_digest, next: (end < all).then_some(end) })
    }
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
    /// The link: a secret, whoever has it can fetch the copy.
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
    /// A link to the copy of a closed request. May be repeated; each time is an event.
    ///
    /// # Errors
    /// [`ShowError`], saying what stands in the copy's way.
    pub async fn run(&self, id: RequestId, by: &Actor) -> Result<Link, ShowError> {
        let request = self.store.request(id).await?.ok_or(ShowError::NotFound)?;
        if request.right != Right::Access {
            return Err(ShowError::NotAccess);
        }
        let now = self.clock.now();
        let Some(package) = request.copy.clone() else {
            let tasks = self.store.tasks(id).await?;
            let named = |of: fn(&Task) -> bool| -> Vec<&str> {
                tasks.iter().filter(|task| of(task)).map(|task| task.source.as_str()).collect()
            };
            let (missing, wrong) = (named(Task::lacks_identifier), named(Task::found_nothing_by_given));
            return Err(ShowError::NoCopy(no_copy(&request, &missing, &wrong)));
        };
        if package.expires_at <= now || request.forgotten_at.is_some() {
            return Err(ShowError::Expired(package.expires_at));
        }
        let until = now.plus_seconds(self.seconds).min(package.expires_at);
        let url = self.links.link(id, now.seconds_until(until).max(1)).await?;
        note(self.store, self.clock, &request, Fact::CopyLinked { by: by.clone(), until }).await?;
        Ok(Link { url, until, sha256: package.sha256, bytes: package.bytes, expires_at: package.expires_at })
    }
}

/// Why there is no copy.
fn no_copy(request: &Request, missing: &[&str], wrong: &[&str]) -> String {
    if !missing.is_empty() {
        return format!(
            "there is no copy yet: the identifier is missing for {}; give it (`request identify`), or leave \
             the data source out (`request review --leave-out`)",
            missing.join(", ")
        );
    }
    if !wrong.is_empty() {
        return format!(
            "there is no copy yet: the identifier that was given finds nothing at {}; give another one \
             (`request identify`), or leave the data source out (`request review --leave-out`)",
            wrong.join(", ")
        );
    }
    match (request.state, request.dry_run) {
        (RequestState::Open, _) => {
            "there is no copy yet: it is made when every data source is done".to_owned()
        }
        (RequestState::Closed, true) => "this was a dry run: nothing was copied".to_owned(),
        (RequestState::Closed, false) => {
            "no copy was made: no data source gave any record; check the identifiers that the person was \
             looked for by"
                .to_owned()
        }
    }
}

/// Stores an event alone.
async fn note(store: &impl Writes, clock: &impl Clock, request: &Request, fact: Fact) -> Result<(), Failure> {
    for _ in 0..STALE_TRIES {
        let change =
            Change { request: request.id, at: clock.now(), rows: Vec::new(), facts: vec![fact.clone()] };
        match store.commit(change).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Stale) => {}
            Err(CommitError::Failed(failure)) => return Err(failure),
        }
    }
    Err(Failure::transient("too_much_contention"))
}
