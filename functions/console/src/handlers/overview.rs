//! The whole deployment at a glance.

use crate::answer::Refusal;
use crate::app::App;
use crate::call::Call;
use crate::docs::{Docs, REQUESTS};
use crate::ports::{Lists as _, Outside};
use crate::success::Json;
use rightful_domain::base::time::Time;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::ports::store::Reads as _;
use rightful_domain::view::overview::OverviewView;
use rightful_domain::view::overview::closed::{ClosedCount, ClosedFigures, MOST_READ, SyntheticEnd};
use rightful_domain::view::overview::health::HealthCount;
use rightful_domain::view::overview::open::OpenFigures;

/// How many closed requests are read at once.
const AT_ONCE: u32 = 100;

pub(crate) const SHOW: Docs = Docs {
    id: "showOverview",
    subject: &REQUESTS,
    summary: "Show the deployment at a glance",
    description: "Open requests by age and by deadline, closed ones of the last twelve months by outcome, how long \
        they took, the records found at each data source, and what is known of the deployment's health. It reads \
        2,000 closed requests at most, the newest first, and says how far back it came. Synthetic requests count only \
        where they are named.",
    ..Docs::NONE
};

/// Counts open and closed requests.
pub(crate) async fn show<O: Outside>(app: &App<O>, call: &Call<'_>) -> Result<Json<OverviewView>, Refusal> {
    call.query()?;
    let (now, zone) = (app.at().now, &app.settings.legal_zone);
    let mut health = HealthCount::new(now);
    let list = app.open_work(|row| health.take(row)).await?;
    let open = OpenFigures::of(&list, now, zone);
    let (closed, synthetic) = closed(app, now).await?;
    let dashboard = Some(app.settings.dashboard.clone()).filter(|address| !address.is_empty());
    let (legal_zone, health) = (zone.clone(), health.end(synthetic));
    Ok(Json(OverviewView { at: now, legal_zone, open, closed, health, dashboard }))
}

/// Counts closed requests from the newest back, as far as the count wants them. Tasks are read for those that need them.
async fn closed<O: Outside>(
    app: &App<O>,
    now: Time,
) -> Result<(ClosedFigures, Option<SyntheticEnd>), Refusal> {
    let mut count = ClosedCount::new(now, &app.settings.legal_zone);
    let mut after: Option<String> = None;
    // A page may have fewer requests than it could.
    for _ in 0..MOST_READ / AT_ONCE {
        let lists = app.outside.lists();
        let page = lists.requests(Some(RequestState::Closed), after.as_deref(), AT_ONCE).await?;
        let (with, without): (Vec<Request>, Vec<Request>) =
            page.rows.into_iter().partition(|request| count.needs_tasks(request));
        let tasks = app.outside.store().tasks_of(&with).await?;
        let mut tasks = &tasks[..];
        for request in &with {
            let own = tasks.iter().take_while(|task| task.request == request.id).count();
            let (own, others) = tasks.split_at(own);
            count.take(request, own);
            tasks = others;
        }
        without.iter().for_each(|request| count.take(request, &[]));
        after = page.next;
        if after.is_none() || !count.wants_older() {
            break;
        }
    }
    Ok(count.end(after.is_none()))
}
