//! The options of a simulated cloud.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use gateway_core::clock::{Clock, SystemClock};
use gateway_core::secret::Secret;
use gateway_core::{Error, Result};
use uuid::Uuid;

/// Namespace of the account ids, so that the id of an account depends on its name alone.
const ACCOUNTS: Uuid = Uuid::from_u128(0x7a6e_20f1_95c4_4d4b_8f0d_2b61_0c5e_9a13);

/// Options of a simulated cloud; the default is small and without movement.
#[derive(Clone, Debug)]
pub struct SimulatorOptions {
    /// Address of the server; port 0 selects a free port.
    pub listen: SocketAddr,
    /// Seed of the random numbers: equal seeds lead to equal resources and moves.
    pub seed: u64,
    /// Numbers of seeded resources.
    pub population: Population,
    /// Random commands a second over the whole cloud: stop, start, reboot, create, remove.
    pub movement: f64,
    /// Time in a transitional status. Longer is seen by more polls; shorter makes tests faster.
    pub transit: Duration,
    /// Accounts that may log in.
    pub accounts: Vec<AccountOption>,
    /// Names of the regions.
    pub regions: Vec<String>,
    /// Most items of a page.
    pub page_limit: usize,
    /// Life of a session token. Shorter makes clients log in more often; longer hides expiry from tests.
    pub token_life: Duration,
    /// Source of the time.
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

/// Numbers of seeded resources.
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
    /// Snapshots of volumes of each account in each region; none without volumes.
    pub snapshots: usize,
    /// Networks of each account in each region, with two subnets each; 128 at most. Without networks there are no
    /// routers, interfaces and public addresses: half of the records of a large cloud.
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

/// An account of the cloud.
#[derive(Clone, Debug)]
pub struct AccountOption {
    /// Name, which is also the access key id.
    pub name: String,
    /// Secret access key.
    pub secret: Secret,
}

impl AccountOption {
    /// Creates an account of that name and secret.
    pub fn new(name: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { name: name.into(), secret: Secret::new(secret) }
    }

    /// Returns the id of the account, which depends on its name alone.
    pub fn id(&self) -> String {
        let digest = Uuid::new_v5(&ACCOUNTS, self.name.as_bytes()).simple().to_string();
        format!("acct-{}", &digest[..12])
    }
}

impl FromStr for AccountOption {
    type Err = Error;

    /// Parses `NAME:SECRET`, the form of the command line.
    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some((name, secret)) if !name.is_empty() && !secret.is_empty() => Ok(Self::new(name, secret)),
            _ => Err(Error::invalid("an account must have the form NAME:SECRET")),
        }
    }
}
