//! The hosts and addresses that the client refuses to call.

use crate::support::{Kept, case, client};
use rightful_connectors::{Lookup, VendorClient};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::report::Submitted;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A resolver that answers every name with the same addresses and keeps the names.
struct Fixed {
    addresses: Vec<IpAddr>,
    asked: Mutex<Vec<String>>,
}

impl Lookup for Fixed {
    fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(host.to_owned());
        Ok(self.addresses.clone())
    }
}

fn resolving(addresses: &[&str], allow_loopback: bool) -> (VendorClient, Arc<Fixed>) {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let lookup = Arc::new(Fixed { addresses, asked: Mutex::default() });
    let options = crate::support::options(allow_loopback);
    (VendorClient::with_lookup(&options, lookup.clone()).unwrap(), lookup)
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_called() {
    let case = case("qualifio");
    for addresses in [
        &["10.0.0.5"][..],
        &["169.254.169.254"],
        &["127.0.0.1"],
        &["::1"],
        &["::ffff:192.168.0.1"],
        &["fd00:ec2::254"],
        &["1.1.1.1", "10.0.0.5"],
    ] {
        for allow_loopback in [false, true] {
            let (client, lookup) = resolving(addresses, allow_loopback);
            let source = case.open_with("https://api.qualif.io", case.secrets(), client).await.unwrap();
            let forbidden = Fault::Unavailable(Code::VendorAddressForbidden);
            assert_eq!(case.submit(&source).await, Submitted::NotSent(forbidden.clone()), "{addresses:?}");
            assert_eq!(source.test().await, Err(forbidden));
            assert_eq!(*lookup.asked.lock().unwrap(), ["api.qualif.io"; 2]);
        }
    }
}

#[tokio::test]
async fn a_name_without_an_address_was_certainly_not_reached() {
    let case = case("qualifio");
    let (client, _) = resolving(&[], false);
    let source = case.open_with("https://api.qualif.io", case.secrets(), client).await.unwrap();
    assert_eq!(case.submit(&source).await, Submitted::NotSent(Fault::Unavailable(Code::VendorUnreachable)));
}

#[tokio::test]
async fn localhost_is_this_machine_or_is_refused() {
    let case = case("qualifio");
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_string("[]")).mount(&server).await;
    let url = format!("http://localhost:{}", server.address().port());
    let (here, _) = resolving(&["127.0.0.1"], true);
    assert_eq!(case.open_with(&url, case.secrets(), here).await.unwrap().test().await, Ok(()));
    let (elsewhere, _) = resolving(&["1.1.1.1"], true);
    assert_eq!(
        case.open_with(&url, case.secrets(), elsewhere).await.unwrap().test().await,
        Err(Fault::Unavailable(Code::VendorAddressForbidden))
    );
}

#[tokio::test]
async fn without_the_switch_this_machine_is_refused_like_any_private_address() {
    let case = case("qualifio");
    for url in [
        "http://127.0.0.1:8080",
        "http://localhost:8080",
        "http://[::1]:8080",
        "https://127.0.0.1",
        "https://10.0.0.1",
    ] {
        let opened = case.open_with(url, case.secrets(), client(false)).await;
        assert_eq!(opened.unwrap_err(), Failure::of(Code::ParameterWrong), "{url}");
    }
    assert!(case.open_with("https://api.qualifio.com", case.secrets(), client(false)).await.is_ok());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let case = case("qualifio");
    let target = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).insert_header("location", target.uri());
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let source = case.at(&server).await;
        assert_eq!(case.submit(&source).await, Submitted::Unknown(Code::VendorRedirected));
        assert_eq!(source.test().await, Err(Fault::Unavailable(Code::VendorRedirected)));
    }
    assert!(target.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_connector_is_a_misconfiguration() {
    let mut case = case("qualifio");
    let secrets = Kept::new(&["t"], &["t"]);
    let client = client(true);
    let other = std::mem::replace(&mut case.definition.name, "other".to_owned());
    assert_eq!(other, "qualifio");
    let sources =
        rightful_connectors::Sources::new(rightful_connectors::Connectors::default(), client, secrets);
    let source = rightful_domain::model::source::DataSource {
        schema: 1,
        id: rightful_domain::base::ids::SourceId::parse("vendor-main").unwrap(),
        connector: "other".to_owned(),
        params: case.params("https://api.qualif.io"),
        enabled: true,
        review: Default::default(),
        control: None,
        revision: 1,
        created_at: rightful_domain::base::time::Time::parse("2026-11-21T09:30:00Z").unwrap(),
    };
    let target = rightful_domain::vendor::target::Target {
        connector: "other".to_owned(),
        version: 1,
        params: Default::default(),
    };
    let opened = rightful_domain::ports::vendors::Vendors::open(&sources, &source, &target).await;
    assert_eq!(opened.unwrap_err(), Failure::of(Code::ConnectorUnknown));
    let target = rightful_domain::ports::vendors::Vendors::target(&sources, &source);
    assert_eq!(target.unwrap_err(), Failure::of(Code::ConnectorUnknown));
}

#[tokio::test]
async fn an_operators_host_is_a_public_name_and_the_only_one_that_is_called() {
    let case = case("inhouse");
    for allow_loopback in [false, true] {
        let (client, lookup) = resolving(&["10.0.0.5"], allow_loopback);
        let source = case.open_with("privacy.example.com", case.secrets(), client).await.unwrap();
        let forbidden = Fault::Unavailable(Code::VendorAddressForbidden);
        assert_eq!(case.submit(&source).await, Submitted::NotSent(forbidden.clone()));
        assert_eq!(source.test().await, Err(forbidden));
        assert_eq!(*lookup.asked.lock().unwrap(), ["privacy.example.com"; 2]);
    }
    for bad in [
        "10.0.0.5",
        "1.1.1.1",
        "[fd00::1]",
        "privacy.example.com:8443",
        "privacy.example.com:443",
        "privacy.example.com/x",
        "user@privacy.example.com",
        "privacy",
        "privacy.internal",
        "${param.host}",
        "",
    ] {
        for allow_loopback in [false, true] {
            let opened = case.open_with(bad, case.secrets(), client(allow_loopback)).await;
            assert_eq!(opened.unwrap_err(), Failure::of(Code::ParameterWrong), "{bad}");
        }
    }
}

#[tokio::test]
async fn an_operators_host_is_this_machine_only_where_that_is_allowed() {
    let case = case("inhouse");
    let server = MockServer::start().await;
    let none = ResponseTemplate::new(200).set_body_string(case.answer("search-none.json"));
    Mock::given(any()).respond_with(none).mount(&server).await;
    let port = server.address().port();
    for here in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let (allowed, _) = resolving(&["127.0.0.1"], true);
        assert_eq!(case.open_with(&here, case.secrets(), allowed).await.unwrap().test().await, Ok(()));
        let (forbidden, _) = resolving(&["127.0.0.1"], false);
        let opened = case.open_with(&here, case.secrets(), forbidden).await;
        assert_eq!(opened.unwrap_err(), Failure::of(Code::ParameterWrong), "{here}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}
