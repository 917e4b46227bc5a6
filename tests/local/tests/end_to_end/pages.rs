//! The pages on the embedded stack, with the console's own role: signing in by a link, a decision, the receipt, and
//! signing out.

use anyhow::{Context as _, Result, ensure};
use rightful_domain::base::ids::RequestId;
use rightful_domain::model::task::{Outcome, TaskState};
use rightful_local_tests::{Options, Stack};
use rightful_sandbox::http::{Response, encode, send_bytes};

/// A browser with one cookie.
struct Browser {
    base: String,
    host: String,
    cookie: String,
}

impl Browser {
    /// Signs in by a link.
    async fn signed_in(stack: &Stack) -> Result<Self> {
        let made = stack.rightful_json(&["console", "--name", "Ann Peeters", "--role", "reviewer"])?;
        let url = made["url"].as_str().context("no url")?;
        let rest = url.strip_prefix("http://").context("not http")?;
        let (host, path) = rest.split_once('/').context("no path")?;
        let base = stack.text("aws_endpoint_url").to_owned();
        let mut browser = Self { base, host: host.to_owned(), cookie: String::new() };
        let page = browser.get(&format!("/{path}")).await?;
        ensure!(page.status == 200 && page.text.contains("Ann Peeters"), "{}", page.text);
        let to = hidden(&page.text, "to")?;
        let done = browser.post("/console/link", &[("to", &to)]).await?;
        ensure!(done.status == 303, "{}", done.text);
        let cookie = done.headers.get("set-cookie").context("no cookie")?.to_str()?;
        browser.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(browser)
    }

    async fn get(&self, path: &str) -> Result<Response> {
        let headers = [("host", self.host.as_str()), ("cookie", &self.cookie)];
        send_bytes(&self.base, "GET", path, &headers, None).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Response> {
        let origin = format!("http://{}", self.host);
        let headers = [
            ("host", self.host.as_str()),
            ("cookie", &self.cookie),
            ("origin", &origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let form: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        send_bytes(&self.base, "POST", path, &headers, Some(form.join("&").into_bytes())).await
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Result<String> {
    let main = page.split("<main").nth(1).context("no main part")?;
    let field = format!(r#"<input type="hidden" name="{name}" value=""#);
    let rest = main.split(&field).nth(1).with_context(|| format!("no field {name}: {main}"))?;
    Ok(rest.split('"').next().unwrap_or_default().replace("&#34;", "\""))
}

#[tokio::test]
async fn an_officer_signs_in_decides_and_reads_the_receipt_on_the_pages() -> Result<()> {
    let stack = Stack::up("pages", Options { grace_seconds: 1, ..Options::default() })?;
    stack.add_source("qualifio-main", &[])?;
    stack.rightful_json(&["source", "change", "qualifio-main", "--review", "erasure=always"])?;
    let browser = Browser::signed_in(&stack).await?;
    let form = browser.get("/console/new").await?;
    let (token, key) = (hidden(&form.text, "token")?, hidden(&form.text, "key")?);
    let person = "joao@qualifio.com";
    let fields =
        [("token", token.as_str()), ("key", &key), ("right", "erasure"), ("identifier.email", person)];
    let made = browser.post("/console/new", &fields).await?;
    ensure!(made.status == 303, "{}", made.text);
    let location = made.headers.get("location").context("no location")?.to_str()?.to_owned();
    let path = location.split('?').next().unwrap_or_default();
    let id = RequestId::parse(path.rsplit('/').next().unwrap_or_default())?;
    stack.until(id, |_, task| task.state == TaskState::AwaitingReview && task.token.is_some()).await?;

    let list = browser.get("/console/requests").await?;
    ensure!(list.text.contains("1 request is open: 1 waits for you, none is overdue."), "{}", list.text);
    let page = browser.get(path).await?;
    ensure!(
        page.text.contains("Erase 3 records at Qualifio") && !page.text.contains(person),
        "{}",
        page.text
    );
    let ask = browser.get(&format!("{path}/proceed")).await?;
    let (token, seen) = (hidden(&ask.text, "token")?, hidden(&ask.text, "seen")?);
    let decided = [("token", token.as_str()), ("seen", &seen), ("reason", "asked by letter")];
    let done = browser.post(&format!("{path}/proceed"), &decided).await?;
    ensure!(done.status == 303, "{}", done.text);
    let (request, task) = stack.until(id, |request, _| request.receipt_sha256.is_some()).await?;
    assert_eq!(task.outcome, Some(Outcome::VerifiedErased), "{request:?}");

    let page = browser.get(path).await?;
    ensure!(
        page.text.contains("Erased, and seen to be gone") && page.text.contains("Ann Peeters"),
        "{}",
        page.text
    );
    let receipt = browser.get(&format!("{path}/receipt")).await?;
    ensure!(receipt.text.contains("signed and unchanged"), "{}", receipt.text);
    let token =
        hidden(&receipt.text, "token").or_else(|_| hidden(&format!("<main{}", receipt.text), "token"))?;
    let out = browser.post("/console/sign-out", &[("token", &token)]).await?;
    ensure!(out.status == 200, "{}", out.text);
    let after = browser.get(path).await?;
    ensure!(!after.text.contains("Ann Peeters"), "the session is over");
    Ok(())
}
