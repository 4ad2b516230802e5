//! The readiness of a handler, which fronts ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::app::App;

/// The path, which fronts answer by the answer of a handler.
pub(super) const PATH: &str = "/ready";

/// Responds with 200 if the database answers. The reason is not told: it is for operators.
pub(super) async fn handle(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    match app.database.verdict().await {
        Ok(()) => Ok(Json(json!({ "status": "ready" }))),
        Err(_) => Err(Problem::not_ready("the database does not answer")),
    }
}
