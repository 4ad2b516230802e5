//! Secrets inside envelopes: sealed by the front under the bus key, opened by the handler.

use gateway_core::Timestamp;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::envelope::{Body, Envelope};

const HEADER: &str = "authorization";
const MARK: &str = "sealed:";

/// Seals the `authorization` header, and the body when it holds secrets.
///
/// # Errors
/// Invalid, when the keyring has no active bus key.
pub fn seal_request(
    envelope: &mut Envelope,
    body_is_secret: bool,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<()> {
    let id = envelope.message_id;
    for (_, value) in envelope.headers.iter_mut().filter(|(name, _)| name == HEADER) {
        let sealed = seal::seal(keyring, Purpose::Bus, now, &place(id, HEADER), value.as_bytes())?;
        *value = format!("{MARK}{sealed}");
    }
    if body_is_secret {
        envelope.body = seal_body(&envelope.body, id, "request", keyring, now)?;
    }
    Ok(())
}

/// What a handler reads from an envelope once the seals are open.
#[derive(Debug)]
pub struct Opened {
    /// The `authorization` header in clear.
    pub authorization: Option<Secret>,
    /// The body's bytes.
    pub body: Zeroizing<Vec<u8>>,
    /// Secrets came sealed, so that secrets of the answer must be too.
    pub sealed: bool,
}

/// Opens the seals of a request. Secrets in clear are refused unless `accept_plain`.
///
/// # Errors
/// Invalid for a broken seal; forbidden for a secret in clear that is not accepted.
pub fn open_request(
    envelope: &Envelope,
    body_is_secret: bool,
    keyring: &Keyring,
    accept_plain: bool,
) -> Result<Opened> {
    let id = envelope.message_id;
    let refuse_plain = || {
        Err(Error::new(
            ErrorKind::Forbidden,
            "secrets in an envelope must be sealed, or sent over AMQPS to a gateway that accepts them in clear",
        ))
    };
    let mut sealed = false;
    let authorization = match envelope.header(HEADER) {
        None => None,
        Some(value) => match value.strip_prefix(MARK) {
            Some(seal) => {
                sealed = true;
                let plain = seal::open(keyring, Purpose::Bus, &place(id, HEADER), seal)?;
                let text =
                    std::str::from_utf8(&plain).map_err(|_| Error::invalid("authorization is not text"))?;
                Some(Secret::new(text))
            }
            None if accept_plain => Some(Secret::new(value)),
            None => return refuse_plain(),
        },
    };
    let body = match &envelope.body {
        Body::Sealed(seal) => {
            sealed = true;
            seal::open(keyring, Purpose::Bus, &place(id, "request"), seal)?
        }
        Body::None => Zeroizing::default(),
        _ if body_is_secret && !accept_plain => return refuse_plain(),
        body => {
            Zeroizing::new(body.to_bytes().ok_or_else(|| Error::invalid("the body is not valid base64"))?)
        }
    };
    Ok(Opened { authorization, body, sealed })
}

/// Seals the body of a reply.
///
/// # Errors
/// As [`seal_request`].
pub fn seal_reply(body: &Body, message_id: Uuid, keyring: &Keyring, now: Timestamp) -> Result<Body> {
    seal_body(body, message_id, "reply", keyring, now)
}

/// The bytes of a reply's body, sealed or not.
///
/// # Errors
/// Invalid for a broken seal or broken base64.
pub fn open_reply(body: &Body, message_id: Uuid, keyring: &Keyring) -> Result<Vec<u8>> {
    match body {
        Body::Sealed(seal) => {
            Ok(seal::open(keyring, Purpose::Bus, &place(message_id, "reply"), seal)?.to_vec())
        }
        body => body.to_bytes().ok_or_else(|| Error::invalid("the reply's body is not valid base64")),
    }
}

/// Seals a header of a reply that only the front may read.
///
/// # Errors
/// As [`seal_request`].
pub fn seal_header(
    text: &str,
    name: &str,
    message_id: Uuid,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<String> {
    seal::seal(keyring, Purpose::Bus, now, &place(message_id, name), text.as_bytes())
}

/// What was sealed by [`seal_header`].
///
/// # Errors
/// Invalid for a broken seal, and for one of another header or another reply.
pub fn open_header(
    sealed: &str,
    name: &str,
    message_id: Uuid,
    keyring: &Keyring,
) -> Result<Zeroizing<Vec<u8>>> {
    seal::open(keyring, Purpose::Bus, &place(message_id, name), sealed)
}

fn seal_body(body: &Body, id: Uuid, part: &str, keyring: &Keyring, now: Timestamp) -> Result<Body> {
    let bytes = Zeroizing::new(body.to_bytes().ok_or_else(|| Error::internal("sealed twice"))?);
    Ok(match bytes.len() {
        0 => Body::None,
        _ => Body::Sealed(seal::seal(keyring, Purpose::Bus, now, &place(id, part), &bytes)?),
    })
}

/// A seal opens only in the envelope and at the place that it was made for: no replay in another request.
fn place(message_id: Uuid, part: &str) -> String {
    format!("envelope|{message_id}|{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_header_opens_in_its_own_reply_alone() {
        let now = Timestamp::from_seconds(1000);
        let keyring = Keyring::generate(now).unwrap();
        let id = Uuid::now_v7();
        let sealed = seal_header("token", "x-a", id, &keyring, now).unwrap();
        assert!(!sealed.contains("token"));
        assert_eq!(&**open_header(&sealed, "x-a", id, &keyring).unwrap(), b"token");
        assert!(open_header(&sealed, "x-b", id, &keyring).is_err());
        assert!(open_header(&sealed, "x-a", Uuid::now_v7(), &keyring).is_err());
    }
}
