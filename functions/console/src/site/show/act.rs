//! An entry of the journal in words.

use crate::site::show::names::Names;
use crate::site::show::request::code;
use crate::site::show::task::policy;
use crate::site::words::{Value, Words};
use rightful_domain::base::ids::SourceId;
use rightful_domain::chain::act::Act;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::vendor::target::Target;

/// The kinds of acts.
pub(crate) const KINDS: [&str; 8] = [
    "source_added",
    "source_changed",
    "source_review_set",
    "source_enabled",
    "source_disabled",
    "source_tested",
    "source_removed",
    "ticketing_set",
];

/// The kind of an act, as the API names it.
pub(crate) fn kind(act: &Act) -> &'static str {
    match act {
        Act::SourceAdded { .. } => "source_added",
        Act::SourceChanged { .. } => "source_changed",
        Act::SourceReviewSet { .. } => "source_review_set",
        Act::SourceEnabled { .. } => "source_enabled",
        Act::SourceDisabled { .. } => "source_disabled",
        Act::SourceTested { .. } => "source_tested",
        Act::SourceRemoved { .. } => "source_removed",
        Act::TicketingSet { .. } => "ticketing_set",
    }
}

/// The data source of an act, if it is about one.
pub(crate) fn source(act: &Act) -> Option<&SourceId> {
    match act {
        Act::SourceAdded { source, .. }
        | Act::SourceChanged { source, .. }
        | Act::SourceReviewSet { source, .. }
        | Act::SourceEnabled { source }
        | Act::SourceDisabled { source }
        | Act::SourceTested { source, .. }
        | Act::SourceRemoved { source } => Some(source),
        Act::TicketingSet { .. } => None,
    }
}

/// An act in a sentence.
pub(crate) fn words(w: &Words, names: &Names, act: &Act) -> String {
    let of = |name: &str, source: &SourceId| w.a(name, &[("source", Value::Text(source.as_str()))]);
    let with = |name: &str, source: &SourceId, what: &str| {
        w.a(name, &[("source", Value::Text(source.as_str())), ("what", Value::Text(what))])
    };
    match act {
        Act::SourceAdded { source, connector, target: at, control } => {
            let mut what = vec![names.title(connector).to_owned()];
            what.extend(at.as_ref().map(params).filter(|params| !params.is_empty()));
            what.extend(control.then(|| w.t("entry-with-control")));
            with("entry-source_added", source, &what.join(", "))
        }
        Act::SourceChanged {
            source,
            params: changed,
            review,
            secret,
            target: at,
            control,
            forced,
            standing,
        } => {
            let mut what = Vec::new();
            if !changed.is_empty() {
                what.push(w.a("entry-params", &[("x", Value::Text(&changed.join(", ")))]));
            }
            what.extend(secret.then(|| w.t("entry-secret")));
            what.extend(control.then(|| w.t("entry-control")));
            what.push(policies(w, review));
            let points = at.as_ref().map(|at| target(names, at));
            what.extend(points.map(|points| w.a("entry-target", &[("x", Value::Text(&points))])));
            what.extend(forced.then(|| w.n("entry-forced", *standing)));
            with("entry-source_changed", source, &what.join("; "))
        }
        Act::SourceReviewSet { source, review } => {
            with("entry-source_review_set", source, &policies(w, review))
        }
        Act::SourceEnabled { source } => of("entry-source_enabled", source),
        Act::SourceDisabled { source } => of("entry-source_disabled", source),
        Act::SourceTested { source, reason: None } => of("entry-source_tested", source),
        Act::SourceTested { source, reason: Some(reason) } => {
            with("entry-source_tested-not", source, &code(w, reason))
        }
        Act::SourceRemoved { source } => of("entry-source_removed", source),
        Act::TicketingSet { channel } => w.a("entry-ticketing_set", &[("x", Value::Text(channel))]),
    }
}

fn policies(w: &Words, own: &OwnPolicies) -> String {
    let one = |own: Option<Policy>| own.map_or_else(|| w.t("entry-policy-deployment"), |own| policy(w, own));
    let (erasure, access) = (one(own.erasure), one(own.access));
    w.a("entry-policies", &[("erasure", Value::Text(&erasure)), ("access", Value::Text(&access))])
}

fn target(names: &Names, at: &Target) -> String {
    let params = params(at);
    let title = names.title(&at.connector);
    if params.is_empty() { title.to_owned() } else { format!("{title}, {params}") }
}

fn params(at: &Target) -> String {
    let all = at.params.iter().map(|(name, value)| format!("{name} {value}"));
    all.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::words::Library;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn acts() -> Vec<Act> {
        let target = json!({"connector": "plain", "version": 1, "params": {"account": "7"}});
        let all = json!([
            {"kind": "source_added", "source": "crm", "connector": "plain"},
            {"kind": "source_added", "source": "crm", "connector": "plain", "target": target, "control": true},
            {"kind": "source_changed", "source": "crm", "params": [], "review": {}, "secret": false},
            {"kind": "source_changed", "source": "crm", "params": ["account"], "review": {"erasure": "over:5"},
                "secret": true, "target": target, "control": true, "forced": true, "standing": 2},
            {"kind": "source_review_set", "source": "crm", "review": {"access": "always"}},
            {"kind": "source_enabled", "source": "crm"},
            {"kind": "source_disabled", "source": "crm"},
            {"kind": "source_tested", "source": "crm"},
            {"kind": "source_tested", "source": "crm", "reason": "credentials_rejected"},
            {"kind": "source_removed", "source": "crm"},
            {"kind": "ticketing_set", "channel": "desk"},
        ]);
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn every_kind_of_act_has_its_own_words_and_its_place_in_the_filter() {
        let library = Library::default();
        let w = library.of("en").unwrap();
        let names = Names::default();
        let said: BTreeSet<String> = acts().iter().map(|act| words(w, &names, act)).collect();
        assert_eq!(said.len(), acts().len(), "{said:?}");
        let kinds: BTreeSet<&str> = acts().iter().map(kind).collect();
        assert_eq!(kinds, BTreeSet::from(KINDS));
        let error = serde_json::from_value::<Act>(json!({"kind": "?"})).unwrap_err().to_string();
        let known: BTreeSet<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, BTreeSet::from(KINDS));
        for kind in KINDS {
            assert!(w.find(&format!("entry-kind-{kind}")).is_some(), "{kind}");
        }
        for act in acts() {
            let written = serde_json::to_value(&act).unwrap();
            assert_eq!(written["kind"], kind(&act));
            assert_eq!(written["source"].as_str(), source(&act).map(SourceId::as_str));
        }
    }

    #[test]
    fn a_change_says_everything_that_was_changed() {
        let library = Library::default();
        let w = library.of("en").unwrap();
        let said = words(w, &Names::default(), &acts()[3]);
        for part in
            ["crm", "account", "secret", "control", "more than 5 records", "plain, account 7", "2 open tasks"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
