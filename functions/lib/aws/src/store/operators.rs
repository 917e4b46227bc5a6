//! The operators who signed in on the pages.

use super::reads::Key;
use super::rows::{OPERATOR_SK, operator_pk, operator_row, read};
use super::tables::Store;
use super::writes::Guard;
use crate::random::random_name;
use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::model::operator::Operator;
use rightful_domain::ports::store::CommitError;

impl Store {
    /// The operator whose actor has this digest, strongly consistent; `None` for one who never signed in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn operator(&self, digest: &str) -> Result<Option<Operator>, Failure> {
        let row = self.row(operator_pk(digest), OPERATOR_SK.to_owned()).await?;
        row.map(|item| read(item, Operator::SCHEMA)).transpose()
    }

    /// Those of these actors who ever signed in, in no order. No actor may occur twice.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn operators(&self, actors: &[Actor]) -> Result<Vec<Operator>, Failure> {
        let keys: Vec<Key> =
            actors.iter().map(|actor| (operator_pk(&actor.digest()), OPERATOR_SK.to_owned())).collect();
        self.rows_at(&keys).await?.into_values().map(|item| read(item, Operator::SCHEMA)).collect()
    }

    /// Stores an operator as the next revision of what was read.
    ///
    /// # Errors
    /// [`CommitError::Stale`] when somebody else stored it since.
    pub async fn put_operator(&self, operator: &Operator) -> Result<(), CommitError> {
        let writer = random_name()?;
        let row = self.put_request_row(
            operator_row(operator, operator.revision + 1, &writer)?,
            Guard::read_at(operator.revision),
        );
        let place = (operator_pk(&operator.actor.digest()), OPERATOR_SK.to_owned());
        self.commit_quietly(&[row], Some(place), &writer).await
    }
}
