//! `GET /v1/accounts`: the accounts that the caller may act for.

use axum::Json;
use gateway_bus::WorkClass;
use gateway_core::id::{AccountId, Region};
use gateway_core::{Kind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::api_operation::{ApiOperation, reference, schema_of};
use crate::app::access::Caller;
use crate::app::read::{self, AccountAccess, AccountName};
use crate::http::query::Query;

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
}

impl From<AccountAccess> for LiveGrant {
    fn from(access: AccountAccess) -> Self {
        let AccountAccess { account, verified_at, regions, kinds } = access;
        Self { account: account.into(), verified_at, regions, kinds }
    }
}

/// Lists the accounts of the caller.
pub(super) async fn handle(caller: Caller, query: Query) -> Answer<Json<Accounts>> {
    query.expect(&[])?;
    let accounts = read::accounts(&caller.authority);
    Ok(Json(Accounts { items: accounts.into_iter().map(LiveGrant::from).collect() }))
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    ApiOperation::new("list_accounts", "List the accounts that the caller may act for", WorkClass::Read)
        .answer(
            200,
            "All accounts",
            Some(json!({
                "type": "object",
                "required": ["items"],
                "properties": { "items": { "type": "array", "items": reference("LiveGrant") } },
            })),
        )
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Account>("Account"), schema_of::<LiveGrant>("LiveGrant")]
}
