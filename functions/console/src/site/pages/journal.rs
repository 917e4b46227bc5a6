//! The deployment's journal: what operators did to it, the newest first; as a page, and as a table to keep.

use crate::ports::Outside;
use crate::site::pages::frame::{failed, rendered};
use crate::site::reply::Reply;
use crate::site::shell::{Shell, sentence};
use crate::site::show::act::{self, KINDS};
use crate::site::show::csv;
use crate::site::show::names::Names;
use crate::site::visit::{Refused, Visit};
use askama::Template;
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::time::Time;
use rightful_domain::chain::journal::Entry;
use rightful_domain::view::page::Page;
use rightful_domain::view::source::SourceView;
use std::collections::{BTreeMap, BTreeSet};

/// How many entries a page shows.
const ROWS: usize = 50;
/// How many entries are read for a page at most: a filter may leave few of them.
const READ: usize = 500;
/// How many entries are read for a table at most.
const MOST_READ: usize = 5000;
/// How many entries are read at once.
const AT_ONCE: usize = 100;
/// The letters of an actor's digest that an address holds.
const DIGEST: usize = 16;

/// The parts of the filter, by the names that they have in the address.
const CHOICES: [&str; 3] = ["source", "kind", "who"];

#[derive(Template)]
#[template(path = "journal.html")]
struct JournalPage<'a> {
    s: Shell<'a>,
    filters: Vec<Filter>,
    is_set: bool,
    lines: Vec<Line>,
    /// Why there are no lines, or how many entries were read for them.
    empty: String,
    read: String,
    is_later: bool,
    newest: String,
    older: Option<(String, String)>,
    download: String,
    download_about: String,
}

/// A part of the filter.
struct Filter {
    name: &'static str,
    label: String,
    choices: Vec<Choice>,
}

struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

/// An entry in words.
struct Line {
    seq: u64,
    at: Time,
    words: String,
    who: String,
    actor: String,
}

/// The entries that a call asks for.
struct Wanted {
    source: Option<SourceId>,
    kind: Option<&'static str>,
    /// The beginning of an actor's digest.
    who: Option<String>,
}

/// The entries that were read.
struct Found {
    /// Those that are wanted.
    entries: Vec<Entry>,
    /// The actors and the data sources of all.
    actors: BTreeSet<String>,
    sources: BTreeSet<SourceId>,
    read: usize,
    /// The number before which older entries begin; `None` if there are none.
    before: Option<u64>,
}

impl Wanted {
    /// What the address asks for. A part that means nothing leaves nothing out.
    fn of<O: Outside>(visit: &Visit<'_, O>) -> Self {
        let query = visit.query;
        Self {
            source: query.some("source").and_then(|text| SourceId::parse(text).ok()),
            kind: KINDS.into_iter().find(|kind| query.some("kind") == Some(kind)),
            who: query.some("who").filter(|who| is_digest(who)).map(str::to_owned),
        }
    }

    fn takes(&self, entry: &Entry) -> bool {
        self.source.as_ref().is_none_or(|source| act::source(&entry.act) == Some(source))
            && self.kind.is_none_or(|kind| act::kind(&entry.act) == kind)
            && self.who.as_ref().is_none_or(|who| entry.by.digest().starts_with(who))
    }

