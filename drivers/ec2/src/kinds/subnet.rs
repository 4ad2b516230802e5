//! Subnets of VPCs.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Network, Subnet};
use gateway_core::{Kind, Result};

use crate::association::associated_cidrs;
use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::tags;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Subnet,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, UPDATE, DELETE],
    calls: &[ListCall::new(
        "DescribeSubnets",
        "subnetSet",
        Single::Parameter("SubnetId"),
        Mapping::One(observe),
    )
    .paged(1000)],
};

/// Maps one item of `subnetSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(subnet: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(subnet);
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
    let id = subnet.required(&["subnetId"])?;
    let mut observed = Observed::new(id, tags::name(&tags), &fields, subnet.to_json())?;
    origin.set_owner(&mut observed, subnet.text_at(&["ownerId"]));
    observed.tags = tags;
    Ok(observed)
}

struct Ranges {
    cidr: Option<String>,
    ip_version: u8,
    further: Vec<String>,
}

/// Returns the address ranges. In an IPv6-only subnet the first IPv6 range takes the place of the IPv4 range.
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

    use super::*;
    use crate::fixtures::with_origin;

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
    fn subnet_is_mapped() {
        let observed = with_origin(SUBNET, observe).unwrap();
        assert_eq!(
            (observed.native_key.as_str(), observed.name.as_str(), observed.state),
            ("subnet-1", "s", None)
        );
        assert_eq!(observed.owner.as_deref(), Some("111"));
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
    fn ipv6_only_subnet_has_its_first_ipv6_range_as_cidr() {
        let native = fields(&SUBNET.replace("<cidrBlock>10.9.1.0/24</cidrBlock>", ""));
        assert_eq!((native.cidr.as_deref(), native.ip_version), (Some("2400:6500:9572:1300::/64"), 6));
        assert!(native.ipv6_cidrs.is_empty());
    }

    #[test]
    fn wrong_fields_of_subnet_are_errors() {
        for (part, wrong) in [("vpcId", "vpc"), ("subnetId", "id"), (">249<", ">many<")] {
            let error = with_origin(&SUBNET.replace(part, wrong), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
        }
    }
}
