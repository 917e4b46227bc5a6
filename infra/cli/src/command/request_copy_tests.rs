use super::*;
use crate::api::client::for_tests;
use ring::digest::digest;
use tempfile::TempDir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const CONTENT: &[u8] = b"PK the copy of ann@example.com";

fn names(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Downloads these bytes, where others may have been announced.
async fn fetched(path: &Path, force: bool, gives: &[u8], announced: &[u8]) -> Result<PathBuf> {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(wiremock::matchers::path("/copy"))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(gives))
        .mount(&server)
        .await;
    let mut download = Download::begin(path, force)?;
    let length = u64::try_from(announced.len()).unwrap();
    let api = for_tests(&server.uri());
    api.download(&format!("{}/copy?X-Amz-Signature=canary", server.uri()), |bytes| {
        download.append(bytes, length)
    })
    .await?;
    let sent = server.received_requests().await.unwrap();
    assert!(!sent[0].headers.contains_key("authorization"), "the link alone is the permission");
    download.keep(&sha256(announced), length, force)
}

#[tokio::test]
async fn a_copy_is_written_for_this_user_alone_once_it_is_checked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.zip");
    assert_eq!(fetched(&path, false, CONTENT, CONTENT).await.unwrap(), path);
    assert_eq!(std::fs::read(&path).unwrap(), CONTENT);
    assert_eq!(names(&folder), ["ann.zip"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_is_not_the_kept_copy_is_not_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.zip");
    let mut changed = CONTENT.to_vec();
    changed[3] ^= 1;
    let longer = [CONTENT, b"x"].concat();
    for gives in [&changed[..], &longer, &CONTENT[1..], b""] {
        let error = fetched(&path, false, gives, CONTENT).await.unwrap_err().to_string();
        assert!(error.contains("not the copy that was kept") && !error.contains("canary"), "{error}");
        assert!(names(&folder).is_empty());
    }
}

#[tokio::test]
async fn a_file_that_is_there_stays_unless_forced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.zip");
    std::fs::write(&path, "mine").unwrap();
    let error = fetched(&path, false, CONTENT, CONTENT).await.unwrap_err().to_string();
    assert!(error.contains("exists already") && error.contains("--force"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    fetched(&path, true, CONTENT, CONTENT).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), CONTENT);
    let error = fetched(folder.path(), false, CONTENT, CONTENT).await.unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");
}

#[tokio::test]
async fn a_file_that_came_to_be_in_the_meantime_stays() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ann.zip");
    let mut download = Download::begin(&path, false).unwrap();
    download.append(CONTENT, 100).unwrap();
    std::fs::write(&path, "mine").unwrap();
    let error = download.keep(&sha256(CONTENT), u64::try_from(CONTENT.len()).unwrap(), false).unwrap_err();
    assert!(error.to_string().contains("exists already"));
    assert_eq!(
        (std::fs::read(&path).unwrap(), names(&folder)),
        (b"mine".to_vec(), vec!["ann.zip".to_owned()])
    );
}

#[tokio::test]
async fn a_link_that_fails_is_not_repeated_in_the_error() {
    let server = MockServer::start().await;
    Mock::given(path("/copy")).respond_with(ResponseTemplate::new(403)).mount(&server).await;
    let api = for_tests(&server.uri());
    for link in [
        format!("{}/copy?X-Amz-Signature=canary", server.uri()),
        "http://127.0.0.1:1/copy?X-Amz-Signature=canary".to_owned(),
        "http://example.com/copy?X-Amz-Signature=canary".to_owned(),
    ] {
        let error = format!("{:?}", api.download(&link, |_| Ok(())).await.unwrap_err());
        assert!(!error.contains("canary"), "{error}");
    }
}
