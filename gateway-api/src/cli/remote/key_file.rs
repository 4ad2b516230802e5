//! The file of a private key: there before the key is made, so that a key which is told once has a place.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;

/// For nobody but its owner: `ssh` takes no other.
const MODE: u32 = 0o600;

/// A file that is empty yet, and goes again when no key comes.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    file: File,
    written: bool,
}

impl KeyFile {
    /// Makes it. One that is there already is kept: it may be the only copy of another key.
    pub(super) fn reserve(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
        let file = file.map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), file, written: false })
    }

    /// Writes the key.
    pub(super) fn write(mut self, key: &Secret) -> Result<()> {
        let text = key.expose();
        // What `ssh` reads ends with a line end.
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.write_all(end.as_bytes()));
        written.and_then(|()| self.file.sync_all()).map_err(|error| failed(&self.path, &error))?;
        self.written = true;
        Ok(())
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if !self.written {
            // It is empty, and was made here.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid(format!("cannot keep the private key in {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_its_owners_alone_and_replaces_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("id");
        drop(KeyFile::reserve(&path).unwrap());
        assert!(!path.exists(), "no key came");
        KeyFile::reserve(&path).unwrap().write(&Secret::new("PRIVATE")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "PRIVATE\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, MODE);
        let error = KeyFile::reserve(&path).unwrap_err();
        assert!(error.message().contains("cannot keep the private key"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "PRIVATE\n");
    }
}
