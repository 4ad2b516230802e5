//! Routers: the listing of route tables and internet gateways, and their gateway commands.

use gateway_core::driver::{Done, ListScope};
use gateway_core::kind::Verb;
use gateway_core::{Error, ErrorKind, Kind, Result};
use serde_json::{Value, json};

use crate::scripted_cloud::{Exchange, ScriptedCloud, document, error, identity, region};
use crate::steps::{act, keys, known, refusal};

fn table(routes: &str) -> String {
    let item = format!(
        "<item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet>{routes}</routeSet></item>"
    );
    document("DescribeRouteTables", &format!("<routeTableSet>{item}</routeTableSet>"))
}

fn default_route(hop: &str) -> String {
    format!("<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{hop}</item>")
}

fn gateways(items: &str) -> String {
    document("DescribeInternetGateways", &format!("<internetGatewaySet>{items}</internetGatewaySet>"))
}

fn gateway(vpc: Option<&str>) -> String {
    let attachment = vpc.map(|vpc| format!("<item><vpcId>{vpc}</vpcId><state>available</state></item>"));
    format!(
        "<item><internetGatewayId>igw-1</internetGatewayId><attachmentSet>{}</attachmentSet><tagSet><item>\
         <key>gateway-router</key><value>rtb-1</value></item></tagSet></item>",
        attachment.unwrap_or_default()
    )
}

async fn clear_gateway(cloud: &ScriptedCloud) -> Result<Done> {
    let router = known(Kind::Router, "rtb-1", json!({ "router_type": "route_table" }));
    act(cloud, Kind::Router, Verb::ClearGateway, Value::Null, Some(&router), &[]).await
}

async fn set_gateway(cloud: &ScriptedCloud) -> Result<Done> {
    let router = known(Kind::Router, "rtb-1", json!({ "router_type": "route_table" }));
    act(cloud, Kind::Router, Verb::SetGateway, json!({}), Some(&router), &[]).await
}

#[tokio::test]
async fn routers_are_listed_and_probed_by_two_calls() {
    let tables =
        |items: &str| document("DescribeRouteTables", &format!("<routeTableSet>{items}</routeTableSet>"));
    let gateways = |items: &str| {
        document("DescribeInternetGateways", &format!("<internetGatewaySet>{items}</internetGatewaySet>"))
    };
    let table = "<item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId></item>";
    let gateway = "<item><internetGatewayId>igw-1</internetGatewayId></item>";
    let exchanges: Vec<Exchange> = vec![
        (&["Action=DescribeRouteTables", "MaxResults=100"], 200, tables(table)),
        identity(),
        (&["Action=DescribeInternetGateways", "MaxResults=1000"], 200, gateways(gateway)),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(cloud.list(Kind::Router, ListScope::Own).await.unwrap(), [["rtb-1"], ["igw-1"]]);
    cloud.then(vec![
        (&["Action=DescribeRouteTables", "MaxResults=5"], 200, tables("")),
        (&["Action=DescribeInternetGateways", "MaxResults=5"], 403, error("UnauthorizedOperation")),
    ]);
    let refused = cloud.session.probe(&region(), Kind::Router).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden, "a probe needs both calls");
    cloud.then(vec![
        (&["Action=DescribeRouteTables", "Filter.1.Name=route-table-id"], 200, tables("")),
        (&["Action=DescribeInternetGateways", "Filter.1.Value.1=igw-1"], 200, gateways(gateway)),
    ]);
    assert!(cloud.get(Kind::Router, "igw-1").await.unwrap().is_some());
}

#[tokio::test]
async fn interrupted_set_gateway_is_continued() {
    let attach: Exchange = (
        &["Action=AttachInternetGateway", "InternetGatewayId=igw-1", "VpcId=vpc-1"],
        200,
        document("AttachInternetGateway", ""),
    );
    let lead: Exchange = (
        &["Action=CreateRoute", "RouteTableId=rtb-1", "DestinationCidrBlock=0.0.0.0%2F0", "GatewayId=igw-1"],
        200,
        document("CreateRoute", ""),
    );
    let none: Exchange = (&["Filter.1.Name=attachment.vpc-id", "Filter.1.Value.1=vpc-1"], 200, gateways(""));
    // The gateway was created and not attached.
    let left: Exchange =
        (&["Filter.1.Name=tag%3Agateway-router", "Filter.1.Value.1=rtb-1"], 200, gateways(&gateway(None)));
    let cloud =
        ScriptedCloud::start(json!({}), vec![(&[][..], 200, table("")), none, left, attach, lead.clone()])
            .await;
    assert_eq!(keys(&set_gateway(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // The gateway was attached and has no route.
    cloud.then(vec![(&[], 200, table("")), (&[], 200, gateways(&gateway(Some("vpc-1")))), lead]);
    assert_eq!(keys(&set_gateway(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // Everything was done.
    let done = table(&default_route("<gatewayId>igw-1</gatewayId>"));
    cloud.then(vec![(&[], 200, done), (&[], 200, gateways(&gateway(Some("vpc-1"))))]);
    assert_eq!(keys(&set_gateway(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
    // Another default route is left as it is.
    let nat = table(&default_route("<natGatewayId>nat-1</natGatewayId>"));
    cloud.then(vec![(&[], 200, nat), (&[], 200, gateways(""))]);
    let error: Error = set_gateway(&cloud).await.unwrap_err();
    assert_eq!((error.kind(), error.changed_nothing()), (ErrorKind::Conflict, true));
}

#[tokio::test]
async fn refused_set_gateway_removes_the_new_gateway() {
    let made = "<internetGateway><internetGatewayId>igw-1</internetGatewayId></internetGateway>";
    let exchanges: Vec<Exchange> = vec![
        (&[], 200, table("")),
        (&[], 200, gateways("")),
        (&[], 200, gateways("")),
        (&["Action=CreateInternetGateway"], 200, document("CreateInternetGateway", made)),
        (&["Action=AttachInternetGateway"], 200, document("AttachInternetGateway", "")),
        (&["Action=CreateRoute"], 400, refusal("RouteLimitExceeded", "full")),
        (&["Action=DetachInternetGateway"], 200, document("DetachInternetGateway", "")),
        (&["Action=DeleteInternetGateway"], 200, document("DeleteInternetGateway", "")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(set_gateway(&cloud).await.unwrap_err().cloud().unwrap().message, "full");
}

#[tokio::test]
async fn clear_gateway_leaves_a_gateway_that_addresses_need() {
    let exchanges: Vec<Exchange> = vec![
        (&[], 200, table(&default_route("<gatewayId>igw-1</gatewayId>"))),
        (&["Filter.1.Name=attachment.vpc-id"], 200, gateways(&gateway(Some("vpc-1")))),
        (&["Filter.1.Name=tag%3Agateway-router"], 200, gateways(&gateway(Some("vpc-1")))),
        (&["Filter.1.Name=route.gateway-id"], 200, document("DescribeRouteTables", "<routeTableSet/>")),
        (&["Action=DeleteRoute", "RouteTableId=rtb-1"], 200, document("DeleteRoute", "")),
        (&["Action=DetachInternetGateway"], 400, refusal("DependencyViolation", "mapped addresses")),
    ];
    let cloud = ScriptedCloud::start(json!({}), exchanges).await;
    assert_eq!(keys(&clear_gateway(&cloud).await.unwrap()), ["rtb-1", "igw-1"]);
}
