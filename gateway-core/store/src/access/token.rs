//! Revoked tokens.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{PrincipalId, TokenId};

use super::client::require_found;
use crate::db::schema::{principals, revoked_tokens};
use crate::db::{Store, database};

impl Store {
    /// Revokes every token that a principal has now.
    ///
    /// # Errors
    /// `NotFound` if the principal does not exist.
    pub async fn tokens_revoke_all(&self, principal: PrincipalId) -> Result<()> {
        self.write(move |session| {
            // A token's `iat` is in whole seconds: tokens of the present second must be revoked too.
            let from = Timestamp::from_seconds(session.now()?.seconds() + 1);
            let changed = diesel::update(principals::table.find(principal.to_bytes()))
                .set(principals::tokens_from.eq(from.0))
                .execute(session.connection);
            require_found(principal, changed.map_err(database)?)
        })
        .await
    }

    /// Revokes one token.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn token_revoke(
        &self,
        token: TokenId,
        principal: PrincipalId,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.write(move |session| {
            let known =
                revoked_tokens::table.find(token.to_bytes()).count().get_result::<i64>(session.connection);
            if known.map_err(database)? == 0 {
                diesel::insert_into(revoked_tokens::table)
                    .values((
                        revoked_tokens::id.eq(token.to_bytes()),
                        revoked_tokens::principal_id.eq(principal.to_bytes()),
                        revoked_tokens::expires_at.eq(expires_at.0),
                    ))
                    .execute(session.connection)
                    .map_err(database)?;
            }
            Ok(())
        })
        .await
    }

    /// Removes revocations of tokens that have expired; returns their count.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn revocations_purge(&self) -> Result<usize> {
        self.write(|session| {
            let now = session.now()?.0;
            diesel::delete(revoked_tokens::table.filter(revoked_tokens::expires_at.lt(now)))
                .execute(session.connection)
                .map_err(database)
        })
        .await
    }
}
