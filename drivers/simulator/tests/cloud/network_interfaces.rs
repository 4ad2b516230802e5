//! Network interfaces that are derived from instances.

use gateway_core::Kind;
use gateway_core::kind::Verb;
use serde_json::{Value, json};

use crate::account_view::AccountView;
use crate::runner::{Runner, known, marker};

#[tokio::test]
async fn derived_interface_keeps_its_fields_after_update() {
    let runner = Runner::new().await;
    let all = AccountView::of(&*runner.session).await;
    let binding = known(&all.of_kind(Kind::IpAddressBinding)[0]);
    let interface = all.of_kind(Kind::NetworkInterface).iter().find(|interface| {
        interface.external_id == binding.document["network_interface"]["external_id"].as_str().unwrap()
    });
    let interface = known(interface.unwrap());
    let groups = json!({ "security_groups": [], "name": "renamed" });
    let done =
        runner.act(marker(), Kind::NetworkInterface, Verb::Update, groups, Some(&interface)).await.unwrap();
    assert_eq!(done.touched[1].kind, Kind::Instance, "its groups are those of the instance");
    let after = runner.reread(&interface).await;
    assert_eq!((after.name.as_str(), &after.fields["security_groups"]), ("renamed", &json!([])));
    for field in ["addresses", "instance", "mac_address", "device_index", "network"] {
        assert_eq!(after.fields[field], interface.document[field], "{field}");
    }
    let same = runner.reread(&binding).await;
    assert_eq!(
        Value::Object(same.fields),
        Value::Object(all.of_kind(Kind::IpAddressBinding)[0].fields.clone())
    );
    let groups = json!({ "security_groups": [runner.existing(Kind::SecurityGroup).await.id] });
    runner.act(marker(), Kind::NetworkInterface, Verb::Update, groups, Some(&interface)).await.unwrap();
    AccountView::of(&*runner.session).await.check();
    runner.act(marker(), Kind::IpAddressBinding, Verb::Delete, Value::Null, Some(&binding)).await.unwrap();
    AccountView::of(&*runner.session).await.check();
    runner.simulator.stop().await;
}
