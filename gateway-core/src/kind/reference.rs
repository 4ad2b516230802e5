//! Values that the documents of several kinds have.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::ResourceId;

/// Another resource that a document names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reference {
    /// The gateway's id, when the cloud told enough to derive it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub id: Option<ResourceId>,
    /// The cloud's own id, when it told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name, when the cloud told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An address in a subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InterfaceAddress {
    /// The address.
    pub ip_address: String,
    /// The subnet, when the cloud told.
    pub subnet: Option<Reference>,
}

/// Where traffic to some addresses goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// The addresses, such as `0.0.0.0/0`.
    pub destination: String,
    /// An address, or the cloud's id of what it goes to.
    pub next_hop: Option<String>,
}
