//! Values in the documents of several kinds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ResourceId;

/// Another resource that a document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reference {
    /// The gateway's id, if the cloud shows enough to derive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub id: Option<ResourceId>,
    /// The cloud's own id, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An address in a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterfaceAddress {
    /// The address.
    pub ip_address: String,
    /// The subnet, if known.
    pub subnet: Option<Reference>,
}

/// A route for traffic to some addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// The addresses, such as `0.0.0.0/0`.
    pub destination: String,
    /// The address of the next hop, or the cloud's id of it.
    pub next_hop: Option<String>,
}
