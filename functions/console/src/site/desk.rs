//! From a browser's call to a page: the host, who is signed in, the page, and the answer when something is amiss.

use crate::answer::Refusal;
use crate::api::{Api, path_of};
use crate::app::ApiSettings;
use crate::ports::{Operators as _, Outside};
use crate::site::fields::Fields;
use crate::site::message::message;
use crate::site::pages::{acts, bulk, detail, fresh, journal, list, overview, people, receipt};
use crate::site::reply::{Reply, asset};
use crate::site::sealer::Sealer;
use crate::site::session::{Session, ended};
use crate::site::shell::{Shell, Trouble};
use crate::site::sign_in::pages::{link_page, typed_page};
use crate::site::sign_in::{link, out};
use crate::site::visit::{Refused, Visit};
use crate::site::words::{Library, Value, Words};
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::code::Code;
use rightful_domain::base::time::Time;
use rightful_domain::ports::clock::Clock as _;
use zeroize::Zeroizing;

/// The most bytes of a form.
const MOST_BYTES: usize = 256 * 1024;

/// The deployment's settings for the pages.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// The deployment's stage.
    pub stage: String,
    /// The host under which the pages are served; that of the API's own address if it is empty.
    pub host: String,
    /// How long a session lasts, in seconds.
    pub session_seconds: u64,
}

/// The API, and the pages over it.
pub struct Site<O> {
    api: Api<O>,
    settings: SiteSettings,
    words: Library,
}

/// What a browser sent.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    query: Fields,
    form: Fields,
    host: &'a str,
    cookies: &'a [String],
    /// Where the browser says that a form comes from.
    from: Sender<'a>,
    now: Time,
}

/// Where the browser says that a call comes from.
struct Sender<'a> {
    site: Option<&'a str>,
    origin: Option<&'a str>,
}

impl<O: Outside> Site<O> {
    /// The API and the pages over the outside.
    pub fn new(outside: O, api: ApiSettings, settings: SiteSettings) -> Self {
        Self { api: Api::new(outside, api), settings, words: Library::default() }
    }

    /// The API alone.
    pub fn api(&self) -> &Api<O> {
        &self.api
    }

    /// Answers a call of the API or of a page.
    pub async fn handle(&self, request: &ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let path = path_of(request);
        if path != "/console" && !path.starts_with("/console/") {
            return self.api.handle(request).await;
        }
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let takes_gzip = header("accept-encoding").is_some_and(|takes| takes.contains("gzip"));
        if let Some(name) = path.strip_prefix("/console/static/") {
            let file = asset(name).unwrap_or_else(|| Reply::page(404, String::new()));
            return file.for_gateway(takes_gzip);
        }
        let reply = match self.words.of(header("accept-language").unwrap_or_default()) {
            Ok(words) => self.page(request, path, words).await,
            Err(failure) => Reply::page(500, failure.code.to_string()).coded(failure.code),
        };
        let (status, code) = (reply.status, reply.code.map_or("ok", Code::as_str));
        let method = known(&request.request_context.http.method);
        match status {
            500.. => tracing::error!(page = page_of(path), method, status, code, "page"),
            _ => tracing::info!(page = page_of(path), method, status, code, "page"),
        }
        reply.for_gateway(takes_gzip)
    }

    async fn page(&self, request: &ApiGatewayV2httpRequest, path: &str, words: &Words) -> Reply {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let Some(form) = body(request) else {
            return self.trouble(words, &Refusal::new(Code::BodyTooLarge, "the form is too large").into());
        };
        let cookies: Vec<String> = match (&request.cookies, header("cookie")) {
            (Some(cookies), _) => cookies.clone(),
            (None, Some(all)) => all.split(';').map(|one| one.trim().to_owned()).collect(),
            (None, None) => Vec::new(),
        };
        let asked = Asked {
            method: request.request_context.http.method.as_str(),
            path,
            query: Fields::read(request.raw_query_string.as_deref().unwrap_or_default().as_bytes()),
            form: Fields::read(&form),
            host: header("host").unwrap_or_default(),
            cookies: &cookies,
            from: Sender { site: header("sec-fetch-site"), origin: header("origin") },
            now: self.api.app().outside.clock().now(),
        };
        let own = match self.settings.host.as_str() {
            "" => request.request_context.domain_name.as_deref().unwrap_or_default(),
            host => host,
        };
        if without_port(asked.host) != without_port(own) {
            return self.say(words, 421, "host-wrong", &["host-wrong-about"], None);
        }
        let made = self.answer(&asked, words).await;
        made.unwrap_or_else(|refused| self.trouble(words, &refused))
    }

