//! Answers that a client may already have: entity tags, their comparison, and ages.

use std::time::Duration;

use axum::http::header::{AGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest;

/// What an answer depends on, besides the request's own URL, as a weak tag. Ages are left out: an answer that is as
/// it was is not another one for being older; the `Age` header goes along with both.
pub(crate) struct EntityTag(digest::Context);

impl EntityTag {
    pub(crate) fn new() -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        // Another release may render the same records otherwise.
        context.update(env!("CARGO_PKG_VERSION").as_bytes());
        Self(context)
    }

    /// Adds one part, told apart from the next.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn finish(self) -> String {
        format!("W/\"{}\"", BASE64.encode(&self.0.finish().as_ref()[..12]))
    }
}

/// What goes along with an answer.
pub(crate) struct Envelopment {
    pub(crate) tag: EntityTag,
    /// Age of the oldest part, where every part has one.
    pub(crate) age: Option<Duration>,
    /// Path and query of the next page.
    pub(crate) next: Option<String>,
}

impl Envelopment {
    /// The answer, or 304 when the client has it.
    pub(crate) fn answer<B: IntoResponse>(self, headers: &HeaderMap, body: impl FnOnce() -> B) -> Response {
        let tag = self.tag.finish();
        let known = headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value, &tag));
        let mut response =
            if known { StatusCode::NOT_MODIFIED.into_response() } else { body().into_response() };
        let own = response.headers_mut();
        let mut set = |name, text: &str| {
            // Made of base64, digits and percent-encoded text: always a header value.
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

/// Whether an `If-None-Match` names a tag, by weak comparison (RFC 9110, 13.1.2).
fn names(value: &HeaderValue, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(text) = value.to_str() else { return false };
    text.trim() == "*" || text.split(',').any(|given| opaque(given) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_weak_or_strong_alone_or_in_a_list() {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        for text in ["W/\"ab\"", "\"ab\"", "\"x\", W/\"ab\"", "*"] {
            assert!(names(&value(text), "W/\"ab\""), "{text}");
        }
        for text in ["", "\"abc\"", "ab", "W/\"a\", \"b\""] {
            assert!(!names(&value(text), "W/\"ab\""), "{text}");
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        let of = |parts: &[&str]| {
            let mut tag = EntityTag::new();
            parts.iter().for_each(|part| tag.add(part.as_bytes()));
            tag.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a"]), of(&["a"]));
    }
}
