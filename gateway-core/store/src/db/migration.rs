//! The migrations of the schema.

use diesel::migration::Migration;
use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use gateway_core::error::{Error, Result};
use gateway_core::time_limit::{TimeLimit, within};

use super::connection::Connection;
use super::error::database;
use super::store::Store;

const MYSQL: EmbeddedMigrations = embed_migrations!("../../migrations/mysql");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Names of migrations, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrations(pub Vec<String>);

impl Store {
    /// Applies the missing migrations and returns them. If two processes migrate at once, one waits for the other.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached; `Internal`, with the cause, if a migration fails.
    pub async fn migrate(&self) -> Result<Migrations> {
        let migrating = self.read(|session| {
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
        });
        within(TimeLimit::NONE, migrating).await
    }

    /// Returns the migrations that [`Self::migrate`] would apply.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
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

/// Waits up to a minute for another process that migrates the same database. Lock names are shared by the whole server,
/// so this one contains the database's name, hashed to the length that MySQL accepts.
fn take_lock(connection: &mut MysqlConnection) -> Result<()> {
    let sql = "SELECT GET_LOCK(CONCAT('gateway.migrate.', MD5(DATABASE())), 60) AS taken";
    let locked = diesel::sql_query(sql).get_result::<Locked>(connection).map_err(database)?;
    match locked.taken {
        Some(1) => Ok(()),
        _ => Err(Error::unavailable(
            "the schema is not up to date: another process has been migrating it for a minute; try again later",
        )),
    }
}

fn release_lock(connection: &mut MysqlConnection) -> Result<()> {
    let sql = "SELECT RELEASE_LOCK(CONCAT('gateway.migrate.', MD5(DATABASE()))) AS taken";
    diesel::sql_query(sql).get_result::<Locked>(connection).map(drop).map_err(database)
}

#[cfg(test)]
mod tests {
    use diesel::migration::MigrationSource;

    use super::*;

    #[test]
    fn mysql_and_sqlite_have_the_same_migrations() {
        let list = |source: &EmbeddedMigrations| -> Vec<String> {
            let list = MigrationSource::<diesel::sqlite::Sqlite>::migrations(source).unwrap();
            list.iter().map(|migration| migration.name().to_string()).collect()
        };
        assert_eq!(list(&MYSQL), list(&SQLITE));
    }
}
