//! What all documents of the cloud have in common, and the translation of that.

use std::collections::BTreeMap;

use gateway_core::document::observation::{Observed, Visibility};
use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use gateway_core::kind::{
    Canonical, Datacenter, Image, Instance, InstanceType, IpAddress, IpAddressBinding, Network,
    NetworkInterface, Quota, Reference, Router, SecurityGroup, SecurityGroupRule, SshKey, Subnet, Volume,
    VolumeAttachment, VolumeSnapshot, VolumeType,
};
use gateway_core::marker::{MARKER_KEY, Marker};
use gateway_core::{Error, ErrorKind, Kind, Result, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    datacenter, image, instance, instance_type, ip_address, ip_address_binding, network, network_interface,
    quota, router, security_group, security_group_rule, ssh_key, subnet, volume, volume_attachment,
    volume_snapshot, volume_type,
};

/// One page of a listing.
#[derive(Deserialize)]
pub(super) struct PageDocument {
    pub(super) kind: String,
    pub(super) items: Vec<Value>,
    /// Must be there, even when it is null: a page without it is not whole.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RegionsDocument {
    pub(super) items: Vec<String>,
}

/// The fields that every document has.
#[derive(Deserialize)]
pub(super) struct Common {
    kind: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) owner: Option<String>,
    public: bool,
    created: Option<Timestamp>,
    changed: Option<Timestamp>,
    #[serde(default)]
    pub(super) about: Option<String>,
    labels: BTreeMap<String, String>,
}

/// Where a document was seen, for the ids of what it refers to.
pub(super) struct Context<'a> {
    pub(super) cloud: &'a CloudSpec,
    pub(super) region: &'a Region,
}

impl Context<'_> {
    /// A reference to another resource of the same region.
    pub(super) fn reference(&self, kind: Kind, id: &str, name: Option<&str>) -> Reference {
        Reference {
            id: Some(self.cloud.resource_id(self.region, kind, id)),
            external_id: Some(id.to_owned()),
            name: name.map(str::to_owned),
        }
    }

    /// The canonical form of a document.
    pub(super) fn observe(&self, kind: Kind, raw: Value) -> Result<Observed> {
        let common: Common = read(&raw)?;
        if common.kind != kind.as_str() {
            return Err(wrong(format!("the document is of kind {:?}", common.kind)));
        }
        let mut observed = match kind {
            Instance::KIND => instance::observe(self, &common, raw)?,
            InstanceType::KIND => instance_type::observe(&common, raw)?,
            Image::KIND => image::observe(&common, raw)?,
            Volume::KIND => volume::observe(self, &common, raw)?,
            VolumeType::KIND => volume_type::observe(&common, raw)?,
            VolumeSnapshot::KIND => volume_snapshot::observe(self, &common, raw)?,
            VolumeAttachment::KIND => volume_attachment::observe(self, &common, raw)?,
            Network::KIND => network::observe(&common, raw)?,
            Subnet::KIND => subnet::observe(self, &common, raw)?,
            NetworkInterface::KIND => network_interface::observe(self, &common, raw)?,
            Router::KIND => router::observe(self, &common, raw)?,
            IpAddress::KIND => ip_address::observe(self, &common, raw)?,
            IpAddressBinding::KIND => ip_address_binding::observe(self, &common, raw)?,
            SecurityGroup::KIND => security_group::observe(&common, raw)?,
            SecurityGroupRule::KIND => security_group_rule::observe(self, &common, raw)?,
            SshKey::KIND => ssh_key::observe(&common, raw)?,
            Datacenter::KIND => datacenter::observe(&common, raw)?,
            Quota::KIND => quota::observe(&common, raw)?,
        };
        observed.owner = common.owner;
        if common.public {
            observed.visibility = Visibility::Public;
        }
        observed.created_at = common.created;
        observed.updated_at = common.changed;
        observed.tags = common.labels;
        // A label of that name that is no marker is its owner's.
        observed.marker = observed.tags.get(MARKER_KEY).and_then(|text| Marker::parse(text));
        if observed.marker.is_some() {
            observed.tags.remove(MARKER_KEY);
        }
        Ok(observed)
    }
}

/// The cloud's own id in a native key, which has a second part where that id alone is not unique.
pub(super) fn cloud_id(kind: Kind, native_key: &str) -> &str {
    match native_key.split_once('/') {
        Some((id, _machine)) if kind == VolumeAttachment::KIND => id,
        Some((_owner, id)) if kind == Quota::KIND => id,
        _ => native_key,
    }
}

/// 4 or 6, of the cloud's word for a family of addresses.
pub(super) fn ip_version(family: &str) -> Result<u8> {
    match family {
        "inet" => Ok(4),
        "inet6" => Ok(6),
        other => Err(wrong(format!("addresses are of the family {other:?}"))),
    }
}

/// The gateway's name of a service, or the cloud's where it has none.
pub(super) fn service(word: &str) -> String {
    let name = match word {
        "machines" => "compute",
        "disks" => "volume",
        "nets" => "network",
        "pictures" => "image",
        other => other,
    };
    name.to_owned()
}

/// Reads a part of a document.
pub(super) fn read<T: DeserializeOwned>(raw: &Value) -> Result<T> {
    // serde's message names fields; it is for the operator, because it may quote values too.
    T::deserialize(raw).map_err(|error| wrong(error.to_string()))
}

pub(super) fn wrong(cause: String) -> Error {
    Error::new(ErrorKind::WrongDocument, "the cloud sent another document than was asked for")
        .with_source(cause)
}

pub(super) fn unsupported(kind: Kind) -> Error {
    Error::new(ErrorKind::Unsupported, format!("a simulated cloud has no {kind} to list there"))
}
