//! E-mail addresses: their comparable form, and the spellings in which a vendor may hold them.

use idna::AsciiDenyList;
use unicode_normalization::UnicodeNormalization;

/// First the whole address respelled, then the domain alone.
pub(crate) fn email_spellings(local: &str, domain: &str) -> Vec<String> {
    let nfc = |text: &str| text.nfc().collect::<String>();
    let lower = |text: &str| text.to_lowercase();
    let mut all: Vec<String> = vec![
        format!("{}@{}", lower(local), lower(domain)),
        nfc(&format!("{local}@{domain}")),
        nfc(&format!("{}@{}", lower(local), lower(domain))),
    ];
    let a_label = ascii_domain(&nfc(domain)).unwrap_or_default();
    let (u_label, _) = idna::domain_to_unicode(&a_label);
    for local in [nfc(&lower(local)), nfc(local), local.to_owned()] {
        all.extend([&a_label, &u_label].map(|domain| format!("{local}@{domain}")));
    }
    all
}

/// The comparable form of an e-mail address; `None` when it is not one.
pub(crate) fn comparable_email(value: &str) -> Option<String> {
    let value: String = value.trim().nfc().collect();
    let (local, domain) = value.rsplit_once('@')?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>,;:()[]\\\"".contains(c);
    if local.is_empty() || local.contains('@') || local.chars().any(bad) || domain.chars().any(bad) {
        return None;
    }
    let domain = ascii_domain(domain)?;
    let local: String = local.to_lowercase().nfc().collect();
    Some(format!("{local}@{domain}"))
}

/// A domain of at least two labels, as lower-case A-labels. The only signs in a mail domain are `-`, `.` and,
/// in some old ones, `_`.
fn ascii_domain(domain: &str) -> Option<String> {
    const SIGNS: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), SIGNS).ok()?;
    // The root's dot is not part of the name: it doesn't turn a single label into two.
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    (domain.contains('.') && !domain.split('.').any(str::is_empty)).then(|| domain.to_owned())
}
