//! A whole HTTP request as JSON, version 1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The version that this build writes; it reads no other.
pub const VERSION: u32 = 1;

/// Which queue a request waits in, so that slow work does not delay fast work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkClass {
    /// Answered from the store.
    Read,
    /// Changes something; never done twice.
    Write,
    /// Proofs of credentials: as slow as the clouds they ask.
    Check,
    /// Reads that wait until a poller has listed anew.
    Refresh,
}

impl WorkClass {
    /// All of them: each has a queue.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Check, Self::Refresh];

    /// The class of a request of this class that names a `max_age`.
    #[must_use]
    pub const fn refreshing(self) -> Self {
        match self {
            Self::Read => Self::Refresh,
            class => class,
        }
    }

    /// The routing key on the requests exchange, and the last word of the queue's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Check => "check",
            Self::Refresh => "refresh",
        }
    }
}

/// A whole HTTP request. Header names are lower case; pairs keep their order.
///
/// `Debug` leaves headers and body out: they may hold secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// [`VERSION`].
    pub v: u32,
    /// Unique to this request; the reply carries it as its correlation id.
    pub message_id: Uuid,
    /// When the front had the whole request.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// After this nobody waits for an answer: handlers drop the request.
    #[schema(value_type = String, format = DateTime)]
    pub deadline: Timestamp,
    /// Such as `GET`.
    pub method: String,
    /// Path and query as they came, such as `/v1/instances?limit=5`.
    pub target: String,
    /// `http` or `https`, as the client used it.
    #[serde(default)]
    pub scheme: String,
    /// The host that the client asked for.
    #[serde(default)]
    pub authority: String,
    /// The address that took the request.
    #[serde(default)]
    pub listener: String,
    /// The client's address.
    #[serde(default)]
    pub peer: String,
    /// Name and value pairs. The value of `authorization` may be sealed (`sealed:` in front).
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
    /// The first header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// A body, in the form that fits it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "encoding", content = "data", rename_all = "snake_case")]
pub enum Body {
    /// There is none.
    #[default]
    None,
    /// Text.
    Utf8(String),
    /// Any bytes, in base64.
    Base64(String),
    /// Sealed under the bus key, since it holds secrets; opens to the bytes.
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
    /// The shortest form for these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok("") => Self::None,
            Ok(text) => Self::Utf8(text.to_owned()),
            Err(_) => Self::Base64(BASE64.encode(bytes)),
        }
    }

    /// The bytes; `None` when they are sealed or the base64 is broken.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::None => Some(Vec::new()),
            Self::Utf8(text) => Some(text.clone().into_bytes()),
            Self::Base64(text) => BASE64.decode(text).ok(),
            Self::Sealed(_) => None,
        }
    }
}
