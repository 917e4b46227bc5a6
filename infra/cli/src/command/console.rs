//! `rightful console`.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::args::command_line::ConsoleArgs;
use crate::terminal::error::command_error;
use crate::terminal::exit_code::OK;
use crate::terminal::format::utc;
use crate::terminal::output::Out;
use anyhow::Result;
use reqwest::Method;
use rightful_domain::base::time::Time;
use serde::Deserialize;
use serde_json::json;

/// The answer of the API.
#[derive(Deserialize)]
struct SignInLink {
    path: String,
    until: Time,
}

/// Makes a link by which the caller signs in once, and prints it.
pub async fn sign_in_link(out: Out, deployment: &Deployment, args: &ConsoleArgs) -> Result<u8> {
    let pages = deployment.stack.console_url.as_deref().ok_or_else(|| {
        command_error(
            format!("the stack file {} has no `console_url`", deployment.file.display()),
            "write it again with `make up` or `make deploy`",
        )
    })?;
    let mut body = json!({"role": args.role});
    if let Some(name) = &args.name {
        body["name"] = json!(name);
    }
    let call = Call::with_body(Method::POST, "/console/link", &body)?;
    let made: SignInLink = deployment.api.call(call).await?;
    let url = address(pages, &made.path);
    if out.json {
        out.value(&json!({"url": url, "until": made.until}))?;
    } else {
        out.line(&url)?;
        out.line(format_args!("  open it in a browser; it works once, until {}", utc(made.until)))?;
    }
    Ok(OK)
}

/// The whole address of a path under the pages' own.
fn address(pages: &str, path: &str) -> String {
    format!("{}{path}", pages.trim_end_matches('/').trim_end_matches("/console"))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_link_stands_under_the_address_of_the_pages() {
        for pages in ["https://privacy.example.com/console", "https://privacy.example.com/console/"] {
            assert_eq!(
                address(pages, "/console/link?to=a.b"),
                "https://privacy.example.com/console/link?to=a.b"
            );
        }
    }
}
