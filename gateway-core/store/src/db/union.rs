//! Several queries in one statement.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

use super::connection::Connection;

type Database = <Connection as diesel::Connection>::Backend;

/// Queries in one `UNION ALL`. More save round trips; SQLite accepts at most 500.
pub(crate) const UNION: usize = 100;

/// The rows of all queries, in no order. Each query has its own order and limit.
pub(crate) struct UnionAll<Q>(pub(crate) Vec<Q>);

impl<Q: Query> Query for UnionAll<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Connection> for UnionAll<Q> {}

impl<Q> QueryId for UnionAll<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Database>> QueryFragment<Database> for UnionAll<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Database>) -> QueryResult<()> {
        // The text depends on the number of queries, and a server keeps each prepared text.
        out.unsafe_to_cache_prepared();
        if let [only] = self.0.as_slice() {
            return only.walk_ast(out);
        }
        for (number, query) in self.0.iter().enumerate() {
            out.push_sql(if number == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            query.walk_ast(out.reborrow())?;
            // MySQL requires a name for each.
            out.push_sql(&format!(") AS part_{number}"));
        }
        Ok(())
    }
}
