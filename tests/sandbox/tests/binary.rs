//! The binary: it prints its address, obeys its flags, and stops on a signal.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rightful_sandbox::Control;
use rightful_sandbox::http::send;
use serde_json::Value;

#[tokio::test]
async fn the_binary_tells_its_address_and_stops_on_sigterm() {
    let file = std::env::temp_dir().join(format!("sandbox-{}.json", std::process::id()));
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["--port", "0", "--finish-after-ms", "0", "--token", "other-token"])
        .arg("--port-file")
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let url = told["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"));
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(written, line);

    Control::new(url).health().await.unwrap();
    let path = "/v1/gdpr/profiles?clientId=2449&email=bo@example.com";
    let token = [("x-api-token", "other-token")];
    let found = send(url, "GET", path, &token, None).await.unwrap();
    assert_eq!(found.status, 200);

    let stopped = Command::new("kill").arg(child.id().to_string()).status();
    assert!(stopped.unwrap().success());
    assert!(child.wait().unwrap().success(), "not a clean stop");
    assert!(Control::new(url).health().await.is_err());
}
