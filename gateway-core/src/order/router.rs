//! What is done to routers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Body, Faults, Order, create, delete, plain, update, with};
use crate::id::ResourceId;
use crate::verb::{Named, Repeat, Verb, VerbSpec, When};

/// Makes a router.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRouter {
    /// Its name.
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// The network that it serves, where a router belongs to one.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub network: Option<ResourceId>,
    /// The network through which it leads out of the cloud, where there is such a network.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub external_network: Option<ResourceId>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What the cloud takes besides, in its own words.
    #[serde(default)]
    pub cloud_options: Map<String, Value>,
}

impl Body for CreateRouter {
    const NAMES: &'static [Named] =
        &[Named::new(&["network"], "network"), Named::new(&["external_network"], "network")];

    fn faults(&self) -> Faults {
        Faults::default().name(&self.name).description(self.description.as_ref()).tags(&self.tags)
    }

    fn order(self) -> Order {
        Order::CreateRouter(self)
    }
}

/// The subnet at one end of a router.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouterSubnet {
    /// The subnet.
    #[schema(value_type = uuid::Uuid)]
    pub subnet: ResourceId,
}

impl Body for RouterSubnet {
    const NAMES: &'static [Named] = &[Named::new(&["subnet"], "subnet")];

    fn faults(&self) -> Faults {
        Faults::default()
    }

    fn order(self) -> Order {
        Order::RouterSubnet(self)
    }
}

/// The way out of a router.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouterGateway {
    /// The network through which it leads out; none where the cloud has no such networks.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub external_network: Option<ResourceId>,
}

impl Body for RouterGateway {
    const NAMES: &'static [Named] = &[Named::new(&["external_network"], "network")];

    fn faults(&self) -> Faults {
        Faults::default()
    }

    fn order(self) -> Order {
        Order::RouterGateway(self)
    }
}

pub(crate) static ROUTER: [VerbSpec; 7] = [
    create::<CreateRouter>(),
    update(When::Always),
    delete(When::Always),
    with::<RouterSubnet>(Verb::AddInterface, When::Always, Repeat::Harmless),
    with::<RouterSubnet>(Verb::RemoveInterface, When::Always, Repeat::Harmless),
    with::<RouterGateway>(Verb::SetGateway, When::Always, Repeat::Harmless),
    plain(Verb::ClearGateway, When::Always, Repeat::Harmless),
];
