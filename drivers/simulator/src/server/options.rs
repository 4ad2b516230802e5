//! What a simulated cloud is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::{Clock, SystemClock};
use gateway_core::secret::Secret;
use gateway_core::{Error, Result};
use uuid::Uuid;

/// Root of the account ids, so that an account keeps its id whatever else the cloud is started with.
const ACCOUNTS: Uuid = Uuid::from_u128(0x7a6e_20f1_95c4_4d4b_8f0d_2b61_0c5e_9a13);

/// How a simulated cloud is made; the default is small and stands still.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Same seed, same resources and same moves.
    pub seed: u64,
    /// How much there is at the start.
    pub population: Population,
    /// Moves begun a second over the whole cloud: stops, starts, reboots, creations, terminations.
    pub movement: f64,
    /// How long a resource stays in a status that leads to another. Longer is seen by more polls.
    pub transit: Duration,
    /// Who may log in.
    pub accounts: Vec<AccountOption>,
    /// Names of the regions.
    pub regions: Vec<String>,
    /// Most items on a page, whatever is asked for.
    pub page_limit: usize,
    /// Life of a session token. Shorter makes clients log in more often.
    pub token_life: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            population: Population::default(),
            movement: 0.0,
            transit: Duration::from_secs(3),
            accounts: vec![AccountOption::new("demo", "demo-secret")],
            regions: vec!["north".to_owned()],
            page_limit: 1000,
            token_life: Duration::from_secs(3600),
            clock: Arc::new(SystemClock),
        }
    }
}

/// How much a cloud holds at its start.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// Instances of each account in each region.
    pub instances: usize,
    /// Volumes of each account in each region.
    pub volumes: usize,
    /// Private images of each account in each region.
    pub images: usize,
    /// Images that each region publishes.
    pub public_images: usize,
    /// Instance types that each region publishes; 1 at least.
    pub instance_types: usize,
    /// Snapshots of volumes of each account in each region; none where there are no volumes.
    pub snapshots: usize,
    /// Networks of each account in each region, with two subnets each; 128 at most. With none there are no
    /// routers, interfaces and outside addresses either: half of all records of a large cloud.
    pub networks: usize,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            instances: 20,
            volumes: 10,
            images: 3,
            public_images: 6,
            instance_types: 8,
            snapshots: 4,
            networks: 2,
        }
    }
}

/// One account of the cloud.
#[derive(Clone, Debug)]
pub struct AccountOption {
    /// Its name, which is its access key id too.
    pub name: String,
    /// Its secret access key.
    pub secret: Secret,
}

impl AccountOption {
    /// An account of that name and secret.
    pub fn new(name: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { name: name.into(), secret: Secret::new(secret) }
    }

    /// What the cloud calls the account: it follows from the name alone.
    pub fn id(&self) -> String {
        let digest = Uuid::new_v5(&ACCOUNTS, self.name.as_bytes()).simple().to_string();
        format!("acct-{}", &digest[..12])
    }
}

impl FromStr for AccountOption {
    type Err = Error;

    /// Reads `NAME:SECRET`, the form of the command line.
    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some((name, secret)) if !name.is_empty() && !secret.is_empty() => Ok(Self::new(name, secret)),
            _ => Err(Error::invalid("an account is given as NAME:SECRET")),
        }
    }
}
