//! The relay: every event reaches the bus, in order per record, and with the same id if it comes twice.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gateway_bus::memory::MemoryBus;
use gateway_bus::{
    Bus, Envelope, EventStream, Nudge, Publication, Refused, Reply, RequestError, RequestService,
    ServeOptions, WorkClass,
};
use gateway_core::config::Relay as RelayConfig;
use gateway_core::id::ProcessId;
use gateway_core::{Error, Result};
use gateway_poller::{Relay, RelayParts};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::environment::{Environment, until};
use crate::fake_cloud::INSTANCE;

/// A bus that records publications, and may refuse them or never confirm them.
struct RecordingBus {
    inner: Arc<MemoryBus>,
    publications: Mutex<Vec<Publication>>,
    refusals: AtomicUsize,
    confirms: AtomicUsize,
    /// The calls that refuse their first event alone.
    refused: AtomicUsize,
    max_event_bytes: AtomicUsize,
}

impl RecordingBus {
    fn new(env: &Environment, refusals: usize, confirms: usize) -> Arc<Self> {
        let (refusals, confirms) = (AtomicUsize::new(refusals), AtomicUsize::new(confirms));
        Arc::new(Self {
            inner: Arc::clone(&env.bus),
            publications: Mutex::default(),
            refusals,
            confirms,
            refused: AtomicUsize::new(0),
            max_event_bytes: AtomicUsize::new(usize::MAX),
        })
    }

    fn take_publications(&self) -> Vec<Publication> {
        std::mem::take(&mut self.publications.lock().unwrap())
    }
}

fn count_down(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl Bus for RecordingBus {
    async fn request(&self, class: WorkClass, envelope: Envelope) -> Result<Reply, RequestError> {
        self.inner.request(class, envelope).await
    }
    async fn serve(
        &self,
        service: Arc<dyn RequestService>,
        options: ServeOptions,
        stop: CancellationToken,
    ) -> Result<()> {
        self.inner.serve(service, options, stop).await
    }
    async fn publish(&self, events: Vec<Publication>) -> Result<Vec<Refused>> {
        if count_down(&self.refusals) {
            return Err(Error::unavailable("the broker is away"));
        }
        let mut records = HashSet::new();
        for event in &events {
            assert!(records.insert(subject(event)), "two events of a record are under way at once");
        }
        let refuses = count_down(&self.refused);
        let refused = events.first().map(|event| event.id).filter(|_| refuses);
        let taken = events.into_iter().filter(|event| Some(event.id) != refused);
        self.publications.lock().unwrap().extend(taken);
        if !count_down(&self.confirms) {
            std::future::pending::<()>().await;
        }
        Ok(refused.map(|id| Refused { id, reason: "a test refuses it".to_owned() }).into_iter().collect())
    }
    fn max_event_bytes(&self) -> usize {
        self.max_event_bytes.load(Ordering::SeqCst)
    }
    async fn subscribe(&self, patterns: &[String]) -> Result<EventStream> {
        self.inner.subscribe(patterns).await
    }
    async fn nudge(&self, nudge: Nudge) {
        self.inner.nudge(nudge).await;
    }
    fn nudges(&self) -> broadcast::Receiver<Nudge> {
        self.inner.nudges()
    }
    fn is_connected(&self) -> bool {
        true
    }
    async fn close(&self) {}
}

fn document(event: &Publication) -> Value {
    serde_json::from_slice(&event.body).unwrap()
}

fn subject(event: &Publication) -> String {
    document(event)["subject"].as_str().unwrap().to_owned()
}

fn relay(env: &Environment, bus: &Arc<RecordingBus>) -> Relay {
    Relay::new(RelayParts {
        store: env.store.clone(),
        bus: Arc::clone(bus) as Arc<dyn Bus>,
        config: RelayConfig { batch: 7, ..RelayConfig::default() },
        process: ProcessId::generate(),
    })
}

/// Makes sixteen events: five records with three versions each, and one of the grant.
async fn make_sixteen_events(env: &Environment) {
    env.cloud.fill(5);
    env.grant("a", "k", INSTANCE, &["r1"]).await;
    let poller = env.poller();
    for content in [0, 2, 4] {
        env.cloud.state().resources.values_mut().for_each(|value| *value = content);
        env.poll(&poller).await;
    }
}

/// Checks that every position has one id and every record its versions in order; returns the number of events.
fn check(events: &[Publication]) -> usize {
    let (mut ids, mut versions) = (HashMap::new(), HashMap::new());
    for event in events {
        let document = document(event);
        let position = document["data"]["position"].as_i64().unwrap();
        assert_eq!(document["id"], event.id.to_string());
        assert_eq!(*ids.entry(position).or_insert(event.id), event.id, "the same event, the same id");
        if let Some(version) = document["data"]["version"].as_i64() {
            let newest = versions.entry(subject(event)).or_insert(0);
            assert!(version <= *newest + 1, "a version was skipped");
            *newest = version.max(*newest);
        }
    }
    assert!(versions.values().all(|version| *version == 3), "{versions:?}");
    ids.len()
}

#[tokio::test]
async fn every_event_is_published_once_in_order_of_its_record() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    assert!(relay(&env, &broker).publish_due().await.unwrap());
    let events = broker.take_publications();
    assert_eq!((check(&events), events.len()), (16, 16));
    let account = gateway_core::id::AccountId::derive(env.cloud_id, "a");
    let keys: HashSet<_> = events.iter().map(|event| event.routing_key.clone()).collect();
    for expected in ["fake-1.r1.instance.created", "fake-1.r1.instance.changed", "fake-1.-.grant.granted"] {
        assert!(keys.contains(&format!("{account}.{expected}")), "{keys:?}");
    }
    let changed = events.iter().map(document).find(|event| event["data"]["version"] == 2).unwrap();
    assert_eq!(changed["type"], "gateway.resource.changed");
    assert_eq!(changed["data"]["resource"]["cloud"], "fake-1");
}

