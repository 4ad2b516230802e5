//! The content of an upload as a stream: counted, limited, and never held as a whole.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures_util::Stream;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

use super::request_body::too_large;
use crate::http::forwarding::{End, Party};
use crate::http::problem::Problem;

/// The time for which content is discarded after the answer is known, so that a client that sends everything before it
/// reads gets the answer. A higher value serves slower clients; a lower one frees their connections.
const LINGER: Duration = Duration::from_secs(5);

/// The longest wait for the cloud's answer to the complete content. Some clouds verify all of it first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(900);

/// The time between head and content. A cloud that refuses by the head does so now; later, it would close the connection
/// during the content, and its answer would be lost. A higher value gets the answer of slower clouds; a lower one begins
/// sooner.
const HEAD_START: Duration = Duration::from_millis(250);

/// The interval between checks for progress.
const STALL_CHECK: Duration = Duration::from_millis(500);

/// The content that a client sends.
pub(super) struct Content {
    body: Option<Incoming>,
    /// The client sends without waiting for `100 Continue`, or has received it.
    is_arriving: bool,
    limit: u64,
    /// The delay of the first byte.
    head_start: Option<Pin<Box<Sleep>>>,
    progress: Arc<Progress>,
}

/// The progress of an upload.
#[derive(Debug, Default)]
pub(super) struct Progress {
    sent: AtomicU64,
    is_whole: AtomicBool,
    waits_for_client: AtomicBool,
    /// The fault of the client's side, if there was one.
    fault: OnceLock<(Party, String)>,
}

impl Content {
    /// Creates content of at most `limit` bytes.
    pub(super) fn new(headers: &HeaderMap, body: Incoming, limit: u64) -> Self {
        let is_arriving = !headers.contains_key(header::EXPECT);
        Self { body: Some(body), is_arriving, limit, head_start: None, progress: Arc::default() }
    }

    /// Returns the length that the client announced.
    pub(super) fn length(&self) -> Option<u64> {
        self.body.as_ref()?.size_hint().exact()
    }

    /// Refuses content that is known to be invalid before the first byte.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.body.as_ref().is_none_or(Incoming::is_end_stream) {
            let detail = "the request has no body; send the content as its body";
            return Err(Problem::new("no-content", "No content", StatusCode::BAD_REQUEST, detail));
        }
        match self.length() {
            Some(length) if length > self.limit => Err(too_large(self.limit)),
            _ => Ok(()),
        }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    fn fail(&mut self, by: Party, why: String) -> std::io::Error {
        let error = std::io::Error::other(why.clone());
        let _ = self.progress.fault.set((by, why));
        error
    }
}

impl Stream for Content {
    type Item = std::io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.progress.sent() == 0 {
            let head_start = this.head_start.get_or_insert_with(|| Box::pin(tokio::time::sleep(HEAD_START)));
            ready!(head_start.as_mut().poll(context));
        }
        // Polling the body sends `100 Continue`.
        this.is_arriving = true;
        loop {
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            let polled = Pin::new(&mut *body).poll_frame(context);
            this.progress.waits_for_client.store(polled.is_pending(), Relaxed);
            match ready!(polled) {
                None => {
                    this.body = None;
                    this.progress.is_whole.store(true, Relaxed);
                    return Poll::Ready(None);
                }
                Some(Err(_)) => {
                    this.body = None;
                    let why = "the client's connection ended during the content".to_owned();
                    return Poll::Ready(Some(Err(this.fail(Party::Client, why))));
                }
                // Frames without data are trailers, which have no meaning here.
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    let is_whole = body.is_end_stream();
                    let sent = this.progress.sent.fetch_add(bytes.len() as u64, Relaxed) + bytes.len() as u64;
                    if sent > this.limit {
                        let why = format!("the content has more than {} bytes", this.limit);
                        return Poll::Ready(Some(Err(this.fail(Party::Limit, why))));
                    }
                    this.progress.is_whole.store(is_whole, Relaxed);
                    return Poll::Ready(Some(Ok(bytes)));
                }
            }
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| self.is_arriving && !body.is_end_stream());
        if let (Some(mut rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LINGER, async move {
                while let Some(Ok(_)) = rest.frame().await {}
            }));
        }
    }
}

impl Progress {
    /// Returns the number of bytes sent to the cloud.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Returns the end of an upload that broke off. `why` is the reason unless the client's side has a fault.
    pub(super) fn broken(&self, why: &str) -> End {
        let (by, why) = self.fault.get().cloned().unwrap_or((Party::Cloud, why.to_owned()));
        End::Broken { by, why, whole: self.is_whole.load(Relaxed) }
    }

    /// Waits until there was no progress for this time.
    pub(super) async fn stalled(&self, longest: Duration) -> End {
        let (mut seen, mut since) = (self.sent(), Instant::now());
        loop {
            tokio::time::sleep(STALL_CHECK.min(longest)).await;
            let (sent, whole) = (self.sent(), self.is_whole.load(Relaxed));
            if sent != seen {
                (seen, since) = (sent, Instant::now());
            }
            if since.elapsed() < if whole { ANSWER_TIMEOUT } else { longest } {
                continue;
            }
            let (by, why) = match (whole, self.waits_for_client.load(Relaxed)) {
                (true, _) => (Party::Cloud, "the cloud did not answer in time"),
                (false, true) => (Party::Client, "the content did not arrive in time"),
                (false, false) => (Party::Cloud, "the cloud did not take the content in time"),
            };
            return End::Broken { by, why: why.to_owned(), whole };
        }
    }
}
