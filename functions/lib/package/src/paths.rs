//! Which data sources have files in the package, and at which paths.

use rightful_domain::documents::copy::SourceCopy;
use rightful_domain::model::task::Outcome;

/// Whether a data source's records are in the package.
pub fn has_files(copy: &SourceCopy) -> bool {
    copy.outcome == Outcome::Copied
}

pub fn json_path(copy: &SourceCopy) -> String {
    format!("{}/records.json", folder(copy))
}

pub fn csv_path(copy: &SourceCopy) -> String {
    format!("{}/records.csv", folder(copy))
}

/// The folder of a data source: its id, which can't contain a path. Windows reserves some names for devices
/// and unpacks no file under them, so such an id gets an underscore. No id contains one, so none collides.
pub fn folder(copy: &SourceCopy) -> String {
    let id = copy.source.as_str();
    let numbered = |name| {
        id.strip_prefix(name).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    if ["con", "prn", "aux", "nul"].contains(&id) || numbered("com") || numbered("lpt") {
        return format!("{id}_");
    }
    id.to_owned()
}
