//! Programs that publish requests on the broker themselves.

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use gateway_bus::{Body, Bus, Reply, WorkClass};
use gateway_core::ErrorKind;
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::broker;
use crate::environment::{Environment, Serving, TIMEOUT, connect, echo, request};

/// A program with its own connection.
struct Program {
    channel: Channel,
    replies: Consumer,
    _connection: Connection,
}

impl Program {
    async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        // Confirms order these messages before those of other connections that are published later.
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let replies = channel
            .basic_consume("amq.rabbitmq.reply-to".into(), "".into(), no_ack, FieldTable::default())
            .await
            .unwrap();
        Self { channel, replies, _connection: connection }
    }

    async fn publish(&self, class: WorkClass, reply_to: &str, payload: &[u8]) {
        let properties = BasicProperties::default()
            .with_reply_to(reply_to.into())
            .with_correlation_id(Uuid::from_u128(7).to_string().into());
        let options = BasicPublishOptions::default();
        let exchange = ShortString::from("gateway.requests");
        self.channel
            .basic_publish(exchange, class.as_str().into(), options, payload, properties)
            .await
            .unwrap()
            .await
            .unwrap();
    }

    async fn reply(&mut self) -> (Option<ShortString>, Reply) {
        let delivery = tokio::time::timeout(TIMEOUT, self.replies.next()).await.unwrap().unwrap().unwrap();
        let correlation = delivery.properties.correlation_id().clone();
        (correlation, serde_json::from_slice(&delivery.data).unwrap())
    }

    async fn declare(&self, queue: &str, durable: bool) {
        let options = QueueDeclareOptions { durable, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    /// Takes a message off a queue.
    async fn get(&self, queue: &str) -> Option<Vec<u8>> {
        let no_ack = BasicGetOptions { no_ack: true };
        self.channel.basic_get(queue.into(), no_ack).await.unwrap().map(|message| message.delivery.data)
    }
}

/// Starts a program and a handler that answers one request at a time and records the targets.
async fn program_beside_handler() -> (Program, Arc<dyn Bus>, Serving, Arc<Mutex<Vec<String>>>) {
    let url = broker::fresh_vhost().await;
    let bus = connect(&url).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let saw = Arc::clone(&seen);
    let serving = Serving::start(&bus, 1, move |envelope, _| {
        saw.lock().unwrap().push(envelope.target.clone());
        async move { echo(&envelope) }
    })
    .await;
    (Program::connect(&url).await, bus, serving, seen)
}

const DIRECT: &str = "amq.rabbitmq.reply-to";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unreadable_request_is_answered_with_400_and_not_redelivered() {
    let (mut program, bus, serving, seen) = program_beside_handler().await;
    for class in WorkClass::ALL {
        program.publish(class, DIRECT, br#"{"v":1,"nonsense":true}"#).await;
        let (correlation, reply) = program.reply().await;
        assert_eq!(correlation, Some(Uuid::from_u128(7).to_string().into()));
        assert_eq!((reply.status, reply.message_id), (400, Uuid::from_u128(7)));
        bus.request(class, request("/good", TIMEOUT)).await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), ["/good"; WorkClass::ALL.len()]);
    serving.stopped().await;
    for class in WorkClass::ALL {
        assert_eq!(program.get(&format!("gateway.requests.{}", class.as_str())).await, None);
    }
    broker::record("unreadable_request_is_answered_with_400_and_not_redelivered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_gets_the_same_answer_as_the_front() {
    let (mut program, _bus, serving, _) = program_beside_handler().await;
    let envelope = request("/by-program", TIMEOUT);
    program.publish(WorkClass::Read, DIRECT, &serde_json::to_vec(&envelope).unwrap()).await;
    let (correlation, reply) = program.reply().await;
    assert_eq!(correlation, Some(envelope.message_id.to_string().into()));
    assert_eq!(reply.body, Body::Utf8("/by-program".to_owned()));
    serving.stopped().await;
    broker::record("program_gets_the_same_answer_as_the_front");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_request_is_dropped() {
    let (program, bus, serving, seen) = program_beside_handler().await;
    let mut envelope = request("/late", TIMEOUT);
    envelope.deadline = envelope.received_at;
    program.publish(WorkClass::Write, DIRECT, &serde_json::to_vec(&envelope).unwrap()).await;
    bus.request(WorkClass::Write, request("/in-time", TIMEOUT)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["/in-time"]);
    serving.stopped().await;
    assert_eq!(program.get("gateway.requests.write").await, None);
    broker::record("late_request_is_dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_go_to_queues_of_principals_only() {
    let (program, bus, serving, seen) = program_beside_handler().await;
    let own = format!("principal.{}.answers", Uuid::now_v7());
    for queue in ["victim", "principal.p1.answers", own.as_str()] {
        program.declare(queue, false).await;
        let envelope = request(queue, TIMEOUT);
        program.publish(WorkClass::Read, queue, &serde_json::to_vec(&envelope).unwrap()).await;
    }
    program.publish(WorkClass::Read, "victim", b"not JSON").await;
    bus.request(WorkClass::Read, request("/after", TIMEOUT)).await.unwrap();
    serving.stopped().await;
    assert_eq!(*seen.lock().unwrap(), [own.as_str(), "/after"]);
    for foreign in ["victim", "principal.p1.answers"] {
        assert_eq!(program.get(foreign).await, None);
    }
    assert!(program.get(&own).await.is_some());
    broker::record("replies_go_to_queues_of_principals_only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_with_other_properties_is_named_in_the_error() {
    let environment = Environment::rabbit().await;
    let Environment::Rabbit(url) = &environment else { unreachable!() };
    // A classic queue, although the gateway needs a quorum queue.
    Program::connect(url).await.declare("gateway.requests.write", true).await;
    let service = Arc::new(NoService);
    let options = gateway_bus::ServeOptions { prefetch: 1, concurrency: 1 };
    let bus = environment.bus().await;
    let serving = bus.serve(service, options, CancellationToken::new());
    let error = tokio::time::timeout(TIMEOUT, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.chain().contains("gateway.requests.write"), "{}", error.chain());
    broker::record("queue_with_other_properties_is_named_in_the_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchange_with_other_properties_is_named_in_the_error() {
    let url = broker::fresh_vhost().await;
    let program = Program::connect(&url).await;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let kind = ExchangeKind::Fanout;
    program
        .channel
        .exchange_declare("gateway.events".into(), kind, durable, FieldTable::default())
        .await
        .unwrap();
    let bus = connect(&url).await;
    assert!(!bus.is_connected());
    let options = gateway_bus::ServeOptions { prefetch: 1, concurrency: 1 };
    let serving = bus.serve(Arc::new(NoService), options, CancellationToken::new());
    let error = tokio::time::timeout(TIMEOUT, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.chain().contains("gateway.events"), "{}", error.chain());
    broker::record("exchange_with_other_properties_is_named_in_the_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_end_serve_without_showing_in_the_error() {
    let url = broker::fresh_vhost().await;
    let (_, address) = url.split_once('@').unwrap();
    let bus = connect(&format!("amqp://guest:hunter2@{address}")).await;
    assert!(!bus.is_connected());
    let options = gateway_bus::ServeOptions { prefetch: 1, concurrency: 1 };
    let serving = bus.serve(Arc::new(NoService), options, CancellationToken::new());
    let error = tokio::time::timeout(TIMEOUT, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(!error.chain().contains("hunter2"), "{}", error.chain());
    broker::record("refused_credentials_end_serve_without_showing_in_the_error");
}

/// A service for buses that no request reaches.
struct NoService;

#[async_trait::async_trait]
impl gateway_bus::RequestService for NoService {
    async fn call(&self, envelope: gateway_bus::Envelope, _: gateway_bus::Delivery) -> Reply {
        echo(&envelope)
    }
}
