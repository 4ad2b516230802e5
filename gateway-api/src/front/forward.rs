//! Requests with content: the handler says where it goes, the front streams it there, and the handler says what became
//! of it. The content never enters the bus.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response};
use bytes::Bytes;
use driver_kit::send_content;
use gateway_bus::sealing::{open_header, seal_request};
use gateway_bus::{Body, Envelope, Reply, RequestError, WorkClass};
use gateway_core::Error;
use hyper::body::Incoming;
use uuid::Uuid;

use super::body::AnswerBody;
use super::connection::Ends;
use super::content::{Content, Progress};
use super::service::{Service, overloaded};
use super::{envelope, gate, reply};
use crate::app::error::UploadParty;
use crate::http::forwarding::{End, Errand, FORWARD, Report};
use crate::http::problem::Problem;
use crate::routes::Operation;

/// Tries of telling how an upload ended. After the last the operation is left to those who look after such.
const TELL: u32 = 3;

/// Between them.
const TELL_AGAIN: Duration = Duration::from_secs(1);

impl Service {
    /// Answers a request with content.
    pub(super) async fn forward(
        self: &Arc<Self>,
        id: Uuid,
        ends: &Ends,
        operation: Operation,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Problem> {
        let (parts, body) = request.into_parts();
        let content = Content::new(&parts.headers, body, self.upload_limit());
        let keyring = self.keyring();
        gate::check(operation.authentication, &parts.headers, &keyring, self.now())?;
        content.check()?;
        let uploading = self.upload_place()?;
        let received_at = self.now();
        let deadline = received_at.plus(self.timeout(WorkClass::Write));
        let mut asked = envelope::build(id, ends, parts, &Bytes::new(), received_at, deadline)?;
        let mut sealed = asked.clone();
        seal_request(&mut sealed, false, &keyring, received_at)?;
        let first = {
            let _place = self.try_place().ok_or_else(overloaded)?;
            self.request(WorkClass::Write, sealed).await
        };
        let first = first.map_err(|error| reply::unanswered(&error, WorkClass::Write))?;
        let Some(errand) = errand(&first, &keyring)? else { return reply::response(first, &keyring) };
        // Reports are proved by their ticket.
        asked.headers = vec![(CONTENT_TYPE.as_str().to_owned(), "application/json".to_owned())];
        let carrier = Carrier { service: Arc::clone(self), errand, asked };
        // A task of its own: when the client goes away, the end is still told.
        let task = tokio::spawn(async move {
            let answer = carrier.carry(content).await;
            drop(uploading);
            answer
        });
        task.await.unwrap_or_else(|_| Err(Problem::internal()))
    }
}

/// Where the handler sends the content, if it does.
fn errand(
    reply: &Reply,
    keyring: &gateway_core::access::keyring::Keyring,
) -> Result<Option<Errand>, Problem> {
    let header = reply.headers.iter().find(|(name, _)| name.as_str() == FORWARD.as_str());
    let Some((name, sealed)) = header else { return Ok(None) };
    let opened = open_header(sealed, name, reply.message_id, keyring)?;
    serde_json::from_slice(&opened).map(Some).map_err(|error| Problem::from(Error::internal(error)))
}

/// Carries the content of one request.
struct Carrier {
    service: Arc<Service>,
    errand: Errand,
    /// The request, without what proves its caller.
    asked: Envelope,
}

impl Carrier {
    async fn carry(&self, content: Content) -> Result<Response<AnswerBody>, Problem> {
        let (progress, length) = (content.progress(), content.length());
        let forward = self.errand.forward();
        // What is not chosen is dropped, and with it the connection to the cloud.
        let end = tokio::select! {
            answer = send_content(&forward, content, length) => match answer {
                Ok(answer) => End::from(answer),
                Err(error) => {
                    tracing::info!(id = %self.asked.message_id, error = error.chain(), "an upload broke off");
                    progress.broken(error.message())
                }
            },
            end = progress.stand_still(self.service.upload_stall()) => end,
            end = self.keep(&progress) => end,
        };
        self.tell(progress.sent(), end).await
    }

    /// Says again and again that it goes on, until it may not.
    async fn keep(&self, progress: &Progress) -> End {
        let every = Duration::from_millis(self.errand.report_every_milliseconds.max(100));
        loop {
            tokio::time::sleep(every).await;
            // A report that gets lost is made up for by the next.
            if let Ok(reply) = self.report(progress.sent(), None).await
                && reply.status == 409
            {
                let why = "the upload was taken for broken meanwhile".to_owned();
                return End::Broken { by: UploadParty::Gateway, why, whole: false };
            }
        }
    }

    /// Tells how it ended; the answer is the client's.
    async fn tell(&self, sent: u64, end: End) -> Result<Response<AnswerBody>, Problem> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.report(sent, Some(&end)).await {
                Ok(reply) => return reply::response(reply, &self.service.keyring()),
                Err(error) if tries == TELL => return Err(reply::unanswered(&error, WorkClass::Write)),
                Err(error) => tracing::warn!(%error, "the end of an upload could not be told"),
            }
            tokio::time::sleep(TELL_AGAIN).await;
        }
    }

    async fn report(&self, sent: u64, end: Option<&End>) -> Result<Reply, RequestError> {
        let (service, received_at) = (&self.service, self.service.now());
        let report = Report { ticket: self.errand.ticket.clone(), sent, end: end.cloned() };
        let mut envelope = Envelope {
            message_id: Uuid::now_v7(),
            received_at,
            deadline: received_at.plus(service.timeout(WorkClass::Write)),
            method: "POST".to_owned(),
            target: self.errand.report_to.clone(),
            body: Body::Utf8(serde_json::to_string(&report).unwrap_or_default()),
            ..self.asked.clone()
        };
        seal_request(&mut envelope, true, &service.keyring(), received_at)
            .map_err(|_| RequestError::BadReply)?;
        let _place = service.place().await;
        service.request(WorkClass::Write, envelope).await
    }
}
