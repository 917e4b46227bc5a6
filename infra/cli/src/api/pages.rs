//! Lists, which the API gives page by page.

use super::call::Call;
use super::client::Api;
use super::error::ApiError;
use rightful_domain::duty::work_list::WorkCounts;
use rightful_domain::view::page::Page;
use rightful_domain::view::request::RequestView;
use rightful_domain::view::work::WorkView;
use serde::de::DeserializeOwned;

/// The largest page that the API gives.
const LARGEST_PAGE: usize = 100;

/// All items of a list. `call` reads its first page.
///
/// # Errors
/// [`ApiError`] if a page can't be read.
pub async fn all_items<T: DeserializeOwned>(api: &Api, call: impl Fn() -> Call) -> Result<Vec<T>, ApiError> {
    first_items(api, usize::MAX, call).await
}

/// The first items of a list, at most `most`. `call` reads its first page.
///
/// # Errors
/// [`ApiError`] if a page can't be read.
pub async fn first_items<T: DeserializeOwned>(
    api: &Api,
    most: usize,
    call: impl Fn() -> Call,
) -> Result<Vec<T>, ApiError> {
    first_pages::<Page<T>>(api, most, call).await.map(|(items, ())| items)
}

/// A page of a list.
pub trait Paged: DeserializeOwned {
    type Item;
    /// The page's content beside the items.
    type Beside;
    /// The items, the cursor of the next page, and the rest.
    fn parts(self) -> (Vec<Self::Item>, Option<String>, Self::Beside);
}

impl<T: DeserializeOwned> Paged for Page<T> {
    type Item = T;
    type Beside = ();
    fn parts(self) -> (Vec<T>, Option<String>, ()) {
        (self.items, self.next, ())
    }
}

impl Paged for WorkView {
    type Item = RequestView;
    type Beside = WorkCounts;
    fn parts(self) -> (Vec<RequestView>, Option<String>, WorkCounts) {
        (self.items, self.next, self.counts)
    }
}

/// The first items of a list, at most `most`, and what the last page that was read says beside them. `call` reads
/// the first page.
///
/// # Errors
/// [`ApiError`] if a page can't be read.
pub async fn first_pages<P: Paged>(
    api: &Api,
    most: usize,
    call: impl Fn() -> Call,
) -> Result<(Vec<P::Item>, P::Beside), ApiError> {
    let mut all: Vec<P::Item> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let call = call().query("limit", Some(most.clamp(1, LARGEST_PAGE))).query("cursor", cursor);
        let (items, next, beside) = api.call::<P>(call).await?.parts();
        all.extend(items);
        if next.is_none() || all.len() >= most {
            all.truncate(most);
            return Ok((all, beside));
        }
        cursor = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::client::for_tests;
    use serde_json::{Value, json};
    use wiremock::matchers::{any, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    #[tokio::test]
    async fn a_list_is_read_page_by_page_and_no_further_than_asked() {
        let server = MockServer::start().await;
        let page = |items: Value, next: Value| {
            ResponseTemplate::new(200).set_body_json(json!({"items": items, "next": next}))
        };
        Mock::given(query_param("cursor", "two"))
            .respond_with(page(json!([3, 4]), Value::Null))
            .mount(&server)
            .await;
        Mock::given(any()).respond_with(page(json!([1, 2]), json!("two"))).mount(&server).await;
        let api = for_tests(&server.uri());
        let call = || Call::get("/x");
        let all: Vec<u32> = all_items(&api, call).await.unwrap();
        assert_eq!(all, [1, 2, 3, 4]);
        let some: Vec<u32> = first_items(&api, 3, call).await.unwrap();
        assert_eq!(some, [1, 2, 3]);
        let few: Vec<u32> = first_items(&api, 2, call).await.unwrap();
        assert_eq!((few.len(), server.received_requests().await.unwrap().len()), (2, 5));
    }
}
