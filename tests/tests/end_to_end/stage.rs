//! What most tests start from: a small simulated cloud, the cluster that follows it, one client with its token.

use std::time::Duration;

use anyhow::ensure;
use gateway_core::kind;
use gateway_tests::client::{Listing, access_key};
use gateway_tests::cluster::Plan;
use gateway_tests::{Client, Cluster, Simulator, until};
use serde_json::Value;

/// The cloud's name in the gateway.
pub(crate) const CLOUD: &str = "sim";

/// Long enough for debug builds on two busy cores; nothing waits this long when all is well.
pub(crate) const SOON: Duration = Duration::from_secs(45);

/// Every collection of the API.
pub(crate) fn collections() -> impl Iterator<Item = &'static str> {
    kind::ALL.iter().map(|spec| spec.plural)
}

/// Enough for all kinds of one account to be listed every second.
pub(crate) const CALLS: [&str; 2] = ["--calls-per-second", "200"];

/// Few resources, with pages of more than one.
pub(crate) const SMALL: [&str; 10] = [
    "--instances",
    "30",
    "--volumes",
    "12",
    "--images",
    "3",
    "--public-images",
    "4",
    "--instance-types",
    "5",
];

pub(crate) struct Stage {
    pub(crate) simulator: Simulator,
    pub(crate) cluster: Cluster,
    /// Has proved the account `demo`.
    pub(crate) client: Client,
    /// The gateway's id of that account.
    pub(crate) account: String,
}

impl Stage {
    /// Starts the cluster beside a small cloud, polled every second.
    pub(crate) async fn set(plan: Plan) -> Self {
        Self::with_cloud(plan, &[]).await
    }

    /// The same, with more arguments for the simulator.
    pub(crate) async fn with_cloud(plan: Plan, arguments: &[&str]) -> Self {
        Self::start(often(plan), arguments).await
    }

    /// The same, polled once and then not again for as long as a test takes.
    pub(crate) async fn polled_once(plan: Plan) -> Self {
        let hour = 3600;
        let plan = plan.set("poller.interval_seconds", hour).set("poller.moving_interval_seconds", hour);
        Self::start(plan.set("poller.verify_seconds", hour), &[]).await
    }

    async fn start(plan: Plan, arguments: &[&str]) -> Self {
        let arguments = [&SMALL[..], arguments].concat();
        let (simulator, cluster) = tokio::join!(Simulator::with(&arguments), plan.start());
        cluster.add_cloud(CLOUD, "simulator", simulator.url(), &CALLS).await;
        let mut client = cluster.register_client("dashboard").await;
        let login = client.login(&[demo()]).await.unwrap();
        assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        let account = login.accounts[0]["id"].as_str().unwrap().to_owned();
        let stage = Self { simulator, cluster, client, account };
        for collection in collections() {
            stage.fresh(collection).await;
        }
        stage
    }

    /// Waits until every scope of a collection is fresh, and returns the whole listing.
    pub(crate) async fn fresh(&self, collection: &str) -> Listing {
        fresh(&self.client, collection).await
    }

    /// Waits until every scope of a collection has been listed whole again, beginning after now.
    pub(crate) async fn listed_again(&self, collection: &str) -> Listing {
        let before = latest(&self.fresh(collection).await);
        until("another whole listing", SOON, || async {
            let listing = self.client.list(collection, &[]).await?;
            let oldest = listing.scopes.iter().filter_map(as_of).min().unwrap_or_default();
            ensure!(oldest > before, "{oldest} is not after {before}");
            Ok(listing)
        })
        .await
    }

    /// An image that the cloud publishes.
    pub(crate) async fn public_image(&self) -> Value {
        let images = self.client.list("images", &[]).await.unwrap().items;
        images.into_iter().find(|image| image["visibility"] == "public").expect("the cloud publishes images")
    }

    /// The smallest type that an image boots on. The first of a listing will not do: ids, by which it is sorted, are
    /// others in each run, and a large type spends the quota.
    pub(crate) async fn smallest_type(&self, image: &Value) -> Value {
        let types = self.client.list("instance_types", &[]).await.unwrap().items;
        let fits = |have: &Value, least: &Value| have.as_u64() >= least.as_u64();
        let fitting = types.into_iter().filter(|one| {
            fits(&one["memory_mib"], &image["min_memory_mib"])
                && fits(&one["disk_gib"], &image["min_disk_gib"])
        });
        fitting.min_by_key(|one| one["vcpus"].as_u64()).expect("an image boots on something")
    }
}

/// Polled as often as the configuration allows.
pub(crate) fn often(plan: Plan) -> Plan {
    plan.set("poller.interval_seconds", 1).set("poller.moving_interval_seconds", 1)
}

/// The account that every simulated cloud has.
pub(crate) fn demo() -> Value {
    access_key(CLOUD, "demo", "demo-secret")
}

/// Waits until every scope of a collection is fresh for this client.
pub(crate) async fn fresh(client: &Client, collection: &str) -> Listing {
    until("fresh scopes", SOON, || async {
        let listing = client.list(collection, &[]).await?;
        ensure!(!listing.scopes.is_empty(), "{collection}: no scope");
        ensure!(listing.scopes.iter().all(|scope| scope["status"] == "fresh"), "{:?}", listing.scopes);
        Ok(listing)
    })
    .await
}

/// The scopes' `as_of`, which compares as text: the same zone and number of digits everywhere.
fn as_of(scope: &Value) -> Option<String> {
    scope["as_of"].as_str().map(str::to_owned)
}

fn latest(listing: &Listing) -> String {
    listing.scopes.iter().filter_map(as_of).max().unwrap_or_default()
}

/// The last part of a problem's type, which says what it is.
pub(crate) fn problem(body: &Value) -> &str {
    body["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/")).unwrap_or_default()
}
