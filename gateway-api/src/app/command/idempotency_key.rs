//! Idempotency keys: a request with a key that was sent before is not done again.

use gateway_core::id::ResourceId;
use uuid::Uuid;

/// Longest key that a client may send.
const LONGEST: usize = 255;

/// The key of a request, from its client or from its message id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Returns the key of a client, if it is one word of visible ASCII characters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_valid =
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Returns the key of a bulk command without one, which the bus may deliver twice. No client can send this key.
    pub(super) fn of_message(message: Uuid) -> Self {
        Self(format!(" {message}"))
    }

    /// Returns the beginning of the keys of all parts of a bulk command.
    pub(super) fn prefix_of_parts(&self) -> String {
        format!("{} ", self.0)
    }

    /// Returns the key of one part of a bulk command.
    pub(super) fn of_part(&self, id: ResourceId) -> Self {
        Self(format!("{} {id}", self.0))
    }

    /// Returns the key as the journal keeps it.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_one_visible_word() {
        assert_eq!(IdempotencyKey::parse("a-1").map(IdempotencyKey::into_text).as_deref(), Some("a-1"));
        for invalid in ["a b", "", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(invalid), None, "{invalid:?}");
        }
    }
}
