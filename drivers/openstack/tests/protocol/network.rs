//! Commands of Neutron's kinds that take several calls: failures and concurrent changes between the calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, routing::any};
use gateway_core::driver::{Done, Known, References, Step, Touched};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::{OperationId, Region, ResourceId};
use gateway_core::kind::{Command, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use crate::fake_cloud::FakeCloud;

/// A fake Neutron: its resources and programmed answers.
#[derive(Default)]
struct Neutron {
    network: Option<Value>,
    address: Value,
    /// Refusals by method and end of the path; each is given once.
    answers: Vec<(Method, &'static str, StatusCode, &'static str)>,
    /// The address after a concurrent change, made with the next refusal.
    concurrent: Option<Value>,
    /// Method and path of each write.
    writes: Vec<String>,
}

type Shared = Arc<Mutex<Neutron>>;

fn refusal(status: StatusCode, kind: &str) -> Response {
    let error = json!({"NeutronError": {"type": kind, "message": format!("refused: {kind}"), "detail": ""}});
    (status, [("x-openstack-request-id", "req-1")], Json(error)).into_response()
}

async fn neutron(
    State(neutron): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut neutron = neutron.lock().unwrap();
    let path = uri.path().trim_start_matches("/net/v2.0/").to_owned();
    if method == Method::GET {
        return match path.as_str() {
            "networks" => {
                Json(json!({"networks": neutron.network.iter().collect::<Vec<_>>()})).into_response()
            }
            "networks/n1" => Json(json!({"network": neutron.network})).into_response(),
            "floatingips/f1" => Json(json!({"floatingip": neutron.address})).into_response(),
            _ => refusal(StatusCode::NOT_FOUND, "NotFound"),
        };
    }
    neutron.writes.push(format!("{method} {path}"));
    let answer = neutron.answers.iter().position(|(of, end, ..)| *of == method && path.ends_with(end));
    if let Some(at) = answer {
        let (_, _, status, kind) = neutron.answers.remove(at);
        if let Some(address) = neutron.concurrent.take() {
            neutron.address = address;
        }
        return refusal(status, kind);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (method.as_str(), path.as_str()) {
        ("POST", "networks") => {
            let mut network = body["network"].clone();
            network.as_object_mut().unwrap().extend(
                json!({"id": "n1", "status": "ACTIVE", "project_id": "p1", "tags": []})
                    .as_object()
                    .unwrap()
                    .clone(),
            );
            neutron.network = Some(network.clone());
            (StatusCode::CREATED, Json(json!({"network": network}))).into_response()
        }
        ("PUT", "networks/n1") => {
            neutron.network.as_mut().unwrap()["name"] = body["network"]["name"].clone();
            Json(json!({"network": neutron.network})).into_response()
        }
        ("PUT", "networks/n1/tags") => {
            neutron.network.as_mut().unwrap()["tags"] = body["tags"].clone();
            Json(body).into_response()
        }
        ("DELETE", "networks/n1") => {
            neutron.network = None;
            StatusCode::NO_CONTENT.into_response()
        }
        ("PUT", "floatingips/f1") => {
            let at = format!("revision_number={}", neutron.address["revision_number"]);
            assert_eq!(headers["if-match"], at.as_str());
            neutron.address["port_id"] = body["floatingip"]["port_id"].clone();
            Json(json!({"floatingip": neutron.address})).into_response()
        }
        other => panic!("{other:?}"),
    }
}

/// A cloud with the fake Neutron, and the marker of every step.
struct TestCloud {
    cloud: FakeCloud,
    neutron: Shared,
    marker: Marker,
}

fn id(key: &str) -> ResourceId {
    ResourceId::from_bytes(&[key.as_bytes()[0]; 16]).unwrap()
}

fn known(kind: Kind, key: &str) -> Known {
    let (native_key, external_id) = (key.to_owned(), key.split('/').next().unwrap().to_owned());
    Known { id: id(key), kind, native_key, external_id, name: String::new(), document: Map::new() }
}

impl TestCloud {
    async fn start(neutron: Neutron) -> Self {
        let neutron = Arc::new(Mutex::new(neutron));
        let more = Router::new().route("/net/v2.0/{*path}", any(self::neutron)).with_state(neutron.clone());
        let cloud = FakeCloud::with(&[("network", "/net")], more).await;
        Self { cloud, neutron, marker: Marker { operation: OperationId::generate(), ordinal: 1 } }
    }

    fn read(kind: Kind, verb: Verb, command: Value) -> (Command, References) {
        let named = [known(Kind::IpAddress, "f1"), known(Kind::NetworkInterface, "o1")];
        let named = BTreeMap::from(named.map(|known| (known.id, known)));
        (Command::read(kind.spec().verb(verb).unwrap(), command).unwrap(), References(named))
    }

    async fn act(&self, kind: Kind, verb: Verb, command: Value, target: Option<Known>) -> Result<Done> {
        let (command, named) = Self::read(kind, verb, command);
        let step = Step {
            kind,
            verb,
            command: &command,
            target: target.as_ref(),
            named: &named,
            marker: self.marker,
        };
        self.cloud.session.act(&Region::new("One"), &step).await
    }

    async fn find(&self, kind: Kind, command: Value) -> Result<Option<Touched>> {
        let (command, named) = Self::read(kind, Verb::Create, command);
        let step = Step {
            kind,
            verb: Verb::Create,
            command: &command,
            target: None,
            named: &named,
            marker: self.marker,
        };
        self.cloud.session.find(&Region::new("One"), &step).await
    }

    fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.neutron.lock().unwrap().writes)
    }

    fn network(&self) -> Option<Value> {
        self.neutron.lock().unwrap().network.clone()
    }
}

