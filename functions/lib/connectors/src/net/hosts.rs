//! Which hosts and URLs may be called, judged by spelling alone. The addresses behind a name are checked when
//! it is resolved.

use reqwest::Url;
use std::net::IpAddr;

/// Whether a text is a host name as a definition lists it: lower-case ASCII, at least two labels, and no
/// number at the end, which would make it an address.
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

/// The endings that RFC 6761, 6762, 7686, 8375 and 9476 (and ICANN, for `internal`) keep out of the public DNS.
const NOT_PUBLIC: [&str; 8] =
    ["localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt"];

/// Checks a host as an operator gives it: a name in the public DNS and nothing else. Where loopback is allowed,
/// it may also be this machine, with or without a port. The addresses behind the name are checked when it is
/// called.
///
/// # Errors
/// Says what is wrong, and never repeats the text.
pub(crate) fn operators_host(text: &str, allow_loopback: bool) -> Result<(), String> {
    if allow_loopback && is_loopback_authority(text) {
        return Ok(());
    }
    if !is_host_name(text) {
        return Err(
            "is not a host name: give lower-case ASCII without scheme, port or path, and no IP address"
                .to_owned(),
        );
    }
    let ends_with = |end: &&str| text.strip_suffix(*end).is_some_and(|rest| rest.ends_with('.'));
    if NOT_PUBLIC.iter().any(ends_with) {
        return Err("is not a name in the public DNS".to_owned());
    }
    Ok(())
}

/// Whether a text is this machine, with or without a port, and nothing else.
pub(crate) fn is_loopback_authority(text: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{text}")) else { return false };
    let host = url.host_str().unwrap_or_default();
    // Compared as written: the parser reads other spellings as the same address.
    let port = text.strip_prefix(host).and_then(|rest| rest.strip_prefix(':'));
    let whole = text == host || port.is_some_and(|port| port.parse::<u16>().is_ok());
    whole && is_loopback(host)
}

/// Reads a base URL: scheme and host alone.
///
/// # Errors
/// Says what is wrong, and never repeats the URL.
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

/// Checks that a URL may be called at all. The addresses behind its name are checked when it is resolved.
///
/// # Errors
/// Says what is wrong, and never repeats the URL.
pub(crate) fn check_url(url: &Url, hosts: &[String], allow_loopback: bool) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password: remove them".to_owned());
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
        return Err("it names a port: remove it".to_owned());
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
    fn an_operators_host_is_a_name_in_the_public_dns() {
        for good in ["privacy.example.com", "a.b-c.example", "localhost.example.com", "xn--bcher-kva.example"]
        {
            assert_eq!(operators_host(good, false), Ok(()), "{good}");
            assert_eq!(operators_host(good, true), Ok(()), "{good}");
        }
        for bad in [
            "",
            "privacy",
            "Privacy.example.com",
            "https://privacy.example.com",
            "privacy.example.com/",
            "privacy.example.com:443",
            "privacy.example.com:8443",
            "user@privacy.example.com",
            "privacy.example.com?x",
            "privacy.example.com#x",
            "privacy.example.com\\x",
            "10.0.0.1",
            "1.1.1.1",
            "0x7f.1",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
            "2130706433",
            "a.localhost",
            "printer.local",
            "metadata.google.internal",
            "router.home.arpa",
            "x.test",
            "x.invalid",
            "x.onion",
            "127.0.0.1.",
            "127.0.0.1/x",
            "x@127.0.0.1",
            "localhost.",
        ] {
            for allow_loopback in [false, true] {
                let wrong = operators_host(bad, allow_loopback).unwrap_err();
                assert!(bad.is_empty() || !wrong.contains(bad), "{bad}");
            }
        }
        for here in ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080"] {
            assert!(operators_host(here, false).is_err(), "{here}");
            assert_eq!(operators_host(here, true), Ok(()), "{here}");
        }
    }

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
