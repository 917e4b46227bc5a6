//! `rightful source …`: connects data sources, tries them out, changes and removes them. What a parameter
//! or a secret must be is checked by the deployment, whose connectors are those that will use it.

use crate::api::{Api, Call, all_pages, told_api};
use crate::args::{SourceAdd, SourceChange};
use crate::codes::words as code_words;
use crate::deployment::Deployment;
use crate::input::{Given, Input, pair};
use crate::output::{FAILED, OK, Out, lines, table, told, usage, utc};
use crate::words;
use anyhow::Result;
use reqwest::Method;
use rightful_connectors::Connectors;
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::base::ids::SourceId;
use rightful_domain::model::policy::{OwnPolicies, Policy};
use rightful_domain::model::source::Control;
use rightful_domain::operations::accept::MAX_SOURCES;
use rightful_domain::operations::set_up::Standing;
use rightful_domain::vendor::target::Target;
use rightful_domain::view::source::{ConnectorView, SecretFieldView, SourceView, TestView};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
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

/// A secret, for a call's body alone.
struct Secret(BTreeMap<String, Zeroizing<String>>);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            fields.serialize_entry(name, value.trim())?;
        }
        fields.end()
    }
}

#[derive(Serialize)]
struct Adding<'a> {
    id: &'a SourceId,
    connector: &'a str,
    params: BTreeMap<String, String>,
    secret: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<Control>,
}

#[derive(Serialize)]
struct Changing {
    params: BTreeMap<String, String>,
    unset: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
    /// `Some(None)` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<Option<Control>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    force: bool,
}

async fn deployed_connectors(api: &Api) -> Result<Vec<ConnectorView>> {
    all_pages(api, |cursor| Call::get("/connectors").with("limit", Some(100)).with("cursor", cursor)).await
}

/// The connector that a command names.
async fn connector(api: &Api, name: &str) -> Result<ConnectorView> {
    let all = deployed_connectors(api).await?;
    let known: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let known = known.join(", ");
    all.into_iter().find(|one| one.name == name).ok_or_else(|| {
        told(
            "there is no such connector in this deployment",
            format!("take one of: {known}; `rightful connector list` shows what each needs"),
        )
    })
}

async fn source(api: &Api, id: &SourceId) -> Result<SourceView> {
    api.call(Call::get(format!("/sources/{id}"))).await.map_err(told_api)
}

/// Connects a data source. The deployment writes its secret first, so that it is never there without one.
pub async fn add(out: Out, deployment: &Deployment, add: &SourceAdd) -> Result<u8> {
    let id = id(&add.id)?;
    let review = policies(OwnPolicies::default(), &add.review)?;
    let api = &deployment.api;
    let connector = connector(api, &add.connector).await?;
    let params = params(&connector.secret, &add.set)?;
    let secret = secret(&connector, &add.secret)?;
    let control = add.control.as_deref().map(control).transpose()?;
    let adding = Adding { id: &id, connector: &connector.name, params, secret, control };
    let mut source: SourceView = api.call(Call::post("/sources", &adding)?).await.map_err(told_api)?;
    if !review.is_empty() {
        source = set_review(api, &id, &review).await?;
    }
    if out.json {
        out.value(&source)?;
    } else {
        out.line(format_args!("connected: {id} ({})", connector.title))?;
        out.line(format_args!("  try it: rightful source test {id}"))?;
        warn(out, &source)?;
    }
    Ok(OK)
}

/// Says that a request to all data sources would be one to too many.
fn warn(out: Out, source: &SourceView) -> Result<()> {
    source.too_many_enabled.map_or(Ok(()), |enabled| out.line(too_many(enabled)))
}

fn too_many(enabled: u32) -> String {
    format!(
        "  warning: {enabled} data sources are enabled, and one request goes to {MAX_SOURCES} at most; tickets and requests that name none are refused\n  to do: disable some (`rightful source disable ID`), or name data sources in each request and ticket"
    )
}

