//! Availability zones, local zones and wavelength zones.

use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::Datacenter;
use gateway_core::{Kind, Result};

use crate::descriptor::Descriptor;
use crate::list_call::{ListCall, Mapping, Single};
use crate::origin::Origin;
use crate::state;
use crate::xml::Element;

pub(crate) static KIND: Descriptor = Descriptor {
    // Zones are listed per account, because each account has its own names for the same zones.
    capability: KindCapability {
        kind: Kind::Datacenter,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    verbs: &[],
    // By name EC2 calls an unknown zone an invalid value; by filter it shows none.
    calls: &[ListCall::new(
        "DescribeAvailabilityZones",
        "availabilityZoneInfo",
        Single::Filter("zone-name"),
        Mapping::One(observe),
    )
    .with_parameters(|form, _| Some(form.with("AllAvailabilityZones", false)))],
};

/// Maps one item of `availabilityZoneInfo`.
///
/// # Errors
/// `WrongDocument`, when a required field is missing.
fn observe(zone: &Element, _origin: Origin<'_>) -> Result<Observed> {
    let name = zone.required(&["zoneName"])?;
    let word = zone.required(&["zoneState"])?;
    let messages = zone.items(&["messageSet"]).filter_map(|item| item.owned_at(&["message"]));
    let fields = Datacenter {
        service: None,
        zone_type: zone.owned_at(&["zoneType"]),
        zone_id: zone.owned_at(&["zoneId"]),
        messages: messages.collect(),
    };
    let observed = Observed::new(name, name, &fields, zone.to_json())?;
    Ok(observed.with_state(state::DATACENTER.of(word), word))
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::*;
    use crate::fixtures::with_origin;

    const ZONE: &str = "<item><messageSet><item><message>Moving out</message></item></messageSet><regionName>sa-east-1</regionName>\
        <zoneName>sa-east-1a</zoneName><zoneId>sae1-az1</zoneId><zoneType>availability-zone</zoneType>\
        <zoneState>constrained</zoneState></item>";

    #[test]
    fn zone_is_mapped() {
        let observed = with_origin(ZONE, observe).unwrap();
        assert_eq!((observed.native_key.as_str(), observed.name.as_str()), ("sa-east-1a", "sa-east-1a"));
        assert_eq!(
            (observed.state, observed.cloud_state.as_deref()),
            (Some("impaired"), Some("constrained"))
        );
        let expected = Datacenter {
            service: None,
            zone_type: Some("availability-zone".to_owned()),
            zone_id: Some("sae1-az1".to_owned()),
            messages: vec!["Moving out".to_owned()],
        };
        assert_eq!(serde_json::from_value::<Datacenter>(observed.fields.into()).unwrap(), expected);
    }

    #[test]
    fn unknown_state_is_mapped_and_missing_state_is_an_error() {
        let unknown = with_origin(&ZONE.replace(">constrained<", ">melting<"), observe).unwrap();
        assert_eq!((unknown.state, unknown.cloud_state.as_deref()), (Some("unknown"), Some("melting")));
        let error = with_origin(&ZONE.replace("zoneState", "state"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}
