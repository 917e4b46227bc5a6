//! The journal: the changes that operators made to the deployment.

use super::codes;
use super::policy::own_policies;
use crate::terminal::format::count;
use rightful_domain::chain::act::Act;
use rightful_domain::vendor::target::Target;

/// An entry of the journal in one line.
pub fn act(act: &Act) -> String {
    match act {
        Act::SourceAdded { source, connector, target, control } => {
            let points = target.as_ref().map_or_else(|| connector.clone(), Target::words);
            format!("source_added: {source} ({points}){}", if *control { ", with a control" } else { "" })
        }
        Act::SourceChanged { source, params, review, secret, target, control, forced, standing } => {
            let mut changes = Vec::new();
            if !params.is_empty() {
                changes.push(format!("parameters {}", params.join(", ")));
            }
            if *secret {
                changes.push("a new secret".to_owned());
            }
            if *control {
                changes.push("another control, or none".to_owned());
            }
            changes.push(format!("review {}", own_policies(review)));
            if let Some(target) = target {
                changes.push(format!("target {}", target.words()));
            }
            if *forced {
                let tasks = count(*standing, "open task", "open tasks");
                changes.push(format!("forced, although {tasks} could not continue unchanged"));
            }
            format!("source_changed: {source}, {}", changes.join("; "))
        }
        Act::SourceReviewSet { source, review } => {
            format!("source_review_set: {source}, {}", own_policies(review))
        }
        Act::SourceEnabled { source } => format!("source_enabled: {source}"),
        Act::SourceDisabled { source } => format!("source_disabled: {source}"),
        Act::SourceTested { source, reason: None } => format!("source_tested: {source}, it works"),
        Act::SourceTested { source, reason: Some(code) } => {
            format!("source_tested: {source} ({code}: {})", codes::what(code))
        }
        Act::SourceRemoved { source } => format!("source_removed: {source}"),
        Act::TicketingSet { channel } => format!("ticketing_set: {channel}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::base::ids::SourceId;
    use rightful_domain::model::policy::{OwnPolicies, Policy};

    #[test]
    fn a_changed_data_source_is_told_with_what_was_changed() {
        let source = SourceId::parse("main").unwrap();
        let changed = |target: Option<Target>| Act::SourceChanged {
            source: source.clone(),
            params: vec!["client_id".to_owned()],
            review: OwnPolicies { erasure: Some(Policy::Over(5)), access: None },
            secret: true,
            control: target.is_some(),
            forced: target.is_some(),
            standing: if target.is_some() { 2 } else { 0 },
            target,
        };
        assert_eq!(
            act(&changed(None)),
            "source_changed: main, parameters client_id; a new secret; review erasure=over:5"
        );
        assert_eq!(
            act(&changed(Some(crate::fixtures::target()))),
            "source_changed: main, parameters client_id; a new secret; another control, or none; \
             review erasure=over:5; target qualifio: base_url https://api.qualif.io, client_id 2449; \
             forced, although 2 open tasks could not continue unchanged"
        );
    }
}
