//! Kills of processes and servers, drawn by a seed.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::{TestCluster, until};

/// The signal of a process that aborts at a crash point.
const ABORTED: i32 = 6;

/// The longest time until a handler reaches its crash point.
const CRASH_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
enum Kill {
    /// A handler at a crash point, in one of its first passes.
    Point(&'static str),
    Handler,
    Broker,
    Database,
}

/// All kills, each drawn once before any is repeated. Crash points are between the journal and the reply.
const KILLS: [Kill; 10] = [
    Kill::Point("operation.accepted"),
    Kill::Point("operation.sent"),
    Kill::Point("operation.acted"),
    Kill::Point("operation.shown"),
    Kill::Point("operation.settled"),
    Kill::Handler,
    Kill::Handler,
    Kill::Database,
    Kill::Database,
    Kill::Broker,
];

/// A sequence of random kills.
pub(crate) struct Kills {
    random: u64,
    remaining: Vec<Kill>,
    counts: BTreeMap<String, usize>,
}

impl Kills {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: seed, remaining: Vec::new(), counts: BTreeMap::new() }
    }

    /// Executes the next kill and restarts the target. Returns its name.
    pub(crate) async fn next(&mut self, cluster: &mut TestCluster) -> String {
        if self.remaining.is_empty() {
            self.remaining = KILLS.to_vec();
        }
        let at = self.below(self.remaining.len() as u64) as usize;
        let kill = self.remaining.swap_remove(at);
        let which = self.below(cluster.handlers.len() as u64) as usize;
        let name = match kill {
            Kill::Point(point) => {
                let plan = format!("{point}:{}", 1 + self.below(2));
                crash_at(cluster, which, &plan).await;
                point.to_owned()
            }
            Kill::Handler => {
                self.pause().await;
                let handler = &mut cluster.handlers[which];
                handler.kill9();
                handler.restart().await;
                "handler".to_owned()
            }
            Kill::Broker => {
                self.pause().await;
                let broker = &mut cluster.servers.as_mut().unwrap().rabbit;
                broker.kill9();
                broker.restart().await;
                "broker".to_owned()
            }
            Kill::Database => {
                self.pause().await;
                let database = &mut cluster.servers.as_mut().unwrap().mariadb;
                database.kill9();
                database.restart().await;
                "database".to_owned()
            }
        };
        *self.counts.entry(name.clone()).or_default() += 1;
        name
    }

    pub(crate) fn counts(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }

    /// Returns the number of handlers killed between journal and reply.
    pub(crate) fn before_reply(&self) -> usize {
        let points = self.counts.iter().filter(|(name, _)| name.starts_with("operation."));
        points.map(|(_, count)| count).sum()
    }

    async fn pause(&mut self) {
        let wait = Duration::from_millis(self.below(1500));
        tokio::time::sleep(wait).await;
    }

    /// Returns a random number below `limit` (`SplitMix64`).
    fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Restarts a handler with a crash plan, waits for the crash, and restarts it.
async fn crash_at(cluster: &mut TestCluster, which: usize, plan: &str) {
    let handler = &mut cluster.handlers[which];
    handler.kill9();
    handler.restart_to_crash(plan);
    until(plan, CRASH_TIMEOUT, || {
        let status = handler.exit_status();
        async move {
            ensure!(status.is_some(), "it is still running");
            Ok(())
        }
    })
    .await;
    let signal = handler.exit_status().and_then(|status| status.signal());
    assert_eq!(signal, Some(ABORTED), "{plan}: it ended in another way\n{}", handler.log());
    handler.restart().await;
}
