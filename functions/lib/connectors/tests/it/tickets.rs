//! Zendesk: the requests, the result of each answer, the look for a comment, and the values that must not be
//! printed.

use crate::support::{Kept, Raw, client};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_connectors::Ticketing;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::Reference;
use rightful_domain::base::time::Time;
use rightful_domain::documents::note::Note;
use rightful_domain::metric::{CallEnd, CallObserver};
use rightful_domain::model::answer::Answered;
use rightful_domain::ports::store::Page;
use rightful_domain::ports::tickets::{Tagged, TicketSearch, Tickets};
use rightful_domain::vendor::fault::Fault;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use wiremock::matchers::{any, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

const USER: &str = "canary.agent@example.com";
const TOKEN: &str = "canary-token-77b2";
const MARKER: &str = "rightful-receipt:019aa6e0-5c1f-7000-8000-000000000001";

type Versions = Result<Vec<String>, Failure>;

fn secrets(cached: Versions, fresh: Versions) -> Arc<Kept> {
    Kept::named("ticketing/zendesk", cached, fresh)
}

fn secret(url: &str, token: &str) -> String {
    json!({"base_url": url, "user": USER, "token": token}).to_string()
}

fn at(url: &str) -> Ticketing<Kept> {
    let kept = Ok(vec![secret(url, TOKEN)]);
    Ticketing::new(client(true), secrets(kept.clone(), kept))
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn note(solves: bool) -> Note {
    Note { text: format!("fulfilled\n{MARKER}"), marker: MARKER.to_owned(), solves }
}

async fn answer(tickets: &Ticketing<Kept>, solves: bool) -> Answered {
    tickets.answer("zendesk", &reference("ZD-35436"), &note(solves)).await
}

async fn look(tickets: &Ticketing<Kept>) -> Result<bool, Fault> {
    tickets.is_answered("zendesk", &reference("ZD-35436"), MARKER).await
}

fn updated() -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(json!({"ticket": {"id": 35436, "status": "solved"}, "audit": {}}))
}

async fn server(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(reply).mount(&server).await;
    server
}

fn basic(token: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{USER}/token:{token}")))
}

#[tokio::test]
async fn an_answer_is_an_internal_note_with_a_status_under_the_agents_token() {
    for solves in [true, false] {
        let server = server(updated()).await;
        assert_eq!(answer(&at(&server.uri()), solves).await, Answered::Sent);
        let sent = server.received_requests().await.unwrap();
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].method.as_str(), sent[0].url.path()), ("PUT", "/api/v2/tickets/35436.json"));
        assert_eq!(sent[0].headers["authorization"].to_str().unwrap(), basic(TOKEN));
        let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
        let mut expected =
            json!({"ticket": {"comment": {"body": format!("fulfilled\n{MARKER}"), "public": false}}});
        if solves {
            expected["ticket"]["status"] = json!("solved");
        }
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn each_status_of_zendesk_has_its_result() {
    for (status, came) in [
        (400, Answered::Refused(Code::TicketRefused)),
        (401, Answered::NotSent(Fault::Unauthorized)),
        (403, Answered::NotSent(Fault::Unavailable(Code::TicketForbidden))),
        (404, Answered::Refused(Code::TicketNotFound)),
        (408, Answered::Unknown(Code::VendorTimedOut)),
        (409, Answered::NotSent(Fault::Unavailable(Code::TicketBusy))),
        (422, Answered::Refused(Code::TicketNotUpdatable)),
        (429, Answered::NotSent(Fault::Throttled(Some(93)))),
        (301, Answered::Unknown(Code::VendorRedirected)),
        (500, Answered::Unknown(Code::VendorServerError)),
        (503, Answered::Unknown(Code::VendorServerError)),
        (201, Answered::Unknown(Code::VendorAnswerUnexpected)),
    ] {
        let reply = ResponseTemplate::new(status).insert_header("retry-after", "93");
        let server = server(reply).await;
        assert_eq!(answer(&at(&server.uri()), false).await, came, "{status}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_unreadable_answer_or_another_tickets_leaves_a_doubt() {
    for body in ["", "{", "<html>", "[]", r#"{"ticket":{}}"#, r#"{"ticket":{"id":35437}}"#] {
        let server = server(ResponseTemplate::new(200).set_body_string(body)).await;
        let came = answer(&at(&server.uri()), true).await;
        assert_eq!(came, Answered::Unknown(Code::VendorAnswerUnreadable), "{body}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_a_doubt_and_no_connection_does_not() {
    for lost in [
        Raw::resetting(),
        Raw::answering(""),
        Raw::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"),
    ] {
        assert_eq!(answer(&at(&lost.url), true).await, Answered::Unknown(Code::VendorConnectionLost));
        assert_eq!(lost.seen(), 1, "it was sent more than once");
        assert_eq!(look(&at(&lost.url)).await, Err(Fault::Unavailable(Code::VendorConnectionLost)));
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = at(&format!("http://{closed}"));
    let unreachable = Fault::Unavailable(Code::VendorUnreachable);
    assert_eq!(answer(&nobody, true).await, Answered::NotSent(unreachable.clone()));
    assert_eq!(look(&nobody).await, Err(unreachable));
}

#[tokio::test]
async fn a_ticket_that_cant_be_solved_still_gets_the_note() {
    let server = MockServer::start().await;
    let refused =
        json!({"error": "RecordInvalid", "details": {"base": [{"description": "Type is required"}]}});
    let solving = move |request: &wiremock::Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        match body["ticket"]["status"].as_str() {
            Some(_) => ResponseTemplate::new(422).set_body_json(refused.clone()),
            None => updated(),
        }
    };
    Mock::given(any()).respond_with(solving).mount(&server).await;
    assert_eq!(answer(&at(&server.uri()), true).await, Answered::Sent);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_closed_ticket_is_refused_for_the_note_too() {
    let server = server(ResponseTemplate::new(422)).await;
    assert_eq!(answer(&at(&server.uri()), true).await, Answered::Refused(Code::TicketNotUpdatable));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn after_a_401_the_fresh_and_the_previous_token_are_tried() {
    let server = MockServer::start().await;
    let right = |request: &wiremock::Request| match request.headers["authorization"].to_str().unwrap() {
        text if text == basic("previous") => updated(),
        _ => ResponseTemplate::new(401),
    };
    Mock::given(any()).respond_with(right).mount(&server).await;
    let versions = |tokens: &[&str]| Ok(tokens.iter().map(|token| secret(&server.uri(), token)).collect());
    let kept = secrets(versions(&["old"]), versions(&["current", "previous"]));
    assert_eq!(answer(&Ticketing::new(client(true), kept.clone()), true).await, Answered::Sent);
    assert_eq!(kept.fresh_reads.load(Ordering::SeqCst), 1);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);

    let kept = secrets(versions(&["old"]), versions(&["old", "older"]));
    let wrong = Ticketing::new(client(true), kept);
    assert_eq!(answer(&wrong, true).await, Answered::NotSent(Fault::Unauthorized));
    assert_eq!(look(&wrong).await, Err(Fault::Unauthorized));
}

#[tokio::test]
async fn without_a_secret_nothing_is_set_up_and_an_unreadable_one_can_be_fixed() {
    let missing = Err(Failure::of(Code::SecretMissing));
    let none = Ticketing::new(client(true), secrets(missing.clone(), missing));
    assert_eq!(answer(&none, true).await, Answered::NotSetUp);
    assert_eq!(look(&none).await, Err(Fault::Unavailable(Code::TicketingNotSetUp)));

    let server = server(updated()).await;
    let url = server.uri();
    for text in [
        "x".to_owned(),
        json!({"base_url": url, "user": USER}).to_string(),
        json!({"base_url": url, "user": USER, "token": " "}).to_string(),
        json!({"base_url": url, "user": "agent", "token": TOKEN}).to_string(),
        json!({"base_url": "https://example.com", "user": USER, "token": TOKEN}).to_string(),
        json!({"base_url": "https://a.b.zendesk.com", "user": USER, "token": TOKEN}).to_string(),
        json!({"base_url": url, "user": USER, "token": "a\nb"}).to_string(),
    ] {
        let kept = Ok(vec![text.clone()]);
        let tickets = Ticketing::new(client(true), secrets(kept.clone(), kept));
        let fault = Fault::Unavailable(Code::TicketingSecretUnreadable);
        let came = answer(&tickets, true).await;
        if text.contains("a\\nb") {
            // Basic authentication encodes it, so it is Zendesk that would refuse it.
            assert_eq!(came, Answered::Sent);
            continue;
        }
        assert_eq!(came, Answered::NotSent(fault.clone()), "{text}");
        assert_eq!(look(&tickets).await, Err(fault), "{text}");
    }
    let denied = Err(Failure::of(Code::SecretDenied));
    let tickets = Ticketing::new(client(true), secrets(denied.clone(), denied));
    assert_eq!(answer(&tickets, true).await, Answered::NotSent(Fault::Unavailable(Code::SecretDenied)));
}

#[tokio::test]
async fn neither_a_reference_without_a_ticket_number_nor_another_channel_is_called() {
    let server = server(updated()).await;
    let tickets = at(&server.uri());
    let unusable = Code::TicketReferenceUnusable;
    let came = tickets.answer("zendesk", &reference("T-1"), &note(true)).await;
    assert_eq!(came, Answered::Refused(unusable));
    let looked = tickets.is_answered("zendesk", &reference("ZD-1/../2"), MARKER).await;
    assert_eq!(looked, Err(Fault::Refused(unusable)));
    assert!(tickets.takes("zendesk") && !tickets.takes("standard"));
    assert_eq!(tickets.answer("standard", &reference("1"), &note(true)).await, Answered::NotSetUp);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn loopback_is_called_only_where_it_is_allowed() {
    let server = server(updated()).await;
    let kept = Ok(vec![secret(&server.uri(), TOKEN)]);
    let tickets = Ticketing::new(client(false), secrets(kept.clone(), kept));
    let fault = Fault::Unavailable(Code::TicketingSecretUnreadable);
    assert_eq!(answer(&tickets, true).await, Answered::NotSent(fault));
    assert!(server.received_requests().await.unwrap().is_empty());
}

fn page(texts: &[&str], after: Option<&str>) -> ResponseTemplate {
    let comments: Vec<Value> =
        texts.iter().map(|text| json!({"id": 1, "body": text, "public": false})).collect();
    let meta = json!({"has_more": after.is_some(), "after_cursor": after});
    ResponseTemplate::new(200).set_body_json(json!({"comments": comments, "meta": meta, "links": {}}))
}

#[tokio::test]
async fn a_comment_is_looked_for_on_every_page() {
    for (last, there) in [(format!("x\n{MARKER}"), true), ("rightful-receipt:another".to_owned(), false)] {
        let server = MockServer::start().await;
        let get = || Mock::given(method("GET")).and(path("/api/v2/tickets/35436/comments.json"));
        get()
            .and(query_param("page[size]", "100"))
            .and(query_param_is_missing("page[after]"))
            .respond_with(page(&["hello"], Some("c+1=")))
            .mount(&server)
            .await;
        get()
            .and(query_param("page[after]", "c+1="))
            .respond_with(page(&["and", &last], None))
            .mount(&server)
            .await;
        assert_eq!(look(&at(&server.uri())).await, Ok(there));
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_look_that_did_not_see_all_pages_proves_nothing() {
    for reply in [
        page(&[], Some("same")),
        ResponseTemplate::new(200).set_body_json(json!({"comments": [], "meta": {"has_more": true}})),
        ResponseTemplate::new(200).set_body_json(json!({"comments": []})),
        ResponseTemplate::new(200).set_body_string("<html>"),
    ] {
        let server = server(reply).await;
        let looked = look(&at(&server.uri())).await;
        assert_eq!(looked, Err(Fault::Unavailable(Code::VendorAnswerUnreadable)));
    }
    let server = MockServer::start().await;
    let pages = AtomicUsize::new(0);
    let endless =
        move |_: &wiremock::Request| page(&["x"], Some(&pages.fetch_add(1, Ordering::SeqCst).to_string()));
    Mock::given(any()).respond_with(endless).mount(&server).await;
    assert_eq!(look(&at(&server.uri())).await, Err(Fault::Unavailable(Code::TicketTooLong)));
    assert_eq!(server.received_requests().await.unwrap().len(), 50);
}

#[tokio::test]
async fn a_look_distinguishes_a_deleted_ticket_from_a_passing_fault() {
    for (status, fault) in [
        (404, Fault::Refused(Code::TicketNotFound)),
        (403, Fault::Unavailable(Code::TicketForbidden)),
        (429, Fault::Throttled(None)),
        (500, Fault::Unavailable(Code::VendorServerError)),
    ] {
        let server = server(ResponseTemplate::new(status)).await;
        assert_eq!(look(&at(&server.uri())).await, Err(fault), "{status}");
    }
}

/// Runs everything against servers that repeat all that they know, and returns the text that a careless caller
/// would print.
pub async fn everything() -> String {
    let mut printed = String::new();
    let mut run = async |url: &str| {
        let tickets = at(url);
        let _ = write!(printed, "{tickets:?}");
        for text in ["ZD-987654321", "CANARYREF-1"] {
            let came = tickets.answer("zendesk", &reference(text), &note(true)).await;
            let looked = tickets.is_answered("zendesk", &reference(text), MARKER).await;
            let _ = write!(printed, "{came:?} {looked:?}");
        }
    };
    for status in [200, 302, 400, 401, 404, 422, 429, 500] {
        let echo = format!(r#"{{"error":"{USER} {TOKEN} 987654321","ticket":{{"id":987654321}}}}"#);
        let reply = ResponseTemplate::new(status)
            .insert_header("location", format!("http://127.0.0.1/{USER}/987654321").as_str())
            .set_body_string(echo);
        run(&server(reply).await.uri()).await;
    }
    run(&Raw::resetting().url).await;
    run("http://127.0.0.1:1").await;
    printed
}

/// The connectors' names and the ends of calls.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<Call>>>);

type Call = (String, Option<CallEnd>);

impl CallObserver for Heard {
    fn called(&self, connector: &str, end: CallEnd, _: u64) {
        self.0.lock().unwrap().push((connector.to_owned(), Some(end)));
    }
    fn unreadable(&self, connector: &str) {
        self.0.lock().unwrap().push((connector.to_owned(), None));
    }
}

#[tokio::test]
async fn the_observer_hears_of_a_call_to_the_ticketing_system_as_of_one_to_a_vendor() {
    let server = MockServer::start().await;
    let unreadable = ResponseTemplate::new(200).set_body_json(json!({"ticket": {"id": 1}}));
    Mock::given(method("PUT")).respond_with(unreadable).mount(&server).await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(429)).mount(&server).await;
    let heard = Heard::default();
    let kept = Ok(vec![secret(&server.uri(), TOKEN)]);
    let tickets = Ticketing::new(client(true).observed_by(heard.clone()), secrets(kept.clone(), kept));
    tickets.answer("zendesk", &reference("ZD-35436"), &note(false)).await;
    let _ = tickets.is_answered("zendesk", &reference("ZD-35436"), MARKER).await;
    let zendesk = |end| ("zendesk".to_owned(), end);
    let wanted = [Some(CallEnd::Answered), None, Some(CallEnd::Throttled)].map(zendesk);
    assert_eq!(*heard.0.lock().unwrap(), wanted);
}

async fn search(tickets: &Ticketing<Kept>, after: Option<&str>) -> Result<Option<Page<Tagged>>, Fault> {
    let [since, until] =
        ["2026-11-01T00:00:00.250Z", "2026-11-02T09:30:00Z"].map(|at| Time::parse(at).unwrap());
    tickets.tagged("zendesk", "rightful_erasure", since, until, after).await
}

fn found(results: &Value, more: bool, cursor: Option<&str>) -> ResponseTemplate {
    let meta = json!({"has_more": more, "after_cursor": cursor});
    ResponseTemplate::new(200).set_body_json(json!({"results": results, "meta": meta}))
}

#[tokio::test]
async fn tickets_are_found_by_tag_and_time_and_only_their_numbers_are_read() {
    let results = json!([{"id": 35436, "subject": "canary", "description": null}, {"id": 7}]);
    let server = server(found(&results, true, Some("next"))).await;
    let page = search(&at(&server.uri()), Some("here")).await.unwrap().unwrap();
    assert_eq!(page.next.as_deref(), Some("next"));
    assert_eq!(page.rows.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(), ["35436", "7"]);
    let tickets = at(&server.uri());
    for form in &page.rows[0].references {
        assert_eq!(tickets.number("zendesk", form), Some("35436"));
        assert_eq!(tickets.number("standard", form), None);
    }
    let sent = &server.received_requests().await.unwrap()[0];
    assert_eq!((sent.method.as_str(), sent.url.path()), ("GET", "/api/v2/search/export.json"));
    let asked: Vec<(String, String)> = sent.url.query_pairs().into_owned().collect();
    let wanted = [
        ("filter[type]", "ticket"),
        ("page[size]", "100"),
        ("query", "tags:rightful_erasure updated>=2026-11-01T00:00:00Z updated<2026-11-02T09:30:00Z"),
        ("page[after]", "here"),
    ];
    assert_eq!(asked, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(sent.headers["authorization"].to_str().unwrap(), basic(TOKEN));
}

#[tokio::test]
async fn a_search_without_a_readable_end_finds_no_ticket() {
    let unreadable = Err(Fault::Unavailable(Code::VendorAnswerUnreadable));
    for reply in [
        found(&json!([]), true, None),
        found(&json!([]), true, Some("here")),
        found(&json!([{"id": "x"}]), false, None),
        ResponseTemplate::new(200).set_body_string("{}"),
    ] {
        let server = server(reply).await;
        assert_eq!(search(&at(&server.uri()), Some("here")).await, unreadable);
    }
    for (status, fault) in [
        (401, Fault::Unauthorized),
        (403, Fault::Unavailable(Code::TicketForbidden)),
        (422, Fault::Refused(Code::TicketNotUpdatable)),
        (429, Fault::Throttled(None)),
        (500, Fault::Unavailable(Code::VendorServerError)),
    ] {
        let server = server(ResponseTemplate::new(status)).await;
        assert_eq!(search(&at(&server.uri()), None).await, Err(fault), "{status}");
    }
}

#[tokio::test]
async fn without_a_ticketing_system_no_ticket_is_looked_for() {
    let missing = Failure::of(Code::SecretMissing);
    let tickets = Ticketing::new(client(true), secrets(Err(missing), Err(missing)));
    assert_eq!(search(&tickets, None).await, Ok(None));
    let [since, until] = [Time::parse("2026-11-01T00:00:00Z").unwrap(); 2];
    assert_eq!(tickets.tagged("standard", "x", since, until, None).await, Ok(None));
}
