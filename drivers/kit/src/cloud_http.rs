//! The HTTP client of one session: all layers in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use gateway_core::driver::{CloudSpec, Notice, SessionContext};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::fence;
use tokio::time::{Instant, sleep, timeout};

use crate::address::AddressGate;
use crate::clock_gate::ClockGate;
use crate::error_answer::{kind_of_status, status_error};
use crate::message::{Request, Response};
use crate::retry::{self, Decision};
use crate::{body, connections, instruments, retry_after};

/// Sends requests of one session to its cloud; clones are cheap and share everything.
#[derive(Clone, Debug)]
pub struct CloudHttp(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cloud: Arc<CloudSpec>,
    link: SessionContext,
    gate: AddressGate,
    clocks: ClockGate,
}

/// An answer, and the result of its clock check.
struct Checked {
    response: Response,
    clock: Result<()>,
}

impl CloudHttp {
    /// Builds the client; calls no cloud.
    ///
    /// # Errors
    /// Invalid if the registration's endpoint or hosts cannot be read.
    pub fn new(cloud: Arc<CloudSpec>, link: SessionContext) -> Result<Self> {
        connections::client()?;
        let gate = AddressGate::new(&cloud)?;
        let clocks = ClockGate::new(&cloud, link.skew.clone());
        Ok(Self(Arc::new(Inner { cloud, link, gate, clocks })))
    }

    /// Sends a read. An answer by a clock that is too far off is an error, whatever its status.
    ///
    /// # Errors
    /// The error of every status from 400 on, by [`Request::explain`] or [`status_error`]; of a redirect; and of every
    /// layer. Temporary errors come after retries, if those can do no harm.
    pub async fn send(&self, request: Request) -> Result<Response> {
        // The clock comes first: a refusal by an endpoint with a wrong clock means nothing.
        self.send_checked(
            &request,
            || Ok(()),
            |checked| {
                checked.clock?;
                accept(&request, checked.response)
            },
        )
        .await
    }

    /// Sends a write. Its result is returned even if the endpoint's clock is too far off; the clock's error is the second
    /// value then.
    ///
    /// # Errors
    /// As [`Self::send`], except for clocks; and `LeaseLost` if a [`fence`] has closed before the request left.
    pub async fn send_write(&self, request: Request) -> Result<(Response, Option<Error>)> {
        self.send_checked(&request, fence::check, |checked| {
            let clock = checked.clock.err();
            match (accept(&request, checked.response), clock) {
                (Ok(response), clock) => Ok((response, clock)),
                (Err(error), None) => Err(error),
                (Err(error), Some(clock)) => Err(error.with("clock", clock)),
            }
        })
        .await
    }

    /// Returns the notices about the last answers of all endpoints.
    pub fn notices(&self) -> Vec<Notice> {
        self.0.clocks.notices()
    }

    /// Checks whether an address may be called, for catalogs.
    ///
    /// # Errors
    /// `AddressRefused`.
    pub fn check_address(&self, url: &url::Url) -> Result<()> {
        self.0.gate.check(url)
    }

    /// Returns the cloud's registration.
    pub fn cloud(&self) -> &Arc<CloudSpec> {
        &self.0.cloud
    }

    /// Returns the context of the session.
    pub fn link(&self) -> &SessionContext {
        &self.0.link
    }

