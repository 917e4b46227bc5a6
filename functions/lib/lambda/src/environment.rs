//! A function's settings, read from its environment.

use crate::metrics::{self, Metrics};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::law::deadline::LegalZone;
use rightful_domain::model::policy::{Policies, Policy};
use rightful_domain::operations::load::Settings;

/// A function's environment variables.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    read: fn(&str) -> Option<String>,
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "the one place that reads settings")]
    pub fn of_process() -> Self {
        Self { read: |name| std::env::var(name).ok() }
    }

    /// The variables that `read` returns, by name.
    #[must_use]
    pub fn of(read: fn(&str) -> Option<String>) -> Self {
        Self { read }
    }

    /// A variable that must be there.
    ///
    /// # Errors
    /// `Misconfigured`, after the missing name was logged.
    pub fn require(self, name: &'static str) -> Result<String, Failure> {
        self.optional(name).ok_or_else(|| {
            tracing::error!(name, "this environment variable is missing: the template sets it");
            Failure::of(Code::SettingMissing)
        })
    }

    /// A variable that may be missing or empty, as the template leaves it for a deployment without it.
    #[must_use]
    pub fn optional(self, name: &str) -> Option<String> {
        (self.read)(name).filter(|value| !value.is_empty())
    }

    /// A variable that holds a whole number.
    ///
    /// # Errors
    /// `Misconfigured` when it is missing or holds anything else.
    pub fn number(self, name: &'static str) -> Result<u64, Failure> {
        self.require(name)?.parse().map_err(|_| {
            tracing::error!(name, "this environment variable must be a whole number");
            Failure::of(Code::SettingWrong)
        })
    }

    /// Whether vendors on the loopback interface are allowed. Logged when they are.
    ///
    /// # Errors
    /// `Misconfigured` when it is neither `true` nor `false`.
    pub fn allow_loopback_vendors(self) -> Result<bool, Failure> {
        match self.require("ALLOW_LOOPBACK_VENDORS")?.as_str() {
            "true" => {
                tracing::warn!("vendors on the loopback interface are allowed: receipts are marked sandbox");
                Ok(true)
            }
            "false" => Ok(false),
            _ => Err(Failure::of(Code::SettingWrong)),
        }
    }

    /// Starts the deployment's metrics under its stage.
    ///
    /// # Errors
    /// `Misconfigured` when the stage is missing.
    pub fn metrics(self) -> Result<Metrics, Failure> {
        Ok(metrics::start(&self.require("RIGHTFUL_STAGE")?))
    }

    /// The settings of every operation.
    ///
    /// # Errors
    /// `Misconfigured` when one is missing or wrong.
    pub fn settings(self) -> Result<Settings, Failure> {
        Ok(Settings { grace_seconds: self.number("RECONCILE_GRACE_SECONDS")? })
    }

    /// Who decides on found records, unless a data source says otherwise.
    ///
    /// # Errors
    /// `Misconfigured` when a setting is missing or no policy.
    pub fn policies(self) -> Result<Policies, Failure> {
        Ok(Policies { erasure: self.policy("ERASURE_REVIEW")?, access: self.policy("ACCESS_REVIEW")? })
    }

    /// The time zone in which the law's days and months are counted.
    ///
    /// # Errors
    /// `Misconfigured` when it is missing or no time zone.
    pub fn legal_zone(self) -> Result<LegalZone, Failure> {
        LegalZone::parse(&self.require("LEGAL_TIME_ZONE")?).map_err(|error| {
            tracing::error!(name = "LEGAL_TIME_ZONE", %error, "this environment variable holds no time zone");
            Failure::of(Code::SettingWrong)
        })
    }

    fn policy(self, name: &'static str) -> Result<Policy, Failure> {
        Policy::parse(&self.require(name)?).map_err(|error| {
            tracing::error!(name, %error, "this environment variable holds no review policy");
            Failure::of(Code::SettingWrong)
        })
    }
}
