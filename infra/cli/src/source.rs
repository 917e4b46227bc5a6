//! `rightful source …`: connects data sources and tries them out.

use crate::args::SourceAdd;
use crate::codes::told_failure;
use crate::deployment::Deployment;
use crate::input::{Given, Input, pair};
use crate::output::{FAILED, OK, Out, Told, lines, table, told, usage, utc};
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_connectors::{Connectors, Definition, secret_name};
use rightful_domain::ids::SourceId;
use rightful_domain::ports::{Begins as _, Clock as _, CommitError, Reads as _};
use rightful_domain::vendor::DataSource;
use serde_json::json;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// The connectors of this build.
pub fn connectors() -> Result<Connectors> {
    Connectors::embedded().map_err(|error| told(error.to_string(), "report it as a defect of this version"))
}

/// A data source's id from the command line.
pub fn id(text: &str) -> Result<SourceId> {
    SourceId::parse(text).map_err(|error| usage(error.to_string(), "give such a name"))
}

/// Connects a data source: the secret first, so that a data source is never there without one.
pub async fn add(out: Out, deployment: &Deployment, add: &SourceAdd) -> Result<u8> {
    let id = id(&add.id)?;
    let connectors = connectors()?;
    let definition = connectors.get(&add.connector).ok_or_else(|| {
        let known: Vec<&str> = connectors.iter().map(|known| known.name.as_str()).collect();
        told(
            "there is no such connector",
            format!("take one of: {}; or `rightful connector list`", known.join(", ")),
        )
    })?;
    let params = params(definition, &add.set, deployment.stack.allows_loopback())?;
    let fields = fields(definition, &add.secret)?;

    let store = deployment.store();
    if store.source(&id).await.map_err(told_failure)?.is_some() {
        return Err(exists(&id));
    }
    let mut input = Input::default();
    let mut secret = BTreeMap::new();
    for (name, given) in fields {
        secret.insert(name, input.value(name, given)?);
    }
    let secret: BTreeMap<&str, &str> = secret.iter().map(|(name, value)| (*name, value.trim())).collect();
    let secret = Zeroizing::new(serde_json::to_string(&secret)?);
    deployment.secrets().put_secret(&secret_name(&id), &secret).await.map_err(told_failure)?;

    let source = DataSource {
        schema: 1,
        id: id.clone(),
        connector: definition.name.clone(),
        params,
        enabled: true,
        revision: 0,
        created_at: SystemClock.now(),
    };
    match store.put_source(&source).await {
        Ok(()) => {}
        Err(CommitError::Stale) => return Err(exists(&id)),
        Err(CommitError::Failed(failure)) => return Err(told_failure(failure)),
    }
    if out.json {
        out.value(&shown(deployment, &source))?;
    } else {
        out.line(format_args!("connected: {id} ({})", definition.title))?;
        out.line(format_args!("  try it: rightful source test {id}"))?;
    }
    Ok(OK)
}

fn exists(id: &SourceId) -> anyhow::Error {
    told(
        format!("there is a data source {id} already"),
        "give this one another --id; `rightful source list` shows those there are",
    )
}

/// The parameters of `--set`, checked by the connector.
fn params(definition: &Definition, set: &[String], loopback: bool) -> Result<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for text in set {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage(
                "a --set is not of the form NAME=VALUE",
                "write it as in --set client_id=2449",
            ));
        };
        if definition.secret.iter().any(|field| field.name == name) {
            return Err(usage(
                format!("`{name}` is a secret, and --set is for what anyone may see"),
                format!("give --secret {name}=@FILE, or --secret {name}=- and pipe it in"),
            ));
        }
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(usage(format!("the parameter `{name}` is set twice"), "set it once"));
        }
    }
    match definition.check_params(&given, loopback) {
        Ok(_) => Ok(given),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(told(
                problems.join("\n"),
                format!("set what {} needs with --set NAME=VALUE", definition.title),
            ))
        }
    }
}

/// The fields of `--secret`: exactly those of the connector, none of them a literal.
fn fields<'a>(definition: &'a Definition, secret: &'a [String]) -> Result<Vec<(&'a str, Given)>> {
    let mut fields: Vec<(&str, Given)> = Vec::new();
    for text in secret {
        let Some((name, given)) = pair(text) else {
            return Err(usage(
                "a --secret is not of the form NAME=@FILE or NAME=-",
                "write it as in --secret token=@FILE",
            ));
        };
        if matches!(given, Given::Literal(_)) {
            return Err(usage(
                "a secret stands on the command line, where the shell's history and the list of processes show it",
                "give it as NAME=@FILE, or as NAME=- and pipe it in; and replace the one that was shown",
            ));
        }
        if !definition.secret.iter().any(|field| field.name == name) {
            let known: Vec<&str> = definition.secret.iter().map(|field| field.name.as_str()).collect();
            return Err(usage(
                format!("{} has no such field in its secret", definition.title),
                format!("give: {}", known.join(", ")),
            ));
        }
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(usage(format!("the field `{name}` of the secret is given twice"), "give it once"));
        }
        fields.push((name, given));
    }
    for field in &definition.secret {
        if !fields.iter().any(|(name, _)| *name == field.name) {
            return Err(usage(
                format!("the field `{}` of the secret is missing: {}", field.name, field.description),
                format!("give --secret {0}=@FILE, or --secret {0}=- and pipe it in", field.name),
            ));
        }
    }
    Ok(fields)
}