    async fn send_checked<T>(
        &self,
        request: &Request,
        may_leave: impl Fn() -> Result<()>,
        accept: impl Fn(Checked) -> Result<T>,
    ) -> Result<T> {
        self.0.gate.check(&request.url)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.0.link.pacer.acquire().await;
            may_leave()?;
            let (result, never_arrived) = match self.attempt(request).await {
                Ok(checked) => {
                    let wait = self.apply_pause(&checked.response);
                    (accept(checked).map_err(|error| with_wait(error, wait)), false)
                }
                Err(failure) if failure.never_arrived => (Err(failure.error.untouched()), true),
                Err(failure) => (Err(failure.error), false),
            };
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match retry::decide(error, attempt, request.idempotent || never_arrived) {
                Decision::GiveUp(error) => return Err(error),
                Decision::Retry(wait) => {
                    let wait_ms = wait.as_millis() as u64;
                    tracing::debug!(endpoint = %endpoint(request), attempt, wait_ms, "a request is sent again");
                    sleep(wait).await;
                }
            }
        }
    }

    /// Applies the pause that an answer asks for to the whole account, and returns it.
    fn apply_pause(&self, response: &Response) -> Option<Duration> {
        if !matches!(response.status.as_u16(), 429 | 503) {
            return None;
        }
        let wait = retry_after::read(&response.headers, self.0.link.now())?;
        self.0.link.pacer.pause(wait);
        Some(wait)
    }

    async fn attempt(&self, request: &Request) -> Result<Checked, Failure> {
        let endpoint = endpoint(request);
        let begun = Instant::now();
        let result = match timeout(self.0.cloud.timeout, self.exchange(request, &endpoint)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::arrived(Error::new(
                ErrorKind::Timeout,
                format!(
                    "{endpoint} did not answer within the limit of {} s",
                    self.0.cloud.timeout.as_secs_f32()
                ),
            ))),
        };
        let outcome = result.as_ref().map(|checked| checked.response.status);
        instruments::called(
            &self.0.cloud.name,
            begun.elapsed(),
            outcome.map_err(|failure| failure.error.kind()),
        );
        result
    }

    async fn exchange(&self, request: &Request, endpoint: &Arc<str>) -> Result<Checked, Failure> {
        let mut call = connections::client()
            .map_err(Failure::arrived)?
            .request(request.method.clone(), request.url.clone());
        for (name, value) in &request.headers {
            call = call.header(name.clone(), value.clone());
        }
        if let Some(body) = &request.body {
            call = call.body(body.clone());
        }
        let sent = self.0.link.now();
        let answer = call.send().await.map_err(|error| Failure::unreachable(endpoint, error))?;
        let received = self.0.link.now();
        let clock = self.0.clocks.check(endpoint, answer.headers(), sent, received);
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = match body::read(answer, request.max_body, endpoint).await {
            Ok(body) => body,
            // Half of an error answer still has a status.
            Err(_) if kind_of_status(status).is_some() => Bytes::new(),
            Err(error) => return Err(Failure::arrived(clock.err().unwrap_or(error))),
        };
        Ok(Checked { response: Response { status, headers, body, endpoint: endpoint.clone() }, clock })
    }
}

/// A failed attempt.
struct Failure {
    error: Error,
    /// Whether the request certainly did not reach the cloud, so that any request may be sent again.
    never_arrived: bool,
}

impl Failure {
    fn arrived(error: Error) -> Self {
        Self { error, never_arrived: false }
    }

    fn unreachable(endpoint: &str, error: reqwest::Error) -> Self {
        let never_arrived = error.is_connect();
        let kind = if error.is_timeout() { ErrorKind::Timeout } else { ErrorKind::Unavailable };
        let message = format!("{endpoint} cannot be reached");
        Self { error: Error::new(kind, message).with_source(error.without_url()), never_arrived }
    }
}

fn with_wait(error: Error, wait: Option<Duration>) -> Error {
    match wait {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// Turns error answers and redirects into errors.
fn accept(request: &Request, response: Response) -> Result<Response> {
    if kind_of_status(response.status).is_some() {
        let own = request.explain.and_then(|explain| explain(&response));
        return Err(own.unwrap_or_else(|| status_error(&response)).with("request", format!("{request:?}")));
    }
    if matches!(response.status.as_u16(), 301..=303 | 307 | 308) {
        let message = format!("{} answered with a redirect; redirects are not followed", response.endpoint);
        return Err(Error::new(ErrorKind::WrongDocument, message));
    }
    Ok(response)
}

fn endpoint(request: &Request) -> Arc<str> {
    let host = request.url.host_str().unwrap_or_default();
    match request.url.port_or_known_default() {
        Some(port) => format!("{host}:{port}").into(),
        None => host.into(),
    }
}
