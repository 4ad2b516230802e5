//! `PUT /v1/{plural}/{id}/content`: content that the front streams to the cloud; and the front's reports.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::error::Error;
use gateway_core::id::OperationId;
use gateway_core::kind::{KindSpec, VerbSpec};
use serde_json::json;
use zeroize::Zeroizing;

use super::api_operation::{ApiOperation, reference};
use super::incoming::{Incoming, resource_id};
use super::operation_document::{accepted, succeeded};
use super::{Answer, Problem};
use crate::app::command::{CommandRequest, Deadline, RequestDigest, Subject, Upload, UploadReport};
use crate::app::{self, App};
use crate::http::forwarding::{FORWARD, ForwardInstruction, Report};
use crate::http::{Exchange, idempotency};

/// The path of the front's reports. No document has it: a front learns it with its ticket.
pub(super) const REPORT: &str = "/v1/uploads/{id}";

const MEDIA_TYPE: &str = "application/octet-stream";

/// Tells the front the destination of the content, or the outcome of the earlier delivery of the same request.
pub(super) async fn begin(
    (kind, spec): (Kind, &'static VerbSpec),
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Answer<Response> {
    incoming.query.expect(&[])?;
    let id = resource_id(&id)?;
    expect_media_type(&incoming.headers)?;
    // The handler knows nothing of the content but its length.
    let length = incoming.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let message = incoming.message();
    let request = CommandRequest {
        kind,
        spec,
        subject: Subject::Resource(id),
        digest: RequestDigest::new(kind, Some(id), spec, &json!({ "length": length })),
        body: json!({}),
        key: idempotency::key(&incoming.headers)?,
        message,
        deadline: incoming.deadline(),
    };
    let caller = &incoming.caller;
    match app.begin_upload(caller, request).await? {
        Upload::Over(outcome) => succeeded(&outcome, Some(caller)),
        Upload::Forward { operation, forward, ticket, report_every } => {
            let report_to = REPORT.replace("{id}", &operation.id.to_string());
            let instruction = ForwardInstruction::new(*forward, report_to, ticket, report_every);
            let text = Zeroizing::new(serde_json::to_string(&instruction).map_err(Error::internal)?);
            let sealed = app.seal_for_front(&text, FORWARD.as_str(), message)?;
            let header = HeaderValue::try_from(sealed).map_err(|_| Problem::internal())?;
            let mut response = accepted(&operation, caller);
            response.headers_mut().insert(FORWARD, header);
            Ok(response)
        }
    }
}

fn expect_media_type(headers: &HeaderMap) -> Answer<()> {
    let given = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if given.is_none_or(|given| given.eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())) {
        return Ok(());
    }
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let detail = format!("content must be sent as {MEDIA_TYPE}");
    Err(Problem::new("unsupported-media-type", "Unsupported media type", status, detail))
}

/// Takes the report of a front. A report that cannot be read gets the answer of a path that does not exist.
pub(super) async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    exchange: Option<Extension<Exchange>>,
    body: Bytes,
) -> Answer<Response> {
    let unknown = || app::Error::UnknownUpload;
    let operation: OperationId = id.parse().map_err(|_| unknown())?;
    let Report { ticket, sent, end } = serde_json::from_slice(&body).map_err(|_| unknown())?;
    let deadline = Deadline::new(exchange.map(|Extension(exchange)| exchange.deadline));
    let report = UploadReport { operation, ticket, bytes: sent, end: end.map(Into::into), deadline };
    match app.report_upload(report).await? {
        None => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(outcome) => succeeded(&outcome, None),
    }
}

pub(super) fn operation(spec: &KindSpec) -> ApiOperation {
    let summary = format!("{}: upload the content, which is streamed to the cloud", spec.summary);
    ApiOperation::new(format!("upload_{}", spec.kind), summary, WorkClass::Write)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .header("idempotency-key", "A request with a key that was sent before is not done again")
        .content(MEDIA_TYPE)
        .answer(200, "The cloud has the content", Some(reference("Outcome")))
        .problem(400, "There is no content, or it broke off; the resource is as empty as before")
        .problem(403, "The caller does not own the resource, or the cloud forbids it")
        .problem(404, "There is no such resource, or the caller has no access to it")
        .problem(409, "The state does not allow it; `upload` requires `queued`")
        .problem(413, "The content is too large for the gateway or the cloud")
        .problem(415, "The content has another media type")
        .problem(422, "The cloud refused the content; `cloud` has its words")
        .problem(501, "The cloud does not support it; `capability` names what is missing")
        .problem(502, "The content did not reach the cloud whole")
}
