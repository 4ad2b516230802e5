//! Creation, update and deletion over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::cloud::commands::{create, delete, update};
use crate::cloud::http::accepted::accepted;
use crate::cloud::http::account::Account;
use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::Cloud;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::Tables;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::table::{Owner, TableKey};

/// Members of a request body.
type Members = Json<Map<String, Value>>;

pub(crate) async fn create(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection)): Path<(String, String)>,
    Json(request): Members,
) -> Result<Response, Refusal> {
    let table = cloud.table(&region, &collection, Owner::Account(account.0))?;
    cloud.with_tables(|tables, now| {
        let created = create::create(tables, table, request, now)?;
        Ok(match created.private_key {
            Some(private_key) => with_private_key(&cloud, tables, table, created.number, private_key),
            None => accepted(&cloud, tables, table, created.number),
        })
    })
}

pub(crate) async fn update(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
    Json(request): Members,
) -> Result<Response, Refusal> {
    let table = cloud.table(&region, &collection, Owner::Account(account.0))?;
    let number = table.kind.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_tables(|tables, now| {
        update::update(tables, table, number, request, now)?;
        Ok(accepted(&cloud, tables, table, number))
    })
}

pub(crate) async fn delete(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let table = cloud.table(&region, &collection, Owner::Account(account.0))?;
    if !table.kind.is_created_by_clients() {
        return Err(Refusal::read_only(table.kind));
    }
    let number = table.kind.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_tables(|tables, now| {
        delete::delete(tables, table, number, now)?;
        Ok(accepted(&cloud, tables, table, number))
    })
}

/// Returns the document of the new record with its private key.
fn with_private_key(
    cloud: &Cloud,
    tables: &Tables,
    table: TableKey,
    number: u64,
    private_key: String,
) -> Response {
    let entry = tables.entry(table, number);
    let document = entry.map(|entry| tables.document(table, number, entry, &cloud.accounts));
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["private_key"] = Value::String(private_key);
    json_answer(StatusCode::ACCEPTED, &document)
}
