//! The handler: bus -> router -> bus. Requests in envelopes are answered by the router of the API.

mod rebuild;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::{Method, Uri};
use futures_util::FutureExt as _;
use gateway_bus::sealing::{open_request, seal_reply};
use gateway_bus::{Body, Delivery, Envelope, Reply, RequestService, ServeOptions, WorkClass};
use gateway_core::config::Config;
use gateway_core::error::Result;
use gateway_core::time_limit::{TimeLimit, within};
use gateway_core::{Clock, crash};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::app::App;
use crate::http::problem::Problem;
use crate::http::{Exchange, router};
use crate::instruments::handler::HandlerRequest;
use crate::keyring::KeyringHandle;
use crate::routes::{Found, RouteTable};

/// The longest statement of a read. A longer limit lets rare searches end; a shorter one leaves more of the database to
/// others.
const READ_STATEMENT: Duration = Duration::from_secs(5);

/// The longest statement of a write or a check, which may wait for the locks of others.
const WRITE_STATEMENT: Duration = Duration::from_secs(10);

/// The time before the deadline at which calls of the database end, so that the client gets an answer. A longer time is
/// safer on a slow bus; a shorter one leaves more to the call.
const TO_ANSWER: Duration = Duration::from_millis(500);

/// Answers requests until `stop`, then finishes those in progress.
///
/// # Errors
/// Only permanent ones: see [`Bus::serve`](gateway_bus::Bus::serve).
pub async fn serve(api: Arc<App>, config: &Config, stop: CancellationToken) -> Result<()> {
    let service = HandlerService::new(Arc::clone(&api), config.bus.accept_plain_secrets)?;
    let options = ServeOptions { prefetch: config.bus.prefetch, concurrency: config.handler.concurrency };
    // Requests in progress depend on nudges, which are followed until the last request is answered.
    let served = CancellationToken::new();
    let serving = async {
        let outcome = api.bus.serve(Arc::new(service), options, stop).await;
        served.cancel();
        outcome
    };
    let (outcome, (), ()) =
        tokio::join!(serving, api.follow_nudges(served.clone()), api.reconcile(served.clone()));
    outcome
}

/// The service that answers requests of the bus.
#[derive(Debug)]
pub struct HandlerService {
    router: Router,
    routes: RouteTable,
    keyring: KeyringHandle,
    clock: Arc<dyn Clock>,
    accept_plain_secrets: bool,
}

impl HandlerService {
    /// Creates the service; `accept_plain_secrets` is the setting `bus.accept_plain_secrets`.
    ///
    /// # Errors
    /// Internal if the OpenAPI document of this build cannot be read.
    pub fn new(state: Arc<App>, accept_plain_secrets: bool) -> Result<Self> {
        Ok(Self {
            routes: RouteTable::of_this_build()?,
            keyring: state.keyring.clone(),
            clock: Arc::clone(&state.clock),
            router: router(state),
            accept_plain_secrets,
        })
    }

    async fn answer(&self, envelope: Envelope, delivery: Delivery) -> Result<Reply, Problem> {
        let id = envelope.message_id;
        let secret = self.has_secret_body(&envelope);
        let opened = open_request(&envelope, secret, &self.keyring.get(), self.accept_plain_secrets)?;
        let sealed = opened.sealed;
        let mut request = rebuild::request(&envelope, opened)?;
        let Delivery { class, reply_owner, .. } = delivery;
        request.extensions_mut().insert(Exchange { id, deadline: envelope.deadline, class, reply_owner });
        let left = envelope.deadline.since(self.clock.now());
        let routed = within(time_limit(class, left), self.router.clone().oneshot(request));
        // The caller has given up by then, and further work would delay other requests.
        let Ok(answered) = tokio::time::timeout(left, routed).await else {
            return Err(rebuild::late());
        };
        let response = answered.unwrap_or_else(|never| match never {});
        let mut reply = rebuild::reply(id, response).await?;
        if secret && sealed {
            reply.body = seal_reply(&reply.body, id, &self.keyring.get(), self.clock.now())?;
        }
        Ok(reply)
    }

    fn has_secret_body(&self, envelope: &Envelope) -> bool {
        let method = Method::from_bytes(envelope.method.as_bytes());
        let (Ok(method), Ok(uri)) = (method, envelope.target.parse::<Uri>()) else { return false };
        matches!(self.routes.find(&method, uri.path()), Found::Operation(operation) if operation.secret)
    }
}

#[async_trait]
impl RequestService for HandlerService {
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply {
        let span =
            tracing::error_span!("request", request = %envelope.message_id, class = delivery.class.as_str());
        let recorded = HandlerRequest::begin(delivery.class.as_str());
        let reply = self.reply(envelope, delivery).instrument(span).await;
        recorded.answered(reply.status);
        reply
    }
}

impl HandlerService {
    async fn reply(&self, envelope: Envelope, delivery: Delivery) -> Reply {
        crash::point("handler.received");
        let id = envelope.message_id;
        // A panicked request shares only the state, whose parts are consistent between awaits.
        let answer = AssertUnwindSafe(self.answer(envelope, delivery)).catch_unwind().await;
        crash::point("handler.before_reply");
        let problem = match answer {
            Ok(Ok(reply)) => return reply,
            Ok(Err(problem)) => problem,
            Err(_) => {
                tracing::error!("a handler panicked");
                Problem::internal()
            }
        };
        reply_of(problem, id)
    }
}

/// Returns the limits of a request's calls of the database. Requests that wait for clouds have rarer and larger calls.
fn time_limit(class: WorkClass, left: Duration) -> TimeLimit {
    let statement = match class {
        WorkClass::Read | WorkClass::Refresh => READ_STATEMENT,
        WorkClass::Write | WorkClass::Check => WRITE_STATEMENT,
    };
    TimeLimit { statement, deadline: Some(Instant::now() + left.saturating_sub(TO_ANSWER)) }
}

fn reply_of(problem: Problem, id: Uuid) -> Reply {
    let (status, headers, document) = problem.into_parts(id);
    let headers = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Reply::new(id, status.as_u16(), headers.collect(), Body::Utf8(document))
}
