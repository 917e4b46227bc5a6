//! The open requests, in the order in which people attend to them.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::Call;
use crate::docs::{Docs, REQUESTS};
use crate::handlers::requests;
use crate::ports::{Lists as _, Outside};
use crate::query::{Query, cursor, wrong_cursor};
use crate::success::Json;
use rightful_domain::base::ids::RequestId;
use rightful_domain::base::time::Time;
use rightful_domain::duty::gauge::Work;
use rightful_domain::duty::owner::is_persons;
use rightful_domain::duty::work_list::{Place, WorkCounts, WorkList};
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::store::{DUE_SHARDS, OpenWork as _, Reads as _};
use rightful_domain::view::request::RequestView;
use rightful_domain::view::work::WorkView;

/// How many requests are read at once, if some of them may not fit.
const AT_ONCE: usize = 100;

pub(crate) const LIST: Docs = Docs {
    id: "listWork",
    subject: &REQUESTS,
    summary: "List the open requests, the most urgent first",
    description: "Those that wait for a person come first, then the soonest legal deadline. Synthetic requests \
        are left out. The list lags behind by a second or so.",
    ..Docs::NONE
};

/// The requests that a call asks for.
struct Wanted {
    person: bool,
    due_by: Option<Time>,
    fits: requests::Wanted,
}

impl Wanted {
    fn of(query: &Query<'_>, now: Time) -> Result<Self, Refusal> {
        let days: Option<u32> = query.number("due_within")?;
        Ok(Self {
            person: query.flag("person")?,
            due_by: days.map(|days| now.plus_seconds(u64::from(days) * 24 * 3600)),
            fits: requests::Wanted::of(query)?,
        })
    }

    fn has(&self, place: &Place) -> bool {
        !(self.person && place.goes_on) && self.due_by.is_none_or(|by| place.due_at <= by)
    }

    fn takes(&self, request: &Request) -> bool {
        request.state == RequestState::Open && self.fits.takes(request)
    }
}

/// The open requests, the most urgent first.
pub(crate) async fn list<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<WorkView>, Refusal> {
    let query = call.query()?;
    let now = app.at().now;
    let wanted = Wanted::of(&query, now)?;
    let limit = query.limit()? as usize;
    let after = query.cursor()?.map(|text| Place::parse(&text).ok_or_else(wrong_cursor)).transpose()?;
    let places = app.open_work(|_| {}).await?.places();
    let counts = WorkCounts::of(&places, now);
    let ahead: Vec<Place> = places
        .into_iter()
        .filter(|place| after.is_none_or(|after| *place > after) && wanted.has(place))
        .collect();
    let mut items: Vec<RequestView> = Vec::new();
    let (mut read, mut last) = (0, None);
    while items.len() < limit && read < ahead.len() {
        let at_once = if wanted.fits.leaves_out() { AT_ONCE } else { limit - items.len() };
        let some = &ahead[read..ahead.len().min(read + at_once)];
        let ids: Vec<RequestId> = some.iter().map(|place| place.id).collect();
        let mut requests = app.outside.lists().these(&ids).await?;
        requests.retain(|request| wanted.takes(request));
        let mut shown = app.shown(&requests).await?.into_iter().peekable();
        for place in some {
            if items.len() == limit {
                break;
            }
            read += 1;
            last = Some(*place);
            items.extend(shown.next_if(|request| request.id == place.id));
        }
    }
    let next = last.filter(|_| read < ahead.len()).map(|last| cursor(&last.to_string()));
    Ok(Json(WorkView { counts, items, next }))
}

impl<O: Outside> App<O> {
    /// All open work; `also` gets each row of the index.
    pub async fn open_work(&self, mut also: impl FnMut(Work)) -> Result<WorkList, Refusal> {
        let store = self.outside.store();
        let mut list = WorkList::default();
        for shard in 0..DUE_SHARDS {
            let mut after = None;
            loop {
                let page = store.open_work(shard, after).await?;
                for row in page.rows {
                    list.take(&row);
                    also(row);
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        let unclear: Vec<RequestId> = list.unclear().collect();
        for some in unclear.chunks(AT_ONCE) {
            let requests = self.outside.lists().these(some).await?;
            let tasks = store.tasks_of(&requests).await?;
            tasks
                .iter()
                .filter(|task| is_persons(task))
                .for_each(|task| list.waits_for_a_person(task.request));
        }
        Ok(list)
    }
}
