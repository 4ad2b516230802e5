//! `/v1/{plural}/{id}/related`, and links between records in both directions.

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::CloudSpec;
use gateway_core::id::{CloudId, Holder, Region, ResourceId};
use gateway_core::kind::{AttachmentPoint, Instance, InstanceState, Reference, Volume, VolumeState};
use serde_json::{Value, json};

use super::fake_cloud::{IMAGE, INSTANCE, VOLUME, image};
use super::gateway::TestGateway;

fn reference(cloud: CloudId, kind: Kind, key: &str) -> Reference {
    let id = ResourceId::derive(cloud, &Region::new("r1"), kind, key);
    Reference { id: Some(id), external_id: Some(key.to_owned()), name: None }
}

/// Returns one instance of a published image with sixty volumes, and one volume that is not attached.
fn fixtures(cloud: CloudId) -> impl Fn(&str, Holder, Kind) -> Vec<Observed> {
    move |region, holder, kind| match holder {
        _ if region != "r1" => Vec::new(),
        Holder::Global if kind == IMAGE => vec![image("img")],
        Holder::Account(_) if kind == INSTANCE => {
            let fields = Instance { image: Some(reference(cloud, IMAGE, "img")), ..Instance::default() };
            let seen = Observed::new("i-1", "web", &fields, json!({ "id": "i-1" })).unwrap();
            vec![seen.with_state(InstanceState::Running, "UP")]
        }
        Holder::Account(_) if kind == VOLUME => (0..61)
            .map(|number| {
                let at = AttachmentPoint { instance: reference(cloud, INSTANCE, "i-1"), device: None };
                let attachments = if number < 60 { vec![at] } else { Vec::new() };
                let fields = Volume { size_gib: 1, attachments, ..Volume::default() };
                let id = format!("v-{number}");
                let seen = Observed::new(&id, &id, &fields, json!({ "id": id })).unwrap();
                seen.with_state(VolumeState::InUse, "USED")
            })
            .collect(),
        _ => Vec::new(),
    }
}

async fn open() -> (TestGateway, String, String) {
    let gateway = TestGateway::open().await;
    let spec: CloudSpec = gateway.store.cloud_by_name("c1").await.unwrap().unwrap().spec;
    let (_, token) = gateway.proven("a", &["p1"]).await;
    gateway.poll(fixtures(spec.id)).await;
    let list = gateway.get("/v1/instances", &token).await;
    let id = list.body["items"][0]["id"].as_str().unwrap().to_owned();
    (gateway, token, id)
}

#[tokio::test]
async fn links_resolve_in_both_directions() {
    let (gateway, token, id) = open().await;
    let instance = gateway.get(&format!("/v1/instances/{id}"), &token).await.body;
    let image = gateway.get(instance["links"]["image"].as_str().unwrap(), &token).await;
    assert_eq!((image.status, &image.body["external_id"]), (StatusCode::OK, &json!("img")));
    let back = gateway.get(image.body["links"]["instances"].as_str().unwrap(), &token).await;
    assert_eq!(back.body["items"][0]["id"], id.as_str());
    let volumes =
        gateway.get(&format!("{}&limit=100", instance["links"]["volumes"].as_str().unwrap()), &token).await;
    assert_eq!(volumes.body["items"].as_array().unwrap().len(), 60);
    let volume = &volumes.body["items"][0];
    let of_volume = gateway.get(volume["links"]["instances"].as_str().unwrap(), &token).await;
    assert_eq!(of_volume.body["items"][0]["items"][0]["id"], id.as_str());
    assert_eq!(volume["links"].get("snapshot"), None, "no link without a reference");
}

#[tokio::test]
async fn related_records_are_grouped_by_relation() {
    let (gateway, token, id) = open().await;
    let related = gateway.get(&format!("/v1/instances/{id}/related"), &token).await.body;
    let groups = related["items"].as_array().unwrap();
    let summaries: Vec<_> = groups
        .iter()
        .map(|group| {
            let count = group["items"].as_array().unwrap().len();
            (
                group["relation"].as_str().unwrap(),
                group["direction"].as_str().unwrap(),
                count,
                group["more"].clone(),
            )
        })
        .collect();
    assert_eq!(
        summaries,
        [("image", "names", 1, Value::Bool(false)), ("volumes", "named_by", 50, Value::Bool(true))]
    );
    assert_eq!(groups[1]["link"], format!("/v1/volumes?instance={id}"));
    let only = gateway.get(&format!("/v1/instances/{id}/related?relation=image"), &token).await.body;
    assert_eq!(only["items"].as_array().unwrap().len(), 1);
    let wrong = gateway.get(&format!("/v1/instances/{id}/related?relation=router"), &token).await;
    assert_eq!(wrong.problem(), "invalid-parameter");
    assert!(wrong.body["detail"].as_str().unwrap().contains("volumes"));
}

#[tokio::test]
async fn related_records_of_other_accounts_are_hidden() {
    let (gateway, _, id) = open().await;
    let (_, stranger) = gateway.proven("b", &["p2"]).await;
    let related = gateway.get(&format!("/v1/instances/{id}/related"), &stranger).await;
    assert_eq!(related.problem(), "no-such-resource");
    let filtered = gateway.get(&format!("/v1/volumes?instance={id}"), &stranger).await;
    assert_eq!(filtered.body["items"], json!([]));
    // The image is published, but the instances of others stay hidden.
    let image =
        gateway.get("/v1/images", &stranger).await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let related = gateway.get(&format!("/v1/images/{image}/related"), &stranger).await;
    assert_eq!(related.body["items"], json!([]));
}

#[tokio::test]
async fn resource_of_many_holders_is_read_without_the_records_of_others() {
    let (gateway, token, id) = open().await;
    let image = gateway.get("/v1/images", &token).await.body["items"][0]["id"].as_str().unwrap().to_owned();
    // The targets of the others are unreadable, so that a request that reads one fails.
    let others = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)";
    gateway.execute(&format!(
        "INSERT INTO poll_targets (id, cloud_id, region, holder, kind, lease_epoch, lease_until, due_at, wanted_at, status, \
         interval_ms, failures, agreeing) {others} SELECT 1000 + i, x'00', 'r1', CAST('another holder ' || (i % 10) AS BLOB), \
         'unreadable ' || i, 0, 0, {}, 0, 'fresh', 0, 0, 0 FROM n",
        i64::MAX / 2
    ));
    gateway.execute(&format!(
        "INSERT INTO resources (target_id, id, native_key, name, state, version, hash, observed_at, changed_at, document, raw, \
         name_key, created_at, terms) {others} SELECT 1000 + i, id, native_key, name, state, version, hash, observed_at, \
         changed_at, 'unreadable', raw, name_key, created_at, terms FROM resources, n"
    ));
    for target in [format!("/v1/images/{image}"), format!("/v1/instances/{id}")] {
        assert_eq!(gateway.get(&target, &token).await.status, StatusCode::OK, "{target}");
    }
    let related = gateway.get(&format!("/v1/instances/{id}/related?relation=image"), &token).await;
    assert_eq!(related.body["items"][0]["items"][0]["id"], image.as_str());
    let (_, stranger) = gateway.proven("b", &["p2"]).await;
    let hidden = gateway.get(&format!("/v1/instances/{id}"), &stranger).await;
    assert_eq!(hidden.problem(), "no-such-resource");
    assert_eq!(gateway.get(&format!("/v1/images/{image}"), &stranger).await.status, StatusCode::OK);
}
