//! Associations of elastic addresses.

use gateway_core::Kind;
use gateway_core::kind::Verb;
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document};
use crate::steps::{act, id, keys};

#[tokio::test]
async fn address_is_bound_to_the_first_of_several_interfaces() {
    let interface = |id: &str, at: u32| {
        format!(
            "<item><networkInterfaceId>{id}</networkInterfaceId><attachment><deviceIndex>{at}</deviceIndex>\
             </attachment></item>"
        )
    };
    let instance = format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><networkInterfaceSet>{}{}\
         </networkInterfaceSet></item></instancesSet></item></reservationSet>",
        interface("eni-2", 1),
        interface("eni-1", 0)
    );
    let exchanges: Vec<Exchange> = vec![
        (&["Action=DescribeInstances", "InstanceId.1=i-1"], 200, document("DescribeInstances", &instance)),
        (
            &[
                "Action=AssociateAddress",
                "AllocationId=eipalloc-1",
                "NetworkInterfaceId=eni-1",
                "AllowReassociation=false",
            ],
            200,
            document("AssociateAddress", "<associationId>eipassoc-1</associationId>"),
        ),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    let command =
        json!({ "address": id(Kind::IpAddress, "eipalloc-1"), "instance": id(Kind::Instance, "i-1") });
    let names = [(Kind::IpAddress, "eipalloc-1"), (Kind::Instance, "i-1")];
    let done = act(&cloud, Kind::IpAddressBinding, Verb::Create, command, None, &names).await.unwrap();
    assert_eq!(keys(&done), ["eipassoc-1", "eipalloc-1", "i-1", "eni-1"]);
}
