//! The `Prefer` header (RFC 7240).

use axum::http::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Returns whether the client prefers an answer at once to the outcome.
pub(crate) fn is_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| {
        word.split(';').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("respond-async"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn respond_async_is_found_among_other_preferences() {
        let prefers = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, value.parse().unwrap());
            is_async(&headers)
        };
        assert!(prefers("respond-async") && prefers("wait=10, Respond-Async; x=1"));
        assert!(!prefers("return=minimal") && !is_async(&HeaderMap::new()));
    }
}
