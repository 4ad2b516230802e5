//! The caller of most requests: the holder of a valid token.

use std::sync::Arc;

use gateway_core::Timestamp;
use gateway_core::access::token::{self, Claims};
use gateway_core::id::PrincipalId;
use gateway_store::Client;

use crate::app::visibility::Authority;
use crate::app::{App, Error, Result};
use crate::client_secret::ClientSecret;

/// A caller with a valid token, and its access.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) claims: Claims,
    pub(crate) authority: Arc<Authority>,
}

impl Caller {
    /// Verifies a token. The front has done so before; but a program may publish without a front, and revocations are
    /// in the store alone.
    pub(crate) async fn with_token(app: &App, token: &str) -> Result<Self> {
        let claims =
            token::verify(&app.keyring.get(), token, app.clock.now()).map_err(Error::TokenRefused)?;
        let authority = app.authorities.of(claims.sub).await?.ok_or(Error::TokenRevoked)?;
        let caller = Self { claims, authority };
        caller.expect_valid(&caller.authority)?;
        Ok(caller)
    }

    /// Refuses a token that was revoked before this authority was read.
    pub(crate) fn expect_valid(&self, authority: &Authority) -> Result<()> {
        let client = authority.client();
        let is_withdrawn = client.disabled
            || Timestamp::from_seconds(self.claims.iat) < client.tokens_from
            || authority.identity.revoked.contains(&self.claims.jti);
        if is_withdrawn { Err(Error::TokenRevoked) } else { Ok(()) }
    }
}

/// Returns the client of this id and secret.
pub(crate) async fn authenticate(app: &App, id: PrincipalId, secret: &ClientSecret) -> Result<Client> {
    let client = app.store.client_get(id).await?;
    client
        .filter(|client| secret.matches(&client.secret_hash) && !client.disabled)
        .ok_or(Error::ClientRefused)
}
