//! A whole HTTP response as JSON, version 1.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::envelope::{Body, VERSION};

/// What a handler answers. The AMQP correlation id repeats `message_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reply {
    /// [`VERSION`].
    pub v: u32,
    /// Of the request.
    pub message_id: Uuid,
    /// HTTP status.
    pub status: u16,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The body; sealed when it holds a secret and the request's secrets were sealed.
    #[serde(default)]
    pub body: Body,
}

impl Reply {
    /// A reply to the request of that id.
    pub fn new(message_id: Uuid, status: u16, headers: Vec<(String, String)>, body: Body) -> Self {
        Self { v: VERSION, message_id, status, headers, body }
    }
}
