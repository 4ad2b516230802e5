//! Client secrets: random, shown once, stored as a digest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gateway_core::error::{Error, Result};
use gateway_core::secret::Secret;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};

/// The secret of a client.
#[derive(Clone, Debug)]
pub struct ClientSecret(Secret);

impl ClientSecret {
    /// Generates a secret of 256 random bits.
    ///
    /// # Errors
    /// Internal, if the system cannot provide random bits.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0u8; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::internal("the system cannot provide random bits"))?;
        Ok(Self(Secret::new(BASE64.encode(bytes))))
    }

    /// Wraps the secret that a client sent.
    pub fn given(text: &str) -> Self {
        Self(Secret::new(text))
    }

    /// Returns the text, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the digest that the store keeps. SHA-256 suffices, because 256 random bits cannot be guessed.
    pub fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.0.expose().as_bytes()).as_ref().to_vec()
    }

    /// Returns whether the secret has this digest. The time of the comparison does not depend on the secret.
    pub fn matches(&self, hash: &[u8]) -> bool {
        // ring compares only HMAC tags in constant time, hence one fixed key for both sides.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
        hmac::verify(&key, &self.hash(), hmac::sign(&key, hash).as_ref()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_matches_only_its_own_digest() {
        let secret = ClientSecret::generate().unwrap();
        assert!(ClientSecret::given(secret.expose()).matches(&secret.hash()));
        assert!(!ClientSecret::generate().unwrap().matches(&secret.hash()));
        assert!(!secret.matches(b""));
    }
}
