//! Writes at clouds that hang: the shares of clouds and accounts, refusals beyond them, and operations without a slot.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::FutureExt as _;
use gateway_bus::{Reply, RequestError, WorkClass};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake_cloud::{create_count, release};
use super::gateway::{Client, TestGateway};
use super::running_handler::{BusRequest, RunningHandler, document, header, until};

/// The time of a request that is not to end by its deadline.
const LONG: Duration = Duration::from_secs(60);

/// Starts a handler with a second cloud, and proves one account at `c2` and some at `c1`; returns them in this order.
async fn handler(concurrency: usize, accounts: usize) -> (RunningHandler, String, Vec<String>) {
    let gateway = TestGateway::with(|config| config.handler.concurrency = concurrency).await;
    gateway.cloud("c2").await;
    let client = gateway.client("dashboard").await;
    let names: Vec<_> = (0..accounts).map(|number| format!("a{number}")).collect();
    let mut sent: Vec<_> = names.iter().map(|name| ("c1", name.as_str(), "right")).collect();
    sent.push(("c2", "b", "right"));
    let answer = prove(&gateway, &client, &sent).await;
    let mut accounts = answer["accounts"].as_array().unwrap().clone();
    accounts.sort_by_key(|account| account["cloud"] == "c1");
    let ids = accounts.iter().map(|account| account["id"].as_str().unwrap().to_owned()).collect();
    let token = answer["token"].as_str().unwrap().to_owned();
    (RunningHandler::start(gateway).await, token, ids)
}

/// Proves accounts, also those whose check is refused because many wait.
async fn prove(gateway: &TestGateway, client: &Client, sent: &[(&str, &str, &str)]) -> serde_json::Value {
    for one in sent {
        assert_eq!(gateway.check(client, &[*one]).await.status, StatusCode::CREATED);
    }
    gateway.check(client, &[]).await.body
}

fn create(
    handler: &RunningHandler,
    token: &str,
    account: &str,
    name: &str,
) -> JoinHandle<Result<Reply, RequestError>> {
    handler.send(BusRequest {
        class: WorkClass::Write,
        method: "POST",
        target: "/v1/volumes",
        authorization: format!("Bearer {token}"),
        body: json!({ "name": name, "size_gib": 1, "region": "r1", "account": account }),
        time: LONG,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_at_a_hung_cloud_delay_no_write_at_another() {
    let (handler, token, accounts) = handler(8, 4).await;
    let (healthy, hung) = accounts.split_first().unwrap();
    // More than the slots for calls, of several accounts.
    for (number, account) in hung.iter().cycle().take(16).enumerate() {
        create(&handler, &token, account, &format!("hang-delaying-{number}"));
    }
    until("the hung cloud is not called", || {
        (0..16).filter(|number| create_count(&format!("hang-delaying-{number}")) > 0).count() >= 2
    })
    .await;
    let reply = create(&handler, &token, healthy, "at-a-healthy-cloud");
    let reply = tokio::time::timeout(Duration::from_secs(20), reply).await.unwrap().unwrap().unwrap();
    assert_eq!(reply.status, 201, "{reply:?}");
    let called = (0..16).filter(|number| create_count(&format!("hang-delaying-{number}")) > 0).count();
    assert!(called <= 4, "{called} calls are more than half of the slots");
}

#[tokio::test(flavor = "multi_thread")]
async fn write_beyond_the_share_of_its_account_is_refused_at_once() {
    let (handler, token, accounts) = handler(2, 1).await;
    // Of the eight requests that may wait, four are for the cloud and two for the account.
    let mut writes: Vec<_> = (0..5)
        .map(|number| create(&handler, &token, &accounts[1], &format!("hang-refused-{number}")))
        .collect();
    for _ in 0..3 {
        let (ended, _, rest) = futures_util::future::select_all(writes).await;
        let reply = ended.unwrap().unwrap();
        let problem = document(&reply);
        assert_eq!((reply.status, &problem["type"]), (503, &"/problems/overloaded".into()), "{problem}");
        assert!(header(&reply, "retry-after").is_some());
        writes = rest;
    }
    assert!(writes.iter_mut().all(|write| write.now_or_never().is_none()));
    let begun = || handler.gateway.number_of("SELECT COUNT(*) AS number FROM operations");
    until("the others are not begun", || begun() >= 2).await;
    assert_eq!(begun(), 2, "a refused request has no operation");
    let reply = create(&handler, &token, &accounts[0], "beside-refused").await.unwrap().unwrap();
    assert_eq!(reply.status, 201, "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operation_without_a_slot_is_given_back_and_done_once() {
    let gateway = TestGateway::with(|config| {
        config.handler.concurrency = 1;
        config.operations.lease_seconds = 1;
        config.operations.settle_seconds = 1;
    })
    .await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let stop = CancellationToken::new();
    let (api, stopped) = (gateway.api.clone(), stop.clone());
    tokio::spawn(async move { api.reconcile(stopped).await });
    let _stop = stop.drop_guard();
    let bearer = format!("Bearer {token}");
    let create = async |name: &str| {
        let command = json!({ "name": name, "size_gib": 1, "region": "r1" }).to_string();
        let headers = [("prefer", "respond-async")];
        let answer = gateway.exchange("POST", "/v1/volumes", Some(&bearer), &headers, command).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.headers["location"].to_str().unwrap().to_owned()
    };
    let first = create("held-first").await;
    until("the first call has the only slot", || create_count("held-first") == 1).await;
    let second = create("given-back").await;
    let epoch = "SELECT lease_epoch AS number FROM operations ORDER BY id DESC LIMIT 1";
    // The lease of the request, and one of the reconciler after it was given back.
    until("it is not given back", || gateway.number_of(epoch) >= 2).await;
    let waiting = gateway.get(&second, &token).await.body;
    assert_eq!((&waiting["state"], &waiting["over"]), (&json!("accepted"), &json!(false)), "{waiting}");
    assert_eq!(create_count("given-back"), 0);
    release("held-first");
    for link in [&first, &second] {
        let operation = loop {
            let operation = gateway.get(link, &token).await.body;
            if operation["over"] == true {
                break operation;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(operation["state"], "succeeded", "{operation}");
    }
    assert_eq!((create_count("held-first"), create_count("given-back")), (1, 1));
}
