//! Networks, subnets and their quotas.

use gateway_core::driver::ListScope;
use gateway_core::kind::Verb;
use gateway_core::{ErrorKind, Kind};
use serde_json::{Value, json};

use crate::runner::{Runner, known, marker, north};

#[tokio::test]
async fn delete_of_used_network_and_create_over_quota_are_refused() {
    let runner = Runner::new().await;
    let in_use = (ErrorKind::Conflict, "in_use".to_owned());
    let network = runner.create(Kind::Network, json!({ "name": "net" })).await;
    let subnet = json!({ "name": "sub", "network": network.id, "cidr": "10.1.2.0/29" });
    let subnet = runner.create(Kind::Subnet, subnet).await;
    assert_eq!(runner.refuses(Kind::Network, Verb::Delete, Value::Null, Some(&network)).await, in_use);
    let twice = json!({ "name": "sub", "network": network.id, "cidr": "10.1.2.4/30" });
    assert_eq!(runner.refuses(Kind::Subnet, Verb::Create, twice, None).await.0, ErrorKind::Conflict);
    let mut interfaces = Vec::new();
    let command = json!({ "network": network.id });
    for host in 2..=6 {
        let interface = runner.create(Kind::NetworkInterface, command.clone()).await;
        assert_eq!(interface.document["addresses"][0]["ip_address"], format!("10.1.2.{host}"));
        interfaces.push(interface);
    }
    let full = runner.refuses(Kind::NetworkInterface, Verb::Create, command, None).await;
    assert_eq!(full.0, ErrorKind::Conflict, "the subnet has no address left");
    assert_eq!(runner.refuses(Kind::Subnet, Verb::Delete, Value::Null, Some(&subnet)).await, in_use);

    let quotas = runner.session.list(&north(), Kind::Quota, ListScope::Own, None).await.unwrap().items;
    let of = |measure: &str| known(quotas.iter().find(|quota| quota.fields["measure"] == measure).unwrap());
    let networks = of("networks");
    let used = runner.reread(&networks).await.fields["used"].clone();
    let limit = json!({ "limit": used });
    runner.act(marker(), Kind::Quota, Verb::Update, limit, Some(&networks)).await.unwrap();
    let spent = (ErrorKind::Conflict, "quota_spent".to_owned());
    assert_eq!(runner.refuses(Kind::Network, Verb::Create, json!({ "name": "more" }), None).await, spent);
    let less = json!({ "limit": 0 });
    assert_eq!(runner.refuses(Kind::Quota, Verb::Update, less, Some(&networks)).await.0, ErrorKind::Conflict);
    runner.act(marker(), Kind::Quota, Verb::Update, json!({ "limit": null }), Some(&networks)).await.unwrap();
    runner.create(Kind::Network, json!({ "name": "more" })).await;
    runner.simulator.stop().await;
}
