//! Environments for tests of the bus: a bus and its processes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use gateway_bus::memory::MemoryBus;
use gateway_bus::{
    Body, Bus, Delivery, Envelope, Reply, RequestError, RequestService, ServeOptions, WorkClass,
};
use gateway_core::clock::{Clock, SystemClock};
use gateway_core::config::Bus as BusConfig;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broker;

/// The time limit of every wait; long enough for a busy machine.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The method of requests that only find out whether a handler answers.
const PROBE: &str = "PROBE";

/// A bus for any number of processes.
pub enum Environment {
    Memory(Arc<MemoryBus>),
    Rabbit(String),
}

impl Environment {
    pub fn memory() -> Self {
        Self::Memory(MemoryBus::new(Arc::new(SystemClock)))
    }

    pub async fn rabbit() -> Self {
        Self::Rabbit(broker::fresh_vhost().await)
    }

    /// Connects another process to the bus.
    pub async fn bus(&self) -> Arc<dyn Bus> {
        match self {
            Self::Memory(bus) => Arc::clone(bus) as Arc<dyn Bus>,
            Self::Rabbit(url) => connect(url).await,
        }
    }
}

/// Connects to the broker of that URL.
pub async fn connect(url: &str) -> Arc<dyn Bus> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".to_owned());
    gateway_core::telemetry::start(&filter, gateway_core::telemetry::LogFormat::Text);
    let config = BusConfig { url: url.to_owned(), ..BusConfig::default() };
    gateway_bus::open(&config, Arc::new(SystemClock)).await.unwrap()
}

/// Makes a GET with a deadline in `time`; the target identifies the request.
pub fn request(target: &str, time: Duration) -> Envelope {
    Envelope {
        scheme: "http".to_owned(),
        authority: "gateway.example".to_owned(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        ..Envelope::get(target, SystemClock.now(), time)
    }
}

/// Makes a reply with the request's target as its body.
pub fn echo(envelope: &Envelope) -> Reply {
    Reply::new(envelope.message_id, 200, Vec::new(), Body::Utf8(envelope.target.clone()))
}

struct Service<F>(F);

#[async_trait]
impl<F> RequestService for Service<F>
where
    F: Fn(Envelope, Delivery) -> BoxFuture<'static, Reply> + Send + Sync,
{
    async fn call(&self, envelope: Envelope, delivery: Delivery) -> Reply {
        if envelope.method == PROBE {
            return echo(&envelope);
        }
        (self.0)(envelope, delivery).await
    }
}

/// A handler process.
pub struct Serving {
    stop: CancellationToken,
    task: JoinHandle<gateway_core::Result<()>>,
}

impl Serving {
    /// Starts to serve with a function. Returns when requests reach it.
    pub async fn start<F, A>(bus: &Arc<dyn Bus>, concurrency: usize, answer: F) -> Self
    where
        F: Fn(Envelope, Delivery) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let service: Arc<dyn RequestService> =
            Arc::new(Service(move |envelope, delivery| -> BoxFuture<'static, Reply> {
                Box::pin(answer(envelope, delivery))
            }));
        let stop = CancellationToken::new();
        let (serving, until) = (Arc::clone(bus), stop.clone());
        let options = ServeOptions { prefetch: 64, concurrency };
        let task = tokio::spawn(async move { serving.serve(service, options, until).await });
        reachable(bus).await;
        Self { stop, task }
    }

    /// Requests a stop, without waiting.
    pub fn begin_stop(&self) {
        self.stop.cancel();
    }

    /// Stops and waits for the end.
    pub async fn stopped(self) {
        self.stop.cancel();
        tokio::time::timeout(TIMEOUT, self.task).await.unwrap().unwrap().unwrap();
    }
}

/// Waits until a handler answers requests of each class.
pub async fn reachable(bus: &Arc<dyn Bus>) {
    let probe = async {
        for class in WorkClass::ALL {
            loop {
                let mut probe = request("/", TIMEOUT);
                probe.method = PROBE.to_owned();
                match bus.request(class, probe).await {
                    Ok(_) => break,
                    Err(RequestError::Timeout | RequestError::BadReply) => panic!("no handler answers"),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        }
    };
    tokio::time::timeout(TIMEOUT, probe).await.unwrap();
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, holds).await.unwrap_or_else(|_| panic!("timed out: {what}"));
}
