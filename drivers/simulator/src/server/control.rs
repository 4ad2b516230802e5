//! The control endpoint: faults, what happens behind every client's back, and the truth to compare with. No cloud
//! has it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use gateway_core::secret::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Refusal, json_answer};
use super::body::Record;
use super::fault::Fault;
use super::shelf::Owner;
use super::sort::Sort;
use super::state::{Cloud, locked};

/// Journal lines in one answer when the client does not say.
const USUAL_LINES: usize = 10_000;

pub(super) async fn put_faults(
    State(cloud): State<Arc<Cloud>>,
    Json(faults): Json<Vec<Fault>>,
) -> StatusCode {
    locked(&cloud.faults).0 = faults;
    StatusCode::NO_CONTENT
}

pub(super) async fn get_faults(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &locked(&cloud.faults).0)
}

pub(super) async fn clear_faults(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    locked(&cloud.faults).0.clear();
    StatusCode::NO_CONTENT
}

/// Ends every session: the next request of each client meets a 401.
pub(super) async fn clear_sessions(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    locked(&cloud.sessions).clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSecret {
    secret: Secret,
}

/// Gives an account another secret, and ends what the old one began.
pub(super) async fn put_secret(
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
pub(super) struct Renaming {
    /// The collection or kind.
    kind: String,
    id: String,
    name: String,
    /// The first region when not given.
    region: Option<String>,
    /// What the cloud publishes when not given; by name or id.
    account: Option<String>,
}

/// Gives a resource another name: the one change that what is published can go through too.
pub(super) async fn rename(
    State(cloud): State<Arc<Cloud>>,
    Json(wanted): Json<Renaming>,
) -> Result<StatusCode, Refusal> {
    let account = wanted.account.as_deref().map(|name| account_named(&cloud, name)).transpose()?;
    let owner = account.map_or(Owner::Everybody, Owner::Account);
    let region = wanted.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let sort = Sort::parse(&wanted.kind).ok_or_else(|| Refusal::invalid("there is no such kind"))?;
    let place = cloud.place(region, sort.plural(), owner)?;
    let number = sort.number(&wanted.id).ok_or_else(Refusal::no_resource)?;
    cloud.with_world(|world, now| {
        let record = world.shelf_mut(place).get_mut(number).ok_or_else(Refusal::no_resource)?;
        record.name = wanted.name;
        record.changed = now;
        Ok(StatusCode::NO_CONTENT)
    })
}

fn account_named(cloud: &Cloud, wanted: &str) -> Result<usize, Refusal> {
    let named = |account: &usize| {
        cloud.options.accounts[*account].name == wanted || cloud.accounts[*account] == wanted
    };
    (0..cloud.accounts.len()).find(named).ok_or_else(|| Refusal::invalid("there is no such account"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Movement {
    /// Moves begun a second; none at 0.
    per_second: f64,
}

pub(super) async fn put_movement(
    State(cloud): State<Arc<Cloud>>,
    Json(movement): Json<Movement>,
) -> StatusCode {
    cloud.set_movement(movement.per_second);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vanishing {
    /// The collection or kind.
    kind: String,
    /// How many, in the order of their ids.
    count: usize,
    /// The first region when not given.
    region: Option<String>,
    /// The first account when not given; by name or id.
    account: Option<String>,
}

/// Takes resources away at once, with no status that announces it.
pub(super) async fn vanish(
    State(cloud): State<Arc<Cloud>>,
    Json(wanted): Json<Vanishing>,
) -> Result<Response, Refusal> {
    let account = wanted.account.as_deref().map_or(Ok(0), |name| account_named(&cloud, name))?;
    let region = wanted.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let sort = Sort::parse(&wanted.kind).filter(|sort| sort.can_vanish()).ok_or_else(|| {
        Refusal::invalid(
            "instances, volumes, volume snapshots and images can vanish, and what follows with them",
        )
    })?;
    let place = cloud.place(region, sort.plural(), Owner::Account(account))?;
    let ids = cloud.with_world(|world, now| {
        let numbers: Vec<u64> =
            world.shelf(place).after(None).take(wanted.count).map(|(number, _)| number).collect();
        numbers.iter().for_each(|number| world.remove(place, *number, now));
        numbers.into_iter().map(|number| place.sort.id(number)).collect::<Vec<_>>()
    });
    Ok(json_answer(StatusCode::OK, &json!({ "vanished": ids })))
}

#[derive(Deserialize)]
pub(super) struct Reading {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

pub(super) async fn journal(State(cloud): State<Arc<Cloud>>, Query(reading): Query<Reading>) -> Response {
    cloud.with_world(|world, now| {
        let limit = reading.limit.unwrap_or(USUAL_LINES);
        let lines: Vec<_> = world.journal.lines(reading.after, limit, &world.regions).collect();
        json_answer(StatusCode::OK, &json!({ "now": now, "lines": lines }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counting {
    /// The collection or kind.
    kind: String,
    /// The first region when not given.
    region: Option<String>,
    /// The first account when not given; by name or id.
    account: Option<String>,
    /// A label that they have: its key, or `KEY=VALUE`.
    label: Option<String>,
    name: Option<String>,
}

/// How many of a kind there are, of some name or with some label: what a write made, however it was answered.
pub(super) async fn count(
    State(cloud): State<Arc<Cloud>>,
    Query(wanted): Query<Counting>,
) -> Result<Response, Refusal> {
    let account = wanted.account.as_deref().map_or(Ok(0), |name| account_named(&cloud, name))?;
    let region = wanted.region.as_deref().unwrap_or(&cloud.options.regions[0]);
    let sort = Sort::parse(&wanted.kind).ok_or_else(|| Refusal::invalid("there is no such kind"))?;
    let place = cloud.place(region, sort.plural(), Owner::Account(account))?;
    let label = wanted.label.as_deref().map(|label| match label.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (label, None),
    });
    let ids: Vec<String> = cloud.with_world(|world, _| {
        let counts = |record: &Record| {
            let is_labelled = label.is_none_or(|(key, value)| {
                record.labels.get(key).is_some_and(|found| value.is_none_or(|value| found == value))
            });
            is_labelled && wanted.name.as_ref().is_none_or(|name| record.name == *name)
        };
        let those = world.shelf(place).after(None).filter(|(_, record)| counts(record));
        those.map(|(number, _)| sort.id(number)).collect()
    });
    Ok(json_answer(StatusCode::OK, &json!({ "count": ids.len(), "ids": ids })))
}

pub(super) async fn stats(State(cloud): State<Arc<Cloud>>) -> Response {
    let requests = locked(&cloud.requests).clone();
    let total: u64 = requests.values().sum();
    json_answer(StatusCode::OK, &json!({ "requests": requests, "total": total }))
}