fn shown(deployment: &Deployment, source: &DataSource) -> serde_json::Value {
    json!({
        "id": source.id,
        "connector": source.connector,
        "enabled": source.enabled,
        "params": source.params,
        "secret_name": format!("{}{}", deployment.stack.secret_prefix, secret_name(&source.id)),
        "created_at": source.created_at,
    })
}

/// The connected data sources.
pub async fn list(out: Out, deployment: &Deployment) -> Result<u8> {
    let sources = deployment.store().sources().await.map_err(told_failure)?;
    if out.json {
        let all: Vec<_> = sources.iter().map(|source| shown(deployment, source)).collect();
        out.value(&json!({"sources": all}))?;
        return Ok(OK);
    }
    if sources.is_empty() {
        out.line("no data source is connected")?;
        out.line("  to do: `rightful connector list` shows what can be, and how")?;
        return Ok(OK);
    }
    let connectors = connectors()?;
    let mut rows = table(["ID", "CONNECTOR", "STATE", "FINDS BY", "PARAMETERS", "ADDED"]);
    for source in &sources {
        let finds = connectors.get(&source.connector).map_or_else(
            || "not in this version".to_owned(),
            |known| known.identifiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        );
        let params: Vec<String> =
            source.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        rows.add_row([
            source.id.to_string(),
            source.connector.clone(),
            if source.enabled { "enabled" } else { "disabled" }.to_owned(),
            finds,
            params.join(" "),
            utc(source.created_at),
        ]);
    }
    out.line(lines(&rows))?;
    Ok(OK)
}

/// Has the deployed search function ask the vendor something harmless.
pub async fn test(out: Out, deployment: &Deployment, id: &SourceId) -> Result<u8> {
    let tested = deployment.invoke("search", &json!({"mode": "test", "sourceId": id})).await;
    match tested {
        Ok(_) if out.json => out.value(&json!({"id": id, "works": true}))?,
        Ok(_) => out.line(format_args!("{id} works: the vendor answered, and takes the token"))?,
        Err(error) => {
            if !out.json {
                return Err(match error.downcast::<Told>() {
                    Ok(told) => Told { what: format!("{id} doesn't work: {}", told.what), ..told }.into(),
                    Err(other) => other,
                });
            }
            let told = error.downcast::<Told>()?;
            out.value(&json!({
                "id": id, "works": false, "code": told.code, "what": told.what, "to_do": told.todo,
            }))?;
            return Ok(FAILED);
        }
    }
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn qualifio() -> Arc<Definition> {
        Arc::clone(connectors().unwrap().get("qualifio").unwrap())
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn parameters_are_pairs_that_the_connector_knows() {
        let set = |all: &[&str]| params(&qualifio(), &texts(all), false);
        assert_eq!(set(&["client_id=1", "user_id=2"]).unwrap().len(), 2);
        for (bad, says) in [
            (&["client_id"][..], "NAME=VALUE"),
            (&["=1"], "NAME=VALUE"),
            (&["client_id=1", "client_id=2"], "set twice"),
            (&["client_id=1"], "`user_id`: is missing"),
            (&["client_id=x", "user_id=2"], "`client_id`: is not a whole number"),
            (&["token=s3cret"], "is a secret"),
            (
                &["client_id=1", "user_id=2", "base_url=http://127.0.0.1:1"],
                "not one that the connector may call",
            ),
        ] {
            let error = set(bad).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_loopback_vendor_is_taken_where_the_deployment_allows_it() {
        let set = texts(&["client_id=1", "user_id=2", "base_url=http://127.0.0.1:8080"]);
        assert!(params(&qualifio(), &set, true).is_ok());
        assert!(params(&qualifio(), &set, false).is_err());
    }

    #[test]
    fn a_secret_comes_from_a_file_or_from_standard_input() {
        let definition = qualifio();
        let secret = |all: &[&str]| {
            fields(&definition, &texts(all)).map(|fields| fields.len()).map_err(|e| e.to_string())
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
}
