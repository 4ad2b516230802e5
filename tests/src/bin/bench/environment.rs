//! The measured environment: a gateway with a filled store, and an echo on the same broker.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use gateway_core::config::Bus as BusConfig;
use gateway_tests::cpu::Meter;
use gateway_tests::{Child, Program, Simulator, TestCluster, Vhost, client, until};
use tempfile::TempDir;

use crate::options::Options;
use crate::payload::{self, Exchange};

/// Instances in the store. Items are read in turn; more items touch more pages of the database.
const INSTANCES: usize = 500;

/// The number of records on a page of the list.
pub(crate) const PAGE: usize = 50;

/// The poll interval. Nothing changes during the measurement, so that polls would only be noise.
const IDLE_SECONDS: u64 = 3600;

const FILL_TIMEOUT: Duration = Duration::from_secs(60);

/// The running processes and their data.
pub(crate) struct Environment {
    /// The messages of one read of an item.
    pub(crate) exchange: Exchange,
    pub(crate) sizes: Sizes,
    pub(crate) token: String,
    /// Paths of the items.
    pub(crate) items: Vec<String>,
    pub(crate) list: String,
    pub(crate) echo: Vhost,
    pub(crate) cpu: Meter,
    pub(crate) cluster: TestCluster,
    _echo_server: Child,
    _simulator: Simulator,
    _directory: TempDir,
}

/// Message sizes in bytes.
pub(crate) struct Sizes {
    pub(crate) request: usize,
    pub(crate) reply: usize,
    pub(crate) list: usize,
}

impl Environment {
    pub(crate) async fn start(options: &Options) -> anyhow::Result<Self> {
        let count = INSTANCES.to_string();
        let simulator = Simulator::with(&["--instances", &count, "--volumes", "0", "--networks", "0"]).await;
        let mut cluster = TestCluster::builder("bench")
            .own_servers()
            .handlers(options.handlers)
            .set("poller.interval_seconds", IDLE_SECONDS)
            .set("poller.moving_interval_seconds", IDLE_SECONDS)
            .set("poller.verify_seconds", IDLE_SECONDS)
            .set("log.filter", "warn,gateway_api=info")
            .start()
            .await;
        cluster.add_cloud("sim", "simulator", simulator.url(), &[]).await;
        let mut user = cluster.register_client("bench").await;
        let token = user.login(&[client::access_key("sim", "demo", "demo-secret")]).await?.token;
        let listing = until("the store to be filled", FILL_TIMEOUT, || async {
            let listing = user.list("instances", &[]).await?;
            ensure!(listing.items.len() == INSTANCES, "{} instances", listing.items.len());
            Ok(listing)
        })
        .await;
        let ids = listing.items.iter().map(|item| item["id"].as_str().context("an instance without id"));
        let items: Vec<_> =
            ids.map(|id| Ok(format!("/v1/instances/{}", id?))).collect::<anyhow::Result<_>>()?;
        let list = format!("/v1/instances?limit={PAGE}");

        let exchange = payload::record(&cluster.vhost, &user, &items[0]).await?;
        let page = payload::record(&cluster.vhost, &user, &list).await?;
        let directory = tempfile::Builder::new().prefix("gateway-bench-").tempdir()?;
        let (echo, mut cpu) = {
            let servers = cluster.servers.as_mut().context("the cluster has own servers")?;
            let mut cpu = Meter::default();
            cpu.add("RabbitMQ", servers.rabbit.child().pid());
            cpu.add("MariaDB", servers.mariadb.child().pid());
            (servers.rabbit.vhost("echo").await, cpu)
        };
        let echo_server = start_echo_server(&echo, &exchange, &directory).await?;
        cpu.add("echo server", echo_server.pid());
        cpu.add("front", cluster.front.pid());
        cluster.handlers.iter().for_each(|handler| cpu.add("handler", handler.pid()));
        cluster.pollers.iter().for_each(|poller| cpu.add("poller, relay", poller.pid()));
        cpu.add("poller, relay", cluster.relay.pid());
        let sizes =
            Sizes { request: exchange.request.len(), reply: exchange.reply.len(), list: page.reply.len() };
        Ok(Self {
            exchange,
            sizes,
            token,
            items,
            list,
            echo,
            cpu,
            cluster,
            _echo_server: echo_server,
            _simulator: simulator,
            _directory: directory,
        })
    }
}

async fn start_echo_server(vhost: &Vhost, exchange: &Exchange, directory: &TempDir) -> anyhow::Result<Child> {
    let reply = directory.path().join("reply");
    std::fs::write(&reply, &exchange.reply)?;
    let program = Program::new("echo-server", std::env::current_exe()?, directory.path())
        .arguments(["echo-server", vhost.url.as_str(), &BusConfig::default().prefetch.to_string()])
        .argument(reply.as_os_str());
    let mut server = Child::start(program);
    server.wait_log("ready", Duration::from_secs(30)).await;
    Ok(server)
}
