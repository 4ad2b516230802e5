//! Envelopes: whole HTTP requests as JSON, version 1.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The version that this build writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// A class of requests with a queue of its own, so that slow work does not delay fast work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkClass {
    /// Reads that the store answers.
    Read,
    /// Mutating requests, which are never executed twice.
    Write,
    /// Checks of credentials, which are as slow as clouds.
    Check,
    /// Reads that wait for a new listing.
    Refresh,
}

impl WorkClass {
    /// Every class; each has a queue.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Check, Self::Refresh];

    /// Returns the class of a request with `max_age`.
    #[must_use]
    pub const fn refreshing(self) -> Self {
        match self {
            Self::Read => Self::Refresh,
            class => class,
        }
    }

    /// Returns the routing key on the requests exchange, which is also the last word of the queue's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Check => "check",
            Self::Refresh => "refresh",
        }
    }
}

/// A whole HTTP request. Header names are lower case, and headers keep their order.
///
/// `Debug` omits headers and body, which may hold secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The version of the format, [`VERSION`].
    pub v: u32,
    /// The unique id of the request; the reply carries it as its correlation id.
    pub message_id: Uuid,
    /// The time at which the front had the whole request.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// The time after which nobody waits for an answer and handlers drop the request.
    #[schema(value_type = String, format = DateTime)]
    pub deadline: Timestamp,
    /// The HTTP method, such as `GET`.
    pub method: String,
    /// Path and query as received, such as `/v1/instances?limit=5`.
    pub target: String,
    /// The scheme that the client used: `http` or `https`.
    #[serde(default)]
    pub scheme: String,
    /// The host that the client named.
    #[serde(default)]
    pub authority: String,
    /// The address that accepted the request.
    #[serde(default)]
    pub listener: String,
    /// The client's address.
    #[serde(default)]
    pub peer: String,
    /// The headers as pairs of name and value. The value of `authorization` may be sealed, with `sealed:` in front.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default)]
    pub body: Body,
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("message_id", &self.message_id)
            .field("method", &self.method)
            .field("target", &self.target)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Envelope {
    /// Returns a `GET` of a target that ends after `time`, without headers and client.
    pub fn get(target: &str, received_at: Timestamp, time: Duration) -> Self {
        Self {
            v: VERSION,
            message_id: Uuid::now_v7(),
            received_at,
            deadline: received_at.plus(time),
            method: "GET".to_owned(),
            target: target.to_owned(),
            scheme: String::new(),
            authority: String::new(),
            listener: String::new(),
            peer: String::new(),
            headers: Vec::new(),
            body: Body::None,
        }
    }

    /// Returns the first header of a lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// A body in the encoding that fits it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "encoding", content = "data", rename_all = "snake_case")]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// Text.
    Utf8(String),
    /// Bytes in base64.
    Base64(String),
    /// Bytes that hold secrets, sealed under the bus key.
    Sealed(String),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Utf8(_) => "Utf8(..)",
            Self::Base64(_) => "Base64(..)",
            Self::Sealed(_) => "Sealed(..)",
        })
    }
}

impl Body {
    /// Encodes bytes: as text if they are text, unless JSON would make that longer than base64.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok("") => Self::None,
            Ok(text) if added_by_json(bytes) <= bytes.len() / 3 => Self::Utf8(text.to_owned()),
            _ => Self::Base64(BASE64.encode(bytes)),
        }
    }

    /// Returns the bytes; `None` if they are sealed or not valid base64.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::Utf8(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => BASE64.decode(text).ok(),
            Self::Sealed(_) => None,
        }
    }
}

/// Returns the bytes that JSON adds to a text: one for each quote, backslash and line end, five for other control characters.
fn added_by_json(text: &[u8]) -> usize {
    text.iter()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            0..0x20 => 5,
            _ => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_has_the_shorter_encoding() {
        let json = br#"{"name": "web-1", "size_gib": 5, "tags": {"env": "prod"}}"#;
        assert!(matches!(Body::from_bytes(json), Body::Utf8(_)));
        assert_eq!(Body::from_bytes(b""), Body::None);
        for odd in [&b"\x01\x01\x01"[..], b"\xff", b"\"\"\"\"\""] {
            let body = Body::from_bytes(odd);
            assert!(matches!(body, Body::Base64(_)), "{odd:?}");
            assert_eq!(body.to_bytes().unwrap(), odd);
        }
    }

    #[test]
    fn bytes_added_by_json_are_counted_exactly() {
        let all: String = (0..0x80_u8).map(char::from).chain("wé".chars()).collect();
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(added_by_json(all.as_bytes()), json.len() - 2 - all.len());
    }
}
