//! The `Idempotency-Key` header.

use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::problem::Problem;
use crate::app::command::IdempotencyKey;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Reads the key of a request; none if it has no key.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| values.next().is_none());
    let invalid = || {
        Problem::new(
            "invalid-idempotency-key",
            "Invalid idempotency key",
            StatusCode::BAD_REQUEST,
            "`Idempotency-Key` must be one word of 1 to 255 visible ASCII characters",
        )
    };
    key.map(Some).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_key_is_refused() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, value.parse().unwrap());
            }
            key(&headers)
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["a-1"]).unwrap(), IdempotencyKey::parse("a-1"));
        for invalid in [&["a b"][..], &[""], &["a", "b"], &[&"x".repeat(256)]] {
            assert!(read(invalid).is_err(), "{invalid:?}");
        }
    }
}
