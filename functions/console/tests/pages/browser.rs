//! A browser without scripts: it keeps cookies, sends forms with what their page holds, and follows redirections.

use crate::stage::{ANN, Stage};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The host of the pages.
pub const HOST: &str = "a1b2.execute-api.eu-west-1.amazonaws.com";

/// A page as it arrived.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub text: String,
    pub headers: BTreeMap<String, String>,
    pub cookies: Vec<String>,
}

impl Page {
    /// Where it leads.
    pub fn location(&self) -> &str {
        self.headers.get("location").map_or("", String::as_str)
    }

    /// The value of the first hidden field of this name.
    pub fn hidden(&self, name: &str) -> String {
        self.hiddens(name).into_iter().next().unwrap_or_default()
    }

    /// The values of all hidden fields of this name.
    pub fn hiddens(&self, name: &str) -> Vec<String> {
        let field = format!(r#"<input type="hidden" name="{name}" value=""#);
        let values = self.text.split(&field).skip(1);
        values.map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
    }

    /// The texts of all elements of this name, without the elements within them.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let mut found = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((_, from)) = rest.split_once(&open) {
            let Some((_, inside)) = from.split_once('>').filter(|_| from.starts_with([' ', '>'])) else {
                rest = from;
                continue;
            };
            let (inside, after) = inside.split_once(&close).unwrap();
            found.push(words(inside));
            rest = after;
        }
        found
    }

    /// The part of the page between two texts.
    pub fn between(&self, from: &str, to: &str) -> Self {
        let (_, rest) = self.text.split_once(from).unwrap_or_else(|| panic!("no {from} in {}", self.text));
        let (part, _) = rest.split_once(to).unwrap_or_else(|| panic!("no {to} after {from}"));
        let (headers, cookies) = (self.headers.clone(), Vec::new());
        Self { status: self.status, text: part.to_owned(), headers, cookies }
    }

    /// The values of an attribute, wherever it stands.
    pub fn attributes(&self, name: &str) -> Vec<String> {
        let begins = format!(" {name}=\"");
        self.text.split(&begins).skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
    }

    /// The rows of the page's tables, the names of the columns among them.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let cells = |row: &str| -> Vec<String> {
            let cells = row.split("</th>").flat_map(|part| part.split("</td>"));
            let cells = cells.filter(|part| part.contains("<td") || part.contains("<th"));
            cells.map(words).collect()
        };
        self.text.split("<tr>").skip(1).map(|row| cells(row.split("</tr>").next().unwrap())).collect()
    }

    /// All words of the page.
    pub fn words(&self) -> String {
        words(&self.text)
    }

    /// Whether it says so.
    pub fn says(&self, words: &str) -> bool {
        unescaped(&self.text).contains(words)
    }
}

/// Markup as its words.
fn words(markup: &str) -> String {
    let mut text = String::new();
    let mut inside = true;
    for letter in markup.chars() {
        match letter {
            '<' => inside = false,
            '>' => inside = true,
            letter if inside => text.push(letter),
            _ => {}
        }
    }
    unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unescaped(text: &str) -> String {
    let known = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    known.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// A browser.
pub struct Browser<'a> {
    pub stage: &'a Stage,
    pub cookies: RefCell<BTreeMap<String, String>>,
    pub language: &'static str,
}

impl<'a> Browser<'a> {
    /// A browser in which nobody is signed in.
    pub fn new(stage: &'a Stage) -> Self {
        Self { stage, cookies: RefCell::default(), language: "en-GB,en;q=0.9" }
    }

    /// A browser in which Ann is signed in with this role.
    pub async fn signed_in(stage: &'a Stage, role: &str) -> Self {
        Self::signed_in_as(stage, ANN, "Ann Peeters", role).await
    }

    /// A browser in which somebody is signed in with this role.
    pub async fn signed_in_as(stage: &'a Stage, actor: &str, name: &str, role: &str) -> Self {
        let browser = Self::new(stage);
        let link = link(stage, actor, name, role).await;
        let page = browser.get(&link).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let done = browser.post("/console/link", &[("to", &page.hidden("to"))]).await;
        assert_eq!((done.status, done.location()), (303, "/console"), "{}", done.text);
        browser
    }

    pub async fn get(&self, path: &str) -> Page {
        self.call("GET", path, "", &[]).await
    }

    /// Sends a form, whatever page it would stand on.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let origin = format!("https://{HOST}");
        self.call("POST", path, &form.finish(), &[("origin", &origin), ("sec-fetch-site", "same-origin")])
            .await
    }

    /// Opens a page, fills its form in, and sends it to the same path.
    pub async fn fill(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        self.send(&page, path.split('?').next().unwrap(), fields).await
    }

    /// Sends the form of a page, with its hidden fields.
    pub async fn send(&self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut all: Vec<(String, String)> = Vec::new();
        let main = page.text.split("<main").nth(1).unwrap();
        for part in main.split(r#"<input type="hidden" name=""#).skip(1) {
            let (name, rest) = part.split_once('"').unwrap();
            let value = rest.split('"').nth(1).unwrap();
            all.push((name.to_owned(), unescaped(value)));
        }
        let mut sent: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        sent.extend(fields);
        self.post(action, &sent).await
    }

    /// A call with these headers beside the usual ones.
    pub async fn call(&self, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> Page {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (raw, query) = path.split_once('?').unwrap_or((path, ""));
        let mut headers = json!({"host": HOST, "accept-language": self.language});
        for (name, value) in more {
            headers[name] = json!(value);
        }
        let event: ApiGatewayV2httpRequest = serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": raw,
            "rawQueryString": query,
            "headers": headers,
            "cookies": cookies,
            "requestContext": {
                "stage": "$default", "domainName": HOST, "http": {"method": method, "path": raw},
            },
            "body": body,
            "isBase64Encoded": false,
        }))
        .unwrap();
        let page = read(self.stage.site.handle(&event).await);
        for cookie in &page.cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }
}

/// A link by which this caller of the API signs in.
pub async fn link(stage: &Stage, actor: &str, name: &str, role: &str) -> String {
    let body = json!({"name": name, "role": role}).to_string();
    let made = stage.call_as(Some(actor), "POST", "/api/console/link", Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["path"].as_str().unwrap().to_owned()
}

fn read(response: ApiGatewayV2httpResponse) -> Page {
    let text = match response.body {
        Some(Body::Text(text)) => text,
        Some(Body::Binary(bytes)) => format!("{} bytes", bytes.len()),
        _ => String::new(),
    };
    let headers = response.headers.iter();
    Page {
        status: u16::try_from(response.status_code).unwrap(),
        text,
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        cookies: response.cookies,
    }
}
