//! A page, or a failure of our own, as an answer.

use crate::answer::Refusal;
use crate::site::reply::Reply;
use crate::site::visit::Refused;
use askama::Template;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;

/// A page as an answer.
pub(crate) fn rendered(status: u16, page: &impl Template) -> Result<Reply, Refused> {
    let html = page.render().map_err(|_| failed(Failure::of(Code::AnswerUnwritable)))?;
    Ok(Reply::page(status, html))
}

/// A failure of our own.
pub(crate) fn failed(failure: Failure) -> Refused {
    Refusal::from(failure).into()
}
