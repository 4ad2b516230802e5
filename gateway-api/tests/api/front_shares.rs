//! The slots of a front: no principal and no peer holds more than half of them.

use super::front::{UNLIMITED, start};
use super::gateway::TestGateway;
use super::raw_http::{Response, send, send_from};
use gateway_core::id::PrincipalId;

fn assert_overloaded(response: &Response) {
    assert_eq!((response.status, response.problem().as_str()), (503, "overloaded"));
    assert!(response.header("retry-after").is_some());
}

#[tokio::test]
async fn principal_with_its_half_of_the_slots_leaves_the_rest_to_others() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 8).await;
    let running = start(gateway, false, 0).await;
    let (flood, other) = (running.get_of_another("/v1/volumes"), running.get_of_another("/v1/volumes"));
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(running.send_in_background(&flood, "").await);
    }
    assert_overloaded(&send(running.address, &flood, "").await);
    sent.push(running.send_in_background(&other, "").await);
    running.service.permits.add_permits(UNLIMITED);
    for response in sent {
        assert_eq!(response.await.unwrap().status, 200);
    }
    assert_eq!(send(running.address, &flood, "").await.status, 200);
}

#[tokio::test]
async fn requests_without_a_token_share_the_half_of_their_peer() {
    let gateway = TestGateway::with(|config| config.front.max_in_flight = 4).await;
    let (first, second, third) =
        (gateway.client("a").await, gateway.client("b").await, gateway.client("c").await);
    let running = start(gateway, false, 0).await;
    let check = |client: &super::gateway::Client| {
        format!("POST /v1/check_credentials HTTP/1.1\r\nauthorization: {}", client.basic())
    };
    // The client is only claimed, so that another one in each request makes no difference.
    running.send_in_background(&check(&first), "{}").await;
    running.send_in_background(&check(&second), "{}").await;
    assert_overloaded(&send(running.address, &check(&third), "{}").await);
    let (address, head) = (running.address, check(&third));
    let elsewhere = tokio::spawn(async move { send_from(2, address, &head, "{}").await });
    running.service.arrived.acquire().await.unwrap().forget();
    running.service.permits.add_permits(UNLIMITED);
    assert_eq!(elsewhere.await.unwrap().status, 200);
}

#[tokio::test]
async fn uploads_of_one_principal_leave_slots_to_others() {
    let gateway = TestGateway::with(|config| config.front.max_uploads = 4).await;
    let running = start(gateway, false, 0).await;
    let upload = || {
        let token = running.gateway.token(PrincipalId::generate(), 0, 600);
        format!(
            "PUT /v1/images/0b9c4b5e-0000-5000-8000-000000000000/content HTTP/1.1\r\nauthorization: Bearer {token}"
        )
    };
    let (flood, other) = (upload(), upload());
    // They wait for the handler, which would name the cloud.
    running.send_in_background(&flood, "content").await;
    running.send_in_background(&flood, "content").await;
    assert_overloaded(&send(running.address, &flood, "content").await);
    running.send_in_background(&other, "content").await;
    running.service.permits.add_permits(UNLIMITED);
}

#[tokio::test]
async fn query_of_many_parameters_is_refused_without_the_bus() {
    let running = start(TestGateway::open().await, false, UNLIMITED).await;
    let many: Vec<_> = (0..5_500).map(|number| format!("tag.{number}=")).collect();
    let head = running.get_of_another(&format!("/v1/volumes?{}", many.join("&")));
    let refused = send(running.address, &head, "").await;
    assert_eq!((refused.status, refused.problem().as_str()), (400, "too-many-parameters"));
    assert!(running.service.exchanges.lock().unwrap().is_empty());
}
