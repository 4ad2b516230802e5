//! An answer that goes on: the front asks for stretch after stretch, as fast as the client reads.

use std::sync::Arc;

use axum::http::Response;
use bytes::Bytes;
use futures_util::stream;
use gateway_bus::sealing::seal_request;
use gateway_bus::{Envelope, Reply, WorkClass};
use gateway_core::Error;
use hyper::body::Frame;
use uuid::Uuid;

use super::body::{AnswerBody, streamed};
use super::reply;
use super::service::Service;
use crate::http::continuation::CONTINUE;
use crate::http::problem::Problem;

/// What one stretch leads to.
enum Next {
    /// Bytes that are there, and then perhaps more.
    Bytes(Bytes, Option<String>),
    /// Ask for this target.
    Ask(String),
}

/// Where an answer goes on, if it does.
pub(super) fn target(reply: &Reply) -> Option<&str> {
    let header = reply.headers.iter().find(|(name, _)| name.as_str() == CONTINUE.as_str());
    header.map(|(_, target)| target.as_str())
}

/// The whole answer, of which `first` is the beginning. `asked` is the request with its secrets in clear, for they
/// are sealed to one message each.
pub(super) fn response(
    service: Arc<Service>,
    class: WorkClass,
    asked: Envelope,
    mut first: Reply,
) -> Result<Response<AnswerBody>, Problem> {
    let next = target(&first).map(str::to_owned);
    first.headers.retain(|(name, _)| name.as_str() != CONTINUE.as_str());
    let bytes = reply::body(std::mem::take(&mut first.body), first.message_id, &service.keyring())?;
    let response = reply::response(first, &service.keyring())?;
    let stretches = stream::try_unfold(Some(Next::Bytes(bytes, next)), move |next| {
        let (service, asked) = (Arc::clone(&service), asked.clone());
        async move {
            let (bytes, next) = match next {
                None => return Ok(None),
                Some(Next::Bytes(bytes, next)) => (bytes, next),
                Some(Next::Ask(target)) => ask(&service, class, asked, target).await?,
            };
            Ok::<_, Error>(Some((Frame::data(bytes), next.map(Next::Ask))))
        }
    });
    Ok(response.map(|_| streamed(Box::pin(stretches))))
}

async fn ask(
    service: &Service,
    class: WorkClass,
    asked: Envelope,
    target: String,
) -> Result<(Bytes, Option<String>), Error> {
    let received_at = service.now();
    let mut envelope = Envelope {
        message_id: Uuid::now_v7(),
        received_at,
        deadline: received_at.plus(service.timeout(class)),
        target,
        ..asked
    };
    let keyring = service.keyring();
    seal_request(&mut envelope, false, &keyring, received_at)?;
    let _place = service.place().await;
    let cut = |why: String| Error::unavailable(format!("an answer was cut off: {why}"));
    let reply = service.request(class, envelope).await.map_err(|error| cut(error.to_string()))?;
    if !(200..300).contains(&reply.status) {
        return Err(cut(format!("a handler answered {}", reply.status)));
    }
    let next = self::target(&reply).map(str::to_owned);
    let bytes =
        reply::body(reply.body, reply.message_id, &keyring).map_err(|_| cut("unreadable".to_owned()))?;
    Ok((bytes, next))
}
