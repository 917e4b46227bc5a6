//! The files that the pages load. Their names hold the beginning of their digest, so that a browser keeps each for
//! good; the whole digest stands in the page, and a browser loads nothing else under that name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rightful_domain::base::canonical::hex;
use ring::digest::{SHA256, SHA384, digest};
use std::sync::LazyLock;

/// A file.
pub(crate) struct Asset {
    stem: &'static str,
    extension: &'static str,
    pub kind: &'static str,
    pub bytes: &'static [u8],
}

/// htmx 2.0.11, as it is published; see assets/htmx.LICENSE.
pub(crate) const HTMX: Asset = script("htmx", include_bytes!("../../assets/htmx.min.js"));
/// Local times, dialogs, and what is said when there is no contact.
pub(crate) const CONSOLE: Asset = script("console", include_bytes!("../../assets/console.js"));
/// The one stylesheet.
pub(crate) const STYLE: Asset = Asset {
    stem: "console",
    extension: "css",
    kind: "text/css; charset=utf-8",
    bytes: include_bytes!("../../assets/console.css"),
};

/// The sign in the browser's list of windows.
pub(crate) const ICON: Asset = Asset {
    stem: "icon",
    extension: "svg",
    kind: "image/svg+xml",
    bytes: include_bytes!("../../assets/icon.svg"),
};

pub(crate) const ALL: [Asset; 4] = [HTMX, CONSOLE, STYLE, ICON];

const fn script(stem: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { stem, extension: "js", kind: "text/javascript; charset=utf-8", bytes }
}

impl Asset {
    /// The path.
    pub fn path(&self) -> String {
        format!("/console/static/{}", self.name())
    }

    /// The name, without its folder.
    pub fn name(&self) -> &'static str {
        self.named().map_or("", |one| one.name.as_str())
    }

    /// The digest, as a page names it.
    pub fn integrity(&self) -> &'static str {
        self.named().map_or("", |one| one.integrity.as_str())
    }

    fn named(&self) -> Option<&'static Named> {
        let place = ALL.iter().position(|one| (one.stem, one.extension) == (self.stem, self.extension));
        NAMED.get(place?)
    }
}

/// What a file's content gives it.
struct Named {
    name: String,
    integrity: String,
}

/// Of each file, computed once.
static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let named = |one: &Asset| Named {
        name: format!("{}-{}.{}", one.stem, hex(&digest(&SHA256, one.bytes).as_ref()[..6]), one.extension),
        integrity: format!("sha384-{}", BASE64.encode(digest(&SHA384, one.bytes))),
    };
    ALL.iter().map(named).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn htmx_is_as_it_is_published() {
        // The digest of dist/htmx.min.js in htmx.org 2.0.11 of the npm registry.
        assert_eq!(
            HTMX.integrity(),
            "sha384-2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"
        );
    }
}
