//! Subnets of VPCs.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Network, Subnet};

use super::{Origin, associated_cidrs, name_tag, set_owner, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Subnet::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[Part::new("DescribeSubnets", "subnetSet", Single::Parameter("SubnetId"), Map::One(observe))
        .paged(1000)],
};

/// Reads one item of `subnetSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every subnet has, or is of the wrong type.
fn observe(subnet: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(subnet);
    let ranges = ranges(subnet);
    let fields = Subnet {
        description: None,
        network: origin.reference::<Network>(subnet.required(&["vpcId"])?),
        cidr: ranges.cidr,
        ip_version: ranges.ip_version,
        ipv6_cidrs: ranges.further,
        gateway_ip_address: None,
        dhcp: None,
        dns_servers: Vec::new(),
        allocation_pools: Vec::new(),
        host_routes: Vec::new(),
        datacenter: subnet.owned_at(&["availabilityZone"]),
        free_ip_addresses: subnet.read_at(&["availableIpAddressCount"])?,
        public_ip_on_launch: subnet.read_at(&["mapPublicIpOnLaunch"])?,
        default: subnet.read_at(&["defaultForAz"])?,
    };
    let mut observed =
        Observed::new(subnet.required(&["subnetId"])?, name_tag(&tags), &fields, subnet.to_json())?;
    set_owner(&mut observed, subnet.text_at(&["ownerId"]), origin);
    observed.tags = tags;
    Ok(observed)
}

struct Ranges {
    cidr: Option<String>,
    ip_version: u8,
    further: Vec<String>,
}

/// A subnet of version 6 alone has no range of version 4 to come first.
fn ranges(subnet: &Element) -> Ranges {
    let mut further =
        associated_cidrs(subnet, "ipv6CidrBlockAssociationSet", "ipv6CidrBlock", "ipv6CidrBlockState");
    if let Some(cidr) = subnet.owned_at(&["cidrBlock"]) {
        return Ranges { cidr: Some(cidr), ip_version: 4, further };
    }
    let cidr = (!further.is_empty()).then(|| further.remove(0));
    Ranges { cidr, ip_version: 6, further }
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::super::testing::with_origin;
    use super::*;

    const SUBNET: &str = "<item><availabilityZoneId>sae1-az1</availabilityZoneId><ownerId>111</ownerId>\
        <assignIpv6AddressOnCreation>false</assignIpv6AddressOnCreation><ipv6CidrBlockAssociationSet><item>\
        <associationId>a-1</associationId><ipv6CidrBlock>2400:6500:9572:1300::/64</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>\
        <tagSet><item><key>Name</key><value>s</value></item></tagSet><ipv6Native>false</ipv6Native><subnetId>subnet-1</subnetId>\
        <state>available</state><vpcId>vpc-1</vpcId><cidrBlock>10.9.1.0/24</cidrBlock><availableIpAddressCount>249</availableIpAddressCount>\
        <availabilityZone>sa-east-1a</availabilityZone><defaultForAz>false</defaultForAz><mapPublicIpOnLaunch>true</mapPublicIpOnLaunch></item>";

    fn fields(document: &str) -> Subnet {
        serde_json::from_value(with_origin(document, observe).unwrap().fields.into()).unwrap()
    }

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(SUBNET, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str(), seen.state), ("subnet-1", "s", None));
        assert_eq!(seen.owner.as_deref(), Some("111"));
        let expected = Subnet {
            network: with_origin("<a/>", |_, origin| origin.reference::<Network>("vpc-1")),
            cidr: Some("10.9.1.0/24".to_owned()),
            ip_version: 4,
            ipv6_cidrs: vec!["2400:6500:9572:1300::/64".to_owned()],
            datacenter: Some("sa-east-1a".to_owned()),
            free_ip_addresses: Some(249),
            public_ip_on_launch: Some(true),
            default: Some(false),
            ..Subnet::default()
        };
        assert_eq!(fields(SUBNET), expected);
    }

    #[test]
    fn a_subnet_of_version_6_alone_has_its_first_range_there() {
        let native = fields(&SUBNET.replace("<cidrBlock>10.9.1.0/24</cidrBlock>", ""));
        assert_eq!((native.cidr.as_deref(), native.ip_version), (Some("2400:6500:9572:1300::/64"), 6));
        assert!(native.ipv6_cidrs.is_empty());
    }

    #[test]
    fn what_is_odd_is_an_error() {
        for (part, odd) in [("vpcId", "vpc"), ("subnetId", "id"), (">249<", ">many<")] {
            let error = with_origin(&SUBNET.replace(part, odd), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{odd}");
        }
    }
}
