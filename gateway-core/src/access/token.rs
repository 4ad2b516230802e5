//! Client tokens: compact JWS with HMAC-SHA256, issued by `CheckCredentials` only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::access::keyring::{Key, Keyring, Purpose};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{PrincipalId, TokenId};
use crate::secret::Secret;

/// The claims of a token. Times are seconds since 1970, as in RFC 7519.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The principal.
    pub sub: PrincipalId,
    /// The time of issue.
    pub iat: i64,
    /// The time of expiry.
    pub exp: i64,
    /// The token's own id, for revocation.
    pub jti: TokenId,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// The reason for which a token was refused. The caller learns no more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text is not a token.
    #[error("the token is malformed")]
    Malformed,
    /// No key of the keyring made the signature.
    #[error("the token's signature is not valid")]
    Forged,
    /// The time of expiry has passed.
    #[error("the token has expired")]
    Expired,
}

/// Signs claims with the active token key.
///
/// # Errors
/// Invalid, if the keyring has no active token key.
pub fn issue(keyring: &Keyring, claims: &Claims, now: Timestamp) -> Result<Secret> {
    let key = keyring.active(Purpose::Token, now)?;
    let header = Header { alg: "HS256".to_owned(), typ: "JWT".to_owned(), kid: key.kid.clone() };
    let encode = |json: Result<Vec<u8>, serde_json::Error>| {
        json.map(|json| BASE64.encode(json)).map_err(Error::internal)
    };
    let signed = format!("{}.{}", encode(serde_json::to_vec(&header))?, encode(serde_json::to_vec(claims))?);
    let signature = hmac::sign(&signing_key(key)?, signed.as_bytes());
    Ok(Secret::new(format!("{signed}.{}", BASE64.encode(signature.as_ref()))))
}

/// Checks form, signature and time. Revocation needs the store and is checked elsewhere.
///
/// # Errors
/// The [`Refusal`].
pub fn verify(keyring: &Keyring, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    let decode = |part: &str| BASE64.decode(part).map_err(|_| Refusal::Malformed);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::Malformed)?;
    if header.alg != "HS256" {
        return Err(Refusal::Forged);
    }
    let key = keyring.find(&header.kid).filter(|key| key.purpose == Purpose::Token).ok_or(Refusal::Forged)?;
    let key = signing_key(key).map_err(|_| Refusal::Forged)?;
    hmac::verify(&key, signed.as_bytes(), &decode(signature)?).map_err(|_| Refusal::Forged)?;
    let claims: Claims = serde_json::from_slice(&decode(claims)?).map_err(|_| Refusal::Malformed)?;
    if now.seconds() >= claims.exp { Err(Refusal::Expired) } else { Ok(claims) }
}

fn signing_key(key: &Key) -> Result<hmac::Key> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key.bytes()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims { sub: PrincipalId::generate(), iat: 100, exp: 200, jti: TokenId::generate() }
    }

    #[test]
    fn token_verifies_until_it_expires() {
        let ring = Keyring::generate(Timestamp(0)).unwrap();
        let claims = claims();
        let token = issue(&ring, &claims, Timestamp::from_seconds(100)).unwrap();
        assert_eq!(verify(&ring, token.expose(), Timestamp::from_seconds(199)), Ok(claims));
        assert_eq!(verify(&ring, token.expose(), Timestamp::from_seconds(200)), Err(Refusal::Expired));
    }

    #[test]
    fn token_of_another_keyring_or_algorithm_is_forged() {
        let (ours, theirs) =
            (Keyring::generate(Timestamp(0)).unwrap(), Keyring::generate(Timestamp(0)).unwrap());
        let now = Timestamp::from_seconds(100);
        let token = issue(&theirs, &claims(), now).unwrap();
        assert_eq!(verify(&ours, token.expose(), now), Err(Refusal::Forged));
        let none = BASE64.encode(r#"{"alg":"none","typ":"JWT","kid":""}"#);
        let body = BASE64.encode(serde_json::to_vec(&claims()).unwrap());
        assert_eq!(verify(&ours, &format!("{none}.{body}."), now), Err(Refusal::Forged));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_and_changed_tokens_are_refused(text in ".{0,80}", at in 0usize..300, to in "[A-Za-z0-9_-]") {
            let ring = Keyring::generate(Timestamp(0)).unwrap();
            let now = Timestamp::from_seconds(100);
            proptest::prop_assert!(verify(&ring, &text, now).is_err());
            let token = issue(&ring, &claims(), now).unwrap();
            let mut changed = token.expose().to_owned();
            let at = at % changed.len();
            changed.replace_range(at..=at, &to);
            // The last character of a base64 part carries unused bits: only other bytes count as changed.
            if changed != token.expose() {
                proptest::prop_assert!(verify(&ring, &changed, now).is_err());
            }
        }
    }
}
