//! Pages of a list that is held whole.

use crate::answer::Refusal;
use crate::query::{cursor, wrong_cursor};
use rightful_domain::view::page;

/// One page, in the order of the items' names.
pub(crate) fn page_of<T>(
    mut all: Vec<T>,
    name: impl Fn(&T) -> &str,
    after: Option<String>,
    limit: u32,
) -> Result<page::Page<T>, Refusal> {
    all.sort_by(|a, b| name(a).cmp(name(b)));
    if let Some(after) = after {
        // The item of that name may be gone; those after it are the same.
        if after.is_empty() || after.len() > 64 {
            return Err(wrong_cursor());
        }
        all.retain(|one| name(one) > after.as_str());
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| cursor(name(last)));
    Ok(page::Page { items: all, next })
}
