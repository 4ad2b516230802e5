//! The handling of one HTTP request: find the route, admit it, send it over the bus, return the reply.

use std::sync::Arc;
use std::time::Instant;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response};
use bytes::Bytes;
use gateway_bus::sealing::seal_request;
use gateway_core::error::Result;
use hyper::body::Incoming;
use tracing::Instrument as _;
use uuid::Uuid;

use super::admission::{self, Identity};
use super::body::{AnswerBody, whole};
use super::connection_info::ConnectionInfo;
use super::context::FrontContext;
use super::refusal_log::RefusalLog;
use super::request_body::RequestBody;
use super::{continuation, envelope, forward, local, reply};
use crate::http::problem::Problem;
use crate::http::{max_age, query};
use crate::instruments;
use crate::routes::{Found, RouteTable};

/// The header that carries the id of the request back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The service of all connections.
pub(super) struct Service {
    context: Arc<FrontContext>,
    routes: RouteTable,
}

impl Service {
    pub(super) fn new(context: FrontContext) -> Result<Self> {
        Ok(Self { context: Arc::new(context), routes: RouteTable::of_this_build()? })
    }

    /// Returns the log of refused peers.
    pub(super) fn refusals(&self) -> &Arc<RefusalLog> {
        &self.context.refusals
    }

    /// Responds to any request.
    pub(super) async fn call(
        &self,
        connection: &ConnectionInfo,
        request: Request<Incoming>,
    ) -> Response<AnswerBody> {
        let id = Uuid::now_v7();
        let (begun, method) = (Instant::now(), request.method().clone());
        let is_head = method == Method::HEAD;
        let found = self.routes.find(&method, request.uri().path());
        let route = found.template();
        let span = tracing::error_span!("request", request = %id);
        let answered = self.answer(id, connection, request, found).instrument(span).await;
        let mut response = answered.unwrap_or_else(|problem| reply::problem(problem, id));
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if is_head {
            remove_body(&mut response);
        }
        instruments::front::answered(route, &method, response.status(), begun.elapsed());
        response
    }

    async fn answer(
        &self,
        id: Uuid,
        connection: &ConnectionInfo,
        request: Request<Incoming>,
        found: Found<'_>,
    ) -> Result<Response<AnswerBody>, Problem> {
        let context = &self.context;
        let operation = match found {
            Found::Operation(operation) => *operation,
            Found::OtherMethod(allow) => return Err(Problem::other_method().with_allow(allow)),
            Found::Nothing => return Err(Problem::no_such_path()),
        };
        let Some(class) = operation.class else {
            return local::respond(request.uri().path(), &context.readiness).await;
        };
        query::check_count(request.uri().query().unwrap_or_default())?;
        if operation.forwards {
            return forward::respond(context, id, connection, operation, request).await;
        }
        let class = if max_age::is_present(request.uri()) { class.refreshing() } else { class };
        let (parts, body) = request.into_parts();
        let party = connection.party;
        let identity = admission::authenticate(context, operation.authentication, &parts.headers, party)?;
        let key = identity.share_key(party);
        let charge = context.bodies.charge(key);
        let (limit, time) = (context.max_body, context.request_timeout);
        let body = RequestBody::read(&parts.headers, body, limit, time, charge).await?;
        instruments::front::body_arrived(body.bytes.len());
        // No slot is held while a client sends.
        let slots = context.slots.take(key, class)?;
        let received_at = context.now();
        let deadline = received_at.plus(context.timeout(class));
        let plain = envelope::build(id, connection, parts, &body.bytes, received_at, deadline)?;
        // The later parts of an answer are requested with the same headers.
        let again = operation.streams.then(|| plain.clone());
        let mut sealed = plain;
        let keyring = context.keyring();
        seal_request(&mut sealed, operation.secret, &keyring, received_at)?;
        let attempt = match identity {
            Identity::Client(client) => Some(context.attempts.begin(party, client)?),
            _ => None,
        };
        let answered = context.request(class, sealed).await;
        if let Some(attempt) = attempt {
            attempt.answered(answered.as_ref().ok().map(|reply| reply.status));
        }
        let response = match (answered, again) {
            (Ok(first), Some(plain)) if continuation::target(&first).is_some() => {
                continuation::response(Arc::clone(context), class, plain, first)
            }
            (Ok(answer), _) => reply::response(answer, &keyring),
            (Err(error), _) => Err(reply::unanswered(&error, class)),
        };
        response.map(|response| response.map(|body| body.holding(slots)))
    }
}

/// Removes the body of the response to `HEAD`. All headers are those of `GET`.
fn remove_body(response: &mut Response<AnswerBody>) {
    let body = std::mem::replace(response.body_mut(), whole(Bytes::new()));
    if let Some(length) = hyper::body::Body::size_hint(&body).exact() {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}
