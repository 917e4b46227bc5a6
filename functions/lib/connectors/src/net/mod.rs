//! How a vendor is reached: one client that goes to listed, public hosts over https and nowhere else.

mod address;
mod client;
mod retry_after;

pub use address::{Lookup, is_public};
pub(crate) use client::{Call, Operation, Trouble, refusal};
pub use client::{ClientError, Options, VendorClient};

use reqwest::Url;
use std::net::IpAddr;

/// How long a connection may take, name and TLS included. Shorter than any call's whole time, so
/// that "it never connected" and "it connected, and then nobody knows" are two different time-outs.
pub(crate) const CONNECT_SECONDS: u64 = 5;

/// Whether a text is the name of a host as a definition lists it: lower-case ASCII, at least two
/// labels, and no number at its end, which would make it an address.
pub(crate) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.split('.').count() >= 2
        && text.split('.').all(label)
        && text.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Reads a base URL: scheme and host alone.
///
/// # Errors
/// What is wrong with it; never the URL itself.
pub(crate) fn base_url(text: &str, hosts: &[String], allow_loopback: bool) -> Result<Url, String> {
    let shape = || match hosts.first() {
        Some(host) => format!("write scheme and host alone, such as https://{host}"),
        None => "write scheme and host alone".to_owned(),
    };
    let url = Url::parse(text).map_err(|_| shape())?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(shape());
    }
    check_url(&url, hosts, allow_loopback)?;
    Ok(url)
}

/// Whether a URL may be called at all. The name's addresses are checked when it is resolved.
///
/// # Errors
/// What is wrong with it; never the URL itself.
pub(crate) fn check_url(url: &Url, hosts: &[String], allow_loopback: bool) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user name or a password in it: take them out".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if allow_loopback && is_loopback(host) {
        return match url.scheme() {
            "http" | "https" => Ok(()),
            _ => Err("its scheme is neither http nor https".to_owned()),
        };
    }
    if !hosts.iter().any(|listed| listed == host) {
        return Err(format!("its host is not one that the connector may call ({})", hosts.join(", ")));
    }
    if url.scheme() != "https" {
        return Err("only https is allowed".to_owned());
    }
    if url.port().is_some() {
        return Err("it names a port: take it out".to_owned());
    }
    Ok(())
}

/// Whether a URL's host is this machine: `localhost` or a loopback address.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_lower_case_name_and_no_address() {
        for good in ["api.qualif.io", "a-b.example", "x1.xn--bcher-kva.example"] {
            assert!(is_host_name(good), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "API.example.com",
            "10.0.0.1",
            "0x7f.1",
            "api.example.com.",
            "api..example.com",
            "bücher.example",
            "https://api.example.com",
            "api.example.com:443",
            "[::1]",
            "-a.example",
            "a.b/c",
        ] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
