//! What the front does with one request.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use gateway_bus::sealing::seal_request;
use gateway_bus::{Bus, WorkClass};
use gateway_core::Clock;
use gateway_core::config::Front as Config;
use gateway_core::error::Result;
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::connection::Ends;
use super::{envelope, gate, own, reply};
use crate::http::problem::Problem;
use crate::keyring::KeyringHandle;
use crate::routes::{Found, RouteTable};

/// The header that carries the request's id back.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What all connections share.
pub(super) struct Service {
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    routes: RouteTable,
    in_flight: Semaphore,
    max_body: usize,
    request_timeout: Duration,
    check_timeout: Duration,
}

impl Service {
    pub(super) fn new(
        config: &Config,
        bus: Arc<dyn Bus>,
        keyring: KeyringHandle,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            bus,
            keyring,
            clock,
            routes: RouteTable::of_this_build()?,
            in_flight: Semaphore::new(config.max_in_flight),
            max_body: config.max_body_bytes,
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            check_timeout: Duration::from_secs(config.check_timeout_seconds),
        })
    }

    /// Answers, whatever comes.
    pub(super) async fn call(&self, ends: &Ends, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let id = Uuid::now_v7();
        let only_head = request.method() == Method::HEAD;
        let answered = self.answer(id, ends, request).await;
        let mut response = answered.unwrap_or_else(|problem| reply::problem(problem, id));
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        if only_head {
            without_body(&mut response);
        }
        response
    }

    async fn answer(
        &self,
        id: Uuid,
        ends: &Ends,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let operation = match self.routes.find(request.method(), request.uri().path()) {
            Found::Operation(operation) => *operation,
            Found::OtherMethod(allow) => return Err(Problem::other_method().with_allow(allow)),
            Found::Nothing => return Err(Problem::no_such_path()),
        };
        let Some(class) = operation.class else {
            return own::answer(request.uri().path(), self.bus.is_connected());
        };
        let keyring = self.keyring.get();
        gate::check(operation.authentication, request.headers(), &keyring, self.clock.now())?;
        let _place = self.in_flight.try_acquire().map_err(|_| overloaded())?;
        let (parts, body) = request.into_parts();
        let body = gate::body(&parts.headers, body, self.max_body, self.request_timeout).await?;
        let received_at = self.clock.now();
        let deadline = received_at.plus(self.timeout(class));
        let mut envelope = envelope::build(id, ends, parts, &body, received_at, deadline)?;
        seal_request(&mut envelope, operation.secret, &keyring, received_at)?;
        match self.bus.request(class, envelope).await {
            Ok(answer) => reply::response(answer, &keyring),
            Err(error) => Err(reply::unanswered(&error, class)),
        }
    }

    fn timeout(&self, class: WorkClass) -> Duration {
        match class {
            WorkClass::Read | WorkClass::Write => self.request_timeout,
            WorkClass::Check => self.check_timeout,
        }
    }
}

/// The answer to `HEAD`: all of that to `GET`, but the body.
fn without_body(response: &mut Response<Full<Bytes>>) {
    let body = std::mem::take(response.body_mut());
    if let Some(length) = hyper::body::Body::size_hint(&body).exact() {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

fn overloaded() -> Problem {
    let detail = "too many requests are in flight here";
    Problem::new("overloaded", "Too many requests", StatusCode::SERVICE_UNAVAILABLE, detail)
        .with_retry_after(Duration::from_secs(1))
}
