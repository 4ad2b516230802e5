//! A published image has one record and one event per change, for any number of polled accounts.

use std::time::Duration;

use anyhow::ensure;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use gateway_core::id::ResourceId;
use gateway_tests::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::environment::Environment;

const REFRESH_TIMEOUT: Duration = Duration::from_secs(60);

const OLD: &str = "debian-0";
const NEW: &str = "renamed";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Asserts that the image has one record and one event, and that a rename adds one event.
pub(crate) async fn rename_is_one_event(env: &Environment) {
    let image = the_image(env, OLD).await;
    let id = image["id"].as_str().unwrap();
    assert_eq!(changes(env, id), [("created".to_owned(), 1)]);
    let region = env.size.regions()[0];
    let renaming = json!({ "kind": "image", "id": image["external_id"], "name": NEW, "region": region });
    env.simulator.control("POST", "rename", &renaming).await;
    let refresh = format!("/v1/refresh?kind=image&account=global&region={region}");
    until("the new name", REFRESH_TIMEOUT, || async {
        let answer = env.dashboard.request(Method::POST, &refresh).await?;
        ensure!(answer.status == 200, "{}", answer.body);
        let image = env.dashboard.get(&format!("/v1/images/{id}")).await?;
        ensure!(image["name"] == NEW, "{image}");
        Ok(())
    })
    .await;
    is_stored_once(env).await;
}

/// Asserts that the renamed image has one record and one event per change.
pub(crate) async fn is_stored_once(env: &Environment) {
    let image = the_image(env, NEW).await;
    let id = image["id"].as_str().unwrap();
    assert_eq!(changes(env, id), [("changed".to_owned(), 1), ("created".to_owned(), 1)]);
}

/// Returns the image of this name. Every account of the dashboard sees it; it is shown and stored once.
async fn the_image(env: &Environment, name: &str) -> Value {
    let wanted = [("region", env.size.regions()[0]), ("name", name)];
    let mut found = env.dashboard.list("images", &wanted).await.unwrap().items;
    assert_eq!(found.len(), 1, "{found:?}");
    let image = found.remove(0);
    assert_eq!(image["account"], "global");
    let records = "SELECT 'records' AS name, COUNT(*) AS n FROM resources WHERE id = ?";
    assert_eq!(query(env, records, image["id"].as_str().unwrap()), [("records".to_owned(), 1)]);
    image
}

fn changes(env: &Environment, id: &str) -> Vec<(String, i64)> {
    let sql =
        "SELECT change_name AS name, COUNT(*) AS n FROM events WHERE resource_id = ? GROUP BY 1 ORDER BY 1";
    query(env, sql, id)
}

fn query(env: &Environment, sql: &str, id: &str) -> Vec<(String, i64)> {
    let mut connection = env.cluster.database.connect();
    let id: ResourceId = id.parse().unwrap();
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Binary, _>(id.to_bytes())
        .load(&mut connection)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| (row.name, row.n)).collect()
}
