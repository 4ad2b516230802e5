//! A private RabbitMQ server.

mod node;
mod vhost;

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::child::Child;
use crate::wait::until;
use crate::{ports, tls};

pub use vhost::Vhost;

/// The variable with the address of a running broker: `amqp://guest:guest@127.0.0.1:PORT`.
pub const URL_VARIABLE: &str = "GATEWAY_TEST_AMQP_URL";

/// The variable with the address of the broker's management API: `http://guest:guest@127.0.0.1:PORT`.
pub const ADMIN_VARIABLE: &str = "GATEWAY_TEST_AMQP_ADMIN";

/// A cold start takes five seconds on two idle cores, and much longer on a loaded machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A RabbitMQ broker, either started here or named by the environment. Each test has its own [`RabbitMq::vhost`].
#[derive(Debug)]
pub struct RabbitMq {
    url: String,
    admin: String,
    server: Option<(Child, TempDir)>,
}

impl RabbitMq {
    /// Starts a new broker.
    pub async fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("gateway-rabbitmq-").tempdir().expect("a directory");
        let ports = node::Ports {
            amqp: ports::free(),
            management: ports::free(),
            distribution: ports::free(),
            epmd: ports::free(),
        };
        let program = node::program(directory.path(), &ports);
        let mut broker = Self {
            url: format!("amqp://guest:guest@127.0.0.1:{}", ports.amqp),
            admin: format!("http://guest:guest@127.0.0.1:{}", ports.management),
            server: Some((Child::start(program), directory)),
        };
        broker.wait_ready().await;
        broker
    }

    /// Returns the broker that all tests of this run share: the one in the environment, or one started by the first call.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<RabbitMq> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async {
                match (std::env::var(URL_VARIABLE), std::env::var(ADMIN_VARIABLE)) {
                    (Ok(url), Ok(admin)) => Self { url, admin, server: None },
                    (Err(_), Err(_)) => Self::start().await,
                    _ => panic!("{URL_VARIABLE} and {ADMIN_VARIABLE} must be set together"),
                }
            })
            .await
    }

    /// Returns the address, without a virtual host.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address of the management API, with user and password.
    pub fn admin(&self) -> &str {
        &self.admin
    }

    /// Creates an empty virtual host whose name begins with `name`.
    pub async fn vhost(&self, name: &str) -> Vhost {
        let name = format!("{name}-{}", uuid::Uuid::now_v7().simple());
        self.put(&format!("vhosts/{name}"), json!({})).await;
        self.put(
            &format!("permissions/{name}/guest"),
            json!({"configure": ".*", "write": ".*", "read": ".*"}),
        )
        .await;
        Vhost::new(name, &self.url, &self.admin)
    }

    /// Kills the broker with SIGKILL.
    pub fn kill9(&mut self) {
        self.child().kill9();
    }

    /// Restarts the broker with its data on the same ports, and waits until it answers.
    pub async fn restart(&mut self) {
        self.child().restart();
        self.wait_ready().await;
    }

    /// Returns the process of the broker.
    pub fn child(&mut self) -> &mut Child {
        &mut self.server.as_mut().expect("the shared broker belongs to all tests; start an own broker").0
    }

    async fn put(&self, path: &str, body: serde_json::Value) {
        // A new client: open connections of another test ended with the runtime of that test.
        let answer = tls::http().put(format!("{}/api/{path}", self.admin)).json(&body).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn wait_ready(&mut self) {
        let (http, health) = (tls::http(), format!("{}/api/health/checks/virtual-hosts", self.admin));
        let amqp = self.url.rsplit('@').next().unwrap_or_default().to_owned();
        let child = self.child();
        let mut ended = None;
        until("RabbitMQ to answer", START_TIMEOUT, || {
            ended = ended.take().or_else(|| child.check().err());
            if let Some(error) = &ended {
                panic!("{error}");
            }
            let (request, amqp) = (http.get(&health), amqp.clone());
            async move {
                tokio::net::TcpStream::connect(&amqp).await?;
                let status = request.send().await?.status();
                ensure!(status.is_success(), "{status}");
                Ok(())
            }
        })
        .await;
    }
}
