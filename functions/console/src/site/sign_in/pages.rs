//! The pages of signing in that hold a form.

use crate::site::fields::Fields;
use crate::site::pages::frame::rendered;
use crate::site::reply::Reply;
use crate::site::shell::Shell;
use crate::site::visit::Refused;
use askama::Template;

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage<'a> {
    s: Shell<'a>,
    about: String,
    to: String,
    button: String,
}

#[derive(Template)]
#[template(path = "typed.html")]
struct TypedPage<'a> {
    s: Shell<'a>,
    action: String,
    /// What was typed: names and values.
    typed: Vec<(String, String)>,
    hides: bool,
}

pub(crate) fn link_page(s: Shell<'_>, about: String, to: &str, button: String) -> Result<Reply, Refused> {
    rendered(200, &LinkPage { s, about, to: to.to_owned(), button })
}

/// A form that was sent after the session's end: everything that was typed, to be sent again.
pub(crate) fn typed_page(s: Shell<'_>, action: &str, form: &Fields) -> Reply {
    let is_secret = |name: &str| name.starts_with("secret.");
    let typed = form.iter().filter(|(name, _)| !is_secret(name));
    let page = TypedPage {
        s,
        action: action.to_owned(),
        typed: typed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        hides: form.iter().any(|(name, _)| is_secret(name)),
    };
    rendered(401, &page).unwrap_or_else(|_| Reply::page(401, String::new()))
}
