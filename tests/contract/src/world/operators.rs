//! The acts of an operator, and the data shown to them.

use crate::catalogue::FakeCatalogue;
use crate::clock::TestClock;
use crate::keys::KeyTable;
use crate::store::Store;
use crate::workflow::StateMachine;
use crate::world::deployment::World;
use crate::world::handlers::HANDLER_SECONDS;
use crate::world::names::ann;
use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::Identifier;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::documents::comparison::ComparisonView;
use rightful_domain::law::ground::Ground;
use rightful_domain::life::Ruling;
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::{ActError, Acts};
use rightful_domain::operations::person::extend::{Extend, ExtendError, Extended};
use rightful_domain::operations::person::review::{Review, ReviewError, Reviewed, Reviewing, Seen};
use rightful_domain::operations::person::see::{
    Compare, Comparison, CopyLink, GivenIdentifier, GivenReason, Identifiers, Link, Reasons, RecordPage,
    Records, ShowError,
};
use rightful_domain::operations::set_up::SettingUp;
use rightful_domain::ports::vendors::Compares;

impl World {
    /// Extends a request's legal deadline.
    ///
    /// # Errors
    /// [`ExtendError`].
    pub async fn extend(&self, id: RequestId, months: u8, ground: Ground) -> Result<Extended, ExtendError> {
        Extend { store: &self.store, clock: &self.clock }.extend(id, months, ground, &ann()).await
    }

    /// Reviews the tasks as they were shown.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub async fn review(
        &self,
        id: RequestId,
        reviewing: &Reviewing,
        by: &Actor,
    ) -> Result<Reviewed, ReviewError> {
        let review = Review {
            store: &self.store,
            keys: &self.keys,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        };
        review.review(id, reviewing, by).await
    }

    /// A review of everything that waits for one now, with everything confirmed.
    #[must_use]
    pub fn reviewing(&self, id: RequestId, ruling: Ruling) -> Reviewing {
        let waits = |task: &Task| {
            task.state == TaskState::AwaitingReview
                && (task.wants_identifier() == (ruling == Ruling::LeaveOut))
        };
        let sources = self.tasks(id).into_iter().filter(waits).map(|task| Seen::all_of(&task)).collect();
        Reviewing { sources, ruling, reason: "seen with the customer's file".to_owned() }
    }

    /// The acts on a request.
    #[must_use]
    pub fn acts(&self) -> Acts<'_, Store, KeyTable, StateMachine, TestClock> {
        Acts {
            store: &self.store,
            keys: &self.keys,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        }
    }

    /// Gives a data source an identifier.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn identify(&self, at: &TaskRef, identifier: &Identifier) -> Result<Acted, ActError> {
        self.acts().identify(at, identifier, &FakeCatalogue, &ann()).await
    }

    /// Shows the found records.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn records(&self, at: &TaskRef, from: u32, most: u32) -> Result<RecordPage, ShowError> {
        Records { store: &self.store, keys: &self.keys, clock: &self.clock }
            .show(at, from, most, &ann())
            .await
    }

    /// Shows the vendor's present records.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn compare(&self, at: &TaskRef, from: u32, most: u32) -> Result<ComparisonView, ShowError> {
        Compare { store: &self.store, keys: &self.keys, looks: self, clock: &self.clock }
            .compare(at, from, most, &ann())
            .await
    }

    /// Shows the reasons of the reviews.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn reasons(&self, id: RequestId) -> Result<Vec<GivenReason>, ShowError> {
        Reasons { store: &self.store, keys: &self.keys, clock: &self.clock }.show(id, &ann()).await
    }

    /// Shows the person's identifiers.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn identifiers(&self, id: RequestId) -> Result<Vec<GivenIdentifier>, ShowError> {
        Identifiers { store: &self.store, keys: &self.keys, clock: &self.clock }.show(id, &ann()).await
    }

    /// A link to a copy.
    ///
    /// # Errors
    /// [`ShowError`].
    pub async fn link(&self, id: RequestId) -> Result<Link, ShowError> {
        let link = CopyLink { store: &self.store, links: &self.copies, clock: &self.clock, seconds: 900 };
        link.link(id, &ann()).await
    }

    /// Sets up data sources.
    #[must_use]
    pub fn setting_up(&self) -> SettingUp<'_, Store, crate::secrets::Vault, FakeCatalogue, TestClock> {
        SettingUp {
            store: &self.store,
            secrets: &self.secrets,
            catalogue: &FakeCatalogue,
            clock: &self.clock,
        }
    }
}

/// The function `search`, as the console calls it to compare records.
impl Compares for World {
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure> {
        let comparison =
            Comparison { store: &self.store, keys: &self.keys, vendors: &self.vendors, clock: &self.clock };
        let looked = comparison.compare(at, from, most, self.now().plus_seconds(HANDLER_SECONDS)).await;
        Ok(looked.map_err(|failure| failure.code.to_string()))
    }
}
