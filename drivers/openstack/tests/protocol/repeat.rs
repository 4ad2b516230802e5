//! Commands whose earlier attempt is in progress. Real services cannot be brought into that state at will.

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

use crate::fake_cloud::FakeCloud;

/// The current document, null if it is deleted, and the refusal of every command.
type Scenario = Arc<(Value, &'static str)>;

async fn refuse(State(scenario): State<Scenario>) -> Response {
    let (status, around) = match scenario.1 {
        TASK_RUNS => (StatusCode::CONFLICT, "conflictingRequest"),
        NO_MEMBER => (StatusCode::NOT_FOUND, "itemNotFound"),
        _ => (StatusCode::BAD_REQUEST, "badRequest"),
    };
    let refusal = json!({ around: { "code": status.as_u16(), "message": scenario.1 } });
    (status, [("x-openstack-request-id", "req-7")], Json(refusal)).into_response()
}

async fn act(
    current: Value,
    refusal: &'static str,
    kind: Kind,
    verb: Verb,
    command: Command,
) -> Result<Done> {
    let shown = |State(scenario): State<Scenario>| async move {
        match scenario.0["volume"] {
            Value::Null => (StatusCode::NOT_FOUND, Json(json!({ "itemNotFound": { "code": 404 } }))),
            _ => (StatusCode::OK, Json(scenario.0.clone())),
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
        .with_state(Arc::new((
            json!({ "volume": current, "snapshot": current, "server": current }),
            refusal,
        )));
    let cloud = FakeCloud::with(&[("volumev3", "/v3/p1"), ("image", "")], routes).await;
    let target = Known {
        id: ResourceId::from_bytes(&[1; 16]).unwrap(),
        kind,
        native_key: if kind == Kind::VolumeAttachment { "v1/s1" } else { "v1" }.to_owned(),
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

/// Cinder's refusal for a volume in the wrong state.
const WRONG_STATE: &str = "Invalid volume: Volume status must be available or error, but is another.";

/// Cinder's refusal of an extension to the current size.
const SAME_SIZE: &str = "Invalid input received: New size for extend must be greater than current size.";

/// Nova's refusal for a server with a running task.
const TASK_RUNS: &str = "Cannot 'pause' instance v1 while it is in task_state pausing";

/// Glance's refusal for an account without access.
const NO_MEMBER: &str = "p2 not found in the member list of the image v1.";

fn with_p2() -> Command {
    Command::ShareImage(ShareImage { external_account: "p2".to_owned() })
}

fn in_task(task: &str) -> Value {
    json!({ "OS-EXT-STS:task_state": task })
}

#[tokio::test]
async fn repetition_of_an_earlier_attempt_succeeds() {
    let extend = || Command::Extend(Extend { size_gib: 2 });
    for (current, refusal, kind, verb, command) in [
        (json!({ "status": "deleting" }), WRONG_STATE, Kind::Volume, Verb::Delete, Command::Plain),
        (json!({ "status": "deleting" }), WRONG_STATE, Kind::VolumeSnapshot, Verb::Delete, Command::Plain),
        (json!({ "status": "extending", "size": 1 }), WRONG_STATE, Kind::Volume, Verb::Extend, extend()),
        (json!({ "status": "available", "size": 2 }), SAME_SIZE, Kind::Volume, Verb::Extend, extend()),
        (json!({ "status": "detaching" }), WRONG_STATE, Kind::VolumeAttachment, Verb::Delete, Command::Plain),
        // The earlier attempt ended between the refusal and the read.
        (Value::Null, WRONG_STATE, Kind::VolumeSnapshot, Verb::Delete, Command::Plain),
        (json!({ "attachments": [] }), WRONG_STATE, Kind::VolumeAttachment, Verb::Delete, Command::Plain),
        (Value::Null, WRONG_STATE, Kind::VolumeAttachment, Verb::Delete, Command::Plain),
        (json!({ "status": "active" }), NO_MEMBER, Kind::Image, Verb::Unshare, with_p2()),
        (in_task("pausing"), TASK_RUNS, Kind::Instance, Verb::Pause, Command::Plain),
        (in_task("shelving_image_uploading"), TASK_RUNS, Kind::Instance, Verb::Shelve, Command::Plain),
    ] {
        let done = act(current, refusal, kind, verb, command).await.unwrap();
        assert_eq!(done.touched[0].kind, kind);
        assert_eq!(done.request_id.as_deref(), Some("req-7"));
        let count = if kind == Kind::VolumeAttachment { 3 } else { 1 };
        assert_eq!(done.touched.len(), count);
    }
}

#[tokio::test]
async fn refusal_for_another_reason_stays() {
    let extend = || Command::Extend(Extend { size_gib: 2 });
    let reboot = || Command::Reboot(Reboot { hard: true });
    for (current, refusal, kind, verb, command, expected) in [
        (
            json!({ "status": "backing-up" }),
            WRONG_STATE,
            Kind::Volume,
            Verb::Delete,
            Command::Plain,
            ErrorKind::Conflict,
        ),
        (
            json!({ "status": "in-use", "attachments": [{ "server_id": "s1" }] }),
            WRONG_STATE,
            Kind::VolumeAttachment,
            Verb::Delete,
            Command::Plain,
            ErrorKind::Conflict,
        ),
        (
            json!({ "status": "available", "size": 3 }),
            SAME_SIZE,
            Kind::Volume,
            Verb::Extend,
            extend(),
            ErrorKind::Invalid,
        ),
        (in_task("unpausing"), TASK_RUNS, Kind::Instance, Verb::Pause, Command::Plain, ErrorKind::Conflict),
        (in_task("rebooting"), TASK_RUNS, Kind::Instance, Verb::Reboot, reboot(), ErrorKind::Conflict),
        (json!({}), SAME_SIZE, Kind::Volume, Verb::Extend, extend(), ErrorKind::Invalid),
        (Value::Null, SAME_SIZE, Kind::Volume, Verb::Extend, extend(), ErrorKind::Invalid),
        (Value::Null, NO_MEMBER, Kind::Image, Verb::Unshare, with_p2(), ErrorKind::NotFound),
    ] {
        let error = act(current, refusal, kind, verb, command).await.unwrap_err();
        assert_eq!((error.kind(), error.changed_nothing()), (expected, true));
        assert_eq!(error.cloud().unwrap().message, refusal);
    }
}
