//! The API: one router, generic over kinds, that knows neither broker nor socket.

pub(crate) mod bearer;
pub(crate) mod client;
mod conditional;
pub(crate) mod continuation;
mod cursor;
mod exchange;
pub(crate) mod forwarding;
mod idempotency;
mod preference;
pub(crate) mod problem;
mod query;
pub(crate) mod refresh;
mod state;
pub(crate) mod v1;

pub use exchange::Exchange;
pub use problem::ANSWER_STATUS;

use std::sync::Arc;

use axum::Router;
use axum::middleware;

use problem::Problem;
use state::Api;

/// Every path that handlers answer, as one service.
pub fn router(state: Arc<Api>) -> Router {
    v1::routes()
        .fallback(|| async { Problem::no_such_path() })
        .method_not_allowed_fallback(|| async { Problem::other_method() })
        .layer(middleware::from_fn(problem::write_out))
        .with_state(state)
}
