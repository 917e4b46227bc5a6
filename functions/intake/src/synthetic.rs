//! The deployment's own request, made once a day to see that everything works: its settings, and why it can't
//! be made.

use crate::ticket::names;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierKind};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::operations::accept::AcceptError;
use serde::Serialize;
use std::fmt;

/// The settings. They are parsed when a request is due, so that a mistake in them stops no webhook.
pub struct Synthetic {
    /// The test address; `None` for no synthetic requests.
    pub email: Option<String>,
    /// The data sources' ids, separated by commas; `None` for all that are enabled.
    pub sources: Option<String>,
}

/// The address stays out of every log.
impl fmt::Debug for Synthetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Synthetic").field("sources", &self.sources).finish_non_exhaustive()
    }
}

/// The answer: the day's request.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    pub request_id: RequestId,
    /// `true` if this call made it, `false` if an earlier call of the day did.
    pub new: bool,
    /// Whether its workflow was started; otherwise the reconciliation starts it.
    pub started: bool,
}

impl Synthetic {
    /// The test address and the data sources.
    ///
    /// # Errors
    /// `Misconfigured`, without the value.
    pub fn read(&self) -> Result<(Identifier, Vec<SourceId>), Failure> {
        let email = self.email.as_deref().ok_or(Failure::of(Code::SyntheticEmailMissing))?;
        let Entered { identifier: email, taken_off } = Identifier::entered(IdentifierKind::email(), email)
            .map_err(|_| Failure::of(Code::SyntheticEmailWrong))?;
        if !taken_off.is_empty() {
            tracing::warn!(taken_off = names(&taken_off), "taken off the test address");
        }
        let named = self.sources.as_deref().map_or(Vec::new(), |text| text.split(',').collect());
        let sources: Result<Vec<SourceId>, _> =
            named.into_iter().map(|name| SourceId::parse(name.trim())).collect();
        Ok((email, sources.map_err(|_| Failure::of(Code::SyntheticSourcesWrong))?))
    }
}

/// Why it can't be made, as a failure of the invocation.
pub fn failure(error: AcceptError) -> Failure {
    match error {
        AcceptError::NoIdentifier => Failure::of(Code::SyntheticEmailMissing),
        AcceptError::UnknownSource(_) => Failure::of(Code::SyntheticSourceUnknown),
        AcceptError::DisabledSource(_) => Failure::of(Code::SyntheticSourceDisabled),
        AcceptError::KindNotTaken { .. } => Failure::of(Code::SyntheticEmailNotTaken),
        AcceptError::Identifier { .. } => Failure::of(Code::SyntheticEmailWrong),
        AcceptError::NoSource => Failure::of(Code::SyntheticWithoutSources),
        AcceptError::ReceivedAt(_) => Failure::of(Code::ReceivedAtMalformed),
        AcceptError::TooManySources(_) => Failure::of(Code::TooManySources),
        AcceptError::Conflict(_) => Failure::of(Code::DeliveryConflict),
        AcceptError::Failed(failure) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(email: Option<&str>, sources: Option<&str>) -> Synthetic {
        Synthetic { email: email.map(str::to_owned), sources: sources.map(str::to_owned) }
    }

    #[test]
    fn data_sources_are_named_with_commas_and_none_named_means_all() {
        let (email, sources) = set(Some(" tester@example.com"), Some("crm, shop")).read().unwrap();
        assert_eq!(email.expose(), "tester@example.com");
        assert_eq!(sources, ["crm", "shop"].map(|name| SourceId::parse(name).unwrap()));
        assert!(set(Some("tester@example.com"), None).read().unwrap().1.is_empty());
    }

    #[test]
    fn what_is_set_wrong_is_told_by_a_code_and_never_repeated() {
        for (setting, code) in [
            (set(None, None), Code::SyntheticEmailMissing),
            (set(Some("canary@"), None), Code::SyntheticEmailWrong),
            (set(Some("canary@example.com"), Some("crm,,shop")), Code::SyntheticSourcesWrong),
            (set(Some("canary@example.com"), Some("crm,Shop")), Code::SyntheticSourcesWrong),
            (set(Some("canary@example.com"), Some("crm,")), Code::SyntheticSourcesWrong),
        ] {
            assert_eq!(setting.read().unwrap_err(), Failure::misconfigured(code));
            assert!(!format!("{setting:?}").contains("canary"));
        }
    }

    #[test]
    fn a_failure_of_the_store_stays_what_it_is_and_what_is_set_wrong_is_for_a_person() {
        let down = Failure::transient(Code::StoreUnavailable);
        assert_eq!(failure(AcceptError::Failed(down)), down);
        let crm = || SourceId::parse("crm").unwrap();
        for (error, code) in [
            (AcceptError::UnknownSource(crm()), Code::SyntheticSourceUnknown),
            (AcceptError::DisabledSource(crm()), Code::SyntheticSourceDisabled),
            (AcceptError::NoSource, Code::SyntheticWithoutSources),
            (
                AcceptError::KindNotTaken { index: 0, kind: IdentifierKind::email(), known: vec![] },
                Code::SyntheticEmailNotTaken,
            ),
        ] {
            assert_eq!(failure(error), Failure::misconfigured(code));
        }
    }

    #[test]
    fn the_answer_names_the_request_and_nobody() {
        let request_id = RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap();
        let made = serde_json::to_value(Made { request_id, new: true, started: false }).unwrap();
        assert_eq!(
            made,
            serde_json::json!({"requestId": request_id.to_string(), "new": true, "started": false})
        );
    }
}
