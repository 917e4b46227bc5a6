//! The searches, the real records, and the proof of a look.

use crate::ledger::book::{Ledger, key};
use crate::ledger::entries::{Look, Post, Search};
use rightful_contract::rows;
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::vendor::record::RecordId;
use std::collections::BTreeSet;

/// How long looks count after a sight of the control, in seconds, with some more for a host's clock.
const CONTROL_SECONDS: u64 = 300 + 15;
/// Two looks without a control are at least this many seconds apart.
const APART_SECONDS: u64 = 45;

impl Ledger {
    /// The vendor has a control.
    pub(crate) fn has_control(&self, vendor: &str) {
        self.controls.borrow_mut().entry(vendor.to_owned()).or_default();
    }

    /// The vendor showed the control's record.
    pub(crate) fn saw_control(&self, vendor: &str, now: Time) {
        self.controls.borrow_mut().entry(vendor.to_owned()).or_default().push(now);
    }

    /// The worker whose turn it is opens a data source: its searches from now on belong to another look.
    pub(crate) fn opens(&self) {
        *self.opened.borrow_mut().entry(self.worker.get()).or_default() += 1;
    }

    /// The decided records of the worker's task, while its last look is due.
    pub(crate) fn looked_for(&self, source: &SourceId, dry_run: bool) -> Option<BTreeSet<RecordId>> {
        let at = self.current.borrow().clone().filter(|at| at.source_id == *source)?;
        let demanded = self.demanded.borrow().get(&at.request_id).copied()?;
        let task: Task = self.read(at.request_id, &rows::task_sk(source))?;
        let looks = task.state == TaskState::Verifying && demanded.dry_run == dry_run;
        if looks { self.decided(&task) } else { None }
    }

    /// The looks for a task, in the order in which they began.
    pub(super) fn looks(&self, at: &TaskRef) -> Vec<Look> {
        let mut looks: Vec<Look> = Vec::new();
        let known = self.known.borrow();
        let searches = self.searches.borrow();
        for (first, search) in searches.iter().enumerate().filter(|(_, search)| search.is_for(at)) {
            let about = known.get(&search.key);
            let mine = match about {
                Some(people) => people.iter().any(|person| self.is_about(at, *person)),
                None => search.at.is_some(),
            };
            if !mine {
                continue;
            }
            let open = looks.iter_mut().rev().find(|look| look.worker == search.worker).filter(|look| {
                let again = look.spellings.contains(&search.spelling);
                let same = look.opened == search.opened && look.vendor == search.vendor;
                !again && same && look.copies == search.copies
            });
            let Some(look) = open else {
                looks.push(Look {
                    worker: search.worker,
                    opened: search.opened,
                    first,
                    began_at: search.began_at,
                    vendor: search.vendor.clone(),
                    copies: search.copies,
                    spellings: vec![search.spelling.clone()],
                    found: search.found.iter().cloned().collect(),
                    there: search.there.clone(),
                    excused: search.excused,
                    blind: search.blind,
                    marked: search.marked,
                    doubtful: search.doubtful,
                    doubts: search.doubts.clone(),
                });
                continue;
            };
            look.spellings.push(search.spelling.clone());
            look.found.extend(search.found.iter().cloned());
            look.there.retain(|record| search.there.contains(record));
            (look.excused, look.blind) = (look.excused || search.excused, look.blind || search.blind);
            look.marked = look.marked.max(search.marked);
            look.doubtful = look.doubtful.max(search.doubtful);
            look.doubts.extend(search.doubts.iter().cloned());
        }
        looks
    }

    /// The last look of the worker whose turn it is.
    pub(crate) fn look_of_worker(&self, at: &TaskRef) -> Option<Look> {
        let worker = self.worker.get();
        self.looks(at).into_iter().rev().find(|look| look.worker == worker)
    }

