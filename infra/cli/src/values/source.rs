//! Values about a data source or a ticketing system: ids, parameters, secrets, controls, policies.

use super::input::{Input, ValueFrom, pair};
use crate::terminal::error::usage_error;
use anyhow::Result;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::source::Control;
use rightful_domain::view::source::SecretFieldView;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A data source's id.
pub fn source_id(text: &str) -> Result<SourceId> {
    SourceId::parse(text).map_err(|error| usage_error(error.to_string(), "give an id of that form"))
}

/// The ids of several data sources.
pub fn source_ids(texts: &[String]) -> Result<Vec<SourceId>> {
    texts.iter().map(|text| source_id(text)).collect()
}

/// The parameters of `--set`, such as `example`. The deployment checks their values.
pub fn parameters(
    set: &[String],
    secret: &[SecretFieldView],
    example: &str,
) -> Result<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for text in set {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage_error(
                "a --set is not of the form NAME=VALUE",
                format!("write it as in --set {example}"),
            ));
        };
        if secret.iter().any(|field| field.name == name) {
            return Err(usage_error(
                format!("`{name}` is a secret, and --set is for values that anyone may see"),
                format!(
                    "give --secret {name}=@FILE, or --secret {name}=- and pipe it in; and replace the secret that was shown"
                ),
            ));
        }
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(usage_error(format!("the parameter `{name}` is set twice"), "set it once"));
        }
    }
    Ok(given)
}

/// The secret of `--secret`, read from files or standard input. `title` names what it belongs to.
pub fn secret(
    title: &str,
    fields: &[SecretFieldView],
    given: &[String],
) -> Result<BTreeMap<String, Zeroizing<String>>> {
    let mut input = Input::default();
    let mut secret = BTreeMap::new();
    for (name, from) in secret_fields(title, fields, given)? {
        secret.insert(name.to_owned(), input.read(name, from)?);
    }
    Ok(secret)
}

/// Where each field of `--secret` comes from: exactly the known fields, none of them a literal.
fn secret_fields<'a>(
    title: &str,
    known: &[SecretFieldView],
    given: &'a [String],
) -> Result<Vec<(&'a str, ValueFrom)>> {
    let mut fields: Vec<(&str, ValueFrom)> = Vec::new();
    for text in given {
        let (name, from) = pair(text).ok_or_else(|| {
            usage_error(
                "a --secret is not of the form NAME=@FILE or NAME=-",
                "write it as in --secret token=@FILE",
            )
        })?;
        if matches!(from, ValueFrom::Literal(_)) {
            return Err(usage_error(
                "a secret is on the command line, where the shell's history and the list of processes show it",
                "give it as NAME=@FILE, or as NAME=- and pipe it in; and replace the secret that was shown",
            ));
        }
        if !known.iter().any(|field| field.name == name) {
            let names: Vec<&str> = known.iter().map(|field| field.name.as_str()).collect();
            return Err(usage_error(
                format!("the secret of {title} has no such field"),
                format!("give: {}", names.join(", ")),
            ));
        }
        if fields.iter().any(|(earlier, _)| *earlier == name) {
            return Err(usage_error(
                format!("the field `{name}` of the secret is given twice"),
                "give it once",
            ));
        }
        fields.push((name, from));
    }
    for SecretFieldView { name, description } in known {
        if !fields.iter().any(|(given, _)| given == name) {
            return Err(usage_error(
                format!("the field `{name}` of the secret is missing: {description}"),
                format!("give --secret {name}=@FILE, or --secret {name}=- and pipe it in"),
            ));
        }
    }
    Ok(fields)
}

/// The identifier of `--control`. It belongs to an invented person, so it may be on the command line. The
/// deployment checks its value.
pub fn control(text: &str) -> Result<Control> {
    let malformed = || {
        usage_error(
            "the --control is not of the form KIND=VALUE",
            "write it as in --control email=control@example.com, with an invented person's identifier",
        )
    };
    let (kind, value) = text.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or_else(malformed)?;
    let kind = IdentifierKind::parse(kind).map_err(|_| malformed())?;
    Ok(Control { kind, value: value.to_owned() })
}