    async fn answer(&self, asked: &Asked<'_>, words: &Words) -> Result<Reply, Refused> {
        let sealer = Sealer::of(self.api.app().outside.own_secrets()).await.map_err(Refusal::from)?;
        let session = Session::read(asked.cookies, &sealer);
        if asked.method == "POST" && !asked.from.is_ours(asked.host) {
            return Ok(self.say(words, 403, "form-stale", &["form-stale-about"], Some("/console")));
        }
        match (asked.method, asked.path) {
            ("GET", "/console/sign-in") => return Ok(self.sign_in(words)),
            ("GET", "/console/link") => return self.link(asked, words).await,
            ("POST", "/console/link") => return self.redeem(asked, words, &sealer).await,
            _ => {}
        }
        let live = match &session {
            Some(session) if session.is_live(asked.now) => {
                let operator = self.api.app().outside.operators().operator(&session.actor.digest()).await;
                let operator = operator.map_err(Refusal::from)?;
                operator.is_none_or(|operator| operator.keeps(session.began))
            }
            _ => false,
        };
        let Some(session) = session.as_ref().filter(|_| live) else {
            return Ok(self.signed_out(asked, words, session.as_ref(), &sealer));
        };
        if asked.method == "POST" && !session.owns_form(asked.form.one("token"), asked.now, &sealer) {
            return Ok(self.say(words, 403, "form-stale", &["form-stale-about"], Some("/console")));
        }
        let visit = Visit {
            api: &self.api,
            words,
            sealer: &sealer,
            session,
            now: asked.now,
            query: &asked.query,
            form: &asked.form,
            stage: &self.settings.stage,
        };
        let segments: Vec<&str> = asked.path.split('/').skip(2).collect();
        let reply = match (asked.method, segments.as_slice()) {
            ("POST", ["sign-out"]) => {
                let done = out::everywhere(&self.api.app().outside, session, asked.now).await;
                done.map_err(Refusal::from)?;
                let page =
                    self.say(words, 200, "signed-out", &["signed-out-about"], Some("/console/sign-in"));
                return Ok(page.with_cookie(Some(ended())));
            }
            ("GET", [] | [""]) => Reply::to("/console/requests"),
            ("GET", ["overview"]) => overview::page(&visit).await?,
            ("GET", ["journal"]) => journal::page(&visit).await?,
            ("GET", ["journal.csv"]) => journal::table(&visit).await?,
            ("GET", ["requests"]) => list::list(&visit).await?,
            ("POST", ["requests", "find"]) => list::find(&visit).await?,
            ("GET", ["bulk"]) => bulk::form(&visit).await?,
            ("POST", ["bulk"]) => bulk::send(&visit).await?,
            ("GET", ["new"]) => fresh::form(&visit).await?,
            ("POST", ["new"]) => fresh::send(&visit).await?,
            ("GET", ["requests", id]) => detail::page(&visit, id).await?,
            // Looking by itself is no sign of life.
            ("GET", ["requests", id, "live"]) => return detail::part(&visit, id).await,
            ("GET", ["requests", id, "receipt"]) => receipt::page(&visit, id).await?,
            ("GET", ["requests", id, "receipt.json"]) => receipt::download(&visit, id).await?,
            (method, ["requests", id, end]) => match (method, acts::act_of(end), people::showing_of(end)) {
                ("GET", Some(act), _) => acts::form(&visit, id, act).await?,
                ("POST", Some(act), _) => acts::send(&visit, id, act).await?,
                ("GET", _, Some(showing)) => people::ask(&visit, id, showing).await?,
                ("POST", _, Some(showing)) => people::show(&visit, id, showing).await?,
                _ => return Ok(self.not_found(words)),
            },
            _ => return Ok(self.not_found(words)),
        };
        Ok(reply.with_cookie(session.refreshed(asked.now, &sealer).map_err(Refusal::from)?))
    }

    /// Where somebody signs in.
    fn sign_in(&self, words: &Words) -> Reply {
        let line = if self.api.app().settings.sign_in_links { "sign-in-link-only" } else { "sign-in-none" };
        self.say(words, 200, "sign-in", &[line], None)
    }

    /// The page that a link opens.
    async fn link(&self, asked: &Asked<'_>, words: &Words) -> Result<Reply, Refused> {
        let outside = &self.api.app().outside;
        let owner = link::owner(outside, &asked.query, asked.now).await.map_err(Refusal::from)?;
        let Some((operator, _)) = owner else {
            return Ok(self.say(
                words,
                410,
                "sign-in-link-title",
                &["sign-in-link-over"],
                Some("/console/sign-in"),
            ));
        };
        let mut s = self.shell(words, words.t("sign-in-link-title"));
        s.now = asked.now;
        let button = words.a("sign-in-as", &[("x", Value::Text(&operator.name))]);
        link_page(s, words.t("sign-in-link-about"), asked.query.one("to"), button)
    }

