//! Bringing the schema up to date.

use diesel::migration::Migration;
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
    /// Applies what is missing. On MySQL a named lock keeps two processes from doing it at once.
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
                    lock(connection, "SELECT GET_LOCK('gateway.migrate', 60)")?;
                    let done = connection.run_pending_migrations(MYSQL).map(names).map_err(failed);
                    lock(connection, "SELECT RELEASE_LOCK('gateway.migrate')")?;
                    done
                }
                Connection::Sqlite(connection) => {
                    connection.run_pending_migrations(SQLITE).map(names).map_err(failed)
                }
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

fn lock(connection: &mut diesel::mysql::MysqlConnection, sql: &str) -> Result<()> {
    use diesel::RunQueryDsl as _;
    diesel::sql_query(sql).execute(connection).map(drop).map_err(crate::error::database)
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
