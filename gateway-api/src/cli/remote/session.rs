//! The session: the gateway and the token of the last login. Credentials and client secrets are never stored.

use std::ffi::OsString;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use gateway_client::Address;
use gateway_core::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

/// Access for the owner alone.
const MODE: u32 = 0o600;

/// The document in the file.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Session {
    pub(super) url: Address,
    pub(super) client_id: String,
    pub(super) token: Secret,
    pub(super) expires_at: Timestamp,
}

impl Session {
    /// Reads a file, or returns `None` if there is none.
    pub(super) fn load(file: &Path) -> Result<Option<Self>> {
        let failed = |what: String| Error::invalid(format!("the session in `{}` {what}", file.display()));
        let metadata = match std::fs::metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(format!("cannot be read: {error}"))),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(failed("can be read by others; run `chmod 600` on it or log in again".to_owned()));
        }
        let text = std::fs::read_to_string(file).map(Zeroizing::new);
        let text = text.map_err(|error| failed(format!("cannot be read: {error}")))?;
        // The text of serde's error may quote the token.
        let session =
            serde_json::from_str(&text).map_err(|_| failed("cannot be parsed; log in again".to_owned()))?;
        Ok(Some(session))
    }

    /// Writes a file in one step, so that no reader sees a part of it.
    pub(super) fn save(&self, file: &Path) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::invalid(format!("cannot write the session to `{}`: {error}", file.display()))
        };
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let document = json!({
            "url": self.url, "client_id": self.client_id,
            "token": self.token.expose(), "expires_at": self.expires_at,
        });
        let text = Zeroizing::new(format!("{document:#}\n"));
        let beside = file.with_extension(format!("{}.new", std::process::id()));
        // A file left by a dead process with the same id would keep its mode.
        let _ = std::fs::remove_file(&beside);
        let mut options = std::fs::OpenOptions::new();
        let written = options.write(true).create_new(true).mode(MODE).open(&beside).and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()?;
            std::fs::rename(&beside, file)
        });
        written.map_err(|error| {
            let _ = std::fs::remove_file(&beside);
            failed(error)
        })
    }
}

/// Returns the file of the session: as given, or in the user's folder for configuration.
pub(super) fn file(given: Option<PathBuf>) -> Result<PathBuf> {
    match given {
        Some(file) => Ok(file),
        None => {
            default_file(std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME")).ok_or_else(|| {
                Error::new(
                    ErrorKind::Invalid,
                    "the session has no file because `HOME` is not set; name one with `--session`",
                )
            })
        }
    }
}

fn default_file(configuration: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The XDG specification says to ignore relative paths.
    let folder = configuration.map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder =
        folder.or_else(|| Some(PathBuf::from(home.filter(|home| !home.is_empty())?).join(".config")));
    Some(folder?.join("gateway").join("session.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(token: &str) -> Session {
        Session {
            url: "https://gateway.example".parse().unwrap(),
            client_id: "c".to_owned(),
            token: Secret::new(token),
            expires_at: Timestamp::from_seconds(1_800_000_000),
        }
    }

    #[test]
    fn session_reads_back_from_a_file_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("session.json");
        assert_eq!(Session::load(&file).unwrap(), None);
        for token in ["one", "two"] {
            session(token).save(&file).unwrap();
            assert_eq!(Session::load(&file).unwrap(), Some(session(token)));
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        }
        let mode = std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing lies beside it");
    }

    #[test]
    fn file_that_is_readable_by_others_or_malformed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.json");
        session("hunter2").save(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Session::load(&file).unwrap_err();
        assert!(error.message().contains("read by others"), "{error}");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(MODE)).unwrap();
        std::fs::write(&file, r#"{"token": ["hunter2"]}"#).unwrap();
        let error = Session::load(&file).unwrap_err();
        assert!(error.message().contains("log in again"), "{error}");
        assert!(!error.chain().contains("hunter2"));
    }

    #[test]
    fn default_file_follows_the_xdg_specification() {
        let place = |configuration: Option<&str>, home: Option<&str>| {
            default_file(configuration.map(Into::into), home.map(Into::into))
        };
        assert_eq!(place(Some("/c"), Some("/h")), Some("/c/gateway/session.json".into()));
        for ignored in [None, Some(""), Some("relative")] {
            assert_eq!(place(ignored, Some("/h")), Some("/h/.config/gateway/session.json".into()));
        }
        assert_eq!(place(None, Some("")), None);
        assert_eq!(place(None, None), None);
    }
}
