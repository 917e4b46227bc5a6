//! Checks the parameters of a data source against the definition, and finds the target that they point at.

use super::checked::Definition;
use super::problem::instead;
use crate::net;
use crate::params::{ParamKind, ParamProblem, ParamValue, Params};
use crate::template::{Values, plain};
use reqwest::Url;
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;

impl Definition {
    /// The target that checked parameters point at: all that steer, including defaults.
    pub(crate) fn target(&self, params: &Params) -> Target {
        let steering = self.params.iter().filter(|param| param.steers);
        let params = steering
            .filter_map(|param| Some((param.name.clone(), spelled(&param.kind, params.get(&param.name)?))))
            .collect();
        Target { connector: self.name.clone(), version: self.version, params }
    }

    /// A data source's parameters in which those that steer have the target's values; `None` when this
    /// definition no longer knows the target.
    pub(crate) fn params_at(
        &self,
        given: &BTreeMap<String, String>,
        at: &Target,
        allow_loopback: bool,
    ) -> Option<Params> {
        let mut given = given.clone();
        given.extend(at.params.clone());
        let params = self.check_params(&given, allow_loopback).ok()?;
        (self.target(&params) == *at).then_some(params)
    }

    /// Checks the parameters of a data source. `allow_loopback` lets a URL point at this machine,
    /// for the sandbox.
    ///
    /// # Errors
    /// Every problem: a missing parameter (its name, description and example), one that the connector doesn't
    /// have, a value that doesn't fit, a host that the connector doesn't list.
    pub fn check_params(
        &self,
        given: &BTreeMap<String, String>,
        allow_loopback: bool,
    ) -> Result<Params, Vec<ParamProblem>> {
        let mut problems = Vec::new();
        let mut values = BTreeMap::new();
        let names: Vec<&str> = self.params.iter().map(|param| param.name.as_str()).collect();
        for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
            let message = format!("{} has no such parameter: {}", self.title, instead(name, &names));
            problems.push(ParamProblem { name: name.clone(), message });
        }
        for param in &self.params {
            let value = match (given.get(&param.name), &param.default) {
                (Some(text), _) => param.value(text, allow_loopback),
                (None, Some(default)) => Ok(default.clone()),
                (None, None) => Err("is missing".to_owned()),
            };
            match value {
                Ok(value) => {
                    values.insert(param.name.clone(), value);
                }
                Err(wrong) => {
                    let message = format!("{wrong}; it is {}, such as {}", param.description, param.example);
                    problems.push(ParamProblem { name: param.name.clone(), message });
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        // Rendering the base URL needs no base URL, because its template holds parameters alone.
        let Ok(nowhere) = Url::parse("https://invalid.invalid") else {
            return Err(problems);
        };
        let unplaced = Params { values, hosts: self.hosts.clone(), base_url: nowhere };
        let mut text = self.base_url.text(Values::of(&unplaced), plain);
        let host = self.params.iter().find(|param| param.kind == ParamKind::Host);
        let named = host.and_then(|param| match unplaced.values.get(&param.name) {
            Some(ParamValue::Text(host)) => Some((format!("${{param.{}}}", param.name), host)),
            _ => None,
        });
        let mut hosts = self.hosts.clone();
        if let Some((place, named)) = named {
            for host in hosts.iter_mut().filter(|host| **host == place) {
                host.clone_from(named);
            }
            // This machine has no certificate. The check let its name pass only where loopback is allowed.
            if net::is_loopback_authority(named) {
                text = text.replacen("https://", "http://", 1);
            }
        }
        match net::base_url(&text, &hosts, allow_loopback) {
            Ok(base_url) => Ok(Params { base_url, hosts, ..unplaced }),
            Err(message) => {
                let name = self.base_url_param().unwrap_or("base_url").to_owned();
                Err(vec![ParamProblem { name, message }])
            }
        }
    }
}

/// A value in the spelling of a target. URLs that differ in a slash or a default port get the same one.
fn spelled(kind: &ParamKind, value: &ParamValue) -> String {
    let text = value.text();
    match kind {
        ParamKind::Url => Url::parse(&text).map_or(text, |url| url.origin().ascii_serialization()),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(&str, &str)], allow_loopback: bool) -> Result<Params, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Definition::qualifio()
            .check_params(&given, allow_loopback)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn defaults_replace_missing_parameters() {
        let params = check(&[("client_id", "2449"), ("user_id", "1001")], false).unwrap();
        assert_eq!(params.get("direct"), Some(&ParamValue::Boolean(true)));
        assert_eq!(params.integer("batch_size"), Some(100));
        assert_eq!(params.base_url().as_str(), "https://api.qualif.io/");
    }

    #[test]
    fn every_problem_says_what_to_give_instead() {
        let problems = check(
            &[("clientid", "1"), ("user_id", "s3cret"), ("direct", "yes"), ("batch_size", "10001")],
            false,
        );
        insta::assert_snapshot!(problems.unwrap_err(), @r"
        parameter `clientid`: Qualifio has no such parameter: write `client_id`
        parameter `client_id`: is missing; it is the number of the Qualifio client account, sent with every call as clientId, such as 2449
        parameter `user_id`: is not a whole number; it is the Qualifio user id of the DPO in whose name erasures are asked for, such as 1001
        parameter `direct`: is neither `true` nor `false`; it is whether erasures run at once; with false the account's DPO approves each of them in Qualifio, such as true
        parameter `batch_size`: is more than 10000; it is how many profiles one erasure may name, such as 100
        ");
    }

    #[test]
    fn only_the_connectors_hosts_are_accepted() {
        let with = |url| check(&[("client_id", "1"), ("user_id", "1"), ("base_url", url)], false);
        assert!(with("https://api.qualifio.com").is_ok());
        for bad in [
            "http://api.qualif.io",
            "https://api.qualif.io:8443",
            "https://api.qualif.io/v2",
            "https://user@api.qualif.io",
            "https://api.qualif.io?x=1",
            "https://api.qualif.io.example.com",
            "https://api.qualif.io@example.com",
            "https://10.0.0.1",
            "https://127.0.0.1",
            "http://localhost:8080",
            "ftp://api.qualif.io",
            "api.qualif.io",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_target_holds_every_steering_value_in_one_spelling() {
        let target = |given: &[(&str, &str)]| {
            let params = check(&[given, &[("user_id", "1")]].concat(), false).unwrap();
            Definition::qualifio().target(&params)
        };
        let plain = target(&[("client_id", "2449")]);
        assert_eq!(plain.words(), "qualifio: base_url https://api.qualif.io, client_id 2449");
        assert_eq!(plain.version, 1);
        for same in [
            &[("client_id", " 02449 ")][..],
            &[("client_id", "2449"), ("base_url", "https://api.qualif.io/")],
            &[("client_id", "2449"), ("base_url", "https://API.qualif.io:443")],
            &[("client_id", "2449"), ("batch_size", "7"), ("direct", "false")],
        ] {
            assert_eq!(target(same), plain, "{same:?}");
            assert_eq!(target(same).fingerprint(), plain.fingerprint());
        }
        for other in
            [&[("client_id", "2450")][..], &[("client_id", "2449"), ("base_url", "https://api.qualifio.com")]]
        {
            assert_ne!(target(other), plain);
            assert_ne!(target(other).fingerprint(), plain.fingerprint());
        }
    }

    #[test]
    fn a_target_replaces_the_present_values_or_is_not_known() {
        let definition = Definition::qualifio();
        let given: BTreeMap<String, String> = [("client_id", "1"), ("user_id", "2"), ("batch_size", "7")]
            .map(|(n, v)| (n.into(), v.into()))
            .into();
        let now = definition.target(&definition.check_params(&given, false).unwrap());
        let mut then = now.clone();
        then.params.insert("client_id".to_owned(), "2449".to_owned());
        then.params.insert("base_url".to_owned(), "https://api.qualifio.com".to_owned());
        let params = definition.params_at(&given, &then, false).unwrap();
        assert_eq!(params.base_url().as_str(), "https://api.qualifio.com/");
        assert_eq!((params.integer("client_id"), params.integer("batch_size")), (Some(2449), Some(7)));
        assert_eq!(
            definition.params_at(&given, &now, false).map(|params| definition.target(&params)),
            Some(now)
        );

        let changed = |change: &dyn Fn(&mut Target)| {
            let mut target = then.clone();
            change(&mut target);
            definition.params_at(&given, &target, false).is_none()
        };
        assert!(changed(&|target| target.version = 2));
        assert!(changed(&|target| target.connector = "inhouse".to_owned()));
        assert!(changed(&|target| drop(target.params.remove("client_id"))));
        assert!(changed(&|target| drop(target.params.insert("user_id".to_owned(), "3".to_owned()))));
        assert!(changed(&|target| drop(
            target.params.insert("base_url".to_owned(), "https://example.com".to_owned())
        )));
        assert!(changed(&|target| drop(target.params.insert("client_id".to_owned(), "x".to_owned()))));
    }

    #[test]
    fn the_loopback_switch_opens_this_machine_and_nothing_else() {
        let with = |url| check(&[("client_id", "1"), ("user_id", "1"), ("base_url", url)], true);
        for good in
            ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080", "https://api.qualif.io"]
        {
            assert!(with(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1:8080",
            "http://api.qualif.io",
            "http://192.168.0.1",
            "http://[::ffff:10.0.0.1]",
            "https://example.com",
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
        insta::assert_snapshot!(
            with("https://example.com").unwrap_err(),
            @"parameter `base_url`: its host is not one that the connector may call (api.qualif.io, api.qualifio.com)"
        );
    }
}
