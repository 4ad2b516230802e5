//! Sealing of secrets in envelopes: the front seals them under the bus key, and the handler opens them.

use gateway_core::Timestamp;
use gateway_core::access::keyring::{Keyring, Purpose};
use gateway_core::access::seal;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::secret::Secret;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::envelope::{Body, Envelope};

/// The request header that is always sealed.
const HEADER: &str = "authorization";
/// The text in front of a sealed header.
const MARK: &str = "sealed:";

/// Seals the `authorization` header, and the body if it holds secrets.
///
/// # Errors
/// Invalid, if the keyring has no active bus key.
pub fn seal_request(
    envelope: &mut Envelope,
    body_is_secret: bool,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<()> {
    let id = envelope.message_id;
    for (_, value) in envelope.headers.iter_mut().filter(|(name, _)| name == HEADER) {
        let sealed = seal::seal(keyring, Purpose::Bus, now, &context(id, HEADER), value.as_bytes())?;
        *value = format!("{MARK}{sealed}");
    }
    if body_is_secret {
        envelope.body = seal_body(&envelope.body, id, "request", keyring, now)?;
    }
    Ok(())
}

/// The opened content of an envelope.
#[derive(Debug)]
pub struct Opened {
    /// The `authorization` header in clear.
    pub authorization: Option<Secret>,
    /// The body's bytes.
    pub body: Zeroizing<Vec<u8>>,
    /// Whether secrets were sealed, so that secrets of the answer must be sealed too.
    pub sealed: bool,
}

/// Opens the seals of a request. Secrets in clear are refused unless `accept_plain`.
///
/// # Errors
/// Invalid, for a broken seal; forbidden, for a secret in clear that is not accepted.
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
                let plain = seal::open(keyring, Purpose::Bus, &context(id, HEADER), seal)?;
                let text =
                    std::str::from_utf8(&plain).map_err(|_| Error::invalid("`authorization` is not text"))?;
                Some(Secret::new(text))
            }
            None if accept_plain => Some(Secret::new(value)),
            None => return refuse_plain(),
        },
    };
    let body = match &envelope.body {
        Body::Sealed(seal) => {
            sealed = true;
            seal::open(keyring, Purpose::Bus, &context(id, "request"), seal)?
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
/// The errors of [`seal_request`].
pub fn seal_reply(body: &Body, message_id: Uuid, keyring: &Keyring, now: Timestamp) -> Result<Body> {
    seal_body(body, message_id, "reply", keyring, now)
}

/// Returns the bytes of a reply's body, sealed or not.
///
/// # Errors
/// Invalid, for a broken seal or invalid base64.
pub fn open_reply(body: &Body, message_id: Uuid, keyring: &Keyring) -> Result<Vec<u8>> {
    match body {
        Body::Sealed(seal) => {
            Ok(seal::open(keyring, Purpose::Bus, &context(message_id, "reply"), seal)?.to_vec())
        }
        body => body.to_bytes().ok_or_else(|| Error::invalid("the reply's body is not valid base64")),
    }
}

/// Seals a header of a reply that only the front may read.
///
/// # Errors
/// The errors of [`seal_request`].
pub fn seal_header(
    text: &str,
    name: &str,
    message_id: Uuid,
    keyring: &Keyring,
    now: Timestamp,
) -> Result<String> {
    seal::seal(keyring, Purpose::Bus, now, &context(message_id, name), text.as_bytes())
}

/// Opens a header that [`seal_header`] sealed.
///
/// # Errors
/// Invalid, for a broken seal and for a seal of another header or reply.
pub fn open_header(
    sealed: &str,
    name: &str,
    message_id: Uuid,
    keyring: &Keyring,
) -> Result<Zeroizing<Vec<u8>>> {
    seal::open(keyring, Purpose::Bus, &context(message_id, name), sealed)
}

fn seal_body(body: &Body, id: Uuid, part: &str, keyring: &Keyring, now: Timestamp) -> Result<Body> {
    let bytes = Zeroizing::new(body.to_bytes().ok_or_else(|| Error::internal("a body was sealed twice"))?);
    Ok(match bytes.len() {
        0 => Body::None,
        _ => Body::Sealed(seal::seal(keyring, Purpose::Bus, now, &context(id, part), &bytes)?),
    })
}

/// Returns the context of a seal. It binds the seal to one part of one message, so that another request cannot reuse it.
fn context(message_id: Uuid, part: &str) -> String {
    format!("envelope|{message_id}|{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_header_opens_only_in_its_own_reply() {
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
