//! The gateway under test, and the hand that kills its parts and starts them again.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::{Cluster, Gateway, until};

use crate::schedule::{Kill, Moment, Victim};
use crate::subscriber::Subscriber;

/// Longest life of a process that is to end itself at a point of its daily work.
const REACHES_POINT: Duration = Duration::from_secs(60);

/// What a process that ends itself at a named point dies of.
const ABORTED: i32 = 6;

/// How long requests may take here; shorter than usual, so that outages show.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// All processes, two of each kind that can die.
pub(crate) struct Stage {
    pub(crate) cluster: Cluster,
    second_relay: Gateway,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let cluster = Cluster::plan("chaos")
            .own_servers()
            .handlers(2)
            .pollers(2)
            .set("poller.interval_seconds", 2)
            .set("poller.moving_interval_seconds", 1)
            .set("poller.max_backoff_seconds", 4)
            // The shortest that there is: what a dead poller held is free after that.
            .set("poller.lease_seconds", 10)
            .set("poller.verify_seconds", 10)
            .set("relay.lease_seconds", 3)
            .set("front.request_timeout_seconds", REQUEST_TIMEOUT.as_secs())
            .start()
            .await;
        let second_relay = Gateway::role("relay", &cluster.settings).await;
        Self { cluster, second_relay }
    }

    /// Kills and restarts; everything runs again when this returns.
    pub(crate) async fn carry_out(&mut self, kill: &Kill, subscriber: &Subscriber) {
        match kill.moment {
            Moment::Point(name, passing) => return self.end_at(kill, &format!("{name}:{passing}")).await,
            Moment::AtAnEvent => subscriber.next().await,
            Moment::AnyTime(wait) => tokio::time::sleep(wait).await,
        }
        match kill.victim {
            Victim::Broker => {
                let broker = &mut self.servers().rabbit;
                broker.kill9();
                broker.restart().await;
            }
            Victim::Database => {
                let database = &mut self.servers().mariadb;
                database.kill9();
                database.restart().await;
            }
            Victim::Poller | Victim::Relay | Victim::Handler => {
                let (victim, _) = self.pick(kill);
                assert!(victim.is_running(), "a {:?} ended by itself", kill.victim);
                victim.kill9();
                victim.restart().await;
            }
        }
    }

    /// Starts the process anew with the order to end itself at a point, and lets it.
    async fn end_at(&mut self, kill: &Kill, plan: &str) {
        let (victim, others) = self.pick(kill);
        let left = victim.terminate();
        assert!(left.success(), "{plan}: asked to end, it ended with {left}\n{}", victim.log());
        // One relay leads: with the other frozen, this one takes over, and the other wakes up as a leader that
        // is none any more.
        let frozen = if kill.victim == Victim::Relay { others } else { Vec::new() };
        frozen.iter().for_each(|other| other.pause());
        victim.restart_to_crash(plan);
        until(plan, REACHES_POINT, || {
            let status = victim.exit_status();
            async move {
                ensure!(status.is_some(), "it still runs");
                Ok(status)
            }
        })
        .await;
        let signal = victim.exit_status().and_then(|status| status.signal());
        assert_eq!(signal, Some(ABORTED), "{plan}: it ended by something else\n{}", victim.log());
        frozen.iter().for_each(|other| other.resume());
        victim.restart().await;
    }

    /// What ended though nobody killed it.
    pub(crate) fn dead(&mut self) -> Vec<String> {
        let Self { cluster, second_relay } = self;
        let Cluster { front, handlers, pollers, relay, .. } = cluster;
        let all = [front, relay, second_relay].into_iter().chain(handlers).chain(pollers);
        all.filter_map(|process| process.check().err()).map(|error| error.to_string()).collect()
    }

    fn servers(&mut self) -> &mut gateway_tests::cluster::Servers {
        self.cluster.servers.as_mut().expect("the servers are ours")
    }

    /// The process to kill, and the others of its role.
    fn pick(&mut self, kill: &Kill) -> (&mut Gateway, Vec<&Gateway>) {
        let Self { cluster, second_relay } = self;
        let mut all: Vec<&mut Gateway> = match kill.victim {
            Victim::Poller => cluster.pollers.iter_mut().collect(),
            Victim::Handler => cluster.handlers.iter_mut().collect(),
            Victim::Relay => vec![&mut cluster.relay, second_relay],
            Victim::Broker | Victim::Database => panic!("{kill:?}: a server is no role"),
        };
        let victim = all.swap_remove(kill.which % all.len());
        (victim, all.into_iter().map(|other| &*other).collect())
    }
}
