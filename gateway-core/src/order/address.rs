//! What is done to outside addresses and quotas.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, update, with};
use crate::id::ResourceId;
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// Takes an outside address.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIpAddress {
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network that it is taken from, where there are such networks.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateIpAddress {
    const NAMES: &'static [Named] = &[Named::new(&["network"], "network")];

    fn faults(&self) -> Faults {
        Faults::default().description(self.description.as_ref()).tags(&self.tags)
    }

    fn order(self) -> Order {
        Order::CreateIpAddress(self)
    }
}

/// Leads an outside address to an interface or an instance.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIpAddressBinding {
    /// The outside address.
    #[schema(value_type = uuid::Uuid)]
    pub address: ResourceId,
    /// The interface.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network_interface: Option<ResourceId>,
    /// The instance, to its first interface that can be reached.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub instance: Option<ResourceId>,
    /// The address inside, where the interface has several.
    #[serde(default)]
    pub private_ip_address: Option<String>,
}

impl Body for CreateIpAddressBinding {
    const NAMES: &'static [Named] = &[
        Named::new(&["address"], "ip_address"),
        Named::new(&["network_interface"], "network_interface"),
        Named::new(&["instance"], "instance"),
    ];

    fn faults(&self) -> Faults {
        let faults = Faults::default().unless(
            self.network_interface.is_some() != self.instance.is_some(),
            "",
            "must have either `network_interface` or `instance`",
        );
        let inside = self.private_ip_address.iter();
        inside.fold(faults, |faults, address| faults.address("/private_ip_address", address))
    }

    fn order(self) -> Order {
        Order::CreateIpAddressBinding(self)
    }
}

/// The new limit of a quota.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuota {
    /// The most; null for no limit.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    pub limit: Option<u64>,
}

impl Body for UpdateQuota {
    const NAMES: &'static [Named] = &[];

    fn faults(&self) -> Faults {
        let fine = self.limit.is_none_or(|limit| limit <= i32::MAX as u64);
        Faults::default().unless(fine, "/limit", "must be 2147483647 at most, or null for no limit")
    }

    fn order(self) -> Order {
        Order::UpdateQuota(self)
    }
}

pub(crate) static IP_ADDRESS: [VerbSpec; 3] =
    [create::<CreateIpAddress>(), update(When::Always), delete(When::Always)];

pub(crate) static IP_ADDRESS_BINDING: [VerbSpec; 2] =
    [create::<CreateIpAddressBinding>(), delete(When::Always)];

pub(crate) static QUOTA: [VerbSpec; 1] = [with::<UpdateQuota>(Verb::Update, When::Always, Repeat::Harmless)];
