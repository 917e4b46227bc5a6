//! The names that people know actors and data sources by.

use crate::answer::Refusal;
use crate::ports::{Operators as _, Outside, SetUps as _};
use crate::site::visit::{Refused, Visit};
use rightful_domain::base::actor::Actor;
use std::collections::{BTreeMap, BTreeSet};

/// Names of actors, and titles of connectors.
#[derive(Default)]
pub(crate) struct Names {
    actors: BTreeMap<String, String>,
    titles: BTreeMap<String, String>,
}

impl Names {
    /// The names of these actors, as events and decisions hold them.
    pub async fn of<O: Outside>(
        visit: &Visit<'_, O>,
        actors: impl Iterator<Item = String>,
    ) -> Result<Self, Refused> {
        let actors: BTreeSet<Actor> = actors.filter_map(|actor| Actor::parse(&actor).ok()).collect();
        let actors: Vec<Actor> = actors.into_iter().collect();
        let outside = &visit.api.app().outside;
        let known = match actors.is_empty() {
            true => Vec::new(),
            false => outside.operators().operators(&actors).await.map_err(Refusal::from)?,
        };
        let actors = known.into_iter().map(|one| (one.actor.as_str().to_owned(), one.name)).collect();
        let titles = outside.set_ups().connectors().into_iter().map(|one| (one.name, one.title)).collect();
        Ok(Self { actors, titles })
    }

    /// The name of an actor: that of the person who signed in, or the last part of an ARN.
    pub fn actor(&self, actor: &str) -> String {
        self.actors.get(actor).cloned().unwrap_or_else(|| short(actor).to_owned())
    }

    /// The vendor's own name for a connector.
    pub fn title<'a>(&'a self, connector: &'a str) -> &'a str {
        self.titles.get(connector).map_or(connector, String::as_str)
    }
}

/// The part of an actor's name that people read: the last part of an ARN, the subject at an OpenID provider.
fn short(actor: &str) -> &str {
    match actor.strip_prefix("oidc:") {
        Some(rest) => rest.rsplit_once('#').map_or(rest, |(_, subject)| subject),
        None => actor.rsplit_once('/').map_or(actor, |(_, name)| name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_without_a_name_is_shown_by_its_last_part() {
        assert_eq!(short("arn:aws:sts::111122223333:assumed-role/Privacy/ann"), "ann");
        assert_eq!(short("arn:aws:iam::111122223333:root"), "arn:aws:iam::111122223333:root");
        assert_eq!(short("oidc:https://id.example.com/realm#b7-41"), "b7-41");
        assert_eq!(short("policy:auto"), "policy:auto");
    }
}
