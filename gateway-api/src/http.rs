//! The REST API as one router, which knows neither broker nor socket.

pub(crate) mod bearer;
pub(crate) mod client;
mod conditional;
pub(crate) mod continuation;
mod exchange;
pub(crate) mod forwarding;
mod idempotency;
pub(crate) mod max_age;
mod preference;
pub(crate) mod problem;
pub(crate) mod query;
mod readiness;
pub(crate) mod v1;

pub use exchange::Exchange;
pub use problem::ANSWER_STATUS;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::get;

use crate::app::App;
use problem::Problem;

/// Returns the router of every path that handlers answer.
pub fn router(state: Arc<App>) -> Router {
    v1::routes()
        .route(readiness::PATH, get(readiness::handle))
        .fallback(|| async { Problem::no_such_path() })
        .method_not_allowed_fallback(|| async { Problem::other_method() })
        .layer(middleware::from_fn(problem::write_out))
        .with_state(state)
}
