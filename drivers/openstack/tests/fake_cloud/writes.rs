//! What an order is worth when the answer is not the usual one.

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

use crate::cloud::FakeCloud;

/// What Nova saw, and what it is going to say.
#[derive(Default)]
struct Nova {
    /// Token and microversion of each call.
    seen: Mutex<Vec<(String, String)>>,
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
        self.seen.lock().unwrap().iter().map(|(token, _)| token.clone()).collect()
    }
}

async fn answer(State(nova): State<Arc<Nova>>, headers: HeaderMap) -> Response {
    let text = |name: &str| headers[name].to_str().unwrap().to_owned();
    nova.seen.lock().unwrap().push((text("x-auth-token"), text("openstack-api-version")));
    let (status, body) = nova.answers.lock().unwrap().pop_front().expect("one call more than expected");
    let headers = [("content-type", "application/json"), ("x-openstack-request-id", "req-7")];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

async fn act(cloud: &FakeCloud, verb: Verb, command: &Command) -> Result<Done> {
    let kind = Kind::parse("ssh_key").unwrap();
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

async fn make(cloud: &FakeCloud, public_key: Option<&str>) -> Result<Done> {
    let (name, public_key) = ("mine".to_owned(), public_key.map(str::to_owned));
    let command = Command::CreateSshKey(CreateSshKey { name, public_key, tags: Default::default() });
    act(cloud, Verb::Create, &command).await
}

fn pair() -> (u16, Value) {
    (201, json!({ "keypair": { "name": "mine", "private_key": "-----BEGIN" } }))
}

fn refused() -> (u16, Value) {
    (401, json!({ "error": { "code": 401, "message": "The token has expired." } }))
}

#[tokio::test]
async fn an_order_whose_token_is_not_taken_goes_out_again_with_a_new_one() {
    let (nova, cloud) = Nova::start(&[refused(), pair()]).await;
    let done = make(&cloud, None).await.unwrap();
    assert_eq!(nova.tokens(), ["1", "2"]);
    assert_eq!(done.request_id.as_deref(), Some("req-7"));
    assert_eq!(done.touched[0].native_key, "u1/mine");
    assert!(matches!(done.answer, Some(OneTimeOutput::PrivateKey(key)) if key.expose() == "-----BEGIN"));
}

#[tokio::test]
async fn a_service_that_takes_no_token_has_done_nothing() {
    let (nova, cloud) = Nova::start(&[refused(), refused()]).await;
    let error = make(&cloud, None).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unavailable, true));
    assert_eq!(nova.tokens(), ["1", "2"]);
    cloud.keystone_refuses(true);
    cloud.clock.advance(std::time::Duration::from_secs(4000));
    let error = make(&cloud, None).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unauthorized, true));
}

#[tokio::test]
async fn an_order_is_sent_once_however_harmless_its_repetition_looks() {
    for status in [500, 502, 503, 504] {
        let (nova, cloud) = Nova::start(&[(status, json!({})), (status, json!({}))]).await;
        let made = make(&cloud, None).await.unwrap_err();
        let deleted = act(&cloud, Verb::Delete, &Command::Plain).await.unwrap_err();
        assert_eq!(nova.tokens().len(), 2, "{status}: one call for each order");
        for error in [made, deleted] {
            assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Unavailable, false));
            assert_eq!(error.cloud().unwrap().request_id.as_deref(), Some("req-7"));
        }
    }
}

#[tokio::test]
async fn half_an_answer_says_neither_yes_nor_no() {
    let (_, cloud) = Nova::start(&[(201, json!({ "keypair": { "name": "mine" } })), (201, json!([]))]).await;
    for _ in 0..2 {
        let error = make(&cloud, None).await.unwrap_err();
        assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::WrongDocument, false));
    }
}

#[tokio::test]
async fn a_pair_is_asked_for_in_the_last_microversion_that_has_it() {
    let (nova, cloud) = Nova::start(&[pair(), pair()]).await;
    make(&cloud, None).await.unwrap();
    make(&cloud, Some("ssh-ed25519 AAAA me")).await.unwrap();
    let seen = nova.seen.lock().unwrap();
    let versions: Vec<_> = seen.iter().map(|(_, version)| version.as_str()).collect();
    assert_eq!(versions, ["compute 2.91", "compute 2.93"]);
}
