//! Availability zones, local zones and wavelength zones.

use gateway_core::Result;
use gateway_core::document::observation::Observed;
use gateway_core::driver::KindCapability;
use gateway_core::kind::{Canonical as _, Datacenter, DatacenterState};

use super::{Origin, state_of};
use crate::listing::Description;
use crate::part::{Map, Part, Single};
use crate::xml::Element;

pub(crate) static DESCRIPTION: Description = Description {
    // Each account has its own names for the same zones: what one sees is no news for another.
    capability: KindCapability {
        kind: Datacenter::KIND,
        published: false,
        own: true,
        get: true,
        says_state: true,
    },
    // By name EC2 calls an unknown zone an invalid value, by filter it shows none.
    parts: &[Part::new(
        "DescribeAvailabilityZones",
        "availabilityZoneInfo",
        Single::Filter("zone-name"),
        Map::One(observe),
    )
    .narrowed(|form, _| Some(form.with("AllAvailabilityZones", false)))],
};

/// EC2's words for the state of a zone; `information` is one that works and has messages.
pub(crate) const STATES: [(&str, DatacenterState); 5] = [
    ("available", DatacenterState::Available),
    ("information", DatacenterState::Available),
    ("constrained", DatacenterState::Impaired),
    ("impaired", DatacenterState::Impaired),
    ("unavailable", DatacenterState::Unavailable),
];

/// Reads one item of `availabilityZoneInfo`.
///
/// # Errors
/// `WrongDocument`, when a field is missing that every zone has.
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
    Ok(observed.with_state(state_of(&STATES, word, DatacenterState::Unknown), word))
}

#[cfg(test)]
mod tests {
    use gateway_core::ErrorKind;

    use super::super::testing::with_origin;
    use super::*;

    const ZONE: &str = "<item><messageSet><item><message>Moving out</message></item></messageSet><regionName>sa-east-1</regionName>\
        <zoneName>sa-east-1a</zoneName><zoneId>sae1-az1</zoneId><zoneType>availability-zone</zoneType>\
        <zoneState>constrained</zoneState></item>";

    #[test]
    fn fields_come_from_the_document() {
        let seen = with_origin(ZONE, observe).unwrap();
        assert_eq!((seen.native_key.as_str(), seen.name.as_str()), ("sa-east-1a", "sa-east-1a"));
        assert_eq!((seen.state, seen.cloud_state.as_deref()), (Some("impaired"), Some("constrained")));
        let expected = Datacenter {
            service: None,
            zone_type: Some("availability-zone".to_owned()),
            zone_id: Some("sae1-az1".to_owned()),
            messages: vec!["Moving out".to_owned()],
        };
        assert_eq!(serde_json::from_value::<Datacenter>(seen.fields.into()).unwrap(), expected);
    }

    #[test]
    fn a_new_word_is_unknown_and_a_missing_one_an_error() {
        let strange = with_origin(&ZONE.replace(">constrained<", ">melting<"), observe).unwrap();
        assert_eq!((strange.state, strange.cloud_state.as_deref()), (Some("unknown"), Some("melting")));
        let error = with_origin(&ZONE.replace("zoneState", "state"), observe).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongDocument);
    }
}
