//! A page that only says something.

use crate::site::reply::Reply;
use crate::site::shell::Shell;
use askama::Template;

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    s: Shell<'a>,
    lines: Vec<String>,
    link: Option<(String, String)>,
}

/// A page that says these lines, with a way on.
pub(crate) fn message(
    status: u16,
    s: Shell<'_>,
    lines: Vec<String>,
    link: Option<(String, String)>,
) -> Reply {
    let page = MessagePage { s, lines, link };
    Reply::page(status, page.render().unwrap_or_default())
}