fn tagged() -> Value {
    json!({"name": "n", "tags": {"blue": ""}})
}

fn bound() -> Value {
    json!({"address": id("f1"), "network_interface": id("o1")})
}

fn address(port: Value, revision: u64) -> Value {
    json!({"id": "f1", "floating_ip_address": "172.24.0.1", "status": "DOWN", "port_id": port,
        "revision_number": revision, "project_id": "p1"})
}

#[tokio::test]
async fn network_with_refused_tags_is_deleted_and_refused() {
    let answers = vec![(Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized")];
    let cloud = TestCloud::start(Neutron { answers, ..Neutron::default() }).await;
    let error = cloud.act(Kind::Network, Verb::Create, tagged(), None).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Forbidden && error.changed_nothing(), "{error:?}");
    assert_eq!(error.cloud().unwrap().code, "PolicyNotAuthorized");
    assert_eq!(cloud.writes(), ["POST networks", "PUT networks/n1/tags", "DELETE networks/n1"]);
    assert_eq!((cloud.network(), cloud.find(Kind::Network, tagged()).await.unwrap()), (None, None));
}

#[tokio::test]
async fn network_with_refused_tags_that_cannot_be_deleted_is_not_refused() {
    let answers = vec![
        (Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized"),
        (Method::DELETE, "/n1", StatusCode::CONFLICT, "NetworkInUse"),
    ];
    let cloud = TestCloud::start(Neutron { answers, ..Neutron::default() }).await;
    let error = cloud.act(Kind::Network, Verb::Create, tagged(), None).await.unwrap_err();
    assert!(!error.changed_nothing(), "{error:?}");
    assert_eq!(error.cloud().unwrap().code, "PolicyNotAuthorized");
    assert!(cloud.network().is_some());
}

#[tokio::test]
async fn network_without_tags_gets_them_when_it_is_found() {
    let answers = vec![(Method::PUT, "/tags", StatusCode::SERVICE_UNAVAILABLE, "Busy")];
    let cloud = TestCloud::start(Neutron { answers, ..Neutron::default() }).await;
    let error = cloud.act(Kind::Network, Verb::Create, tagged(), None).await.unwrap_err();
    assert!(!error.changed_nothing(), "{error:?}");
    assert_eq!(cloud.writes(), ["POST networks", "PUT networks/n1/tags"], "nothing is sent twice or deleted");
    assert_eq!(cloud.find(Kind::Network, tagged()).await.unwrap().unwrap().native_key, "n1");
    assert_eq!(cloud.network().unwrap()["tags"], json!(["blue"]));
    assert_eq!(
        cloud.act(Kind::Network, Verb::Create, tagged(), None).await.unwrap().touched[0].native_key,
        "n1"
    );
    assert_eq!(cloud.writes(), ["PUT networks/n1/tags", "PUT networks/n1/tags"]);
}

#[tokio::test]
async fn update_that_is_refused_half_way_reports_a_partial_change() {
    let answers = || vec![(Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized")];
    let network = Some(json!({"id": "n1", "name": "old", "description": "", "project_id": "p1", "tags": []}));
    for (command, in_part) in [(tagged(), true), (json!({"tags": {"blue": ""}}), false)] {
        let neutron = Neutron { answers: answers(), network: network.clone(), ..Neutron::default() };
        let cloud = TestCloud::start(neutron).await;
        let target = Some(known(Kind::Network, "n1"));
        let error = cloud.act(Kind::Network, Verb::Update, command, target).await.unwrap_err();
        assert_eq!((error.changed_a_part(), error.changed_nothing()), (in_part, !in_part), "{error:?}");
        assert_eq!(cloud.network().unwrap()["name"], if in_part { "n" } else { "old" });
    }
}

#[tokio::test]
async fn concurrently_changed_address_is_read_again() {
    let conflict =
        || vec![(Method::PUT, "/f1", StatusCode::PRECONDITION_FAILED, "RevisionNumberConstraintFailed")];
    let (unbound, later) = (address(Value::Null, 1), address(Value::Null, 2));
    let neutron = Neutron {
        address: unbound.clone(),
        answers: conflict(),
        concurrent: Some(later),
        ..Neutron::default()
    };
    let cloud = TestCloud::start(neutron).await;
    let done = cloud.act(Kind::IpAddressBinding, Verb::Create, bound(), None).await.unwrap();
    assert_eq!(done.touched[0].native_key, "f1/o1");
    assert_eq!(cloud.writes().len(), 2);

    let taken = address(json!("o2"), 2);
    let neutron =
        Neutron { address: unbound, answers: conflict(), concurrent: Some(taken), ..Neutron::default() };
    let cloud = TestCloud::start(neutron).await;
    let error = cloud.act(Kind::IpAddressBinding, Verb::Create, bound(), None).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.changed_nothing(), "{error:?}");
    assert_eq!(cloud.writes().len(), 1, "the concurrent binding stays");

    let (bound_here, elsewhere) = (address(json!("o1"), 1), address(json!("o2"), 2));
    let neutron = Neutron {
        address: bound_here,
        answers: conflict(),
        concurrent: Some(elsewhere),
        ..Neutron::default()
    };
    let cloud = TestCloud::start(neutron).await;
    let target = Some(known(Kind::IpAddressBinding, "f1/o1"));
    let done = cloud.act(Kind::IpAddressBinding, Verb::Delete, Value::Null, target).await.unwrap();
    assert_eq!(done.touched[0].native_key, "f1/o1");
    assert_eq!(cloud.neutron.lock().unwrap().address["port_id"], "o2");
    assert_eq!(cloud.writes().len(), 1, "the address is bound elsewhere, so that the binding is gone");
}
