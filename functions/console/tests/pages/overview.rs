//! The overview shows what the API counts, and says how far it looked.

use crate::browser::{Browser, Page};
use crate::past::{DAY, closed, store};
use crate::stage::Stage;
use rightful_contract::world::a_request;
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::answer::{AnswerState, TicketAnswer};
use rightful_domain::model::policy::Policy;
use rightful_domain::model::request::{Request, RequestOutcome};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::overview::OverviewView;
use rightful_domain::view::request::RequestView;

async fn counted(stage: &Stage) -> OverviewView {
    serde_json::from_value(stage.get("/api/overview").await.body).unwrap()
}

/// Every request, as the API lists them.
async fn listed(stage: &Stage) -> Vec<RequestView> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = stage.get(&format!("/api/requests?limit=100{next}")).await.body;
        all.extend(
            page["items"].as_array().unwrap().iter().map(|one| serde_json::from_value(one.clone()).unwrap()),
        );
        match page["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return all,
        }
    }
}

/// One figure of the page.
fn figure(page: &Page, id: &str) -> Page {
    page.between(&format!("<h2 id=\"{id}\""), "</section>")
}

/// The rows of a figure's table, without the row of names.
fn table(page: &Page, id: &str) -> Vec<Vec<String>> {
    figure(page, id).rows().split_off(1)
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// Open requests of all ages, and closed ones of all outcomes in every month.
async fn busy() -> Stage {
    let stage = Stage::with(Policy::Always, Policy::Auto);
    stage.connect("crm", 2);
    let now = stage.world.clock.now();
    for n in 0..9_u64 {
        let id = stage.request("erasure").await;
        if n % 3 > 0 {
            stage.work().await;
        } else {
            assert!(stage.world.workflow.take().is_some());
        }
        stage.world.tamper_request(RequestId::parse(&id).unwrap(), |request| {
            request.received_at = now.minus_seconds(n * 4 * DAY);
            request.due_at = now.plus_seconds(n * 8 * DAY).minus_seconds(3 * DAY);
        });
    }
    for (n, outcome) in (0..91_u16).zip(RequestOutcome::ALL.into_iter().cycle()) {
        let days = 380 - u64::from(n) * 4;
        closed(&stage, n, &["crm", "shop"], (days, days * DAY / 10), outcome);
    }
    stage
}

#[tokio::test(flavor = "current_thread")]
async fn an_empty_deployment_is_told_in_words_without_pictures() {
    let stage = Stage::new();
    let page = Browser::signed_in(&stage, "viewer").await.get("/console/overview").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "No request is open.",
        "No request is open, so none is due.",
        "No request has closed in the last twelve months.",
        "These requests asked no data source",
        "No request has closed yet.",
        "nothing: whatever was due has been looked at",
        "none among the requests that were read",
    ] {
        assert!(page.words().contains(said), "{said}: {}", page.words());
    }
    assert!(!page.text.contains("role=\"img\"") && page.rows().is_empty());
    assert!(page.text.contains("<a href=\"/console/overview\" aria-current=\"page\">Overview</a>"));
}

#[tokio::test(flavor = "current_thread")]
async fn the_numbers_are_those_of_the_api_and_of_the_list() {
    let stage = busy().await;
    let page = Browser::signed_in(&stage, "viewer").await.get("/console/overview").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let (shown, all) = (counted(&stage).await, listed(&stage).await);
    assert_eq!(all.len(), 100);

    let open = table(&page, "open");
    for (row, group) in open.iter().zip(&shown.open.ages) {
        let counts = group.requests;
        let expected = [counts.person, counts.unknown, counts.vendor, counts.goes_on, counts.all()];
        assert_eq!(row[1..].iter().map(|cell| number(cell)).collect::<Vec<_>>(), expected, "{row:?}");
    }
    let persons =
        all.iter().filter(|one| one.held.is_some_and(|held| held.owner.as_str() == "person")).count();
    assert_eq!(open.iter().map(|row| number(&row[1]) as usize).sum::<usize>(), persons);
    assert_eq!(open.iter().map(|row| number(&row[5])).sum::<u32>(), 9);
    assert!(figure(&page, "open").words().contains("9 requests are open: 6 wait for you, 1 is overdue."));

    let due = table(&page, "due");
    let names: Vec<&str> = due.iter().map(|row| row[0].as_str()).collect();
    assert_eq!((names.len(), names[0], names[1], names[7]), (8, "overdue", "this week", "later"));
    assert_eq!(due.iter().map(|row| number(&row[1])).sum::<u32>(), 9);
    let weeks: Vec<u32> = shown.open.due_weeks.iter().map(|week| week.requests).collect();
    assert_eq!(due[1..7].iter().map(|row| number(&row[1])).collect::<Vec<_>>(), weeks);

    let months = table(&page, "outcomes");
    assert_eq!(months.len(), 12);
    for (row, month) in months.iter().zip(&shown.closed.months) {
        let closed_in = |outcome: RequestOutcome| {
            let then = |one: &&RequestView| {
                one.closed_at.is_some_and(|at| at.to_string().starts_with(&month.month))
                    && one.outcome == Some(outcome)
            };
            u32::try_from(all.iter().filter(then).count()).unwrap()
        };
        let expected: Vec<u32> = RequestOutcome::ALL.into_iter().map(closed_in).collect();
        let cells: Vec<u32> = row[1..].iter().map(|cell| number(cell)).collect();
        assert_eq!(cells[..7], expected, "{}", month.month);
        assert_eq!(cells[7], expected.iter().sum::<u32>());
        assert!(cells[7] > 0, "{}", month.month);
    }
    let closed: u32 = months.iter().map(|row| number(&row[8])).sum();
    assert!(figure(&page, "outcomes").words().contains(&format!("{closed} requests have closed")));

    let times = table(&page, "time");
    assert_eq!((times.len(), times[12][0].as_str(), number(&times[12][1])), (13, "All", closed));
    let longest = shown.closed.time_to_close.unwrap().ninetieth_percentile_seconds / DAY;
    assert!((30..=40).contains(&longest) && times[12][3].ends_with("days"), "{times:?}");

    let sources = table(&page, "sources");
    let expected: Vec<Vec<String>> = shown
        .closed
        .sources
        .iter()
        .map(|one| {
            vec![
                one.source.to_string(),
                one.requests.to_string(),
                one.found.to_string(),
                one.confirmed.to_string(),
            ]
        })
        .collect();
    assert_eq!((sources.len(), &sources), (2, &expected));
    assert!(page.words().contains("All 91 closed requests are counted."));
}

