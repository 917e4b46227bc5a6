//! Data sources, and the connectors that could become one.

use crate::terminal::format::{count, utc};
use crate::terminal::rows::{LabelledRows, table, table_text};
use crate::words;
use rightful_domain::operations::accept::MAX_SOURCES;
use rightful_domain::operations::set_up::Standing;
use rightful_domain::vendor::target::Target;
use rightful_domain::view::source::{ConnectorView, SourceView};

/// A data source, without its secret.
pub fn text(source: &SourceView) -> String {
    let mut rows = LabelledRows::new(format!("{} ({})", source.id, source.connector));
    rows.row("state", if source.enabled { "enabled" } else { "disabled: no new request goes to it" });
    if !source.known {
        rows.row("to do", "deploy a version that has this connector, or remove the data source");
    }
    match &source.target {
        Some(target) => rows.row("target", target.words()),
        None => rows.row("target", "none: this version doesn't accept its parameters"),
    }
    for asked in &source.identifiers {
        rows.row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    rows.row("control", words::source::control(source.control.as_ref()));
    for (name, value) in &source.params {
        rows.row("parameter", format!("{name}={value}"));
    }
    rows.row("secret", format!("{} (never shown)", source.secret_name));
    for (right, own, policy) in [
        ("erasure", source.review.erasure, source.policies.erasure),
        ("access", source.review.access, source.policies.access),
    ] {
        let whose = if own.is_some() { "its own" } else { "the deployment's" };
        rows.row("review", format!("{right}: {}; {whose}", words::policy::policy(policy)));
    }
    rows.row("added", utc(source.created_at));
    rows.text()
}

/// The connected data sources, then the connectors that aren't connected yet.
pub fn list(sources: &[SourceView], free: &[&ConnectorView]) -> String {
    let mut parts = Vec::new();
    if sources.is_empty() {
        parts.push("no data source is connected".to_owned());
    } else {
        parts.push(connected(sources));
    }
    if !free.is_empty() {
        let each: Vec<String> = free.iter().map(|one| not_connected(one)).collect();
        parts.push(format!("not connected yet:\n\n{}", each.join("\n\n")));
    }
    parts.join("\n\n")
}

fn connected(sources: &[SourceView]) -> String {
    let mut rows = table(["ID", "TARGET", "STATE", "FINDS BY", "ERASURE", "ACCESS", "PARAMETERS", "ADDED"]);
    for source in sources {
        let params: Vec<String> =
            source.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let finds_by = match source.known {
            true => words::identifier::any_of(&source.identifiers),
            false => "not in this version".to_owned(),
        };
        rows.add_row([
            source.id.to_string(),
            source.target.as_ref().map_or_else(|| source.connector.clone(), Target::words),
            if source.enabled { "enabled" } else { "disabled" }.to_owned(),
            finds_by,
            source.policies.erasure.to_string(),
            source.policies.access.to_string(),
            params.join(" "),
            utc(source.created_at),
        ]);
    }
    table_text(&rows)
}

/// A connector with what it needs, and the command that connects it.
fn not_connected(connector: &ConnectorView) -> String {
    let title = format!("{} ({})", connector.name, connector.title);
    let mut rows = LabelledRows::with_label_width(title, 10);
    for asked in &connector.identifiers {
        rows.row("finds by", format!("{}: {}, such as {}", asked.kind, asked.description, asked.example));
    }
    let rights: Vec<&str> = connector.rights.iter().map(|right| right.as_str()).collect();
    rows.row("rights", rights.join(", "));
    for param in &connector.params {
        let needed = match &param.default {
            Some(default) => format!("{default} unless set"),
            None => "required".to_owned(),
        };
        rows.row("--set", format!("{} ({}, {needed}): {}", param.name, param.takes, param.description));
    }
    for field in &connector.secret {
        rows.row("--secret", format!("{}: {}", field.name, field.description));
    }
    let required = connector.params.iter().filter(|param| param.default.is_none());
    let sets = required.map(|param| format!(" --set {}={}", param.name, param.example));
    let secrets = connector.secret.iter().map(|field| format!(" --secret {}=@FILE", field.name));
    let arguments: String = sets.chain(secrets).collect();
    rows.row("connect", format!("rightful source add {0} --id {0}-main{arguments}", connector.name));
    rows.text()
}

/// The open tasks that a forced change affects, one line for each.
pub fn affected_tasks(standing: &Standing) -> String {
    let tasks = count(standing.count, "open task is", "open tasks are");
    let mut lines = vec![format!("  {tasks} affected:")];
    lines.extend(words::source::open_tasks(standing).iter().map(|line| format!("    {line}")));
    lines.join("\n")
}

/// A warning that a request to all data sources would go to too many.
pub fn too_many_warning(enabled: u32) -> String {
    format!(
        "  warning: {enabled} data sources are enabled, and one request goes to {MAX_SOURCES} at most; tickets and requests that name none are refused\n  to do: disable some (`rightful source disable ID`), or name data sources in each request and ticket"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::base::identifier::IdentifierKind;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::law::right::Right;
    use rightful_domain::model::policy::{OwnPolicies, Policies, Policy};
    use rightful_domain::model::source::Control;
    use rightful_domain::operations::set_up::{Becomes, StandingTask};
    use rightful_domain::ports::set_up::AskedKind;
    use rightful_domain::view::source::{ParamView, SecretFieldView};
    use std::collections::BTreeMap;

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
        let told = too_many_warning(41);
        assert!(told.contains("41 data sources are enabled, and one request goes to 40 at most"), "{told}");
        assert!(told.contains("rightful source disable ID"), "{told}");
    }

    #[test]
    fn what_is_not_connected_yet_is_listed_with_what_it_needs() {
        let other = ConnectorView { name: "crm".to_owned(), title: "CRM".to_owned(), ..qualifio() };
        insta::assert_snapshot!(list(&[main_source()], &[&other]), @r"
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
        assert!(list(&[], &[&other]).starts_with("no data source is connected\n\nnot connected yet:"));
    }

    #[test]
    fn a_data_source_is_shown_without_its_secret_and_with_whose_policies_hold() {
        insta::assert_snapshot!(text(&main_source()), @r"
        main (qualifio)
          state        enabled
          target       qualifio: base_url https://api.qualif.io, client_id 2449
          finds by     email: the address, such as name@example.com
          control      none: a look that finds nothing counts only after a second one, a minute later
          parameter    client_id=2449
          secret       rightful/dev/sources/main (never shown)
          review       erasure: over:5 (the policy decides on up to 5 records, a person on more); its own
          review       access: auto (the policy decides); the deployment's
          added        2026-11-21 09:30:00 UTC
        ");
    }

    #[test]
    fn a_control_is_told_with_what_it_is_for_and_a_target_that_is_none_as_such() {
        let control =
            Some(Control { kind: IdentifierKind::email(), value: "control@example.com".to_owned() });
        let text = text(&SourceView { control, target: None, ..main_source() });
        assert!(
            text.contains(
                "control      email control@example.com: a look counts only if a search finds its record"
            ),
            "{text}"
        );
        assert!(text.contains("target       none: this version doesn't accept its parameters"), "{text}");
    }

    #[test]
    fn what_a_forced_change_made_of_the_open_tasks_is_told_one_by_one() {
        let one = |becomes| StandingTask { request: fixtures::id(), becomes };
        let tasks = vec![one(Becomes::SearchedAnew), one(Becomes::OldTargetAsked), one(Becomes::Persons)];
        let told = affected_tasks(&Standing { count: 3, tasks, more: true });
        let lines: Vec<&str> = told.lines().collect();
        let id = fixtures::id();
        assert_eq!((lines.len(), lines[0]), (5, "  3 open tasks are affected:"));
        assert!(lines[1].starts_with(&format!("    {id}: nothing was sent for it")), "{told}");
        assert!(lines[2].contains("the old target is asked"), "{told}");
        assert!(lines[3].ends_with("whose secret is lost with this change: a person takes over"), "{told}");
        assert_eq!(lines[4], "    there may be others");
    }
}
