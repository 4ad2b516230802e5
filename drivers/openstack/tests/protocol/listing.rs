//! Listings of a cloud that lacks services, shortens its pages, or has several lists per kind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use gateway_core::document::observation::Observed;
use gateway_core::driver::ListScope;
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::Region;
use gateway_core::kind::Kind;
use serde_json::{Value, json};

use crate::fake_cloud::FakeCloud;

async fn list(cloud: &FakeCloud, kind: Kind, scope: ListScope) -> Result<Vec<Observed>> {
    let region = Region::new("One");
    let (mut items, mut page) = (Vec::new(), None);
    loop {
        let answer = cloud.session.list(&region, kind, scope, page.as_ref()).await?;
        items.extend(answer.items);
        page = answer.next;
        if page.is_none() {
            return Ok(items);
        }
    }
}

fn keys(items: &[Observed]) -> Vec<&str> {
    items.iter().map(|item| item.native_key.as_str()).collect()
}

/// Returns the values of a parameter in a query.
fn values(query: &str, name: &str) -> Vec<String> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
}

async fn zones() -> Json<Value> {
    Json(json!({"availabilityZoneInfo": [{"zoneName": "a/1", "zoneState": {"available": true}}]}))
}

async fn quotas() -> Json<Value> {
    Json(json!({"quota_set": {"id": "p1", "cores": {"limit": 20, "in_use": 3, "reserved": 0}}}))
}

fn nova_alone() -> Router {
    Router::new()
        .route("/v2.1/os-availability-zone", get(zones))
        .route("/v2.1/os-quota-sets/p1/detail", get(quotas))
}

#[tokio::test]
async fn kind_of_several_services_is_listed_from_the_existing_ones() {
    let cloud = FakeCloud::with(&[], nova_alone()).await;
    assert_eq!(keys(&list(&cloud, Kind::Datacenter, ListScope::Published).await.unwrap()), ["compute/a/1"]);
    assert_eq!(keys(&list(&cloud, Kind::Quota, ListScope::Own).await.unwrap()), ["p1/compute.cores"]);
    let region = Region::new("One");
    for (kind, key) in [(Kind::Datacenter, "compute/a/1"), (Kind::Quota, "p1/compute.cores")] {
        cloud.session.probe(&region, kind).await.unwrap();
        assert_eq!(cloud.session.get(&region, kind, key).await.unwrap().unwrap().native_key, key);
        assert!(cloud.session.get(&region, kind, "compute/b").await.unwrap().is_none());
        let elsewhere = cloud.session.probe(&Region::new("Two"), kind).await.unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn kind_of_several_services_is_listed_from_all_of_them() {
    let more = nova_alone().merge(cinder(get(attachments))).route("/v3/p1/os-availability-zone", get(zones));
    let cloud = FakeCloud::with(&[("volumev3", "/v3/p1")], more).await;
    let listed = list(&cloud, Kind::Datacenter, ListScope::Published).await.unwrap();
    assert_eq!(keys(&listed), ["compute/a/1", "volume/a/1"]);
    let quotas = list(&cloud, Kind::Quota, ListScope::Own).await.unwrap_err();
    assert_ne!(quotas.kind(), ErrorKind::Unsupported, "a failing service is not a missing one");
}

#[tokio::test]
async fn kind_of_a_missing_service_is_unsupported() {
    let cloud = FakeCloud::with(&[], nova_alone()).await;
    let region = Region::new("One");
    for kind in [
        Kind::Network,
        Kind::Router,
        Kind::IpAddressBinding,
        Kind::SecurityGroupRule,
        Kind::VolumeAttachment,
        Kind::Image,
    ] {
        let list = list(&cloud, kind, ListScope::Own).await.unwrap_err();
        let probe = cloud.session.probe(&region, kind).await.unwrap_err();
        let get = cloud.session.get(&region, kind, "x/y").await.unwrap_err();
        assert_eq!([list.kind(), probe.kind(), get.kind()], [ErrorKind::Unsupported; 3], "{kind}");
    }
    let zone = cloud.session.get(&region, Kind::Datacenter, "volume/a").await.unwrap_err();
    assert_eq!(zone.kind(), ErrorKind::Unsupported, "without the service, absence is not proven");
}

/// Answers pages of two items without links, whatever the limit, as Cinder does if its operator configures that.
async fn attachments(RawQuery(query): RawQuery) -> Json<Value> {
    let one = |id: &str, volume: &str, server: Option<&str>, status: &str| {
        json!({"id": id, "volume_id": volume, "instance": server, "status": status,
            "attached_at": "", "attach_mode": "rw", "connection_info": {"auth_password": "secret"}})
    };
    let all = [
        one("a1", "v0", Some("s1"), "attached"),
        one("a2", "v1", Some("s1"), "attached"),
        one("a3", "v1", Some("s1"), "reserved"),
        one("a4", "v1", Some("s1"), "reserved"),
        one("a5", "v2", None, "attached"),
        one("a6", "v3", Some("s1"), "attaching"),
        one("a7", "v3", Some("s2"), "detaching"),
    ];
    let query = query.unwrap_or_default();
    let filters = [("volume_id", "volume_id"), ("instance_id", "instance")]
        .map(|(name, field)| (values(&query, name), field));
    let is_asked = |item: &Value| {
        filters.iter().all(|(wanted, field)| wanted.iter().all(|value| item[*field] == **value))
    };
    let marker = values(&query, "marker").pop().unwrap_or_default();
    let after = all.into_iter().filter(|item| item["id"].as_str().unwrap() > marker.as_str());
    Json(json!({"attachments": after.filter(is_asked).take(2).collect::<Vec<_>>()}))
}

fn cinder(attachments: MethodRouter) -> Router {
    let versions = json!({"versions": [{"id": "v3.0", "min_version": "3.0", "version": "3.70"}]});
    Router::new()
        .route("/v3/", get(move || async { Json(versions) }))
        .route("/v3/p1/attachments/detail", attachments)
}

#[tokio::test]
async fn duplicate_attachments_are_listed_once_across_pages() {
    let cloud = FakeCloud::with(&[("volumev3", "/v3/p1")], cinder(get(attachments))).await;
    let listed = list(&cloud, Kind::VolumeAttachment, ListScope::Own).await.unwrap();
    assert_eq!(keys(&listed), ["v0/s1", "v1/s1", "v3/s1", "v3/s2"]);
    assert_eq!(listed[1].external_id, "a2", "the one in use");
    let (region, kind) = (Region::new("One"), listed[0].kind);
    for item in &listed {
        let read = cloud.session.get(&region, kind, &item.native_key).await.unwrap().unwrap();
        assert_eq!(read.content_hash(), item.content_hash());
        assert!(!item.raw.to_string().contains("secret"));
    }
    assert!(cloud.session.get(&region, kind, "v2/s1").await.unwrap().is_none());
}

#[tokio::test]
async fn filtered_list_starts_again_if_its_marker_is_deleted() {
    for (gone, expected) in [(1, 4), (2, 6), (9, 6)] {
        let calls = Arc::new(AtomicUsize::new(0));
        let (counted, left) = (Arc::clone(&calls), Arc::new(AtomicUsize::new(gone)));
        let answer = move |query: RawQuery| async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let is_next_page = query.0.as_deref().is_some_and(|query| query.contains("marker="));
            let fewer = |left: usize| left.checked_sub(1);
            if is_next_page && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
                let absent = json!({"itemNotFound": {"code": 404, "message": "Volume attachment could not be found."}});
                return (StatusCode::NOT_FOUND, Json(absent)).into_response();
            }
            attachments(query).await.into_response()
        };
        let cloud = FakeCloud::with(&[("volumev3", "/v3/p1")], cinder(get(answer))).await;
        let kind = Kind::VolumeAttachment;
        let read = cloud.session.get(&Region::new("One"), kind, "v0/s1").await;
        assert_eq!((read.is_ok(), calls.load(Ordering::SeqCst)), (gone < 3, expected), "{gone}: {read:?}");
    }
}

