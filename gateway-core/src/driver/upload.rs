//! Content that the front forwards to a cloud.

use crate::secret::Secret;

/// The request that carries the content of a resource to a cloud. The driver has checked its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The HTTP method.
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers besides the content's own; they may hold a token.
    pub headers: Vec<(String, Secret)>,
    /// The media type that the cloud expects.
    pub content_type: String,
    /// Whether the registration allows plain HTTP to hosts other than loopback.
    pub allow_plaintext: bool,
}

/// The cloud's answer to forwarded content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// The answering endpoint as host:port, for messages.
    pub endpoint: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers whose values are text.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body.
    pub body: String,
}
