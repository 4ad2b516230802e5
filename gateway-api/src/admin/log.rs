//! The log filter over HTTP.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gateway_core::error::Result;
use gateway_core::telemetry::{NewFilter, current_filter};
use serde_json::{Value, json};
use tracing::Level;

/// Responds with the filter.
pub(super) async fn read() -> Response {
    match current_filter() {
        Some(filter) => Json(json!({ "filter": filter })).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "logging is not started\n").into_response(),
    }
}

/// Replaces the filter by the body, and responds with the new and the old one.
pub(super) async fn replace(ConnectInfo(peer): ConnectInfo<SocketAddr>, body: String) -> Response {
    match change(peer, &body) {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{}\n", error.message())).into_response(),
    }
}

fn change(peer: SocketAddr, text: &str) -> Result<Value> {
    let new = NewFilter::parse(text)?;
    let (filter, was_shown) = (new.text().to_owned(), tracing::enabled!(Level::INFO));
    let log = || tracing::info!(%peer, filter, "the log filter is changed");
    if was_shown {
        // The new filter may hide the line.
        log();
    }
    let before = new.apply()?;
    if !was_shown {
        log();
    }
    Ok(json!({ "filter": filter, "before": before }))
}
