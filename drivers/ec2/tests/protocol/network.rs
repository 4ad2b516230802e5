//! VPCs: single reads.

use gateway_core::{ErrorKind, Kind};
use serde_json::json;

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, identity};

#[tokio::test]
async fn answer_with_another_vpc_is_an_error() {
    let vpc = "<vpcSet><item><vpcId>vpc-2</vpcId><state>available</state></item></vpcSet>";
    let exchanges: Vec<Exchange> = vec![(&["VpcId.1=vpc-1"], 200, document("DescribeVpcs", vpc)), identity()];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(cloud.get(Kind::Network, "vpc-1").await.unwrap_err().kind(), ErrorKind::WrongDocument);
}
