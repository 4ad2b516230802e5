//! Markers of operations in documents.

use gateway_core::Kind;
use serde_json::json;

use crate::scripted_cloud::{ScriptedCloud, document, identity};
use crate::steps::MARKER;

#[tokio::test]
async fn marker_is_read_from_tag_and_client_token_and_hidden_from_tags() {
    let volumes = format!(
        "<volumeSet><item><volumeId>vol-1</volumeId><size>1</size><status>available</status><tagSet>\
         <item><key>gateway-operation</key><value>{MARKER}</value></item>\
         <item><key>mine</key><value>1</value></item></tagSet></item></volumeSet>"
    );
    let cloud = ScriptedCloud::start(
        json!({}),
        vec![(&[][..], 200, document("DescribeVolumes", &volumes)), identity()],
    )
    .await;
    let observed = cloud.get(Kind::Volume, "vol-1").await.unwrap().unwrap();
    assert_eq!(observed.marker.map(|marker| marker.to_string()).as_deref(), Some(MARKER));
    assert!(observed.tags.keys().eq(["mine"]), "{:?}", observed.tags);
    assert_eq!(observed.raw["tagSet"].as_array().unwrap().len(), 2, "the cloud's document is whole");
    let others = volumes.replace(MARKER, "gw-theirs");
    cloud.then(vec![(&[], 200, document("DescribeVolumes", &others))]);
    let observed = cloud.get(Kind::Volume, "vol-1").await.unwrap().unwrap();
    assert_eq!(
        (observed.marker, observed.tags.len()),
        (None, 2),
        "a value that is no marker is an ordinary tag"
    );
    let instances = format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceType>t9</instanceType>\
         <clientToken>{MARKER}</clientToken><instanceState><name>running</name></instanceState></item></instancesSet>\
         </item></reservationSet>"
    );
    cloud.then(vec![
        (&[], 200, document("DescribeInstances", &instances)),
        (&[], 200, document("DescribeInstanceTypes", "<instanceTypeSet/>")),
    ]);
    let observed = cloud.get(Kind::Instance, "i-1").await.unwrap().unwrap();
    assert_eq!(observed.marker.map(|marker| marker.to_string()).as_deref(), Some(MARKER));
}
