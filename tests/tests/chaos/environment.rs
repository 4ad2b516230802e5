//! The cluster under test, with kills and restarts of its processes and servers.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use anyhow::ensure;
use gateway_tests::{Gateway, TestCluster, until};

use crate::schedule::{Kill, Target, Trigger};
use crate::subscriber::Subscriber;

/// The longest time until a process reaches its crash point.
const CRASH_TIMEOUT: Duration = Duration::from_secs(60);

/// The signal of a process that aborts at a crash point.
const ABORTED: i32 = 6;

/// The request timeout; shorter than usual, so that outages show.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The processes, two of each role that can be killed.
pub(crate) struct Environment {
    pub(crate) cluster: TestCluster,
    second_relay: Gateway,
}

impl Environment {
    pub(crate) async fn start() -> Self {
        let cluster = TestCluster::builder("chaos")
            .own_servers()
            .handlers(2)
            .pollers(2)
            .set("poller.interval_seconds", 2)
            .set("poller.moving_interval_seconds", 1)
            .set("poller.max_backoff_seconds", 4)
            // The shortest possible lease: the targets of a killed poller are free after it.
            .set("poller.lease_seconds", 10)
            .set("poller.verify_seconds", 10)
            .set("relay.lease_seconds", 3)
            .set("front.request_timeout_seconds", REQUEST_TIMEOUT.as_secs())
            .start()
            .await;
        let second_relay = Gateway::role("relay", &cluster.settings).await;
        Self { cluster, second_relay }
    }

    /// Executes a kill and restarts its target.
    pub(crate) async fn execute(&mut self, kill: &Kill, subscriber: &Subscriber) {
        match kill.trigger {
            Trigger::Point(name, pass) => return self.crash_at(kill, &format!("{name}:{pass}")).await,
            Trigger::AtAnEvent => subscriber.next().await,
            Trigger::AnyTime(wait) => tokio::time::sleep(wait).await,
        }
        match kill.target {
            Target::Broker => {
                let broker = &mut self.servers().rabbit;
                broker.kill9();
                broker.restart().await;
            }
            Target::Database => {
                let database = &mut self.servers().mariadb;
                database.kill9();
                database.restart().await;
            }
            Target::Poller | Target::Relay | Target::Handler => {
                let (target, _) = self.pick(kill);
                assert!(target.is_running(), "`{:?}` ended by itself", kill.target);
                target.kill9();
                target.restart().await;
            }
        }
    }

    /// Restarts the process with a crash plan, waits for the crash, and restarts it.
    async fn crash_at(&mut self, kill: &Kill, plan: &str) {
        let (target, others) = self.pick(kill);
        let left = target.terminate();
        assert!(left.success(), "{plan}: SIGTERM ended it with {left}\n{}", target.log());
        // Only one relay leads. While the other is frozen, this one takes over, and the other resumes as a former
        // leader.
        let frozen = if kill.target == Target::Relay { others } else { Vec::new() };
        frozen.iter().for_each(|other| other.pause());
        target.restart_to_crash(plan);
        until(plan, CRASH_TIMEOUT, || {
            let status = target.exit_status();
            async move {
                ensure!(status.is_some(), "it is still running");
                Ok(status)
            }
        })
        .await;
        let signal = target.exit_status().and_then(|status| status.signal());
        assert_eq!(signal, Some(ABORTED), "{plan}: it ended in another way\n{}", target.log());
        frozen.iter().for_each(|other| other.resume());
        target.restart().await;
    }

    /// Returns the processes that ended without a kill.
    pub(crate) fn ended_processes(&mut self) -> Vec<String> {
        let Self { cluster, second_relay } = self;
        let TestCluster { front, handlers, pollers, relay, .. } = cluster;
        let all = [front, relay, second_relay].into_iter().chain(handlers).chain(pollers);
        all.filter_map(|process| process.check().err()).map(|error| error.to_string()).collect()
    }

    fn servers(&mut self) -> &mut gateway_tests::cluster::Servers {
        self.cluster.servers.as_mut().expect("the cluster has own servers")
    }

    /// Returns the target process and the others of its role.
    fn pick(&mut self, kill: &Kill) -> (&mut Gateway, Vec<&Gateway>) {
        let Self { cluster, second_relay } = self;
        let mut all: Vec<&mut Gateway> = match kill.target {
            Target::Poller => cluster.pollers.iter_mut().collect(),
            Target::Handler => cluster.handlers.iter_mut().collect(),
            Target::Relay => vec![&mut cluster.relay, second_relay],
            Target::Broker | Target::Database => panic!("{kill:?}: a server is not a role"),
        };
        let target = all.swap_remove(kill.which % all.len());
        (target, all.into_iter().map(|other| &*other).collect())
    }
}
