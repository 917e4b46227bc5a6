//! The frame of every page: head, navigation, who is signed in, and what just happened.

use crate::ports::Outside;
use crate::role::Role;
use crate::site::assets::{self, Asset};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Value, Words};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use std::time::Duration;

/// The places of the navigation, each with the route that it needs.
const PLACES: [(&str, &str, &str); 4] = [
    ("overview", "GET", "/api/overview"),
    ("requests", "GET", "/api/requests"),
    ("new", "POST", "/api/requests"),
    ("journal", "GET", "/api/journal"),
];

/// What a template of any page shows around its own content.
pub(crate) struct Shell<'a> {
    pub w: &'a Words,
    /// The page's name in the browser's list of windows. It holds nothing personal.
    pub title: String,
    /// The place of the navigation where the page stands.
    pub place: &'static str,
    /// Who is signed in; nobody on the pages of signing in.
    pub operator: Option<Signed>,
    pub stage: String,
    /// The places that the navigation offers.
    pub places: Vec<&'static str>,
    /// What just happened, in words.
    pub notice: Option<String>,
    pub now: Time,
    pub htmx: Asset,
    pub script: Asset,
    pub style: Asset,
    pub icon: Asset,
}

/// Who is signed in.
pub(crate) struct Signed {
    pub name: String,
    pub role: Role,
    /// The token of the page's forms.
    pub token: String,
}

impl<'a> Shell<'a> {
    /// The frame of a page for nobody in particular.
    pub fn bare(w: &'a Words, title: String, stage: &str, now: Time) -> Self {
        Self {
            w,
            title,
            place: "",
            operator: None,
            places: Vec::new(),
            stage: stage.to_owned(),
            notice: None,
            now,
            htmx: assets::HTMX,
            script: assets::CONSOLE,
            style: assets::STYLE,
            icon: assets::ICON,
        }
    }

    /// The frame of a page for the operator who is signed in.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn of<O: Outside>(visit: &Visit<'a, O>, place: &'static str, title: String) -> Result<Self, Failure> {
        let operator = Signed {
            name: visit.session.name.clone(),
            role: visit.session.role,
            token: visit.session.form_token(visit.now, visit.sealer)?,
        };
        let done = visit.query.some("done");
        let notice = done.and_then(|done| visit.words.find(&format!("done-{done}")));
        Ok(Self {
            place,
            places: PLACES
                .into_iter()
                .filter(|(_, method, path)| visit.may_call(method, path))
                .map(|one| one.0)
                .collect(),
            operator: Some(operator),
            notice,
            ..Self::bare(visit.words, title, visit.stage, visit.now)
        })
    }

    /// The token of the page's forms.
    pub fn token(&self) -> &str {
        self.operator.as_ref().map_or("", |operator| operator.token.as_str())
    }

    /// Words by their name.
    pub fn t(&self, name: &str) -> String {
        self.w.t(name)
    }

    /// Words for a number.
    pub fn n(&self, name: &str, n: &u32) -> String {
        self.w.n(name, *n)
    }

    /// Words for a text.
    pub fn x(&self, name: &str, text: &str) -> String {
        self.w.a(name, &[("x", Value::Text(text))])
    }

    /// A time as its element shows it without a script: UTC, to the minute.
    pub fn minute(&self, at: &Time) -> String {
        minute(*at)
    }
}

/// A time in UTC, to the minute.
pub(crate) fn minute(at: Time) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

/// How long something takes, in words: its largest unit, rounded.
pub(crate) fn span(words: &Words, span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => words.n("span-seconds", seconds),
        60..5400 => words.n("span-minutes", (seconds + 30) / 60),
        5400..129_600 => words.n("span-hours", (seconds + 1800) / 3600),
        _ => words.n("span-days", (seconds + 43_200) / 86_400),
    }
}

/// An error as a page shows it.
pub(crate) struct Trouble {
    pub what: String,
    /// The single objections: the name of the field, and what is wrong with it.
    pub details: Vec<(String, String)>,
    pub code: String,
}

impl Trouble {
    /// A refusal of the API in the reader's language, with the API's own sentence beside it where the language has
    /// none that says as much.
    pub fn of(words: &Words, refused: &Refused) -> Self {
        let error = &refused.error;
        let own = words.find(&format!("error-{}", error.code));
        let what = match own {
            Some(own) => own,
            None if words.language == "en" => sentence(&error.message),
            None => {
                let what = words.find(&format!("code-{}", error.code));
                what.map_or_else(|| sentence(&error.message), |what| sentence(&what))
            }
        };
        let details = error.details.iter().filter(|one| one.name != "cause");
        Self {
            what,
            details: details.map(|one| (one.name.clone(), sentence(&one.what))).collect(),
            code: error.code.clone(),
        }
    }
}

/// A text that begins with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// A text that begins with a capital letter and ends with a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{end}", capital(text))
}
