//! Security groups.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Network, SecurityGroup};

use super::{Origin, set_owner, tags};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: SecurityGroup::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    parts: &[Part::new(
        "DescribeSecurityGroups",
        "securityGroupInfo",
        Single::Parameter("GroupId"),
        Map::One(observe),
    )
    .paged(1000)],
};

/// The name of the group that every VPC is made with; nobody can make or delete one of that name.
const DEFAULT: &str = "default";

/// Reads one item of `securityGroupInfo`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every group has.
fn observe(group: &Element, origin: Origin<'_>) -> Result<Observed> {
    let name = group.required(&["groupName"])?;
    let fields = SecurityGroup {
        description: group.owned_at(&["groupDescription"]),
        network: group.text_at(&["vpcId"]).map(|id| origin.reference::<Network>(id)),
        // EC2 has no others; what knows no state there is a network ACL.
        stateful: Some(true),
        default: Some(name == DEFAULT),
    };
    let mut observed = Observed::new(group.required(&["groupId"])?, name, &fields, group.to_json())?;
    set_owner(&mut observed, group.text_at(&["ownerId"]), origin);
    observed.tags = tags(group);
    Ok(observed)
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;
    use serde_json::json;

    use super::super::testing::with_origin;
    use super::*;

    const GROUP: &str = "<item><groupId>sg-1</groupId><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/>\
        <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/><prefixListIds/></item></ipPermissionsEgress>\
        <tagSet><item><key>team</key><value>web</value></item></tagSet><vpcId>vpc-1</vpcId><ownerId>111</ownerId>\
        <groupName>g</groupName><groupDescription>d</groupDescription><ipPermissions/></item>";

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(GROUP, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str(), seen.state), ("sg-1", "g", None));
        assert_eq!((seen.owner.as_deref(), seen.tags["team"].as_str()), (Some("111"), "web"));
        assert_eq!(seen.raw["ipPermissions"], json!([]), "an empty list is a list");
        assert_eq!(seen.raw["ipPermissionsEgress"][0]["groups"], json!([]));
        let expected = SecurityGroup {
            description: Some("d".to_owned()),
            network: Some(with_origin("<a/>", |_, origin| origin.reference::<Network>("vpc-1"))),
            stateful: Some(true),
            default: Some(false),
        };
        assert_eq!(serde_json::from_value::<SecurityGroup>(seen.fields.into()).unwrap(), expected);
    }

    #[test]
    fn the_group_that_comes_with_a_vpc_is_the_default_one() {
        let seen = with_origin(&GROUP.replace(">g<", ">default<"), observe).unwrap();
        assert_eq!(seen.fields["default"], true);
    }

    #[test]
    fn a_nameless_group_is_odd() {
        for part in ["groupName", "groupId"] {
            let error = with_origin(&GROUP.replace(part, "other"), observe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WrongDocument, "{part}");
        }
    }
}