    /// Whether the vendor really showed its control in the minutes before a look.
    pub(super) fn is_controlled(&self, look: &Look) -> bool {
        let controls = self.controls.borrow();
        let seen = controls.get(&look.vendor).into_iter().flatten();
        // The control is searched after the look, unless it was seen before.
        seen.into_iter().any(|at| {
            *at >= look.began_at.minus_seconds(CONTROL_SECONDS)
                && *at <= look.began_at.plus_seconds(CONTROL_SECONDS)
        })
    }

    /// A search that found nothing is true, or was blind once; with a control, that search showed it in the
    /// same minutes.
    pub(super) fn found_nothing_rightly(&self, look: &Look) {
        self.holds(4, look.found.is_empty(), || "nothing found by a search that found records".to_owned());
        let has_control = self.controls.borrow().contains_key(&look.vendor);
        let excused = look.blind && (!has_control || self.is_controlled(look));
        self.holds(4, look.there.is_empty() || excused, || {
            format!("nothing found, yet the vendor holds {} records", look.there.len())
        });
    }

    /// A last look found nothing, and that is true. One exception: the vendor was blind in it, and either
    /// showed its control in the same minutes, or an earlier look found nothing too.
    pub(crate) fn is_gone_rightly(&self, at: &TaskRef) {
        let looks = self.looks(at);
        let worker = self.worker.get();
        let Some(last) = looks.iter().rev().find(|look| look.worker == worker) else {
            return self.breaks(4, "verified without a look");
        };
        self.holds(4, last.found.is_empty(), || {
            format!("verified by a look that found {} records", last.found.len())
        });
        if last.there.is_empty() {
            return;
        }
        self.holds(4, last.blind, || {
            format!("verified, yet the vendor holds {} records of the person", last.there.len())
        });
        let earlier = looks.iter().any(|look| {
            look.vendor == last.vendor
                && look.found.is_empty()
                && look.began_at.plus_seconds(APART_SECONDS) <= last.began_at
        });
        self.holds(4, earlier || self.is_controlled(last), || {
            "verified by one look, in which the vendor was blind".to_owned()
        });
    }

