//! Documents of the cloud: the parts that all kinds share, and references to other resources.

use std::collections::BTreeMap;

use gateway_core::driver::CloudSpec;
use gateway_core::id::Region;
use gateway_core::kind::Reference;
use gateway_core::{Kind, Result, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::wrong_document;

/// A page of a listing.
#[derive(Deserialize)]
pub(crate) struct PageDocument {
    pub(crate) kind: String,
    pub(crate) items: Vec<Value>,
    /// Required even if it is null: a page without it is incomplete.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) next: Option<String>,
}

/// The listing of regions.
#[derive(Deserialize)]
pub(crate) struct RegionsDocument {
    pub(crate) items: Vec<String>,
}

/// Fields that every document has.
#[derive(Deserialize)]
pub(crate) struct Common {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) owner: Option<String>,
    pub(crate) public: bool,
    pub(crate) created: Option<Timestamp>,
    pub(crate) changed: Option<Timestamp>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Cloud and region of a document, which the ids in its references need.
pub(crate) struct Context<'a> {
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) region: &'a Region,
}

impl Context<'_> {
    /// Returns a reference to another resource of the same region.
    pub(crate) fn reference(&self, kind: Kind, id: &str, name: Option<&str>) -> Reference {
        Reference {
            id: Some(self.cloud.resource_id(self.region, kind, id)),
            external_id: Some(id.to_owned()),
            name: name.map(str::to_owned),
        }
    }
}

/// Returns the IP version of an address family.
pub(crate) fn ip_version(family: &str) -> Result<u8> {
    match family {
        "inet" => Ok(4),
        "inet6" => Ok(6),
        other => Err(wrong_document(format!("`{other}` is not an address family"))),
    }
}

/// Returns the gateway's name of a service, or that of the cloud if there is none.
pub(crate) fn service(word: &str) -> String {
    let name = match word {
        "machines" => "compute",
        "disks" => "volume",
        "nets" => "network",
        "pictures" => "image",
        other => other,
    };
    name.to_owned()
}

/// Deserializes a document or a part of it.
pub(crate) fn read<T: DeserializeOwned>(raw: &Value) -> Result<T> {
    // The message may quote values, so it is the source, which only operators see.
    T::deserialize(raw).map_err(|error| wrong_document(error.to_string()))
}
