//! Sealing of secrets at rest and in envelopes: AES-256-GCM, bound to the secret's context.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::access::keyring::{Key, Keyring, Purpose};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

const VERSION: &str = "v1";

/// Seals with the active key of the purpose. `context` names the owner of the secret, such as principal and account, as
/// associated data: a seal that is copied to another row does not open.
///
/// The form is `v1.KID.BASE64URL(nonce, ciphertext, tag)`.
///
/// # Errors
/// Invalid, if the keyring has no active key; internal, if the system has no randomness.
pub fn seal(
    keyring: &Keyring,
    purpose: Purpose,
    now: Timestamp,
    context: &str,
    plain: &[u8],
) -> Result<String> {
    let key = keyring.active(purpose, now)?;
    let mut nonce = [0u8; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| Error::internal("no randomness"))?;
    let mut text = plain.to_vec();
    aead(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(purpose, context), &mut text)
        .map_err(|_| Error::internal("sealing failed"))?;
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&text);
    Ok(format!("{VERSION}.{}.{}", key.kid, BASE64.encode(bytes)))
}

/// Opens a seal that [`seal`] made for the same purpose and context.
///
/// # Errors
/// Invalid, if the keyring lacks the key, or the seal was made for another context or changed.
pub fn open(keyring: &Keyring, purpose: Purpose, context: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>> {
    let refused = || Error::invalid("a sealed secret cannot be opened");
    let mut parts = sealed.splitn(3, '.');
    let (Some(VERSION), Some(kid), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(refused().with("reason", "form"));
    };
    let key = keyring
        .find(kid)
        .filter(|key| key.purpose == purpose)
        .ok_or_else(|| refused().with("reason", "unknown key").with("kid", kid))?;
    let mut bytes = Zeroizing::new(BASE64.decode(body).map_err(|_| refused().with("reason", "base64"))?);
    if bytes.len() < NONCE_LEN {
        return Err(refused().with("reason", "length"));
    }
    let nonce = Nonce::try_assume_unique_for_key(&bytes[..NONCE_LEN]).map_err(|_| refused())?;
    let plain = aead(key)?
        .open_within(nonce, aad(purpose, context), &mut bytes, NONCE_LEN..)
        .map_err(|_| refused().with("reason", "authentication"))?;
    Ok(Zeroizing::new(plain.to_vec()))
}

/// Returns the kid of the key that sealed a text, to find seals of old keys after a rotation.
pub fn kid(sealed: &str) -> Option<&str> {
    sealed.split('.').nth(1)
}

fn aead(key: &Key) -> Result<LessSafeKey> {
    let unbound = UnboundKey::new(&AES_256_GCM, &key.bytes()?).map_err(|_| Error::internal("key length"))?;
    Ok(LessSafeKey::new(unbound))
}

fn aad(purpose: Purpose, context: &str) -> Aad<Vec<u8>> {
    Aad::from(format!("{purpose:?}\0{context}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seal_opens_only_for_its_purpose_and_context() {
        let ring = Keyring::generate(Timestamp(0)).unwrap();
        let sealed = seal(&ring, Purpose::Credential, Timestamp(1), "p/a", b"hunter2").unwrap();
        assert_eq!(&**open(&ring, Purpose::Credential, "p/a", &sealed).unwrap(), b"hunter2");
        assert!(open(&ring, Purpose::Credential, "p/b", &sealed).is_err());
        assert!(open(&ring, Purpose::Bus, "p/a", &sealed).is_err());
        let mut broken = sealed.clone();
        let last = if broken.pop() == Some('A') { 'B' } else { 'A' };
        broken.push(last);
        assert!(open(&ring, Purpose::Credential, "p/a", &broken).is_err());
        assert!(!sealed.contains("hunter2"));
        for text in ["", "v1", "v1.x.", "v2.a.b", "v1..!!"] {
            assert!(open(&ring, Purpose::Credential, "p/a", text).is_err(), "{text}");
        }
    }
}
