//! Lists, which the API gives page by page.

use super::call::Call;
use super::client::Api;
use super::error::ApiError;
use rightful_domain::view::page::Page;
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
    let mut all: Vec<T> = Vec::new();
    let mut cursor: Option<String> = None;
    while all.len() < most {
        let call = call().query("limit", Some(most.min(LARGEST_PAGE))).query("cursor", cursor);
        let page: Page<T> = api.call(call).await?;
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    all.truncate(most);
    Ok(all)
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