/// The policies of `--review` on top of the current ones; `deployment` removes the data source's own.
pub fn policies(mut own: OwnPolicies, given: &[String]) -> Result<OwnPolicies> {
    let mut named: Vec<&str> = Vec::new();
    for text in given {
        let example = "write it as in --review erasure=always, or access=over:5";
        let Some((right, policy)) = text.split_once('=') else {
            return Err(usage_error("a --review is not of the form RIGHT=POLICY", example));
        };
        let policy = match policy {
            "deployment" => None,
            text => Some(Policy::parse(text).map_err(|error| usage_error(error.to_string(), example))?),
        };
        match right {
            "erasure" => own.erasure = policy,
            "access" => own.access = policy,
            _ => return Err(usage_error("a --review is neither for erasure nor for access", example)),
        }
        if named.contains(&right) {
            return Err(usage_error(format!("--review for {right} is given twice"), "give it once"));
        }
        named.push(right);
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Vec<SecretFieldView> {
        vec![SecretFieldView { name: "token".to_owned(), description: "the API token".to_owned() }]
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn parameters_are_pairs_and_never_the_secret() {
        let set = |all: &[&str]| parameters(&texts(all), &token(), "client_id=2449");
        assert_eq!(set(&["client_id=1", "user_id=2"]).unwrap().len(), 2);
        for (bad, says) in [
            (&["client_id"][..], "NAME=VALUE"),
            (&["=1"], "NAME=VALUE"),
            (&["client_id=1", "client_id=2"], "set twice"),
            (&["token=s3cret"], "is a secret"),
        ] {
            let error = set(bad).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_secret_comes_from_a_file_or_from_standard_input() {
        let secret = |all: &[&str]| {
            secret_fields("Qualifio", &token(), &texts(all))
                .map(|fields| fields.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(secret(&["token=@/run/token"]), Ok(1));
        assert_eq!(secret(&["token=-"]), Ok(1));
        for (bad, says) in [
            (&["token=s3cret"][..], "the shell's history"),
            (&["s3cret"], "NAME=@FILE"),
            (&["s3cret=@f"], "no such field"),
            (&["token=-", "token=@f"], "given twice"),
            (&[], "`token` of the secret is missing"),
        ] {
            let error = secret(bad).unwrap_err();
            assert!(error.contains(says) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_policy_is_named_for_each_right_and_the_other_stays() {
        let own = OwnPolicies { erasure: Some(Policy::Always), access: Some(Policy::Auto) };
        let set = |all: &[&str]| policies(own, &texts(all)).map_err(|error| error.to_string());
        assert_eq!(set(&["access=over:5"]).unwrap().access, Some(Policy::Over(5)));
        assert_eq!(set(&["access=over:5"]).unwrap().erasure, Some(Policy::Always));
        assert_eq!(set(&["erasure=deployment"]).unwrap().erasure, None);
        for (bad, says) in [
            (&["always"][..], "RIGHT=POLICY"),
            (&["erasure=never"], "auto, always, or over:N"),
            (&["portability=auto"], "neither for erasure nor for access"),
            (&["access=auto", "access=always"], "given twice"),
        ] {
            assert!(set(bad).unwrap_err().contains(says), "{bad:?}");
        }
    }

    #[test]
    fn a_control_is_a_kind_and_a_value_and_an_objection_repeats_neither() {
        for bad in ["control@example.com", "email=", "=control@example.com", "E-Mail=control@example.com"] {
            let error = control(bad).unwrap_err().to_string();
            assert!(error.contains("KIND=VALUE"), "{error}");
            assert_eq!(error.matches("control@").count(), 1, "the example alone: {error}");
        }
        assert_eq!(control("email=a=b@example.com").unwrap().value, "a=b@example.com");
    }
}
