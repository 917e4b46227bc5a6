//! The connectors for those who set up data sources: which there are, what they ask for, and what is wrong with
//! an operator's values. Nobody is called, and no message repeats a value.

use crate::connectors::Connectors;
use crate::definition::{Auth, Definition};
use crate::matching::Form;
use crate::params::ParamProblem;
use crate::secret::{FOR_TARGET, secret_name};
use reqwest::header::HeaderValue;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::SourceId;
use rightful_domain::ports::set_up::{AskedKind, Catalogue, Objection};
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The longest field of a secret, in bytes: many vendors refuse headers beyond 8 KB.
const LONGEST_SECRET: usize = 4096;

/// The connectors of a deployment, for those who set up data sources.
#[derive(Clone, Debug)]
pub struct KnownConnectors {
    connectors: Connectors,
    allow_loopback: bool,
}

impl KnownConnectors {
    /// These connectors; `allow_loopback` says whether the deployment may call vendors on this machine.
    #[must_use]
    pub fn new(connectors: Connectors, allow_loopback: bool) -> Self {
        Self { connectors, allow_loopback }
    }

    /// The connectors themselves.
    #[must_use]
    pub fn connectors(&self) -> &Connectors {
        &self.connectors
    }

    fn definition(&self, connector: &str) -> Result<&Definition, Objection> {
        self.connectors.get(connector).map(AsRef::as_ref).ok_or_else(|| {
            let known: Vec<&str> = self.connectors.iter().map(|known| known.name.as_str()).collect();
            objection("connector", format!("there is no such connector: choose one of {}", known.join(", ")))
        })
    }
}

fn objection(name: &str, what: impl Into<String>) -> Objection {
    Objection { name: name.to_owned(), what: what.into() }
}

impl Catalogue for KnownConnectors {
    fn knows(&self, connector: &str) -> bool {
        self.connectors.get(connector).is_some()
    }

    fn kinds(&self, connector: &str) -> Vec<AskedKind> {
        self.connectors.get(connector).map(|known| known.kinds().cloned().collect()).unwrap_or_default()
    }

    fn check_identifier(&self, connector: &str, identifier: &Identifier) -> Result<(), Objection> {
        let definition = self.definition(connector)?;
        let kind = identifier.kind();
        let Some(asked) = definition.asked.iter().find(|asked| asked.kind.kind == *kind) else {
            let known: Vec<&str> = definition.kinds().map(|known| known.kind.as_str()).collect();
            let what =
                format!("{} does not search by this kind: give {}", definition.title, known.join(" or "));
            return Err(objection(kind.as_str(), what));
        };
        asked.form.check(identifier.expose()).map_err(|wrong| {
            let AskedKind { description, example, .. } = &asked.kind;
            objection(kind.as_str(), format!("{wrong}; it is {description}, such as {example}"))
        })
    }

    fn is_number(&self, kind: &IdentifierKind) -> bool {
        let asked = self.connectors.iter().flat_map(|known| &known.asked);
        let mut forms = asked.filter(|asked| asked.kind.kind == *kind).map(|asked| asked.form).peekable();
        forms.peek().is_some() && forms.all(|form| form == Form::Digits)
    }

