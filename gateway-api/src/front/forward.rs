//! Requests with content: the handler names the upstream, the front streams the content there and reports the outcome to
//! the handler. The content never enters the bus.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response};
use bytes::Bytes;
use driver_kit::send_content;
use gateway_bus::sealing::{open_header, seal_request};
use gateway_bus::{Body, Envelope, Reply, RequestError, WorkClass};
use gateway_core::Error;
use gateway_core::access::keyring::Keyring;
use gateway_core::backoff::Backoff;
use gateway_core::driver::Forwarded;
use hyper::body::Incoming;
use tracing::Instrument as _;
use uuid::Uuid;

use super::body::AnswerBody;
use super::connection_info::ConnectionInfo;
use super::content::{Content, Progress};
use super::context::FrontContext;
use super::{admission, envelope, reply};
use crate::http::forwarding::{End, FORWARD, ForwardInstruction, Party, Report};
use crate::http::problem::Problem;
use crate::routes::Operation;

/// Attempts to report how an upload ended. After the last, the operation is left to the reconciler.
const REPORT_ATTEMPTS: u32 = 3;

/// The waits between them.
const REPORT_BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));

/// The shortest interval between reports of progress, whatever the handler asks for.
const MIN_REPORT_INTERVAL: Duration = Duration::from_millis(100);

/// Responds to a request with content.
pub(super) async fn respond(
    context: &Arc<FrontContext>,
    id: Uuid,
    connection: &ConnectionInfo,
    operation: Operation,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Problem> {
    let (parts, body) = request.into_parts();
    let content = Content::new(&parts.headers, body, context.upload_limit);
    let party = connection.party;
    let identity = admission::authenticate(context, operation.authentication, &parts.headers, party)?;
    content.check()?;
    let key = identity.share_key(party);
    let upload_slot = context.slots.take_upload(key)?;
    let keyring = context.keyring();
    let received_at = context.now();
    let deadline = received_at.plus(context.timeout(WorkClass::Write));
    let mut plain = envelope::build(id, connection, parts, &Bytes::new(), received_at, deadline)?;
    let mut sealed = plain.clone();
    seal_request(&mut sealed, false, &keyring, received_at)?;
    let first = {
        let _slots = context.slots.take(key, WorkClass::Write)?;
        context.request(WorkClass::Write, sealed).await
    };
    let first = first.map_err(|error| reply::unanswered(&error, WorkClass::Write))?;
    let Some(errand) = errand(&first, &keyring)? else { return reply::response(first, &keyring) };
    // Reports are authenticated by their ticket, so that the caller's secrets are dropped here.
    plain.headers = vec![(CONTENT_TYPE.as_str().to_owned(), "application/json".to_owned())];
    let upload = Upload { context: Arc::clone(context), errand, request: plain };
    // The upload runs in its own task: its end is reported even if the client disconnects.
    let work = async move {
        let answer = upload.run(content).await;
        drop(upload_slot);
        answer
    };
    let task = tokio::spawn(work.in_current_span());
    task.await.unwrap_or_else(|_| Err(Problem::internal()))
}

/// Returns the upstream that the handler names, if the content is to be forwarded.
fn errand(reply: &Reply, keyring: &Keyring) -> Result<Option<ForwardInstruction>, Problem> {
    let header = reply.headers.iter().find(|(name, _)| name.as_str() == FORWARD.as_str());
    let Some((name, sealed)) = header else { return Ok(None) };
    let opened = open_header(sealed, name, reply.message_id, keyring)?;
    serde_json::from_slice(&opened).map(Some).map_err(|error| Problem::from(Error::internal(error)))
}

/// The upload of the content of one request.
struct Upload {
    context: Arc<FrontContext>,
    errand: ForwardInstruction,
    /// The request without the caller's authentication.
    request: Envelope,
}

impl Upload {
    async fn run(&self, content: Content) -> Result<Response<AnswerBody>, Problem> {
        let (progress, length) = (content.progress(), content.length());
        let forward = self.errand.forward();
        // The losers of this race are dropped, and with them the connection to the cloud.
        let end = tokio::select! {
            answer = send_content(&forward, content, length) => match answer {
                Ok(Forwarded { endpoint, status, headers, body }) => {
                    End::Answered { endpoint, status, headers, body }
                }
                Err(error) => {
                    tracing::info!(error = error.chain(), "an upload broke off");
                    progress.broken(error.message())
                }
            },
            end = progress.stalled(self.context.upload_stall) => end,
            end = self.report_progress(&progress) => end,
        };
        self.report_end(progress.sent(), end).await
    }

    /// Reports progress at intervals, until a report is refused.
    async fn report_progress(&self, progress: &Progress) -> End {
        let interval = Duration::from_millis(self.errand.report_every_milliseconds).max(MIN_REPORT_INTERVAL);
        loop {
            tokio::time::sleep(interval).await;
            // A lost report does not matter, because the next one follows.
            if let Ok(reply) = self.report(progress.sent(), None).await
                && reply.status == 409
            {
                let why = "the gateway gave the upload up, because no report of it came in time".to_owned();
                return End::Broken { by: Party::Gateway, why, whole: false };
            }
        }
    }

    /// Reports the end. The reply is the client's answer.
    async fn report_end(&self, sent: u64, end: End) -> Result<Response<AnswerBody>, Problem> {
        let mut backoff = REPORT_BACKOFF;
        loop {
            let error = match self.report(sent, Some(&end)).await {
                Ok(reply) => return reply::response(reply, &self.context.keyring()),
                Err(error) => error,
            };
            let wait = backoff.next_wait();
            if backoff.failures() == REPORT_ATTEMPTS {
                return Err(reply::unanswered(&error, WorkClass::Write));
            }
            let attempt = backoff.failures();
            tracing::warn!(attempt, %error, "the end of an upload could not be reported");
            tokio::time::sleep(wait).await;
        }
    }

    async fn report(&self, sent: u64, end: Option<&End>) -> Result<Reply, RequestError> {
        let (context, received_at) = (&self.context, self.context.now());
        let report = Report { ticket: self.errand.ticket.clone(), sent, end: end.cloned() };
        let mut envelope = Envelope {
            message_id: Uuid::now_v7(),
            received_at,
            deadline: received_at.plus(context.timeout(WorkClass::Write)),
            method: "POST".to_owned(),
            target: self.errand.report_to.clone(),
            body: Body::Utf8(serde_json::to_string(&report).unwrap_or_default()),
            ..self.request.clone()
        };
        seal_request(&mut envelope, true, &context.keyring(), received_at)
            .map_err(|_| RequestError::BadReply)?;
        // An upload has one report in flight at a time, and its own slot: it does not wait for other requests.
        context.request(WorkClass::Write, envelope).await
    }
}
