//! Verdicts on query plans.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Nullable, Text};

use super::statement::Statement;
use crate::sql::Sql;

/// Tables that may be read whole, because they hold few rows.
const SMALL: [&str; 3] = [
    // Registered one by one by operators.
    "clouds",  // Some of each cloud.
    "regions", // One row for each kind of leadership.
    "leaders",
];

#[derive(QueryableByName)]
struct MysqlStep {
    #[diesel(sql_type = Nullable<Text>)]
    table: Option<String>,
    #[diesel(sql_type = Nullable<Text>, column_name = "type")]
    access: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    key: Option<String>,
    #[diesel(sql_type = Nullable<Text>, column_name = "Extra")]
    extra: Option<String>,
}

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Returns the fault of a statement's plan, if it has one.
pub fn against(raw: &mut Sql, statement: &Statement) -> Option<String> {
    let sql = &statement.sql;
    let (bad, steps) = match raw {
        Sql::Mysql(connection) => {
            let steps = sql_query(format!("EXPLAIN {sql}")).load::<MysqlStep>(connection);
            let steps = steps.unwrap_or_else(|error| panic!("{sql}: {error}"));
            (steps.iter().any(MysqlStep::is_bad), steps.iter().map(MysqlStep::show).collect::<Vec<_>>())
        }
        Sql::Sqlite(connection) => {
            let steps = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load::<SqliteStep>(connection);
            let steps = steps.unwrap_or_else(|error| panic!("{sql}: {error}"));
            (steps.iter().any(SqliteStep::is_bad), steps.into_iter().map(|step| step.detail).collect())
        }
    };
    let form: String = statement.form.chars().take(1_000).collect();
    bad.then(|| format!("{form}\n    {}", steps.join("\n    ")))
}

impl MysqlStep {
    fn is_bad(&self) -> bool {
        // A part of a union, which is read whole and held to its own limit, or a list in the statement.
        let is_part = |table: &str| {
            ["<derived", "<union", "<subquery", "part_"].iter().any(|prefix| table.starts_with(prefix))
        };
        let small = self.table.as_deref().is_some_and(|table| SMALL.contains(&table) || is_part(table));
        let scans = matches!(self.access.as_deref(), Some("ALL" | "index"));
        let extra = self.extra.as_deref().unwrap_or_default();
        let sorts = extra.contains("filesort") || extra.contains("temporary");
        // The plan for an absent value says nothing about a present one, unless a unique key proved the absence.
        let idle = extra.contains("Impossible") && !extra.contains("after reading const tables");
        (scans || sorts) && !small || idle
    }

    fn show(&self) -> String {
        let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "-".to_owned());
        format!("{} {} {} {}", word(&self.table), word(&self.access), word(&self.key), word(&self.extra))
    }
}

impl SqliteStep {
    fn is_bad(&self) -> bool {
        let mut small = SMALL.iter().any(|table| self.detail.starts_with(&format!("SCAN {table}")));
        // A part of a union: read whole, and held to its own limit.
        small |= self.detail.starts_with("SCAN part_");
        // Targets that the statement itself lists.
        small |= self.detail == "SCAN t"
            || self.detail.starts_with("SCAN CONSTANT ROW")
            || self.detail.ends_with(" CONSTANT ROWS");
        let scans = self.detail.starts_with("SCAN") && !small;
        scans || self.detail.contains("USE TEMP B-TREE")
    }
}
