//! `gateway token`: revocation of tokens.

use clap::{Args, Subcommand};
use gateway_core::Timestamp;
use gateway_core::access::token;
use gateway_core::error::{Error, Result};

use super::output;
use super::setting::{Setting, find_client};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Revoke a token, or all tokens of a client. It takes effect within `handler.authority_milliseconds`.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// Token to revoke.
    token: Option<String>,
    /// Revoke all tokens of the client with this id or name.
    #[arg(long)]
    client: Option<String>,
}

impl Token {
    pub(super) async fn run(self, setting: Setting) -> Result<()> {
        let Self::Revoke(revoke) = self;
        let store = setting.migrated_store().await?;
        if let Some(text) = revoke.token {
            let keyring = setting.keyring()?.get();
            let claims = token::verify(&keyring, &text, setting.clock.now())
                .map_err(|refusal| Error::invalid(format!("the token cannot be revoked: {refusal}")))?;
            store.token_revoke(claims.jti, claims.sub, Timestamp::from_seconds(claims.exp)).await?;
            output::line("revoked");
        }
        if let Some(client) = revoke.client {
            let client = find_client(&store, &client).await?;
            store.tokens_revoke_all(client.id).await?;
            output::line(&format!("revoked every token of {}", client.name));
        }
        Ok(())
    }
}