#[tokio::test(flavor = "current_thread")]
async fn every_picture_says_in_words_what_it_shows_and_has_its_table() {
    let stage = busy().await;
    let page = Browser::signed_in(&stage, "viewer").await.get("/console/overview").await;
    for id in ["open", "due", "outcomes", "time", "sources"] {
        let figure = figure(&page, id);
        let pictures: Vec<&str> =
            figure.text.split("<svg").filter(|part| part.contains("role=\"img\"")).collect();
        assert_eq!(pictures.len(), 1, "{id}");
        let label = &figure.attributes("aria-label")[0];
        assert!(figure.all("p").contains(label), "{id}: {label}");
        assert!(label.contains(|c: char| c.is_ascii_digit()), "{label}");
        assert!(figure.text.contains("<details>") && figure.rows().len() > 1, "{id}");
        let (picture, _) = pictures[0].split_once("</svg>").unwrap();
        let classes: Vec<&str> =
            picture.split(" class=\"").skip(2).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(
            classes.iter().all(|class| ["good", "bad", "person", "wait", "quiet", "line"].contains(class))
        );
        assert!(
            !picture.contains(" fill") && !picture.contains('#'),
            "colours stand in the stylesheet: {picture}"
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn too_many_closed_requests_are_counted_in_part_and_the_page_says_since_when() {
    let stage = Stage::new();
    for n in 0..2050_u16 {
        closed(&stage, n, &["a"], (70 - u64::from(n / 50), DAY), RequestOutcome::Fulfilled);
    }
    let page = Browser::signed_in(&stage, "viewer").await.get("/console/overview").await;
    let since = counted(&stage).await.closed.complete_since.unwrap().day();
    let said = format!("Counted over the last 2000 closed requests, which arrived since {since}.");
    assert!(page.words().contains(&said), "{said}: {}", page.words());
    assert!(page.words().contains("Requests that arrived earlier and are closed are not counted"));
    let months: Vec<String> = table(&page, "outcomes").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!((months[10].as_str(), months[11].as_str()), ("Oct 2026, in part", "Nov 2026"));
}

#[tokio::test(flavor = "current_thread")]
async fn the_health_that_is_stored_is_told_and_the_rest_is_said_to_be_unknown() {
    let stage = Stage::new();
    let now = stage.world.clock.now();
    let synthetic = closed(&stage, 1, &["a"], (1, 60), RequestOutcome::Failed);
    store(&stage, &Request { synthetic: true, ..synthetic });
    for (n, state) in [(2, AnswerState::Due), (3, AnswerState::Undeliverable)] {
        let request = closed(&stage, n, &["a"], (2, 60), RequestOutcome::Fulfilled);
        store(&stage, &Request { answer: Some(TicketAnswer { state, ..TicketAnswer::due(now) }), ..request });
    }
    store(&stage, &a_request(4, &["a"], now.minus_seconds(1000)));
    let browser = Browser::signed_in(&stage, "viewer").await;
    let page = browser.get("/console/overview").await;
    let health = figure(&page, "health");
    for said in [
        "Waiting for the reconciliation1 item, since",
        "did not end as it must: Failed",
        "1 not on their ticket yet, 1 that can't be put there",
        "Not stored, so not known here",
    ] {
        assert!(health.words().contains(said), "{said}: {}", health.words());
    }
    assert_eq!(health.all("b").len(), 3, "each is as bad as an alarm: {}", health.text);
    let links = health.attributes("href");
    assert!(links[0].starts_with("/console/requests/"), "{links:?}");
    assert_eq!(links[1], "https://dashboard.example/rightful");
    assert_eq!(browser.get(&links[0]).await.status, 200);
}

#[tokio::test(flavor = "current_thread")]
async fn only_who_signed_in_sees_it() {
    let stage = busy().await;
    let page = Browser::new(&stage).get("/console/overview").await;
    assert!(page.words().contains("Sign in") && !page.text.contains("<svg"), "{}", page.text);
    for role in ["viewer", "administrator"] {
        assert_eq!(Browser::signed_in(&stage, role).await.get("/console/overview").await.status, 200);
    }
    let post = Browser::signed_in(&stage, "viewer").await.post("/console/overview", &[]).await;
    assert!(post.status >= 400);
}
