//! Quotas: the attributes of the account that are numbers.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::Quota;
use gateway_core::{Kind, Result};

use crate::descriptor::Descriptor;
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::xml::{Element, wrong_document};

pub(crate) static KIND: Descriptor = Descriptor {
    capability: KindCapability {
        kind: Kind::Quota,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    verbs: &[],
    // The parameter for names takes only attributes that are not numbers.
    calls: &[ListCall::new(
        "DescribeAccountAttributes",
        "accountAttributeSet",
        Single::Search,
        Mapping::Many(observe),
    )],
};

/// Attributes with a measure of the gateway. The others keep EC2's name; two of them must not be used for planning:
/// `max-instances` is no limit any more, and `max-elastic-ips` is for addresses outside of VPCs.
const MEASURES: [(&str, &str); 1] = [("vpc-max-elastic-ips", "ip_addresses")];

/// Maps one item of `accountAttributeSet`, if it is a number.
///
/// # Errors
/// `WrongDocument`, when it has no name or no values.
fn observe(attribute: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let name = attribute.required(&["attributeName"])?;
    let values =
        attribute.child("attributeValueSet").ok_or_else(|| wrong_document("an attribute without values"))?;
    let [value] = &values.children[..] else { return Ok(Vec::new()) };
    let number = value.text_at(&["attributeValue"]).and_then(|text| text.trim().parse::<i64>().ok());
    let Some(number) = number else { return Ok(Vec::new()) };
    let measure =
        MEASURES.iter().find(|(attribute, _)| *attribute == name).map_or(name, |(_, measure)| measure);
    let fields = Quota {
        service: service_of(name).to_owned(),
        measure: measure.to_owned(),
        // A negative number means that there is no limit.
        limit: u64::try_from(number).ok(),
        used: None,
        reserved: None,
    };
    let mut observed = Observed::new(name, name, &fields, attribute.to_json())?;
    observed.native_key = format!("{}/{name}", origin.account);
    origin.set_owner(&mut observed, None);
    Ok(vec![observed])
}

fn service_of(attribute: &str) -> &'static str {
    let is_of_network = attribute.starts_with("vpc-") || attribute.ends_with("-ips");
    if is_of_network { "network" } else { "compute" }
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;
    use crate::fixtures::with_origin;

    fn attribute(name: &str, values: &[&str]) -> String {
        let item = |value: &&str| format!("<item><attributeValue>{value}</attributeValue></item>");
        let values: String = values.iter().map(item).collect();
        format!(
            "<item><attributeName>{name}</attributeName><attributeValueSet>{values}</attributeValueSet></item>"
        )
    }

    #[test]
    fn number_is_a_quota_of_the_account() {
        let [observed] = &with_origin(&attribute("vpc-max-elastic-ips", &["5"]), observe).unwrap()[..] else {
            panic!()
        };
        assert_eq!(observed.native_key, "111/vpc-max-elastic-ips");
        assert_eq!(
            (observed.external_id.as_str(), observed.name.as_str()),
            ("vpc-max-elastic-ips", "vpc-max-elastic-ips")
        );
        assert_eq!((observed.owner.as_deref(), observed.state), (Some("111"), None));
        let expected = Quota {
            service: "network".to_owned(),
            measure: "ip_addresses".to_owned(),
            limit: Some(5),
            used: None,
            reserved: None,
        };
        assert_eq!(serde_json::from_value::<Quota>(observed.fields.clone().into()).unwrap(), expected);
    }

    #[test]
    fn attribute_without_measure_keeps_its_name() {
        for (name, service) in [("max-instances", "compute"), ("max-elastic-ips", "network")] {
            let observed = with_origin(&attribute(name, &["20"]), observe).unwrap();
            assert_eq!(
                (&observed[0].fields["service"], &observed[0].fields["measure"]),
                (&service.into(), &name.into())
            );
        }
    }

    #[test]
    fn negative_quota_is_no_limit() {
        let observed = with_origin(&attribute("max-instances", &["-1"]), observe).unwrap();
        assert!(observed[0].fields["limit"].is_null());
    }

    #[test]
    fn attributes_that_are_no_numbers_are_left_out_and_missing_name_is_an_error() {
        for values in [&["none"][..], &["vpc-1"], &["EC2", "VPC"], &["1", "2"], &[]] {
            assert!(with_origin(&attribute("x", values), observe).unwrap().is_empty(), "{values:?}");
        }
        assert_eq!(
            with_origin(&attribute("", &["5"]), observe).unwrap_err().kind(),
            ErrorKind::WrongDocument
        );
        let bare = "<item><attributeName>x</attributeName></item>";
        assert_eq!(with_origin(bare, observe).unwrap_err().kind(), ErrorKind::WrongDocument);
    }
}
