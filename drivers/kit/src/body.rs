//! The body of an answer, read as a whole or not at all.

use bytes::{Bytes, BytesMut};
use gateway_core::error::{Error, ErrorKind, Result, Status};

/// Reads the body; fails if it is too large or ends before its announced length.
pub(crate) async fn read(mut answer: reqwest::Response, limit: usize, endpoint: &str) -> Result<Bytes> {
    let announced = answer.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(too_large(endpoint, limit));
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => return Err(too_large(endpoint, limit)),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(cut_short(endpoint, error)),
        }
    }
}

fn too_large(endpoint: &str, limit: usize) -> Error {
    Error::new(
        ErrorKind::WrongDocument,
        format!("{endpoint} answered more than the limit of {} MiB", limit >> 20),
    )
}

/// Returns a temporary error: a broken connection says nothing about the document, and a retry may succeed.
fn cut_short(endpoint: &str, error: reqwest::Error) -> Error {
    Error::new(ErrorKind::WrongDocument, format!("the answer of {endpoint} was cut short"))
        .with_status(Status::Temporary)
        .with_source(error.without_url())
}