/// Sets who decides on what is found there: a call and a permission of its own.
async fn set_review(api: &Api, id: &SourceId, review: &OwnPolicies) -> Result<SourceView> {
    let call = Call::act(Method::PUT, format!("/sources/{id}/review"), review)?;
    api.call(call.may_be_repeated()).await.map_err(told_api)
}

/// Changes a data source; what isn't named stays as it is. Its review policies come first: whoever may not set
/// them changes nothing.
pub async fn change(out: Out, deployment: &Deployment, change: &SourceChange) -> Result<u8> {
    let id = id(&change.id)?;
    let control = match (&change.control, change.no_control) {
        (Some(text), _) => Some(Some(control(text)?)),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let none = change.set.is_empty() && change.unset.is_empty() && control.is_none();
    let none = none && change.secret.is_empty();
    if none && change.review.is_empty() {
        return Err(usage(
            "nothing is to be changed",
            "give --set, --unset, --secret, --control, --no-control or --review",
        ));
    }
    let api = &deployment.api;
    let before = source(api, &id).await?;
    let review = match change.review.as_slice() {
        [] => None,
        given => Some(policies(before.review, given)?),
    };
    if let (true, Some(review)) = (none, &review) {
        let source = set_review(api, &id, review).await?;
        return changed(out, &source);
    }
    let connector = connector(api, &before.connector).await?;
    let params = params(&connector.secret, &change.set)?;
    if let Some(name) = change.unset.iter().find(|name| params.contains_key(*name)) {
        return Err(usage(format!("the parameter `{name}` is set and unset"), "do one of both"));
    }
    let secret = match change.secret.as_slice() {
        [] => None,
        given => Some(secret(&connector, given)?),
    };
    let (unset, force) = (change.unset.clone(), change.force);
    let changing = Changing { params, unset, secret, control, force };
    if let Some(review) = &review {
        set_review(api, &id, review).await?;
    }
    let call = Call::act(Method::PATCH, format!("/sources/{id}"), &changing)?;
    changed(out, &api.call(call).await.map_err(told_api)?)
}

/// A data source as it is after a change.
fn changed(out: Out, source: &SourceView) -> Result<u8> {
    if out.json {
        out.value(source)?;
    } else {
        out.line(format_args!("changed:\n{}", text_of(source)))?;
        if let Some(standing) = &source.standing {
            out.line(stood(standing))?;
        }
        out.line(format_args!("  try it: rightful source test {}", source.id))?;
    }
    Ok(OK)
}

/// What a forced change made of the open tasks, one in each line.
fn stood(standing: &Standing) -> String {
    let tasks = crate::output::count(standing.count, "open task goes", "open tasks go");
    let told = words::standing(standing).into_iter().map(|line| format!("    {line}"));
    std::iter::once(format!("  {tasks} on otherwise:")).chain(told).collect::<Vec<_>>().join("\n")
}

/// Switches a data source on or off for new requests; that it is so already is the same success.
pub async fn enable(out: Out, deployment: &Deployment, id: &SourceId, enabled: bool) -> Result<u8> {
    let call = Call::act(Method::PATCH, format!("/sources/{id}"), &json!({"enabled": enabled}))?;
    let source: SourceView = deployment.api.call(call.may_be_repeated()).await.map_err(told_api)?;
    if out.json {
        out.value(&source)?;
    } else if source.enabled {
        out.line(format_args!("{id} is enabled: new requests go to it"))?;
        warn(out, &source)?;
    } else {
        out.line(format_args!("{id} is disabled: no new request goes to it; those under way go on"))?;
    }
    Ok(OK)
}

/// Removes a data source.
pub async fn remove(out: Out, deployment: &Deployment, id: &SourceId, yes: bool) -> Result<u8> {
    if !yes {
        return Err(usage(
            format!("{id} and its secret would be removed, and nobody could ask that vendor any more"),
            format!("add --yes to do it, or `rightful source disable {id}` to keep it for later"),
        ));
    }
    deployment.api.done(Call::delete(format!("/sources/{id}"))).await.map_err(told_api)?;
    if out.json {
        out.value(&json!({"id": id, "removed": true}))?;
    } else {
        out.line(format_args!("removed: {id}, and its secret"))?;
    }
    Ok(OK)
}

/// One data source.
pub async fn show(out: Out, deployment: &Deployment, id: &SourceId) -> Result<u8> {
    let source = source(&deployment.api, id).await?;
    if out.json {
        out.value(&source)?;
    } else {
        out.line(text_of(&source))?;
    }
    Ok(OK)
}

/// The connected data sources, then what could be connected.
pub async fn list(out: Out, deployment: &Deployment) -> Result<u8> {
    let api = &deployment.api;
    let sources: Vec<SourceView> =
        all_pages(api, |cursor| Call::get("/sources").with("limit", Some(100)).with("cursor", cursor))
            .await?;
    let connectors = deployed_connectors(api).await?;
    let free: Vec<&ConnectorView> = connectors.iter().filter(|one| one.sources.is_empty()).collect();
    if out.json {
        out.value(&json!({"sources": sources, "not_connected": free}))?;
    } else {
        out.line(listing(&sources, &free))?;
    }
    Ok(OK)
}

fn listing(sources: &[SourceView], free: &[&ConnectorView]) -> String {
    let mut parts = Vec::new();
    if sources.is_empty() {
        parts.push("no data source is connected".to_owned());
    } else {
        parts.push(connected(sources));
    }
    if !free.is_empty() {
        let each: Vec<String> = free.iter().map(|one| needs(one)).collect();
        parts.push(format!("not connected yet:\n\n{}", each.join("\n\n")));
    }
    parts.join("\n\n")
}

fn connected(sources: &[SourceView]) -> String {
    let mut rows = table(["ID", "TARGET", "STATE", "FINDS BY", "ERASURE", "ACCESS", "PARAMETERS", "ADDED"]);
    for source in sources {
        let params: Vec<String> =
            source.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        rows.add_row([
            source.id.to_string(),
            points_at(source),
            if source.enabled { "enabled" } else { "disabled" }.to_owned(),
            finds_by(source),
            source.policies.erasure.to_string(),
            source.policies.access.to_string(),
            params.join(" "),
            utc(source.created_at),
        ]);
    }
    lines(&rows)
}

/// The target, or else what is known of it.
fn points_at(source: &SourceView) -> String {
    source.target.as_ref().map_or_else(|| source.connector.clone(), Target::words)
}

fn finds_by(source: &SourceView) -> String {
    if source.known { words::one_of(&source.identifiers) } else { "not in this version".to_owned() }
}

/// What a connector needs to be connected.
fn needs(connector: &ConnectorView) -> String {
    let mut lines = vec![format!("{} ({})", connector.name, connector.title)];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<10} {value}"));
    for asked in &connector.identifiers {
        row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    let rights: Vec<&str> = connector.rights.iter().map(|right| right.as_str()).collect();
    row("rights", rights.join(", "));
    for param in &connector.params {
        let needed = match &param.default {
            Some(default) => format!("{default} unless set"),
            None => "required".to_owned(),
        };
        row("--set", format!("{} ({}, {needed}): {}", param.name, param.takes, param.description));
    }
    for field in &connector.secret {
        row("--secret", format!("{}: {}", field.name, field.description));
    }
    let required = connector.params.iter().filter(|param| param.default.is_none());
    let sets = required.map(|param| format!(" --set {}={}", param.name, param.example));
    let secrets = connector.secret.iter().map(|field| format!(" --secret {}=@FILE", field.name));
    let arguments: String = sets.chain(secrets).collect();
    row("connect", format!("rightful source add {0} --id {0}-main{arguments}", connector.name));
    lines.join("\n")
}

fn text_of(source: &SourceView) -> String {
    let mut lines = vec![format!("{} ({})", source.id, source.connector)];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<12} {value}"));
    row("state", if source.enabled { "enabled" } else { "disabled: no new request goes to it" }.to_owned());
    if !source.known {
        row("to do", "deploy a version that has this connector, or remove the data source".to_owned());
    }
    match &source.target {
        Some(target) => row("target", target.words()),
        None => row("target", "none: its parameters are wrong in this version".to_owned()),
    }
    for asked in &source.identifiers {
        row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    row("control", words::control(source.control.as_ref()));
    for (name, value) in &source.params {
        row("parameter", format!("{name}={value}"));
    }
    row("secret", format!("{} (never shown)", source.secret_name));
    for (right, own, holds) in [
        ("erasure", source.review.erasure, source.policies.erasure),
        ("access", source.review.access, source.policies.access),
    ] {
        let whose = if own.is_some() { "its own" } else { "the deployment's" };
        row("review", format!("{right}: {}; {whose}", words::policy(holds)));
    }
    row("added", utc(source.created_at));
    lines.join("\n")
}

/// Has the deployed search function ask the vendor something harmless.
pub async fn test(out: Out, deployment: &Deployment, id: &SourceId) -> Result<u8> {
    let call = Call::post(format!("/sources/{id}/test"), &json!({}))?.may_be_repeated();
    let tested: TestView = deployment.api.call(call).await.map_err(told_api)?;
    let reason = tested.reason.as_deref().unwrap_or("unknown");
    let told = code_words(reason);
    match (tested.works, out.json) {
        (true, true) => out.value(&json!({"id": id, "works": true}))?,
        (true, false) => out.line(format_args!(
            "{id} works: the vendor answered, takes the token, and finds the control where there is one"
        ))?,
        (false, true) => out.value(&json!({
            "id": id, "works": false, "code": reason, "what": told.what,
            "to_do": crate::codes::for_a_command(told.todo),
        }))?,
        (false, false) => return Err(doesnt_work(id, reason)),
    }
    Ok(if tested.works { OK } else { FAILED })
}

fn doesnt_work(id: &SourceId, reason: &str) -> anyhow::Error {
    let told = code_words(reason);
    crate::output::Told {
        what: format!("{id} doesn't work: {}", told.what),
        todo: crate::codes::for_a_command(told.todo).to_owned(),
        code: Some(reason.to_owned()),
        exit: FAILED,
    }
    .into()
}

/// The parameters of `--set`; what their values must be, the deployment knows.
fn params(secret: &[SecretFieldView], set: &[String]) -> Result<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for text in set {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(usage(
                "a --set is not of the form NAME=VALUE",
                "write it as in --set client_id=2449",
            ));
        };
        if secret.iter().any(|field| field.name == name) {
            return Err(usage(
                format!("`{name}` is a secret, and --set is for what anyone may see"),
                format!(
                    "give --secret {name}=@FILE, or --secret {name}=- and pipe it in; and replace the one that was shown"
                ),
            ));
        }
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(usage(format!("the parameter `{name}` is set twice"), "set it once"));
        }
    }
    Ok(given)
}

