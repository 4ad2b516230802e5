//! The keys of a running process, reloaded when their file changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use gateway_core::access::keyring::{ACTIVATION_DELAY, Keyring};
use gateway_core::config::KeyringSource;
use gateway_core::error::Result;
use tokio_util::sync::CancellationToken;

/// Time between checks of the file. A longer time must stay well below [`ACTIVATION_DELAY`], so that every process has a
/// rotated key before it is used; a shorter one costs more calls of `stat`.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

const _: () = assert!(CHECK_INTERVAL.as_secs() * 3 < ACTIVATION_DELAY.as_secs());

/// The keyring of a process. Clones share it.
#[derive(Clone, Debug)]
pub struct KeyringHandle {
    current: Arc<RwLock<Arc<Keyring>>>,
    /// None if the keys come from the environment, which does not change.
    file: Option<PathBuf>,
}

impl KeyringHandle {
    /// Creates a handle for keys that do not change.
    pub fn fixed(keyring: Keyring) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(keyring))), file: None }
    }

    /// Reads the keys: from `text` (the variable `GATEWAY_KEYRING`) if given, else from the file.
    ///
    /// # Errors
    /// Invalid, naming the file.
    pub fn load(source: &KeyringSource, text: Option<&str>) -> Result<Self> {
        if let Some(text) = text {
            return Ok(Self::fixed(Keyring::parse(text)?));
        }
        let file = PathBuf::from(&source.file);
        Ok(Self { file: Some(file.clone()), ..Self::fixed(Keyring::load(&file)?) })
    }

    /// Returns the current keys.
    pub fn get(&self) -> Arc<Keyring> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reloads the file when it changes, until `stop`. An unreadable file leaves the keys unchanged.
    pub async fn watch(&self, stop: CancellationToken) {
        let Some(file) = &self.file else { return };
        // The file may have changed since the keys were read, so that the first check reads them again.
        let mut seen = None;
        loop {
            self.reload(file, &mut seen).await;
            if stop.run_until_cancelled(tokio::time::sleep(CHECK_INTERVAL)).await.is_none() {
                return;
            }
        }
    }

    /// Reads the file if its time has changed.
    async fn reload(&self, file: &Path, seen: &mut Option<SystemTime>) {
        let found = modified(file).await;
        if found.is_none() || found == *seen {
            return;
        }
        match Keyring::load(file) {
            Ok(keyring) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
                *seen = found;
            }
            Err(error) => tracing::error!(error = error.chain(), "keyring file cannot be read"),
        }
    }
}

async fn modified(file: &Path) -> Option<SystemTime> {
    tokio::fs::metadata(file).await.ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use gateway_core::Timestamp;
    use gateway_core::access::keyring::Purpose;

    use super::*;

    #[tokio::test]
    async fn rotated_key_is_loaded_and_broken_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keyring.json");
        let mut keyring = Keyring::generate(Timestamp(0)).unwrap();
        keyring.save(&file).unwrap();
        let source = KeyringSource { file: file.display().to_string() };
        let handle = KeyringHandle::load(&source, None).unwrap();
        let clone = handle.clone();
        let kid = keyring.rotate(Purpose::Token, Timestamp(0)).unwrap();
        keyring.save(&file).unwrap();
        let mut seen = None;
        handle.reload(&file, &mut seen).await;
        assert!(clone.get().find(&kid).is_some());
        std::fs::write(&file, "{").unwrap();
        handle.reload(&file, &mut None).await;
        assert!(clone.get().find(&kid).is_some());
        assert!(KeyringHandle::load(&source, None).is_err());
    }
}
