//! The answer to a write: the document of the record.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::Cloud;
use crate::cloud::tables::Tables;
use crate::cloud::tables::table::TableKey;

/// Returns the document of a record as it is after the write.
pub(crate) fn accepted(cloud: &Cloud, tables: &Tables, table: TableKey, number: u64) -> Response {
    match tables.entry(table, number) {
        Some(entry) => {
            json_answer(StatusCode::ACCEPTED, &tables.document(table, number, entry, &cloud.accounts))
        }
        // With a transit time of zero the record may be removed already.
        None => json_answer(StatusCode::ACCEPTED, &Value::Null),
    }
}
