//! What a program does that puts messages on the broker by itself.

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
use crate::stage::{PATIENCE, Serving, Stage, connect, echo, request};

/// A program with a connection of its own.
struct Program {
    channel: Channel,
    replies: Consumer,
    _connection: Connection,
}

impl Program {
    async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        // So that what is published after another message arrives after it, over another connection too.
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
        let delivery = tokio::time::timeout(PATIENCE, self.replies.next()).await.unwrap().unwrap().unwrap();
        let correlation = delivery.properties.correlation_id().clone();
        (correlation, serde_json::from_slice(&delivery.data).unwrap())
    }

    async fn declare(&self, queue: &str, durable: bool) {
        let options = QueueDeclareOptions { durable, ..QueueDeclareOptions::default() };
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    }

    /// Takes one message off a queue.
    async fn get(&self, queue: &str) -> Option<Vec<u8>> {
        let no_ack = BasicGetOptions { no_ack: true };
        self.channel.basic_get(queue.into(), no_ack).await.unwrap().map(|message| message.delivery.data)
    }
}

/// A handler that works on one request after the other and notes their targets, and a program beside it.
async fn scene() -> (Program, Arc<dyn Bus>, Serving, Arc<Mutex<Vec<String>>>) {
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
async fn what_cannot_be_read_is_answered_400_and_does_not_come_back() {
    let (mut program, bus, serving, seen) = scene().await;
    for class in WorkClass::ALL {
        program.publish(class, DIRECT, br#"{"v":1,"nonsense":true}"#).await;
        let (correlation, reply) = program.reply().await;
        assert_eq!(correlation, Some(Uuid::from_u128(7).to_string().into()));
        assert_eq!((reply.status, reply.message_id), (400, Uuid::from_u128(7)));
        bus.request(class, request("/good", PATIENCE)).await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), ["/good"; WorkClass::ALL.len()]);
    serving.stopped().await;
    for class in WorkClass::ALL {
        assert_eq!(program.get(&format!("gateway.requests.{}", class.as_str())).await, None);
    }
    broker::record("what_cannot_be_read_is_answered_400_and_does_not_come_back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_gets_the_answer_that_the_front_would_get() {
    let (mut program, _bus, serving, _) = scene().await;
    let envelope = request("/by-program", PATIENCE);
    program.publish(WorkClass::Read, DIRECT, &serde_json::to_vec(&envelope).unwrap()).await;
    let (correlation, reply) = program.reply().await;
    assert_eq!(correlation, Some(envelope.message_id.to_string().into()));
    assert_eq!(reply.body, Body::Utf8("/by-program".to_owned()));
    serving.stopped().await;
    broker::record("a_program_gets_the_answer_that_the_front_would_get");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_too_late_is_dropped() {
    let (program, bus, serving, seen) = scene().await;
    let mut envelope = request("/late", PATIENCE);
    envelope.deadline = envelope.received_at;
    program.publish(WorkClass::Write, DIRECT, &serde_json::to_vec(&envelope).unwrap()).await;
    bus.request(WorkClass::Write, request("/in-time", PATIENCE)).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["/in-time"]);
    serving.stopped().await;
    assert_eq!(program.get("gateway.requests.write").await, None);
    broker::record("a_request_that_comes_too_late_is_dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_goes_to_a_principals_queue_and_to_no_other() {
    let (program, bus, serving, seen) = scene().await;
    let own = format!("principal.{}.answers", Uuid::now_v7());
    for queue in ["victim", "principal.p1.answers", own.as_str()] {
        program.declare(queue, false).await;
        let envelope = request(queue, PATIENCE);
        program.publish(WorkClass::Read, queue, &serde_json::to_vec(&envelope).unwrap()).await;
    }
    program.publish(WorkClass::Read, "victim", b"not JSON").await;
    bus.request(WorkClass::Read, request("/after", PATIENCE)).await.unwrap();
    serving.stopped().await;
    assert_eq!(*seen.lock().unwrap(), [own.as_str(), "/after"]);
    for foreign in ["victim", "principal.p1.answers"] {
        assert_eq!(program.get(foreign).await, None);
    }
    assert!(program.get(&own).await.is_some());
    broker::record("a_reply_goes_to_a_principals_queue_and_to_no_other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_properties_is_named_to_the_operator() {
    let stage = Stage::rabbit().await;
    let Stage::Rabbit(url) = &stage else { unreachable!() };
    // Classic, where a quorum queue is wanted.
    Program::connect(url).await.declare("gateway.requests.write", true).await;
    let service = Arc::new(NoService);
    let options = gateway_bus::ServeOptions { prefetch: 1, concurrency: 1 };
    let bus = stage.bus().await;
    let serving = bus.serve(service, options, CancellationToken::new());
    let error = tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.chain().contains("gateway.requests.write"), "{}", error.chain());
    broker::record("a_queue_with_other_properties_is_named_to_the_operator");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_with_other_properties_is_named_to_the_operator() {
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
    let error = tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.chain().contains("gateway.events"), "{}", error.chain());
    broker::record("an_exchange_with_other_properties_is_named_to_the_operator");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_end_serve_and_stay_out_of_the_error() {
    let url = broker::fresh_vhost().await;
    let (_, address) = url.split_once('@').unwrap();
    let bus = connect(&format!("amqp://guest:hunter2@{address}")).await;
    assert!(!bus.is_connected());
    let options = gateway_bus::ServeOptions { prefetch: 1, concurrency: 1 };
    let serving = bus.serve(Arc::new(NoService), options, CancellationToken::new());
    let error = tokio::time::timeout(PATIENCE, serving).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(!error.chain().contains("hunter2"), "{}", error.chain());
    broker::record("refused_credentials_end_serve_and_stay_out_of_the_error");
}

/// For buses that no request reaches.
struct NoService;

#[async_trait::async_trait]
impl gateway_bus::RequestService for NoService {
    async fn call(&self, envelope: gateway_bus::Envelope, _: gateway_bus::Delivery) -> Reply {
        echo(&envelope)
    }
}
