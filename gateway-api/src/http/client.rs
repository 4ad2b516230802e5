//! The caller that has no token yet: a registered client, with its id and secret.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::id::PrincipalId;
use gateway_store::Client;
use zeroize::Zeroizing;

use super::bearer::{answers_to, scheme};
use super::problem::Problem;
use super::state::Api;
use crate::client_secret::ClientSecret;
use crate::routes::Authentication;

/// A client that sent its own secret.
#[derive(Debug)]
pub(crate) struct Authenticated(pub(crate) Client);

impl FromRequestParts<Arc<Api>> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Api>) -> Result<Self, Problem> {
        let (id, secret) =
            id_and_secret(&parts.headers).ok_or_else(|| Problem::unauthenticated(Authentication::Basic))?;
        let client = state.store.client_get(id).await?;
        let client = client
            .filter(|client| secret.matches(&client.secret_hash) && !client.disabled)
            .ok_or_else(Problem::client_refused)?;
        answers_to(parts, client.id)?;
        Ok(Self(client))
    }
}

/// What HTTP Basic carries; `None` when it is not there or not of its form.
pub(crate) fn id_and_secret(headers: &HeaderMap) -> Option<(PrincipalId, ClientSecret)> {
    let bytes = Zeroizing::new(BASE64.decode(scheme(headers, "basic")?).ok()?);
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((id.parse().ok()?, ClientSecret::given(secret)))
}
