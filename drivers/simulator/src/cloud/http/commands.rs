//! Commands of resources over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use gateway_core::Kind;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::cloud::commands::{image_command, instance_command, router_command, volume_command};
use crate::cloud::http::accepted::accepted;
use crate::cloud::http::account::Account;
use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::Cloud;
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::table::{Owner, TableKey};

pub(crate) async fn execute(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id, word)): Path<(String, String, String, String)>,
    parameters: Option<Json<Map<String, Value>>>,
) -> Result<Response, Refusal> {
    let table = cloud.table(&region, &collection, Owner::Account(account.0))?;
    let number = table.kind.number(&id).ok_or_else(Refusal::no_resource)?;
    let parameters = parameters.map(|Json(parameters)| parameters).unwrap_or_default();
    cloud.with_tables(|tables, now| {
        if !tables.records(table).contains(number) {
            return Err(Refusal::no_resource());
        }
        match table.kind {
            Kind::Volume => volume_command::execute(tables, table, number, &word, parameters, now)?,
            Kind::Instance => match &*word {
                "image" => {
                    let image = instance_command::image(tables, table, number, parameters, now)?;
                    return Ok(accepted(&cloud, tables, TableKey { kind: Kind::Image, ..table }, image));
                }
                "console" => {
                    let text = instance_command::console(tables, table, number)?;
                    return Ok(json_answer(StatusCode::OK, &json!({ "kind": "console", "text": text })));
                }
                word => instance_command::execute(tables, table, number, word, parameters, now)?,
            },
            Kind::Router => router_command::execute(tables, table, number, &word, parameters, now)?,
            Kind::Image => {
                image_command::execute(tables, table, number, &word, parameters, &cloud.accounts, now)?;
            }
            _ => return Err(Refusal::unknown_command()),
        }
        Ok(accepted(&cloud, tables, table, number))
    })
}
