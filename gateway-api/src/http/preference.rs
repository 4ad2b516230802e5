//! What a client prefers (RFC 7240).

use axum::http::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Whether it would rather have an answer at once than the outcome.
pub(crate) fn wants_no_wait(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| {
        word.split(';').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("respond-async"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_is_found_among_others() {
        let wants = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, value.parse().unwrap());
            wants_no_wait(&headers)
        };
        assert!(wants("respond-async") && wants("wait=10, Respond-Async; x=1"));
        assert!(!wants("return=minimal") && !wants_no_wait(&HeaderMap::new()));
    }
}
