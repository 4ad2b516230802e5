//! Login, regions, listings and single reads over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use gateway_core::secret::Secret;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cloud::documents::Document;
use crate::cloud::http::account::Account;
use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::{Cloud, locked};
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::kind::TableKind;
use crate::cloud::tables::table::{Owner, TableKey};

/// Items on a page without `limit`.
const DEFAULT_LIMIT: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Login {
    access_key_id: String,
    secret_access_key: Secret,
}

pub(crate) async fn log_in(
    State(cloud): State<Arc<Cloud>>,
    Json(login): Json<Login>,
) -> Result<Response, Refusal> {
    let accounts = &cloud.options.accounts;
    let account = accounts.iter().position(|account| account.name == login.access_key_id);
    let account = account
        .filter(|account| locked(&cloud.secrets)[*account] == login.secret_access_key)
        .ok_or_else(Refusal::unauthorized)?;
    let (token, expires) = locked(&cloud.sessions).begin(account, cloud.options.token_life, cloud.now());
    let answer = json!({
        "kind": "session",
        "token": token,
        "expires": expires,
        "account": { "id": cloud.accounts[account], "name": accounts[account].name },
    });
    Ok(json_answer(StatusCode::CREATED, &answer))
}

pub(crate) async fn regions(State(cloud): State<Arc<Cloud>>, _account: Account) -> Response {
    json_answer(StatusCode::OK, &json!({ "kind": "regions", "items": cloud.options.regions }))
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    limit: Option<usize>,
    marker: Option<String>,
    #[serde(default)]
    scope: ListScope,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ListScope {
    #[default]
    Own,
    Published,
}

#[derive(Serialize)]
struct Page<'a> {
    kind: &'static str,
    items: Vec<Document<'a>>,
    next: Option<String>,
    total: usize,
}

pub(crate) async fn list(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection)): Path<(String, String)>,
    Query(listing): Query<Listing>,
) -> Result<Response, Refusal> {
    let owner = match listing.scope {
        ListScope::Own => Owner::Account(account.0),
        ListScope::Published => Owner::Public,
    };
    let table = cloud.table(&region, &collection, owner)?;
    let read_marker = |marker: &str| {
        table
            .kind
            .number(marker)
            .ok_or_else(|| Refusal::invalid("the marker is not an id of this collection"))
    };
    let marker = listing.marker.as_deref().map(read_marker).transpose()?;
    let limit = listing.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, cloud.options.page_limit.max(1));
    Ok(cloud.with_tables(|tables, _| {
        let mut rest = tables.entries(table, marker).peekable();
        let mut items = Vec::new();
        let mut last = None;
        for (number, entry) in rest.by_ref().take(limit) {
            items.push(tables.document(table, number, entry, &cloud.accounts));
            last = Some(number);
        }
        let next = last.filter(|_| rest.peek().is_some()).map(|number| table.kind.id(number));
        let page = Page { kind: table.kind.spec().plural, items, next, total: tables.count(table) };
        json_answer(StatusCode::OK, &page)
    }))
}

pub(crate) async fn get(
    State(cloud): State<Arc<Cloud>>,
    account: Account,
    Path((region, collection, id)): Path<(String, String, String)>,
) -> Result<Response, Refusal> {
    let own = cloud.table(&region, &collection, Owner::Account(account.0))?;
    let number = own.kind.number(&id).ok_or_else(Refusal::no_resource)?;
    cloud.with_tables(|tables, _| {
        let places = [own, TableKey { owner: Owner::Public, ..own }];
        let found = places.into_iter().find_map(|table| Some((table, tables.entry(table, number)?)));
        let (table, entry) = found.ok_or_else(Refusal::no_resource)?;
        Ok(json_answer(StatusCode::OK, &tables.document(table, number, entry, &cloud.accounts)))
    })
}
