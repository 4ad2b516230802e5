//! Id and secret of a registered client, by which it gets a token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gateway_core::id::PrincipalId;

use zeroize::Zeroizing;

use super::bearer::{expect_own_reply_queue, scheme};
use super::problem::Problem;
use crate::app::access::Client;
use crate::app::{App, access};
use crate::client_secret::ClientSecret;
use crate::routes::Authentication;

/// A client that has sent its secret.
#[derive(Debug)]
pub(crate) struct Authenticated(pub(crate) Client);

impl FromRequestParts<Arc<App>> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let (id, secret) =
            id_and_secret(&parts.headers).ok_or_else(|| Problem::unauthenticated(Authentication::Basic))?;
        let client = access::authenticate(app, id, &secret).await?;
        expect_own_reply_queue(parts, client.id)?;
        Ok(Self(client))
    }
}

/// Returns the id and secret of HTTP Basic; none if they are missing or malformed.
pub(crate) fn id_and_secret(headers: &HeaderMap) -> Option<(PrincipalId, ClientSecret)> {
    let bytes = Zeroizing::new(BASE64.decode(scheme(headers, "basic")?).ok()?);
    let (id, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((id.parse().ok()?, ClientSecret::given(secret)))
}
