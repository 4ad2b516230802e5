//! The paths of the admin listener.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::exporter::Exporter;
use super::log;
use super::readiness::{self, Part};

/// The most bytes of a body; only the log filter has one.
const MAX_BODY: usize = 4096;

/// The media type of the text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The parts that answers come from.
#[derive(Debug)]
pub(super) struct AdminState {
    pub(super) exporter: Exporter,
    pub(super) parts: Vec<Part>,
}

/// Returns the routes.
pub(super) fn router(state: Arc<AdminState>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/live", get(|| async { Json(json!({ "status": "live" })) }))
        .route("/ready", get(ready))
        .route("/log", get(log::read).put(log::replace))
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "there is no such path; use /metrics, /live, /ready or /log\n")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state)
}

async fn metrics(State(state): State<Arc<AdminState>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, METRICS_TYPE)], state.exporter.render())
}

async fn ready(State(state): State<Arc<AdminState>>) -> impl IntoResponse {
    let (status, readiness) = readiness::ask(&state.parts).await;
    (status, Json(readiness))
}
