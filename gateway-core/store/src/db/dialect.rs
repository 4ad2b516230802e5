//! Statements that the two databases write differently.

/// Loads rows and locks them until the transaction ends. SQLite's writer already holds the whole database.
macro_rules! for_update {
    ($session:expr, $query:expr, $row:ty) => {
        match &mut *$session.connection {
            $crate::db::Connection::Mysql(connection) => {
                diesel::RunQueryDsl::load::<$row>($query.for_update(), connection)
            }
            $crate::db::Connection::Sqlite(connection) => {
                diesel::RunQueryDsl::load::<$row>($query, connection)
            }
        }
        .map_err($crate::db::database)
    };
}

/// Inserts rows in one statement, which diesel offers on a concrete connection only.
macro_rules! insert_all {
    ($session:expr, $table:expr, $rows:expr) => {
        match &mut *$session.connection {
            $crate::db::Connection::Mysql(connection) => {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values($rows), connection)
            }
            $crate::db::Connection::Sqlite(connection) => {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values($rows), connection)
            }
        }
        .map_err($crate::db::database)
    };
}

pub(crate) use {for_update, insert_all};
