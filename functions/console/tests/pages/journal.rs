//! The journal in words: filtered, paged, and as a table.

use crate::browser::{Browser, Page};
use crate::stage::{ANN, BOB, Stage, TOKEN};
use rightful_contract::world::source;
use rightful_domain::base::actor::Actor;
use rightful_domain::chain::act::Act;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::{SetUp, SetsUp as _, SourceRow};
use rightful_domain::vendor::target::Target;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn desk() -> Value {
    json!({"params": {"user": "agent@example.com"}, "secret": {"token": TOKEN}})
}

/// Entries of every kind, by two people.
async fn stage_with_acts() -> Stage {
    let stage = Stage::new();
    let crm =
        json!({"id": "crm", "connector": "plain", "params": {"account": "7"}, "secret": {"token": TOKEN}});
    let shop = json!({"id": "shop", "connector": "plain", "params": {"account": "=HYPERLINK(\"x\")"},
        "secret": {"token": TOKEN}, "control": {"kind": "email", "value": "control@example.com"}});
    let acts: [(&str, &str, &str, Value); 9] = [
        (ANN, "POST", "/api/sources", crm),
        (BOB, "POST", "/api/sources", shop),
        (ANN, "PATCH", "/api/sources/crm", json!({"params": {"account": "8"}})),
        (ANN, "PUT", "/api/sources/crm/review", json!({"erasure": "over:5"})),
        (BOB, "PATCH", "/api/sources/crm", json!({"enabled": false})),
        (BOB, "PATCH", "/api/sources/crm", json!({"enabled": true})),
        (ANN, "POST", "/api/sources/crm/test", json!({})),
        (ANN, "PUT", "/api/ticketing/desk", desk()),
        (BOB, "DELETE", "/api/sources/shop", Value::Null),
    ];
    for (by, method, path, body) in acts {
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        let reply = stage.call_as(Some(by), method, path, body.as_deref()).await;
        assert!(reply.status < 300, "{method} {path}: {}", reply.text);
    }
    stage
}

/// As many entries as a test needs, of one kind.
async fn flipped(stage: &Stage, times: usize) {
    for n in 0..times {
        let body = json!({"enabled": n % 2 == 1}).to_string();
        assert_eq!(stage.call("PATCH", "/api/sources/crm", Some(&body)).await.status, 200);
    }
}

fn lines(page: &Page) -> Vec<String> {
    match page.text.contains("<ol") {
        true => page.between("<ol", "</ol>").all("li"),
        false => Vec::new(),
    }
}

/// The numbers of the entries that are shown.
fn shown(page: &Page) -> Vec<u64> {
    match page.text.contains("<ol") {
        true => page.between("<ol", "</ol>").attributes("value").iter().map(|n| n.parse().unwrap()).collect(),
        false => Vec::new(),
    }
}

fn link(page: &Page, words: &str) -> Option<String> {
    let (before, _) = page.text.split_once(&format!(">{words}</a>"))?;
    let (_, href) = before.rsplit_once("href=\"")?;
    Some(href.split('"').next().unwrap().replace("&#38;", "&"))
}

fn digest(actor: &str) -> String {
    Actor::parse(actor).unwrap().digest()[..16].to_owned()
}

