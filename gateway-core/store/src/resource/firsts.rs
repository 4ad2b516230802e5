//! The first value of each of many targets, in one statement.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, SingleValue};
use diesel::{QueryResult, RunQueryDsl};
use gateway_core::id::TargetId;

use crate::db::{Backend, Connection};

type Database = <Connection as diesel::Connection>::Backend;

/// Targets in one statement. More makes long statements; SQLite accepts a million letters.
pub(super) const TARGETS: usize = 20_000;

/// The number of each target with the row that a query finds for it: one of a single column, or none.
pub(super) struct Firsts<'a, Q> {
    pub(super) backend: Backend,
    pub(super) targets: &'a [TargetId],
    /// A query for the row of the target `t`.
    pub(super) of_target: Q,
}

impl<Q> Query for Firsts<'_, Q>
where
    Q: Query,
    Q::SqlType: SingleValue,
    Nullable<Q::SqlType>: diesel::sql_types::SqlType,
{
    type SqlType = (BigInt, Nullable<Q::SqlType>);
}

impl<Q> RunQueryDsl<Connection> for Firsts<'_, Q> {}

impl<Q> QueryId for Firsts<'_, Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Database>> QueryFragment<Database> for Firsts<'_, Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Database>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        // Integers only, so that nothing needs escaping; a server limits the number of values apart from the text.
        let numbers: Vec<_> = self.targets.iter().map(|target| target.0.to_string()).collect();
        if self.backend == Backend::Sqlite {
            // For many targets, SQLite would walk over all that there are.
            out.push_sql(&format!("WITH t(id) AS (VALUES ({})) ", numbers.join("),(")));
        }
        out.push_sql("SELECT t.id, (");
        self.of_target.walk_ast(out.reborrow())?;
        match self.backend {
            Backend::Sqlite => out.push_sql(") FROM t"),
            Backend::MySql => {
                out.push_sql(&format!(") FROM poll_targets AS t WHERE t.id IN ({})", numbers.join(",")));
            }
        }
        Ok(())
    }
}
