//! `GET /v1/accounts`: the accounts that the caller may act for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::id::{AccountId, Region};
use gateway_core::{Kind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::api_operation::{ApiOperation, reference, schema_of};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, AccountAccess, AccountName, AccountPage};
use crate::http::query::{Query, invalid};

/// The accounts of a page without `limit`.
const DEFAULT_LIMIT: usize = 100;

/// Most accounts of a page. A higher value saves requests; a lower one keeps messages small.
const MAX_LIMIT: usize = 1000;

/// The identity of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// The gateway's id.
    #[schema(value_type = uuid::Uuid)]
    id: AccountId,
    /// The name of its cloud.
    cloud: String,
    /// The cloud's own id.
    external_id: String,
    /// The cloud's name for it.
    name: String,
}

impl From<AccountName> for Account {
    fn from(account: AccountName) -> Self {
        let AccountName { id, cloud, external_id, name } = account;
        Self { id, cloud, external_id, name }
    }
}

/// A live grant: the account and the access that the caller's credential gives to it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveGrant {
    #[serde(flatten)]
    account: Account,
    /// The last time at which the credential was verified.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// The regions in which the credential is of use.
    #[schema(value_type = Vec<String>)]
    regions: Vec<Region>,
    /// The kinds that the credential may list in at least one region.
    #[schema(value_type = Vec<String>)]
    kinds: Vec<Kind>,
}

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Accounts {
    items: Vec<LiveGrant>,
    next: Option<AccountId>,
}

impl From<AccountAccess> for LiveGrant {
    fn from(access: AccountAccess) -> Self {
        let AccountAccess { account, verified_at, regions, kinds } = access;
        Self { account: account.into(), verified_at, regions, kinds }
    }
}

/// Lists a page of the caller's accounts.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    caller: Caller,
    query: Query,
) -> Answer<Json<Accounts>> {
    query.expect(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let parse =
        |cursor: &str| cursor.parse().map_err(|_| invalid("cursor", "must be the `next` of the page before"));
    let after = query.get("cursor").map(parse).transpose()?;
    let AccountPage { accounts, next } = read::accounts(&app, &caller, after, limit).await?;
    Ok(Json(Accounts { items: accounts.into_iter().map(LiveGrant::from).collect(), next }))
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": reference("LiveGrant") },
            "next": { "type": ["string", "null"], "description": "The `cursor` of the next page; null on the last." },
        },
    });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
    ApiOperation::new("list_accounts", "List the accounts that the caller may act for", WorkClass::Read)
        .query("limit", "Most accounts of a page", limit)
        .query("cursor", "The `next` of the page before", json!({ "type": "string" }))
        .answer(200, "A page", Some(page))
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Account>("Account"), schema_of::<LiveGrant>("LiveGrant")]
}
