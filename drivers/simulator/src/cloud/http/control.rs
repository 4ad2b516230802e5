//! The control API, which no real cloud has: faults, changes outside of the cloud's API, and the journal.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use gateway_core::secret::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::cloud::fault::Fault;
use crate::cloud::http::answer::json_answer;
use crate::cloud::http::shared::{Cloud, locked};
use crate::cloud::refusal::Refusal;
use crate::cloud::tables::kind::{TableKind, parse_kind};
use crate::cloud::tables::record::Record;
use crate::cloud::tables::table::Owner;

/// Journal entries in one answer without `limit`.
const DEFAULT_LINES: usize = 10_000;

pub(crate) async fn put_faults(
    State(cloud): State<Arc<Cloud>>,
    Json(faults): Json<Vec<Fault>>,
) -> StatusCode {
    locked(&cloud.faults).0 = faults;
    StatusCode::NO_CONTENT
}

pub(crate) async fn get_faults(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &locked(&cloud.faults).0)
}

pub(crate) async fn clear_faults(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    locked(&cloud.faults).0.clear();
    StatusCode::NO_CONTENT
}

/// Ends every session: the next request of each client gets a 401.
pub(crate) async fn clear_sessions(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    locked(&cloud.sessions).clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    secret: Secret,
}

/// Changes the secret of an account and ends its sessions.
pub(crate) async fn put_secret(
    State(cloud): State<Arc<Cloud>>,
    Path(name): Path<String>,
    Json(new): Json<NewSecret>,
) -> Result<StatusCode, Refusal> {
    let account = account_named(&cloud, &name)?;
    locked(&cloud.secrets)[account] = new.secret;
    locked(&cloud.sessions).end(account);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renaming {
    /// Name of the kind or of its collection.
    kind: String,
    id: String,
    name: String,
    /// Region; default: the first.
    region: Option<String>,
    /// Account by name or id; default: the published resources.
    account: Option<String>,
}

/// Renames a resource, published ones too.
pub(crate) async fn rename(
    State(cloud): State<Arc<Cloud>>,
    Json(request): Json<Renaming>,
) -> Result<StatusCode, Refusal> {
    let account = request.account.as_deref().map(|name| account_named(&cloud, name)).transpose()?;
    let owner = account.map_or(Owner::Public, Owner::Account);
    let region = request.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let kind = parse_kind(&request.kind).ok_or_else(|| Refusal::invalid("the kind does not exist"))?;
    let table = cloud.table(region, kind.spec().plural, owner)?;
    let number = kind.number(&request.id).ok_or_else(Refusal::no_resource)?;
    cloud.with_tables(|tables, now| {
        let record = tables.records_mut(table).get_mut(number).ok_or_else(Refusal::no_resource)?;
        record.name = request.name;
        record.changed = now;
        Ok(StatusCode::NO_CONTENT)
    })
}

fn account_named(cloud: &Cloud, name: &str) -> Result<usize, Refusal> {
    let named =
        |account: &usize| cloud.options.accounts[*account].name == name || cloud.accounts[*account] == name;
    (0..cloud.accounts.len()).find(named).ok_or_else(|| Refusal::invalid("the account does not exist"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementRate {
    /// Commands that begin in a second; 0 for none.
    per_second: f64,
}

pub(crate) async fn put_movement(
    State(cloud): State<Arc<Cloud>>,
    Json(movement): Json<MovementRate>,
) -> StatusCode {
    cloud.set_movement(movement.per_second);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vanishing {
    /// Name of the kind or of its collection.
    kind: String,
    /// Number of resources, in the order of ids.
    count: usize,
    /// Region; default: the first.
    region: Option<String>,
    /// Account by name or id; default: the first.
    account: Option<String>,
}

/// Removes resources at once, without a transitional status.
pub(crate) async fn vanish(
    State(cloud): State<Arc<Cloud>>,
    Json(request): Json<Vanishing>,
) -> Result<Response, Refusal> {
    let account = request.account.as_deref().map_or(Ok(0), |name| account_named(&cloud, name))?;
    let region = request.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let kind = parse_kind(&request.kind)
        .filter(|kind| kind.can_vanish())
        .ok_or_else(|| Refusal::invalid("only instances, volumes, volume snapshots and images can vanish"))?;
    let table = cloud.table(region, kind.spec().plural, Owner::Account(account))?;
    let ids = cloud.with_tables(|tables, now| {
        let numbers: Vec<u64> =
            tables.records(table).after(None).take(request.count).map(|(number, _)| number).collect();
        numbers.iter().for_each(|number| tables.remove(table, *number, now));
        numbers.into_iter().map(|number| table.kind.id(number)).collect::<Vec<_>>()
    });
    Ok(json_answer(StatusCode::OK, &json!({ "vanished": ids })))
}

#[derive(Deserialize)]
pub(crate) struct Reading {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

pub(crate) async fn journal(State(cloud): State<Arc<Cloud>>, Query(reading): Query<Reading>) -> Response {
    cloud.with_tables(|tables, now| {
        let limit = reading.limit.unwrap_or(DEFAULT_LINES);
        let lines: Vec<_> = tables.journal.lines(reading.after, limit, &tables.regions).collect();
        json_answer(StatusCode::OK, &json!({ "now": now, "lines": lines }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Counting {
    /// Name of the kind or of its collection.
    kind: String,
    /// Region; default: the first.
    region: Option<String>,
    /// Account by name or id; default: the first.
    account: Option<String>,
    /// Label of the resources: a key, or `KEY=VALUE`.
    label: Option<String>,
    name: Option<String>,
}

/// Counts resources by name and label: the effect of writes, whatever their answers.
pub(crate) async fn count(
    State(cloud): State<Arc<Cloud>>,
    Query(request): Query<Counting>,
) -> Result<Response, Refusal> {
    let account = request.account.as_deref().map_or(Ok(0), |name| account_named(&cloud, name))?;
    let region = request.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let kind = parse_kind(&request.kind).ok_or_else(|| Refusal::invalid("the kind does not exist"))?;
    let table = cloud.table(region, kind.spec().plural, Owner::Account(account))?;
    let label = request.label.as_deref().map(|label| match label.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (label, None),
    });
    let ids: Vec<String> = cloud.with_tables(|tables, _| {
        let counts = |record: &Record| {
            let is_labelled = label.is_none_or(|(key, value)| {
                record.labels.get(key).is_some_and(|found| value.is_none_or(|value| found == value))
            });
            is_labelled && request.name.as_ref().is_none_or(|name| record.name == *name)
        };
        let those = tables.records(table).after(None).filter(|(_, record)| counts(record));
        those.map(|(number, _)| kind.id(number)).collect()
    });
    Ok(json_answer(StatusCode::OK, &json!({ "count": ids.len(), "ids": ids })))
}

pub(crate) async fn stats(State(cloud): State<Arc<Cloud>>) -> Response {
    let requests = locked(&cloud.requests).clone();
    let total: u64 = requests.values().sum();
    json_answer(StatusCode::OK, &json!({ "requests": requests, "total": total }))
}
