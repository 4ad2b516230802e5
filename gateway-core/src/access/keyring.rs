//! The gateway's own keys: one file that every process reads, with overlapping rotation.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// The time from a new key's creation to its first use, in which every process reads it. A longer delay makes rotation
/// slow; one shorter than the interval at which processes read the file makes valid tokens fail.
pub const ACTIVATION_DELAY: Duration = Duration::from_secs(60);

/// The purpose of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signs client tokens (HMAC-SHA256).
    Token,
    /// Seals secrets in envelopes between front and handler.
    Bus,
    /// Seals cloud credentials at rest.
    Credential,
}

impl Purpose {
    /// Every purpose, in the order of the file.
    pub const ALL: [Self; 3] = [Self::Token, Self::Bus, Self::Credential];
}

/// A key.
#[derive(Clone, Serialize, Deserialize)]
pub struct Key {
    /// The name, which tokens and seals contain.
    pub kid: String,
    /// The purpose.
    pub purpose: Purpose,
    /// The time from which it signs and seals; it verifies and opens at once.
    pub active_from: Timestamp,
    secret: Zeroizing<String>,
}

impl Key {
    /// Makes a key of 32 random bytes.
    ///
    /// # Errors
    /// Internal, if the system has no randomness.
    pub fn generate(purpose: Purpose, active_from: Timestamp) -> Result<Self> {
        let random = SystemRandom::new();
        let (mut kid, mut secret) = ([0u8; 6], Zeroizing::new([0u8; 32]));
        random
            .fill(&mut kid)
            .and_then(|()| random.fill(&mut *secret))
            .map_err(|_| Error::internal("no randomness"))?;
        let kid = hex::encode(kid);
        Ok(Self { kid, purpose, active_from, secret: Zeroizing::new(BASE64.encode(*secret)) })
    }

    /// Returns the key's bytes.
    ///
    /// # Errors
    /// Invalid, if the file's text is not 32 bytes in base64.
    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        let bytes = BASE64.decode(self.secret.as_bytes()).map(Zeroizing::new);
        match bytes {
            Ok(bytes) if bytes.len() == 32 => Ok(bytes),
            _ => Err(Error::invalid(format!("key `{}` in the keyring is not 32 bytes in base64", self.kid))),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// All keys, including old ones that are not retired yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    keys: Vec<Key>,
}

impl Keyring {
    /// Makes a keyring with one active key for each purpose.
    ///
    /// # Errors
    /// As [`Key::generate`].
    pub fn generate(now: Timestamp) -> Result<Self> {
        let keys =
            Purpose::ALL.into_iter().map(|purpose| Key::generate(purpose, now)).collect::<Result<_>>()?;
        Ok(Self { keys })
    }

    /// Parses the JSON of the file or the environment.
    ///
    /// # Errors
    /// Invalid, without quoting the content.
    pub fn parse(text: &str) -> Result<Self> {
        let keyring: Self = serde_json::from_str(text).map_err(|error| {
            Error::invalid(format!("the keyring cannot be read: line {} is not valid", error.line()))
        })?;
        keyring.keys.iter().try_for_each(|key| key.bytes().map(drop))?;
        Ok(keyring)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Invalid, naming the file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            Error::invalid(format!("cannot read the keyring `{}`: {error}", path.display()))
        })?;
        Self::parse(&text)
    }

    /// Writes the file atomically, readable by its owner only.
    ///
    /// # Errors
    /// Invalid, naming the file.
    pub fn save(&self, path: &Path) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::invalid(format!("cannot write the keyring `{}`: {error}", path.display()))
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(self).map_err(Error::internal)?);
        let beside = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)
    }

    /// Adds a key that becomes active after [`ACTIVATION_DELAY`]. Returns its kid.
    ///
    /// # Errors
    /// As [`Key::generate`].
    pub fn rotate(&mut self, purpose: Purpose, now: Timestamp) -> Result<String> {
        let key = Key::generate(purpose, now.plus(ACTIVATION_DELAY))?;
        let kid = key.kid.clone();
        self.keys.push(key);
        Ok(kid)
    }

    /// Removes a key. Everything that it signed or sealed becomes invalid.
    ///
    /// # Errors
    /// Invalid, if there is no such key or it is the active one of its purpose.
    pub fn retire(&mut self, kid: &str, now: Timestamp) -> Result<()> {
        let key = self.find(kid).ok_or_else(|| Error::invalid(format!("the keyring has no key `{kid}`")))?;
        if self.active(key.purpose, now)?.kid == kid {
            return Err(Error::invalid(format!(
                "cannot retire key `{kid}`: it is the active one; rotate first, and wait until the new key is active"
            )));
        }
        self.keys.retain(|key| key.kid != kid);
        Ok(())
    }

    /// Returns the key that signs or seals now: the newest active one.
    ///
    /// # Errors
    /// Invalid, if the keyring has none for the purpose.
    pub fn active(&self, purpose: Purpose, now: Timestamp) -> Result<&Key> {
        self.keys
            .iter()
            .filter(|key| key.purpose == purpose && key.active_from <= now)
            .max_by_key(|key| key.active_from)
            .ok_or_else(|| Error::invalid(format!("the keyring has no active key for {purpose:?}")))
    }

    /// Returns the key of that name.
    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// Returns every key, oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_key_becomes_active_after_the_delay() {
        let start = Timestamp::from_seconds(1_000);
        let mut ring = Keyring::generate(start).unwrap();
        let old = ring.active(Purpose::Token, start).unwrap().kid.clone();
        let new = ring.rotate(Purpose::Token, start).unwrap();
        assert_eq!(ring.active(Purpose::Token, start).unwrap().kid, old);
        let later = start.plus(ACTIVATION_DELAY);
        assert_eq!(ring.active(Purpose::Token, later).unwrap().kid, new);
        assert!(ring.retire(&new, later).is_err(), "the active key stays");
        ring.retire(&old, later).unwrap();
        assert!(ring.find(&old).is_none());
    }

    #[test]
    fn keyring_reads_back_and_debug_hides_secrets() {
        let ring = Keyring::generate(Timestamp(0)).unwrap();
        let text = serde_json::to_string(&ring).unwrap();
        let back = Keyring::parse(&text).unwrap();
        assert_eq!(*back.keys()[0].bytes().unwrap(), *ring.keys()[0].bytes().unwrap());
        assert!(!format!("{ring:?}").contains(ring.keys()[0].secret.as_str()));
        assert!(Keyring::parse("{\"keys\":[{}]}").is_err());
    }
}
