//! A handler that serves the bus, and requests to it without a front.

use std::sync::Arc;
use std::time::Duration;

use gateway_api::handler::HandlerService;
use gateway_bus::{Body, Envelope, Reply, RequestError, ServeOptions, WorkClass};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::gateway::{Client, TestGateway};

/// The time in which a handler answers that a route does not exist.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A gateway whose handler serves the bus until it is dropped.
pub(crate) struct RunningHandler {
    pub(crate) gateway: Arc<TestGateway>,
    _stop: DropGuard,
}

/// A request by a program on the bus.
pub(crate) struct BusRequest<'a> {
    pub(crate) class: WorkClass,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) authorization: String,
    pub(crate) body: Value,
    pub(crate) time: Duration,
}

impl RunningHandler {
    pub(crate) async fn start(gateway: TestGateway) -> Self {
        let service = Arc::new(HandlerService::new(Arc::clone(&gateway.api), true).unwrap());
        let (bus, stop) = (Arc::clone(&gateway.bus), CancellationToken::new());
        let options = ServeOptions { prefetch: 8, concurrency: gateway.config.handler.concurrency };
        let until = stop.clone();
        tokio::spawn(async move { bus.serve(service, options, until).await.unwrap() });
        let running = Self { gateway: Arc::new(gateway), _stop: stop.drop_guard() };
        // The queues of the classes get their consumers one after the other.
        for class in WorkClass::ALL {
            while let Err(RequestError::Unroutable) =
                running.gateway.bus.request(class, running.of_no_route(ANSWERED_WITHIN)).await
            {
                tokio::task::yield_now().await;
            }
        }
        running
    }

    /// Sends a request in a task.
    pub(crate) fn send(&self, request: BusRequest<'_>) -> JoinHandle<Result<Reply, RequestError>> {
        let envelope = Envelope {
            method: request.method.to_owned(),
            target: request.target.to_owned(),
            headers: vec![("authorization".to_owned(), request.authorization)],
            body: Body::from_bytes(request.body.to_string().as_bytes()),
            ..self.of_no_route(request.time)
        };
        let (gateway, class) = (Arc::clone(&self.gateway), request.class);
        tokio::spawn(async move { gateway.bus.request(class, envelope).await })
    }

    /// Sends access keys, each as cloud, account and secret, to `/v1/check_credentials`.
    pub(crate) fn check(
        &self,
        client: &Client,
        sent: &[(&str, &str, &str)],
        time: Duration,
    ) -> JoinHandle<Result<Reply, RequestError>> {
        let credentials: Vec<_> = sent
            .iter()
            .map(|(cloud, account, secret)| {
                let credential =
                    json!({ "method": "access_key", "access_key_id": account, "secret_access_key": secret });
                json!({ "cloud": cloud, "credential": credential })
            })
            .collect();
        self.send(BusRequest {
            class: WorkClass::Check,
            method: "POST",
            target: "/v1/check_credentials",
            authorization: client.basic(),
            body: json!({ "credentials": credentials }),
            time,
        })
    }

    /// Returns a request that no route has, with so much time.
    fn of_no_route(&self, time: Duration) -> Envelope {
        Envelope::get("/", self.gateway.clock.now(), time)
    }
}

/// Returns the body of a reply.
pub(crate) fn document(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body.to_bytes().unwrap()).unwrap()
}

/// Returns a header of a reply.
pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// Waits until a condition holds.
pub(crate) async fn until(otherwise: &str, is_so: impl Fn() -> bool) {
    let holds = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holds).await.unwrap_or_else(|_| panic!("{otherwise}"));
}
