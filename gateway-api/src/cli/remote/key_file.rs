//! The file of a private key. It is created before the key, so that a one-time output is not lost for lack of a file.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;

/// Access for the owner alone, as `ssh` requires.
const MODE: u32 = 0o600;

/// A new, empty file that is removed unless a key is written.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl KeyFile {
    /// Creates the file. An existing file is refused: it may be the only copy of another key.
    pub(super) fn reserve(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
        let file = file.map_err(|error| failed(path, &error))?;
        Ok(Self { path: path.to_owned(), file, is_written: false })
    }

    /// Writes the key.
    pub(super) fn write(mut self, key: &Secret) -> Result<()> {
        let text = key.expose();
        // `ssh` requires a newline at the end.
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.write_all(end.as_bytes()));
        written.and_then(|()| self.file.sync_all()).map_err(|error| failed(&self.path, &error))?;
        self.is_written = true;
        Ok(())
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        if !self.is_written {
            // The file is empty, and this process created it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid(format!("cannot write the private key to `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn key_file_is_for_its_owner_alone_and_replaces_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("id");
        drop(KeyFile::reserve(&path).unwrap());
        assert!(!path.exists(), "no key was written");
        KeyFile::reserve(&path).unwrap().write(&Secret::new("PRIVATE")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "PRIVATE\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, MODE);
        let error = KeyFile::reserve(&path).unwrap_err();
        assert!(error.message().contains("cannot write the private key"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "PRIVATE\n");
    }
}
