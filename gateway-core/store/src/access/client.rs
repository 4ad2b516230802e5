//! Registered clients.

use diesel::prelude::*;
use gateway_core::Timestamp;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::id::PrincipalId;

use crate::db::schema::principals;
use crate::db::{Store, corrupt, database};

/// A registered client.
#[derive(Clone)]
pub struct Client {
    /// Id: the first half of its authentication.
    pub id: PrincipalId,
    /// Name given by the operator.
    pub name: String,
    /// SHA-256 of the secret. The secret is 256 random bits, so that a slow hash would add no protection.
    pub secret_hash: Vec<u8>,
    /// Whether every request of the client is refused.
    pub disabled: bool,
    /// Start of valid tokens: those issued before are revoked.
    pub tokens_from: Timestamp,
    /// Time of the registration.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = principals)]
pub(super) struct ClientRow {
    id: Vec<u8>,
    name: String,
    secret_hash: Vec<u8>,
    disabled: bool,
    tokens_from: i64,
    created_at: i64,
}

impl ClientRow {
    pub(super) fn into_client(self) -> Result<Client> {
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
    /// `Conflict` if the name is taken.
    pub async fn client_create(&self, id: PrincipalId, name: &str, secret_hash: Vec<u8>) -> Result<()> {
        let name = name.to_owned();
        self.write(move |session| {
            let taken = principals::table
                .filter(principals::name.eq(&name))
                .count()
                .get_result::<i64>(session.connection);
            if taken.map_err(database)? > 0 {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("client `{name}` already exists; choose another name"),
                ));
            }
            let row = ClientRow {
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

    /// Returns every client, by name.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn client_list(&self) -> Result<Vec<Client>> {
        self.read(|session| {
            let rows = principals::table
                .order(principals::name)
                .select(ClientRow::as_select())
                .load(session.connection);
            rows.map_err(database)?.into_iter().map(ClientRow::into_client).collect()
        })
        .await
    }

    /// Returns the client with an id.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn client_get(&self, id: PrincipalId) -> Result<Option<Client>> {
        self.read(move |session| {
            let row = principals::table
                .find(id.to_bytes())
                .select(ClientRow::as_select())
                .first(session.connection);
            row.optional().map_err(database)?.map(ClientRow::into_client).transpose()
        })
        .await
    }

    /// Disables a client, or enables it again.
    ///
    /// # Errors
    /// `NotFound` if the client does not exist.
    pub async fn client_set_disabled(&self, id: PrincipalId, disabled: bool) -> Result<()> {
        self.write(move |session| {
            let changed = diesel::update(principals::table.find(id.to_bytes()))
                .set(principals::disabled.eq(disabled))
                .execute(session.connection);
            require_found(id, changed.map_err(database)?)
        })
        .await
    }
}

/// Fails if a statement found no row of the client.
pub(super) fn require_found(id: PrincipalId, changed: usize) -> Result<()> {
    match changed {
        0 => Err(Error::new(ErrorKind::NotFound, format!("client `{id}` does not exist"))),
        _ => Ok(()),
    }
}
