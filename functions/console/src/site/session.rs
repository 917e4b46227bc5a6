//! The session of an operator who signed in: a sealed cookie, bounded in time. No server stores it; the operator's
//! row ends it everywhere.

use crate::role::Role;
use crate::site::sealer::{Purpose, Sealer};
use rightful_domain::base::actor::Actor;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use serde::{Deserialize, Serialize};

/// The cookie. Its prefix binds it to this host, to https and to every path.
const COOKIE: &str = "__Host-rightful";

/// How long a session lasts without a call, in seconds.
const IDLE_SECONDS: u64 = 3600;

/// How old the last sign of life must be, in seconds, before the cookie is written anew.
const REFRESH_SECONDS: u64 = 300;

/// How long a browser keeps the cookie of a session that is over, in seconds. Until then a form that was sent too
/// late can be shown again to the person who typed it.
const KEPT_SECONDS: u64 = 12 * 3600;

/// How long a form may be open, in seconds.
const FORM_SECONDS: u64 = 24 * 3600;

/// A session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub actor: Actor,
    /// The name that people know the operator by.
    pub name: String,
    pub role: Role,
    pub began: Time,
    pub until: Time,
    seen: Time,
}

/// The token of a form.
#[derive(Serialize, Deserialize)]
struct FormToken {
    actor: Actor,
    made: Time,
}

impl Session {
    /// A session that begins now.
    pub fn begin(actor: Actor, name: String, role: Role, now: Time, seconds: u64) -> Self {
        Self { actor, name, role, began: now, until: now.plus_seconds(seconds), seen: now }
    }

    /// The session in a request's cookies, over or not.
    pub fn read(cookies: &[String], sealer: &Sealer) -> Option<Self> {
        sealer.open(Purpose::Session, cookie(cookies, COOKIE)?)
    }

    /// Whether its time is not over.
    pub fn is_live(&self, now: Time) -> bool {
        now < self.until && now < self.seen.plus_seconds(IDLE_SECONDS)
    }

    /// The cookie to set after a call of a person at this time; `None` while the old one will do.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn refreshed(&self, now: Time, sealer: &Sealer) -> Result<Option<String>, Failure> {
        if now < self.seen.plus_seconds(REFRESH_SECONDS) {
            return Ok(None);
        }
        Self { seen: now, ..self.clone() }.cookie(sealer).map(Some)
    }

    /// The cookie that begins or continues the session.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn cookie(&self, sealer: &Sealer) -> Result<String, Failure> {
        let seconds = self.seen.seconds_until(self.until) + KEPT_SECONDS;
        Ok(set_cookie(COOKIE, &sealer.seal(Purpose::Session, self)?, seconds))
    }

    /// The token of a form of this operator. Each is different, and each is good for any form of theirs.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn form_token(&self, now: Time, sealer: &Sealer) -> Result<String, Failure> {
        sealer.seal(Purpose::Form, &FormToken { actor: self.actor.clone(), made: now })
    }

    /// Whether a form's token is this operator's, and not too old.
    pub fn owns_form(&self, token: &str, now: Time, sealer: &Sealer) -> bool {
        let token: Option<FormToken> = sealer.open(Purpose::Form, token);
        token.is_some_and(|token| token.actor == self.actor && now < token.made.plus_seconds(FORM_SECONDS))
    }
}

/// The cookie that ends a session in this browser.
pub(crate) fn ended() -> String {
    set_cookie(COOKIE, "", 0)
}

/// The value of a cookie. API Gateway gives each cookie as `name=value`.
pub(crate) fn cookie<'a>(cookies: &'a [String], name: &str) -> Option<&'a str> {
    let pairs = cookies.iter().filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
}

/// A cookie that scripts don't see and that other sites' forms don't send.
pub(crate) fn set_cookie(name: &str, value: &str, seconds: u64) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax")
}
