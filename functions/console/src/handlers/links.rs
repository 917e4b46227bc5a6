//! Links by which an operator signs in once on the pages, for deployments without a sign-in service.

use crate::answer::{Refusal, objection};
use crate::app::App;
use crate::call::Call;
use crate::docs::{CONSOLE, Docs, Example};
use crate::ports::{Operators as _, Outside};
use crate::role::Role;
use crate::success::Created;
use rightful_domain::base::canonical::hex;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::time::Time;
use rightful_domain::model::operator::{Operator, SignInLink};
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::ports::store::CommitError;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

/// How long a link works, in seconds.
const LINK_SECONDS: u64 = 600;

/// The most characters of an operator's name.
pub(crate) const LONGEST_NAME: usize = 120;

/// Who signs in by the link.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct NewLink {
    /// The name that people know you by, as the pages show it; the last part of your ARN if left out.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 120)))]
    name: Option<String>,
    /// The role on the pages; `administrator` if left out.
    role: Option<Role>,
}

/// A link by which you sign in once.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SignInLink"))]
pub(crate) struct LinkMade {
    /// Its path, after the address of the pages. It is a secret: whoever opens it acts in your name.
    path: String,
    /// When it expires.
    until: Time,
}

pub(crate) const NEW: Docs = Docs {
    id: "newSignInLink",
    subject: &CONSOLE,
    summary: "Make a link by which you sign in on the pages",
    description: "It works once, for ten minutes, and replaces an earlier one of yours. What you do on the pages \
        is recorded under your ARN. Only a deployment with the parameter `ConsoleSignInLinks` makes such links, and \
        the stage `prod` refuses that.",
    takes: Some(Example::Optional(r#"{"name": "Ann", "role": "reviewer"}"#)),
    success: &[(201, "Made.")],
    errors: &[Code::SignInLinksOff],
    ..Docs::NONE
};

/// Makes a link by which the caller signs in once.
pub(crate) async fn new<O: Outside>(
    app: &App<O>,
    call: &Call<'_, NewLink>,
) -> Result<Created<LinkMade>, Refusal> {
    let NewLink { name, role } = call.body()?;
    if !app.settings.sign_in_links {
        return Err(Refusal::new(
            Code::SignInLinksOff,
            "sign-in links are off here: sign in with your company's account, or deploy again with ConsoleSignInLinks",
        ));
    }
    let name = match name {
        Some(name) => named(&name).ok_or_else(|| {
            let what = format!("`name` is 1 to {LONGEST_NAME} characters without control characters");
            Refusal::new(Code::BodyMalformed, &what).with(objection("name", what))
        })?,
        None => call.actor.as_str().rsplit('/').next().unwrap_or_default().to_owned(),
    };
    let secret = secret()?;
    let until = app.outside.clock().now().plus_seconds(LINK_SECONDS);
    let link = SignInLink {
        digest: digest_of(&secret),
        role: role.unwrap_or(Role::Administrator).as_str().to_owned(),
        until,
    };
    let actor = call.actor.digest();
    let path = format!("/console/link?to={actor}.{secret}");
    for _ in 0..3 {
        let before = app.outside.operators().operator(&actor).await?;
        let before = before.unwrap_or_else(|| Operator::new(call.actor.clone(), name.clone()));
        let next = Operator { name: name.clone(), link: Some(link.clone()), ..before };
        match app.outside.operators().put_operator(&next).await {
            Ok(()) => return Ok(Created(LinkMade { path, until })),
            Err(CommitError::Stale) => {}
            Err(CommitError::Failed(failure)) => return Err(failure.into()),
        }
    }
    Err(Failure::of(Code::StoreBusy).into())
}

/// A name as it may be shown; `None` if it is empty, too long, or has control characters.
pub(crate) fn named(name: &str) -> Option<String> {
    let name = name.trim();
    let good = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    good.then(|| name.to_owned())
}

/// The digest of a link's secret, as its row holds it.
pub(crate) fn digest_of(secret: &str) -> String {
    hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// 256 bits that nobody guesses, in characters that a URL takes as they are.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn secret() -> Result<String, Failure> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::of(Code::AnswerUnwritable))?;
    Ok(hex(&bytes))
}
