//! Bringing the schema up to date.

use diesel::migration::Migration;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use gateway_core::error::{Error, Result};

use crate::Store;
use crate::connection::Connection;

const MYSQL: EmbeddedMigrations = embed_migrations!("../../migrations/mysql");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// What [`Store::migrate`] did or [`Store::pending_migrations`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrations(pub Vec<String>);

impl Store {
    /// Applies what is missing. Of two processes that do it at once, one waits for the other.
    ///
    /// # Errors
    /// Unavailable without a database; internal, with the cause, when a migration fails.
    pub async fn migrate(&self) -> Result<Migrations> {
        self.read(|session| {
            let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::internal(error.to_string());
            let names = |done: Vec<diesel::migration::MigrationVersion<'_>>| {
                done.iter().map(ToString::to_string).collect()
            };
            match session.connection {
                Connection::Mysql(connection) => {
                    take_lock(connection)?;
                    let done = connection.run_pending_migrations(MYSQL).map(names).map_err(failed);
                    release_lock(connection)?;
                    done
                }
                Connection::Sqlite(connection) => connection
                    .immediate_transaction(|connection| connection.run_pending_migrations(SQLITE).map(names))
                    .map_err(failed),
            }
            .map(Migrations)
        })
        .await
    }

    /// What [`Self::migrate`] would apply.
    ///
    /// # Errors
    /// Unavailable without a database.
    pub async fn pending_migrations(&self) -> Result<Migrations> {
        self.read(|session| {
            let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::internal(error.to_string());
            match session.connection {
                Connection::Mysql(connection) => {
                    connection.pending_migrations(MYSQL).map(|list| names(&list))
                }
                Connection::Sqlite(connection) => {
                    connection.pending_migrations(SQLITE).map(|list| names(&list))
                }
            }
            .map_err(failed)
        })
        .await
    }
}

fn names<DB: diesel::backend::Backend>(list: &[Box<dyn Migration<DB>>]) -> Migrations {
    Migrations(list.iter().map(|migration| migration.name().to_string()).collect())
}

#[derive(diesel::QueryableByName)]
struct Locked {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
    taken: Option<i64>,
}

/// Waits up to a minute for another process that migrates the same database. Names of locks belong to the
/// whole server, so this one has the database in it, shortened to what MySQL takes.
fn take_lock(connection: &mut MysqlConnection) -> Result<()> {
    let sql = "SELECT GET_LOCK(CONCAT('gateway.migrate.', MD5(DATABASE())), 60) AS taken";
    let locked = diesel::sql_query(sql).get_result::<Locked>(connection).map_err(crate::error::database)?;
    match locked.taken {
        Some(1) => Ok(()),
        _ => Err(Error::unavailable("another process has been migrating the database for a minute")),
    }
}

fn release_lock(connection: &mut MysqlConnection) -> Result<()> {
    let sql = "SELECT RELEASE_LOCK(CONCAT('gateway.migrate.', MD5(DATABASE()))) AS taken";
    diesel::sql_query(sql).get_result::<Locked>(connection).map(drop).map_err(crate::error::database)
}

#[cfg(test)]
mod tests {
    use diesel::migration::MigrationSource;

    use super::*;

    #[test]
    fn both_folders_are_in_step() {
        let list = |source: &EmbeddedMigrations| -> Vec<String> {
            let list = MigrationSource::<diesel::sqlite::Sqlite>::migrations(source).unwrap();
            list.iter().map(|migration| migration.name().to_string()).collect()
        };
        assert_eq!(list(&MYSQL), list(&SQLITE));
    }
}
