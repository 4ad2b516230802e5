//! Database time.

use diesel::prelude::*;
use gateway_core::error::Result;
use gateway_core::{Clock, Timestamp};

use super::connection::Connection;
use super::error::database;

/// Due time of rows that no passage of time makes due. Half of the largest time, so that sums stay in range.
pub(crate) const NEVER: i64 = i64::MAX / 2;

#[derive(QueryableByName)]
struct Micros {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    micros: i64,
}

/// Returns the server's time on MySQL. SQLite serves one process, whose own clock is as good.
pub(super) fn now(connection: &mut Connection, clock: &dyn Clock) -> Result<Timestamp> {
    match connection {
        Connection::Mysql(connection) => {
            diesel::sql_query("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) AS micros")
                .get_result::<Micros>(connection)
                .map(|row| Timestamp(row.micros))
                .map_err(database)
        }
        Connection::Sqlite(_) => Ok(clock.now()),
    }
}
