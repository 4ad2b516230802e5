//! Availability zones, as each service has its own.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Datacenter, DatacenterState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{View, read};
use crate::catalog::Service;

/// Key of what Neutron says of one zone, in the document that is made of it.
const OF_NETWORKS: &str = "availability_zones";

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

/// Takes apart what Nova or Cinder answers.
pub(crate) fn of_servers_or_volumes(mut answer: Value) -> Option<Vec<Value>> {
    answer.get_mut("availabilityZoneInfo")?.as_array_mut().map(std::mem::take)
}

/// Takes apart what Neutron answers: a zone stands there for networks and once more for routers.
pub(crate) fn of_networks(mut answer: Value) -> Option<Vec<Value>> {
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for zone in std::mem::take(answer.get_mut(OF_NETWORKS)?.as_array_mut()?) {
        by_name.entry(zone["name"].as_str()?.to_owned()).or_default().push(zone);
    }
    let documents = by_name.into_values().map(|mut zones| {
        // Neutron's order means nothing, and must not look like a change.
        zones.sort_by_cached_key(Value::to_string);
        json!({ OF_NETWORKS: zones })
    });
    Some(documents.collect())
}

/// Maps one zone. Its service publishes it to all; its state is a yes or no, and no word.
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
    let service = view.service.word();
    let fields = Datacenter { service: Some(service.to_owned()), ..Datacenter::default() };
    let mut observed = Observed::new(name.clone(), name, &fields, raw)?.with_derived_state(state);
    observed.native_key = format!("{service}/{}", observed.external_id);
    observed.visibility = Visibility::Public;
    Ok(observed)
}

fn network_zone(document: NetworkZones) -> Result<(String, DatacenterState)> {
    let zones = document.availability_zones;
    let name = zones.first().map(|zone| zone.name.clone());
    let name = name.ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a zone of nothing"))?;
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
    use crate::wire::testing::{fields, with_view};

    fn seen(service: Service, raw: Value) -> Result<Observed> {
        with_view(|view| observe(&View { service, ..*view }, raw))
    }

    #[test]
    fn every_service_has_its_own() {
        let answer = json!({"availabilityZoneInfo":
            [{"zoneName": "nova", "zoneState": {"available": true}, "hosts": null}]});
        let raw = of_servers_or_volumes(answer).unwrap().remove(0);
        for (service, key) in [(Service::Compute, "compute/nova"), (Service::Volume, "volume/nova")] {
            let observed = seen(service, raw.clone()).unwrap();
            assert_eq!((observed.native_key.as_str(), observed.external_id.as_str()), (key, "nova"));
            assert_eq!(fields::<Datacenter>(&observed).service.as_deref(), Some(service.word()));
            assert_eq!((observed.state, observed.cloud_state), (Some("available"), None));
            assert_eq!((observed.visibility, observed.raw), (Visibility::Public, raw.clone()));
        }
        let down = json!({"zoneName": "b", "zoneState": {"available": false}});
        assert_eq!(seen(Service::Compute, down).unwrap().state, Some("unavailable"));
        assert!(seen(Service::Compute, json!({"zoneName": "b"})).is_err());
    }

    #[test]
    fn a_zone_of_networks_and_routers_is_one_and_works_in_part_when_one_of_them_fails() {
        let states = |networks: &str, routers: &str| {
            let answer = json!({"availability_zones": [
                {"name": "a", "resource": "network", "state": networks},
                {"name": "b", "resource": "network", "state": "available"},
                {"name": "a", "resource": "router", "state": routers}]});
            let zones = of_networks(answer).unwrap();
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
    fn what_has_no_zones_is_another_document() {
        for odd in
            [json!({}), json!([]), json!({"availability_zones": {}}), json!({"availability_zones": [{}]})]
        {
            assert_eq!(of_networks(odd.clone()), None);
            assert_eq!(of_servers_or_volumes(odd), None);
        }
        assert_eq!(of_networks(json!({"availability_zones": []})), Some(Vec::new()));
    }
}
