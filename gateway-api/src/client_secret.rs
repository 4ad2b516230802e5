//! Secrets of clients: random, shown once, kept as a digest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};

/// A client's secret.
#[derive(Clone, Debug)]
pub struct ClientSecret(Secret);

impl ClientSecret {
    /// 256 random bits.
    ///
    /// # Errors
    /// Internal, when the system has no randomness to give.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0u8; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
        Ok(Self(Secret::new(BASE64.encode(bytes))))
    }

    /// What a client sent.
    pub fn given(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the store keeps. Plain SHA-256: nobody guesses 256 random bits, however fast the hash.
    pub fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.0.expose().as_bytes()).as_ref().to_vec()
    }

    /// Whether this is the secret behind that hash, in a time that does not tell how much of it is right.
    pub fn matches(&self, hash: &[u8]) -> bool {
        // Both sides under one throw-away key: ring's constant-time comparison is for tags.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
        hmac::verify(&key, &self.hash(), hmac::sign(&key, hash).as_ref()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let secret = ClientSecret::generate().unwrap();
        assert!(ClientSecret::given(secret.expose()).matches(&secret.hash()));
        assert!(!ClientSecret::generate().unwrap().matches(&secret.hash()));
        assert!(!secret.matches(b""));
    }
}
