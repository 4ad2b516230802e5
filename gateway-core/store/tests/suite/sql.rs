//! Statements of the tests, past the store.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
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

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) {
        let done = on_either!(self, connection => connection.batch_execute(sql));
        done.unwrap_or_else(|error| panic!("{}: {error}", sql.chars().take(300).collect::<String>()));
    }
}
