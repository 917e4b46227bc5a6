//! A typed client for the control API, for tests that have only the sandbox's address.

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fault::{Fault, Ordered};
use crate::http::{encode, send};
use crate::inhouse::Person;
use crate::journal::Journal;
use crate::profile::Profile;
use crate::state::Reset;
use crate::ticket::Ticket;

/// Speaks to a running sandbox's `/_sandbox/` routes. Cheap to clone; needs a tokio runtime.
#[derive(Debug, Clone)]
pub struct Control {
    url: String,
}

/// Every method fails if the sandbox can't be reached or refuses (the message says why).
impl Control {
    /// For the sandbox at `url` (`http://127.0.0.1:<port>`).
    pub fn new(url: impl Into<String>) -> Self {
        let url: String = url.into();
        Self { url: url.trim_end_matches('/').to_owned() }
    }

    /// The sandbox's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns to the default seed and the changes of `reset`; removes faults, rules and journal.
    ///
    /// # Errors
    /// See the type.
    pub async fn reset(&self, reset: &Reset) -> Result<()> {
        let body = serde_json::to_value(reset)?;
        self.call::<Value>("POST", "reset", Some(&body)).await?;
        Ok(())
    }

    /// Adds profiles and answers their ids, in the same order.
    ///
    /// # Errors
    /// See the type.
    pub async fn add_profiles(&self, profiles: &[Profile]) -> Result<Vec<u64>> {
        let body = json!({ "profiles": profiles });
        let answer: Value = self.call("POST", "profiles", Some(&body)).await?;
        Ok(serde_json::from_value(answer["ids"].clone())?)
    }

    /// The remaining profiles with exactly this e-mail.
    ///
    /// # Errors
    /// See the type.
    pub async fn profiles(&self, email: &str) -> Result<Vec<Profile>> {
        let path = format!("profiles?email={}", encode(email));
        self.call("GET", &path, None).await
    }

    /// All profiles that are not anonymised.
    ///
    /// # Errors
    /// See the type.
    pub async fn all_profiles(&self) -> Result<Vec<Profile>> {
        self.call("GET", "profiles", None).await
    }

    /// Orders a fault and answers its number.
    ///
    /// # Errors
    /// See the type; a fault that can't happen on the call it is ordered for is refused.
    pub async fn fault(&self, fault: &Fault) -> Result<u64> {
        let body = serde_json::to_value(fault)?;
        let answer: Value = self.call("POST", "faults", Some(&body)).await?;
        answer["id"].as_u64().context("the fault got no number")
    }

    /// The ordered faults, and how often each happened.
    ///
    /// # Errors
    /// See the type.
    pub async fn faults(&self) -> Result<Vec<Ordered>> {
        self.call("GET", "faults", None).await
    }

    /// Cancels every ordered fault. Rules that already carry one keep it.
    ///
    /// # Errors
    /// See the type.
    pub async fn clear_faults(&self) -> Result<()> {
        self.call::<Value>("DELETE", "faults", None).await?;
        Ok(())
    }

    /// Everything since the last reset.
    ///
    /// # Errors
    /// See the type.
    pub async fn journal(&self) -> Result<Journal> {
        self.call("GET", "journal", None).await
    }

    /// Every rule, as the vendor's API shows it.
    ///
    /// # Errors
    /// See the type.
    pub async fn rules(&self) -> Result<Vec<Value>> {
        self.call("GET", "rules", None).await
    }

    /// The DPO approves a waiting rule; a second approval changes nothing.
    ///
    /// # Errors
    /// See the type; also if there is no such rule.
    pub async fn approve(&self, rule_id: &str) -> Result<Value> {
        let path = format!("rules/{}/approve", encode(rule_id));
        self.call("POST", &path, None).await
    }

    /// The remaining people of the in-house system.
    ///
    /// # Errors
    /// See the type.
    pub async fn people(&self) -> Result<Vec<Person>> {
        self.call("GET", "people", None).await
    }

    /// Adds people to the in-house system, or replaces those with the same id.
    ///
    /// # Errors
    /// See the type.
    pub async fn add_people(&self, people: &[Person]) -> Result<()> {
        self.call::<Value>("POST", "people", Some(&json!({ "people": people }))).await?;
        Ok(())
    }

    /// Approves a waiting erasure of the in-house system; a second approval changes nothing.
    ///
    /// # Errors
    /// See the type; also if there is no such erasure.
    pub async fn approve_erasure(&self, id: &str) -> Result<Value> {
        let path = format!("erasures/{}/approve", encode(id));
        self.call("POST", &path, None).await
    }

    /// Adds tickets, or replaces those with the same number.
    ///
    /// # Errors
    /// See the type.
    pub async fn add_tickets(&self, tickets: &[Ticket]) -> Result<()> {
        self.call::<Value>("POST", "tickets", Some(&json!({ "tickets": tickets }))).await?;
        Ok(())
    }

    /// A ticket with its comments.
    ///
    /// # Errors
    /// See the type; also if there is no such ticket.
    pub async fn ticket(&self, id: u64) -> Result<Ticket> {
        let tickets: Vec<Ticket> = self.call("GET", "tickets", None).await?;
        tickets.into_iter().find(|ticket| ticket.id == id).context("there is no such ticket")
    }

    /// Checks that it is there.
    ///
    /// # Errors
    /// See the type.
    pub async fn health(&self) -> Result<()> {
        self.call::<Value>("GET", "health", None).await?;
        Ok(())
    }

    async fn call<T: DeserializeOwned>(&self, method: &str, path: &str, body: Option<&Value>) -> Result<T> {
        let path = format!("/_sandbox/{path}");
        let answer = send(&self.url, method, &path, &[], body).await?;
        ensure!(answer.status == 200, "the sandbox refused: {} {}", answer.status, answer.text);
        serde_json::from_str(&answer.text).context("the sandbox's answer has another shape")
    }
}
