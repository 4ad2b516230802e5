//! The caller of most operations: whoever holds a token that is still good.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use gateway_core::Timestamp;
use gateway_core::access::token::{self, Claims};
use gateway_core::id::PrincipalId;
use gateway_store::Authority;

use super::exchange::Exchange;
use super::problem::Problem;
use super::state::Api;
use crate::routes::Authentication;

/// A caller with a good token, and what it may see.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) claims: Claims,
    pub(crate) authority: Arc<Authority>,
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    /// Verifies the token again, though the front has: a program may publish without a front, and only the
    /// store knows of revocations.
    async fn from_request_parts(parts: &mut Parts, state: &Arc<Api>) -> Result<Self, Problem> {
        let token = scheme(&parts.headers, "bearer")
            .ok_or_else(|| Problem::unauthenticated(Authentication::Bearer))?;
        let claims =
            token::verify(&state.keyring.get(), token, state.clock.now()).map_err(Problem::token_refused)?;
        let authority = state.authorities.of(claims.sub).await?.ok_or_else(Problem::token_revoked)?;
        still_good(&claims, &authority)?;
        answers_to(parts, claims.sub)?;
        Ok(Self { claims, authority })
    }
}

/// Refuses a token that was revoked before this authority was read.
pub(super) fn still_good(claims: &Claims, authority: &Authority) -> Result<(), Problem> {
    let client = &authority.client;
    let withdrawn = client.disabled
        || Timestamp::from_seconds(claims.iat) < client.tokens_from
        || authority.revoked.contains(&claims.jti);
    if withdrawn { Err(Problem::token_revoked()) } else { Ok(()) }
}

/// Refuses a caller whose answer would go to a queue of somebody else.
pub(crate) fn answers_to(parts: &Parts, caller: PrincipalId) -> Result<(), Problem> {
    match parts.extensions.get::<Exchange>() {
        Some(exchange) if !exchange.answers_to(caller) => Err(Problem::foreign_reply_queue()),
        _ => Ok(()),
    }
}

/// What follows the scheme's name in `Authorization`, if it is that scheme.
pub(crate) fn scheme<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Two of them: whichever was read, somebody else may have read the other.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then(|| rest.trim())
}
