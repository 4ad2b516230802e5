//! Commands of SSH keys at a Nova with unusual answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use gateway_core::driver::{Done, Known, OneTimeOutput, References, Step};
use gateway_core::error::{ErrorKind, Result};
use gateway_core::id::{OperationId, Region, ResourceId};
use gateway_core::kind::{Command, CreateSshKey, Kind, Verb};
use gateway_core::marker::Marker;
use serde_json::{Map, Value, json};

use crate::fake_cloud::FakeCloud;

/// A fake Nova: received calls and programmed answers.
#[derive(Default)]
struct Nova {
    /// Token and microversion of each call.
    calls: Mutex<Vec<(String, String)>>,
    answers: Mutex<VecDeque<(u16, Value)>>,
}

impl Nova {
    async fn start(answers: &[(u16, Value)]) -> (Arc<Self>, FakeCloud) {
        let nova = Arc::new(Self { answers: Mutex::new(answers.to_vec().into()), ..Self::default() });
        let routes = Router::new()
            .route("/v2.1/os-keypairs", post(answer))
            .route("/v2.1/os-keypairs/mine", delete(answer))
            .with_state(nova.clone());
        (nova, FakeCloud::with(&[], routes).await)
    }

    fn tokens(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(token, _)| token.clone()).collect()
    }
}

async fn answer(State(nova): State<Arc<Nova>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    nova.calls.lock().unwrap().push((text("x-auth-token"), text("openstack-api-version")));
    let (status, body) = nova.answers.lock().unwrap().pop_front().expect("a call without programmed answer");
    let headers = [("content-type", "application/json"), ("x-openstack-request-id", "req-7")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

async fn act(cloud: &FakeCloud, verb: Verb, command: &Command) -> Result<Done> {
    let kind = Kind::SshKey;
    let target = Known {
        id: ResourceId::from_bytes(&[1; 16]).unwrap(),
        kind,
        native_key: "u1/mine".to_owned(),
        external_id: "mine".to_owned(),
        name: "mine".to_owned(),
        document: Map::new(),
    };
    let marker = Marker { operation: OperationId::generate(), ordinal: 1 };
    let target = (verb != Verb::Create).then_some(&target);
    let step = Step { kind, verb, command, target, named: &References::default(), marker };
    cloud.session.act(&Region::new("One"), &step).await
}

async fn create(cloud: &FakeCloud, public_key: Option<&str>) -> Result<Done> {
    let (name, public_key) = ("mine".to_owned(), public_key.map(str::to_owned));
    let command = Command::CreateSshKey(CreateSshKey { name, public_key, tags: Default::default() });
    act(cloud, Verb::Create, &command).await
}

fn key_pair() -> (u16, Value) {
    (201, json!({ "keypair": { "name": "mine", "private_key": "-----BEGIN" } }))
}

fn refused() -> (u16, Value) {
    (401, json!({ "error": { "code": 401, "message": "The token has expired." } }))
}

#[tokio::test]
async fn write_with_refused_token_is_sent_again_with_a_new_one() {
    let (nova, cloud) = Nova::start(&[refused(), key_pair()]).await;
    let done = create(&cloud, None).await.unwrap();
    assert_eq!(nova.tokens(), ["1", "2"]);
    assert_eq!(done.request_id.as_deref(), Some("req-7"));
    assert_eq!(done.touched[0].native_key, "u1/mine");
    assert!(matches!(done.answer, Some(OneTimeOutput::PrivateKey(key)) if key.expose() == "-----BEGIN"));
}

#[tokio::test]
async fn service_that_refuses_every_token_changed_nothing() {
    let (nova, cloud) = Nova::start(&[refused(), refused()]).await;
    let error = create(&cloud, None).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unavailable, true));
    assert_eq!(nova.tokens(), ["1", "2"]);
    cloud.keystone_refuses(true);
    cloud.clock.advance(std::time::Duration::from_secs(4000));
    let error = create(&cloud, None).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unauthorized, true));
}

#[tokio::test]
async fn write_is_sent_once_even_if_it_could_be_repeated() {
    for status in [500, 502, 503, 504] {
        let (nova, cloud) = Nova::start(&[(status, json!({})), (status, json!({}))]).await;
        let created = create(&cloud, None).await.unwrap_err();
        let deleted = act(&cloud, Verb::Delete, &Command::Plain).await.unwrap_err();
        assert_eq!(nova.tokens().len(), 2, "{status}: one call per command");
        for error in [created, deleted] {
            assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unavailable, false));
            assert_eq!(error.cloud().unwrap().request_id.as_deref(), Some("req-7"));
        }
    }
}

#[tokio::test]
async fn partial_answer_leaves_the_outcome_unknown() {
    let (_, cloud) = Nova::start(&[(201, json!({ "keypair": { "name": "mine" } })), (201, json!([]))]).await;
    for _ in 0..2 {
        let error = create(&cloud, None).await.unwrap_err();
        assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::WrongDocument, false));
    }
}

#[tokio::test]
async fn key_pair_is_created_in_the_last_microversion_that_has_it() {
    let (nova, cloud) = Nova::start(&[key_pair(), key_pair()]).await;
    create(&cloud, None).await.unwrap();
    create(&cloud, Some("ssh-ed25519 AAAA me")).await.unwrap();
    let calls = nova.calls.lock().unwrap();
    let versions: Vec<_> = calls.iter().map(|(_, version)| version.as_str()).collect();
    assert_eq!(versions, ["compute 2.91", "compute 2.93"]);
}
