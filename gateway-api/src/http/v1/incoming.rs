//! The parts of a mutating request that all its handlers need.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::HeaderMap;
use gateway_core::id::ResourceId;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Answer, Problem};
use crate::app::access::Caller;
use crate::app::command::Deadline;
use crate::app::{App, Error};
use crate::http::Exchange;
use crate::http::query::Query;

/// A mutating request.
pub(super) struct Incoming {
    pub(super) caller: Caller,
    exchange: Option<Exchange>,
    pub(super) headers: HeaderMap,
    pub(super) query: Query,
    body: Bytes,
}

impl FromRequest<Arc<App>> for Incoming {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|_| Problem::internal())?;
        let exchange = Exchange::of(&parts.extensions);
        Ok(Self { caller, exchange, headers: parts.headers, query, body })
    }
}

impl Incoming {
    /// Returns the id of the message that carried the request.
    pub(super) fn message(&self) -> Uuid {
        self.exchange.map_or_else(Uuid::new_v4, |exchange| exchange.id)
    }

    /// Returns the deadline of the request.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::new(self.exchange.map(|exchange| exchange.deadline))
    }

    /// Returns the JSON object in the body; an empty one if there is no body.
    pub(super) fn json(&self) -> Answer<Value> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Object(Map::new()));
        }
        match serde_json::from_slice(&self.body) {
            Ok(body @ Value::Object(_)) => Ok(body),
            // The message of serde may quote the body, which may hold a secret.
            _ => Err(Problem::bad_request("not-json", "Not JSON", "the body must be a JSON object")),
        }
    }
}

/// Parses the id of a resource in a path.
pub(super) fn resource_id(text: &str) -> Answer<ResourceId> {
    text.parse().map_err(|_| Error::UnknownResource.into())
}
