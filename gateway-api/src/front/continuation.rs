//! Long answers: the front requests one part after the other, as fast as the client reads.

use std::sync::Arc;

use axum::http::Response;
use bytes::Bytes;
use futures_util::stream;
use gateway_bus::sealing::seal_request;
use gateway_bus::{Envelope, Reply, WorkClass};
use gateway_core::Error;
use uuid::Uuid;

use super::body::{AnswerBody, streamed};
use super::context::FrontContext;
use super::reply;
use crate::http::continuation::CONTINUE;
use crate::http::problem::Problem;

/// The next part of the answer.
enum Next {
    /// Bytes that have arrived, and the target of the part after them.
    Bytes(Bytes, Option<String>),
    /// The target of a part that is still to be requested.
    Target(String),
}

/// Returns the target of the next part, if the answer continues.
pub(super) fn target(reply: &Reply) -> Option<&str> {
    let header = reply.headers.iter().find(|(name, _)| name.as_str() == CONTINUE.as_str());
    header.map(|(_, target)| target.as_str())
}

/// Returns the complete answer, which begins with `first`. `plain` is the request before sealing, because secrets are
/// sealed for one message each.
pub(super) fn response(
    context: Arc<FrontContext>,
    class: WorkClass,
    plain: Envelope,
    mut first: Reply,
) -> Result<Response<AnswerBody>, Problem> {
    let next = target(&first).map(str::to_owned);
    first.headers.retain(|(name, _)| name.as_str() != CONTINUE.as_str());
    let bytes = reply::body(std::mem::take(&mut first.body), first.message_id, &context.keyring())?;
    let response = reply::response(first, &context.keyring())?;
    let parts = stream::try_unfold(Some(Next::Bytes(bytes, next)), move |next| {
        let (context, plain) = (Arc::clone(&context), plain.clone());
        async move {
            let (bytes, next) = match next {
                None => return Ok(None),
                Some(Next::Bytes(bytes, next)) => (bytes, next),
                Some(Next::Target(target)) => request(&context, class, plain, target).await?,
            };
            Ok::<_, Error>(Some((bytes, next.map(Next::Target))))
        }
    });
    Ok(response.map(|_| streamed(Box::pin(parts))))
}

/// Requests one part. Returns it and the target of the next. The answer holds the slot of its request for all of its parts.
async fn request(
    context: &FrontContext,
    class: WorkClass,
    plain: Envelope,
    target: String,
) -> Result<(Bytes, Option<String>), Error> {
    let received_at = context.now();
    let mut envelope = Envelope {
        message_id: Uuid::now_v7(),
        received_at,
        deadline: received_at.plus(context.timeout(class)),
        target,
        ..plain
    };
    let keyring = context.keyring();
    seal_request(&mut envelope, false, &keyring, received_at)?;
    let cut = |why: String| Error::unavailable(format!("an answer was cut off: {why}"));
    let reply = context.request(class, envelope).await.map_err(|error| cut(error.to_string()))?;
    if !(200..300).contains(&reply.status) {
        return Err(cut(format!("the status of a part was {}", reply.status)));
    }
    let next = self::target(&reply).map(str::to_owned);
    let bytes = reply::body(reply.body, reply.message_id, &keyring)
        .map_err(|_| cut("a part was unreadable".to_owned()))?;
    Ok((bytes, next))
}
