//! Many servers and volumes in OpenStack, and a few of the administrator.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::clouds::Clouds;
use crate::openstack::OpenStack;

/// The number of servers that the load script creates, besides the one that it copies.
pub(crate) const SERVERS: usize = 2500;

/// The number of volumes that the load script creates, besides the two that it copies.
pub(crate) const VOLUMES: usize = SERVERS / 4;

const OWN: &str = "gateway-real-clouds";

/// The region of the OpenStack, as the load script names it.
const REGION: [&str; 2] = ["--region", "2"];

/// The created servers and volumes. They are removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Fleet {
    script: PathBuf,
    admin: OpenStack,
}

impl Fleet {
    /// Creates a server and a volume in the project of the administrator. [`Self::load`] creates the rest.
    pub(crate) async fn prepare(clouds: &Clouds) -> Self {
        let fleet =
            Self { script: clouds.scripts.join("load"), admin: OpenStack::new(&clouds.keystone, "admin") };
        fleet.remove_own();
        let server = ["server", "create", "--image", "cirros", "--flavor", "m1.nano", "--network", "shared"];
        fleet.admin.run_async(&[&server[..], &["--wait", OWN]].concat()).await;
        fleet.admin.run_async(&["volume", "create", "--size", "1", OWN]).await;
        fleet
    }

    /// Loads the project of `demo`. Returns the duration.
    pub(crate) async fn load(&self) -> Duration {
        let (begun, mut command) = (Instant::now(), Command::new(&self.script));
        command.args([&SERVERS.to_string(), "--via", "db"]).args(REGION);
        tokio::task::spawn_blocking(move || run(command)).await.unwrap();
        begun.elapsed()
    }

    fn remove_own(&self) {
        self.admin.remove("server", OWN);
        self.admin.remove("volume", OWN);
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let mut clear = Command::new(&self.script);
        clear.arg("--clear").args(REGION);
        run(clear);
        self.remove_own();
    }
}

fn run(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}
