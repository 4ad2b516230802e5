//! What the front does with one request.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use gateway_bus::sealing::seal_request;
use gateway_bus::{Bus, Envelope, Reply, RequestError, WorkClass};
use gateway_core::access::keyring::Keyring;
use gateway_core::config::Front as Config;
use gateway_core::error::Result;
use gateway_core::{Clock, Timestamp};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::body::{AnswerBody, whole};
use super::connection::Ends;
use super::{continued, envelope, gate, own, reply};
use crate::http::problem::Problem;
use crate::http::refresh;
use crate::keyring::KeyringHandle;
use crate::routes::{Found, RouteTable};

/// The header that carries the request's id back.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The part of the requests in flight that may wait for listings: one in so many. Higher keeps more places for
/// answers that come at once; lower lets more callers wait.
const WAITING_SHARE: usize = 2;

/// What all connections share.
pub(super) struct Service {
    bus: Arc<dyn Bus>,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    routes: RouteTable,
    in_flight: Semaphore,
    /// Those of them that wait for listings.
    waiting: Semaphore,
    /// Uploads under way have places of their own, as long as they take.
    uploading: Arc<Semaphore>,
    upload_limit: u64,
    upload_stall: Duration,
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
            waiting: Semaphore::new((config.max_in_flight / WAITING_SHARE).max(1)),
            uploading: Arc::new(Semaphore::new(config.max_uploads)),
            upload_limit: config.upload_limit_bytes,
            upload_stall: Duration::from_secs(config.upload_stall_seconds),
            max_body: config.max_body_bytes,
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            check_timeout: Duration::from_secs(config.check_timeout_seconds),
        })
    }

    /// Answers, whatever comes.
    pub(super) async fn call(
        self: &Arc<Self>,
        ends: &Ends,
        request: Request<Incoming>,
    ) -> Response<AnswerBody> {
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
        self: &Arc<Self>,
        id: Uuid,
        ends: &Ends,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Problem> {
        let operation = match self.routes.find(request.method(), request.uri().path()) {
            Found::Operation(operation) => *operation,
            Found::OtherMethod(allow) => return Err(Problem::other_method().with_allow(allow)),
            Found::Nothing => return Err(Problem::no_such_path()),
        };
        let Some(class) = operation.class else {
            return own::answer(request.uri().path(), self.bus.is_connected());
        };
        if operation.forwards {
            return self.forward(id, ends, operation, request).await;
        }
        let class = if refresh::is_wanted(request.uri()) { class.refreshing() } else { class };
        let keyring = self.keyring.get();
        gate::check(operation.authentication, request.headers(), &keyring, self.clock.now())?;
        let waits = class == WorkClass::Refresh;
        let _waiting = waits.then(|| self.waiting.try_acquire()).transpose().map_err(|_| overloaded())?;
        let _place = self.in_flight.try_acquire().map_err(|_| overloaded())?;
        let (parts, body) = request.into_parts();
        let body = gate::body(&parts.headers, body, self.max_body, self.request_timeout).await?;
        let received_at = self.clock.now();
        let deadline = received_at.plus(self.timeout(class));
        let asked = envelope::build(id, ends, parts, &body, received_at, deadline)?;
        // An answer that goes on is asked for again with what was asked first.
        let again = operation.streams.then(|| asked.clone());
        let mut envelope = asked;
        seal_request(&mut envelope, operation.secret, &keyring, received_at)?;
        match (self.request(class, envelope).await, again) {
            (Ok(first), Some(asked)) if continued::target(&first).is_some() => {
                continued::response(Arc::clone(self), class, asked, first)
            }
            (Ok(answer), _) => reply::response(answer, &keyring),
            (Err(error), _) => Err(reply::unanswered(&error, class)),
        }
    }

    pub(super) async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        self.bus.request(class, envelope).await
    }

    /// A place among the requests in flight, as soon as there is one.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.in_flight.acquire().await.ok()
    }

    /// A place among the requests in flight, if there is one now.
    pub(super) fn try_place(&self) -> Option<SemaphorePermit<'_>> {
        self.in_flight.try_acquire().ok()
    }

    /// A place among the uploads under way.
    pub(super) fn upload_place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.uploading).try_acquire_owned().map_err(|_| overloaded())
    }

    pub(super) fn upload_limit(&self) -> u64 {
        self.upload_limit
    }

    pub(super) fn upload_stall(&self) -> Duration {
        self.upload_stall
    }

    pub(super) fn keyring(&self) -> Arc<Keyring> {
        self.keyring.get()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn timeout(&self, class: WorkClass) -> Duration {
        match class {
            WorkClass::Read | WorkClass::Write => self.request_timeout,
            WorkClass::Check | WorkClass::Refresh => self.check_timeout,
        }
    }
}

/// The answer to `HEAD`: all of that to `GET`, but the body.
fn without_body(response: &mut Response<AnswerBody>) {
    let body = std::mem::replace(response.body_mut(), whole(Bytes::new()));
    if let Some(length) = hyper::body::Body::size_hint(&body).exact() {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

pub(super) fn overloaded() -> Problem {
    let detail = "too many requests are in flight here";
    Problem::new("overloaded", "Too many requests", StatusCode::SERVICE_UNAVAILABLE, detail)
        .with_retry_after(Duration::from_secs(1))
}
