//! Statements of the tests, past the store.

use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};

/// A connection past the store.
pub enum Sql {
    Mysql(MysqlConnection),
    Sqlite(SqliteConnection),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    t: String,
}

/// A row of which nothing is needed.
struct Unread;

impl<DB: Backend> QueryableByName<DB> for Unread {
    fn build<'a>(_: &impl NamedRow<'a, DB>) -> diesel::deserialize::Result<Self> {
        Ok(Self)
    }
}

macro_rules! on_either {
    ($raw:expr, $connection:ident => $work:expr) => {
        match $raw {
            Sql::Mysql($connection) => $work,
            Sql::Sqlite($connection) => $work,
        }
    };
}

impl Sql {
    /// Returns the number that `sql` selects as `n`.
    pub fn number(&mut self, sql: &str) -> i64 {
        let row = on_either!(self, connection => sql_query(sql).get_result::<Number>(connection));
        row.unwrap_or_else(|error| panic!("{sql}: {error}")).n
    }

    /// Returns the numbers that `sql` selects as `n`.
    pub fn numbers(&mut self, sql: &str) -> Vec<i64> {
        let rows = on_either!(self, connection => sql_query(sql).load::<Number>(connection));
        rows.unwrap_or_else(|error| panic!("{sql}: {error}")).into_iter().map(|row| row.n).collect()
    }

    /// Returns the texts that `sql` selects as `t`.
    pub fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = on_either!(self, connection => sql_query(sql).load::<Word>(connection));
        rows.unwrap_or_else(|error| panic!("{sql}: {error}")).into_iter().map(|row| row.t).collect()
    }

    /// Returns the rows that a query reads; 0 on SQLite, which does not count them.
    pub fn rows_read(&mut self, sql: &str) -> i64 {
        const READ: &str = "SELECT CAST(SUM(variable_value) AS SIGNED) AS n FROM information_schema.session_status \
                            WHERE variable_name LIKE 'Handler_read%'";
        if matches!(self, Self::Sqlite(_)) {
            return 0;
        }
        let (idle, before) = (self.number(READ), self.number(READ));
        let rows = on_either!(self, connection => sql_query(sql).load::<Unread>(connection));
        drop(rows.unwrap_or_else(|error| panic!("{sql}: {error}")));
        // The count itself reads rows too.
        self.number(READ) - before - (before - idle)
    }

    /// Begins a transaction that holds the locks of its writes.
    pub fn begin(&mut self) {
        self.execute(match self {
            Self::Mysql(_) => "START TRANSACTION",
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
        });
    }

    /// Returns whether another connection is running a statement that locks rows of a table. SQLite does not tell.
    pub fn is_waited_for(&mut self, table: &str) -> bool {
        let waiting = format!(
            "SELECT COUNT(*) AS n FROM information_schema.processlist \
             WHERE db = DATABASE() AND id <> CONNECTION_ID() \
             AND (info LIKE 'UPDATE `{table}`%' OR info LIKE '%FROM `{table}`%FOR UPDATE%')"
        );
        matches!(self, Self::Sqlite(_)) || self.number(&waiting) > 0
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) {
        let done = on_either!(self, connection => connection.batch_execute(sql));
        done.unwrap_or_else(|error| panic!("{}: {error}", sql.chars().take(300).collect::<String>()));
    }
}
