//! A gateway cluster with both clouds registered and a grant for every account.

use gateway_core::id::CloudId;
use gateway_tests::client::{access_key, password};
use gateway_tests::{Client, TestCluster};
use serde_json::Value;

use crate::aws;
use crate::clouds::Clouds;
use crate::subscriber::Subscriber;

/// The name of the OpenStack in the gateway.
pub(crate) const STACK: &str = "stack";
/// The name of the EC2 in the gateway.
pub(crate) const AWS: &str = "aws";

/// The processes: front, two handlers, two pollers and a relay, on MariaDB and RabbitMQ.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) client: Client,
    /// A subscriber that was bound before the first event.
    pub(crate) subscriber: Subscriber,
    pub(crate) demo: Account,
    pub(crate) admin: Account,
    pub(crate) aws: Account,
    cluster: TestCluster,
}

/// An account with a grant.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The driver of its cloud.
    pub(crate) driver: &'static str,
    /// The name of its cloud.
    pub(crate) cloud: &'static str,
    /// The id of its cloud.
    pub(crate) cloud_id: CloudId,
    /// The gateway's id of the account.
    pub(crate) id: String,
    /// The cloud's id of the account.
    pub(crate) external_id: String,
    /// The cloud's name of the account.
    pub(crate) name: String,
}

impl Environment {
    /// Starts the cluster and checks the credentials of all three accounts.
    pub(crate) async fn start(test: &str, clouds: &Clouds, interval_seconds: u64) -> Self {
        let cluster = TestCluster::builder(test)
            .handlers(2)
            .pollers(2)
            .set("poller.interval_seconds", interval_seconds)
            .set("poller.moving_interval_seconds", if interval_seconds > 60 { interval_seconds } else { 1 })
            .start()
            .await;
        let subscriber = Subscriber::to_everything(&cluster.vhost).await;
        let stack = cluster.add_cloud(STACK, "openstack", &clouds.keystone, &["--require-date"]).await;
        let options = ["--region", aws::REGION, "--option", aws::PUBLIC_OWNERS];
        let ec2 = cluster.add_cloud(AWS, "ec2", &clouds.ec2, &options).await;
        let mut client = cluster.register_client("dashboard").await;
        let credentials = [
            password(STACK, "demo", "demo", "demo"),
            password(STACK, "admin", "admin", "admin"),
            access_key(AWS, "gateway", "gateway"),
        ];
        let login = client.login(&credentials).await.unwrap();
        assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        assert_eq!(login.accounts.len(), 3, "{:?}", login.accounts);
        let account = |driver, cloud: &'static str, cloud_id: &str, name: Option<&str>| {
            let is_it = |one: &&Value| one["cloud"] == cloud && name.is_none_or(|name| one["name"] == name);
            let found = login.accounts.iter().find(is_it).unwrap_or_else(|| panic!("{:?}", login.accounts));
            let text = |key: &str| found[key].as_str().unwrap().to_owned();
            Account {
                driver,
                cloud,
                cloud_id: cloud_id.parse().unwrap(),
                id: text("id"),
                external_id: text("external_id"),
                name: text("name"),
            }
        };
        Self {
            demo: account("openstack", STACK, &stack, Some("demo")),
            admin: account("openstack", STACK, &stack, Some("admin")),
            aws: account("ec2", AWS, &ec2, None),
            client,
            subscriber,
            cluster,
        }
    }

    /// Registers another client. Returns it with its accounts.
    pub(crate) async fn register_client(&self, name: &str, credentials: &[Value]) -> (Client, Vec<Value>) {
        let mut client = self.cluster.register_client(name).await;
        let login = client.login(credentials).await.unwrap();
        assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        (client, login.accounts)
    }

    /// Returns all accounts.
    pub(crate) fn accounts(&self) -> [&Account; 3] {
        [&self.demo, &self.admin, &self.aws]
    }
}
