//! A store on its own database.

use std::sync::Arc;

use diesel::prelude::*;
use gateway_core::clock::SystemClock;
use gateway_core::config::Database as Config;
use gateway_store::Store;
use gateway_tests::{MariaDb, until};
use tempfile::TempDir;

use crate::sql::Sql;

/// Connections of each store; tests run up to eight calls at once.
const CONNECTIONS: u32 = 8;

/// A store on a database that no other test uses.
pub struct TestStore {
    pub store: Store,
    url: String,
    _folder: Option<TempDir>,
}

impl TestStore {
    /// Creates a store with the schema, in a file.
    pub async fn sqlite() -> Self {
        let fixture = Self::empty_sqlite();
        fixture.store.migrate().await.unwrap();
        fixture
    }

    /// Creates a store with the schema, on the shared server.
    pub async fn mysql(name: &str) -> Self {
        let fixture = Self::at(&MariaDb::shared().await.database(name).url);
        fixture.store.migrate().await.unwrap();
        fixture
    }

    /// Opens a store on an existing database, which may be empty.
    pub fn at(url: &str) -> Self {
        Self { store: open(url), url: url.to_owned(), _folder: None }
    }

    /// Creates a store without the schema, on the same kind of database.
    pub async fn empty_like(&self) -> Self {
        match self.sql() {
            Sql::Sqlite(_) => Self::empty_sqlite(),
            Sql::Mysql(_) => Self::at(&MariaDb::shared().await.database("empty").url),
        }
    }

    fn empty_sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("gateway-store-").tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        Self { store: open(&url), url, _folder: Some(folder) }
    }

    /// Opens another store on the same database, as another process would.
    pub fn another_process(&self) -> Store {
        open(&self.url)
    }

    /// Returns the address that connections are opened with.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("sqlite:").unwrap_or(&self.url)
    }

    /// Opens a connection past the store.
    pub fn sql(&self) -> Sql {
        match self.url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut raw = Sql::Sqlite(SqliteConnection::establish(file).unwrap());
                raw.execute("PRAGMA busy_timeout = 10000");
                raw
            }
            None => Sql::Mysql(MysqlConnection::establish(&self.url).unwrap()),
        }
    }

    /// Counts the rows of a table; `of` may add a condition.
    pub fn rows(&self, of: &str) -> i64 {
        self.sql().number(&format!("SELECT COUNT(*) AS n FROM {of}"))
    }
}

pub fn open(url: &str) -> Store {
    let config = Config { url: url.to_owned(), connections: CONNECTIONS };
    Store::open(&config, Arc::new(SystemClock)).unwrap()
}

/// Repeats a call of the store until it returns something.
pub async fn until_some<T, F: Future<Output = gateway_core::error::Result<Option<T>>>>(
    what: &str,
    mut call: impl FnMut() -> F,
) -> T {
    until(what, std::time::Duration::from_secs(10), || {
        let call = call();
        async move { call.await.map_err(anyhow::Error::new)?.ok_or_else(|| anyhow::anyhow!("nothing yet")) }
    })
    .await
}
