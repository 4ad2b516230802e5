//! `PUT /v1/{plural}/{id}/content`: content that the front streams to the cloud; and the front's reports of it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gateway_bus::WorkClass;
use gateway_bus::sealing::seal_header;
use gateway_core::Kind;
use gateway_core::driver::Forward;
use gateway_core::error::{Error, ErrorKind};
use gateway_core::id::{OperationId, ResourceId};
use gateway_core::kind::{KindSpec, VerbSpec};
use gateway_store::OperationLease;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::operation::{Operation, reference};
use super::write::{self, Admitted, Incoming, Request, Standing};
use super::{Answer, Problem, operations};
use crate::http::Exchange;
use crate::http::forwarding::{Errand, FORWARD, Report};
use crate::http::idempotency::{Digest, Key};
use crate::http::state::Api;

/// Where the front tells what becomes of an upload. It is in no document: who has a ticket was told of it.
pub(super) const REPORT: &str = "/v1/uploads/{id}";

const MEDIA_TYPE: &str = "application/octet-stream";

/// Says where the content goes, or what became of it when it came before.
pub(super) async fn begin(
    (kind, spec): (Kind, &'static VerbSpec),
    State(state): State<Arc<Api>>,
    Path(id): Path<String>,
    incoming: Incoming,
) -> Answer<Response> {
    let Incoming { caller, exchange, headers, query, .. } = incoming;
    query.expect(&[])?;
    let id: ResourceId = id.parse().map_err(|_| Problem::no_such_resource())?;
    expect_octets(&headers)?;
    // Of the content nothing is known here but its length.
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let request = Request {
        kind,
        spec,
        target: None,
        order: json!({}),
        key: Key::read(&headers)?,
        message: exchange.map_or_else(Uuid::new_v4, |exchange| exchange.id),
        digest: Digest::of(&write::path_of(kind, id, spec), &json!({ "length": length })),
    };
    let message = request.message;
    let (operation, held) = match write::admit(&state, &caller, request, Some(id), exchange.as_ref()).await? {
        Admitted::New(operation, held) => (operation, held),
        Admitted::Known(known) => {
            let (operation, _) = write::wait(&state, exchange.as_ref(), Standing::Known(known)).await?;
            return operations::outcome(&operation, None, Some(&caller));
        }
    };
    match state.operations.begin_upload(&operation, held).await? {
        Some(forward) => {
            let mut response = operations::accepted(&state, operation.id, &caller).await?;
            response.headers_mut().insert(FORWARD, errand(&state, forward, held, message)?);
            Ok(response)
        }
        None => {
            let over = state.store.operation_get(operation.id).await?.ok_or_else(Problem::internal)?;
            operations::outcome(&over, None, Some(&caller))
        }
    }
}

fn expect_octets(headers: &HeaderMap) -> Answer<()> {
    let given = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if given.is_none_or(|given| given.eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())) {
        return Ok(());
    }
    let (status, detail) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("content is sent as {MEDIA_TYPE}"));
    Err(Problem::new("other-media-type", "Content has another media type", status, detail))
}

/// What the front needs to know, for it alone and for this message.
fn errand(state: &Api, forward: Forward, held: OperationLease, message: Uuid) -> Answer<HeaderValue> {
    let report_to = REPORT.replace("{id}", &held.operation.to_string());
    let ticket = state.operations.ticket(held)?;
    let errand = Errand::new(forward, report_to, ticket, state.operations.report_every());
    let text = Zeroizing::new(serde_json::to_string(&errand).map_err(Error::internal)?);
    let sealed = seal_header(&text, FORWARD.as_str(), message, &state.keyring.get(), state.clock.now())?;
    HeaderValue::try_from(sealed).map_err(|_| Problem::internal())
}

/// What the front tells: the upload goes on, or it has ended. The ticket stands for the caller, whose token may have
/// expired since the content began to come.
pub(super) async fn report(
    State(state): State<Arc<Api>>,
    Path(id): Path<String>,
    exchange: Option<Extension<Exchange>>,
    body: Bytes,
) -> Answer<Response> {
    let unknown = Problem::no_such_path;
    let id: OperationId = id.parse().map_err(|_| unknown())?;
    let report: Report = serde_json::from_slice(&body).map_err(|_| unknown())?;
    let held = state.operations.held_by(id, &report.ticket).map_err(|_| unknown())?;
    let Some(end) = report.end else {
        return match state.operations.upload_goes_on(held).await {
            Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
            Err(error) if error.kind() == ErrorKind::LeaseLost => {
                let detail = "the upload was taken for broken";
                Err(Problem::new("given-up", "The upload was given up", StatusCode::CONFLICT, detail))
            }
            Err(error) => Err(error.into()),
        };
    };
    tracing::info!(%id, bytes = report.sent, "an upload has ended");
    let operation = state.store.operation_get(id).await?.ok_or_else(unknown)?;
    let standing = match operation.is_over() {
        true => Standing::Known(Box::new(operation)),
        false => Standing::Started(id, state.operations.end_upload(operation, held, end)),
    };
    let exchange = exchange.map(|Extension(exchange)| exchange);
    let (operation, _) = write::wait(&state, exchange.as_ref(), standing).await?;
    operations::outcome(&operation, None, None)
}

pub(super) fn operation(spec: &KindSpec) -> Operation {
    let summary = format!("{}: fill it with its content, which is streamed to the cloud", spec.summary);
    Operation::new(format!("upload_{}", spec.kind), summary, WorkClass::Write)
        .path("id", "The gateway's id", json!({ "type": "string", "format": "uuid" }))
        .header("idempotency-key", "However often a request comes with this key, it is done once")
        .content(MEDIA_TYPE)
        .answer(200, "The cloud has the content", Some(reference("Outcome")))
        .problem(400, "There is no content, or it broke off; the image is as empty as before")
        .problem(403, "It belongs to somebody else, or the cloud does not allow it")
        .problem(404, "There is no such record, or the caller may not see it")
        .problem(409, "The present state does not allow it: only what is `queued` takes content")
        .problem(413, "The content is too large, for the gateway or for the cloud")
        .problem(415, "The content is of another media type")
        .problem(422, "The cloud does not take this; `cloud` has its words")
        .problem(501, "The cloud cannot do this; `capability` names what it lacks")
        .problem(502, "The cloud did not take the content whole")
}
