//! A store on a database of its own.

use std::sync::Arc;

use diesel::prelude::*;
use gateway_core::clock::SystemClock;
use gateway_core::config::Database as Config;
use gateway_store::Store;
use gateway_tests::{MariaDb, until};
use tempfile::TempDir;

use crate::raw::Raw;

/// Eight at once is what the tests do; one more for the test itself.
const CONNECTIONS: u32 = 8;

/// A database that no other test sees, and a store on it.
pub struct Stage {
    pub store: Store,
    url: String,
    _folder: Option<TempDir>,
}

impl Stage {
    /// With the schema, in a file.
    pub async fn sqlite() -> Self {
        let stage = Self::empty_sqlite();
        stage.store.migrate().await.unwrap();
        stage
    }

    /// With the schema, on the shared server.
    pub async fn mysql(name: &str) -> Self {
        let stage = Self::at(&MariaDb::shared().await.database(name).url);
        stage.store.migrate().await.unwrap();
        stage
    }

    /// On a database that exists and may be empty.
    pub fn at(url: &str) -> Self {
        Self { store: open(url), url: url.to_owned(), _folder: None }
    }

    /// Without the schema, on the same kind of database.
    pub async fn empty_like(&self) -> Self {
        match self.raw() {
            Raw::Sqlite(_) => Self::empty_sqlite(),
            Raw::Mysql(_) => Self::at(&MariaDb::shared().await.database("empty").url),
        }
    }

    fn empty_sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("gateway-store-").tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        Self { store: open(&url), url, _folder: Some(folder) }
    }

    /// Another store on the same database, as another process has it.
    pub fn another_process(&self) -> Store {
        open(&self.url)
    }

    /// What connections are told to connect to.
    pub fn address(&self) -> &str {
        self.url.strip_prefix("sqlite:").unwrap_or(&self.url)
    }

    /// A connection past the store.
    pub fn raw(&self) -> Raw {
        match self.url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut raw = Raw::Sqlite(SqliteConnection::establish(file).unwrap());
                raw.execute("PRAGMA busy_timeout = 10000");
                raw
            }
            None => Raw::Mysql(MysqlConnection::establish(&self.url).unwrap()),
        }
    }

    /// How many rows a table has; `of` may add a condition.
    pub fn rows(&self, of: &str) -> i64 {
        self.raw().number(&format!("SELECT COUNT(*) AS n FROM {of}"))
    }
}

pub fn open(url: &str) -> Store {
    let config = Config { url: url.to_owned(), connections: CONNECTIONS };
    Store::open(&config, Arc::new(SystemClock)).unwrap()
}

/// Repeats a call of the store until it gives something.
pub async fn some<T, F: Future<Output = gateway_core::error::Result<Option<T>>>>(
    what: &str,
    mut call: impl FnMut() -> F,
) -> T {
    until(what, std::time::Duration::from_secs(10), || {
        let call = call();
        async move { call.await.map_err(anyhow::Error::new)?.ok_or_else(|| anyhow::anyhow!("nothing yet")) }
    })
    .await
}
