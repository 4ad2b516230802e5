//! The cloud's error answers and wrong documents, as errors of the gateway.

use driver_kit::{HeaderName, Response, StatusCode, status_error, trim_words};
use gateway_core::error::CloudWords;
use gateway_core::{Error, ErrorKind, Kind};
use serde_json::Value;

/// Header with the cloud's own id of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Converts the answer to a refused write: the kind of the error, and the cloud's code and message.
pub(crate) fn refusal(response: &Response) -> Error {
    let error = explain(response).unwrap_or_else(|| status_error(response));
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |member: &str| body["error"][member].as_str().map(trim_words);
    error.with_cloud(CloudWords {
        code: text("code").unwrap_or_else(|| response.status.as_u16().to_string()),
        message: text("message").unwrap_or_default(),
        request_id: response.header(&REQUEST_ID).map(str::to_owned),
    })
}

/// Converts a 404: only the cloud's own error document proves that a resource is absent; any other 404 is a wrong address.
pub(crate) fn explain(response: &Response) -> Option<Error> {
    if response.status != StatusCode::NOT_FOUND {
        return None;
    }
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body["error"]["code"].as_str() {
        Some("no_such_resource") => None,
        Some("no_such_region") => {
            Some(Error::new(ErrorKind::Unsupported, "the cloud does not have the region"))
        }
        _ => {
            let message = format!("`{}` is not a simulated cloud", response.endpoint);
            Some(Error::new(ErrorKind::WrongDocument, message))
        }
    }
}

/// Returns the error of a document that is not the requested one.
pub(crate) fn wrong_document(cause: String) -> Error {
    Error::new(ErrorKind::WrongDocument, "the cloud sent a document other than the requested one")
        .with_source(cause)
}

/// Returns the error of a kind, or a listing of it, that the cloud does not have.
pub(crate) fn unsupported_listing(kind: Kind) -> Error {
    let message = format!("a simulated cloud has no such listing of {}", kind.spec().plural);
    Error::new(ErrorKind::Unsupported, message)
}
