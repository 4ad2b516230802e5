//! The resources that one account sees in one region, and checks of their consistency.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use driver_simulator::SimulatorDriver;
use gateway_core::Kind;
use gateway_core::document::observation::Observed;
use gateway_core::driver::{Driver, ListScope, Session};
use gateway_core::id::{Region, ResourceId};
use serde_json::Value;

pub(crate) fn north() -> Region {
    Region::new("north")
}

/// Resources of all kinds that one account sees in one region.
pub(crate) struct AccountView {
    records: BTreeMap<Kind, Vec<Observed>>,
    /// Gateway ids of the records, with their kinds.
    ids: BTreeMap<ResourceId, Kind>,
}

impl AccountView {
    /// Lists every kind; the clock of the cloud must stand still meanwhile.
    pub(crate) async fn of(session: &dyn Session) -> Self {
        let mut records: BTreeMap<Kind, Vec<Observed>> = BTreeMap::new();
        for capability in SimulatorDriver.capability().kinds {
            for (listed, scope) in
                [(capability.own, ListScope::Own), (capability.published, ListScope::Published)]
            {
                if listed {
                    records
                        .entry(capability.kind)
                        .or_default()
                        .extend(whole(session, capability.kind, scope).await);
                }
            }
        }
        let cloud = crate::fixtures::registration_without_endpoint();
        let id = |record: &Observed| cloud.resource_id(&north(), record.kind, &record.native_key);
        let ids = records.values().flatten().map(|record| (id(record), record.kind)).collect();
        Self { records, ids }
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> &[Observed] {
        self.records.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// Returns the status words of the cloud by kind and external id.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = ((String, String), Option<String>)> {
        let all = self.records.values().flatten();
        all.map(|record| ((record.kind.to_string(), record.external_id.clone()), record.cloud_state.clone()))
    }

    /// Returns the relations that some document has.
    pub(crate) fn relations(&self) -> BTreeSet<(Kind, &'static str)> {
        let all = self.records.values().flatten();
        all.flat_map(|record| {
            let relations = record.kind.spec().relations.iter();
            relations
                .filter(|relation| !relation.ids(&record.fields).is_empty())
                .map(|relation| (record.kind, relation.name))
        })
        .collect()
    }

    /// Asserts that references resolve and that documents agree.
    pub(crate) fn check(&self) {
        for record in self.records.values().flatten() {
            for relation in record.kind.spec().relations {
                for id in relation.ids(&record.fields) {
                    assert_eq!(self.ids.get(&id), Some(&relation.to), "{}: {record:?}", relation.name);
                }
            }
            record.fields.values().for_each(|value| self.check_references(value, record));
        }
        self.check_volumes();
        self.check_interfaces();
        self.check_addresses();
        self.check_routers();
        self.check_names();
        self.check_quotas();
    }

    /// Checks references that are in no relation, such as the volumes of an instance.
    fn check_references(&self, value: &Value, within: &Observed) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.check_references(item, within)),
            Value::Object(members) => {
                if let (Some(Value::String(id)), Some(_)) = (members.get("id"), members.get("external_id")) {
                    assert!(self.ids.contains_key(&id.parse().unwrap()), "{id} does not exist: {within:?}");
                }
                members.values().for_each(|member| self.check_references(member, within));
            }
            _ => {}
        }
    }

    /// Checks that instances, volumes and attachments agree.
    fn check_volumes(&self) {
        let of_instances = self.of_kind(Kind::Instance).iter().flat_map(|instance| {
            named(&instance.fields["volumes"])
                .into_iter()
                .map(|volume| (volume, instance.external_id.clone()))
        });
        let of_volumes = self.of_kind(Kind::Volume).iter().flat_map(|volume| {
            assert_eq!(volume.state == Some("in_use"), volume.fields["attachments"] != Value::Array(vec![]));
            let points = volume.fields["attachments"].as_array().unwrap().iter();
            points.map(|point| (volume.external_id.clone(), one(&point["instance"]).unwrap()))
        });
        let attachments = self.of_kind(Kind::VolumeAttachment).iter().map(|attachment| {
            (one(&attachment.fields["volume"]).unwrap(), one(&attachment.fields["instance"]).unwrap())
        });
        let attachments: BTreeSet<_> = attachments.collect();
        assert_eq!(of_instances.collect::<BTreeSet<_>>(), attachments);
        assert_eq!(of_volumes.collect::<BTreeSet<_>>(), attachments);
    }

    /// Checks that each instance has one interface, with an address of its subnet and the groups of the instance.
    fn check_interfaces(&self) {
        let mut of_instance: BTreeMap<String, &Observed> = BTreeMap::new();
        let mut addresses = BTreeSet::new();
        for interface in self.of_kind(Kind::NetworkInterface) {
            let holders = [&interface.fields["instance"], &interface.fields["router"]];
            assert_eq!(holders.iter().filter(|holder| !holder.is_null()).count(), 1, "{interface:?}");
            if let Some(instance) = one(&interface.fields["instance"]) {
                assert!(
                    of_instance.insert(instance, interface).is_none(),
                    "a second interface: {interface:?}"
                );
            }
            for address in interface.fields["addresses"].as_array().unwrap() {
                let ip = address["ip_address"].as_str().unwrap();
                let subnet = self.found(Kind::Subnet, &address["subnet"]);
                assert!(contains(subnet.fields["cidr"].as_str().unwrap(), ip), "{ip}: {subnet:?}");
                assert_eq!(subnet.fields["network"], interface.fields["network"]);
                assert!(addresses.insert(ip.to_owned()), "{ip} is a duplicate");
            }
        }
        assert_eq!(of_instance.len(), self.of_kind(Kind::Instance).len());
        for instance in self.of_kind(Kind::Instance) {
            let interface = of_instance[&instance.external_id];
            let private_ip = &interface.fields["addresses"][0]["ip_address"];
            assert_eq!(instance.fields["private_ip_addresses"], Value::Array(vec![private_ip.clone()]));
            for same in ["security_groups", "datacenter"] {
                assert_eq!(instance.fields[same], interface.fields[same], "{same}");
            }
            assert!(!named(&interface.fields["security_groups"]).is_empty());
        }
    }

    /// Checks that instances, public addresses and bindings agree.
    fn check_addresses(&self) {
        let strings = |value: &Value| value.as_array().unwrap().clone();
        let of_instances = self.of_kind(Kind::Instance).iter().flat_map(|instance| {
            let private_ip = instance.fields["private_ip_addresses"][0].to_string();
            let public_ips = strings(&instance.fields["public_ip_addresses"]);
            public_ips
                .into_iter()
                .map(move |ip| (ip.to_string(), instance.external_id.clone(), private_ip.clone()))
        });
        let reported = |record: &Observed| {
            let fields = &record.fields;
            let interface = self.found(Kind::NetworkInterface, &fields["network_interface"]);
            assert_eq!(interface.fields["instance"], fields["instance"]);
            let private_ip = fields["private_ip_address"].to_string();
            (fields["ip_address"].to_string(), one(&fields["instance"]).unwrap(), private_ip)
        };
        let bindings: BTreeSet<_> = self.of_kind(Kind::IpAddressBinding).iter().map(reported).collect();
        let (bound, unbound): (Vec<_>, Vec<_>) =
            self.of_kind(Kind::IpAddress).iter().partition(|address| address.state == Some("in_use"));
        assert_eq!(of_instances.collect::<BTreeSet<_>>(), bindings);
        assert_eq!(bound.into_iter().map(reported).collect::<BTreeSet<_>>(), bindings);
        assert!(unbound.iter().all(|address| address.fields["instance"].is_null()));
        let all: BTreeSet<_> =
            self.of_kind(Kind::IpAddress).iter().map(|a| a.fields["ip_address"].to_string()).collect();
        assert_eq!(all.len(), self.of_kind(Kind::IpAddress).len(), "an address is a duplicate");
        for binding in self.of_kind(Kind::IpAddressBinding) {
            let address = self.found(Kind::IpAddress, &binding.fields["address"]);
            assert_eq!(address.fields["ip_address"], binding.fields["ip_address"]);
        }
    }

    /// Checks that the router has an interface in each subnet of the account, and an external network.
    fn check_routers(&self) {
        let [router] = self.of_kind(Kind::Router) else { panic!("one router") };
        let ends = router.fields["interfaces"].as_array().unwrap();
        let subnets: BTreeSet<_> = ends.iter().map(|end| one(&end["subnet"]).unwrap()).collect();
        let own = self.of_kind(Kind::Subnet).iter().filter(|subnet| subnet.owner.is_some());
        assert_eq!(subnets, own.map(|subnet| subnet.external_id.clone()).collect());
        for end in ends {
            let interface = self.found(Kind::NetworkInterface, &end["network_interface"]);
            assert_eq!(one(&interface.fields["router"]).as_ref(), Some(&router.external_id));
            assert_eq!(interface.fields["addresses"][0]["ip_address"], end["ip_address"]);
            let gateway = &self.found(Kind::Subnet, &end["subnet"]).fields["gateway_ip_address"];
            assert_eq!(gateway, &end["ip_address"]);
        }
        let of_router = self
            .of_kind(Kind::NetworkInterface)
            .iter()
            .filter(|interface| !interface.fields["router"].is_null());
        assert_eq!(of_router.count(), ends.len());
        let public_ips = self.found(Kind::Network, &router.fields["external_network"]);
        assert_eq!((&public_ips.fields["external"], &public_ips.owner), (&Value::Bool(true), &None));
    }

    /// Checks that references by name resolve and every security group has rules.
    fn check_names(&self) {
        let names = |kind: Kind| -> BTreeSet<&str> {
            self.of_kind(kind).iter().map(|record| record.name.as_str()).collect()
        };
        let (keys, types, zones) = (names(Kind::SshKey), names(Kind::VolumeType), names(Kind::Datacenter));
        for instance in self.of_kind(Kind::Instance) {
            assert!(zones.contains(instance.fields["datacenter"].as_str().unwrap()), "{instance:?}");
            assert!(instance.fields["ssh_key"].as_str().is_none_or(|key| keys.contains(key)), "{instance:?}");
        }
        for volume in self.of_kind(Kind::Volume) {
            assert!(zones.contains(volume.fields["datacenter"].as_str().unwrap()), "{volume:?}");
            let name = volume.fields["volume_type"].as_str().unwrap();
            assert!(types.contains(name), "{volume:?}");
            let of_type = self.of_kind(Kind::VolumeType).iter().find(|of_type| of_type.name == name).unwrap();
            assert_eq!(volume.fields["encrypted"], of_type.fields["encrypted"], "{volume:?}");
        }
        let ruled: BTreeSet<_> = self
            .of_kind(Kind::SecurityGroupRule)
            .iter()
            .map(|rule| one(&rule.fields["security_group"]).unwrap())
            .collect();
        let groups = self.of_kind(Kind::SecurityGroup).iter().map(|group| group.external_id.clone());
        assert_eq!(ruled, groups.collect());
    }

    /// Checks that the usage of each quota is the number of listed resources.
    fn check_quotas(&self) {
        let own = |kind: Kind| self.of_kind(kind).iter().filter(|record| record.owner.is_some());
        let sum = |kind: Kind, field: &str| {
            own(kind).map(|record| record.fields[field].as_u64().unwrap()).sum::<u64>()
        };
        let mut seen = BTreeSet::new();
        for quota in self.of_kind(Kind::Quota) {
            let measure = quota.fields["measure"].as_str().unwrap();
            let listed = match measure {
                "vcpus" | "memory_mib" => sum(Kind::Instance, measure),
                "volume_gib" => sum(Kind::Volume, "size_gib"),
                plural => own(Kind::parse_plural(plural).unwrap()).count() as u64,
            };
            assert_eq!(quota.fields["used"].as_u64(), Some(listed), "{quota:?}");
            let limit = quota.fields["limit"].as_u64();
            assert!(limit.is_none_or(|limit| limit >= listed), "{quota:?}");
            assert!(seen.insert(measure), "{measure} is a duplicate");
        }
        assert_eq!(seen.len(), 15);
    }

    /// Returns the record of a reference.
    fn found(&self, kind: Kind, reference: &Value) -> &Observed {
        let id = one(reference).unwrap_or_else(|| panic!("no {kind}: {reference}"));
        self.of_kind(kind).iter().find(|record| record.external_id == id).unwrap()
    }
}

/// Returns the items of all pages of a listing.
async fn whole(session: &dyn Session, kind: Kind, scope: ListScope) -> Vec<Observed> {
    let (mut items, mut next) = (Vec::new(), None);
    loop {
        let page = session.list(&north(), kind, scope, next.as_ref()).await.unwrap();
        items.extend(page.items);
        next = page.next;
        if next.is_none() {
            return items;
        }
    }
}

/// Returns the external id of a reference.
fn one(reference: &Value) -> Option<String> {
    reference["external_id"].as_str().map(str::to_owned)
}

fn named(references: &Value) -> Vec<String> {
    references.as_array().unwrap().iter().map(|reference| one(reference).unwrap()).collect()
}

fn contains(cidr: &str, ip: &str) -> bool {
    let (base, prefix) = cidr.split_once('/').unwrap();
    let bits = |ip: &str| ip.parse::<Ipv4Addr>().unwrap().to_bits() >> (32 - prefix.parse::<u32>().unwrap());
    bits(base) == bits(ip)
}
