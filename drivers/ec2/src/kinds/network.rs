//! VPCs.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Network, NetworkState};

use super::{Origin, associated_cidrs, name_tag, set_owner, state_of, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Network::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    parts: &[Part::new("DescribeVpcs", "vpcSet", Single::Parameter("VpcId"), Map::One(observe)).paged(1000)],
};

/// EC2's words for the state of a VPC; one that is being deleted is empty already.
pub(crate) const STATES: [(&str, NetworkState); 3] = [
    ("pending", NetworkState::Pending),
    ("available", NetworkState::Available),
    ("deleting", NetworkState::Down),
];

/// Reads one item of `vpcSet`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every VPC has, or is of the wrong type.
fn observe(vpc: &Element, origin: Origin<'_>) -> Result<Observed> {
    let tags = tags(vpc);
    let word = vpc.required(&["state"])?;
    let fields = Network {
        description: None,
        cidrs: cidrs(vpc),
        // What leads out of the cloud is a gateway, never a VPC.
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
    let mut observed = Observed::new(vpc.required(&["vpcId"])?, name_tag(&tags), &fields, vpc.to_json())?
        .with_state(state_of(&STATES, word, NetworkState::Unknown), word);
    set_owner(&mut observed, vpc.text_at(&["ownerId"]), origin);
    observed.tags = tags;
    Ok(observed)
}

/// Those of version 4 and then those of version 6; a cloud without associations names one range alone.
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

    use super::super::testing::with_origin;
    use super::*;

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
        let seen = with_origin(VPC, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str()), ("vpc-1", "n"));
        assert_eq!((seen.state, seen.cloud_state.as_deref()), (Some("available"), Some("available")));
        assert_eq!((seen.owner.as_deref(), seen.visibility), (Some("111"), Visibility::Private));
        assert_eq!(seen.tags["Name"], "n");
        let fields: Network = serde_json::from_value(seen.fields.into()).unwrap();
        let expected = Network {
            cidrs: vec!["10.9.0.0/16".to_owned(), "2400:6500:9572:1300::/56".to_owned()],
            external: Some(false),
            default: Some(false),
            ..Network::default()
        };
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_vpc_of_another_account_is_shared() {
        let seen = with_origin(&VPC.replace(">111<", ">222<"), observe).unwrap();
        assert_eq!((seen.owner.as_deref(), seen.visibility), (Some("222"), Visibility::Shared));
    }

    #[test]
    fn without_associations_the_only_range_counts() {
        let seen = with_origin(&VPC.replace("cidrBlockAssociationSet", "other"), observe).unwrap();
        assert_eq!(seen.fields["cidrs"][0], "10.9.0.0/16");
    }

    #[test]
    fn a_new_word_is_unknown_and_what_is_odd_an_error() {
        let strange = with_origin(&VPC.replace(">available<", ">melting<"), observe).unwrap();
        assert_eq!((strange.state, strange.cloud_state.as_deref()), (Some("unknown"), Some("melting")));
        for (part, odd) in [("vpcId", "id"), (">available<", "><"), (">false<", ">perhaps<")] {
            let error = with_origin(&VPC.replace(part, odd), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{odd}");
        }
    }
}
