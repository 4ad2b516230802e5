//! Quotas: one resource per limit, counted by its service.

use gateway_core::document::observation::Observed;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::{Kind, Quota, Verb, VerbSupport};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::descriptor::{Descriptor, Lookup};
use crate::document::{View, read};
use crate::listing::{PROJECT, Pass};
use crate::service::Service;

/// Quotas of Nova, Cinder and Neutron, as far as the region has these services.
pub(crate) static KIND: Descriptor = Descriptor {
    own: &[
        Pass::whole(Service::Compute, &["os-quota-sets", PROJECT, "detail"], |answer| {
            split("quota_set", answer)
        }),
        Pass::whole(Service::Volume, &["os-quota-sets", PROJECT], |answer| split("quota_set", answer))
            .with(&[("usage", "True")]),
        Pass::whole(Service::Network, &["quotas", PROJECT, "details.json"], |answer| split("quota", answer)),
    ],
    commands: &[VerbSupport::new(Verb::Update)],
    ..Descriptor::new(Kind::Quota, Lookup::Whole, observe)
};

#[derive(Deserialize)]
struct Counted {
    /// The limit; -1 means none.
    limit: i64,
    /// The use, at Neutron.
    used: Option<i64>,
    /// The use, at Nova and Cinder.
    in_use: Option<i64>,
    reserved: Option<i64>,
}

/// The gateway's measures, by service and the cloud's own word.
pub(crate) const MEASURES: [(Service, &str, &str); 15] = [
    (Service::Compute, "cores", "vcpus"),
    (Service::Compute, "instances", "instances"),
    (Service::Compute, "key_pairs", "ssh_keys"),
    (Service::Compute, "ram", "memory_mib"),
    (Service::Compute, "server_groups", "server_groups"),
    (Service::Volume, "gigabytes", "volume_gib"),
    (Service::Volume, "snapshots", "volume_snapshots"),
    (Service::Volume, "volumes", "volumes"),
    (Service::Network, "floatingip", "ip_addresses"),
    (Service::Network, "network", "networks"),
    (Service::Network, "port", "network_interfaces"),
    (Service::Network, "router", "routers"),
    (Service::Network, "security_group", "security_groups"),
    (Service::Network, "security_group_rule", "security_group_rules"),
    (Service::Network, "subnet", "subnets"),
];

/// Limits per user, server, group or volume: the services report no use of them.
const PER_ITEM: [&str; 7] = [
    "injected_file_content_bytes",
    "injected_file_path_bytes",
    "injected_files",
    "key_pairs",
    "metadata_items",
    "per_volume_gigabytes",
    "server_group_members",
];

/// Splits a service's answer into single limits.
fn split(key: &str, mut answer: Value) -> Option<Vec<Value>> {
    let measures = std::mem::take(answer.get_mut(key)?.as_object_mut()?);
    // Nova and Cinder put the project's id among the limits.
    let measures = measures.into_iter().filter(|(word, counted)| !(word == "id" && counted.is_string()));
    measures.map(|(word, counted)| counted.is_object().then(|| json!({ word: counted }))).collect()
}

/// Maps one limit.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let measure = raw.as_object().and_then(|only| only.iter().next());
    let (word, counted) =
        measure.ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a quota has no measure"))?;
    let (word, counted): (String, Counted) = (word.clone(), read("quota", counted)?);
    let has_use = !PER_ITEM.contains(&word.as_str());
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let fields = Quota {
        service: view.service.as_str().to_owned(),
        measure: measure_of(view.service, &word).to_owned(),
        limit: number(Some(counted.limit)),
        used: number(counted.used.or(counted.in_use)).filter(|_| has_use),
        reserved: number(counted.reserved).filter(|_| has_use),
    };
    let project = &view.account.project_id;
    let native_key = format!("{project}/{}.{word}", fields.service);
    let owner = Some(project.clone());
    Ok(Observed { native_key, owner, ..Observed::new(word.clone(), word, &fields, raw)? })
}

fn measure_of(service: Service, word: &str) -> &str {
    let known = MEASURES.iter().find(|(of, cloud_word, _)| *of == service && *cloud_word == word);
    known.map_or(word, |(_, _, measure)| measure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{canonical, fields, with_view};

    fn seen(service: Service, raw: Value) -> Result<Observed> {
        with_view(|view| observe(&View { service, ..*view }, raw))
    }

    #[test]
    fn every_field_is_mapped() {
        let answer = json!({"quota_set": {"id": "p1", "cores": {"limit": 20, "in_use": 3, "reserved": 1}}});
        let raw = split("quota_set", answer).unwrap().remove(0);
        let observed = seen(Service::Compute, raw.clone()).unwrap();
        let quota: Quota = fields(&observed);
        assert_eq!((quota.service.as_str(), quota.measure.as_str()), ("compute", "vcpus"));
        assert_eq!((quota.limit, quota.used, quota.reserved), (Some(20), Some(3), Some(1)));
        assert_eq!(
            (observed.native_key.as_str(), observed.external_id.as_str()),
            ("p1/compute.cores", "cores")
        );
        assert_eq!((observed.name.as_str(), observed.owner.as_deref()), ("cores", Some("p1")));
        assert_eq!(observed.raw, raw);
    }

    #[test]
    fn words_of_neutron_are_mapped_and_minus_one_is_no_limit() {
        let answer = json!({"quota": {"floatingip": {"limit": -1, "used": 2, "reserved": 0}}});
        let observed = seen(Service::Network, split("quota", answer).unwrap().remove(0)).unwrap();
        let quota: Quota = fields(&observed);
        assert_eq!((quota.measure.as_str(), quota.limit, quota.used), ("ip_addresses", None, Some(2)));
    }

    #[test]
    fn unknown_word_is_kept_and_limit_per_item_has_no_use() {
        let per_type: Quota =
            fields(&seen(Service::Volume, json!({"gigabytes_fast": {"limit": 9, "in_use": 1}})).unwrap());
        assert_eq!((per_type.measure.as_str(), per_type.used), ("gigabytes_fast", Some(1)));
        let keys: Quota =
            fields(&seen(Service::Compute, json!({"key_pairs": {"limit": 100, "in_use": 0}})).unwrap());
        assert_eq!((keys.measure.as_str(), keys.limit, keys.used), ("ssh_keys", Some(100), None));
    }

    #[test]
    fn answer_without_counts_is_refused() {
        assert_eq!(
            split("quota", json!({"quota": {"port": 5}})),
            None,
            "limits alone are another question's answer"
        );
        assert_eq!(split("quota", json!({"quota_set": {}})), None);
        assert!(seen(Service::Network, json!({"port": {"used": 5}})).is_err());
        assert!(seen(Service::Network, json!({})).is_err());
    }

    #[test]
    fn canonical_document_matches_snapshot() {
        insta::assert_snapshot!(canonical(
            &KIND,
            Service::Compute,
            json!({"cores": {"limit": 20, "in_use": 3, "reserved": 1}})
        ));
    }
}
