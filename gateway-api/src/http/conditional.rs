//! Conditional requests: entity tags, their comparison, and the headers that belong to a representation.

use std::time::Duration;

use axum::http::header::{AGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest;

/// A weak entity tag: a digest of everything that a response depends on, except the URL and ages. A response whose records
/// have only become older keeps its tag; the `Age` header states the age.
pub(crate) struct EntityTag(digest::Context);

impl EntityTag {
    /// Starts a tag of this release.
    pub(crate) fn new() -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        // Another release may render the same records differently.
        context.update(env!("CARGO_PKG_VERSION").as_bytes());
        Self(context)
    }

    /// Adds one part. Its length comes first, so that parts do not run together.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn finish(self) -> String {
        format!("W/\"{}\"", BASE64.encode(&self.0.finish().as_ref()[..12]))
    }
}

/// The metadata of a representation.
pub(crate) struct Representation {
    pub(crate) tag: EntityTag,
    /// The age of the oldest part; none if a part has no age.
    pub(crate) age: Option<Duration>,
    /// The path and query of the next page.
    pub(crate) next: Option<String>,
}

impl Representation {
    /// Returns the response, or 304 if the client has it already.
    pub(crate) fn respond<B: IntoResponse>(self, headers: &HeaderMap, body: impl FnOnce() -> B) -> Response {
        let tag = self.tag.finish();
        let known = headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value, &tag));
        let mut response =
            if known { StatusCode::NOT_MODIFIED.into_response() } else { body().into_response() };
        let own = response.headers_mut();
        let mut set = |name, text: &str| {
            // Base64, digits and percent-encoded text are always valid.
            if let Ok(value) = HeaderValue::from_str(text) {
                own.insert(name, value);
            }
        };
        set(ETAG, &tag);
        set(CACHE_CONTROL, "private, no-cache");
        set(VARY, "authorization");
        if let Some(age) = self.age {
            set(AGE, &age.as_secs().to_string());
        }
        if let Some(next) = self.next {
            set(LINK, &format!("<{next}>; rel=\"next\""));
        }
        response
    }
}

/// Returns whether an `If-None-Match` names a tag, by weak comparison (RFC 9110, 13.1.2).
fn names(value: &HeaderValue, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(text) = value.to_str() else { return false };
    text.trim() == "*" || text.split(',').any(|given| opaque(given) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_matches_weak_or_strong_alone_or_in_a_list() {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        for text in ["W/\"ab\"", "\"ab\"", "\"x\", W/\"ab\"", "*"] {
            assert!(names(&value(text), "W/\"ab\""), "{text}");
        }
        for text in ["", "\"abc\"", "ab", "W/\"a\", \"b\""] {
            assert!(!names(&value(text), "W/\"ab\""), "{text}");
        }
    }

    #[test]
    fn tag_depends_on_where_parts_end() {
        let of = |parts: &[&str]| {
            let mut tag = EntityTag::new();
            parts.iter().for_each(|part| tag.add(part.as_bytes()));
            tag.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a"]), of(&["a"]));
    }
}
