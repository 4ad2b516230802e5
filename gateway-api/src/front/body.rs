//! Bodies of responses: complete ones, and streams. A body holds the slots of its request until the client has taken it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use gateway_core::Error;
use hyper::body::{Body, Frame, SizeHint};

use super::progress::{Progress, UnreadAnswer};
use super::slots::RequestSlots;

/// The bytes that a connection takes at once. It asks for more when the client has made room, so that larger pieces leave
/// more of an unread answer in the buffers of the connection, without a slot; smaller ones cost processor time.
const PIECE: usize = 32 << 10;

/// A stream of parts. An error cuts the connection, so that the client does not take the body for complete.
pub(super) type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// The body of a response.
pub(super) struct AnswerBody {
    /// The bytes that are known and not taken yet.
    rest: Bytes,
    parts: Option<Parts>,
    _slots: Option<RequestSlots>,
    unread: Option<UnreadAnswer>,
}

/// Returns a complete body.
pub(super) fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    AnswerBody { rest: bytes.into(), parts: None, _slots: None, unread: None }
}

/// Returns a body that is a stream.
pub(super) fn streamed(parts: Parts) -> AnswerBody {
    AnswerBody { rest: Bytes::new(), parts: Some(parts), _slots: None, unread: None }
}

impl AnswerBody {
    /// Lets the body hold slots until the client has taken it.
    pub(super) fn holding(self, slots: RequestSlots) -> Self {
        Self { _slots: Some(slots), ..self }
    }

    /// Lets the body tell the progress of its connection whether it waits for the client.
    pub(super) fn watched(self, progress: &Arc<Progress>) -> Self {
        let mut unread = UnreadAnswer::new(progress);
        if !self.is_end_stream() {
            unread.waits_for_client();
        }
        Self { unread: Some(unread), ..self }
    }

    /// Polls for content until some is there. Returns whether there is.
    fn poll_content(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        while self.rest.is_empty() {
            let Some(parts) = &mut self.parts else { return Poll::Ready(Ok(false)) };
            match ready!(parts.as_mut().poll_next(context)?) {
                Some(bytes) => self.rest = bytes,
                None => self.parts = None,
            }
        }
        Poll::Ready(Ok(true))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let polled = this.poll_content(context);
        if let Some(unread) = &mut this.unread {
            match polled {
                Poll::Ready(Ok(true)) => unread.waits_for_client(),
                _ => unread.waits_for_content(),
            }
        }
        Poll::Ready(match ready!(polled) {
            Ok(true) => Some(Ok(Frame::data(this.rest.split_to(this.rest.len().min(PIECE))))),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.parts {
            None => SizeHint::with_exact(self.rest.len() as u64),
            Some(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn body_is_taken_in_pieces_and_complete() {
        let text: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
        let mut body = whole(text.clone());
        assert_eq!(body.size_hint().exact(), Some(100_000));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), PIECE);
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!([first, rest].concat(), text);
        let parts: Vec<_> = text.chunks(40_000).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
        let body = streamed(Box::pin(stream::iter(parts)));
        assert_eq!(body.size_hint().exact(), None);
        assert_eq!(body.collect().await.unwrap().to_bytes(), text);
    }
}
