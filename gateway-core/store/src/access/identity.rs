//! The identity of a principal, its revoked tokens, and the generation of its visibility.

use std::collections::HashSet;

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::Result;
use gateway_core::id::{PrincipalId, TokenId};

use super::client::{Client, ClientRow};
use crate::db::schema::{principals, revoked_tokens};
use crate::db::{Session, Store, database};

/// A principal as of one moment. Its size does not depend on what the principal may see.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Principal.
    pub client: Client,
    /// Tokens that were revoked one by one.
    pub revoked: HashSet<TokenId>,
    /// Generation of the visibility, which rises with every change of the principal's grants.
    pub generation: i64,
    /// Last position of the log, read before everything else, so that a follower from here misses nothing.
    pub position: i64,
    /// Database time of the reading.
    pub read_at: Timestamp,
}

impl Store {
    /// Returns the identity of a principal; `None` if the principal does not exist.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn identity(&self, principal: PrincipalId) -> Result<Option<Identity>> {
        self.read(move |session| {
            let read_at = session.now()?;
            let position = session.numbered()?;
            let row = principals::table
                .find(principal.to_bytes())
                .select((ClientRow::as_select(), principals::generation))
                .first::<(ClientRow, i64)>(session.connection)
                .optional()
                .map_err(database)?;
            let Some((client, generation)) = row else { return Ok(None) };
            let revoked = session.revoked_tokens(principal)?;
            Ok(Some(Identity { client: client.into_client()?, revoked, generation, position, read_at }))
        })
        .await
    }
}

impl Session<'_> {
    fn revoked_tokens(&mut self, principal: PrincipalId) -> Result<HashSet<TokenId>> {
        let ids = revoked_tokens::table
            .filter(revoked_tokens::principal_id.eq(principal.to_bytes()))
            .select(revoked_tokens::id)
            .load::<Vec<u8>>(self.connection)
            .map_err(database)?;
        Ok(ids.iter().filter_map(|id| TokenId::from_bytes(id)).collect())
    }

    /// Returns the generation of a principal's visibility.
    pub(super) fn generation(&mut self, principal: PrincipalId) -> Result<i64> {
        let generation = principals::table
            .find(principal.to_bytes())
            .select(principals::generation)
            .first(self.connection)
            .optional();
        Ok(generation.map_err(database)?.unwrap_or_default())
    }

    /// Raises the generation of a principal's visibility.
    ///
    /// The last statement of a transaction that changes grants: all such transactions of a principal wait for its row, and
    /// none of them may wait for another meanwhile.
    pub(super) fn raise_generation(&mut self, principal: PrincipalId) -> Result<()> {
        diesel::update(principals::table.find(principal.to_bytes()))
            .set(principals::generation.eq(principals::generation + 1))
            .execute(self.connection)
            .map(drop)
            .map_err(database)
    }
}
