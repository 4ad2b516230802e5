//! `DELETE /v1/token`: revokes the token of the request.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use gateway_bus::WorkClass;

use super::Answer;
use super::api_operation::ApiOperation;
use crate::app::App;
use crate::app::access::Caller;
use crate::http::query::Query;

pub(super) async fn handle(State(app): State<Arc<App>>, caller: Caller, query: Query) -> Answer<StatusCode> {
    query.expect(&[])?;
    app.revoke_token(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn operation() -> ApiOperation {
    ApiOperation::new("revoke_token", "Revoke the token of the request", WorkClass::Write).answer(
        204,
        "The token is revoked",
        None,
    )
}
