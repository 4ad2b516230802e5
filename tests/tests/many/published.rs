//! What a cloud publishes is one record, and what happens to it one event, however many accounts are polled.

use std::time::Duration;

use anyhow::ensure;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use gateway_core::id::ResourceId;
use gateway_tests::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::Stage;

const SOON: Duration = Duration::from_secs(60);

const OLD: &str = "debian-0";
const NEW: &str = "renamed";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// One record and its creation; then the cloud changes it, and there is one event more.
pub(crate) async fn one_record_and_one_event(stage: &Stage) {
    let image = the_image(stage, OLD).await;
    let id = image["id"].as_str().unwrap();
    assert_eq!(changes(stage, id), [("created".to_owned(), 1)]);
    let region = stage.size.regions()[0];
    let renaming = json!({ "kind": "image", "id": image["external_id"], "name": NEW, "region": region });
    stage.simulator.control("POST", "rename", &renaming).await;
    let refresh = format!("/v1/refresh?kind=image&account=global&region={region}");
    until("the new name", SOON, || async {
        let answer = stage.dashboard.request(Method::POST, &refresh).await?;
        ensure!(answer.status == 200, "{}", answer.body);
        let image = stage.dashboard.get(&format!("/v1/images/{id}")).await?;
        ensure!(image["name"] == NEW, "{image}");
        Ok(())
    })
    .await;
    still_one(stage).await;
}

/// After all those polls too.
pub(crate) async fn still_one(stage: &Stage) {
    let image = the_image(stage, NEW).await;
    let id = image["id"].as_str().unwrap();
    assert_eq!(changes(stage, id), [("changed".to_owned(), 1), ("created".to_owned(), 1)]);
}

/// The one image of that name: every account of the dashboard sees it, and it is shown and stored once.
async fn the_image(stage: &Stage, name: &str) -> Value {
    let wanted = [("region", stage.size.regions()[0]), ("name", name)];
    let mut found = stage.dashboard.list("images", &wanted).await.unwrap().items;
    assert_eq!(found.len(), 1, "{found:?}");
    let image = found.remove(0);
    assert_eq!(image["account"], "global");
    let records = "SELECT 'records' AS name, COUNT(*) AS n FROM resources WHERE id = ?";
    assert_eq!(query(stage, records, image["id"].as_str().unwrap()), [("records".to_owned(), 1)]);
    image
}

fn changes(stage: &Stage, id: &str) -> Vec<(String, i64)> {
    let sql =
        "SELECT change_name AS name, COUNT(*) AS n FROM events WHERE resource_id = ? GROUP BY 1 ORDER BY 1";
    query(stage, sql, id)
}

fn query(stage: &Stage, sql: &str, id: &str) -> Vec<(String, i64)> {
    let mut connection = stage.cluster.database.connect();
    let id: ResourceId = id.parse().unwrap();
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Binary, _>(id.to_bytes())
        .load(&mut connection)
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| (row.name, row.n)).collect()
}
