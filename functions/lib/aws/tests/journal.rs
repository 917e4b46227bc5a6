//! Changes of the set-up with their entries in the journal, and the journal read back.
#![allow(clippy::unwrap_used, reason = "a test may panic, its setting-up functions too")]

mod fake;

use fake::{Fake, Scripted, base64, cancelled, error, head, moved_on, ok, row_of_last_transaction};
use rightful_aws::Store;
use rightful_contract::world::{a_source, ann};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use rightful_domain::chain::act::Act;
use rightful_domain::chain::journal;
use rightful_domain::chain::links::Head;
use rightful_domain::model::source::DataSource;
use rightful_domain::ports::set_up::{SetUp, SetsUp, SourceRow};
use rightful_domain::ports::store::CommitError;
use serde_json::{Value, json};

fn source(revision: u64) -> DataSource {
    let params = [("region".to_owned(), "eu".to_owned())].into();
    let connector = "qualifio".to_owned();
    DataSource { connector, params, revision, ..a_source("qualifio-main", now()) }
}

fn now() -> Time {
    Time::parse("2026-11-24T09:30:00Z").unwrap()
}

fn change(row: SourceRow) -> SetUp {
    let (source, connector) = (source(0).id, "qualifio".to_owned());
    let act = Act::SourceAdded { source, connector, target: None, control: false };
    SetUp { at: now(), by: ann(), row, act }
}

fn nothing() -> Scripted {
    ok(json!({}))
}

fn store(fake: &Fake) -> Store {
    Store::new(&fake.aws(), "requests", "keys")
}

async fn set_up(fake: &Fake, row: SourceRow) -> Result<(), CommitError> {
    store(fake).set_up(change(row)).await
}

#[tokio::test]
async fn a_new_data_source_is_one_transaction_of_row_entry_and_head() {
    let fake = Fake::new(vec![("GetItem", nothing()), ("TransactWriteItems", nothing())]).await;
    set_up(&fake, SourceRow::Put(source(0))).await.unwrap();
    let bodies = fake.bodies();
    assert_eq!(bodies[0]["Key"], json!({"pk": {"S": "JOURNAL"}, "sk": {"S": "HEAD"}}));
    let items = bodies[1]["TransactItems"].as_array().unwrap();
    let puts: Vec<&Value> = items.iter().map(|item| &item["Put"]).collect();
    let keys: Vec<(&str, &str)> = puts
        .iter()
        .map(|put| (put["Item"]["pk"]["S"].as_str().unwrap(), put["Item"]["sk"]["S"].as_str().unwrap()))
        .collect();
    assert_eq!(
        keys,
        [("SOURCE#qualifio-main", "SOURCE"), ("JOURNAL", "ENTRY#0000000001"), ("JOURNAL", "HEAD")]
    );
    assert!(puts.iter().all(|put| put["ConditionExpression"] == "attribute_not_exists(pk)"));
    assert_eq!(puts[0]["Item"]["revision"]["N"], "1");
    assert_eq!(puts[0]["Item"]["list_key"]["S"], "SOURCE");
}

#[tokio::test]
async fn a_removed_data_source_takes_its_limit_with_it() {
    let fake = Fake::new(vec![("GetItem", head(4)), ("TransactWriteItems", nothing())]).await;
    set_up(&fake, SourceRow::Remove(source(3))).await.unwrap();
    let bodies = fake.bodies();
    let items = &bodies[1]["TransactItems"];
    assert_eq!(items[0]["Delete"]["Key"]["sk"]["S"], "SOURCE");
    assert_eq!(items[0]["Delete"]["ConditionExpression"], "#revision = :revision");
    assert_eq!(items[0]["Delete"]["ExpressionAttributeValues"][":revision"]["N"], "3");
    assert_eq!(items[1]["Delete"]["Key"]["sk"]["S"], "LIMIT");
    assert!(items[1]["Delete"].get("ConditionExpression").is_none());
    assert_eq!(items[2]["Put"]["Item"]["sk"]["S"], "ENTRY#0000000005");
    assert_eq!(items[3]["Put"]["ExpressionAttributeValues"][":hash"]["S"], "h4");
}