/// The secret of `--secret`, read from where it stands.
fn secret(connector: &ConnectorView, given: &[String]) -> Result<Secret> {
    let mut input = Input::default();
    let mut secret = BTreeMap::new();
    for (name, given) in fields(connector, given)? {
        secret.insert(name.to_owned(), input.value(name, given)?);
    }
    Ok(Secret(secret))
}

/// The fields of `--secret`: exactly those of the connector, none of them a literal.
fn fields<'a>(connector: &'a ConnectorView, secret: &'a [String]) -> Result<Vec<(&'a str, Given)>> {
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
        if !connector.secret.iter().any(|field| field.name == name) {
            let known: Vec<&str> = connector.secret.iter().map(|field| field.name.as_str()).collect();
            return Err(usage(
                format!("{} has no such field in its secret", connector.title),
                format!("give: {}", known.join(", ")),
            ));
        }
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(usage(format!("the field `{name}` of the secret is given twice"), "give it once"));
        }
        fields.push((name, given));
    }
    for field in &connector.secret {
        if !fields.iter().any(|(name, _)| *name == field.name) {
            return Err(usage(
                format!("the field `{}` of the secret is missing: {}", field.name, field.description),
                format!("give --secret {0}=@FILE, or --secret {0}=- and pipe it in", field.name),
            ));
        }
    }
    Ok(fields)
}