    fn is_set(&self) -> bool {
        self.source.is_some() || self.kind.is_some() || self.who.is_some()
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn before<O: Outside>(visit: &Visit<'_, O>) -> Option<u64> {
    visit.query.some("before").and_then(|text| text.parse().ok())
}

/// Reads from the newest entry before this number back, until `rows` are found or `most` are read.
async fn read<O: Outside>(
    visit: &Visit<'_, O>,
    wanted: &Wanted,
    before: Option<u64>,
    rows: usize,
    most: usize,
) -> Result<Found, Refused> {
    let (actors, sources) = Default::default();
    let mut found = Found { entries: Vec::new(), actors, sources, read: 0, before };
    let at_once = if wanted.is_set() { AT_ONCE } else { AT_ONCE.min(rows) };
    let limit = at_once.to_string();
    loop {
        let before = found.before.map(|before| before.to_string());
        let mut asked = vec![("limit", limit.as_str())];
        asked.extend(before.as_deref().map(|before| ("before", before)));
        let page: Page<Entry> = visit.read("/api/journal", &asked).await?;
        let more = page.next.is_some();
        found.before = page.items.last().map(|last| last.seq).filter(|_| more);
        for entry in page.items {
            if found.entries.len() == rows {
                // The rest is read again for the next page.
                found.before = found.entries.last().map(|last| last.seq);
                return Ok(found);
            }
            found.read += 1;
            found.actors.insert(entry.by.as_str().to_owned());
            found.sources.extend(act::source(&entry.act).cloned());
            if wanted.takes(&entry) {
                found.entries.push(entry);
            }
        }
        if found.before.is_none() || found.entries.len() == rows || found.read >= most {
            return Ok(found);
        }
    }
}

/// The journal as a page.
pub(crate) async fn page<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let (w, wanted, before) = (visit.words, Wanted::of(visit), before(visit));
    let found = read(visit, &wanted, before, ROWS, READ).await?;
    let names = Names::of(visit, found.actors.iter().cloned()).await?;
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let is_set = wanted.is_set();
    let empty = match (found.entries.is_empty(), is_set, found.before.is_some()) {
        (false, ..) => String::new(),
        (true, _, true) => w.n("journal-none-yet", number(found.read)),
        (true, true, false) => w.t("journal-none"),
        (true, false, false) => w.t("journal-none-at-all"),
    };
    let kept = visit.query.query(|name| CHOICES.contains(&name));
    let and = if kept.is_empty() { "" } else { "&" };
    let older = found.before.map(|before| {
        let words = w.t(if found.entries.is_empty() { "journal-further" } else { "journal-older" });
        (format!("/console/journal?{kept}{and}before={before}"), words)
    });
    let from = before.map_or_else(String::new, |before| format!("{and}before={before}"));
    let lines = found.entries.iter().map(|entry| Line {
        seq: entry.seq,
        at: entry.at,
        words: sentence(&act::words(w, &names, &entry.act)),
        who: names.actor(entry.by.as_str()),
        actor: entry.by.as_str().to_owned(),
    });
    let page = JournalPage {
        s: Shell::of(visit, "journal", w.t("journal")).map_err(failed)?,
        filters: filters(visit, &wanted, &found, &names).await?,
        is_set,
        lines: lines.collect(),
        read: match is_set && !found.entries.is_empty() {
            true => w.n("journal-read", number(found.read)),
            false => String::new(),
        },
        empty,
        is_later: before.is_some(),
        newest: format!("/console/journal?{kept}"),
        older,
        download: format!("/console/journal.csv?{kept}{from}"),
        download_about: w.n("journal-download-about", number(MOST_READ)),
    };
    rendered(200, &page)
}

async fn filters<O: Outside>(
    visit: &Visit<'_, O>,
    wanted: &Wanted,
    found: &Found,
    names: &Names,
) -> Result<Vec<Filter>, Refused> {
    let w = visit.words;
    let connected: Page<SourceView> = visit.read("/api/sources", &[("limit", "100")]).await?;
    // Those that were removed have entries too.
    let mut sources = found.sources.clone();
    sources.extend(connected.items.into_iter().map(|source| source.id));
    sources.extend(wanted.source.clone());
    let sources = sources.into_iter().map(|id| (id.to_string(), id.to_string()));
    let kinds = KINDS.map(|kind| (kind.to_owned(), w.t(&format!("entry-kind-{kind}"))));
    let actors = found.actors.iter().filter_map(|actor| {
        let digest = rightful_domain::base::actor::Actor::parse(actor).ok()?.digest();
        Some((digest.get(..DIGEST)?.to_owned(), names.actor(actor)))
    });
    let mut who: BTreeMap<String, String> = actors.collect();
    if let Some(chosen) = &wanted.who {
        who.entry(chosen.clone()).or_insert_with(|| w.t("journal-who-other"));
    }
    let mut who: Vec<(String, String)> = who.into_iter().collect();
    who.sort_by(|(_, one), (_, other)| one.cmp(other));
    let filter = |name: &'static str, label: &str, chosen: Option<&str>, all: Vec<(String, String)>| {
        let any = Choice { value: String::new(), words: w.t("filter-any"), chosen: chosen.is_none() };
        let choices = all.into_iter().map(|(value, words)| Choice {
            chosen: chosen == Some(value.as_str()),
            value,
            words,
        });
        Filter { name, label: w.t(label), choices: std::iter::once(any).chain(choices).collect() }
    };
    Ok(vec![
        filter("source", "filter-source", wanted.source.as_ref().map(SourceId::as_str), sources.collect()),
        filter("kind", "journal-kind", wanted.kind, kinds.to_vec()),
        filter("who", "journal-who", wanted.who.as_deref(), who),
    ])
}

/// The journal as a table for a spreadsheet: what the filter leaves, the newest first.
pub(crate) async fn table<O: Outside>(visit: &Visit<'_, O>) -> Result<Reply, Refused> {
    let (w, wanted) = (visit.words, Wanted::of(visit));
    let found = read(visit, &wanted, before(visit), usize::MAX, MOST_READ).await?;
    let names = Names::of(visit, found.actors.iter().cloned()).await?;
    let head = ["number", "at", "who", "actor", "kind", "about", "what"];
    let head = head.map(|name| w.t(&format!("journal-csv-{name}")));
    let rows = found.entries.iter().map(|entry| {
        let about = match &entry.act {
            rightful_domain::chain::act::Act::TicketingSet { channel } => channel.clone(),
            act => act::source(act).map_or_else(String::new, ToString::to_string),
        };
        [
            entry.seq.to_string(),
            entry.at.to_string(),
            names.actor(entry.by.as_str()),
            entry.by.as_str().to_owned(),
            act::kind(&entry.act).to_owned(),
            about,
            sentence(&act::words(w, &names, &entry.act)),
        ]
    });
    let file = csv::table(std::iter::once(head).chain(rows)).map_err(failed)?;
    // A table that ends before the first entry says where the next one begins.
    let cut = found.before.map_or_else(String::new, |before| format!("-from-{before}"));
    Ok(Reply::file(format!("rightful-{}-journal{cut}.csv", visit.stage), csv::KIND, file))
}
