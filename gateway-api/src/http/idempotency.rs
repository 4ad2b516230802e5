//! Requests that are the same: their keys and digests.

use axum::http::{HeaderMap, HeaderName, StatusCode};
use gateway_core::id::ResourceId;
use serde_json::Value;
use uuid::Uuid;

use super::problem::Problem;

/// The header that says: however often this comes, do it once.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key.
const LONGEST: usize = 255;

/// What a client sent in `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// The key of a request, if it has one.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        let fine = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fine || values.next().is_some() {
            return Err(Problem::new(
                "bad-key",
                "The idempotency key is not valid",
                StatusCode::BAD_REQUEST,
                "Idempotency-Key must be one word of 1 to 255 visible ASCII characters",
            ));
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// The key of a request that was sent without one: it may be delivered twice. No client can send it.
    pub(crate) fn of_message(message: Uuid) -> Self {
        Self(format!(" {message}"))
    }

    /// How the keys of all parts begin.
    pub(crate) fn start_of_parts(&self) -> String {
        format!("{} ", self.0)
    }

    /// The key of one part of a request that is about several resources.
    pub(crate) fn of_part(&self, id: ResourceId) -> Self {
        Self(format!("{} {id}", self.0))
    }

    /// As the store keeps it.
    pub(crate) fn stored(&self) -> String {
        self.0.clone()
    }
}

/// What tells requests apart: SHA-256 of path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// The digest of a request. Objects compare by content: their keys are in order.
    pub(crate) fn of(path: &str, order: &Value) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(path.as_bytes());
        context.update(&[0]);
        context.update(order.to_string().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Self(digest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_one_visible_word() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, value.parse().unwrap());
            }
            Key::read(&headers).map(|key| key.map(|key| key.0))
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["a-1"]).unwrap().as_deref(), Some("a-1"));
        for wrong in [&["a b"][..], &[""], &["a", "b"], &[&"x".repeat(256)]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn digests_follow_content() {
        let digest = |path: &str, text: &str| Digest::of(path, &serde_json::from_str(text).unwrap());
        assert_eq!(digest("/a", r#"{"a":1,"b":2}"#), digest("/a", r#"{ "b": 2, "a": 1 }"#));
        assert_ne!(digest("/a", r#"{"a":1}"#), digest("/b", r#"{"a":1}"#));
        assert_ne!(Digest::of("/a", &json!({})), Digest::of("/a", &json!({ "a": null })));
    }
}
