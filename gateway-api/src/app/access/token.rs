//! Issue and revocation of tokens.

use gateway_core::Timestamp;
use gateway_core::access::token::{self, Claims};
use gateway_core::id::TokenId;
use gateway_core::secret::Secret;
use gateway_store::Client;

use super::caller::Caller;
use crate::app::{App, Result};

impl App {
    /// Issues a token and returns it with the time at which it expires.
    pub(super) fn issue_token(&self, client: &Client) -> Result<(Secret, Timestamp)> {
        let now = self.clock.now();
        // After a revocation of all tokens, new ones are valid from the next whole second.
        let issued = now.max(client.tokens_from);
        let expires_at = Timestamp::from_seconds(issued.plus(self.token_life).seconds());
        let claims = Claims {
            sub: client.id,
            iat: issued.seconds(),
            exp: expires_at.seconds(),
            jti: TokenId::generate(),
        };
        Ok((token::issue(&self.keyring.get(), &claims, now)?, expires_at))
    }

    /// Revokes the token of a caller.
    pub(crate) async fn revoke_token(&self, caller: &Caller) -> Result<()> {
        let claims = &caller.claims;
        self.store.token_revoke(claims.jti, claims.sub, Timestamp::from_seconds(claims.exp)).await?;
        self.authority_changed(claims.sub).await;
        Ok(())
    }
}
