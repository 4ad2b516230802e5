//! Who dies when: drawn by a seed.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::{Cluster, until};

/// What a process that ends itself at a named point dies of.
const ABORTED: i32 = 6;

/// Longest life of a handler that is to end itself at a point of its work.
const REACHES_POINT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug)]
enum Death {
    /// A handler, at a point of its work, in one of its first passings.
    Point(&'static str),
    Handler,
    Broker,
    Database,
}

/// Every death once before any comes again; those at a point are between the journal and the reply.
const DECK: [Death; 10] = [
    Death::Point("operation.accepted"),
    Death::Point("operation.sent"),
    Death::Point("operation.acted"),
    Death::Point("operation.shown"),
    Death::Point("operation.settled"),
    Death::Handler,
    Death::Handler,
    Death::Database,
    Death::Database,
    Death::Broker,
];

/// Draws deaths and brings them about.
pub(crate) struct Deaths {
    random: u64,
    pile: Vec<Death>,
    counts: BTreeMap<String, usize>,
}

impl Deaths {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: seed, pile: Vec::new(), counts: BTreeMap::new() }
    }

    /// The next one; everything runs again when this returns. Says who it was.
    pub(crate) async fn next(&mut self, cluster: &mut Cluster) -> String {
        if self.pile.is_empty() {
            self.pile = DECK.to_vec();
        }
        let at = self.below(self.pile.len() as u64) as usize;
        let death = self.pile.swap_remove(at);
        let which = self.below(cluster.handlers.len() as u64) as usize;
        let name = match death {
            Death::Point(point) => {
                let plan = format!("{point}:{}", 1 + self.below(2));
                end_at(cluster, which, &plan).await;
                point.to_owned()
            }
            Death::Handler => {
                self.pause().await;
                let handler = &mut cluster.handlers[which];
                handler.kill9();
                handler.restart().await;
                "handler".to_owned()
            }
            Death::Broker => {
                self.pause().await;
                let broker = &mut cluster.servers.as_mut().unwrap().rabbit;
                broker.kill9();
                broker.restart().await;
                "broker".to_owned()
            }
            Death::Database => {
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

    /// Deaths of handlers that had written an operation down and not answered for it yet.
    pub(crate) fn in_the_middle(&self) -> usize {
        let points = self.counts.iter().filter(|(name, _)| name.starts_with("operation."));
        points.map(|(_, count)| count).sum()
    }

    async fn pause(&mut self) {
        let wait = Duration::from_millis(self.below(1500));
        tokio::time::sleep(wait).await;
    }

    /// `SplitMix64`.
    fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Starts a handler anew with the order to end itself at a point, lets it, and starts it again.
async fn end_at(cluster: &mut Cluster, which: usize, plan: &str) {
    let handler = &mut cluster.handlers[which];
    handler.kill9();
    handler.restart_to_crash(plan);
    until(plan, REACHES_POINT, || {
        let status = handler.exit_status();
        async move {
            ensure!(status.is_some(), "it still runs");
            Ok(())
        }
    })
    .await;
    let signal = handler.exit_status().and_then(|status| status.signal());
    assert_eq!(signal, Some(ABORTED), "{plan}: it ended by something else\n{}", handler.log());
    handler.restart().await;
}
