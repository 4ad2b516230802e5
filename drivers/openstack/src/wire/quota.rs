//! One measure of a quota, as each service counts its own.

use gateway_core::document::observation::Observed;
use gateway_core::error::{Error, ErrorKind, Result};
use gateway_core::kind::Quota;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{View, read};
use crate::catalog::Service;

#[derive(Deserialize)]
struct Counted {
    /// -1 for no limit.
    limit: i64,
    /// In Neutron's word.
    used: Option<i64>,
    /// In Nova's and Cinder's.
    in_use: Option<i64>,
    reserved: Option<i64>,
}

/// The gateway's words, by service and the cloud's own.
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

/// Limits for one user, server, group or volume, of which a project may have many: the services say that none is used.
const NOT_OF_THE_PROJECT: [&str; 7] = [
    "injected_file_content_bytes",
    "injected_file_path_bytes",
    "injected_files",
    "key_pairs",
    "metadata_items",
    "per_volume_gigabytes",
    "server_group_members",
];

/// Takes apart what a service answers: its word with what it says of it, one by one.
pub(crate) fn of(around: &str, mut answer: Value) -> Option<Vec<Value>> {
    let measures = std::mem::take(answer.get_mut(around)?.as_object_mut()?);
    // The project's id stands among them, where Nova and Cinder answer.
    let measures = measures.into_iter().filter(|(word, counted)| !(word == "id" && counted.is_string()));
    measures.map(|(word, counted)| counted.is_object().then(|| json!({ word: counted }))).collect()
}

/// Maps one measure.
pub(crate) fn observe(view: &View<'_>, raw: Value) -> Result<Observed> {
    let measure = raw.as_object().and_then(|only| only.iter().next());
    let (word, counted) =
        measure.ok_or_else(|| Error::new(ErrorKind::WrongDocument, "a quota of nothing"))?;
    let (word, counted): (String, Counted) = (word.clone(), read("quota", counted)?);
    let is_of_the_project = !NOT_OF_THE_PROJECT.contains(&word.as_str());
    let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let fields = Quota {
        service: view.service.word().to_owned(),
        measure: measured(view.service, &word).to_owned(),
        limit: number(Some(counted.limit)),
        used: number(counted.used.or(counted.in_use)).filter(|_| is_of_the_project),
        reserved: number(counted.reserved).filter(|_| is_of_the_project),
    };
    let project = &view.account.project_id;
    let native_key = format!("{project}/{}.{word}", fields.service);
    let owner = Some(project.clone());
    Ok(Observed { native_key, owner, ..Observed::new(word.clone(), word, &fields, raw)? })
}

fn measured(service: Service, word: &str) -> &str {
    let known = MEASURES.iter().find(|(of, theirs, _)| *of == service && *theirs == word);
    known.map_or(word, |(_, _, ours)| ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{fields, with_view};

    fn seen(service: Service, raw: Value) -> Result<Observed> {
        with_view(|view| observe(&View { service, ..*view }, raw))
    }

    #[test]
    fn every_field_is_mapped() {
        let answer = json!({"quota_set": {"id": "p1", "cores": {"limit": 20, "in_use": 3, "reserved": 1}}});
        let raw = of("quota_set", answer).unwrap().remove(0);
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
    fn neutron_has_its_own_words_and_minus_one_is_no_limit() {
        let answer = json!({"quota": {"floatingip": {"limit": -1, "used": 2, "reserved": 0}}});
        let observed = seen(Service::Network, of("quota", answer).unwrap().remove(0)).unwrap();
        let quota: Quota = fields(&observed);
        assert_eq!((quota.measure.as_str(), quota.limit, quota.used), ("ip_addresses", None, Some(2)));
    }

    #[test]
    fn a_word_of_the_clouds_own_stays_and_what_is_not_counted_is_unknown() {
        let per_type: Quota =
            fields(&seen(Service::Volume, json!({"gigabytes_fast": {"limit": 9, "in_use": 1}})).unwrap());
        assert_eq!((per_type.measure.as_str(), per_type.used), ("gigabytes_fast", Some(1)));
        let keys: Quota =
            fields(&seen(Service::Compute, json!({"key_pairs": {"limit": 100, "in_use": 0}})).unwrap());
        assert_eq!((keys.measure.as_str(), keys.limit, keys.used), ("ssh_keys", Some(100), None));
    }

    #[test]
    fn what_counts_nothing_is_another_document() {
        assert_eq!(
            of("quota", json!({"quota": {"port": 5}})),
            None,
            "limits alone are another question's answer"
        );
        assert_eq!(of("quota", json!({"quota_set": {}})), None);
        assert!(seen(Service::Network, json!({"port": {"used": 5}})).is_err());
        assert!(seen(Service::Network, json!({})).is_err());
    }
}