/// The identifier of `--control`: nobody's, so that it may stand on the command line. What its value must
/// be, the deployment knows.
fn control(text: &str) -> Result<Control> {
    let wrong = || {
        usage(
            "the --control is not of the form KIND=VALUE",
            "write it as in --control email=control@example.com, an invented person's",
        )
    };
    let (kind, value) = text.split_once('=').filter(|(_, value)| !value.is_empty()).ok_or_else(wrong)?;
    let kind = IdentifierKind::parse(kind).map_err(|_| wrong())?;
    Ok(Control { kind, value: value.to_owned() })
}

/// The policies of `--review`, on top of those that hold; `deployment` takes one's own away.
fn policies(mut own: OwnPolicies, given: &[String]) -> Result<OwnPolicies> {
    let mut named: Vec<&str> = Vec::new();
    for text in given {
        let example = "write it as in --review erasure=always, or access=over:5";
        let Some((right, policy)) = text.split_once('=') else {
            return Err(usage("a --review is not of the form RIGHT=POLICY", example));
        };
        let policy = match policy {
            "deployment" => None,
            text => Some(Policy::parse(text).map_err(|error| usage(error.to_string(), example))?),
        };
        match right {
            "erasure" => own.erasure = policy,
            "access" => own.access = policy,
            _ => return Err(usage("a --review is neither for erasure nor for access", example)),
        }
        if named.contains(&right) {
            return Err(usage(format!("--review for {right} is given twice"), "give it once"));
        }
        named.push(right);
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::law::right::Right;
    use rightful_domain::model::policy::Policies;
    use rightful_domain::operations::set_up::{Becomes, StandingTask};
    use rightful_domain::ports::set_up::AskedKind;
    use rightful_domain::view::source::ParamView;

    fn email() -> AskedKind {
        AskedKind {
            kind: IdentifierKind::email(),
            description: "the address".to_owned(),
            example: "name@example.com".to_owned(),
        }
    }

    fn qualifio() -> ConnectorView {
        let param = |name: &str, default: Option<&str>| ParamView {
            name: name.to_owned(),
            takes: "a whole number".to_owned(),
            description: format!("the {name}"),
            example: "2449".to_owned(),
            default: default.map(ToOwned::to_owned),
        };
        ConnectorView {
            name: "qualifio".to_owned(),
            title: "Qualifio".to_owned(),
            docs: "https://developers.example.com".to_owned(),
            params: vec![param("client_id", None), param("pages", Some("10"))],
            secret: vec![SecretFieldView {
                name: "token".to_owned(),
                description: "the API token".to_owned(),
            }],
            identifiers: vec![email()],
            rights: vec![Right::Erasure, Right::Access],
            sources: Vec::new(),
        }
    }

    fn main_source() -> SourceView {
        SourceView {
            id: SourceId::parse("main").unwrap(),
            connector: "qualifio".to_owned(),
            known: true,
            enabled: true,
            params: BTreeMap::from([("client_id".to_owned(), "2449".to_owned())]),
            target: Some(fixtures::target()),
            control: None,
            review: OwnPolicies { erasure: Some(Policy::Over(5)), access: None },
            policies: Policies { erasure: Policy::Over(5), access: Policy::Auto },
            identifiers: vec![email()],
            secret_name: "rightful/dev/sources/main".to_owned(),
            revision: 1,
            created_at: fixtures::at("09:30:00"),
            standing: None,
            too_many_enabled: None,
        }
    }

    #[test]
    fn too_many_data_sources_are_warned_of_with_what_to_do() {
        let told = too_many(41);
        assert!(told.contains("41 data sources are enabled, and one request goes to 40 at most"), "{told}");
        assert!(told.contains("rightful source disable ID"), "{told}");
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn parameters_are_pairs_and_never_the_secret() {
        let set = |all: &[&str]| params(&qualifio().secret, &texts(all));
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
        let connector = qualifio();
        let secret = |all: &[&str]| {
            fields(&connector, &texts(all)).map(|fields| fields.len()).map_err(|e| e.to_string())
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
    fn what_is_not_connected_yet_is_listed_with_what_it_needs() {
        let other = ConnectorView { name: "crm".to_owned(), title: "CRM".to_owned(), ..qualifio() };
        insta::assert_snapshot!(listing(&[main_source()], &[&other]), @r"
        ID    TARGET                                                    STATE    FINDS BY  ERASURE  ACCESS  PARAMETERS      ADDED
        main  qualifio: base_url https://api.qualif.io, client_id 2449  enabled  email     over:5   auto    client_id=2449  2026-11-21 09:30:00 UTC

        not connected yet:

        crm (CRM)
          finds by   email: the address, such as name@example.com
          rights     erasure, access
          --set      client_id (a whole number, required): the client_id
          --set      pages (a whole number, 10 unless set): the pages
          --secret   token: the API token
          connect    rightful source add crm --id crm-main --set client_id=2449 --secret token=@FILE
        ");
        assert!(listing(&[], &[&other]).starts_with("no data source is connected\n\nnot connected yet:"));
    }

    #[test]
    fn a_data_source_is_shown_without_its_secret_and_with_whose_policies_hold() {
        insta::assert_snapshot!(text_of(&main_source()), @r"
        main (qualifio)
          state        enabled
          target       qualifio: base_url https://api.qualif.io, client_id 2449
          finds by     email: the address, such as name@example.com
          control      none: a look that finds nothing counts only after a second one, a minute later
          parameter    client_id=2449
          secret       rightful/dev/sources/main (never shown)
          review       erasure: over:5 (the policy decides on up to 5 records, a person on more); its own
          review       access: auto (the policy decides itself); the deployment's
          added        2026-11-21 09:30:00 UTC
        ");
    }

    #[test]
    fn a_control_is_told_with_what_it_is_for_and_a_target_that_is_none_as_such() {
        let control = Some(control("email=control@example.com").unwrap());
        let text = text_of(&SourceView { control, target: None, ..main_source() });
        assert!(
            text.contains(
                "control      email control@example.com: a look counts only where a search finds its record"
            ),
            "{text}"
        );
        assert!(text.contains("target       none: its parameters are wrong in this version"), "{text}");
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

    #[test]
    fn what_a_forced_change_made_of_the_open_tasks_is_told_one_by_one() {
        let one = |becomes| StandingTask { request: fixtures::id(), becomes };
        let tasks = vec![one(Becomes::SearchedAnew), one(Becomes::OldTargetAsked), one(Becomes::Persons)];
        let told = stood(&Standing { count: 3, tasks, more: true });
        let lines: Vec<&str> = told.lines().collect();
        let id = fixtures::id();
        assert_eq!((lines.len(), lines[0]), (5, "  3 open tasks go on otherwise:"));
        assert!(lines[1].starts_with(&format!("    {id}: nothing of it was sent")), "{told}");
        assert!(lines[2].contains("the old target is asked"), "{told}");
        assert!(lines[3].ends_with("whose secret goes with this change: a person has it"), "{told}");
        assert_eq!(lines[4], "    and others, or there may be");
    }

    #[test]
    fn a_data_source_that_does_not_work_says_why() {
        let error = doesnt_work(&main_source().id, "credentials_rejected").to_string();
        assert!(
            error.contains("main doesn't work") && error.contains("code: credentials_rejected"),
            "{error}"
        );
    }
}
