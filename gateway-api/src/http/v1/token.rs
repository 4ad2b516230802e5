//! `DELETE /v1/token`: ends the token that the request carries.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gateway_bus::WorkClass;
use gateway_core::Timestamp;

use super::Answer;
use super::operation::Operation;
use crate::http::bearer::Caller;
use crate::http::query::Query;
use crate::http::state::Api;

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    caller: Caller,
    query: Query,
) -> Answer<StatusCode> {
    query.expect(&[])?;
    let claims = caller.claims;
    state.store.token_revoke(claims.jti, claims.sub, Timestamp::from_seconds(claims.exp)).await?;
    state.authority_changed(claims.sub).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn operation() -> Operation {
    Operation::new("revoke_token", "End the token in use", WorkClass::Write).answer(
        204,
        "It is worthless now",
        None,
    )
}
