//! The readiness of a process, part by part.

use axum::http::StatusCode;
use gateway_core::probe::Probe;
use serde::Serialize;

/// A part that a process needs, such as the broker.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name.
    pub name: &'static str,
    /// The check of the part.
    pub probe: Probe,
}

/// The answer of `/ready`.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    ready: bool,
    parts: Vec<PartState>,
}

#[derive(Debug, Serialize)]
struct PartState {
    part: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Asks all parts.
pub(super) async fn ask(parts: &[Part]) -> (StatusCode, Readiness) {
    let asked = parts.iter().map(|part| async move {
        let reason = part.probe.verdict().await.err().map(std::borrow::Cow::into_owned);
        PartState { part: part.name, ready: reason.is_none(), reason }
    });
    let parts = futures_util::future::join_all(asked).await;
    let ready = parts.iter().all(|part| part.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Readiness { ready, parts })
}
