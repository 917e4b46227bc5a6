//! Which data sources have files in the package, and where these stand.

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

/// The data source's id, which no path can hide in; but some ids are names that Windows keeps for
/// devices and unpacks no file under. An underscore is in no id, so that none collides.
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
