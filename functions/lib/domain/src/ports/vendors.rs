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
    /// The target that a data source points at now. No call is made.
    ///
    /// # Errors
    /// `Misconfigured` when the connector or a parameter is missing or wrong.
    fn target(&self, source: &DataSource) -> Result<Target, Failure>;
    /// Reads the connector, checks the parameters, reads the secret, and opens the data source at `at`. If `at`
    /// is not its present target, only a version of its secret that was given for `at` is used.
    ///
    /// # Errors
    /// `Misconfigured` when the connector, a parameter or the secret is missing or wrong; with the code
    /// [`Code::TargetLost`] when no version of the secret belongs to `at`, or the connector no longer knows it.
    async fn open(&self, source: &DataSource, at: &Target) -> Result<Self::Vendor, Failure>;
}

/// Has a function that may call vendors ask one for its present records of a task's person.
#[allow(async_fn_in_trait, reason = "handlers run on one thread; no future crosses it")]
pub trait Compares {
    /// The answer of [`Comparison`](crate::operations::person::see::Comparison), or the code that says why there is nothing
    /// to show. Personal data: only for the operator who asked, and never logged. May be repeated.
    ///
    /// # Errors
    /// When that function can't be called, or fails.
    async fn compare(
        &self,
        at: &TaskRef,
        from: u32,
        most: u32,
    ) -> Result<Result<ComparisonView, String>, Failure>;
}