#[tokio::test]
async fn an_act_without_a_row_is_an_entry_alone() {
    let fake = Fake::new(vec![("GetItem", head(1)), ("TransactWriteItems", nothing())]).await;
    set_up(&fake, SourceRow::Untouched).await.unwrap();
    assert_eq!(fake.bodies()[1]["TransactItems"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_data_source_that_moved_on_is_stale_and_no_entry_is_written() {
    let fake = Fake::new(vec![
        ("GetItem", head(4)),
        ("TransactWriteItems", cancelled(&["ConditionalCheckFailed", "None", "None"])),
        ("GetItem", nothing()),
    ])
    .await;
    assert_eq!(set_up(&fake, SourceRow::Put(source(3))).await, Err(CommitError::Stale));
    fake.bodies();
}

#[tokio::test]
async fn an_entry_of_somebody_else_is_followed() {
    let fake = Fake::new(moved_on(("GetItem", head(4)))).await;
    set_up(&fake, SourceRow::Put(source(3))).await.unwrap();
    assert_eq!(fake.bodies()[5]["TransactItems"][1]["Put"]["Item"]["sk"]["S"], "ENTRY#0000000006");
}

#[tokio::test]
async fn a_lost_answer_counts_as_stored_when_our_entry_is_there() {
    let lost = || ("TransactWriteItems", error(500, "InternalServerError"));
    let unavailable = Err(CommitError::Failed(Failure::transient(Code::StoreUnavailable)));
    for (row, expected) in [(row_of_last_transaction(1), Ok(())), (nothing(), unavailable)] {
        let fake = Fake::new(vec![("GetItem", head(4)), lost(), lost(), lost(), ("GetItem", row)]).await;
        assert_eq!(set_up(&fake, SourceRow::Put(source(3))).await, expected);
        fake.bodies();
    }
}

/// A journal of this many entries, as rows of a query, in order.
fn entries(count: u64) -> Vec<Value> {
    let mut head = Head::start();
    (1..=count)
        .map(|seq| {
            let act = Act::SourceDisabled { source: source(0).id };
            let written = journal::write(&head, now(), &ann(), &act).unwrap();
            head = written.head;
            json!({"pk": {"S": "JOURNAL"}, "sk": {"S": format!("ENTRY#{seq:010}")}, "bytes": {"B": base64(&written.bytes)}})
        })
        .collect()
}

/// The head of a journal of this many entries.
fn head_of(count: u64) -> Scripted {
    let mut head = Head::start();
    for _ in 0..count {
        let act = Act::SourceDisabled { source: source(0).id };
        head = journal::write(&head, now(), &ann(), &act).unwrap().head;
    }
    ok(json!({"Item": {"schema": {"N": "1"}, "seq": {"N": count.to_string()}, "hash": {"S": head.hash}}}))
}

fn newest_first(rows: &[Value]) -> Scripted {
    ok(json!({"Items": rows.iter().rev().collect::<Vec<_>>()}))
}

#[tokio::test]
async fn the_journal_is_read_page_by_page_the_newest_first() {
    let rows = entries(5);
    let fake = Fake::new(vec![
        ("GetItem", head_of(5)),
        ("Query", newest_first(&rows[2..])),
        ("GetItem", head_of(5)),
        ("Query", newest_first(&rows[..3])),
        ("GetItem", head_of(5)),
    ])
    .await;
    let store = store(&fake);
    let first = store.journal(None, 2).await.unwrap();
    assert_eq!(first.rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 4]);
    assert_eq!(first.next.as_deref(), Some("4"));
    let second = store.journal(Some(4), 3).await.unwrap();
    assert_eq!(second.rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(second.next, None);
    assert!(store.journal(Some(1), 3).await.unwrap().rows.is_empty(), "no entry is asked for");
    let bodies = fake.bodies();
    assert_eq!((&bodies[1]["Limit"], &bodies[1]["ConsistentRead"]), (&json!(3), &json!(true)));
    assert_eq!(bodies[1]["ScanIndexForward"], false);
    assert_eq!(bodies[3]["ExpressionAttributeValues"][":last"]["S"], "ENTRY#0000000003");
}

#[tokio::test]
async fn a_number_behind_the_newest_entry_is_the_first_page() {
    let rows = entries(3);
    for before in [Some(4), Some(5), Some(u64::MAX), None] {
        let fake = Fake::new(vec![("GetItem", head_of(3)), ("Query", newest_first(&rows))]).await;
        let page = store(&fake).journal(before, 10).await.unwrap();
        assert_eq!(page.rows.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2, 1], "{before:?}");
        let asked = &fake.bodies()[1]["ExpressionAttributeValues"][":last"]["S"];
        assert_eq!(asked, "ENTRY#0000000003", "{before:?}");
    }
}

#[tokio::test]
async fn a_newest_entry_that_is_cut_off_or_is_not_the_head_s_is_seen() {
    let rows = entries(3);
    let other =
        journal::write(&Head::start(), now(), &ann(), &Act::SourceRemoved { source: source(0).id }).unwrap();
    let forged = json!({"pk": {"S": "JOURNAL"}, "sk": {"S": "ENTRY#0000000001"}, "bytes": {"B": base64(&other.bytes)}});
    for (count, rows) in [(3, &rows[..2]), (3, &[]), (1, &[forged][..])] {
        let fake = Fake::new(vec![("GetItem", head_of(count)), ("Query", newest_first(rows))]).await;
        assert_eq!(store(&fake).journal(None, 10).await.unwrap_err().code, "journal_broken");
    }
}

#[tokio::test]
async fn a_changed_or_missing_entry_of_the_journal_is_seen() {
    let whole = entries(4);
    let forged = journal::write(
        &Head::start(),
        now(),
        &Actor::parse("arn:aws:iam::111122223333:user/bob").unwrap(),
        &Act::SourceRemoved { source: source(0).id },
    )
    .unwrap();
    let mut changed = whole.clone();
    changed[0]["bytes"]["B"] = json!(base64(&forged.bytes));
    let missing = [whole[0].clone(), whole[1].clone(), whole[3].clone()];
    for (rows, before) in [(&changed[..], None), (&missing[..], None), (&whole[..2], Some(4)), (&[], Some(4))]
    {
        let fake = Fake::new(vec![("GetItem", head_of(4)), ("Query", newest_first(rows))]).await;
        let read = store(&fake).journal(before, 10).await;
        assert_eq!(read.unwrap_err(), Failure::of(Code::JournalBroken), "{before:?}");
    }
    let fake = Fake::new(vec![("GetItem", head_of(4)), ("Query", newest_first(&changed[..2]))]).await;
    assert!(store(&fake).journal(Some(3), 1).await.is_err(), "what the page's oldest follows was changed");
}

#[tokio::test]
async fn a_journal_that_nobody_began_is_empty() {
    for before in [None, Some(1), Some(7)] {
        let fake = Fake::new(vec![("GetItem", nothing())]).await;
        let page = store(&fake).journal(before, 10).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none());
        fake.bodies();
    }
}
