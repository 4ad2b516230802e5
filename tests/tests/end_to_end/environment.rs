//! The usual test environment: a small simulated cloud, a cluster that polls it, and a client with a token.

use std::time::Duration;

use anyhow::ensure;
use gateway_core::kind;
use gateway_tests::client::{Listing, access_key};
use gateway_tests::cluster::ClusterBuilder;
use gateway_tests::{Client, Simulator, TestCluster, until};
use serde_json::Value;

/// The name of the cloud in the gateway.
pub(crate) const CLOUD: &str = "sim";

/// The timeout of waits, long enough for debug builds on two busy cores.
pub(crate) const SOON: Duration = Duration::from_secs(45);

/// Returns all collections of the API.
pub(crate) fn collections() -> impl Iterator<Item = &'static str> {
    kind::ALL.iter().map(|spec| spec.plural)
}

/// A call budget that allows polls of all kinds of an account every second.
pub(crate) const CALLS: [&str; 2] = ["--calls-per-second", "200"];

/// Arguments for a small cloud with several pages.
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

pub(crate) struct Environment {
    pub(crate) simulator: Simulator,
    pub(crate) cluster: TestCluster,
    /// A client with a grant for the account `demo`.
    pub(crate) client: Client,
    /// The gateway's id of `demo`.
    pub(crate) account: String,
}

impl Environment {
    /// Starts the cluster and a small cloud that is polled every second.
    pub(crate) async fn start(builder: ClusterBuilder) -> Self {
        Self::with_cloud(builder, &[]).await
    }

    /// Starts the cluster and a small cloud with more arguments of the simulator.
    pub(crate) async fn with_cloud(builder: ClusterBuilder, arguments: &[&str]) -> Self {
        Self::start_with(poll_every_second(builder), arguments).await
    }

    /// Starts the cluster and a small cloud that is polled only once during the test.
    pub(crate) async fn polled_once(builder: ClusterBuilder) -> Self {
        let hour = 3600;
        let builder =
            builder.set("poller.interval_seconds", hour).set("poller.moving_interval_seconds", hour);
        Self::start_with(builder.set("poller.verify_seconds", hour), &[]).await
    }

    async fn start_with(builder: ClusterBuilder, arguments: &[&str]) -> Self {
        let arguments = [&SMALL[..], arguments].concat();
        let (simulator, cluster) = tokio::join!(Simulator::with(&arguments), builder.start());
        cluster.add_cloud(CLOUD, "simulator", simulator.url(), &CALLS).await;
        let mut client = cluster.register_client("dashboard").await;
        let login = client.login(&[demo_credential()]).await.unwrap();
        assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        let account = login.accounts[0]["id"].as_str().unwrap().to_owned();
        let env = Self { simulator, cluster, client, account };
        for collection in collections() {
            env.fresh(collection).await;
        }
        env
    }

    /// Waits until every scope of a collection is fresh. Returns the whole list.
    pub(crate) async fn fresh(&self, collection: &str) -> Listing {
        fresh(&self.client, collection).await
    }

    /// Waits until every scope of a collection was listed again, starting after now. Returns the whole list.
    pub(crate) async fn listed_again(&self, collection: &str) -> Listing {
        let before = latest(&self.fresh(collection).await);
        until("another listing", SOON, || async {
            let listing = self.client.list(collection, &[]).await?;
            let oldest = listing.scopes.iter().filter_map(as_of).min().unwrap_or_default();
            ensure!(oldest > before, "{oldest} is not after {before}");
            Ok(listing)
        })
        .await
    }

    /// Returns an image that the cloud publishes.
    pub(crate) async fn public_image(&self) -> Value {
        let images = self.client.list("images", &[]).await.unwrap().items;
        images.into_iter().find(|image| image["visibility"] == "public").expect("the cloud publishes images")
    }

    /// Returns the smallest type that boots an image. The first of a list depends on random ids, and a large type uses
    /// up the quota.
    pub(crate) async fn smallest_type(&self, image: &Value) -> Value {
        let types = self.client.list("instance_types", &[]).await.unwrap().items;
        let fits = |have: &Value, least: &Value| have.as_u64() >= least.as_u64();
        let fitting = types.into_iter().filter(|one| {
            fits(&one["memory_mib"], &image["min_memory_mib"])
                && fits(&one["disk_gib"], &image["min_disk_gib"])
        });
        fitting.min_by_key(|one| one["vcpus"].as_u64()).expect("a type fits the image")
    }
}

/// Sets the shortest poll intervals.
pub(crate) fn poll_every_second(builder: ClusterBuilder) -> ClusterBuilder {
    builder.set("poller.interval_seconds", 1).set("poller.moving_interval_seconds", 1)
}

/// Returns the credential of the default account of the simulated cloud.
pub(crate) fn demo_credential() -> Value {
    access_key(CLOUD, "demo", "demo-secret")
}

/// Waits until every scope of a collection is fresh for this client. Returns the whole list.
pub(crate) async fn fresh(client: &Client, collection: &str) -> Listing {
    until("fresh scopes", SOON, || async {
        let listing = client.list(collection, &[]).await?;
        ensure!(!listing.scopes.is_empty(), "{collection}: no scope");
        ensure!(listing.scopes.iter().all(|scope| scope["status"] == "fresh"), "{:?}", listing.scopes);
        Ok(listing)
    })
    .await
}

/// Returns `as_of` of a scope. Times compare as text, because zone and number of digits are fixed.
fn as_of(scope: &Value) -> Option<String> {
    scope["as_of"].as_str().map(str::to_owned)
}

fn latest(listing: &Listing) -> String {
    listing.scopes.iter().filter_map(as_of).max().unwrap_or_default()
}

/// Returns the last part of a problem type.
pub(crate) fn problem_type(body: &Value) -> &str {
    body["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/")).unwrap_or_default()
}
