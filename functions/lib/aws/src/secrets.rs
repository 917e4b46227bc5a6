//! Secrets of data sources and webhooks: the current version, then the previous one, so that a
//! rotation at the other side does not have to be simultaneous.

use crate::client::Aws;
use crate::failures::SECRETS;
use aws_sdk_secretsmanager::Client;
use rightful_domain::failure::Failure;
use rightful_domain::ports::Secrets;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a secret is used before it is read again.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

type Versions = Vec<Zeroizing<String>>;

/// Secrets Manager, and what was read from it in the last minutes.
pub struct SecretStore {
    client: Client,
    prefix: String,
    read: Mutex<HashMap<String, (Instant, Versions)>>,
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl SecretStore {
    /// Secrets whose names begin with the deployment's `prefix`, such as `rightful/prod/`.
    #[must_use]
    pub fn new(aws: &Aws, prefix: impl Into<String>) -> Self {
        Self { client: Client::new(aws.sdk_config()), prefix: prefix.into(), read: Mutex::default() }
    }

    /// Creates the secret, or gives it a new current version.
    ///
    /// # Errors
    /// When Secrets Manager fails or does not let us.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        let id = self.id(name);
        let created = self.client.create_secret().name(&id).secret_string(value).send().await;
        let done = match created {
            Ok(_) => Ok(()),
            Err(err) if err.as_service_error().is_some_and(|err| err.is_resource_exists_exception()) => {
                let put = self.client.put_secret_value().secret_id(&id).secret_string(value).send().await;
                put.map(drop).map_err(|err| SECRETS.failure(&err))
            }
            Err(err) => Err(SECRETS.failure(&err)),
        };
        self.cache().remove(name);
        done
    }

    /// Deletes the secret at once, so that its name is free again; one that is not there stays so.
    ///
    /// # Errors
    /// When Secrets Manager fails or does not let us.
    pub async fn delete_secret(&self, name: &str) -> Result<(), Failure> {
        let deleted = self
            .client
            .delete_secret()
            .secret_id(self.id(name))
            .force_delete_without_recovery(true)
            .send()
            .await;
        self.cache().remove(name);
        match deleted {
            Ok(_) => Ok(()),
            Err(err) if err.as_service_error().is_some_and(|err| err.is_resource_not_found_exception()) => {
                Ok(())
            }
            Err(err) => Err(SECRETS.failure(&err)),
        }
    }

    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Versions)>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self, name: &str) -> Option<Versions> {
        let cache = self.cache();
        let (at, versions) = cache.get(name)?;
        (at.elapsed() < KEPT_FOR).then(|| versions.clone())
    }

    async fn version(&self, id: &str, stage: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        match self.client.get_secret_value().secret_id(id).version_stage(stage).send().await {
            Ok(answer) => match answer.secret_string {
                Some(text) => Ok(Some(Zeroizing::new(text))),
                None => Err(Failure::misconfigured("secret_is_not_text")),
            },
            Err(err) if err.as_service_error().is_some_and(|err| err.is_resource_not_found_exception()) => {
                Ok(None)
            }
            Err(err) => Err(SECRETS.failure(&err)),
        }
    }
}

impl Secrets for SecretStore {
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure> {
        if !fresh && let Some(versions) = self.cached(name) {
            return Ok(versions);
        }
        let id = self.id(name);
        // Both at once: the second costs no time, and mostly there is none.
        let (current, previous) =
            tokio::join!(self.version(&id, "AWSCURRENT"), self.version(&id, "AWSPREVIOUS"));
        let current = current?.ok_or(Failure::misconfigured("secret_missing"))?;
        let versions: Versions = std::iter::once(current).chain(previous?).collect();
        self.cache().insert(name.to_owned(), (Instant::now(), versions.clone()));
        Ok(versions)
    }
}
