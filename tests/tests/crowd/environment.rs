//! Two clouds, one of which hangs, and the clients that use them.

use std::time::{Duration, Instant};

use anyhow::ensure;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::{Value, json};

use crate::freshness::COLLECTIONS;

pub(crate) const HEALTHY: &str = "healthy";
pub(crate) const HUNG: &str = "hung";

/// The accounts of the healthy cloud.
const CALM: usize = 4;

/// The interval of polls.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// The latency of the hung cloud, longer than any timeout.
const HANGS_MS: u64 = 3_600_000;

/// Credentials in one check; more would exceed its deadline.
const AT_ONCE: usize = 8;

/// The time until everything was listed once by a debug build.
const FILLED_WITHIN: Duration = Duration::from_secs(180);

pub(crate) struct Environment {
    pub(crate) cluster: TestCluster,
    hung: Simulator,
    healthy: Simulator,
    /// A client with grants for all healthy accounts.
    pub(crate) reader: Client,
    /// A client that checks a credential of the healthy cloud again and again.
    pub(crate) checker: Client,
    /// A client with a grant for all hung accounts, and one for the account `revoked` of the healthy cloud.
    pub(crate) crowd: Client,
}

impl Environment {
    pub(crate) async fn start(hung_accounts: usize) -> Self {
        let calm = (0..CALM).map(|number| format!("calm-{number}:secret-{number}"));
        let calm: Vec<_> = calm.chain(["revoked:valid".to_owned()]).collect();
        let hung: Vec<_> =
            (0..hung_accounts).map(|number| format!("hung-{number}:secret-{number}")).collect();
        let builder = TestCluster::builder("crowd")
            .set("poller.interval_seconds", INTERVAL.as_secs())
            .set("poller.moving_interval_seconds", INTERVAL.as_secs())
            .set("poller.verify_seconds", 10);
        let (healthy, hung, cluster) = tokio::join!(cloud(&calm), cloud(&hung), builder.start());
        cluster.add_cloud(HEALTHY, "simulator", healthy.url(), &["--calls-per-second", "200"]).await;
        cluster.add_cloud(HUNG, "simulator", hung.url(), &["--calls-per-second", "200"]).await;
        let mut reader = cluster.register_client("reader").await;
        let credentials: Vec<_> = (0..CALM).map(|number| credential(HEALTHY, "calm", number)).collect();
        reader.login(&credentials).await.unwrap();
        let checker = cluster.register_client("checker").await;
        let mut crowd = cluster.register_client("crowd").await;
        crowd.login(&[access_key(HEALTHY, "revoked", "valid")]).await.unwrap();
        for numbers in (0..hung_accounts).collect::<Vec<_>>().chunks(AT_ONCE) {
            let credentials: Vec<_> =
                numbers.iter().map(|number| credential(HUNG, "hung", *number)).collect();
            let login = crowd.login(&credentials).await.unwrap();
            assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        }
        let env = Self { cluster, hung, healthy, reader, checker, crowd };
        env.until_listed().await;
        env
    }

    /// Waits until every scope is fresh whose age is read later.
    async fn until_listed(&self) {
        until("every healthy scope to be listed", FILLED_WITHIN, || async {
            for collection in COLLECTIONS {
                let scopes = self.reader.page(collection, &[("limit", "1")]).await?.scopes;
                let fresh = scopes.iter().filter(|scope| scope["status"] == "fresh").count();
                ensure!(fresh == scopes.len() && fresh >= CALM, "{collection}: {fresh} of {}", scopes.len());
            }
            Ok(())
        })
        .await
    }

    /// Makes one cloud hang.
    pub(crate) async fn hang(&self) {
        self.hung.faults(json!([{ "fault": "latency", "ms": HANGS_MS }])).await;
    }

    /// Changes the secret of the account `revoked`.
    pub(crate) async fn revoke(&self) {
        self.healthy.control("PUT", "accounts/revoked/secret", &json!({ "secret": "changed" })).await;
    }

    /// Waits until the grant for `revoked` has ended; returns the time since `begun`.
    pub(crate) async fn until_revoked(&self, within: Duration, begun: Instant) -> Duration {
        until("the revoked grant to end", within, || async {
            let accounts = self.crowd.get("/v1/accounts?limit=1000").await?;
            let named = accounts["items"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["name"] == "revoked"));
            ensure!(!named, "it lives on");
            Ok(())
        })
        .await;
        begun.elapsed()
    }
}

async fn cloud(accounts: &[String]) -> Simulator {
    let little = [
        ["--instances", "4"],
        ["--volumes", "1"],
        ["--images", "1"],
        ["--snapshots", "1"],
        ["--networks", "1"],
        ["--public-images", "2"],
    ];
    let mut arguments: Vec<&str> = little.concat();
    for account in accounts {
        arguments.extend(["--account", account]);
    }
    Simulator::with(&arguments).await
}

pub(crate) fn credential(cloud: &str, account: &str, number: usize) -> Value {
    access_key(cloud, &format!("{account}-{number}"), &format!("secret-{number}"))
}
