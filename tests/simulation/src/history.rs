//! The submissions that a data source's events allow, read from their order alone and not from the rows.

use rightful_domain::base::ids::SourceId;
use rightful_domain::base::seal::Tag;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::policy::Policy;
use rightful_domain::model::task::{Outcome, Verdict};

/// The standing of one data source of a request after its events so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// A person has to decide on the records of this digest, or on a missing identifier.
    awaits: Option<Option<Tag>>,
    /// Who allowed the records of this digest.
    pub(crate) decided: Option<(String, Tag)>,
    /// Whether some of what the last search found, or set aside, is doubtful: then a person decides,
    /// whatever the policy.
    doubtful: bool,
    /// The decision at its end: a lost copy is made again under the same decision.
    ended: Option<(String, Tag)>,
    /// Whether anybody ever allowed anything.
    pub(crate) was_decided: bool,
}

impl Standing {
    /// Takes in an event that is about this data source, whose policy is `policy`.
    ///
    /// # Errors
    /// The violation.
    pub(crate) fn take(&mut self, fact: &Fact, policy: Policy) -> Result<(), &'static str> {
        match fact {
            Fact::Decided { by, records, digest, .. } => {
                self.stands(None, Some((by.clone(), digest.clone())));
                if policy.wants_review(*records) || *by != format!("policy:{policy}") {
                    return Err("a policy decided where it may not");
                }
            }
            Fact::Found { asked, .. } => self.doubtful = asked.marked > 0 || asked.doubtful > 0,
            Fact::ReviewNeeded { policy: named, records, digest, .. } => {
                self.stands(Some(digest.clone()), None);
                if *named != policy || digest.is_some() && !policy.wants_review(*records) && !self.doubtful {
                    return Err("a review that the policy does not want");
                }
            }
            Fact::Reviewed { by, verdict, digest, .. } => {
                if self.awaits.take().as_ref() != Some(digest) {
                    return Err("a review of what nobody was asked about");
                }
                let proceeds = digest.clone().filter(|_| *verdict == Verdict::Proceed);
                self.stands(None, proceeds.map(|digest| (by.as_str().to_owned(), digest)));
            }
            Fact::Intended { .. } | Fact::Copied { .. } if self.decided.is_none() => {
                return Err("acted on records that nobody decided on");
            }
            Fact::CopyLost { .. } => {
                let Some(ended) = self.ended.take() else { return Err("lost a copy that was not made") };
                self.stands(None, Some(ended));
            }
            Fact::Settled { outcome, .. } => {
                self.ended = self.decided.take().filter(|_| *outcome == Outcome::Copied);
                self.stands(None, None);
            }
            Fact::IdentifierGiven { .. }
            | Fact::RunsAgain { .. }
            | Fact::SearchesAgain { .. }
            | Fact::TargetChanged { .. }
            | Fact::WentBack { .. } => {
                self.ended = None;
                self.stands(None, None);
            }
            _ => {}
        }
        Ok(())
    }

    fn stands(&mut self, awaits: Option<Option<Tag>>, decided: Option<(String, Tag)>) {
        self.was_decided |= decided.is_some();
        (self.awaits, self.decided) = (awaits, decided);
    }
}

/// The data source that an event of a task is about.
pub(crate) fn source_of(fact: &Fact) -> Option<&SourceId> {
    match fact {
        Fact::Decided { source, .. }
        | Fact::ReviewNeeded { source, .. }
        | Fact::Reviewed { source, .. }
        | Fact::Intended { source, .. }
        | Fact::Copied { source, .. }
        | Fact::CopyLost { source, .. }
        | Fact::IdentifierGiven { source, .. }
        | Fact::RunsAgain { source, .. }
        | Fact::SearchesAgain { source }
        | Fact::TargetChanged { source }
        | Fact::WentBack { source, .. }
        | Fact::Found { source, .. }
        | Fact::Accepted { source, .. }
        | Fact::Doubted { source, .. }
        | Fact::NotSent { source, .. }
        | Fact::Rejected { source, .. }
        | Fact::Settled { source, .. } => Some(source),
        _ => None,
    }
}
