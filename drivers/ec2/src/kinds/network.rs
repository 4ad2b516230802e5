//! VPCs.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::Network;
use gateway_core::{Kind, Result};

use crate::association::associated_cidrs;
use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::Element;
use crate::{state, tags};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Network,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[CREATE, UPDATE, DELETE],
    calls: &[ListCall::new("DescribeVpcs", "vpcSet", Single::Parameter("VpcId"), Mapping::One(observe))
        .paged(1000)],
};

/// Maps one item of `vpcSet`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing or a field has the wrong type.
fn observe(vpc: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags::read(vpc);
    let word = vpc.required(&["state"])?;
    let fields = Network {
        description: None,
        cidrs: cidrs(vpc),
        // Traffic leaves the cloud through gateways, never through a VPC itself.
        external: Some(false),
        default: vpc.read_at(&["isDefault"])?,
        enabled: None,
        mtu_bytes: None,
        network_type: None,
        segmentation_id: None,
        port_security: None,
        dns_domain: None,
        datacenters: Vec::new(),
    };
    let mut observed = Observed::new(vpc.required(&["vpcId"])?, tags::name(&tags), &fields, vpc.to_json())?
        .with_state(state::NETWORK.of(word), word);
    origin.set_owner(&mut observed, vpc.text_at(&["ownerId"]));
    observed.tags = tags;
    Ok(observed)
}

/// Returns the IPv4 ranges, then the IPv6 ranges. Clouds without associations have one range in a field.
fn cidrs(vpc: &Element) -> Vec<String> {
    let mut cidrs = match vpc.child("cidrBlockAssociationSet") {
        Some(_) => associated_cidrs(vpc, "cidrBlockAssociationSet", "cidrBlock", "cidrBlockState"),
        None => vpc.owned_at(&["cidrBlock"]).into_iter().collect(),
    };
    cidrs.extend(associated_cidrs(vpc, "ipv6CidrBlockAssociationSet", "ipv6CidrBlock", "ipv6CidrBlockState"));
    cidrs
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use gateway_core::document::observation::Visibility;

    use super::*;
    use crate::fixtures::with_origin;

    const VPC: &str = "<item><ownerId>111</ownerId><instanceTenancy>default</instanceTenancy><ipv6CidrBlockAssociationSet>\
        <item><associationId>a-1</associationId><ipv6CidrBlock>2400:6500:9572:1300::/56</ipv6CidrBlock>\
        <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState><ipv6Pool>Amazon</ipv6Pool></item></ipv6CidrBlockAssociationSet>\
        <cidrBlockAssociationSet><item><associationId>a-2</associationId><cidrBlock>10.9.0.0/16</cidrBlock>\
        <cidrBlockState><state>associated</state></cidrBlockState></item><item><associationId>a-3</associationId>\
        <cidrBlock>10.8.0.0/16</cidrBlock><cidrBlockState><state>disassociated</state></cidrBlockState></item></cidrBlockAssociationSet>\
        <isDefault>false</isDefault><tagSet><item><key>Name</key><value>n</value></item></tagSet><vpcId>vpc-1</vpcId>\
        <state>available</state><cidrBlock>10.9.0.0/16</cidrBlock><dhcpOptionsId>default</dhcpOptionsId></item>";

    #[test]
    fn fields_come_from_the_document() {
        let observed = with_origin(VPC, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("vpc-1", "n"));
        assert_eq!((observed.state, observed.cloud_state.as_deref()), (Some("available"), Some("available")));
        assert_eq!((observed.owner.as_deref(), observed.visibility), (Some("111"), Visibility::Private));
        assert_eq!(observed.tags["Name"], "n");
        let fields: Network = serde_json::from_value(observed.fields.into()).unwrap();
        let expected = Network {
            cidrs: vec!["10.9.0.0/16".to_owned(), "2400:6500:9572:1300::/56".to_owned()],
            external: Some(false),
            default: Some(false),
            ..Network::default()
        };
        assert_eq!(fields, expected);
    }

    #[test]
    fn vpc_of_another_account_is_shared() {
        let observed = with_origin(&VPC.replace(">111<", ">222<"), observe).unwrap();
        assert_eq!((observed.owner.as_deref(), observed.visibility), (Some("222"), Visibility::Shared));
    }

    #[test]
    fn vpc_without_associations_has_the_range_in_its_field() {
        let observed = with_origin(&VPC.replace("cidrBlockAssociationSet", "other"), observe).unwrap();
        assert_eq!(observed.fields["cidrs"][0], "10.9.0.0/16");
    }

    #[test]
    fn unknown_state_is_mapped_and_wrong_fields_are_errors() {
        let unknown = with_origin(&VPC.replace(">available<", ">melting<"), observe).unwrap();
        assert_eq!((unknown.state, unknown.cloud_state.as_deref()), (Some("unknown"), Some("melting")));
        for (part, wrong) in [("vpcId", "id"), (">available<", "><"), (">false<", ">perhaps<")] {
            let error = with_origin(&VPC.replace(part, wrong), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{wrong}");
        }
    }
}
