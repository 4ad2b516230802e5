//! Clients and what ends their tokens.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::{PrincipalId, TokenId};

use crate::Store;
use crate::error::{corrupt, database};
use crate::schema::{principals, revoked_tokens};

/// A registered client.
#[derive(Clone)]
pub struct Client {
    /// Its id: the first half of what it authenticates with.
    pub id: PrincipalId,
    /// The name its operator gave it.
    pub name: String,
    /// SHA-256 of its secret. The secret is 256 random bits, so that a slow hash would protect nothing more.
    pub secret_hash: Vec<u8>,
    /// It may not do anything.
    pub disabled: bool,
    /// Tokens issued before are worthless.
    pub tokens_from: Timestamp,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = principals)]
struct Row {
    id: Vec<u8>,
    name: String,
    secret_hash: Vec<u8>,
    disabled: bool,
    tokens_from: i64,
    created_at: i64,
}

impl Row {
    fn into_client(self) -> Result<Client> {
        Ok(Client {
            id: PrincipalId::from_bytes(&self.id).ok_or_else(|| corrupt("principal id"))?,
            name: self.name,
            secret_hash: self.secret_hash,
            disabled: self.disabled,
            tokens_from: Timestamp(self.tokens_from),
            created_at: Timestamp(self.created_at),
        })
    }
}

impl Store {
    /// Registers a client.
    ///
    /// # Errors
    /// Conflict when the name is taken.
    pub async fn client_create(&self, id: PrincipalId, name: &str, secret_hash: Vec<u8>) -> Result<()> {
        let name = name.to_owned();
        self.write(move |session| {
            let taken = principals::table
                .filter(principals::name.eq(&name))
                .count()
                .get_result::<i64>(session.connection);
            if taken.map_err(database)? > 0 {
                return Err(Error::new(ErrorKind::Conflict, format!("a client is already called {name:?}")));
            }
            let row = Row {
                id: id.to_bytes(),
                name: name.clone(),
                secret_hash: secret_hash.clone(),
                disabled: false,
                tokens_from: 0,
                created_at: session.now()?.0,
            };
            diesel::insert_into(principals::table)
                .values(row)
                .execute(session.connection)
                .map(drop)
                .map_err(database)
        })
        .await
    }

    /// Every client, by name.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn client_list(&self) -> Result<Vec<Client>> {
        self.read(|session| {
            let rows =
                principals::table.order(principals::name).select(Row::as_select()).load(session.connection);
            rows.map_err(database)?.into_iter().map(Row::into_client).collect()
        })
        .await
    }

    /// The client of that id.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn client_get(&self, id: PrincipalId) -> Result<Option<Client>> {
        self.read(move |session| {
            let row =
                principals::table.find(id.to_bytes()).select(Row::as_select()).first(session.connection);
            row.optional().map_err(database)?.map(Row::into_client).transpose()
        })
        .await
    }

    /// Allows or forbids a client everything.
    ///
    /// # Errors
    /// `NotFound` when there is no such client.
    pub async fn client_set_disabled(&self, id: PrincipalId, disabled: bool) -> Result<()> {
        self.write(move |session| {
            let changed = diesel::update(principals::table.find(id.to_bytes()))
                .set(principals::disabled.eq(disabled))
                .execute(session.connection);
            found(changed.map_err(database)?)
        })
        .await
    }

    /// Ends every token that the principal has now.
    ///
    /// # Errors
    /// `NotFound` when there is no such client.
    pub async fn tokens_revoke_all(&self, principal: PrincipalId) -> Result<()> {
        self.write(move |session| {
            // A token's `iat` is in whole seconds: one of this very second must go too.
            let from = Timestamp::from_seconds(session.now()?.seconds() + 1);
            let changed = diesel::update(principals::table.find(principal.to_bytes()))
                .set(principals::tokens_from.eq(from.0))
                .execute(session.connection);
            found(changed.map_err(database)?)
        })
        .await
    }

    /// Ends one token.
    ///
    /// # Errors
    /// Unavailable without a database.
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

    /// Forgets revocations of tokens that have expired anyway; returns how many.
    ///
    /// # Errors
    /// Unavailable without a database.
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

fn found(changed: usize) -> Result<()> {
    match changed {
        0 => Err(Error::new(ErrorKind::NotFound, "there is no such client")),
        _ => Ok(()),
    }
}
