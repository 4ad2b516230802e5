//! `GET /v1/accounts`: what the caller has proved and may still act for.

use std::collections::BTreeSet;

use axum::Json;
use gateway_bus::WorkClass;
use gateway_core::id::{AccountId, Region};
use gateway_core::{Kind, Timestamp};
use gateway_store::Granted;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::operation::{Operation, reference, schema_of};
use crate::http::bearer::Caller;
use crate::http::query::Query;

/// An account, as the answer to a proof names it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    /// The gateway's id.
    #[schema(value_type = uuid::Uuid)]
    id: AccountId,
    /// Name of its cloud.
    cloud: String,
    /// The cloud's own id.
    external_id: String,
    /// The cloud's name for it.
    name: String,
}

impl From<&Granted> for Account {
    fn from(grant: &Granted) -> Self {
        Self {
            id: grant.account.id,
            cloud: grant.cloud_name.clone(),
            external_id: grant.account.external_id.clone(),
            name: grant.account.name.clone(),
        }
    }
}

/// A live grant: the account, and what the caller's credential opens there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveGrant {
    #[serde(flatten)]
    account: Account,
    /// When the credential last verified.
    #[schema(value_type = String, format = DateTime)]
    verified_at: Timestamp,
    /// Where it is of use.
    #[schema(value_type = Vec<String>)]
    regions: Vec<Region>,
    /// What it may list in at least one of them.
    #[schema(value_type = Vec<String>)]
    kinds: BTreeSet<Kind>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Accounts {
    items: Vec<LiveGrant>,
}

pub(super) async fn handle(caller: Caller, query: Query) -> Answer<Json<Accounts>> {
    query.expect(&[])?;
    let accounts = caller.authority.grants.iter().map(|grant| {
        let by_region = &grant.access.0;
        LiveGrant {
            account: Account::from(grant),
            verified_at: grant.verified_at,
            regions: by_region.keys().cloned().collect(),
            kinds: by_region
                .values()
                .flatten()
                .filter(|(_, allowed)| **allowed)
                .map(|(kind, _)| *kind)
                .collect(),
        }
    });
    Ok(Json(Accounts { items: accounts.collect() }))
}

pub(super) fn operation() -> Operation {
    Operation::new("list_accounts", "The accounts that the caller may act for", WorkClass::Read).answer(
        200,
        "All of them",
        Some(json!({
            "type": "object",
            "required": ["items"],
            "properties": { "items": { "type": "array", "items": reference("LiveGrant") } },
        })),
    )
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Account>("Account"), schema_of::<LiveGrant>("LiveGrant")]
}
