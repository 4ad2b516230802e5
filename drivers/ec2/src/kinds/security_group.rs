//! Security groups.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Network, Reference, SecurityGroup};
use gateway_core::{Kind, Result};

use crate::descriptor::{CREATE, DELETE, Descriptor, UPDATE};
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::tags;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::SecurityGroup,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[CREATE, UPDATE, DELETE],
    calls: &[ListCall::new(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        Single::Parameter("GroupId"),
        Mapping::One(observe),
    )
    .paged(1000)],
};

/// The name of the group that EC2 creates with each VPC. Users can neither create nor delete a group of this name.
const DEFAULT: &str = "default";

/// Returns the reference in an item of `groupSet`.
pub(crate) fn reference(group: &Element, origin: Origin<'_>) -> Reference {
    let reference = group.text_at(&["groupId"]).map(|id| origin.reference::<SecurityGroup>(id));
    Reference { name: group.owned_at(&["groupName"]), ..reference.unwrap_or_default() }
}

/// Maps one item of `securityGroupInfo`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing.
fn observe(group: &Element, origin: Origin<'_>) -> Result<Observed> {
    let name = group.required(&["groupName"])?;
    let fields = SecurityGroup {
        description: group.owned_at(&["groupDescription"]),
        network: group.text_at(&["vpcId"]).map(|id| origin.reference::<Network>(id)),
        // EC2's stateless filters are network ACLs, which are no groups.
        stateful: Some(true),
        default: Some(name == DEFAULT),
    };
    let mut observed = Observed::new(group.required(&["groupId"])?, name, &fields, group.to_json())?;
    origin.set_owner(&mut observed, group.text_at(&["ownerId"]));
    observed.tags = tags::read(group);
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use serde_json::json;

    use super::*;
    use crate::fixtures::with_origin;

    const GROUP: &str = "<item><groupId>sg-1</groupId><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>\
        <tagSet><item><key>team</key><value>web</value></item></tagSet><vpcId>vpc-1</vpcId><ownerId>111</ownerId>\
        <groupName>g</groupName><groupDescription>d</groupDescription><ipPermissions/></item>";

    #[test]
    fn security_group_is_mapped() {
        let observed = with_origin(GROUP, observe).unwrap();
        assert_eq!(
            (observed.native_key.as_str(), observed.name.as_str(), observed.state),
            ("sg-1", "g", None)
        );
        assert_eq!((observed.owner.as_deref(), observed.tags["team"].as_str()), (Some("111"), "web"));
        assert_eq!(observed.raw["ipPermissions"], json!([]), "an empty list is a list");
        assert_eq!(observed.raw["ipPermissionsEgress"][0]["groups"], json!([]));
        let expected = SecurityGroup {
            description: Some("d".to_owned()),
            network: Some(with_origin("<a/>", |_, origin| origin.reference::<Network>("vpc-1"))),
            stateful: Some(true),
            default: Some(false),
        };
        assert_eq!(serde_json::from_value::<SecurityGroup>(observed.fields.into()).unwrap(), expected);
    }

    #[test]
    fn group_named_default_is_the_default_group() {
        let observed = with_origin(&GROUP.replace(">g<", ">default<"), observe).unwrap();
        assert_eq!(observed.fields["default"], true);
    }

    #[test]
    fn group_without_name_or_id_is_an_error() {
        for part in ["groupName", "groupId"] {
            let error = with_origin(&GROUP.replace(part, "other"), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{part}");
        }
    }
}
