//! `POST`, `PATCH` and `DELETE` of one resource, and its actions: each runs one command.

use axum::response::Response;
use gateway_core::Kind;
use gateway_core::id::ResourceId;
use gateway_core::kind::VerbSpec;

use super::Answer;
use super::incoming::Incoming;
use super::operation_document::{accepted, succeeded};
use crate::app::App;
use crate::app::command::{CommandRequest, RequestDigest, Subject};
use crate::http::{idempotency, preference};

/// Runs a command, or answers with the outcome of the earlier delivery of the same request.
pub(super) async fn handle(
    app: &App,
    (kind, spec): (Kind, &'static VerbSpec),
    resource: Option<ResourceId>,
    incoming: Incoming,
) -> Answer<Response> {
    incoming.query.expect(&[])?;
    let body = incoming.json()?;
    let request = CommandRequest {
        kind,
        spec,
        subject: resource.map_or(Subject::New, Subject::Resource),
        digest: RequestDigest::new(kind, resource, spec, &body),
        body,
        key: idempotency::key(&incoming.headers)?,
        message: incoming.message(),
        deadline: incoming.deadline(),
    };
    let caller = &incoming.caller;
    if preference::is_async(&incoming.headers) {
        return Ok(accepted(&app.start(caller, request).await?, caller));
    }
    succeeded(&app.run(caller, request).await?, Some(caller))
}
