//! Orders that take several calls, at a Neutron that fails between them or is changed by others meanwhile.

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

use crate::cloud::FakeCloud;

/// What Neutron has, and what it says to the next writes.
#[derive(Default)]
struct Neutron {
    network: Option<Value>,
    address: Value,
    /// Answers in place of doing it, by method and end of the path; each is given once.
    answers: Vec<(Method, &'static str, StatusCode, &'static str)>,
    /// The address as others leave it after the next refusal.
    meanwhile: Option<Value>,
    /// Method and path of every write.
    writes: Vec<String>,
}

type Shared = Arc<Mutex<Neutron>>;

fn refusal(status: StatusCode, kind: &str) -> Response {
    let error = json!({"NeutronError": {"type": kind, "message": format!("it is {kind}"), "detail": ""}});
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
        if let Some(address) = neutron.meanwhile.take() {
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

struct Stage {
    cloud: FakeCloud,
    neutron: Shared,
    marker: Marker,
}

fn id(key: &str) -> ResourceId {
    ResourceId::from_bytes(&[key.as_bytes()[0]; 16]).unwrap()
}

fn known(kind: &str, key: &str) -> Known {
    let kind = Kind::parse(kind).unwrap();
    let (native_key, external_id) = (key.to_owned(), key.split('/').next().unwrap().to_owned());
    Known { id: id(key), kind, native_key, external_id, name: String::new(), document: Map::new() }
}

impl Stage {
    async fn open(neutron: Neutron) -> Self {
        let neutron = Arc::new(Mutex::new(neutron));
        let more = Router::new().route("/net/v2.0/{*path}", any(self::neutron)).with_state(neutron.clone());
        let cloud = FakeCloud::with(&[("network", "/net")], more).await;
        Self { cloud, neutron, marker: Marker { operation: OperationId::generate(), ordinal: 1 } }
    }

    fn command(kind: &str, verb: Verb, command: Value) -> (Kind, Command, References) {
        let kind = Kind::parse(kind).unwrap();
        let named = [known("ip_address", "f1"), known("network_interface", "o1")];
        let named = BTreeMap::from(named.map(|known| (known.id, known)));
        (kind, Command::read(kind.spec().verb(verb).unwrap(), command).unwrap(), References(named))
    }

    async fn act(&self, kind: &str, verb: Verb, command: Value, target: Option<Known>) -> Result<Done> {
        let (kind, command, named) = Self::command(kind, verb, command);
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

    async fn find(&self, kind: &str, command: Value) -> Result<Option<Touched>> {
        let (kind, command, named) = Self::command(kind, Verb::Create, command);
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
async fn what_may_not_be_tagged_is_taken_back_and_refused() {
    let answers = vec![(Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized")];
    let stage = Stage::open(Neutron { answers, ..Neutron::default() }).await;
    let error = stage.act("network", Verb::Create, tagged(), None).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Forbidden && error.changed_nothing(), "{error:?}");
    assert_eq!(error.cloud().unwrap().code, "PolicyNotAuthorized");
    assert_eq!(stage.writes(), ["POST networks", "PUT networks/n1/tags", "DELETE networks/n1"]);
    assert_eq!((stage.network(), stage.find("network", tagged()).await.unwrap()), (None, None));
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_not_called_refused() {
    let answers = vec![
        (Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized"),
        (Method::DELETE, "/n1", StatusCode::CONFLICT, "NetworkInUse"),
    ];
    let stage = Stage::open(Neutron { answers, ..Neutron::default() }).await;
    let error = stage.act("network", Verb::Create, tagged(), None).await.unwrap_err();
    assert!(!error.changed_nothing(), "{error:?}");
    assert_eq!(error.cloud().unwrap().code, "PolicyNotAuthorized");
    assert!(stage.network().is_some());
}

#[tokio::test]
async fn what_was_not_tagged_in_time_is_tagged_when_it_is_found() {
    let answers = vec![(Method::PUT, "/tags", StatusCode::SERVICE_UNAVAILABLE, "Busy")];
    let stage = Stage::open(Neutron { answers, ..Neutron::default() }).await;
    let error = stage.act("network", Verb::Create, tagged(), None).await.unwrap_err();
    assert!(!error.changed_nothing(), "{error:?}");
    assert_eq!(
        stage.writes(),
        ["POST networks", "PUT networks/n1/tags"],
        "nothing is sent twice or taken back"
    );
    assert_eq!(stage.find("network", tagged()).await.unwrap().unwrap().native_key, "n1");
    assert_eq!(stage.network().unwrap()["tags"], json!(["blue"]));
    assert_eq!(stage.act("network", Verb::Create, tagged(), None).await.unwrap().touched[0].native_key, "n1");
    assert_eq!(stage.writes(), ["PUT networks/n1/tags", "PUT networks/n1/tags"]);
}

#[tokio::test]
async fn a_change_that_is_refused_half_way_says_that_a_part_stands() {
    let answers = || vec![(Method::PUT, "/tags", StatusCode::FORBIDDEN, "PolicyNotAuthorized")];
    let network = Some(json!({"id": "n1", "name": "old", "description": "", "project_id": "p1", "tags": []}));
    for (command, in_part) in [(tagged(), true), (json!({"tags": {"blue": ""}}), false)] {
        let neutron = Neutron { answers: answers(), network: network.clone(), ..Neutron::default() };
        let stage = Stage::open(neutron).await;
        let target = Some(known("network", "n1"));
        let error = stage.act("network", Verb::Update, command, target).await.unwrap_err();
        assert_eq!((error.changed_a_part(), error.changed_nothing()), (in_part, !in_part), "{error:?}");
        assert_eq!(stage.network().unwrap()["name"], if in_part { "n" } else { "old" });
    }
}

#[tokio::test]
async fn an_address_that_changes_meanwhile_is_looked_at_again() {
    let busy =
        || vec![(Method::PUT, "/f1", StatusCode::PRECONDITION_FAILED, "RevisionNumberConstraintFailed")];
    let (free, later) = (address(Value::Null, 1), address(Value::Null, 2));
    let neutron =
        Neutron { address: free.clone(), answers: busy(), meanwhile: Some(later), ..Neutron::default() };
    let stage = Stage::open(neutron).await;
    let done = stage.act("ip_address_binding", Verb::Create, bound(), None).await.unwrap();
    assert_eq!(done.touched[0].native_key, "f1/o1");
    assert_eq!(stage.writes().len(), 2);

    let taken = address(json!("o2"), 2);
    let neutron = Neutron { address: free, answers: busy(), meanwhile: Some(taken), ..Neutron::default() };
    let stage = Stage::open(neutron).await;
    let error = stage.act("ip_address_binding", Verb::Create, bound(), None).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.changed_nothing(), "{error:?}");
    assert_eq!(stage.writes().len(), 1, "another's order is left alone");

    let (led, elsewhere) = (address(json!("o1"), 1), address(json!("o2"), 2));
    let neutron = Neutron { address: led, answers: busy(), meanwhile: Some(elsewhere), ..Neutron::default() };
    let stage = Stage::open(neutron).await;
    let target = Some(known("ip_address_binding", "f1/o1"));
    let done = stage.act("ip_address_binding", Verb::Delete, Value::Null, target).await.unwrap();
    assert_eq!(done.touched[0].native_key, "f1/o1");
    assert_eq!(stage.neutron.lock().unwrap().address["port_id"], "o2");
    assert_eq!(stage.writes().len(), 1, "it ended by leading elsewhere");
}
