//! `GET /v1/clouds`: the registered clouds, at which a client can prove accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gateway_bus::WorkClass;
use gateway_core::Kind;
use gateway_core::id::{CloudId, Region};
use gateway_core::kind::Verb;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Answer;
use super::api_operation::{ApiOperation, reference, schema_of};
use crate::app::App;
use crate::app::access::Caller;
use crate::app::read::{self, CloudDescription};
use crate::http::query::Query;

/// A registered cloud. Its endpoint is left out: it is only for operators.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Cloud {
    /// The gateway's id.
    #[schema(value_type = uuid::Uuid)]
    id: CloudId,
    /// The name that credentials are sent for.
    name: String,
    /// The driver that calls it.
    driver: String,
    /// The regions that are known so far.
    #[schema(value_type = Vec<String>)]
    regions: Vec<Region>,
    /// The kinds that can be listed.
    #[schema(value_type = Vec<String>)]
    kinds: Vec<Kind>,
    /// The supported verbs of each kind.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    verbs: BTreeMap<Kind, Vec<Verb>>,
    /// The accepted forms of credential.
    #[schema(value_type = Vec<String>)]
    credentials: Vec<&'static str>,
}

/// The response.
#[derive(Debug, Serialize)]
pub(super) struct Clouds {
    items: Vec<Cloud>,
}

impl From<CloudDescription> for Cloud {
    fn from(cloud: CloudDescription) -> Self {
        let CloudDescription { id, name, driver, regions, kinds, verbs, credentials } = cloud;
        Self { id, name, driver, regions, kinds, verbs, credentials }
    }
}

/// Lists the clouds.
pub(super) async fn handle(
    State(app): State<Arc<App>>,
    _caller: Caller,
    query: Query,
) -> Answer<Json<Clouds>> {
    query.expect(&[])?;
    let clouds = read::clouds(&app).await?;
    Ok(Json(Clouds { items: clouds.into_iter().map(Cloud::from).collect() }))
}

/// Describes the operation.
pub(super) fn operation() -> ApiOperation {
    ApiOperation::new("list_clouds", "List the registered clouds", WorkClass::Read).answer(
        200,
        "All clouds",
        Some(json!({
            "type": "object",
            "required": ["items"],
            "properties": { "items": { "type": "array", "items": reference("Cloud") } },
        })),
    )
}

/// Returns the schemas of this file.
pub(super) fn schemas() -> Vec<(String, Value)> {
    vec![schema_of::<Cloud>("Cloud")]
}
