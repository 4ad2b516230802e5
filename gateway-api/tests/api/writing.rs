//! Writes at a cloud that is slow, silent or stuck, and by callers whose rights end.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use gateway_core::Kind;
use gateway_core::document::observation::Visibility;
use gateway_core::id::{AccountId, Holder};
use gateway_core::kind::{ImageState, Verb, VerbSupport};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::fake_cloud::{IMAGE, create_count, image, lookup_count};
use super::gateway::{Answer, TestGateway};

async fn gateway() -> TestGateway {
    patient(2).await
}

/// A gateway that stops looking for the effect of an operation after so many seconds.
async fn patient(seconds: u64) -> TestGateway {
    TestGateway::with(|config| {
        config.operations.lease_seconds = 2;
        config.operations.settle_seconds = 1;
        config.operations.give_up_seconds = seconds;
    })
    .await
}

async fn create(gateway: &TestGateway, token: &str, name: &str, headers: &[(&str, &str)]) -> Answer {
    let command = json!({ "name": name, "size_gib": 1, "region": "r1" }).to_string();
    gateway.exchange("POST", "/v1/volumes", Some(&format!("Bearer {token}")), headers, command).await
}

/// Waits until an operation is over.
async fn over(gateway: &TestGateway, token: &str, link: &str, within: Duration) -> Value {
    let begun = Instant::now();
    loop {
        let operation = gateway.get(link, token).await.body;
        if operation["over"] == true {
            return operation;
        }
        assert!(begun.elapsed() < within, "{operation}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn wait_until(otherwise: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{otherwise}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn reconciler(gateway: &TestGateway) -> CancellationToken {
    let stop = CancellationToken::new();
    let (api, until) = (gateway.api.clone(), stop.clone());
    tokio::spawn(async move { api.reconcile(until).await });
    stop
}

#[tokio::test(flavor = "multi_thread")]
async fn create_that_timed_out_and_is_shown_is_not_repeated() {
    let gateway = gateway().await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let answer = create(&gateway, &token, "late-one", &[]).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(create_count("late-one"), 1, "the time that the call itself took says nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn operation_ends_when_its_grant_ends() {
    let gateway = gateway().await;
    let (client, token) = gateway.proven("dashboard", &["a1", "a2"]).await;
    let command = json!({ "name": "never-seen", "size_gib": 1, "region": "r1", "account": account(&gateway, "a1").await });
    let headers = [("prefer", "respond-async")];
    let bearer = format!("Bearer {token}");
    let answer = gateway.exchange("POST", "/v1/volumes", Some(&bearer), &headers, command.to_string()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    while create_count("never-seen") == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let credential =
        gateway.store.credential_of(client.id, account(&gateway, "a1").await).await.unwrap().unwrap();
    for _ in 0..2 {
        gateway.store.grant_refused(&credential).await.unwrap();
    }
    let _running = reconciler(&gateway).drop_guard();
    let link = answer.headers["location"].to_str().unwrap();
    let operation = over(&gateway, &token, link, Duration::from_secs(8)).await;
    assert_eq!(operation["state"], "unknown", "{operation}");
    assert_eq!(create_count("never-seen"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn partly_done_update_is_failed_and_shows_the_part() {
    let gateway = gateway().await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let made = create(&gateway, &token, "plain", &[]).await;
    let path = format!("/v1/volumes/{}", made.body["resources"][0]["id"].as_str().unwrap());
    let command = json!({ "name": "renamed", "tags": { "a": "b" } }).to_string();
    let answer = gateway.exchange("PATCH", &path, Some(&format!("Bearer {token}")), &[], command).await;
    assert_eq!(
        (answer.status, &answer.body["done_in_part"]),
        (StatusCode::CONFLICT, &json!(true)),
        "{answer:?}"
    );
    assert_eq!(gateway.get(&path, &token).await.body["name"], "renamed");
    let link = answer.body["operation"]["link"].as_str().unwrap();
    assert_eq!(gateway.get(link, &token).await.body["state"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_of_the_journal_before_a_call_sends_nothing_and_settles_nothing() {
    let gateway = patient(30).await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    gateway.execute(
        "CREATE TRIGGER no_calls BEFORE UPDATE OF sent_at ON operations WHEN NEW.sent_at IS NOT NULL
         BEGIN SELECT RAISE(ABORT, 'server has gone away'); END",
    );
    let answer = create(&gateway, &token, "journaled-first", &[("prefer", "respond-async")]).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let link = answer.headers["location"].to_str().unwrap();
    let _running = reconciler(&gateway).drop_guard();
    // The first lease is that of the request, the second that of the reconciler, which tried too and left it for a third.
    wait_until("no third attempt", async || {
        gateway.number_of("SELECT lease_epoch AS number FROM operations") >= 3
    })
    .await;
    let operation = gateway.get(link, &token).await.body;
    assert_eq!((&operation["state"], &operation["over"]), (&json!("accepted"), &json!(false)), "{operation}");
    assert_eq!(create_count("journaled-first"), 0, "sent without a journal");
    gateway.execute("DROP TRIGGER no_calls");
    let operation = over(&gateway, &token, link, Duration::from_secs(30)).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
    assert_eq!(create_count("journaled-first"), 1);
}

async fn account(gateway: &TestGateway, name: &str) -> AccountId {
    let cloud = gateway.store.cloud_by_name("c1").await.unwrap().unwrap().spec.id;
    AccountId::derive(cloud, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_operation_delays_no_other() {
    // Longer than a busy machine may take for what is to succeed.
    let gateway = patient(30).await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    let _running = reconciler(&gateway).drop_guard();
    let headers = [("prefer", "respond-async")];
    create(&gateway, &token, "stuck-one", &headers).await;
    // Until the reconciler has it: the second look hangs.
    wait_until("no second look", async || lookup_count("stuck-one") >= 2).await;
    let answer = create(&gateway, &token, "late-two", &headers).await;
    let link = answer.headers["location"].to_str().unwrap();
    let operation = over(&gateway, &token, link, Duration::from_secs(30)).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn account_with_hung_cloud_leaves_slots_for_others() {
    let gateway = patient(60).await;
    let (_, token) = gateway.proven("dashboard", &["a1", "a2"]).await;
    let _running = reconciler(&gateway).drop_guard();
    let command = async |name: &str, of: &str| {
        let command =
            json!({ "name": name, "size_gib": 1, "region": "r1", "account": account(&gateway, of).await });
        let (bearer, headers) = (format!("Bearer {token}"), [("prefer", "respond-async")]);
        gateway.exchange("POST", "/v1/volumes", Some(&bearer), &headers, command.to_string()).await
    };
    // More than there are slots.
    for number in 0..80 {
        command(&format!("stuck-{number}"), "a1").await;
    }
    wait_until("no second looks", async || {
        (0..80).filter(|number| lookup_count(&format!("stuck-{number}")) > 1).count() >= 8
    })
    .await;
    let answer = command("late-three", "a2").await;
    let link = answer.headers["location"].to_str().unwrap();
    let operation = over(&gateway, &token, link, Duration::from_secs(30)).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_with_hung_accounts_leaves_slots_for_others() {
    let gateway = patient(60).await;
    gateway.cloud("c2").await;
    // More accounts than the reconciler has slots.
    let accounts: Vec<_> = (0..70).map(|number| format!("a{number}")).collect();
    let names: Vec<_> = accounts.iter().map(String::as_str).collect();
    let (client, _) = gateway.proven("dashboard", &names).await;
    let token = gateway.check(&client, &[("c2", "calm", "right")]).await.body["token"].clone();
    let create = async |name: &str, cloud: &str, of: &str| {
        let cloud = gateway.store.cloud_by_name(cloud).await.unwrap().unwrap().spec.id;
        let account = AccountId::derive(cloud, of);
        let command = json!({ "name": name, "size_gib": 1, "region": "r1", "account": account }).to_string();
        let (bearer, headers) =
            (format!("Bearer {}", token.as_str().unwrap()), [("prefer", "respond-async")]);
        gateway.exchange("POST", "/v1/volumes", Some(&bearer), &headers, command).await
    };
    for account in &names {
        let answer = create(&format!("stuck-of-{account}"), "c1", account).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    }
    let _running = reconciler(&gateway).drop_guard();
    // Half of the slots; the others would have been taken too.
    wait_until("no second looks", async || {
        names.iter().filter(|account| lookup_count(&format!("stuck-of-{account}")) > 1).count() >= 32
    })
    .await;
    let answer = create("late-of-calm", "c2", "calm").await;
    let link = answer.headers["location"].to_str().unwrap();
    let operation = over(&gateway, token.as_str().unwrap(), link, Duration::from_secs(30)).await;
    assert_eq!(operation["state"], "succeeded", "{operation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn published_image_is_gone_at_once_after_delete_by_its_owner() {
    let gateway = gateway().await;
    let (_, token) = gateway.proven("dashboard", &["a1"]).await;
    gateway
        .poll(|region: &str, holder: Holder, kind: Kind| {
            if (region, holder, kind) != ("r1", Holder::Global, IMAGE) {
                return Vec::new();
            }
            let mut image = image("golden").with_state(ImageState::Available, "active");
            image.owner = Some("a1".to_owned());
            image.visibility = Visibility::Public;
            image.allow(&[VerbSupport::new(Verb::Delete)]);
            vec![image]
        })
        .await;
    let images = gateway.get("/v1/images", &token).await;
    let path = format!("/v1/images/{}", images.body["items"][0]["id"].as_str().unwrap());
    let ended = gateway.send("DELETE", &path, Some(&format!("Bearer {token}")), String::new()).await;
    assert_eq!(ended.status, StatusCode::OK, "{ended:?}");
    let seen = gateway.get(&path, &token).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND, "{seen:?}");
}
