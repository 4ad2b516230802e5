//! Long answers: a handler answers with one part and names the target of the next, which the front requests.

use axum::http::HeaderName;

/// The header with the path and query of the next part. The front removes it.
pub(crate) const CONTINUE: HeaderName = HeaderName::from_static("gateway-continue");
