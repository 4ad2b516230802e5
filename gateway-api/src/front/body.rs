//! Bodies of responses: complete ones, and streams.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use gateway_core::Error;
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;

/// A stream of parts. An error cuts the connection, so that the client does not take the body for complete.
pub(super) type Parts = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Error>> + Send>>;

/// The body of a response.
pub(super) type AnswerBody = Either<Full<Bytes>, StreamBody<Parts>>;

/// Returns a complete body.
pub(super) fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    Either::Left(Full::new(bytes.into()))
}

/// Returns a body that is a stream.
pub(super) fn streamed(parts: Parts) -> AnswerBody {
    Either::Right(StreamBody::new(parts))
}
