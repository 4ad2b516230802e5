//! `GET /v1/clouds`: what is registered, so that a client knows which names it can prove accounts at.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::{Verb, VerbSupport};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::operation::{Operation, reference, schema_of};
use crate::http::bearer::Caller;
use crate::http::query::Query;
use crate::http::state::Api;

/// A registered cloud. Its endpoint is the operator's concern.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cloud {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: CloudId,
    /// Its name: what credentials are sent for.
    name: String,
    /// The driver that speaks with it.
    driver: String,
    /// Its regions, as far as they are known.
    #[schema(value_type = Vec<String>)]
    regions: Vec<Region>,
    /// What can be listed there.
    #[schema(value_type = Vec<String>)]
    kinds: Vec<Kind>,
    /// What can be done to each kind there.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    verbs: BTreeMap<Kind, Vec<Verb>>,
    /// The forms of credential that it takes.
    #[schema(value_type = Vec<String>)]
    credentials: Vec<&'static str>,
}

/// All of them.
#[derive(Debug, Serialize)]
pub(super) struct Clouds {
    items: Vec<Cloud>,
}

pub(super) async fn handle(
    State(state): State<Arc<Api>>,
    _caller: Caller,
    query: Query,
) -> Answer<Json<Clouds>> {
    query.expect(&[])?;
    let mut clouds = Vec::new();
    for cloud in state.store.cloud_list().await? {
        let capability = state.drivers.get(&cloud.driver).map(|driver| driver.capability());
        clouds.push(Cloud {
            id: cloud.spec.id,
            regions: state.store.region_list(cloud.spec.id).await?,
            name: cloud.spec.name,
            driver: cloud.driver,
            kinds: capability.iter().flat_map(|capability| capability.kinds).map(|kind| kind.kind).collect(),
            verbs: capability.iter().flat_map(|capability| capability.verbs).map(verbs_of).collect(),
            credentials: capability.map(|capability| capability.credentials.to_vec()).unwrap_or_default(),
        });
    }
    Ok(Json(Clouds { items: clouds }))
}

fn verbs_of((kind, verbs): &(Kind, &[VerbSupport])) -> (Kind, Vec<Verb>) {
    (*kind, verbs.iter().map(|can| can.verb).collect())
}

pub(super) fn operation() -> Operation {
    Operation::new("list_clouds", "The registered clouds", WorkClass::Read).answer(
        200,
        "All of them",
        Some(json!({
            "type": "object",
            "required": ["items"],
            "properties": { "items": { "type": "array", "items": reference("Cloud") } },
        })),
    )
}

pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Cloud>("Cloud")]
}
