use gateway_core::ErrorKind;

use super::*;
use crate::fixtures::with_origin;

const TABLE: &str = "<item><associationSet><item><main>true</main><routeTableAssociationId>rtbassoc-1</routeTableAssociationId>\
    <routeTableId>rtb-1</routeTableId><associationState><state>associated</state></associationState></item>\
    <item><main>false</main><subnetId>subnet-1</subnetId><associationState><state>associated</state></associationState></item>\
    <item><main>false</main><subnetId>subnet-2</subnetId><associationState><state>disassociated</state></associationState></item>\
    <item><main>false</main><gatewayId>igw-1</gatewayId><associationState><state>associated</state></associationState></item>\
    </associationSet><routeTableId>rtb-1</routeTableId><routeSet>\
    <item><destinationCidrBlock>10.9.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
    <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId><state>active</state></item>\
    <item><destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock><egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId></item>\
    <item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId></item>\
    <item><destinationCidrBlock>10.7.0.0/16</destinationCidrBlock><instanceId>i-1</instanceId><networkInterfaceId>eni-1</networkInterfaceId></item>\
    <item><destinationCidrBlock>10.6.0.0/16</destinationCidrBlock><state>blackhole</state></item></routeSet>\
    <tagSet><item><key>Name</key><value>main</value></item></tagSet><vpcId>vpc-1</vpcId><ownerId>111</ownerId></item>";

const GATEWAY: &str = "<item><attachmentSet><item><state>available</state><vpcId>vpc-1</vpcId></item></attachmentSet>\
    <internetGatewayId>igw-1</internetGatewayId><ownerId>111</ownerId><tagSet/></item>";

#[test]
fn route_table_has_its_subnets_and_routes_without_local_ones() {
    let observed = with_origin(TABLE, observe_table).unwrap();
    assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("rtb-1", "main"));
    assert_eq!((observed.state, observed.cloud_state), (Some("available"), None));
    assert_eq!(observed.owner.as_deref(), Some("111"));
    let route = |destination: &str, next_hop: Option<&str>| Route {
        destination: destination.to_owned(),
        next_hop: next_hop.map(ToOwned::to_owned),
    };
    let expected = with_origin("<a/>", |_, origin| Router {
        router_type: Some("route_table".to_owned()),
        network: Some(origin.reference::<Network>("vpc-1")),
        interfaces: vec![RouterInterface {
            subnet: origin.reference::<Subnet>("subnet-1"),
            ..RouterInterface::default()
        }],
        routes: vec![
            route("0.0.0.0/0", Some("igw-1")),
            route("::/0", Some("eigw-1")),
            route("pl-1", Some("vpce-1")),
            route("10.7.0.0/16", Some("eni-1")),
            route("10.6.0.0/16", None),
        ],
        default: Some(true),
        ..Router::default()
    });
    assert_eq!(serde_json::from_value::<Router>(observed.fields.into()).unwrap(), expected);
}

#[test]
fn state_of_internet_gateway_is_that_of_its_attachment() {
    let observed = with_origin(GATEWAY, observe_gateway).unwrap();
    assert_eq!((observed.native_key.as_str(), observed.cloud_state), ("igw-1", None));
    let fields: Router = serde_json::from_value(observed.fields.into()).unwrap();
    assert_eq!(fields.router_type.as_deref(), Some("internet_gateway"));
    assert_eq!(fields.network, with_origin("<a/>", |_, origin| Some(origin.reference::<Network>("vpc-1"))));
    assert_eq!((fields.default, fields.routes.len()), (None, 0));
    for (word, state) in [
        ("available", "available"),
        ("attached", "available"),
        ("attaching", "pending"),
        ("detaching", "detaching"),
        ("detached", "down"),
        ("melting", "unknown"),
    ] {
        let text = GATEWAY.replace(">available<", &format!(">{word}<"));
        assert_eq!(with_origin(&text, observe_gateway).unwrap().state, Some(state), "{word}");
    }
    let free = GATEWAY.replace("attachmentSet", "other");
    let observed = with_origin(&free, observe_gateway).unwrap();
    assert_eq!((observed.state, observed.fields["network"].is_null()), (Some("down"), true));
}

#[test]
fn wrong_fields_of_router_are_errors() {
    for (part, wrong) in [("vpcId", "vpc"), ("<main>true<", "<main>yes<"), ("routeTableId", "id")] {
        let error = with_origin(&TABLE.replace(part, wrong), observe_table).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
    }
    let stateless = GATEWAY.replace(">available<", "><");
    assert_eq!(with_origin(&stateless, observe_gateway).unwrap_err().kind(), ErrorKind::WrongDocument);
}
