//! Quotas: those attributes of the account that are numbers.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Quota};

use super::{Origin, set_owner};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::{Element, odd};

pub(crate) static DESCRIPTION: Description = Description {
    capability: KindCapability {
        kind: Quota::KIND,
        published: false,
        own: true,
        get: true,
        says_state: false,
    },
    // By name EC2 shows only attributes that are no numbers.
    parts: &[Part::new(
        "DescribeAccountAttributes",
        "accountAttributeSet",
        Single::Search,
        Map::Many(observe),
    )],
};

/// Attributes of which the gateway has its own word for what is counted. `max-instances`, which AWS says is no limit any
/// more, and `max-elastic-ips`, which is for addresses outside of VPCs, keep EC2's word: nobody should reckon with them.
const MEASURES: [(&str, &str); 1] = [("vpc-max-elastic-ips", "ip_addresses")];

/// Reads one item of `accountAttributeSet`, where it is a number.
///
/// # Errors
/// `WrongDocument`, when it has no name or no values.
fn observe(attribute: &Element, origin: Origin<'_>) -> Result<Vec<Observed>> {
    let name = attribute.required(&["attributeName"])?;
    let values = attribute.child("attributeValueSet").ok_or_else(|| odd("an attribute without values"))?;
    let [value] = &values.children[..] else { return Ok(Vec::new()) };
    let number = value.text_at(&["attributeValue"]).and_then(|text| text.trim().parse::<i64>().ok());
    let Some(number) = number else { return Ok(Vec::new()) };
    let measure =
        MEASURES.iter().find(|(attribute, _)| *attribute == name).map_or(name, |(_, measure)| measure);
    let fields = Quota {
        service: service_of(name).to_owned(),
        measure: measure.to_owned(),
        // Less than nothing is no limit.
        limit: u64::try_from(number).ok(),
        used: None,
        reserved: None,
    };
    let mut observed = Observed::new(name, name, &fields, attribute.to_json())?;
    observed.native_key = format!("{}/{name}", origin.account);
    set_owner(&mut observed, None, origin);
    Ok(vec![observed])
}

fn service_of(attribute: &str) -> &'static str {
    let is_of_network = attribute.starts_with("vpc-") || attribute.ends_with("-ips");
    if is_of_network { "network" } else { "compute" }
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::super::testing::with_origin;
    use super::*;

    fn attribute(name: &str, values: &[&str]) -> String {
        let item = |value: &&str| format!("<item><attributeValue>{value}</attributeValue></item>");
        let values: String = values.iter().map(item).collect();
        format!(
            "<item><attributeName>{name}</attributeName><attributeValueSet>{values}</attributeValueSet></item>"
        )
    }

    #[test]
    fn a_number_is_a_quota_of_the_account() {
        let [seen] = &with_origin(&attribute("vpc-max-elastic-ips", &["5"]), observe).unwrap()[..] else {
            panic!()
        };
        assert_eq!(seen.native_key, "111/vpc-max-elastic-ips");
        assert_eq!(
            (seen.external_id.as_str(), seen.name.as_str()),
            ("vpc-max-elastic-ips", "vpc-max-elastic-ips")
        );
        assert_eq!((seen.owner.as_deref(), seen.state), (Some("111"), None));
        let expected = Quota {
            service: "network".to_owned(),
            measure: "ip_addresses".to_owned(),
            limit: Some(5),
            used: None,
            reserved: None,
        };
        assert_eq!(serde_json::from_value::<Quota>(seen.fields.clone().into()).unwrap(), expected);
    }

    #[test]
    fn what_has_no_word_of_ours_keeps_that_of_the_cloud() {
        for (name, service) in [("max-instances", "compute"), ("max-elastic-ips", "network")] {
            let seen = with_origin(&attribute(name, &["20"]), observe).unwrap();
            assert_eq!(
                (&seen[0].fields["service"], &seen[0].fields["measure"]),
                (&service.into(), &name.into())
            );
        }
    }

    #[test]
    fn less_than_nothing_is_no_limit() {
        let seen = with_origin(&attribute("max-instances", &["-1"]), observe).unwrap();
        assert!(seen[0].fields["limit"].is_null());
    }

    #[test]
    fn words_are_no_quotas_and_a_nameless_attribute_is_odd() {
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
