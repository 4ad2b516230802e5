//! Replies: whole HTTP responses as JSON, version 1.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::envelope::{Body, VERSION};

/// A whole HTTP response. The AMQP correlation id repeats `message_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// The version of the format, [`VERSION`].
    pub v: u32,
    /// The id of the request.
    pub message_id: Uuid,
    /// The HTTP status.
    pub status: u16,
    /// The headers as pairs of name and value.
    pub headers: Vec<(String, String)>,
    /// The body, sealed if it holds a secret and the request's secrets were sealed.
    #[serde(default)]
    pub body: Body,
}

impl Reply {
    /// Makes a reply to the request of that id.
    pub fn new(message_id: Uuid, status: u16, headers: Vec<(String, String)>, body: Body) -> Self {
        Self { v: VERSION, message_id, status, headers, body }
    }
}