/// A number of routers whose ids do not fit into one query.
const ROUTERS: usize = 120;

#[tokio::test]
async fn interfaces_of_routers_are_read_in_batches() {
    let asked: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let routers = |RawQuery(query): RawQuery| async move {
        let query = query.unwrap_or_default();
        assert_eq!(values(&query, "project_id"), ["p1"], "an administrator would see every project's");
        let router = |number| json!({"id": format!("r{number:03}"), "status": "ACTIVE", "project_id": "p1"});
        Json(json!({"routers": (0..ROUTERS).map(router).collect::<Vec<_>>()}))
    };
    let seen = asked.clone();
    let ports = move |RawQuery(query): RawQuery| async move {
        let routers = values(&query.unwrap_or_default(), "device_id");
        let port = |router: &String| {
            json!({"id": format!("port of {router}"), "device_id": router, "device_owner": "network:router_interface",
                "fixed_ips": [{"subnet_id": "b1", "ip_address": "10.0.0.1"}]})
        };
        let answer = Json(json!({"ports": routers.iter().map(port).collect::<Vec<_>>()}));
        seen.lock().unwrap().push(routers);
        answer
    };
    let router = json!({"router": {"id": "r007", "status": "ACTIVE", "project_id": "p1"}});
    let neutron = Router::new()
        .route("/v2.0/routers", get(routers))
        .route("/v2.0/routers/r007", get(move || async { Json(router) }))
        .route("/v2.0/ports", get(ports));
    let cloud = FakeCloud::with(&[("network", "/")], neutron).await;
    let listed = list(&cloud, Kind::Router, ListScope::Own).await.unwrap();
    assert_eq!(listed.len(), ROUTERS);
    for router in &listed {
        let interface = &router.fields["interfaces"][0]["network_interface"]["external_id"];
        assert_eq!(*interface, format!("port of {}", router.native_key));
    }
    assert_eq!(asked.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    let read = cloud.session.get(&Region::new("One"), listed[7].kind, "r007").await.unwrap().unwrap();
    assert_eq!(read.content_hash(), listed[7].content_hash());
}
