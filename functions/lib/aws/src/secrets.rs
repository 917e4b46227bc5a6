//! Secrets of data sources and webhooks: the current version, then the previous one, so that a
//! rotation at the other side does not have to be simultaneous.

use crate::client::Aws;
use crate::failures::SECRETS;
use aws_sdk_secretsmanager::Client;
use rightful_domain::failure::Failure;
use rightful_domain::ports::{SecretWrites, Secrets};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a secret is used before it is read again.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// How long a removed secret can be brought back: the shortest time that AWS allows.
const RECOVERABLE_DAYS: i64 = 7;

type Versions = Vec<Zeroizing<String>>;

/// Secrets Manager, and what was read from it in the last minutes.
pub struct SecretStore {
    client: Client,
    prefix: String,
    key: Option<String>,
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
        let client = Client::new(aws.sdk_config());
        Self { client, prefix: prefix.into(), key: None, read: Mutex::default() }
    }

    /// Encrypts the secrets that it makes with the KMS key of this ARN; without one, with AWS's own key.
    /// One that is there already keeps its key.
    #[must_use]
    pub fn with_key(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// Gives a secret that exists a new current version.
    async fn renew(&self, id: &str, value: &str) -> Result<(), Failure> {
        let put = || self.client.put_secret_value().secret_id(id).secret_string(value).send();
        let Err(err) = put().await else { return Ok(()) };
        if !err.as_service_error().is_some_and(|err| err.is_invalid_request_exception()) {
            return Err(SECRETS.failure(&err));
        }
        // It was removed lately, and waits to be deleted.
        self.client.restore_secret().secret_id(id).send().await.map_err(|err| SECRETS.failure(&err))?;
        put().await.map(drop).map_err(|err| SECRETS.failure(&err))
    }

    async fn waits_to_be_deleted(&self, id: &str) -> Result<bool, Failure> {
        let described = self.client.describe_secret().secret_id(id).send().await;
        described.map(|secret| secret.deleted_date.is_some()).map_err(|err| SECRETS.failure(&err))
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

impl SecretWrites for SecretStore {
    async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        let id = self.id(name);
        let create = self.client.create_secret().name(&id).secret_string(value);
        let created = create.set_kms_key_id(self.key.clone()).send().await;
        let done = match created {
            Ok(_) => Ok(()),
            Err(err)
                if err.as_service_error().is_some_and(|err| {
                    err.is_resource_exists_exception() || err.is_invalid_request_exception()
                }) =>
            {
                self.renew(&id, value).await
            }
            Err(err) => Err(SECRETS.failure(&err)),
        };
        self.cache().remove(name);
        done
    }

    async fn remove_secret(&self, name: &str) -> Result<(), Failure> {
        let id = self.id(name);
        let deleted =
            self.client.delete_secret().secret_id(&id).recovery_window_in_days(RECOVERABLE_DAYS).send().await;
        self.cache().remove(name);
        let Err(err) = deleted else { return Ok(()) };
        match err.as_service_error() {
            Some(refused) if refused.is_resource_not_found_exception() => Ok(()),
            Some(refused)
                if refused.is_invalid_request_exception() && self.waits_to_be_deleted(&id).await? =>
            {
                Ok(())
            }
            _ => Err(SECRETS.failure(&err)),
        }
    }
}
