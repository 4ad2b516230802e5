//! `gateway simulator`: a simulated cloud.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use driver_simulator::cloud::{AccountOption, Population, Simulator as Server, SimulatorOptions};
use gateway_core::error::Result;
use serde_json::json;

use super::{output, signals};

#[derive(Debug, Args)]
pub(super) struct Simulator {
    /// Listen at this address; port 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Seed the random generator; the same seed gives the same resources and changes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Create this many instances for each account in each region.
    #[arg(long, default_value_t = 120)]
    instances: usize,
    /// Create this many volumes for each account in each region.
    #[arg(long, default_value_t = 60)]
    volumes: usize,
    /// Create this many private images for each account in each region.
    #[arg(long, default_value_t = 4)]
    images: usize,
    /// Create this many public images in each region.
    #[arg(long, default_value_t = 8)]
    public_images: usize,
    /// Create this many instance types in each region.
    #[arg(long, default_value_t = 8)]
    instance_types: usize,
    /// Create this many volume snapshots for each account in each region.
    #[arg(long, default_value_t = 6)]
    snapshots: usize,
    /// Create this many networks with two subnets for each account in each region; 0 also means no routers, network
    /// interfaces and public addresses.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(0..=128))]
    networks: u16,
    /// Start this many changes per second: stops, starts, reboots, creations, terminations.
    #[arg(long, default_value_t = 0.0)]
    movement: f64,
    /// Keep a resource this long in a transitional state.
    #[arg(long, default_value_t = 3.0)]
    transit_seconds: f64,
    /// Add an account as NAME:SECRET; the name is its access key id; can be repeated.
    #[arg(long = "account", default_value = "demo:demo-secret")]
    accounts: Vec<AccountOption>,
    /// Add a region; can be repeated.
    #[arg(long = "region", default_value = "north")]
    regions: Vec<String>,
    /// Limit the items on a page.
    #[arg(long, default_value_t = 1000)]
    page_limit: usize,
    /// Print a line of JSON when ready: {"url","control"}.
    #[arg(long)]
    json: bool,
}

impl Simulator {
    pub(super) async fn run(self) -> Result<()> {
        gateway_core::telemetry::start("info", gateway_core::telemetry::LogFormat::Text);
        let stop = signals::stop_token()?;
        let running = Server::start(SimulatorOptions {
            listen: self.listen,
            seed: self.seed,
            population: Population {
                instances: self.instances,
                volumes: self.volumes,
                images: self.images,
                public_images: self.public_images,
                instance_types: self.instance_types,
                snapshots: self.snapshots,
                networks: usize::from(self.networks),
            },
            movement: self.movement,
            transit: Duration::from_secs_f64(self.transit_seconds.max(0.0)),
            accounts: self.accounts,
            regions: self.regions,
            page_limit: self.page_limit,
            ..SimulatorOptions::default()
        })
        .await?;
        let url = format!("http://{}", running.address());
        match self.json {
            true => output::json(&json!({ "url": url, "control": format!("{url}/control") })),
            false => output::line(&format!(
                "a simulated cloud listens on {url}, its faults on {url}/control/faults"
            )),
        }
        tracing::info!("ready role=simulator url={url}");
        stop.cancelled().await;
        running.stop().await;
        Ok(())
    }
}
