//! Bodies of answers: whole ones, and such that come stretch by stretch.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use gateway_core::Error;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;

/// Stretches as they come. An error ends the connection: what came is not taken for the whole.
pub(super) type Stretches = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Error>> + Send>>;

/// What an answer is made of.
pub(super) type AnswerBody = Either<Full<Bytes>, StreamBody<Stretches>>;

/// A body that is there already.
pub(super) fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    Either::Left(Full::new(bytes.into()))
}

/// A body that comes.
pub(super) fn streamed(stretches: Stretches) -> AnswerBody {
    Either::Right(StreamBody::new(stretches))
}
