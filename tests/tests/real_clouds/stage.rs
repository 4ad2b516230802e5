//! The gateway as it is deployed, with both clouds registered and every account proved.

use gateway_core::id::CloudId;
use gateway_tests::client::{access_key, password};
use gateway_tests::{Client, Cluster};
use serde_json::Value;

use crate::aws;
use crate::clouds::Clouds;
use crate::subscriber::Subscriber;

/// The OpenStack's name in the gateway.
pub(crate) const STACK: &str = "stack";
/// The EC2's.
pub(crate) const AWS: &str = "aws";

/// Front, two handlers, two pollers and a relay, each a process, on MariaDB and RabbitMQ.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) client: Client,
    /// Bound before there is any event.
    pub(crate) subscriber: Subscriber,
    pub(crate) demo: Account,
    pub(crate) admin: Account,
    pub(crate) aws: Account,
    cluster: Cluster,
}

/// A proved account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Its cloud's driver.
    pub(crate) driver: &'static str,
    /// Its cloud's name.
    pub(crate) cloud: &'static str,
    /// Its cloud's id.
    pub(crate) cloud_id: CloudId,
    /// The gateway's id of it.
    pub(crate) id: String,
    /// The cloud's id of it.
    pub(crate) external_id: String,
    /// The cloud's name for it.
    pub(crate) name: String,
}

impl Stage {
    /// Starts it. One call proves all three accounts.
    pub(crate) async fn set(test: &str, clouds: &Clouds, interval_seconds: u64) -> Self {
        let cluster = Cluster::plan(test)
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

    /// Another client with accounts of its own, as the gateway named them.
    pub(crate) async fn another(&self, name: &str, credentials: &[Value]) -> (Client, Vec<Value>) {
        let mut client = self.cluster.register_client(name).await;
        let login = client.login(credentials).await.unwrap();
        assert!(login.rejected.is_empty(), "{:?}", login.rejected);
        (client, login.accounts)
    }

    /// All accounts.
    pub(crate) fn accounts(&self) -> [&Account; 3] {
        [&self.demo, &self.admin, &self.aws]
    }
}
