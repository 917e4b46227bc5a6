//! A secret goes to the target that it was given for, and to no other.

use crate::support::{Case, Kept, answering, calls, cases, client, is_the_walkthroughs, json, secret};
use rightful_connectors::{Connectors, KnownConnectors, Source};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::ports::set_up::Catalogue;
use rightful_domain::ports::vendors::Vendors;
use rightful_domain::vendor::fault::Fault;
use rightful_domain::vendor::port::Vendor;
use rightful_domain::vendor::report::Submitted;
use rightful_domain::vendor::target::Target;
use std::collections::BTreeSet;
use std::sync::Arc;
use wiremock::{MockServer, Request, ResponseTemplate};
use zeroize::Zeroizing;

/// Two systems of one connector, and a data source that moved from the first to the second.
struct Moved {
    then: MockServer,
    now: MockServer,
    at_then: Target,
    at_now: Target,
}

impl Moved {
    /// Both systems answer everything with this status.
    async fn answering(case: &Case, status: u16, body: &str) -> Self {
        let answer = || ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json");
        let (then, now) = (answering(answer()).await, answering(answer()).await);
        let target = |server: &MockServer| {
            let (sources, source) = case.sources(&server.uri(), Kept::new(&[], &[]), client(true));
            sources.target(&source).unwrap()
        };
        Self { at_then: target(&then), at_now: target(&now), then, now }
    }

    /// Opens the data source as it is now, at one of the two targets.
    async fn open(&self, case: &Case, at: &Target, secrets: Arc<Kept>) -> Result<Source<Kept>, Failure> {
        let (sources, source) = case.sources(&self.now.uri(), secrets, client(true));
        assert_eq!(sources.target(&source).unwrap(), self.at_now);
        sources.open(&source, at).await
    }

    /// The tokens that a server received.
    async fn sent(case: &Case, server: &MockServer) -> BTreeSet<String> {
        let requests = server.received_requests().await.unwrap();
        let token =
            |request: &Request| request.headers[case.text("/auth/header")].to_str().unwrap().to_owned();
        requests.iter().map(token).collect()
    }
}

/// A stored version of a secret that names a target, or none as in older releases.
fn version(token: &str, target: Option<&Target>) -> String {
    match target {
        Some(target) => serde_json::json!({"token": token, "for_target": target.fingerprint()}).to_string(),
        None => secret(token),
    }
}

#[tokio::test]
async fn a_secret_is_never_sent_to_another_target() {
    for case in cases() {
        let moved = Moved::answering(&case, 401, "{}").await;
        let current = version("current", Some(&moved.at_now));
        // The previous version names the old target, or none as in older releases.
        for previous in [version("previous", Some(&moved.at_then)), version("previous", None)] {
            let both = [current.clone(), previous.clone()];
            let stale = [previous.clone(), version("older", None)];
            // The cached versions may be older than the change.
            for secrets in [Kept::whole(&both, &both), Kept::whole(&stale[..1], &both)] {
                let source = moved.open(&case, &moved.at_now, secrets).await.unwrap();
                let person = [case.person()];
                assert_eq!(source.search(&person, &person).await, Err(Fault::Unauthorized));
                assert_eq!(source.show(&person, &person).await, Err(Fault::Unauthorized));
                assert_eq!(source.copy(&person).await, Err(Fault::Unauthorized));
                assert_eq!(case.submit(&source).await, Submitted::Rejected(Fault::Unauthorized));
                let status = source.status(case.text("/rule_id"), &[], &[]).await;
                assert_eq!(status, Err(Fault::Unauthorized));
                assert_eq!(source.test().await, Err(Fault::Unauthorized));
            }
            assert_eq!(Moved::sent(&case, &moved.now).await, [case.sent("current")].into());
        }
        assert_eq!(calls(&moved.then).await, 0);
    }
}

#[tokio::test]
async fn a_secret_for_another_target_alone_is_not_used() {
    for case in cases() {
        let moved = Moved::answering(&case, 401, "{}").await;
        let old = [version("old", Some(&moved.at_then)), version("older", None)];
        let opened = moved.open(&case, &moved.at_now, Kept::whole(&old, &old)).await;
        assert_eq!(opened.unwrap_err(), Failure::misconfigured(Code::TargetLost));
        // Such a secret replaces the current one while the data source is open.
        let secrets = Kept::whole(&[version("current", Some(&moved.at_now))], &old);
        let source = moved.open(&case, &moved.at_now, secrets).await.unwrap();
        assert_eq!(source.test().await, Err(Fault::Unavailable(Code::TargetLost)));
        assert_eq!(case.submit(&source).await, Submitted::Rejected(Fault::Unauthorized));
        assert_eq!(Moved::sent(&case, &moved.now).await, [case.sent("current")].into());
    }
}

#[tokio::test]
async fn an_older_target_is_asked_with_its_own_version_or_not_at_all() {
    for case in cases() {
        let moved = Moved::answering(&case, 200, &case.answer("search.json")).await;
        let current = version("current", Some(&moved.at_now));
        let previous = version("previous", Some(&moved.at_then));
        let both = [current.clone(), previous];
        let source = moved.open(&case, &moved.at_then, Kept::whole(&both, &both)).await.unwrap();
        assert_eq!(source.capabilities().target, moved.at_then);
        let found = source.search(&[case.person()], &[]).await.unwrap();
        assert_eq!(found.records, case.records());
        assert_eq!(Moved::sent(&case, &moved.then).await, [case.sent("previous")].into());

        let lost = Err(Failure::misconfigured(Code::TargetLost));
        for none in [
            vec![current.clone()],
            vec![current.clone(), version("previous", None)],
            vec![version("current", None), version("previous", None)],
        ] {
            let opened = moved.open(&case, &moved.at_then, Kept::whole(&none, &none)).await;
            assert_eq!(opened.map(drop), lost, "{none:?}");
        }
        // The connector no longer means the same system.
        for change in [
            |target: &mut Target| target.version += 1,
            |target: &mut Target| target.connector = "another".to_owned(),
            |target: &mut Target| target.params.clear(),
        ] {
            let mut target = moved.at_then.clone();
            change(&mut target);
            let named = [version("current", Some(&target))];
            let opened = moved.open(&case, &target, Kept::whole(&named, &named)).await;
            assert_eq!(opened.map(drop), lost);
        }
        assert_eq!((calls(&moved.then).await, calls(&moved.now).await), (1, 0));
    }
}

#[tokio::test]
async fn a_secret_is_stored_for_the_target_that_it_was_given_for() {
    let known = KnownConnectors::new(Connectors::embedded().unwrap(), true);
    for case in cases() {
        let server = answering(json(case.answer("search.json"))).await;
        let params = case.params(&server.uri());
        let target = known.target(&case.definition.name, &params).unwrap();
        let fields = case.walkthrough["secret"].as_object().unwrap().iter();
        let fields =
            fields.map(|(name, text)| (name.clone(), Zeroizing::new(text.as_str().unwrap().to_owned())));
        let stored = known.check_secret(&case.definition.name, &fields.collect(), &target).unwrap();
        let source = case.open(&server.uri(), Kept::raw(&stored)).await;
        assert_eq!(source.capabilities().target, target);
        assert_eq!(source.search(&[case.person()], &[]).await.unwrap().records, case.records());
        is_the_walkthroughs(&case, "search", &server.received_requests().await.unwrap()[0]);
        let elsewhere = case.open_with("http://127.0.0.1:9", Kept::raw(&stored), client(true)).await;
        assert_eq!(elsewhere.map(drop), Err(Failure::misconfigured(Code::TargetLost)));
    }
}
