//! The gateway's keys as a running process holds them: read anew when their file changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use gateway_core::access::keyring::{ACTIVATION_DELAY, Keyring};
use gateway_core::config::KeyringSource;
use gateway_core::error::Result;
use tokio_util::sync::CancellationToken;

/// How often the file is looked at. Longer must stay well under [`ACTIVATION_DELAY`], or a rotated key is
/// used before everybody knows it; shorter only costs a `stat`.
const LOOK_EVERY: Duration = Duration::from_secs(10);

const _: () = assert!(LOOK_EVERY.as_secs() * 3 < ACTIVATION_DELAY.as_secs());

/// The keyring, shared and replaceable. Clones see the same one.
#[derive(Clone, Debug)]
pub struct KeyringHandle {
    current: Arc<RwLock<Arc<Keyring>>>,
    /// None when the keys came from the environment, which does not change.
    file: Option<PathBuf>,
}

impl KeyringHandle {
    /// Keys that stay as they are.
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

    /// The keys as they are now.
    pub fn get(&self) -> Arc<Keyring> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows the file until `stop`. A file that cannot be read leaves the keys as they were.
    pub async fn watch(&self, stop: CancellationToken) {
        let Some(file) = &self.file else { return };
        // Not known when the keys were read: the first look reads them once more.
        let mut seen = None;
        loop {
            self.look(file, &mut seen).await;
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Reads the file if it is not the one that was seen.
    async fn look(&self, file: &Path, seen: &mut Option<SystemTime>) {
        let found = modified(file).await;
        if found.is_none() || found == *seen {
            return;
        }
        match Keyring::load(file) {
            Ok(keyring) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
                *seen = found;
            }
            Err(error) => tracing::error!(error = error.chain(), "the keyring stays as it was"),
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
    async fn a_rotated_key_is_known_and_a_broken_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keyring.json");
        let mut keyring = Keyring::generate(Timestamp(0)).unwrap();
        keyring.save(&file).unwrap();
        let source = KeyringSource { file: file.display().to_string() };
        let handle = KeyringHandle::load(&source, None).unwrap();
        let everywhere = handle.clone();
        let kid = keyring.rotate(Purpose::Token, Timestamp(0)).unwrap();
        keyring.save(&file).unwrap();
        let mut seen = None;
        handle.look(&file, &mut seen).await;
        assert!(everywhere.get().find(&kid).is_some());
        std::fs::write(&file, "{").unwrap();
        handle.look(&file, &mut None).await;
        assert!(everywhere.get().find(&kid).is_some());
        assert!(KeyringHandle::load(&source, None).is_err());
    }
}
