//! Secrets of data sources and webhooks: the current version, then the previous one, so that a
//! rotation at the other side does not have to be simultaneous.

use crate::call::CallFailure;
use crate::client::Aws;
use crate::failures::SECRETS;
use crate::json::{self, JsonClient};
use crate::random::random_name;
use crate::time::SystemClock;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::set_up::{SecretWrites, Secrets};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a secret is used before it is read again.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

/// How long a removed secret can be brought back: the shortest time that AWS allows.
const RECOVERABLE_DAYS: i64 = 7;

/// One version of a secret.
#[derive(Clone)]
struct Version {
    text: Zeroizing<String>,
    made_at: Option<Time>,
}

/// A secret as it was read, and when.
#[derive(Clone)]
struct Read {
    at: Instant,
    current: Version,
    previous: Option<Version>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
    version_stage: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
    /// In seconds since 1970.
    created_date: Option<f64>,
}

/// The token makes a repeated call one version of the secret.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret<'a> {
    name: &'a str,
    secret_string: &'a str,
    client_request_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<&'a str>,
}

/// The token makes a repeated call one version of the secret.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue<'a> {
    secret_id: &'a str,
    secret_string: &'a str,
    client_request_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteSecret<'a> {
    secret_id: &'a str,
    recovery_window_in_days: i64,
}

/// The input of `RestoreSecret` and `DescribeSecret`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    /// In seconds since 1970; of a secret that waits to be deleted.
    deleted_date: Option<f64>,
}

/// Secrets Manager, with a cache of the last minutes.
pub struct SecretStore {
    client: JsonClient,
    prefix: String,
    key: Option<String>,
    previous_hours: Option<u64>,
    read: Mutex<HashMap<String, Read>>,
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
        let client = JsonClient::new(aws, &json::SECRETS);
        Self { client, prefix: prefix.into(), key: None, previous_hours: None, read: Mutex::default() }
    }

    /// Encrypts new secrets with the KMS key of this ARN, or with AWS's own key if there is none. An existing
    /// secret keeps its key.
    #[must_use]
    pub fn with_key(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// Accepts the previous version only for this many hours after the current one was made; 0 is never. AWS
    /// reports when a version was made, not when it became current: once a secret is set back to an older
    /// version, its previous version no longer counts.
    #[must_use]
    pub fn with_previous_for(self, hours: u64) -> Self {
        Self { previous_hours: Some(hours), ..self }
    }

    /// The versions that count now, the current one first.
    fn counting(&self, read: Read) -> Vec<Zeroizing<String>> {
        let counts = |hours: u64| {
            let until = read.current.made_at?.plus_seconds(hours.saturating_mul(3600));
            Some(SystemClock.now() < until)
        };
        let previous = read.previous.filter(|_| self.previous_hours.is_none_or(|h| counts(h) == Some(true)));
        std::iter::once(read.current).chain(previous).map(|version| version.text).collect()
    }

    /// Gives an existing secret a new current version.
    async fn renew(&self, id: &str, value: &str) -> Result<(), Failure> {
        match self.put(id, value, random_name()?).await {
            // It was removed recently and is scheduled for deletion.
            Err(err) if err.code() == Some("InvalidRequestException") => {}
            put => return put.map_err(|err| SECRETS.failure(&err)),
        }
        let restored = self.client.call("RestoreSecret", &Named { secret_id: id }).await;
        let IgnoredAny = restored.map_err(|err| SECRETS.failure(&err))?;
        self.put(id, value, random_name()?).await.map_err(|err| SECRETS.failure(&err))
    }

    async fn put(&self, id: &str, value: &str, version: String) -> Result<(), CallFailure> {
        let input = PutSecretValue { secret_id: id, secret_string: value, client_request_token: version };
        self.client.call("PutSecretValue", &input).await.map(|IgnoredAny| ())
    }

    async fn waits_to_be_deleted(&self, id: &str) -> Result<bool, Failure> {
        let described = self.client.call("DescribeSecret", &Named { secret_id: id }).await;
        let described: Described = described.map_err(|err| SECRETS.failure(&err))?;
        Ok(described.deleted_date.is_some())
    }

    fn id(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, Read>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached(&self, name: &str) -> Option<Read> {
        self.cache().get(name).filter(|read| read.at.elapsed() < KEPT_FOR).cloned()
    }

    async fn version(&self, id: &str, stage: &str) -> Result<Option<Version>, Failure> {
        let input = GetSecretValue { secret_id: id, version_stage: stage };
        match self.client.call("GetSecretValue", &input).await {
            Ok(SecretValue { secret_string: Some(text), created_date }) => {
                let made_at = created_date.and_then(|at| Time::from_unix_seconds(at.floor() as i64));
                Ok(Some(Version { text: Zeroizing::new(text), made_at }))
            }
            Ok(_) => Err(Failure::of(Code::SecretIsNotText)),
            Err(err) if err.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(err) => Err(SECRETS.failure(&err)),
        }
    }
}

impl Secrets for SecretStore {
    async fn secret(&self, name: &str, fresh: bool) -> Result<Vec<Zeroizing<String>>, Failure> {
        if !fresh && let Some(read) = self.cached(name) {
            return Ok(self.counting(read));
        }
        let id = self.id(name);
        // Both at once: the second costs no time, and usually doesn't exist.
        let (current, previous) =
            tokio::join!(self.version(&id, "AWSCURRENT"), self.version(&id, "AWSPREVIOUS"));
        let current = current?.ok_or(Failure::of(Code::SecretMissing))?;
        let read = Read { at: Instant::now(), current, previous: previous? };
        self.cache().insert(name.to_owned(), read.clone());
        Ok(self.counting(read))
    }
}

impl SecretWrites for SecretStore {
    async fn put_secret(&self, name: &str, value: &str) -> Result<(), Failure> {
        let id = self.id(name);
        let input = CreateSecret {
            name: &id,
            secret_string: value,
            client_request_token: random_name()?,
            kms_key_id: self.key.as_deref(),
        };
        let done = match self.client.call("CreateSecret", &input).await {
            Ok(IgnoredAny) => Ok(()),
            Err(err) if matches!(err.code(), Some("ResourceExistsException" | "InvalidRequestException")) => {
                self.renew(&id, value).await
            }
            Err(err) => Err(SECRETS.failure(&err)),
        };
        self.cache().remove(name);
        done
    }

    async fn remove_secret(&self, name: &str) -> Result<(), Failure> {
        let id = self.id(name);
        let input = DeleteSecret { secret_id: &id, recovery_window_in_days: RECOVERABLE_DAYS };
        let deleted = self.client.call("DeleteSecret", &input).await;
        self.cache().remove(name);
        let Err(err) = deleted.map(|IgnoredAny| ()) else { return Ok(()) };
        match err.code() {
            Some("ResourceNotFoundException") => Ok(()),
            Some("InvalidRequestException") if self.waits_to_be_deleted(&id).await? => Ok(()),
            _ => Err(SECRETS.failure(&err)),
        }
    }
}
