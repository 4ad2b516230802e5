//! The content of an upload on its way through: counted, limited, and never held.

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

use super::gate::too_large;
use crate::app::error::UploadParty;
use crate::http::forwarding::End;
use crate::http::problem::Problem;

/// How long content is taken and thrown away after its answer is known, so that a client which sends all before it reads
/// still gets to the answer. Longer serves slower clients; shorter frees their connections.
const LINGER: Duration = Duration::from_secs(5);

/// How long a cloud may take to answer once it has all of the content: some look through it whole.
const ANSWER: Duration = Duration::from_secs(900);

/// How long a cloud has the request's head alone. One that refuses does so now, and is heard: later it would close the
/// connection under the content, and its words would be lost. Longer hears slower clouds; shorter begins sooner.
const HEAD_START: Duration = Duration::from_millis(250);

/// How often it is looked whether the content still moves.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a client sends.
pub(super) struct Content {
    body: Option<Incoming>,
    /// The client sends without having been told to go on.
    is_coming: bool,
    most: u64,
    /// Until the first byte is let through.
    head_start: Option<Pin<Box<Sleep>>>,
    progress: Arc<Progress>,
}

/// How far content has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    sent: AtomicU64,
    is_whole: AtomicBool,
    waits_for_client: AtomicBool,
    /// What was wrong with the client's side.
    fault: OnceLock<(UploadParty, String)>,
}

impl Content {
    /// Content of at most so many bytes.
    pub(super) fn new(headers: &HeaderMap, body: Incoming, most: u64) -> Self {
        let is_coming = !headers.contains_key(header::EXPECT);
        Self { body: Some(body), is_coming, most, head_start: None, progress: Arc::default() }
    }

    /// How long the client says that it is.
    pub(super) fn length(&self) -> Option<u64> {
        self.body.as_ref()?.size_hint().exact()
    }

    /// Refuses what is known to be wrong before the first byte.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.body.as_ref().is_none_or(Incoming::is_end_stream) {
            let detail = "the request has no body; the content is its body";
            return Err(Problem::new("no-content", "There is no content", StatusCode::BAD_REQUEST, detail));
        }
        match self.length() {
            Some(length) if length > self.most => Err(too_large(self.most)),
            _ => Ok(()),
        }
    }

    pub(super) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    fn fail(&mut self, by: UploadParty, why: String) -> std::io::Error {
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
        // From now on the client is told to go on.
        this.is_coming = true;
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
                    let why = "the client's connection ended in the middle of the content".to_owned();
                    return Poll::Ready(Some(Err(this.fail(UploadParty::Client, why))));
                }
                // What is not content is a trailer, which means nothing here.
                Some(Ok(frame)) => {
                    let Ok(bytes) = frame.into_data() else { continue };
                    let is_whole = body.is_end_stream();
                    let sent = this.progress.sent.fetch_add(bytes.len() as u64, Relaxed) + bytes.len() as u64;
                    if sent > this.most {
                        let why = format!("the content may have {} bytes", this.most);
                        return Poll::Ready(Some(Err(this.fail(UploadParty::Limit, why))));
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
        let rest = self.body.take().filter(|body| self.is_coming && !body.is_end_stream());
        if let (Some(mut rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(LINGER, async move {
                while let Some(Ok(_)) = rest.frame().await {}
            }));
        }
    }
}

impl Progress {
    /// Bytes that went on.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// How it broke off; `why` is what the cloud's side knows.
    pub(super) fn broken(&self, why: &str) -> End {
        let (by, why) = self.fault.get().cloned().unwrap_or((UploadParty::Cloud, why.to_owned()));
        End::Broken { by, why, whole: self.is_whole.load(Relaxed) }
    }

    /// Returns when nothing has moved for so long.
    pub(super) async fn stand_still(&self, most: Duration) -> End {
        let (mut seen, mut since) = (self.sent(), Instant::now());
        loop {
            tokio::time::sleep(LOOK_EVERY.min(most)).await;
            let (sent, whole) = (self.sent(), self.is_whole.load(Relaxed));
            if sent != seen {
                (seen, since) = (sent, Instant::now());
            }
            if since.elapsed() < if whole { ANSWER } else { most } {
                continue;
            }
            let (by, why) = match (whole, self.waits_for_client.load(Relaxed)) {
                (true, _) => (UploadParty::Cloud, "the cloud did not answer in time"),
                (false, true) => (UploadParty::Client, "the content did not arrive in time"),
                (false, false) => (UploadParty::Cloud, "the cloud did not take the content in time"),
            };
            return End::Broken { by, why: why.to_owned(), whole };
        }
    }
}
