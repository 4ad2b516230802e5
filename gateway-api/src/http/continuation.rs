//! Answers that go on: the handler names the target of the next stretch, the front asks for it.

use axum::http::HeaderName;

/// Path and query of the next stretch of an answer. It stays between handler and front.
pub(crate) const CONTINUE: HeaderName = HeaderName::from_static("gateway-continue");