    /// A copy holds all of the person's records, as far as the vendor showed them.
    pub(crate) fn is_copied_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(look) = self.look_of_worker(at) else {
            return self.breaks(4, "copied without a look");
        };
        let missing = look.there.difference(decided).count();
        self.holds(4, missing == 0 || look.excused, || {
            format!("copied, without {missing} of the person's records")
        });
    }

    /// A decided record that a copy lacks was gone, or missing in two separate fetches.
    pub(crate) fn is_missed_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(last) = self.look_of_worker(at) else {
            return self.breaks(4, "nothing left to copy, and nobody looked");
        };
        let missed: BTreeSet<&RecordId> =
            decided.intersection(&last.there).filter(|record| !last.found.contains(*record)).collect();
        let earlier = || {
            self.looks(at).iter().any(|look| {
                look.copies
                    && look.vendor == last.vendor
                    && look.began_at.plus_seconds(APART_SECONDS) <= last.began_at
                    && missed.iter().any(|record| !look.found.contains(*record))
            })
        };
        self.holds(4, missed.is_empty() || last.excused && earlier(), || {
            format!("told as gone by one fetch, and the vendor holds {} of them", missed.len())
        });
    }

    /// A task that ends as a dry run has erased nothing, as far as its look could see.
    pub(crate) fn is_dry_rightly(&self, at: &TaskRef, decided: &BTreeSet<RecordId>) {
        let Some(look) = self.look_of_worker(at) else {
            return self.breaks(4, "a dry run without a look");
        };
        let gone = decided.difference(&look.there).count();
        self.holds(4, gone == 0 || look.excused, || {
            format!("a dry run that erased {gone} records, and says that it erased none")
        });
    }

    /// A person has seen the doubtful records that were set aside.
    pub(crate) fn doubts_were_seen(&self, at: &TaskRef) {
        let runs = self.runs.borrow();
        let run = runs.get(&key(at)).cloned().unwrap_or_default();
        let Some(look) = self.look_of_worker(at) else { return };
        let shown = run.reviewed && look.doubts.is_subset(&run.shown);
        self.holds(4, look.doubtful == 0 || shown, || {
            format!("ended well with {} records set aside that may be the person's", look.doubtful)
        });
    }

    /// A search that found nothing and set a doubtful record aside ends only by a person.
    pub(crate) fn a_zero_was_seen(&self, at: &TaskRef, always: bool) {
        let runs = self.runs.borrow();
        let run = runs.get(&key(at)).cloned().unwrap_or_default();
        self.holds(4, run.reviewed || !always && run.doubts == 0, || {
            "nothing found, and no person saw it who had to".to_owned()
        });
    }

    /// The records of a task are about to be fetched.
    pub(crate) fn copies(&self, source: &SourceId) {
        let at = self.current.borrow().clone().filter(|at| at.source_id == *source);
        let task: Option<Task> = at.and_then(|at| self.read(at.request_id, &rows::task_sk(source)));
        let right =
            task.as_ref().and_then(|task| self.demanded.borrow().get(&task.request).map(|one| one.right));
        self.holds(2, right == Some(Right::Access), || "a copy for a request that is not for one".to_owned());
        // A late worker may act on an earlier decision; its records are then discarded.
        let standings = self.standings.borrow();
        let ever = |task: &Task| {
            standings.get(&(task.request, task.source.clone())).is_some_and(|one| one.was_decided)
        };
        self.holds(2, task.as_ref().is_some_and(ever), || "a copy of what nobody decided on".to_owned());
    }

    /// A search was answered.
    pub(crate) fn searched(&self, search: Search) {
        let (at, worker) = (self.current.borrow().clone(), self.worker.get());
        let opened = self.opened.borrow().get(&worker).copied().unwrap_or_default();
        self.searches.borrow_mut().push(Search { at, worker, opened, ..search });
    }

    /// Whether a search of this task, begun after its last submission that may have had an effect,
    /// found none of the records.
    pub(crate) fn was_looked_for(&self, at: &TaskRef, records: &BTreeSet<RecordId>) -> bool {
        let posts = self.posts.borrow();
        let effective = || posts.iter().filter(|post| !post.harmless && post.at.source_id == at.source_id);
        // If its own was never sent, another request's may have named the same records: an identifier that an
        // operator gave may point at somebody with a request of their own.
        let names = |post: &&Post| post.records.iter().any(|record| records.contains(record));
        let own = effective().filter(|post| post.at == *at).map(|post| post.ends_at).max();
        let last = own.or_else(|| effective().filter(names).map(|post| post.ends_at).max());
        let Some(last) = last else { return self.was_looked_for_since_its_intent(at) };
        self.searches.borrow().iter().any(|search| {
            search.is_for(at)
                && search.began_at >= last
                && search.found.iter().all(|record| !records.contains(record))
        })
    }

    /// The same if no submission can have had an effect: it never reached the vendor, or its worker was lost
    /// before sending it. An unanswered intent doesn't tell, so the worker's last look must have begun after
    /// it, and found nothing at all.
    pub(super) fn was_looked_for_since_its_intent(&self, at: &TaskRef) -> bool {
        let intended = self.runs.borrow().get(&key(at)).and_then(|run| run.intended);
        let look = self.look_of_worker(at);
        intended.zip(look).is_some_and(|(intended, look)| look.first >= intended && look.found.is_empty())
    }

    /// Whether a search of this task since then found nothing, or a fetch none of the decided records.
    pub(crate) fn found_nothing(&self, task: &Task, since: Time) -> bool {
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        let decided = self.decided(task).unwrap_or_default();
        let none = |found: &[RecordId]| {
            found.is_empty()
                || task.decision.is_some() && !found.iter().any(|record| decided.contains(record))
        };
        self.searches
            .borrow()
            .iter()
            .any(|search| search.is_for(&at) && search.began_at >= since && none(&search.found))
    }
}
