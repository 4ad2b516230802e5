//! Availability zones; each service has its own.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Datacenter, DatacenterState, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

/// The key of Neutron's entries for one zone, in the document that is made of them.
const NETWORK_ZONES: &str = "availability_zones";

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, read};
use crate::listing::Pass;
use crate::service::Service;

/// Availability zones of Nova, Cinder and Neutron, as far as the region has these services.
pub(crate) static KIND: Descriptor = Descriptor {
    published: &[
        Pass::whole(Service::Compute, &["os-availability-zone"], split_host_zones),
        Pass::whole(Service::Volume, &["os-availability-zone"], split_host_zones),
        Pass::whole(Service::Network, &["availability_zones"], split_network_zones),
    ],
    ..Descriptor::new(Kind::Datacenter, Lookup::Whole, observe)
};

#[derive(Deserialize)]
struct Zone {
    #[serde(rename = "zoneName")]
    name: String,
    #[serde(rename = "zoneState")]
    state: ZoneState,
}

#[derive(Deserialize)]
struct ZoneState {
    available: bool,
}

#[derive(Deserialize)]
struct NetworkZones {
    availability_zones: Vec<NetworkZone>,
}

#[derive(Deserialize)]
struct NetworkZone {
    name: String,
    state: String,
}

/// Splits the answer of Nova or Cinder.
fn split_host_zones(mut answer: Value) -> Option<Vec<Value>> {
    answer.get_mut("availabilityZoneInfo")?.as_array_mut().map(std::mem::take)
}

/// Splits the answer of Neutron, which has one entry of a zone for networks and one for routers.
fn split_network_zones(mut answer: Value) -> Option<Vec<Value>> {
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for zone in std::mem::take(answer.get_mut(NETWORK_ZONES)?.as_array_mut()?) {
        by_name.entry(zone["name"].as_str()?.to_owned()).or_default().push(zone);
    }
    let documents = by_name.into_values().map(|mut zones| {
        // The order of Neutron's entries varies; sorted, it is no change.
        zones.sort_by_cached_key(Value::to_string);
        json!({ NETWORK_ZONES: zones })
    });
    Some(documents.collect())
}

/// Maps one zone. Every zone is public, and its state is derived.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let (name, state) = match view.service {
        Service::Network => network_zone(read("zone", &raw)?)?,
        _ => {
            let zone: Zone = read("zone", &raw)?;
            (
                zone.name,
                if zone.state.available { DatacenterState::Available } else { DatacenterState::Unavailable },
            )
        }
    };
    let service = view.service.as_str();
    let fields = Datacenter { service: Some(service.to_owned()), ..Datacenter::default() };
    let mut observed = Observed::new(name.clone(), name, &fields, raw)?.with_derived_state(state);
    observed.native_key = format!("{service}/{}", observed.external_id);
    observed.visibility = Visibility::Public;
    Ok(observed)
}

fn network_zone(document: NetworkZones) -> Result<(String, DatacenterState)> {
    let zones = document.availability_zones;
    let name = zones.first().map(|zone| zone.name.clone());
    let name = name.ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a zone has no entries"))?;
    let available = zones.iter().filter(|zone| zone.state == "available").count();
    let unavailable = zones.iter().filter(|zone| zone.state == "unavailable").count();
    let state = if available == zones.len() {
        DatacenterState::Available
    } else if unavailable == zones.len() {
        DatacenterState::Unavailable
    } else if available + unavailable == zones.len() {
        DatacenterState::Impaired
    } else {
        DatacenterState::Unknown
    };
    Ok((name, state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn seen(service: Service, raw: Value) -> Result<Observed> {
        with_view(|view| observe(&View { service, ..*view }, raw))
    }

    #[test]
    fn zones_of_each_service_are_mapped() {
        let answer = json!({"availabilityZoneInfo":
            [{"zoneName": "nova", "zoneState": {"available": true}, "hosts": null}]});
        let raw = split_host_zones(answer).unwrap().remove(0);
        for (service, key) in [(Service::Compute, "compute/nova"), (Service::Volume, "volume/nova")] {
            let observed = seen(service, raw.clone()).unwrap();
            assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), (key, "nova"));
            assert_eq!(fields::<Datacenter>(&observed).service.as_deref(), Some(service.as_str()));
            assert_eq!((observed.state, observed.cloud_state), (Some("available"), None));
            assert_eq!((observed.visibility, observed.raw), (Visibility::Public, raw.clone()));
        }
        let down = json!({"zoneName": "b", "zoneState": {"available": false}});
        assert_eq!(seen(Service::Compute, down).unwrap().state, Some("unavailable"));
        assert!(seen(Service::Compute, json!({"zoneName": "b"})).is_err());
    }

    #[test]
    fn zone_of_networks_and_routers_is_impaired_if_one_of_them_is() {
        let states = |networks: &str, routers: &str| {
            let answer = json!({"availability_zones": [
                {"name": "a", "resource": "network", "state": networks},
                {"name": "b", "resource": "network", "state": "available"},
                {"name": "a", "resource": "router", "state": routers}]});
            let zones = split_network_zones(answer).unwrap();
            assert_eq!(zones.len(), 2);
            zones
                .into_iter()
                .map(|zone| seen(Service::Network, zone).unwrap().state.unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(states("available", "available"), ["available", "available"]);
        assert_eq!(states("available", "unavailable"), ["impaired", "available"]);
        assert_eq!(states("unavailable", "unavailable"), ["unavailable", "available"]);
        assert_eq!(states("available", "dreaming"), ["unknown", "available"]);
    }

    #[test]
    fn answer_without_zones_is_refused() {
        for odd in
            [json!({}), json!([]), json!({"availability_zones": {}}), json!({"availability_zones": [{}]})]
        {
            assert_eq!(split_network_zones(odd.clone()), None);
            assert_eq!(split_host_zones(odd), None);
        }
        assert_eq!(split_network_zones(json!({"availability_zones": []})), Some(Vec::new()));
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(
            &KIND,
            Service::Network,
            json!({"availability_zones": [{"name": "a", "resource": "network", "state": "available"}, {"name": "a", "resource": "router", "state": "unavailable"}]})
        ));
    }
}
