//! Vendors, opened for a data source.

use crate::base::failure::Failure;
use crate::base::ids::TaskRef;
use crate::documents::comparison::ComparisonView;
use crate::model::source::DataSource;
use crate::vendor::port::Vendor;
use crate::vendor::target::Target;

/// Opens data sources.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Vendors {
    /// The vendor behind a data source.
    type Vendor: Vendor;
    /// The target that a data source points at now. Nobody is called.
    ///
    /// # Errors
    /// `Misconfigured` when the connector or a parameter is missing or wrong.
    fn target(&self, source: &DataSource) -> Result<Target, Failure>;
    /// Reads the connector, checks the parameters, reads the secret; opens the data source at `at`. Where
    /// that is not its target of now, only a version of its secret that was given for `at` is used.
    ///
    /// # Errors
    /// `Misconfigured` when the connector, a parameter or the secret is missing or wrong; with the code
    /// [`TARGET_LOST`] when no version of the secret belongs to `at`, or the connector no longer knows it.
    async fn open(&self, source: &DataSource, at: &Target) -> Result<Self::Vendor, Failure>;
}

/// Has whoever may call vendors ask one what it shows of a task's person.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Compares {
    /// What [`Look`](crate::operations::person::see::Look) gives; else the code that says why there is nothing to
    /// show. Personal data: for the operator who asked alone, and never logged. May be repeated.
    ///
    /// # Errors
    /// When nobody can be had to ask, or they broke down.
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure>;
}