    fn check_params(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<(), Vec<Objection>> {
        let definition = self.definition(connector).map_err(|unknown| vec![unknown])?;
        let is_secret = |name: &str| definition.secret.iter().any(|field| field.name == name);
        let (secret, params): (BTreeMap<_, _>, BTreeMap<_, _>) =
            params.clone().into_iter().partition(|(name, _)| is_secret(name));
        let mut objections: Vec<Objection> = secret
            .keys()
            .map(|name| {
                let what = "is a secret, but anyone may see parameters: give it as a field of the secret, and replace the value that was shown";
                objection(name, what)
            })
            .collect();
        if let Err(problems) = definition.check_params(&params, self.allow_loopback) {
            objections.extend(problems.into_iter().map(|problem| objection(&problem.name, problem.message)));
        }
        if objections.is_empty() { Ok(()) } else { Err(objections) }
    }

    fn target(&self, connector: &str, params: &BTreeMap<String, String>) -> Result<Target, Vec<Objection>> {
        let definition = self.definition(connector).map_err(|unknown| vec![unknown])?;
        let checked = definition.check_params(params, self.allow_loopback);
        let wrong = |problems: Vec<ParamProblem>| {
            problems.into_iter().map(|problem| objection(&problem.name, problem.message)).collect::<Vec<_>>()
        };
        checked.map(|params| definition.target(&params)).map_err(wrong)
    }

    fn check_secret(
        &self,
        connector: &str,
        fields: &BTreeMap<String, Zeroizing<String>>,
        target: &Target,
    ) -> Result<Zeroizing<String>, Vec<Objection>> {
        let definition = self.definition(connector).map_err(|unknown| vec![unknown])?;
        let known: Vec<&str> = definition.secret.iter().map(|field| field.name.as_str()).collect();
        let mut objections = Vec::new();
        if fields.keys().any(|name| !known.contains(&name.as_str())) {
            // The message leaves the name out, because someone may have put the secret there.
            let what =
                format!("{} has no such field in its secret: give {}", definition.title, known.join(", "));
            objections.push(objection("secret", what));
        }
        let mut stored = BTreeMap::new();
        for field in &definition.secret {
            let value = fields.get(&field.name).map(|value| value.trim());
            match secret_field(definition, &field.name, value) {
                Ok(value) => {
                    stored.insert(field.name.as_str(), value);
                }
                Err(wrong) => {
                    objections.push(objection(&field.name, format!("{wrong}; it is {}", field.description)));
                }
            }
        }
        if !objections.is_empty() {
            return Err(objections);
        }
        let fingerprint = target.fingerprint();
        stored.insert(FOR_TARGET, &fingerprint);
        serde_json::to_string(&stored)
            .map(Zeroizing::new)
            .map_err(|_| vec![objection("secret", "can't be written as JSON")])
    }

    fn secret_name(&self, source: &SourceId) -> String {
        secret_name(source)
    }
}

/// Checks a field of a secret, and returns it as it is stored.
fn secret_field<'a>(
    definition: &Definition,
    name: &str,
    value: Option<&'a str>,
) -> Result<&'a str, &'static str> {
    let value = value.ok_or("is missing")?;
    if value.is_empty() {
        return Err("is empty");
    }
    if value.len() > LONGEST_SECRET {
        return Err("is longer than 4096 bytes");
    }
    let Auth::Header { secret, .. } = &definition.auth;
    if secret == name && HeaderValue::from_str(value).is_err() {
        return Err("has a line break or another character that can't be sent");
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(allow_loopback: bool) -> KnownConnectors {
        KnownConnectors::new(Connectors::embedded().unwrap(), allow_loopback)
    }

    fn pairs(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn told(objections: Vec<Objection>) -> String {
        let lines: Vec<String> =
            objections.iter().map(|objection| format!("{}: {}", objection.name, objection.what)).collect();
        lines.join("\n")
    }

    fn target() -> Target {
        let params = pairs(&[("client_id", "2449"), ("user_id", "1001")]);
        known(false).target("qualifio", &params).unwrap()
    }

    fn secret(fields: &[(&str, &str)]) -> Result<String, String> {
        let fields = pairs(fields).into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        known(false)
            .check_secret("qualifio", &fields, &target())
            .map(|stored| stored.to_string())
            .map_err(told)
    }

    #[test]
    fn a_connector_says_which_identifiers_it_needs() {
        let kinds = known(false).kinds("inhouse");
        let names: Vec<&str> = kinds.iter().map(|asked| asked.kind.as_str()).collect();
        assert_eq!(names, ["email", "phone", "customer_id"]);
        assert!(kinds.iter().all(|asked| !asked.description.is_empty()));
        for asked in &kinds {
            let example = Identifier::new(asked.kind.clone(), &asked.example).unwrap();
            assert_eq!(known(false).check_identifier("inhouse", &example), Ok(()));
        }
        assert!(known(false).knows("qualifio") && !known(false).knows("nobody"));
        assert_eq!(known(false).kinds("nobody"), []);
    }

    #[test]
    fn a_kind_made_of_digits_may_be_given_as_a_number() {
        let is_number = |kind: &str| known(false).is_number(&IdentifierKind::parse(kind).unwrap());
        assert!(is_number("customer_id"));
        for kind in ["email", "phone", "nobodys_kind"] {
            assert!(!is_number(kind), "{kind}");
        }
    }

    #[test]
    fn an_objection_to_an_identifier_does_not_repeat_its_value() {
        let check = |connector: &str, kind: &str, value: &str| {
            let identifier = Identifier::new(IdentifierKind::parse(kind).unwrap(), value).unwrap();
            let objected = known(false).check_identifier(connector, &identifier);
            objected.map_err(|objection| told(vec![objection]))
        };
        assert_eq!(check("inhouse", "customer_id", "100001"), Ok(()));
        for bad in ["A-100001", "100 001", "٣٢", "-1", "1.0"] {
            let error = check("inhouse", "customer_id", bad).unwrap_err();
            assert!(
                error.starts_with("customer_id: is not made of the digits 0 to 9 alone; it is "),
                "{error}"
            );
            assert!(!error.contains(bad), "{error}");
        }
        insta::assert_snapshot!(check("qualifio", "customer_id", "4242").unwrap_err(), @"customer_id: Qualifio does not search by this kind: give email");
        insta::assert_snapshot!(check("nobody", "email", "ann@example.com").unwrap_err(), @"connector: there is no such connector: choose one of inhouse, qualifio");
    }

    #[test]
    fn all_wrong_parameters_are_reported_at_once() {
        let check = |allow_loopback, params: &[(&str, &str)]| {
            known(allow_loopback).check_params("qualifio", &pairs(params)).map_err(told)
        };
        assert_eq!(check(false, &[("client_id", "1"), ("user_id", "2")]), Ok(()));
        insta::assert_snapshot!(check(false, &[("client_id", "x"), ("token", "s3cret")]).unwrap_err(), @"
        token: is a secret, but anyone may see parameters: give it as a field of the secret, and replace the value that was shown
        client_id: is not a whole number; it is the number of the Qualifio client account, sent with every call as clientId, such as 2449
        user_id: is missing; it is the Qualifio user id of the DPO in whose name erasures are asked for, such as 1001
        ");
        let here = [("client_id", "1"), ("user_id", "2"), ("base_url", "http://127.0.0.1:1")];
        assert_eq!(check(true, &here), Ok(()));
        assert!(check(false, &here).unwrap_err().contains("not one that the connector may call"));
    }

    #[test]
    fn a_stored_secret_has_the_connectors_fields_trimmed_and_its_target() {
        let named = target().fingerprint();
        let stored = format!(r#"{{"for_target":"{named}","token":"s3cret"}}"#);
        assert_eq!(secret(&[("token", " s3cret\n")]).unwrap(), stored);
        for (bad, says) in [
            (&[][..], "token: is missing; it is the account's API token"),
            (&[("token", "")], "token: is empty"),
            (&[("token", " \n")], "token: is empty"),
            (&[("token", "s3cret\ns3cret")], "token: has a line break"),
            (&[("token", &"s3cret".repeat(1000))], "token: is longer than 4096 bytes"),
            (&[("token", "x"), ("for_target", &named)], "secret: Qualifio has no such field in its secret"),
            (
                &[("token", "x"), ("s3cret", "x")],
                "secret: Qualifio has no such field in its secret: give token",
            ),
        ] {
            let error = secret(bad).unwrap_err();
            assert!(error.starts_with(says) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_secrets_name_is_the_one_that_is_read() {
        let source = SourceId::parse("qualifio-main").unwrap();
        assert_eq!(known(false).secret_name(&source), secret_name(&source));
    }
}