#[tokio::test(flavor = "current_thread")]
async fn every_act_is_told_in_words_with_who_and_when() {
    let stage = stage_with_acts().await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    let page = browser.get("/console/journal").await;
    let lines = lines(&page);
    assert_eq!(lines.len(), 9);
    for (line, parts) in lines.iter().zip([
        ["Data source shop was removed, with its secret.", "bob"],
        ["How tickets of desk are answered was set up or changed.", "Ann Peeters"],
        ["Data source crm was tested: it works.", "Ann Peeters"],
        ["Data source crm was enabled: new requests ask it.", "bob"],
        ["Data source crm was disabled: new requests leave it out.", "bob"],
        ["erasure decided by a person if there are more than 5 records", "Ann Peeters"],
        ["Data source crm was changed: parameters account", "Ann Peeters"],
        ["Data source shop was connected: PLAIN", "bob"],
        ["Data source crm was connected: PLAIN", "Ann Peeters"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?}: {line}");
        assert!(line.contains("2026-11-2") && line.contains("UTC"), "{line}");
    }
    assert!(page.text.contains(&format!("title=\"{ANN}\"")), "who it was, exactly");
    assert!(!page.text.contains(TOKEN));
    assert!(page.text.contains("<a href=\"/console/journal\" aria-current=\"page\">Journal</a>"));
}

#[tokio::test(flavor = "current_thread")]
async fn an_empty_journal_says_so() {
    let stage = Stage::new();
    let page = Browser::signed_in(&stage, "viewer").await.get("/console/journal").await;
    assert!(page.words().contains("Nobody has set up anything yet."), "{}", page.text);
    assert_eq!(
        (shown(&page), link(&page, "Older entries"), link(&page, "Look further back")),
        (vec![], None, None)
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_filter_leaves_what_fits_and_stays_in_the_address() {
    let stage = stage_with_acts().await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    let (ann, bob) = (digest(ANN), digest(BOB));
    for (query, expected) in [
        ("source=shop".to_owned(), vec![9, 2]),
        ("source=crm&kind=source_added".to_owned(), vec![1]),
        ("kind=ticketing_set".to_owned(), vec![8]),
        (format!("who={bob}"), vec![9, 6, 5, 2]),
        (format!("who={ann}&source=crm&kind=source_review_set"), vec![4]),
        ("source=nowhere".to_owned(), vec![]),
        ("who=0123456789abcdef".to_owned(), vec![]),
        // What means nothing leaves nothing out.
        ("kind=nonsense&source=No+Source&who=ann".to_owned(), (1..=9).rev().collect()),
    ] {
        let page = browser.get(&format!("/console/journal?{query}")).await;
        assert_eq!(shown(&page), expected, "{query}");
        if expected.is_empty() {
            assert!(page.words().contains("No entry fits."), "{query}");
        }
    }
    let page = browser.get(&format!("/console/journal?who={bob}&source=shop")).await;
    let chosen: Vec<&str> =
        page.text.split("<option value=\"").filter(|one| one.contains("\" selected>")).collect();
    let chosen: Vec<&str> = chosen.iter().map(|one| one.split('"').next().unwrap()).collect();
    assert_eq!(chosen, ["shop", "", bob.as_str()]);
    assert_eq!(link(&page, "Clear").unwrap(), "/console/journal");
    assert!(!page.text.contains(&format!("value=\"{ANN}")), "an address holds no name");
    let page = browser.get("/console/journal?who=0123456789abcdef").await;
    assert!(page.words().contains("somebody who is not among the entries below"));
}

#[tokio::test(flavor = "current_thread")]
async fn pages_follow_each_other_and_none_fits_is_said_of_what_was_read() {
    let stage = Stage::new();
    stage.world.put_source("crm", true);
    assert_eq!(stage.call_as(Some(BOB), "POST", "/api/sources/crm/test", None).await.status, 200);
    flipped(&stage, 620).await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    let (mut seen, mut address) = (Vec::new(), "/console/journal".to_owned());
    loop {
        let page = browser.get(&address).await;
        assert!(shown(&page).len() <= 50);
        assert_eq!(link(&page, "Newest entries").is_some(), !seen.is_empty());
        seen.extend(shown(&page));
        match link(&page, "Older entries") {
            Some(older) => address = older,
            None => break,
        }
    }
    assert_eq!(seen, (1..=621).rev().collect::<Vec<_>>());
    // The one entry that fits is the oldest.
    let page = browser.get("/console/journal?kind=source_tested").await;
    assert_eq!(shown(&page), [0; 0]);
    assert!(page.words().contains("None of the 500 entries that were read fits."), "{}", page.words());
    let further = link(&page, "Look further back").unwrap();
    assert_eq!(further, "/console/journal?kind=source_tested&before=122");
    let page = browser.get(&further).await;
    assert_eq!((shown(&page), link(&page, "Older entries")), (vec![1], None));
    assert!(page.words().contains("121 entries were read for this."), "{}", page.words());
    assert_eq!(link(&page, "Newest entries").unwrap(), "/console/journal?kind=source_tested");
    // A filter that fits often fills its pages.
    let (mut seen, mut address) = (Vec::new(), "/console/journal?kind=source_disabled".to_owned());
    loop {
        let page = browser.get(&address).await;
        seen.extend(shown(&page));
        match link(&page, "Older entries") {
            Some(older) => address = older,
            None => break,
        }
    }
    assert_eq!(seen, (1..=621).rev().filter(|seq| seq % 2 == 0).collect::<Vec<_>>());
}

/// The rows of a table, unquoted.
fn read(table: &str) -> Vec<Vec<String>> {
    let table = table.strip_prefix('\u{feff}').unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn the_table_has_what_the_filter_leaves_and_nothing_that_a_spreadsheet_runs() {
    let stage = stage_with_acts().await;
    let browser = Browser::signed_in(&stage, "viewer").await;
    let page = browser.get("/console/journal?source=shop").await;
    let address = link(&page, "Download as CSV").unwrap();
    assert_eq!(address, "/console/journal.csv?source=shop");
    let file = browser.get(&address).await;
    assert_eq!((file.status, file.headers["content-type"].as_str()), (200, "text/csv; charset=utf-8"));
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"rightful-test-journal.csv\"");
    let rows = read(&file.text);
    assert_eq!(rows[0], ["number", "at", "who", "actor", "kind", "about", "what"]);
    assert_eq!((rows.len(), rows[1][0].as_str(), rows[2][0].as_str()), (3, "9", "2"));
    assert_eq!(rows[2][2..6], ["bob", BOB, "source_added", "shop"].map(str::to_owned));
    assert!(rows[2][1].ends_with('Z') && rows[2][6].contains("PLAIN"), "{:?}", rows[2]);
    let all = read(&browser.get("/console/journal.csv").await.text);
    assert_eq!(all.len(), 10);
    for cell in all.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    assert!(!file.text.contains(TOKEN));
    let older = read(&browser.get("/console/journal.csv?before=4").await.text);
    assert_eq!(older.iter().skip(1).map(|row| row[0].as_str()).collect::<Vec<_>>(), ["3", "2", "1"]);
}

#[tokio::test(flavor = "current_thread")]
async fn text_from_outside_is_shown_as_text_and_run_by_nothing() {
    let stage = Stage::new();
    let hostile = "<img src=x onerror=alert(1)>";
    let params = BTreeMap::from([("host".to_owned(), format!("{hostile}; =cmd|' /C calc'!A0"))]);
    let act = Act::SourceAdded {
        source: source("crm"),
        connector: hostile.to_owned(),
        target: Some(Target { connector: hostile.to_owned(), version: 1, params }),
        control: false,
    };
    let (at, by) = (stage.world.clock.now(), Actor::parse(BOB).unwrap());
    stage.world.store.set_up(SetUp { at, by, act, row: SourceRow::Untouched }).await.unwrap();
    let browser = Browser::signed_in_as(&stage, ANN, "<b>\"Ann\"</b>", "viewer").await;
    assert_eq!(stage.call("PUT", "/api/sources/crm/review", Some("{}")).await.status, 404);
    assert_eq!(stage.call("PUT", "/api/ticketing/desk", Some(&desk().to_string())).await.status, 200);
    let page = browser.get("/console/journal").await;
    assert!(!page.text.contains("<img src=x") && !page.text.contains("<b>\"Ann"), "{}", page.text);
    let lines = lines(&page);
    assert!(lines[0].ends_with("<b>\"Ann\"</b>") && lines[1].contains(hostile), "{lines:?}");
    let rows = read(&browser.get("/console/journal.csv").await.text);
    assert_eq!(rows[1][2], "<b>\"Ann\"</b>");
    assert!(rows[2][6].contains("host <img src=x onerror=alert(1)>;' =cmd|"), "{:?}", rows[2]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_viewer_sees_it_and_nobody_else_does() {
    let stage = stage_with_acts().await;
    for path in ["/console/journal", "/console/journal.csv"] {
        assert_eq!(Browser::signed_in(&stage, "viewer").await.get(path).await.status, 200);
        let page = Browser::new(&stage).get(path).await;
        assert!(page.words().contains("Sign in") && !page.text.contains("crm"), "{}", page.text);
    }
}
