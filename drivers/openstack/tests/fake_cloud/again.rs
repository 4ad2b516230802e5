//! Orders to services in which an earlier try of them is under way: real ones cannot be made to say so at will.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use gateway_core::driver::{Done, Known, References, Step};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::{OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Extend, Kind, Reboot, ShareImage, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use crate::cloud::FakeCloud;

/// What the thing is, gone if it is nothing, and what is said of every order.
type Scene = Arc<(Value, &'static str)>;

async fn refuse(State(scene): State<Scene>) -> Response {
    let (status, around) = match scene.1 {
        IN_TASK => (StatusCode::CONFLICT, "conflictingRequest"),
        NO_MEMBER => (StatusCode::NOT_FOUND, "itemNotFound"),
        _ => (StatusCode::BAD_REQUEST, "badRequest"),
    };
    let refusal = json!({ around: { "code": status.as_u16(), "message": scene.1 } });
    (status, [("x-openstack-request-id", "req-7")], Json(refusal)).into_response()
}

async fn act(now: Value, words: &'static str, kind: &str, verb: Verb, command: Command) -> Result<Done> {
    let shown = |State(scene): State<Scene>| async move {
        match scene.0["volume"] {
            Value::Null => (StatusCode::NOT_FOUND, Json(json!({ "itemNotFound": { "code": 404 } }))),
            _ => (StatusCode::OK, Json(scene.0.clone())),
        }
    };
    let versions = json!({ "versions": [{ "version": "3.70", "min_version": "3.0" }] });
    let routes = Router::new()
        .route("/v3/", get(|| async { Json(versions) }))
        .route("/v3/p1/volumes/v1", get(shown).delete(refuse))
        .route("/v3/p1/volumes/v1/action", post(refuse))
        .route("/v3/p1/snapshots/v1", get(shown).delete(refuse))
        .route("/v2.1/servers/s1/os-volume_attachments/v1", delete(refuse))
        .route("/v2/images/v1", get(shown))
        .route("/v2/images/v1/members/p2", delete(refuse))
        .route("/v2.1/servers/v1", get(shown))
        .route("/v2.1/servers/v1/action", post(refuse))
        .with_state(Arc::new((json!({ "volume": now, "snapshot": now, "server": now }), words)));
    let cloud = FakeCloud::with(&[("volumev3", "/v3/p1"), ("image", "")], routes).await;
    let target = Known {
        id: ResourceId::from_bytes(&[1; 16]).unwrap(),
        kind: Kind::parse(kind).unwrap(),
        native_key: if kind == "volume_attachment" { "v1/s1" } else { "v1" }.to_owned(),
        external_id: "v1".to_owned(),
        name: String::new(),
        document: Map::new(),
    };
    let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
    let named = References::default();
    let step =
        Step { kind: target.kind, verb, command: &command, target: Some(&target), named: &named, marker };
    cloud.session.act(&Region::new("One"), &step).await
}

/// What Cinder says of a volume that is busy.
const BUSY: &str = "Invalid volume: Volume status must be available or error, but is another.";

/// And of one that is no smaller than it shall be.
const NO_SMALLER: &str = "Invalid input received: New size for extend must be greater than current size.";

/// What Nova says of a server that is busy.
const IN_TASK: &str = "Cannot 'pause' instance v1 while it is in task_state pausing";

/// What Glance says where nobody is let in.
const NO_MEMBER: &str = "p2 not found in the member list of the image v1.";

fn with_p2() -> Command {
    Command::ShareImage(ShareImage { external_account: "p2".to_owned() })
}

fn in_task(task: &str) -> Value {
    json!({ "OS-EXT-STS:task_state": task })
}

#[tokio::test]
async fn what_an_earlier_try_began_ends_well() {
    let extend = || Command::Extend(Extend { size_gib: 2 });
    for (now, words, kind, verb, command) in [
        (json!({ "status": "deleting" }), BUSY, "volume", Verb::Delete, Command::Plain),
        (json!({ "status": "deleting" }), BUSY, "volume_snapshot", Verb::Delete, Command::Plain),
        (json!({ "status": "extending", "size": 1 }), BUSY, "volume", Verb::Extend, extend()),
        (json!({ "status": "available", "size": 2 }), NO_SMALLER, "volume", Verb::Extend, extend()),
        (json!({ "status": "detaching" }), BUSY, "volume_attachment", Verb::Delete, Command::Plain),
        // What was under way at the refusal has ended at the look.
        (Value::Null, BUSY, "volume_snapshot", Verb::Delete, Command::Plain),
        (json!({ "attachments": [] }), BUSY, "volume_attachment", Verb::Delete, Command::Plain),
        (Value::Null, BUSY, "volume_attachment", Verb::Delete, Command::Plain),
        (json!({ "status": "active" }), NO_MEMBER, "image", Verb::Unshare, with_p2()),
        (in_task("pausing"), IN_TASK, "instance", Verb::Pause, Command::Plain),
        (in_task("shelving_image_uploading"), IN_TASK, "instance", Verb::Shelve, Command::Plain),
    ] {
        let done = act(now, words, kind, verb, command).await.unwrap();
        assert_eq!(done.touched[0].kind.as_str(), kind);
        assert_eq!(done.request_id.as_deref(), Some("req-7"));
        let all = if kind == "volume_attachment" { 3 } else { 1 };
        assert_eq!(done.touched.len(), all);
    }
}

#[tokio::test]
async fn what_is_refused_for_another_reason_stays_refused() {
    let extend = || Command::Extend(Extend { size_gib: 2 });
    let reboot = || Command::Reboot(Reboot { hard: true });
    for (now, words, kind, verb, command, expected) in [
        (
            json!({ "status": "backing-up" }),
            BUSY,
            "volume",
            Verb::Delete,
            Command::Plain,
            ErrorKind::Conflict,
        ),
        (
            json!({ "status": "in-use", "attachments": [{ "server_id": "s1" }] }),
            BUSY,
            "volume_attachment",
            Verb::Delete,
            Command::Plain,
            ErrorKind::Conflict,
        ),
        (
            json!({ "status": "available", "size": 3 }),
            NO_SMALLER,
            "volume",
            Verb::Extend,
            extend(),
            ErrorKind::Invalid,
        ),
        (in_task("unpausing"), IN_TASK, "instance", Verb::Pause, Command::Plain, ErrorKind::Conflict),
        (in_task("rebooting"), IN_TASK, "instance", Verb::Reboot, reboot(), ErrorKind::Conflict),
        (json!({}), NO_SMALLER, "volume", Verb::Extend, extend(), ErrorKind::Invalid),
        (Value::Null, NO_SMALLER, "volume", Verb::Extend, extend(), ErrorKind::Invalid),
        (Value::Null, NO_MEMBER, "image", Verb::Unshare, with_p2(), ErrorKind::NotFound),
    ] {
        let error = act(now, words, kind, verb, command).await.unwrap_err();
        assert_eq!((error.kind(), error.changed_nothing()), (expected, true));
        assert_eq!(error.cloud().unwrap().message, words);
    }
}
