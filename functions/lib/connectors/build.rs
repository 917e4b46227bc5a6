//! Lists the folders of `definitions/`, so that adding a connector is adding a folder.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    // Read at run time: `env!` would name the checkout in which this script was compiled.
    let crate_folder = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&crate_folder).join("definitions");
    let target = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        if entry.path().join("connector.yaml").is_file() {
            names.push(entry.file_name().into_string().map_err(|_| "a folder's name is not UTF-8")?);
        }
    }
    names.sort();

    let mut code = String::from("pub(crate) const EMBEDDED: &[(&str, &str)] = &[\n");
    for name in names {
        let file = folder.join(&name).join("connector.yaml");
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string())?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&target).join("embedded.rs"), code)?;
    Ok(())
}
