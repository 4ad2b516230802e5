//! What all documents of the cloud have in common, and the translation of that.

use std::collections::BTreeMap;

use gateway_core::driver::CloudSpec;
use gateway_core::kind::Canonical;
use gateway_core::kinds::{Image, Instance, InstanceType, Reference, Volume};
use gateway_core::observation::{Observed, Visibility};
use gateway_core::scope::Region;
use gateway_core::{Error, ErrorKind, Kind, Result, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{image, instance, instance_type, volume};

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
    owner: Option<String>,
    public: bool,
    created: Timestamp,
    changed: Timestamp,
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
            _ => return Err(unsupported(kind)),
        };
        observed.owner = common.owner;
        observed.visibility = if common.public { Visibility::Public } else { Visibility::Private };
        observed.created_at = Some(common.created);
        observed.updated_at = Some(common.changed);
        observed.tags = common.labels;
        Ok(observed)
    }
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
