//! A cloud with many accounts, a cluster that polls it, and a dashboard with grants for all accounts.

use std::time::Duration;

use anyhow::ensure;
use gateway_core::config::Config;
use gateway_core::kind;
use gateway_tests::client::access_key;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::{Value, json};

pub(crate) const CLOUD: &str = "sim";

pub(crate) const ACCOUNTS: usize = 200;

/// The number of accounts to which the cloud never answers.
pub(crate) const HANGING: usize = 2;

/// The latency of a hanging account, longer than any timeout.
const HANGS_MS: u64 = 3_600_000;

/// The number of credentials in one check; more would exceed its deadline.
const AT_ONCE: usize = 10;

/// The number of kinds with account targets, one target per region.
const OWN_KINDS: usize = 15;

/// The first listings write every record and event, which takes a debug build on two cores minutes.
const FILL_TIMEOUT: Duration = Duration::from_secs(600);

/// The size of the cloud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    regions: &'static [&'static str],
    interval_seconds: u64,
}

impl Size {
    pub(crate) fn from_environment() -> Self {
        match std::env::var_os("GATEWAY_TEST_LONG") {
            // A higher rate leaves a debug build on two processors no reserve: at 100 listings a second the p99 was at the limit.
            None => Self { regions: &["north"], interval_seconds: 45 },
            Some(_) => Self { regions: &["north", "south", "east", "west"], interval_seconds: 60 },
        }
    }

    pub(crate) fn interval(self) -> Duration {
        Duration::from_secs(self.interval_seconds)
    }

    pub(crate) fn regions(self) -> &'static [&'static str] {
        self.regions
    }

    pub(crate) fn least_targets(self) -> i64 {
        (self.regions.len() * ACCOUNTS * OWN_KINDS) as i64
    }
}

pub(crate) struct Environment {
    pub(crate) size: Size,
    pub(crate) simulator: Simulator,
    pub(crate) cluster: TestCluster,
    /// A client with grants for all accounts.
    pub(crate) dashboard: Client,
    /// The gateway ids of the accounts, sorted by name.
    pub(crate) accounts: Vec<String>,
    /// The cloud's ids of the accounts.
    pub(crate) external_ids: Vec<String>,
}

impl Environment {
    pub(crate) async fn start(size: Size) -> Self {
        let little = [
            ["--instances", "2"],
            ["--volumes", "1"],
            ["--images", "1"],
            ["--snapshots", "1"],
            ["--networks", "1"],
            ["--public-images", "2"],
        ];
        let mut arguments: Vec<String> = little.concat().into_iter().map(str::to_owned).collect();
        for region in size.regions {
            arguments.extend(["--region".to_owned(), (*region).to_owned()]);
        }
        for number in 0..ACCOUNTS {
            arguments.extend(["--account".to_owned(), format!("{}:{}", name(number), secret(number))]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        // Both intervals are equal, so that resources in transition do not change the schedule.
        let builder = TestCluster::builder("many")
            .own_servers()
            .pollers(2)
            .set("poller.interval_seconds", size.interval_seconds)
            .set("poller.moving_interval_seconds", size.interval_seconds)
            .set("poller.verify_seconds", 3600);
        let (simulator, cluster) = tokio::join!(Simulator::with(&arguments), builder.start());
        cluster.add_cloud(CLOUD, "simulator", simulator.url(), &["--calls-per-second", "100"]).await;
        let mut dashboard = cluster.register_client("dashboard").await;
        for numbers in (0..ACCOUNTS).collect::<Vec<_>>().chunks(AT_ONCE) {
            let credentials: Vec<Value> = numbers.iter().map(|number| credential(*number)).collect();
            let login = dashboard.login(&credentials).await.unwrap();
            assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        }
        let page = dashboard.get("/v1/accounts?limit=1000").await.unwrap();
        let mut proved = page["items"].as_array().unwrap().clone();
        assert_eq!(proved.len(), ACCOUNTS);
        proved.sort_by_key(|account| account["name"].as_str().unwrap().to_owned());
        let texts =
            |key: &str| proved.iter().map(|account| account[key].as_str().unwrap().to_owned()).collect();
        let (accounts, external_ids) = (texts("id"), texts("external_id"));
        Self { size, simulator, cluster, dashboard, accounts, external_ids }
    }

    /// Waits until every target was listed once. Returns the number of targets.
    pub(crate) async fn listed_once(&self) -> i64 {
        until("every target to be listed", FILL_TIMEOUT, || async {
            let summary = self.summary().await?;
            let (fresh, total) =
                (summary["by_status"]["fresh"].as_i64().unwrap_or_default(), summary["total"].as_i64());
            ensure!(fresh > 0 && Some(fresh) == total, "{summary}");
            Ok(fresh)
        })
        .await
    }

    /// Waits until every target was listed again, starting after now.
    pub(crate) async fn listed_again(&self) {
        let begun = self.dashboard.get("/v1/status").await.unwrap()["at"].as_str().unwrap().to_owned();
        until("every target to be listed again", FILL_TIMEOUT, || async {
            let summary = self.summary().await?;
            // Times have the same zone and number of digits, so that they compare as text.
            let oldest = summary["oldest_as_of"].as_str().unwrap_or_default();
            ensure!(oldest > begun.as_str(), "{summary} is not after {begun}");
            Ok(())
        })
        .await
    }

    /// Returns the summary of all scopes, without naming more than one.
    async fn summary(&self) -> anyhow::Result<Value> {
        Ok(self.dashboard.get("/v1/status?limit=1").await?["summary"].clone())
    }

    /// Makes the cloud hang for some accounts.
    pub(crate) async fn hang(&self) {
        let fault = |number: &usize| json!({ "fault": "latency", "ms": HANGS_MS, "account": name(*number) });
        let faults: Vec<Value> = hanging().iter().map(fault).collect();
        self.simulator.faults(json!(faults)).await;
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.database.url = self.cluster.settings.get("database.url").unwrap().to_owned();
        config
    }
}

/// Returns the hanging accounts, far apart in the order of accounts.
pub(crate) fn hanging() -> [usize; HANGING] {
    [ACCOUNTS / 3, ACCOUNTS * 2 / 3]
}

fn name(number: usize) -> String {
    format!("account-{number:03}")
}

fn secret(number: usize) -> String {
    format!("secret-of-{number:03}")
}

pub(crate) fn credential(number: usize) -> Value {
    access_key(CLOUD, &name(number), &secret(number))
}

#[test]
fn number_of_account_kinds_is_current() {
    assert_eq!(kind::ALL.len() - 3, OWN_KINDS, "all but instance types, volume types and datacenters");
}
