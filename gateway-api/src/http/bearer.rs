//! The token of a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use gateway_core::id::PrincipalId;

use super::exchange::Exchange;
use super::problem::Problem;
use crate::app::App;
use crate::app::access::Caller;
use crate::routes::Authentication;

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = scheme(&parts.headers, "bearer")
            .ok_or_else(|| Problem::unauthenticated(Authentication::Bearer))?;
        let caller = Self::with_token(app, token).await?;
        expect_own_reply_queue(parts, caller.claims.sub)?;
        Ok(caller)
    }
}

/// Refuses a caller whose answer would go to a queue of another principal.
pub(super) fn expect_own_reply_queue(parts: &Parts, caller: PrincipalId) -> Result<(), Problem> {
    match parts.extensions.get::<Exchange>() {
        Some(exchange) if !exchange.answers_to(caller) => Err(Problem::foreign_reply_queue()),
        _ => Ok(()),
    }
}

/// Returns the credentials of `Authorization` if they have this scheme.
pub(crate) fn scheme<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Of two headers, the front may have verified the other one.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then(|| rest.trim())
}