#[tokio::test]
async fn idle_relay_writes_nothing() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    let mut relay = relay(&env, &broker);
    relay.publish_due().await.unwrap();
    env.reset_written();
    for _ in 0..3 {
        env.clock.advance(Duration::from_secs(60));
        assert!(relay.publish_due().await.unwrap());
    }
    assert!(env.written().is_empty(), "{:?}", env.written());
}

#[tokio::test]
async fn next_relay_after_a_crash_publishes_again_with_the_same_ids() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    // Each relay dies while it waits for a confirm, after that many waves.
    let (mut all, mut deaths) = (Vec::new(), 0);
    for confirms in [0, 1, 0, 1, 2, 1] {
        let broker = RecordingBus::new(&env, 0, confirms);
        let mut relay = relay(&env, &broker);
        let died = tokio::time::timeout(Duration::from_millis(300), relay.publish_due()).await;
        all.extend(broker.take_publications());
        deaths += usize::from(died.is_err());
        env.clock.advance(Duration::from_secs(20));
    }
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    assert!(relay(&env, &broker).publish_due().await.unwrap());
    all.extend(broker.take_publications());
    assert_eq!(check(&all), 16);
    assert!(deaths >= 4 && all.len() > 16, "{deaths} deaths, {} publications", all.len());
}

#[tokio::test]
async fn unavailable_broker_is_waited_for() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 2, usize::MAX);
    assert!(relay(&env, &broker).publish_due().await.unwrap());
    let events = broker.take_publications();
    assert_eq!((check(&events), events.len()), (16, 16), "none twice: the wave was repeated, not the batch");
}

#[tokio::test]
async fn one_relay_leads_until_it_resigns() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    let stop = CancellationToken::new();
    let leading = tokio::spawn(relay(&env, &broker).run(stop.clone()));
    until("everything is published", async || !env.store.relay_has_work().await.unwrap()).await;
    let poller = env.poller();
    let mut other = relay(&env, &broker);
    stop.cancel();
    leading.await.unwrap();
    env.cloud.state().resources.values_mut().for_each(|value| *value = 6);
    env.poll(&poller).await;
    assert!(other.publish_due().await.unwrap(), "the leadership is free at once");
    assert_eq!(broker.take_publications().len(), 21);
    env.cloud.state().resources.values_mut().for_each(|value| *value = 8);
    env.clock.advance(Duration::from_secs(70));
    poller.poll_due().await.unwrap();
    let mut third = relay(&env, &broker);
    assert!(third.publish_due().await.unwrap(), "the other's lease has lapsed");
    env.cloud.state().resources.values_mut().for_each(|value| *value = 10);
    env.store.relay_lead(ProcessId::generate(), Duration::from_secs(15)).await.unwrap();
    assert_eq!(broker.take_publications().len(), 5);
}

#[tokio::test]
async fn refused_event_does_not_stop_the_others() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    broker.refused.store(1, Ordering::SeqCst);
    let mut relay = relay(&env, &broker);
    assert!(relay.publish_due().await.unwrap());
    assert_eq!(broker.take_publications().len(), 15);
    assert!(!env.store.relay_has_work().await.unwrap(), "the position moved past the refused event");
}

#[tokio::test]
async fn event_that_is_too_large_for_the_bus_has_a_link() {
    let env = Environment::new().await;
    make_sixteen_events(&env).await;
    let broker = RecordingBus::new(&env, 0, usize::MAX);
    broker.max_event_bytes.store(600, Ordering::SeqCst);
    assert!(relay(&env, &broker).publish_due().await.unwrap());
    let events = broker.take_publications();
    assert_eq!(check(&events), 16);
    for event in events.iter().map(document).filter(|event| event["type"] != "gateway.grant.changed") {
        assert!(event["data"]["resource"].is_null());
        let id = event["subject"].as_str().unwrap();
        assert_eq!(event["data"]["resource_link"], format!("/v1/instances/{id}"));
    }
}
