//! Digests, by which requests with the same idempotency key are compared.

use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::{Verb, VerbSpec};
use serde_json::Value;

/// SHA-256 of the subject and the body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestDigest(pub(super) [u8; 32]);

impl RequestDigest {
    /// Returns the digest of a command on one resource, or of a create.
    pub(crate) fn new(kind: Kind, resource: Option<ResourceId>, spec: &VerbSpec, body: &Value) -> Self {
        Self::of(&subject(kind, resource, spec.verb), body)
    }

    /// Returns the digest of one part of a bulk command. `filter` is the text of its filter.
    pub(super) fn of_part(kind: Kind, id: ResourceId, verb: Verb, filter: &str, body: &Value) -> Self {
        Self::of(&format!("{}?{filter}", subject(kind, Some(id), verb)), body)
    }

    /// Objects are compared by content, because their keys are sorted.
    fn of(subject: &str, body: &Value) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(subject.as_bytes());
        context.update(&[0]);
        context.update(body.to_string().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Self(digest)
    }
}

/// The journal keeps digests of this form: it must not change.
fn subject(kind: Kind, resource: Option<ResourceId>, verb: Verb) -> String {
    let plural = kind.spec().plural;
    match resource {
        None => format!("/v1/{plural}"),
        Some(id) => format!("/v1/{plural}/{id}/{verb}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digest_depends_on_subject_and_content_only() {
        let digest =
            |subject: &str, text: &str| RequestDigest::of(subject, &serde_json::from_str(text).unwrap());
        assert_eq!(digest("/a", r#"{"a":1,"b":2}"#), digest("/a", r#"{ "b": 2, "a": 1 }"#));
        assert_ne!(digest("/a", r#"{"a":1}"#), digest("/b", r#"{"a":1}"#));
        assert_ne!(RequestDigest::of("/a", &json!({})), RequestDigest::of("/a", &json!({ "a": null })));
    }
}