    async fn redeem(&self, asked: &Asked<'_>, words: &Words, sealer: &Sealer) -> Result<Reply, Refused> {
        let (outside, seconds) = (&self.api.app().outside, self.settings.session_seconds);
        let session = link::redeem(outside, sealer, &asked.form, asked.now, seconds).await;
        Ok(match session.map_err(Refusal::from)? {
            Some(cookie) => Reply::to("/console").with_cookie(Some(cookie)),
            None => {
                self.say(words, 410, "sign-in-link-title", &["sign-in-link-over"], Some("/console/sign-in"))
            }
        })
    }

    /// The answer to somebody who is not signed in, or no longer.
    fn signed_out(
        &self,
        asked: &Asked<'_>,
        words: &Words,
        before: Option<&Session>,
        sealer: &Sealer,
    ) -> Reply {
        let owns = |session: &&Session| session.owns_form(asked.form.one("token"), asked.now, sealer);
        if asked.method == "POST" && before.filter(owns).is_some() {
            let s = self.shell(words, words.t("session-over"));
            return typed_page(s, asked.path, &asked.form);
        }
        if asked.path.ends_with("/live") {
            return Reply::page(401, String::new()).coded(Code::IdentityMissing);
        }
        self.sign_in(words)
    }

    fn not_found(&self, words: &Words) -> Reply {
        self.say(words, 404, "not-found", &["not-found-about"], Some("/console/requests"))
    }

    /// A page about an error.
    fn trouble(&self, words: &Words, refused: &Refused) -> Reply {
        let code = Code::parse(&refused.error.code).unwrap_or(Code::AnswerUnwritable);
        let trouble = Trouble::of(words, refused);
        let (title, mut lines) = match refused.status {
            403 => ("forbidden", vec![words.t("forbidden-about")]),
            400 | 404 => ("not-found", vec![words.t("not-found-about")]),
            409 | 410 | 422 => ("trouble", vec![trouble.what]),
            _ => ("failed", vec![words.t("failed-about")]),
        };
        if refused.status >= 500 {
            lines.push(words.a("failed-code", &[("x", Value::Text(&trouble.code))]));
        }
        let link = Some(("/console/requests".to_owned(), words.t("back-to-requests")));
        message(refused.status, self.shell(words, words.t(title)), lines, link).coded(code)
    }

    fn say(&self, words: &Words, status: u16, title: &str, lines: &[&str], link: Option<&str>) -> Reply {
        let lines = lines.iter().map(|line| words.t(line)).collect();
        let link = link.map(|href| {
            let name = if href.ends_with("sign-in") { "sign-in" } else { "back-to-requests" };
            (href.to_owned(), words.t(name))
        });
        message(status, self.shell(words, words.t(title)), lines, link)
    }

    fn shell<'w>(&self, words: &'w Words, title: String) -> Shell<'w> {
        Shell::bare(words, title, &self.settings.stage, self.api.app().outside.clock().now())
    }
}

impl Sender<'_> {
    /// Whether a form comes from a page of this host, as far as the browser says.
    fn is_ours(&self, host: &str) -> bool {
        let same_site = self.site.is_none_or(|site| matches!(site, "same-origin" | "none"));
        let origin = self.origin.and_then(|origin| origin.split_once("://"));
        same_site && self.origin.is_none_or(|_| origin.is_some_and(|(_, from)| from == host))
    }
}

/// The body of a call; `None` if it is too large or unreadable.
fn body(request: &ApiGatewayV2httpRequest) -> Option<Zeroizing<Vec<u8>>> {
    let text = request.body.as_deref().unwrap_or_default();
    if text.len() > MOST_BYTES / 3 * 4 + 4 {
        return None;
    }
    let bytes = if request.is_base64_encoded { BASE64.decode(text).ok()? } else { text.as_bytes().to_vec() };
    (bytes.len() <= MOST_BYTES).then(|| Zeroizing::new(bytes))
}

fn without_port(host: &str) -> &str {
    host.rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(host, _)| host)
}

fn known(method: &aws_lambda_events::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        _ => "another",
    }
}

/// The page of a path, for the log: without ids and without anything that somebody typed.
fn page_of(path: &str) -> &'static str {
    let mut segments = path.split('/').skip(2);
    match (segments.next(), segments.next(), segments.next()) {
        (Some("requests"), None, _) => "requests",
        (Some("requests"), Some("find"), None) => "find",
        (Some("requests"), Some(_), None) => "request",
        (Some("requests"), Some(_), Some("live")) => "live",
        (Some("requests"), Some(_), Some(_)) => "act",
        (Some("bulk"), ..) => "bulk",
        (Some("new"), ..) => "new",
        (Some("overview"), ..) => "overview",
        (Some("journal" | "journal.csv"), ..) => "journal",
        (Some("sign-in" | "link" | "sign-out"), ..) => "sign-in",
        (None | Some(""), ..) => "start",
        _ => "another",
    }
}
